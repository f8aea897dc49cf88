//! Each layout answers in the sandbox what its golden table says; see `plugins/kit/src/golden.rs`
//! for the tables' form.

use std::fs;
use std::path::PathBuf;

use capstan_media::frame::Size;
use capstan_media::scene::{Colour, Content, Fit, Layer, LayoutInput, Participant, Scene};
use capstan_media::time::RoomTime;
use capstan_media::track::TrackKind;
use capstan_recording::layout::{Layout, LayoutError};

use crate::shared;

#[test]
fn layouts_answer_their_golden_tables() {
    let host = shared();
    for (name, cases) in [
        ("layout-float", 13),
        ("layout-best-fit", 16),
        ("layout-vertical", 25),
        ("layout-custom", 16),
        ("layout-speaker", 30),
        ("layout-presentation", 23),
    ] {
        let mut layout = host.layout(name).unwrap();
        let path = format!("../../plugins/{name}/tests/golden.txt");
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
        let golden = fs::read_to_string(&path).unwrap();
        let mut compared = 0;
        let mut before = None;
        for case in golden.split("\n\n") {
            let words = ["background ", "picture ", "colour ", "image ", "text ", "refused "];
            let is_answer = |line: &&str| words.iter().any(|word| line.starts_with(word));
            let expected: Vec<&str> = case.lines().filter(is_answer).collect();
            let answer = layout.arrange(&question(case, before));
            before = answer.as_ref().ok().cloned();
            assert_eq!(lines(answer), expected, "{name}: {case}");
            compared += 1;
        }
        assert_eq!(compared, cases, "{name}");
    }
}

fn question(case: &str, before: Option<Scene>) -> LayoutInput {
    let mut input = LayoutInput {
        canvas: Size { width: 640, height: 360 },
        participants: Vec::new(),
        previous: None,
        at: RoomTime::from_millis(1_700_000_000_000),
        options: String::new(),
    };
    for line in case.lines() {
        match line.split_once(' ') {
            Some(("canvas", rest)) => input.canvas = size(rest),
            Some(("options", rest)) => input.options = rest.into(),
            Some(("person", rest)) => input.participants.push(person(rest)),
            None if line == "continues" => input.previous.clone_from(&before),
            _ => {}
        }
    }
    input
}

fn person(line: &str) -> Participant {
    let mut words = line.split(' ');
    let mut person = Participant {
        uid: words.next().unwrap().parse().unwrap(),
        joined: RoomTime::from_millis(1_600_000_000_000),
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
            "speaking" => person.speaking = true,
            "level" => person.level = words.next().unwrap().parse().unwrap(),
            _ => person.has_audio = true,
        }
    }
    person
}

fn size(text: &str) -> Size {
    let (width, height) = text.split_once('x').unwrap();
    Size { width: width.parse().unwrap(), height: height.parse().unwrap() }
}

fn lines(answer: Result<Scene, LayoutError>) -> Vec<String> {
    let scene = match answer {
        Ok(scene) => scene,
        Err(LayoutError::Refused { reason, .. }) => return vec![format!("refused {reason}")],
        Err(other) => panic!("{other}"),
    };
    let mut lines = vec![format!("background {}", hex(scene.background))];
    lines.extend(scene.layers.iter().map(line));
    lines
}

fn line(layer: &Layer) -> String {
    let fit = match layer.fit {
        Fit::Cover => "cover",
        Fit::Contain => "contain",
    };
    let what = match &layer.content {
        Content::Participant { uid, source } => {
            let source = match source {
                TrackKind::Camera => "camera",
                TrackKind::Screen => "screen",
                TrackKind::Audio | TrackKind::ScreenAudio | TrackKind::OtherAudio => "audio",
            };
            format!("picture {uid} {source} {fit}")
        }
        Content::Colour(colour) => format!("colour {}", hex(*colour)),
        Content::Image(name) => format!("image {name} {fit}"),
        Content::Text { line, colour } => format!("text {line:?} {}", hex(*colour)),
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
