//! What the tests of several crates share: when they take place, and a recording's settings.

use std::time::Duration;

use capstan_archive::settings::{
    AudioCodec, AudioOutput, Container, LayoutChoice, MixFiles, MixSettings, Mode, Mp4Limits,
    OutputSettings, RecordingSettings, Subscription, VideoCodec, VideoOutput,
};
use capstan_archive::target::StorageTarget;
use capstan_media::frame::Size;
use capstan_media::scene::Colour;
use capstan_media::time::RoomTime;
use capstan_media::track::RoomId;

/// When tests take place: 2026-01-02 03:04:05 UTC.
pub const DAWN: RoomTime = RoomTime::from_millis(1_767_323_045_000);

/// MP4 files that no test fills.
pub const MP4: Mp4Limits =
    Mp4Limits { longest: Duration::from_secs(7_200), largest: 2_000_000_000 };

/// A mixed recording of one segment after the other.
pub fn settings(sid: &str) -> RecordingSettings {
    RecordingSettings {
        sid: sid.into(),
        room: RoomId { app: "demo".into(), name: "a room".into() },
        recorder_uid: 527_841,
        mode: Mode::Mix(MixSettings {
            output: OutputSettings {
                canvas: Size { width: 320, height: 240 },
                fps: 15,
                video: Some(VideoOutput { codec: VideoCodec::H264, bitrate_kbps: 300 }),
                audio: Some(AudioOutput { codec: AudioCodec::Aac, channels: 1, bitrate_kbps: 48 }),
                background: Colour::BLACK,
                playout_delay_ms: 600,
            },
            layout: LayoutChoice { name: "float".into(), options: "{}".into() },
            files: MixFiles { container: Container::Fmp4, mp4: None },
            overload_after: Duration::from_secs(2),
        }),
        subscription: Subscription::default(),
        snapshots: None,
        prefix: "a/b".into(),
        storage: StorageTarget {
            storage: "memory".into(),
            config: "{\"secret\":\"s3cr3t\"}".into(),
        },
        max_idle: Duration::from_secs(30),
        segment: Duration::from_secs(2),
        keep_tapes: true,
    }
}

/// The mixed part of settings that have one.
pub fn mix(settings: &mut RecordingSettings) -> &mut MixSettings {
    match &mut settings.mode {
        Mode::Mix(mix) => mix,
        other => panic!("{other:?} isn't mixed"),
    }
}
