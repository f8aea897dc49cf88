//! Judges a finished recording by its files alone: what ffmpeg decodes, and what the test pictures
//! and the beeps in it say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Context;
use capstan_media::track::Uid;
use capstan_publish::measure::{Offset, Watch, beeps, offset};
use capstan_publish::pattern::{Area, Luma, read_in, tone};
use serde_json::Value;

use super::ffmpeg::{RATE, Tools};
use super::made::Made;
use super::tiles;

/// Picture and sound may be this far apart, in seconds: beyond it viewers mind (ITU-R BT.1359
/// puts acceptability at 90 ms early and 185 ms late).
const MOST_APART: f64 = 0.15;
/// A participant must be recognised in this part of the pictures: some come before the first
/// key frame was decoded or while the layout changes.
const SEEN: f64 = 0.8;
/// The recording may end this much earlier or later than the stop was asked for, beyond a picture:
/// the request itself takes time.
const REQUEST: f64 = 0.25;

/// What was found in a recording.
pub(super) struct Measured {
    pub(super) video: String,
    pub(super) width: u64,
    pub(super) height: u64,
    pub(super) fps: f64,
    pub(super) audio: String,
    pub(super) channels: u64,
    pub(super) rate: String,
    pub(super) pictures: usize,
    pub(super) people: Vec<Person>,
    /// How much more time passes in the recording than in the pictures that it shows, in seconds:
    /// the worst of the participants.
    pub(super) drift: Option<f64>,
    /// The longest and the shortest time between pictures, in seconds.
    pub(super) gaps: Option<(f64, f64)>,
}

/// One participant in a recording.
pub(super) struct Person {
    pub(super) uid: Uid,
    /// Pictures in which the stamp could be read.
    pub(super) seen: usize,
    pub(super) offset: Option<Offset>,
}

impl Measured {
    /// The median of the participants' medians, in seconds.
    pub(super) fn median_offset(&self) -> Option<f64> {
        let mut medians: Vec<_> =
            self.people.iter().filter_map(|person| Some(person.offset?.median)).collect();
        medians.sort_by(f64::total_cmp);
        medians.get(medians.len() / 2).copied()
    }
}

/// Decodes the whole recording and measures it.
pub(super) async fn measure(
    tools: &Tools,
    playlist: &Path,
    participants: u32,
    canvas: (u32, u32),
) -> anyhow::Result<Measured> {
    let streams = tools.streams(playlist).await?;
    let picture = stream(&streams, "video").context("the recording has no picture")?;
    let sound = stream(&streams, "audio").context("the recording has no sound")?;
    let times = tools.times(playlist, "v:0").await?;
    let sound_times = tools.times(playlist, "a:0").await?;
    let number = |value: &Value, key: &str| value.get(key).and_then(Value::as_u64).unwrap_or(0);
    let text = |value: &Value, key: &str| {
        value.get(key).and_then(Value::as_str).unwrap_or("unknown").to_owned()
    };
    let (width, height) = (number(picture, "width"), number(picture, "height"));
    let places = tiles::places(participants, canvas);
    let mut watches: BTreeMap<Uid, Watch> = BTreeMap::new();
    let mut index = 0;
    let (columns, rows) = (width as usize, height as usize);
    tools
        .pictures(playlist, columns * rows, |data| {
            let luma = Luma { data, stride: columns, width: columns, height: rows };
            if let Some(&time) = times.get(index) {
                look(&mut watches, time, luma, &places);
            }
            index += 1;
        })
        .await?;
    let heard = tools.sound(playlist).await?;
    let sound_start = sound_times.first().copied().unwrap_or(0.0);
    let people = (1..=participants)
        .filter_map(Uid::new)
        .map(|uid| person(uid, watches.get(&uid), &heard, sound_start))
        .collect();
    let gaps = times.windows(2).filter_map(|pair| match pair {
        [before, after] => Some(after - before),
        _ => None,
    });
    let gaps = gaps.fold(None, |gaps: Option<(f64, f64)>, gap| {
        let (longest, shortest) = gaps.unwrap_or((gap, gap));
        Some((longest.max(gap), shortest.min(gap)))
    });
    Ok(Measured {
        video: text(picture, "codec_name"),
        width,
        height,
        fps: fraction(&text(picture, "r_frame_rate")).unwrap_or(0.0),
        audio: text(sound, "codec_name"),
        channels: number(sound, "channels"),
        rate: text(sound, "sample_rate"),
        pictures: index,
        people,
        drift: watches.values().filter_map(drift).min_by(|a, b| b.abs().total_cmp(&a.abs())),
        gaps,
    })
}

/// Looks at every place where a test picture may be; its stamp says whose it is.
fn look(watches: &mut BTreeMap<Uid, Watch>, time: f64, luma: Luma<'_>, places: &[Area]) {
    // The two layouts may have places in common.
    let mut seen = BTreeSet::new();
    for &place in places {
        if let Some(stamp) = read_in(luma, place)
            && seen.insert(stamp.uid)
        {
            watches.entry(stamp.uid).or_default().look(time, luma, place);
        }
    }
}

fn person(uid: Uid, watch: Option<&Watch>, heard: &[f32], sound_start: f64) -> Person {
    let Some(watch) = watch else { return Person { uid, seen: 0, offset: None } };
    let mut onsets = beeps(heard, RATE, tone::frequency(uid));
    onsets.iter_mut().for_each(|onset| *onset += sound_start);
    Person { uid, seen: watch.stamps().len(), offset: offset(watch.flashes(), &onsets) }
}

/// How much more time passes in the recording than in a participant's own pictures: how much older
/// they are shown in its last third than in its first. Within a third only the promptest picture
/// counts, for one that is held only gets older.
fn drift(watch: &Watch) -> Option<f64> {
    let stamps = watch.stamps();
    let (start, first) = *stamps.first()?;
    let (end, _) = *stamps.last()?;
    let ages = |from: f64, to: f64| {
        stamps
            .iter()
            .filter(|(time, _)| (from..=to).contains(time))
            .map(|&(time, stamp)| {
                let passed = ((time - start) * 1e3) as i64;
                let own = stamp.unix_millis(i64::from(first.millis) + passed);
                time - start - (own - i64::from(first.millis)) as f64 / 1e3
            })
            .reduce(f64::min)
    };
    let third = (end - start) / 3.0;
    Some(ages(end - third, end)? - ages(start, start + third)?)
}

fn stream<'a>(streams: &'a Value, kind: &str) -> Option<&'a Value> {
    let streams = streams.get("streams")?.as_array()?;
    streams.iter().find(|stream| stream.get("codec_type").and_then(Value::as_str) == Some(kind))
}

fn fraction(text: &str) -> Option<f64> {
    let (above, below) = text.split_once('/')?;
    Some(above.parse::<f64>().ok()? / below.parse::<f64>().ok()?)
}

/// What isn't as promised, as far as the playlist tells.
pub(super) fn playlist_failures(made: &Made, fps: u32) -> Vec<String> {
    let playlist = &made.playlist;
    let mut failures = Vec::new();
    if playlist.segments == 0 {
        failures.push("the playlist lists no segment".to_owned());
    }
    if !playlist.ended {
        failures.push("the playlist doesn't say that it is over (EXT-X-ENDLIST)".to_owned());
    }
    let apart = playlist.seconds - made.wall;
    if apart.abs() > REQUEST + 1.0 / f64::from(fps) {
        failures.push(format!(
            "{:.3} s are recorded, but {:.3} s passed until the stop was asked for",
            playlist.seconds, made.wall
        ));
    }
    failures
}

/// What isn't as promised.
pub(super) fn failures(
    made: &Made,
    measured: &Measured,
    canvas: (u32, u32),
    fps: u32,
) -> Vec<String> {
    let mut failures = playlist_failures(made, fps);
    let one_picture = 1.0 / f64::from(fps);
    let mut expect = |holds: bool, what: String| {
        if !holds {
            failures.push(what);
        }
    };
    let is = (measured.video.as_str(), measured.width, measured.height);
    let due = ("h264", u64::from(canvas.0), u64::from(canvas.1));
    expect(is == due, format!("the picture is {is:?}, not {due:?}"));
    expect(measured.audio == "aac", format!("the sound is {}, not aac", measured.audio));
    let rate = (measured.fps - f64::from(fps)).abs() < 0.01;
    expect(rate, format!("the picture has {} pictures a second, not {fps}", measured.fps));
    let length = measured.pictures as f64 * one_picture;
    let whole = (length - made.playlist.seconds).abs() <= one_picture;
    expect(whole, format!("{length:.3} s of pictures decode, of {:.3} s", made.playlist.seconds));
    if let Some((longest, shortest)) = measured.gaps {
        let even = longest < one_picture + 0.002 && shortest > one_picture - 0.002;
        expect(even, format!("pictures are {shortest:.4} to {longest:.4} s apart"));
    }
    if let Some(drift) = measured.drift {
        let what = format!("the recording and the clock drift apart by {drift:+.3} s");
        expect(drift.abs() <= one_picture + 0.002, what);
    }
    for person in &measured.people {
        let uid = person.uid;
        let seen = person.seen as f64 >= SEEN * measured.pictures as f64;
        expect(seen, format!("participant {uid} is seen in {} pictures only", person.seen));
        match person.offset {
            None => expect(false, format!("participant {uid}'s flashes and beeps don't fit")),
            Some(offset) => expect(
                offset.median.abs() <= MOST_APART,
                format!("participant {uid}'s picture is {:+.3} s off its sound", offset.median),
            ),
        }
    }
    failures
}
