//! `capstan demo`: records a room with publishers of its own and shows what came of it.
//!
//! Everything on the road is the real thing: a server process of its own, publishers that are
//! processes of their own, the recording API over HTTP, and a recording that is judged from its
//! files alone. Whatever the demo promises and doesn't hold makes it fail.

mod check;
mod client;
mod facts;
mod ffmpeg;
mod made;
mod process;
mod tiles;

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use capstan_media::time::RoomClock;
use capstan_media::track::Uid;
use clap::Args;
use serde_json::json;

use self::client::Client;
use self::made::{Made, Playlist};
use self::process::{PublisherProcess, ServerProcess, Usage};
use crate::clock::SystemClock;

/// The mixed picture.
const CANVAS: (u32, u32) = (640, 360);
/// Its pictures a second.
const FPS: u32 = 15;
/// Its kilobits a second.
const BITRATE: u32 = 500;
/// The room that is recorded.
const ROOM: &str = "demo";
/// How many publishers send a large picture; the others send a quarter of it.
const LARGE: u32 = 3;

/// Record a room with publishers of its own and show what came of it.
///
/// Starts a server and several WebRTC publishers (VP8, H.264, VP9 and AV1) on this machine, records
/// them through the recording API, changes the layout half-way, and then measures the recording:
/// codecs, size, length, how far picture and sound are apart, and what the server cost.
#[derive(Args, Debug)]
pub struct DemoArgs {
    /// How long to record
    #[arg(long, value_name = "N", default_value_t = 20,
          value_parser = clap::value_parser!(u64).range(4..=3_600))]
    seconds: u64,
    /// How many publishers talk
    #[arg(long, value_name = "N", default_value_t = 4,
          value_parser = clap::value_parser!(u32).range(1..=17))]
    publishers: u32,
    /// Where the recording goes
    #[arg(long, value_name = "DIR", default_value = "./demo-recordings")]
    out: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// If anything that the demo promises isn't true, with what and where to look.
pub async fn run(args: DemoArgs) -> anyhow::Result<()> {
    std::fs::create_dir_all(&args.out)
        .with_context(|| format!("the folder {} can't be made", args.out.display()))?;
    let out = args.out.canonicalize().context("the output folder")?;
    let tools = ffmpeg::Tools::find();
    step("starting a server");
    let server = ServerProcess::start(&out).await?;
    let result = record(&args, &server).await;
    let (made, usage) = match result {
        Ok(made) => made,
        Err(error) => {
            let tail = server.log_tail();
            server.stop().await;
            return Err(error.context(format!("the server's last words were:\n{tail}")));
        }
    };
    let log = server.log();
    server.stop().await;
    let playlist = out.join(&made.file);
    let summary = facts::Summary { made: &made, usage, playlist: &playlist, log: &log };
    let failures = match tools {
        Some(tools) => {
            step("measuring the recording");
            let measured = check::measure(&tools, &playlist, args.publishers, CANVAS).await?;
            summary.print(Some(&measured));
            check::failures(&made, &measured, CANVAS, FPS)
        }
        None => {
            summary.print(None);
            println!("\nffmpeg and ffprobe were not found, so the recording was NOT measured:");
            println!("install them (apt-get install ffmpeg) and run the demo again.");
            check::playlist_failures(&made, FPS)
        }
    };
    if failures.is_empty() {
        return Ok(());
    }
    bail!("the demo does not hold what it promises:\n  - {}", failures.join("\n  - "));
}

/// Publishers come, are recorded and go.
async fn record(args: &DemoArgs, server: &ServerProcess) -> anyhow::Result<(Made, Usage)> {
    let client = Client::new(server.address());
    let clock = SystemClock::start();
    let mut publishers = Vec::new();
    for number in 1..=args.publishers {
        let uid = Uid::new(number).context("uids start with 1")?;
        let codec = codec(number);
        step(&format!("publisher {uid} joins with {codec}"));
        publishers.push((uid, codec, publisher(server, uid, codec).await?));
    }
    step("recording");
    let before = server.usage();
    let recording = client.start(ROOM, &transcoding()).await?;
    let half = args.seconds / 2;
    for second in 1..=args.seconds {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if second == half {
            step("changing the layout");
            client.update_layout(&recording, &tiles::custom_layout(args.publishers)).await?;
        }
        let state = client.query(&recording).await?;
        progress(second, &format!("{second} of {} s, {} segments", args.seconds, state.segments));
        for (uid, codec, process) in &mut publishers {
            if let Some(how) = process.ended() {
                bail!("publisher {uid} ({codec}) ended early: {how}");
            }
        }
    }
    let state = client.query(&recording).await?;
    let stopping = clock.now();
    step("stopping");
    let stopped = client.stop(&recording).await?;
    let after = server.usage();
    let wall = (stopping.as_millis() - state.slice_start) as f64 / 1_000.0;
    let made = finish(&client, stopped, wall, &publishers).await?;
    for (_, _, process) in publishers {
        process.stop().await;
    }
    Ok((made, after.since(before)))
}

async fn finish(
    client: &Client,
    stopped: client::Stopped,
    wall: f64,
    publishers: &[(Uid, &'static str, PublisherProcess)],
) -> anyhow::Result<Made> {
    let text = client.text(&stopped.playback_url).await?;
    Ok(Made {
        participants: publishers.iter().map(|(uid, codec, _)| (*uid, *codec)).collect(),
        file: stopped.file,
        playback_url: stopped.playback_url,
        playlist: Playlist::parse(&text),
        wall,
    })
}

async fn publisher(
    server: &ServerProcess,
    uid: Uid,
    codec: &str,
) -> anyhow::Result<PublisherProcess> {
    let large = uid.get() <= LARGE;
    let (size, bitrate) = if large { ("640x360", "300") } else { ("320x180", "150") };
    let url = format!("http://{}/whip/{}/{ROOM}/{uid}", server.address(), client::APP);
    let arguments = ["--codec", codec, "--size", size, "--bitrate", bitrate, "--fps", "15"];
    PublisherProcess::start(&url, &arguments)
        .await
        .with_context(|| format!("publisher {uid} ({codec})"))
}

fn transcoding() -> serde_json::Value {
    json!({
        "width": CANVAS.0,
        "height": CANVAS.1,
        "fps": FPS,
        "bitrate": BITRATE,
        "mixedVideoLayout": 1,
        "backgroundColor": "#101820",
    })
}

/// How the publisher of this number encodes. One AV1 encoder is what a small machine affords.
const fn codec(number: u32) -> &'static str {
    match (number, number % 3) {
        (4, _) => "av1",
        (_, 1) => "vp8",
        (_, 2) => "h264",
        _ => "vp9",
    }
}

/// Says what happens now, on a line of its own.
fn step(text: &str) {
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[K");
    }
    eprintln!("demo: {text}");
}

/// Says how far it is: on a terminal each second on the same line, elsewhere now and then.
fn progress(second: u64, text: &str) {
    if std::io::stderr().is_terminal() {
        eprint!("\rdemo: {text}\x1b[K");
        let _ = std::io::stderr().flush();
    } else if second.is_multiple_of(5) {
        eprintln!("demo: {text}");
    }
}
