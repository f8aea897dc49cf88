//! Four small recordings and their troubles in time: pictures dropped, sound missing or late.

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use capstan_media::track::Uid;
use capstan_publish::pattern::tone;
use harness::api::{Api, Started};
use harness::judge;
use harness::process::Running;
use harness::server::Server;
use serde_json::{Value, json};

const ROOMS: usize = 4;
/// How exactly a beep follows the one before, in seconds.
const EXACT: f64 = 0.08;

/// The name of one of the rooms.
pub(super) fn room(number: usize) -> String {
    format!("room{}", number % ROOMS)
}

/// The four with their publishers.
pub(super) struct Watched<'a> {
    server: &'a Server,
    api: Api,
    publishers: Vec<Running>,
    recordings: Vec<Started>,
    began: f64,
}

impl<'a> Watched<'a> {
    pub(super) fn start(server: &'a Server) -> Self {
        let arguments = ["--codec", "vp8", "--size", "160x90", "--bitrate", "100"];
        let publish = |number| server.publish(&room(number), 1, &arguments);
        let publishers = (0..ROOMS).map(publish).collect();
        let api = server.api();
        let mix = json!({"width": 160, "height": 90, "fps": 15, "bitrate": 100,
            "mixedVideoLayout": 1});
        let request = json!({"recordingConfig": {"transcodingConfig": mix}});
        let recordings = (0..ROOMS).map(|number| api.record(&room(number), &request)).collect();
        Self { server, api, publishers, recordings, began: wall() }
    }

    /// When the four began, in Unix seconds: all times are since then.
    pub(super) const fn began(&self) -> f64 {
        self.began
    }

    /// Seconds since the four began.
    pub(super) fn now(&self) -> f64 {
        wall() - self.began
    }

    /// The programs that take part.
    pub(super) fn pids(&self) -> Vec<u32> {
        let publishers = self.publishers.iter().map(Running::pid);
        publishers.chain([self.server.pid()]).collect()
    }

    /// Ends the four and decodes them: when there was trouble, and which.
    pub(super) fn stop(self) -> Vec<(f64, String)> {
        let mut troubles = Vec::new();
        for recording in &self.recordings {
            assert_eq!(self.api.stop(recording).status, 200);
        }
        for (number, recording) in self.recordings.iter().enumerate() {
            let name = format!("{}_{}.m3u8", recording.sid, room(number));
            let file = self.server.recordings().join(name);
            judge::decodes_cleanly(&file);
            let timeline = self.server.folder().join("work").join(&recording.sid);
            let (zero, marks) = marks(&timeline.join("timeline.jsonl"));
            let since = |wall: f64| wall - self.began;
            let found = marks.into_iter().map(|(at, what)| (since(at), what));
            troubles.extend(found.map(|(at, what)| (at, format!("{}: {what}", room(number)))));
            let late = gaps(&judge::sound(&file));
            let late = late.into_iter().map(|(at, what)| (since(zero + at), what));
            troubles.extend(late.map(|(at, what)| (at, format!("{}: {what}", room(number)))));
        }
        troubles
    }
}

/// When the recording began, and every mark of something dropped.
fn marks(timeline: &Path) -> (f64, Vec<(f64, String)>) {
    let seconds = |at: &Value| at.as_f64().unwrap() / 1e6;
    let (mut zero, mut troubles) = (None, Vec::new());
    for line in fs::read_to_string(timeline).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let mark = line["entry"].as_object().unwrap().clone();
        let kind = mark["mark"].as_str().unwrap();
        match kind {
            "started" => zero = Some(seconds(&mark["at"])),
            "overloaded" => troubles.push((seconds(&mark["from"]), format!("{mark:?}"))),
            "lost" | "fault" => troubles.push((seconds(&mark["at"]), format!("{mark:?}"))),
            _ => {}
        }
    }
    (zero.unwrap(), troubles)
}

/// Where a beep didn't come one second after the one before.
fn gaps(sound: &[f32]) -> Vec<(f64, String)> {
    let hertz = tone::frequency(Uid::new(1).unwrap());
    let beeps = judge::beeps(sound, hertz);
    assert!(beeps.len() > 10, "beeps at {beeps:?}");
    let pairs = beeps.windows(2).map(|pair| (pair[0], pair[1] - pair[0]));
    let odd = pairs.filter(|(_, apart)| (apart - 1.0).abs() > EXACT);
    odd.map(|(at, apart)| (at, format!("the next beep came {apart:.2} s after this one"))).collect()
}

pub(super) fn wall() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}
