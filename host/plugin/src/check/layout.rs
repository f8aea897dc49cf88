//! A layout's trial: rooms of every size on canvases of every shape, asked twice.

use std::sync::Arc;

use capstan_media::frame::Size;
use capstan_media::scene::{Content, LayoutInput, Participant, Scene};
use capstan_media::time::RoomTime;
use capstan_media::track::Uid;

use super::probe;
use super::report::CheckReport;
use crate::fault::Broke;
use crate::plugin::{Plugin, WorldCalls};
use crate::sandbox::Guest;
use crate::v1::bindings::exports::capstan::plugin::arranger;
use crate::v1::convert;

/// The most participants of a trial: as many as a recording shows.
const MOST: u32 = 17;
const CANVASES: &[(u32, u32)] =
    &[(640, 360), (1920, 1080), (360, 640), (333, 777), (64, 64), (1920, 2), (1, 1)];
/// Rooms whose calls are timed, and how often each is asked.
const TIMED: &[u32] = &[4, 9, 17];
const ROUNDS: usize = 60;

/// An instance that can be asked.
struct Asked {
    guest: Guest,
    calls: arranger::Guest,
}

/// An answer: a scene, or the layout's own words.
type Answer = Result<Scene, String>;

/// Tries a layout.
pub(super) fn check(plugin: &Arc<Plugin>, config: &str, options: &str, report: &mut CheckReport) {
    report.note("rooms of 0 to 17, canvases of every shape", rooms(plugin, config, options).err());
    report.note("the same question, the same answer", same(plugin, config, options).err());
    report.note("it goes on from its own last answer", steady(plugin, config, options).err());
    report.note("odd options are refused, not fatal", odd(plugin, config).err());
    if let Some(worth) = shown(plugin, config, options) {
        report.warn("who has a picture is shown", worth);
    }
    if let Err(wrong) = timed(plugin, config, options, report) {
        report.fail("its calls are timed", wrong);
    }
}

fn rooms(plugin: &Arc<Plugin>, config: &str, options: &str) -> Result<(), String> {
    let mut asked = Asked::new(plugin, config)?;
    for &(width, height) in CANVASES {
        for count in 0..=MOST {
            let mut input = input(count, options);
            input.canvas = Size { width, height };
            let place = format!("{count} participants on {width}x{height}");
            match asked.arrange(&input) {
                Err(broke) => return Err(format!("{place}: {}", broke.detail)),
                Ok(Err(words)) => return Err(format!("{place}: it says no: {words}")),
                Ok(Ok(_)) => {}
            }
        }
    }
    Ok(())
}

fn same(plugin: &Arc<Plugin>, config: &str, options: &str) -> Result<(), String> {
    let mut first = Asked::new(plugin, config)?;
    for count in 0..=MOST {
        let mut second = Asked::new(plugin, config)?;
        let input = input(count, options);
        let answers = [first.words(&input), first.words(&input), second.words(&input)];
        if answers.iter().any(|answer| *answer != answers[0]) {
            return Err(format!("{count} participants were answered differently"));
        }
    }
    Ok(())
}

/// People come and go, and each question holds the answer before.
fn steady(plugin: &Arc<Plugin>, config: &str, options: &str) -> Result<(), String> {
    let mut asked = Asked::new(plugin, config)?;
    let mut previous = None;
    for (turn, count) in [0, 1, 2, 5, 4, 9, 17, 3, 0, 2].into_iter().enumerate() {
        let mut input = input(count, options);
        input.at = input.at.offset_micros(i64::try_from(turn).unwrap_or(0) * 200_000);
        input.previous = previous.take();
        let answer = asked.arrange(&input).map_err(|broke| broke.detail)?;
        previous = answer.ok();
    }
    Ok(())
}

fn odd(plugin: &Arc<Plugin>, config: &str) -> Result<(), String> {
    let mut asked = Asked::new(plugin, config)?;
    for options in [
        "{\"of_tomorrow\":{\"a\":[1,null]}}",
        "{\"background_color\":7,\"regions\":\"none\",\"main_uid\":{}}",
        "{\"background_color\":\"#zzzzzz\",\"regions\":[{}],\"max\":-1}",
    ] {
        let answer = asked.arrange(&input(3, options));
        answer.map_err(|broke| format!("options {options}: {}", broke.detail)).map(drop)?;
    }
    Ok(())
}

/// Whether somebody is left out of a small room.
fn shown(plugin: &Arc<Plugin>, config: &str, options: &str) -> Option<String> {
    let mut asked = Asked::new(plugin, config).ok()?;
    let input = input(2, options);
    let scene = asked.arrange(&input).ok()?.ok()?;
    let painted = |uid: Uid| {
        let mut layers = scene.layers.iter();
        layers.any(
            |layer| matches!(&layer.content, Content::Participant { uid: of, .. } if *of == uid),
        )
    };
    let mut people = input.participants.iter();
    let left_out = people.find(|one| one.camera.is_some() && !painted(one.uid))?;
    Some(format!("of two, {} isn't; is that meant?", left_out.uid))
}

fn timed(
    plugin: &Arc<Plugin>,
    config: &str,
    options: &str,
    report: &mut CheckReport,
) -> Result<(), String> {
    for &count in TIMED {
        let mut asked = Asked::new(plugin, config)?;
        let question = convert::input(&input(count, options));
        let mut micros = Vec::with_capacity(ROUNDS);
        for _ in 0..ROUNDS {
            let start = plugin.clock().now();
            asked.raw(&question).map_err(|broke| broke.detail)?.ok();
            let took = plugin.clock().now().since(start).as_micros();
            micros.push(u64::try_from(took).unwrap_or(u64::MAX));
        }
        report.timed(format!("arrange, {count} participants"), micros);
        report.memory = report.memory.max(asked.guest.memory());
    }
    Ok(())
}

impl Asked {
    fn new(plugin: &Arc<Plugin>, config: &str) -> Result<Self, String> {
        let WorldCalls::Layout(calls) = plugin.world() else {
            return Err("it is no layout".into());
        };
        let mut guest = probe::instance(plugin, config)?.guest;
        let calls = guest
            .load(|store, instance| calls.load(store, instance))
            .map_err(|error| Broke::from_call(&error, None).detail)?;
        Ok(Self { guest, calls })
    }

    fn arrange(&mut self, input: &LayoutInput) -> Result<Answer, Broke> {
        match self.raw(&convert::input(input))? {
            Ok(scene) => convert::scene(&scene).map(Ok),
            Err(words) => Ok(Err(words)),
        }
    }

    fn raw(&mut self, input: &arranger::Input) -> Result<Result<arranger::Scene, String>, Broke> {
        self.guest.call("arrange", |store| self.calls.call_arrange(store, input))
    }

    fn words(&mut self, input: &LayoutInput) -> String {
        format!("{:?}", self.arrange(input))
    }
}

/// A room with all sorts of people: portrait, landscape and no cameras, screens, speakers.
fn input(count: u32, options: &str) -> LayoutInput {
    let begin = RoomTime::from_millis(i64::try_from(probe::BEGIN_MS).unwrap_or(0));
    LayoutInput {
        canvas: Size { width: 640, height: 360 },
        participants: (0..count).filter_map(|number| participant(number, begin)).collect(),
        previous: None,
        at: begin,
        options: options.to_owned(),
    }
}

fn participant(number: u32, begin: RoomTime) -> Option<Participant> {
    let uid = if number == 5 { u32::MAX } else { number * 37 + 1 };
    let size = |width, height| Some(Size { width, height });
    Some(Participant {
        uid: Uid::new(uid)?,
        joined: begin.offset_micros(i64::from(number) * 1_000_000 - 60_000_000),
        camera: match number % 6 {
            0 | 1 => size(640, 360),
            2 => size(480, 640),
            3 => size(1, 1),
            4 => None,
            _ => size(1920, 1080),
        },
        screen: if number % 7 == 3 { size(1366, 768) } else { None },
        has_audio: number % 3 != 2,
        speaking: number % 4 == 1,
        level: if number % 4 == 1 { 20 } else { 127 },
    })
}
