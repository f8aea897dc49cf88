//! `capstan publish`: sends a test picture and a beep, or files, to a WHIP server.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use capstan_media::codec::Codec;
use capstan_media::frame::Size;
use capstan_media::track::Uid;
use capstan_media::turn::Turn;
use capstan_publish::encode::VideoSettings;
use capstan_publish::grip::Grip;
use capstan_publish::live::{LivePicture, LiveSound};
use capstan_publish::looped::Looped;
use capstan_publish::pause::{Pause, Paused};
use capstan_publish::source::Source;
use capstan_publish::{Counters, Publish, Publisher, file};
use clap::{Args, ValueEnum};
use tokio::signal::unix::{SignalKind, signal};
use url::Url;

use crate::clock::SystemClock;

/// No test picture is looked at for so many seconds: a year.
const MAX_PAUSE: u64 = 366 * 86_400;
/// Kilobits a second of the beep.
const SOUND_KBPS: u32 = 32;

/// Publish a test picture and a beep, or files, to a WHIP server.
///
/// The picture moves and shows its uid and a millisecond clock, both readable and machine-readable;
/// at the start of each second it flashes and beeps in step.
#[derive(Args, Debug)]
pub struct PublishArgs {
    /// Where to publish, such as http://127.0.0.1:8080/whip/demo/room/7
    #[arg(long, value_name = "URL")]
    url: Url,
    /// The bearer token that the server wants
    #[arg(long, value_name = "TOKEN", env = "CAPSTAN_PUBLISH_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// The uid to draw and to beep; without it the last number in the URL's path
    #[arg(long, value_name = "N")]
    uid: Option<Uid>,
    /// How to encode the test picture
    #[arg(long, value_enum, default_value_t = VideoCodec::Vp8)]
    codec: VideoCodec,
    /// Publish the test picture: the default, unless there are files
    #[arg(long, conflicts_with = "file")]
    pattern: bool,
    /// Publish a file, over and over: .ivf (VP8, VP9, AV1) or .h264 for the picture, .opus or .ogg
    /// for the sound; give it twice for both. A .jsonl file of frames is sent once, as written
    #[arg(long, value_name = "FILE")]
    file: Vec<PathBuf>,
    /// Size of the test picture [default: 640x360, AV1 320x180]
    #[arg(long, value_name = "WxH", value_parser = size)]
    size: Option<Size>,
    /// Pictures a second of the test picture and of .h264 files
    #[arg(long, value_name = "N", default_value_t = 15)]
    fps: u32,
    /// Kilobits a second of the test picture
    #[arg(long, value_name = "KBIT", default_value_t = 400)]
    bitrate: u32,
    /// Stop after this many seconds; without it on Ctrl-C
    #[arg(long, value_name = "N")]
    seconds: Option<u64>,
    /// Encode two seconds once and send them over and over: cheap, but the burnt-in clock repeats
    #[arg(long = "loop", conflicts_with = "file")]
    looped: bool,
    /// Send no sound
    #[arg(long)]
    no_audio: bool,
    /// Send no picture
    #[arg(long)]
    no_video: bool,
    /// Turn the camera off and on again, at these seconds of the test picture: 8-14 for example
    #[arg(long, value_name = "FROM-TO", value_parser = pause,
        conflicts_with_all = ["file", "looped", "no_video"])]
    camera_off: Option<Pause>,
    /// Film as a phone does that is held so: the degrees by which its picture is to be turned clockwise, and
    /// from which second on: 90 or 90,0@6 for example
    #[arg(long, value_name = "DEGREES[,DEGREES@SECOND...]", value_parser = grip,
        conflicts_with_all = ["file", "looped", "no_video"])]
    held: Option<Grip>,
}

/// How the test picture can be encoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum VideoCodec {
    /// VP8, by libvpx.
    Vp8,
    /// VP9, by libvpx.
    Vp9,
    /// H.264, by OpenH264.
    H264,
    /// AV1, by rav1e: costs most of a core at 640x360.
    Av1,
}

impl From<VideoCodec> for Codec {
    fn from(codec: VideoCodec) -> Self {
        match codec {
            VideoCodec::Vp8 => Self::Vp8,
            VideoCodec::Vp9 => Self::Vp9,
            VideoCodec::H264 => Self::H264,
            VideoCodec::Av1 => Self::Av1,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// If the server can't be reached or refuses, a file can't be read, or the connection breaks.
pub async fn run(args: PublishArgs) -> anyhow::Result<()> {
    let sources = sources(&args)?;
    let clock = Arc::new(SystemClock::start());
    let publish = Publish { url: args.url.clone(), token: args.token.clone(), sources };
    let mut publisher = Publisher::start(publish, clock).await?;
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM can't be listened to")?;
    println!("publishing to {}; Ctrl-C stops", args.url);
    let result = tokio::select! {
        failure = watch(&mut publisher, args.seconds) => failure,
        _ = tokio::signal::ctrl_c() => Ok(()),
        _ = terminate.recv() => Ok(()),
    };
    let counters = publisher.counters();
    let farewell = publisher.stop().await.context("taking leave of the server");
    println!("{}", report(counters));
    result.and(farewell)
}

/// Shows what is done, each second, until the time is over or the publisher fails.
async fn watch(publisher: &mut Publisher, seconds: Option<u64>) -> anyhow::Result<()> {
    let shows = std::io::stderr().is_terminal();
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    ticks.tick().await;
    for second in 1_u64.. {
        if seconds.is_some_and(|seconds| second > seconds) {
            break;
        }
        tokio::select! {
            failure = publisher.failed() => return Err(failure.into()),
            _ = ticks.tick() => {}
        }
        if shows {
            eprint!("\r{second} s: {}\x1b[K", report(publisher.counters()));
            let _ = std::io::stderr().flush();
        }
    }
    if shows {
        eprintln!();
    }
    Ok(())
}

fn report(counters: Counters) -> String {
    let Counters { pictures, key_pictures, key_pictures_asked, sounds, late } = counters;
    format!(
        "{pictures} pictures sent ({key_pictures} key, {key_pictures_asked} asked for), \
         {sounds} packets of sound, {late} late"
    )
}

/// The sound first, as browsers have it.
fn sources(args: &PublishArgs) -> anyhow::Result<Vec<Box<dyn Source>>> {
    let mut sources: Vec<Box<dyn Source>> = Vec::new();
    if args.file.is_empty() {
        let uid = args.uid.map_or_else(|| uid_of(&args.url), Ok)?;
        let settings = settings(args);
        match (args.no_audio, args.looped) {
            (true, _) => {}
            (false, true) => sources.push(Box::new(Looped::sound(uid, SOUND_KBPS)?)),
            (false, false) => sources.push(Box::new(LiveSound::new(uid, SOUND_KBPS)?)),
        }
        match (args.no_video, args.looped) {
            (true, _) => {}
            (false, true) => sources.push(Box::new(Looped::picture(uid, &settings)?)),
            (false, false) => {
                let grip = args.held.clone().unwrap_or_default();
                let picture = Box::new(LivePicture::new(uid, &settings)?.held(grip));
                sources.push(match args.camera_off {
                    Some(pause) => Box::new(Paused::new(picture, pause)),
                    None => picture,
                });
            }
        }
    } else {
        for path in &args.file {
            let source = file::open(path, args.fps)?;
            let wanted = if source.codec().is_video() { !args.no_video } else { !args.no_audio };
            if wanted {
                sources.push(source);
            }
        }
        sources.sort_by_key(|source| source.codec().is_video());
        if sources.iter().filter(|source| !source.codec().is_video()).count() > 1 {
            bail!("more than one file of sound was given: a publisher sends one");
        }
    }
    if sources.is_empty() {
        bail!(
            "nothing to publish: leave out --no-audio or --no-video, or give a file with the rest"
        );
    }
    Ok(sources)
}

fn settings(args: &PublishArgs) -> VideoSettings {
    let codec = Codec::from(args.codec);
    let usual = if codec == Codec::Av1 {
        Size { width: 320, height: 180 }
    } else {
        Size { width: 640, height: 360 }
    };
    VideoSettings {
        codec,
        size: args.size.unwrap_or(usual),
        fps: args.fps,
        bitrate_kbps: args.bitrate,
    }
}

fn uid_of(url: &Url) -> anyhow::Result<Uid> {
    url.path_segments()
        .into_iter()
        .flatten()
        .rev()
        .find_map(|part| part.parse().ok())
        .context("the URL's path ends in no uid: say with --uid which one to draw")
}

fn size(text: &str) -> Result<Size, String> {
    let parse = || {
        let (width, height) = text.split_once('x')?;
        Some(Size { width: width.parse().ok()?, height: height.parse().ok()? })
    };
    parse().ok_or_else(|| format!("{text:?} is no size: write it as 640x360"))
}

fn pause(text: &str) -> Result<Pause, String> {
    let parse = || {
        let (from, to) = text.split_once('-')?;
        let (from, to) = (from.parse().ok()?, to.parse().ok()?);
        let pause = Pause { from: Duration::from_secs(from), to: Duration::from_secs(to) };
        (from < to && to < MAX_PAUSE).then_some(pause)
    };
    parse().ok_or_else(|| format!("{text:?} is no span of seconds: write it as 8-14"))
}

fn grip(text: &str) -> Result<Grip, String> {
    let parse = |part: &str| {
        let (degrees, from) = part.split_once('@').unwrap_or((part, "0"));
        let turn = match degrees {
            "0" => Turn::None,
            "90" => Turn::Quarter,
            "180" => Turn::Half,
            "270" => Turn::ThreeQuarters,
            _ => return None,
        };
        Some((Duration::from_secs(from.parse::<u32>().ok()?.into()), turn))
    };
    let grip = text.split(',').try_fold(Grip::default(), |grip, part| {
        parse(part).map(|(from, turn)| grip.then(from, turn))
    });
    grip.ok_or_else(|| format!("{text:?} says no turns: write them as 90 or 90,0@6"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_uid_is_the_last_number_of_the_path() {
        let uid = |text: &str| uid_of(&Url::parse(text).expect("a URL")).ok().map(Uid::get);
        assert_eq!(uid("http://h/whip/demo/room/42"), Some(42));
        assert_eq!(uid("http://h/whip/1/room"), Some(1));
        assert_eq!(uid("http://h/whip"), None);
    }

    #[test]
    fn sizes_are_two_numbers() {
        assert_eq!(size("640x360"), Ok(Size { width: 640, height: 360 }));
        assert!(size("640").is_err() && size("x").is_err() && size("-1x2").is_err());
    }

    #[test]
    fn turns_are_degrees_with_their_seconds() {
        let seconds = Duration::from_secs;
        let turns = Grip::default().then(seconds(0), Turn::Quarter).then(seconds(6), Turn::None);
        assert_eq!(grip("90,0@6"), Ok(turns));
        for text in ["", "45", "90@", "90@-1", "90;0@6", "90,0@x"] {
            assert!(grip(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_pause_is_a_span_of_seconds() {
        let seconds = Duration::from_secs;
        assert_eq!(pause("8-14"), Ok(Pause { from: seconds(8), to: seconds(14) }));
        for text in ["8", "8-", "14-8", "8-8", "-1-2", "1-99999999999"] {
            assert!(pause(text).is_err(), "{text}");
        }
    }
}
