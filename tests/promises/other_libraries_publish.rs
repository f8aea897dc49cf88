//! Six WebRTC libraries publish side by side, each a colour and a tone of its own; the recording shows
//! and sounds them all. Chromium restarts ICE meanwhile and goes on; and it connects in whatever order
//! its offer has what is taken, what isn't and what was stopped.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use harness::browser::Browser;
use harness::process::{Running, eventually};
use harness::server::{Server, Setup};
use harness::{judge, real_time_turn, root, whole_machine};
use serde_json::json;

const WIDTH: usize = 640;
const HEIGHT: usize = 360;
const ROOM: &str = "libraries";

/// A library, with the colour and the tone that it publishes.
struct Library {
    name: &'static str,
    colour: [u8; 3],
    hertz: f64,
}

const LIBRARIES: [Library; 6] = [
    Library { name: "chromium", colour: [220, 30, 30], hertz: 400.0 },
    Library { name: "firefox", colour: [30, 200, 30], hertz: 700.0 },
    Library { name: "aiortc", colour: [40, 40, 230], hertz: 1_000.0 },
    Library { name: "gstreamer", colour: [220, 220, 30], hertz: 1_300.0 },
    Library { name: "libwebrtc", colour: [220, 30, 220], hertz: 1_600.0 },
    Library { name: "libdatachannel", colour: [30, 220, 220], hertz: 1_900.0 },
];

/// What publishes, until it is dropped.
enum Peer {
    Page(Browser),
    Process(Running),
}

#[test]
fn each_is_seen_and_heard() {
    let _turn = whole_machine();
    let server = Server::start(&Setup::default());
    let mut peers: Vec<Peer> =
        (1..).zip(&LIBRARIES).map(|(uid, l)| publish(&server, uid, l)).collect();
    for (library, peer) in LIBRARIES.iter().zip(&mut peers) {
        connected(&server, library, peer);
    }
    let api = server.api();
    let recording = api.record(
        ROOM,
        &json!({"recordingConfig": {"transcodingConfig":
            {"width": WIDTH, "height": HEIGHT, "fps": 15, "bitrate": 1000, "mixedVideoLayout": 1}}}),
    );
    std::thread::sleep(Duration::from_secs(5));
    let Some(Peer::Page(chromium)) = peers.first() else { unreachable!("a page comes first") };
    let restarted = chromium.wait_for("restarted", Duration::from_secs(10));
    assert_ne!(restarted["etag"], restarted["before"], "{restarted}");
    std::thread::sleep(Duration::from_secs(3));
    let stopped = api.stop(&recording);
    assert_eq!(stopped.status, 200, "{}", stopped.text());
    assert_eq!(server.metric("capstan_publishers", ""), 6.0, "nobody was lost");
    drop(peers);

    let file = server.recordings().join(format!("{}_{ROOM}.m3u8", recording.sid));
    judge::decodes_cleanly(&file);
    seen_and_heard(&file);
}

fn publish(server: &Server, uid: u32, library: &Library) -> Peer {
    let Library { name, colour: [red, green, blue], hertz } = library;
    let colour = format!("{red:02x}{green:02x}{blue:02x}");
    let url = server.whip_url(ROOM, uid);
    let query = format!("whip={url}&colour={colour}&hertz={hertz}&seconds=600");
    let modules = root().join(".tools/peers-js/node_modules");
    let scripts = root().join("tests/clients/peers");
    let mut command = match *name {
        "chromium" => return Peer::Page(Browser::open("peer.html", &format!("{query}&restart=1"))),
        "firefox" => return Peer::Page(Browser::open_firefox("peer.html", &query)),
        "aiortc" => {
            let mut command = Command::new(root().join(".tools/peers/bin/python"));
            command.arg(scripts.join("aiortc_peer.py"));
            command
        }
        // Debian's own Python has Debian's bindings.
        "gstreamer" => {
            let mut command = Command::new("/usr/bin/python3");
            command.arg(scripts.join("gstreamer_peer.py"));
            command
        }
        _ => {
            let mut command = Command::new("node");
            command.arg(scripts.join(format!("{name}_peer.cjs"))).arg(modules);
            command
        }
    };
    command.args([&url, &colour, &hertz.to_string(), "600"]).env("PYTHONDONTWRITEBYTECODE", "1");
    Peer::Process(Running::start(name, &mut command, log(server, name)))
}

fn log(server: &Server, name: &str) -> std::path::PathBuf {
    server.folder().join(format!("{name}.log"))
}

/// Waits until a library's publisher is connected.
fn connected(server: &Server, library: &Library, peer: &mut Peer) {
    match peer {
        Peer::Page(page) => {
            let _ = page.wait_for("connected", Duration::from_secs(60));
        }
        Peer::Process(process) => {
            let uid = 1 + LIBRARIES.iter().position(|l| l.name == library.name).unwrap();
            let uid = format!("\"uid\":\"{uid}\"");
            let ours = |line: &str| line.contains("publisher connected") && line.contains(&uid);
            let what = format!("{} connects", library.name);
            eventually(&what, Duration::from_secs(60), || {
                let said =
                    || std::fs::read_to_string(log(server, library.name)).unwrap_or_default();
                assert!(process.is_running(), "{}: {}", library.name, said());
                server.log().lines().any(ours).then_some(())
            });
        }
    }
}

/// Every colour fills a part of the pictures of the second half, and every tone sounds there.
fn seen_and_heard(file: &Path) {
    let pictures = judge::rgb(file, WIDTH, HEIGHT);
    let late = &pictures[pictures.len() / 2..];
    let sound = judge::sound(file);
    let sound = &sound[sound.len() / 2..];
    for Library { name, colour, hertz } in &LIBRARIES {
        let shares: Vec<f64> = late.iter().map(|picture| share(picture, *colour)).collect();
        let least = shares.iter().copied().fold(1.0, f64::min);
        // A sixth of the canvas is 0.16; tiles keep a margin where the picture's shape differs.
        assert!(least > 0.05, "{name}: its colour fills {least:.3} of the canvas at least");
        let parts: Vec<f64> = sound.chunks_exact(4_800).map(|p| judge::tone(p, *hertz)).collect();
        let heard = parts.iter().filter(|level| **level > 0.01).count();
        let all = parts.len();
        assert!(
            heard * 10 > all * 9,
            "{name}: heard in {heard} of {all} tenths of a second: {parts:?}"
        );
    }
}

/// How much of an RGB picture is near a colour: 0 to 1.
fn share(picture: &[u8], colour: [u8; 3]) -> f64 {
    let near = |p: &&[u8]| p.iter().zip(colour).all(|(a, b)| a.abs_diff(b) < 60);
    picture.chunks_exact(3).filter(near).count() as f64 / (picture.len() / 3) as f64
}

#[test]
fn chromium_connects_in_whatever_order_its_sections_stand() {
    let _turn = real_time_turn();
    let server = Server::start(&Setup::default());
    let orders = [
        "unknown,video,audio",
        "video,unknown,audio",
        "stopped,audio,video",
        "audio,stopped,video",
        "data,unknown,stopped,video,audio",
        "video,video,video,audio,audio,audio,audio",
    ];
    for (uid, sections) in (1..).zip(orders) {
        let url = server.whip_url("orders", uid);
        let query = format!("whip={url}&colour=20c020&hertz=440&seconds=600&sections={sections}");
        let page = Browser::open("peer.html", &query);
        let _ = page.wait_for("connected", Duration::from_secs(40));
        let frames = || server.metric("capstan_frames_in_total", "");
        let before = frames();
        eventually(&format!("{sections}: media flows"), Duration::from_secs(20), || {
            (frames() > before + 60.0).then_some(())
        });
    }
    let refused = server.metric("capstan_sections_refused_total", "no-codec");
    assert_eq!(refused, 3.0, "each section that isn't taken is counted");
}
