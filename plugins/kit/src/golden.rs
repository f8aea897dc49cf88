//! Golden tables: a layout's questions and answers as text that people read and tests compare.
//!
//! ```text
//! case two, one of them with sound only
//! canvas 640x360
//! options {"background_color":"#102030"}
//! person 1 camera 640x480
//! person 2 sound speaking level 30
//! background #102030
//! picture 1 camera cover x 0.000000 y 0.000000 width 1.000000 height 1.000000 alpha 1.00
//! ```
//!
//! `person` lines come in the order of joining. A line `continues` says that the layout's answer to the
//! case before is the scene until now. `background` and the lines `picture`, `colour`, `image` and
//! `text` are the answer, `refused` and a sentence its other form. For tests only; the wasm build drops
//! it.

use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

use crate::json::Wrong;
use crate::layout::{
    Colour, Content, Defaults, Fit, Input, Layer, Options, Participant, Scene, Size, Source,
};

/// Asks a layout every question of a golden file and compares the whole text. With
/// `UPDATE_GOLDEN=1` in the environment the file is written anew instead.
///
/// # Panics
/// The answers differ, or the file can't be read.
#[expect(clippy::panic, reason = "a test's verdict")]
pub fn check(path: &Path, arrange: impl Fn(&Input, &Options) -> Result<Scene, Wrong>) {
    let golden = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut answered = String::new();
    let mut before = None;
    for case in golden.split_inclusive("\n\n") {
        let (question, input) = question(case, before);
        answered += &question;
        let options = Defaults::none().options(&input.options);
        let scene = options.and_then(|options| arrange(&input, &options));
        answered += &answer(&scene);
        before = scene.ok();
        if case.ends_with("\n\n") {
            answered.push('\n');
        }
    }
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(path, answered).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        return;
    }
    for (number, (expected, got)) in golden.lines().zip(answered.lines()).enumerate() {
        let line = number + 1;
        assert!(expected == got, "{}:{line}\nexpected {expected}\n     got {got}", path.display());
    }
    assert_eq!(golden.lines().count(), answered.lines().count(), "{}: length", path.display());
}

/// Splits a case's question off and reads it.
#[expect(clippy::panic, reason = "a malformed golden file is a broken test")]
fn question(case: &str, before: Option<Scene>) -> (String, Input) {
    let mut text = String::new();
    let mut input = Input {
        canvas: Size { width: 640, height: 360 },
        participants: Vec::new(),
        previous: None,
        at_ms: 1_700_000_000_000,
        options: String::new(),
    };
    for line in case.lines() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "case" => {}
            "continues" => input.previous.clone_from(&before),
            "canvas" => input.canvas = size(rest),
            "options" => input.options = rest.into(),
            "person" => input.participants.push(person(rest, input.participants.len())),
            "background" | "picture" | "colour" | "image" | "text" | "refused" | "" => continue,
            _ => panic!("golden line {line:?}"),
        }
        text += line;
        text.push('\n');
    }
    (text, input)
}

fn answer(answer: &Result<Scene, Wrong>) -> String {
    let scene = match answer {
        Ok(scene) => scene,
        Err(wrong) => return format!("refused {wrong}\n"),
    };
    let mut text = format!("background {}\n", hex(scene.background));
    for layer in &scene.layers {
        let _ = writeln!(text, "{}", line(layer));
    }
    text
}

fn line(layer: &Layer) -> String {
    let fit = match layer.fit {
        Fit::Cover => "cover",
        Fit::Contain => "contain",
    };
    let what = match &layer.content {
        Content::Participant(view) => {
            let source = match view.source {
                Source::Camera => "camera",
                Source::Screen => "screen",
            };
            format!("picture {} {source} {fit}", view.uid)
        }
        Content::Colour(colour) => format!("colour {}", hex(*colour)),
        Content::Image(name) => format!("image {name} {fit}"),
        Content::Text(caption) => format!("text {:?} {}", caption.line, hex(caption.colour)),
    };
    let area = layer.area;
    format!(
        "{what} x {:.6} y {:.6} width {:.6} height {:.6} alpha {:.2}",
        area.x, area.y, area.width, area.height, layer.alpha
    )
}

fn hex(colour: Colour) -> String {
    format!("#{:02x}{:02x}{:02x}", colour.red, colour.green, colour.blue)
}

#[expect(clippy::panic, reason = "a malformed golden file is a broken test")]
fn person(line: &str, earlier: usize) -> Participant {
    let mut words = line.split(' ');
    let uid = words.next().unwrap_or_default();
    let mut person = Participant {
        uid: uid.parse().unwrap_or_else(|_| panic!("uid {uid:?}")),
        name: uid.into(),
        joined_ms: 1_600_000_000_000 + earlier as u64 * 1000,
        camera: None,
        screen: None,
        has_audio: false,
        speaking: false,
        level: 127,
    };
    while let Some(word) = words.next() {
        match word {
            "camera" => person.camera = words.next().map(size),
            "screen" => person.screen = words.next().map(size),
            "sound" => person.has_audio = true,
            "speaking" => person.speaking = true,
            "level" => {
                person.level = words.next().and_then(|level| level.parse().ok()).unwrap_or(127)
            }
            _ => panic!("person {line:?}"),
        }
    }
    person
}

#[expect(clippy::panic, reason = "a malformed golden file is a broken test")]
fn size(text: &str) -> Size {
    let parsed = text
        .split_once('x')
        .and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    let (width, height) = parsed.unwrap_or_else(|| panic!("size {text:?}"));
    Size { width, height }
}
