//! Frames as JSON lines, sent once and exactly as written: pictures in decode order with times of their own, clocks
//! that stand still, silence, losses.
//!
//! The first line may say how they are encoded and what the offer says of it, `{"codec": "h264", "fmtp": "..."}`; without
//! it the name does: `film.h264.jsonl`. Every other line is a frame, `{"pts", "dts", "key", "d"}`: times in ticks of the
//! codec, `d` the base64 of each NAL unit or of the frame. It leaves at its `dts`, or `at` milliseconds after
//! the first one, and with `"lost": true` its packets are numbered and never sent.

use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use capstan_media::codec::Codec;
use capstan_media::frame::FrameKind;
use serde_json::Value;

use crate::replay::{Replay, Step};
use crate::source::Fate;

/// The codec that a file's name says, before its extension.
pub(super) fn named(path: &Path) -> Option<Codec> {
    let stem = path.file_stem()?.to_str()?;
    codec(stem.rsplit_once('.')?.1)
}

pub(super) fn read(data: &[u8], named: Option<Codec>) -> Result<Replay, String> {
    let text = std::str::from_utf8(data).map_err(|_| "it is no text".to_owned())?;
    let (mut codec, mut parameters) = (named, None);
    let mut steps = Vec::new();
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = |what: &str| format!("line {number}: {what}");
        let line: Value = serde_json::from_str(line).map_err(|error| wrong(&error.to_string()))?;
        if line.get("d").is_none() && steps.is_empty() {
            if let Some(name) = line.get("codec").and_then(Value::as_str) {
                codec = Some(self::codec(name).ok_or_else(|| wrong("unknown codec"))?);
            }
            parameters = line.get("fmtp").and_then(Value::as_str).map(str::to_owned);
            continue;
        }
        let codec = codec.ok_or_else(|| wrong("nothing says how it is encoded"))?;
        steps.push(step(&line, codec).map_err(wrong)?);
    }
    match codec {
        Some(codec) if !steps.is_empty() => Ok(Replay::new(codec, parameters, steps)),
        _ => Err("it holds no frames".to_owned()),
    }
}

fn step(line: &Value, codec: Codec) -> Result<Step, &'static str> {
    let ticks = |name: &str| line.get(name).and_then(Value::as_i64);
    let rate = i128::from(codec.clock_rate());
    let micros = |ticks: i64| {
        let micros = (i128::from(ticks) * 1_000_000 + rate / 2).div_euclid(rate);
        i64::try_from(micros).unwrap_or(i64::MAX)
    };
    let media = ticks("pts").ok_or("no pts")?;
    let leaves = match line.get("at").map(|at| at.as_f64().and_then(after)) {
        Some(at) => at.ok_or("at is no time")?,
        None => micros(ticks("dts").ok_or("no dts")?),
    };
    let parts = line.get("d").and_then(Value::as_array).ok_or("no d")?;
    let mut data = BytesMut::new();
    for part in parts {
        let part = part.as_str().and_then(|part| STANDARD.decode(part).ok());
        if codec == Codec::H264 {
            data.extend_from_slice(&[0, 0, 0, 1]);
        }
        data.extend_from_slice(&part.ok_or("d is no base64")?);
    }
    let key = line.get("key").and_then(Value::as_bool).ok_or("no key")?;
    let lost = line.get("lost").and_then(Value::as_bool).unwrap_or(false);
    Ok(Step {
        leaves,
        media: micros(media),
        data: Bytes::from(data),
        kind: if key { FrameKind::Key } else { FrameKind::Delta },
        fate: if lost { Fate::Lost } else { Fate::Sent },
    })
}

fn after(millis: f64) -> Option<i64> {
    let after = Duration::try_from_secs_f64(millis / 1_000.0).ok()?;
    i64::try_from(after.as_micros()).ok()
}

fn codec(name: &str) -> Option<Codec> {
    let all = [Codec::Opus, Codec::Vp8, Codec::Vp9, Codec::H264, Codec::Av1];
    all.into_iter().find(|codec| codec.name() == name)
}

#[cfg(test)]
mod tests {
    use capstan_media::time::RoomTime;
    use proptest::prelude::{any, proptest};

    use super::*;
    use crate::source::Source;

    #[test]
    fn frames_leave_and_are_timed_as_written() {
        let text = "{\"codec\":\"h264\",\"fmtp\":\"profile-level-id=4d001f\"}\n\
            {\"pts\":12000,\"dts\":0,\"key\":true,\"d\":[\"ZwE=\",\"ZQI=\"]}\n\
            {\"pts\":30000,\"dts\":6000,\"key\":false,\"d\":[\"QQM=\"],\"lost\":true}\n\
            {\"pts\":18000,\"dts\":12000,\"key\":false,\"d\":[\"AQQ=\"],\"at\":500}\n";
        let mut replay = read(text.as_bytes(), None).expect("frames");
        assert_eq!(
            (replay.codec(), replay.parameters()),
            (Codec::H264, Some("profile-level-id=4d001f"))
        );
        let start = RoomTime::from_millis(1_000);
        let mut sent = Vec::new();
        for _ in 0..3 {
            replay.next_at(start);
            let unit = replay.next(FrameKind::Delta).expect("a unit");
            let since = |at: RoomTime| at.micros_from(start);
            sent.push((since(unit.at), since(unit.media), unit.data.len(), unit.fate));
        }
        let expected = [
            (0, 133_333, 12, Fate::Sent),
            (66_667, 333_333, 6, Fate::Lost),
            (500_000, 200_000, 6, Fate::Sent),
        ];
        assert_eq!(sent, expected);
        assert!(replay.next_at(start) > start + Duration::from_secs(3_600), "it is over");
    }

    #[test]
    fn what_is_wrong_is_said() {
        let error = |text: &str| read(text.as_bytes(), None).expect_err("an error");
        assert_eq!(error("{\"d\":[]}"), "line 1: nothing says how it is encoded");
        assert_eq!(error("{\"codec\":\"h264\"}"), "it holds no frames");
        assert_eq!(error("{\"codec\":\"h264\"}\n{\"d\":[]}"), "line 2: no pts");
        assert_eq!(named(Path::new("a/film.vp9.jsonl")), Some(Codec::Vp9));
        assert_eq!(named(Path::new("a/film.jsonl")), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(data in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&data, Some(Codec::Vp8));
        }
    }
}
