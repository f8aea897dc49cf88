//! A room whose events a test wrote down, with real VP8 and Opus in its frames.
//!
//! The room's clock moves with the events, and never further ahead of the output than a machine
//! that keeps up would let it, unless the test wants that.

use std::collections::VecDeque;
use std::f32::consts::TAU;
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use capstan_media::codec::Codec;
use capstan_media::frame::{Continuity, Frame, FrameKind};
use capstan_media::room::{LeaveReason, RoomEvent};
use capstan_media::time::{RoomClock, RoomTime, RtpTime};
use capstan_media::track::{TrackId, TrackKind, Uid};
use capstan_media::turn::Turn;
use capstan_pipeline::encode::{AudioSettings, OutputAudio, audio_encoder};

use crate::handle::RecordingHandle;
use crate::source::{Received, RoomEvents};
use crate::testing::{DAWN, DrivenClock};

/// How far the output may lag behind the room's clock: the playout delay, the slack, some pictures.
const LEAD: Duration = Duration::from_millis(1_000);

/// The same where frames wait until their clock has settled.
const LEAD_AS_SENT: Duration = Duration::from_millis(1_500);

/// What happens, all times in milliseconds after dawn.
pub(super) struct Plan {
    events: Vec<RoomEvent>,
    end: RoomTime,
    pauses: VecDeque<RoomTime>,
    leap: Option<(RoomTime, RoomTime)>,
}

fn at(ms: i64) -> RoomTime {
    DAWN.offset_micros(ms * 1_000)
}

impl Plan {
    pub(super) fn until(ms: i64) -> Self {
        Self { events: Vec::new(), end: at(ms), pauses: VecDeque::new(), leap: None }
    }

    pub(super) fn add(&mut self, events: Vec<RoomEvent>) {
        self.events.extend(events);
        self.events.sort_by_key(RoomEvent::at);
    }

    pub(super) fn joined(&mut self, uid: u32, ms: i64) {
        let (uid, at) = (Uid::new(uid).unwrap(), at(ms));
        self.add(vec![RoomEvent::Joined { uid, at, since: at }]);
    }

    pub(super) fn left(&mut self, uid: u32, ms: i64, reason: LeaveReason) {
        self.add(vec![RoomEvent::Left { uid: Uid::new(uid).unwrap(), at: at(ms), reason }]);
    }

    /// The room stands still here until the test lets it go on. Several come in the order of time.
    pub(super) fn pause(&mut self, ms: i64) {
        self.pauses.push_back(at(ms));
    }

    /// From the first time to the second the room doesn't wait for the output.
    pub(super) fn leap(&mut self, from: i64, to: i64) {
        self.leap = Some((at(from), at(to)));
    }
}

/// Where the script stands, as the test sees it.
#[derive(Default)]
pub(super) struct Room {
    state: Mutex<State>,
    changed: Condvar,
    handle: OnceLock<RecordingHandle>,
}

#[derive(Default)]
struct State {
    paused: bool,
    over: bool,
}

impl Room {
    pub(super) fn open(plan: Plan, clock: Arc<DrivenClock>) -> (Arc<Self>, Script) {
        let room = Arc::new(Self::default());
        let Plan { events, end, pauses, leap } = plan;
        let script = Script { room: room.clone(), clock, events: events.into(), end, pauses, leap };
        (room, script)
    }

    /// The recording whose output the room waits for.
    pub(super) fn watch(&self, handle: RecordingHandle) {
        assert!(self.handle.set(handle).is_ok());
        self.changed.notify_all();
    }

    pub(super) fn is_over(&self) -> bool {
        self.state.lock().unwrap().over
    }

    pub(super) fn is_paused(&self) -> bool {
        self.state.lock().unwrap().paused
    }

    pub(super) fn go_on(&self) {
        self.state.lock().unwrap().paused = false;
        self.changed.notify_all();
    }
}

pub(super) struct Script {
    room: Arc<Room>,
    clock: Arc<DrivenClock>,
    events: VecDeque<RoomEvent>,
    end: RoomTime,
    pauses: VecDeque<RoomTime>,
    leap: Option<(RoomTime, RoomTime)>,
}

impl RoomEvents for Script {
    fn recv_timeout(&mut self, patience: Duration) -> Received {
        let now = self.clock.now();
        let next = self.events.front().map(RoomEvent::at);
        let next_time = next.unwrap_or(now + patience).max(now).min(self.end);
        if self.pauses.pop_front_if(|pause| next_time >= *pause).is_some() {
            self.stand();
        }
        if !self.may_move_to(next_time) {
            return Received::Timeout;
        }
        self.clock.move_to(next_time);
        if next.is_some_and(|next| next <= next_time)
            && let Some(event) = self.events.pop_front()
        {
            return Received::Event(event);
        }
        if next_time >= self.end {
            self.room.state.lock().unwrap().over = true;
            self.rest();
        }
        Received::Timeout
    }
}

impl Script {
    fn stand(&self) {
        let mut state = self.room.state.lock().unwrap();
        state.paused = true;
        while state.paused {
            state = self.room.changed.wait(state).unwrap();
        }
    }

    /// Waits a moment for the output if it lags. False if it still does.
    fn may_move_to(&self, next: RoomTime) -> bool {
        if self.leap.is_some_and(|(from, to)| (from..to).contains(&next)) {
            return true;
        }
        let lags = || {
            let Some(handle) = self.room.handle.get() else { return true };
            let status = handle.status();
            let output = status.rendered_to.or(status.slice_start);
            let lead = if handle.settings().mix().is_some() { LEAD } else { LEAD_AS_SENT };
            output.is_some_and(|output| next.since(output) > lead)
        };
        if lags() {
            self.rest();
        }
        !lags()
    }

    fn rest(&self) {
        let state = self.room.state.lock().unwrap();
        let _ = self.room.changed.wait_timeout(state, Duration::from_millis(2)).unwrap();
    }
}

/// Somebody who joins, sends a moving picture and a tone, and falls silent.
pub(super) fn participant(uid: u32, from: i64, to: i64) -> Vec<RoomEvent> {
    let uid = Uid::new(uid).unwrap();
    let (camera, audio) =
        (TrackId { uid, kind: TrackKind::Camera }, TrackId { uid, kind: TrackKind::Audio });
    let mut events = vec![
        RoomEvent::Joined { uid, at: at(from), since: at(from) },
        RoomEvent::TrackStarted { track: audio, codec: Codec::Opus, at: at(from) },
        RoomEvent::TrackStarted { track: camera, codec: Codec::Vp8, at: at(from) },
    ];
    let frame = |track, codec, ms: i64, rtp: u64, kind, data: &Bytes| {
        // Arrivals jitter by up to 9 ms.
        let jitter = (ms * 7919) % 10 * 1_000;
        RoomEvent::Frame(Arc::new(Frame {
            track,
            arrived: at(ms).offset_micros(jitter),
            rtp_time: RtpTime(1_000_000 + rtp),
            codec,
            kind,
            continuity: Continuity::Contiguous,
            turn: Turn::None,
            data: data.clone(),
        }))
    };
    for (number, data) in (0..).zip(pictures()) {
        let ms = from + number * 1_000 / 15;
        if ms < to {
            let key = data.first().is_some_and(|byte| byte & 1 == 0);
            let kind = if key { FrameKind::Key } else { FrameKind::Delta };
            let rtp = u64::try_from(number * 6_000).unwrap();
            events.push(frame(camera, Codec::Vp8, ms, rtp, kind, data));
        }
    }
    for (number, data) in (0..).zip(sounds()) {
        let ms = from + number * 20;
        if ms < to {
            let rtp = u64::try_from(number * 960).unwrap();
            events.push(frame(audio, Codec::Opus, ms, rtp, FrameKind::Key, data));
        }
    }
    events
}

/// Six seconds of VP8 at 15 pictures a second, by FFmpeg.
pub(super) fn pictures() -> &'static [Bytes] {
    static PICTURES: OnceLock<Vec<Bytes>> = OnceLock::new();
    PICTURES.get_or_init(|| {
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args("-v error -f lavfi -i testsrc2=size=320x240:rate=15 -t 6".split(' '));
        ffmpeg.args("-c:v libvpx -deadline realtime -cpu-used 8 -g 30 -b:v 300k".split(' '));
        let output = ffmpeg.args(["-f", "ivf", "-"]).output().expect("ffmpeg is installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        // IVF: a header of 32 bytes, then 12 bytes before each frame, the first 4 its length.
        let mut rest = &output.stdout[32..];
        let mut frames = Vec::new();
        while let Some(length) = rest.first_chunk::<4>() {
            let length = u32::from_le_bytes(*length) as usize;
            frames.push(Bytes::copy_from_slice(&rest[12..12 + length]));
            rest = &rest[12 + length..];
        }
        assert_eq!(frames.len(), 90);
        frames
    })
}

/// Six seconds of a tone in Opus, 20 ms a packet.
pub(super) fn sounds() -> &'static [Bytes] {
    static SOUNDS: OnceLock<Vec<Bytes>> = OnceLock::new();
    SOUNDS.get_or_init(|| {
        let settings = AudioSettings { channels: 1, bitrate_kbps: 32, codec: OutputAudio::Opus };
        let mut encoder = audio_encoder(&settings).unwrap();
        let len = encoder.frame_len();
        assert_eq!(len, 960);
        let mut packets = Vec::new();
        for number in 0..300 {
            let tone = |n: usize| ((number * len + n) as f32 * 440.0 / 48_000.0 * TAU).sin() * 0.3;
            let samples: Vec<f32> = (0..len).map(tone).collect();
            packets.extend(encoder.encode(&samples).unwrap());
        }
        packets.extend(encoder.flush().unwrap());
        packets.into_iter().map(|sample| sample.data).collect()
    })
}
