//! Whoever speaks is large, a shared screen is large; names, a watermark and pictures stand where the
//! request or the operator wants them; and the events of it arrive as signed webhooks.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use harness::process::eventually;
use harness::receiver::{Callback, Receiver};
use harness::server::{Server, Setup};
use harness::{judge, real_time_turn};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

const WIDTH: usize = 640;
const HEIGHT: usize = 360;
const SECRET: &str = "C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

#[test]
fn the_speaker_is_large_and_then_the_screen() {
    let _turn = real_time_turn();
    let media = Media::make();
    let receiver = Receiver::start();
    let server = Server::start(&Setup {
        sections: media.sections(),
        app: format!(
            "[apps.callback]\nplugin = \"callback-webhook\"\nurl = \"{}\"\nsecret = \
             \"whsec_{SECRET}\"\n",
            receiver.url()
        ),
        ..Setup::default()
    });
    let _quiet = server.publish("talk", 1, &media.files(&["red.ivf", "quiet.opus"]));
    let mut loud = server.publish("talk", 2, &media.files(&["blue.ivf", "loud.opus"]));
    let api = server.api();
    let transcoding = json!({"width": WIDTH, "height": HEIGHT, "fps": 15, "bitrate": 600,
        "layout": {"name": "layout-speaker"}});
    let recording =
        api.record("talk", &json!({"recordingConfig": {"transcodingConfig": transcoding}}));
    eventually("the first slice", Duration::from_secs(30), || {
        (api.query(&recording).json()["serverResponse"]["status"] == 5).then_some(())
    });
    std::thread::sleep(Duration::from_secs(5));
    loud.terminate(Duration::from_secs(10));
    let _presenter =
        server.publish("talk", 3, &media.files(&["blue.ivf", "green.ivf", "quiet.opus"]));
    let options = json!({"labels": {"names": {"1": "Ann"}, "size": 0.1},
        "watermark": {"image": "logo", "size": 0.2, "opacity": 1, "corner": "bottom-left"}});
    let answer = api.update_layout(
        &recording,
        &json!({"layout": {"name": "layout-presentation", "options": options}}),
    );
    assert_eq!(answer.status, 200, "{}", answer.text());
    std::thread::sleep(Duration::from_secs(5));
    let stopped = api.stop(&recording);
    assert_eq!(stopped.status, 200, "{}", stopped.text());

    let file = server.recordings().join(format!("{}_talk.m3u8", recording.sid));
    judge::decodes_cleanly(&file);
    let pictures = judge::rgb(&file, WIDTH, HEIGHT);
    let speaking = pictures.iter().filter(|picture| {
        at(picture, 0.4, 0.5) == Some("blue") && at(picture, 0.9, 0.1) == Some("red")
    });
    assert!(speaking.count() > 30, "who speaks is large, though the other joined first");
    let last = pictures.last().unwrap();
    let probe = |x, y| at(last, x, y);
    assert_eq!(probe(0.4, 0.5), Some("green"), "the screen is large");
    assert_eq!(probe(0.4, 0.03), Some("black"), "and whole: bars above and below");
    assert_eq!((probe(0.85, 0.05), probe(0.85, 0.3)), (Some("red"), Some("blue")), "cameras");
    assert_eq!(probe(0.11, 0.88), Some("magenta"), "the watermark");
    let name = bright(last, [0.8, 0.15, 0.1, 0.1]);
    assert!(name > 30, "the name is written over its region: {name} bright pixels");
    assert_eq!(bright(last, [0.8, 0.0, 0.1, 0.1]), 0, "and nowhere else in it");
    every_webhook_is_signed_and_in_order(&receiver, &recording.sid);
}

fn every_webhook_is_signed_and_in_order(receiver: &Receiver, sid: &str) {
    let kind = |callback: &Callback| callback.body["type"].as_str().unwrap_or_default().to_owned();
    let is_exit = |callback: &Callback| kind(callback) == "recording.session_exit";
    let callbacks = receiver.wait_until("the exit", Duration::from_secs(20), is_exit);
    let key = STANDARD.decode(SECRET).unwrap();
    for (number, callback) in callbacks.iter().enumerate() {
        let (id, at) = (callback.header("webhook-id"), callback.header("webhook-timestamp"));
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("any key length");
        mac.update(format!("{id}.{at}.").as_bytes());
        mac.update(&callback.raw);
        let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        assert_eq!(callback.header("webhook-signature"), expected);
        assert_eq!(callback.body["data"]["sequence"], number, "{}", callback.body);
        assert_eq!(callback.body["data"]["sid"], sid);
    }
    assert_eq!(kind(&callbacks[0]), "recording.recorder_started");
}

#[test]
fn pictures_come_from_the_web_or_are_missed_with_a_warning() {
    let _turn = real_time_turn();
    let media = Media::make();
    let web = serve(media.path("blue.jpg"));
    let receiver = Receiver::start();
    let server = Server::start(&Setup {
        sections: format!("{}[image_urls]\nallow_private = [\"127.0.0.1\"]\n", media.sections()),
        app: format!(
            "[apps.callback]\nplugin = \"callback-agora\"\nurl = \"{}\"\n",
            receiver.url()
        ),
        ..Setup::default()
    });
    let _voice = server.publish("hall", 1, &media.files(&["quiet.opus"]));
    let api = server.api();
    let region = json!([{"uid": "1", "x_axis": 0, "y_axis": 0, "width": 0.5, "height": 1}]);
    let transcoding = json!({"width": WIDTH, "height": HEIGHT, "fps": 15, "bitrate": 600,
        "mixedVideoLayout": 3, "layoutConfig": region, "defaultUserBackgroundImage": "logo",
        "backgroundImage": format!("{web}/wall.jpg?token=secret")});
    let recording =
        api.record("hall", &json!({"recordingConfig": {"transcodingConfig": transcoding}}));
    eventually("the first slice", Duration::from_secs(30), || {
        (api.query(&recording).json()["serverResponse"]["status"] == 5).then_some(())
    });
    std::thread::sleep(Duration::from_secs(3));
    let missing = json!({"mixedVideoLayout": 3, "layoutConfig": region,
        "backgroundColor": "#00ff00", "backgroundImage": format!("{web}/missing.jpg?token=secret")});
    assert_eq!(api.update_layout(&recording, &missing).status, 200);
    let told = receiver.wait_for(2, Duration::from_secs(30));
    let warning = told.iter().find(|callback| callback.event() == 2).unwrap();
    let details = warning.body["payload"]["details"].to_string();
    assert!(details.contains("missing.jpg") && details.contains("404"), "{details}");
    assert!(!details.contains("secret"), "{details}");
    std::thread::sleep(Duration::from_secs(2));
    let unknown = json!({"backgroundImage": "nobody-configured-it"});
    let refused: Value = api.update_layout(&recording, &unknown).json();
    assert!(refused["reason"].as_str().unwrap().contains("nobody-configured-it"), "{refused}");
    let stopped = api.stop(&recording);
    assert_eq!(stopped.status, 200, "{}", stopped.text());

    let file = server.recordings().join(format!("{}_hall.m3u8", recording.sid));
    let pictures = judge::rgb(&file, WIDTH, HEIGHT);
    let seen = |wanted: [&str; 2]| {
        let both = |picture: &[u8]| [at(picture, 0.25, 0.5), at(picture, 0.75, 0.5)];
        pictures.iter().filter(|picture| both(picture) == wanted.map(Some)).count()
    };
    let walled = seen(["magenta", "blue"]);
    assert!(walled > 20, "the stand-in and the wall are seen in {walled} pictures");
    let last = pictures.last().unwrap();
    assert_eq!(at(last, 0.75, 0.5), Some("green"), "the colour stays where no picture came");
}

/// Files that publishers send and servers show, made by ffmpeg.
struct Media(tempfile::TempDir);

impl Media {
    fn make() -> Self {
        let media = Self(tempfile::tempdir().unwrap());
        for (name, colour, size) in [
            ("red.ivf", "red", "320x180"),
            ("blue.ivf", "blue", "320x180"),
            ("green.ivf", "lime", "640x360"),
            ("logo.png", "magenta", "64x64"),
            ("blue.jpg", "blue", "320x180"),
        ] {
            let input = format!("color=c={colour}:size={size}:rate=15");
            let output: &[&str] = match name.rsplit('.').next() {
                Some("ivf") => &["-t", "2", "-c:v", "libvpx", "-b:v", "200k"],
                _ => &["-frames:v", "1"],
            };
            media.ffmpeg(&input, output, name);
        }
        for (name, input) in [("quiet.opus", "anullsrc"), ("loud.opus", "sine=frequency=440")] {
            let input = format!("{input}:sample_rate=48000").replacen("anullsrc:", "anullsrc=", 1);
            media.ffmpeg(&input, &["-t", "2", "-c:a", "libopus", "-b:a", "48k"], name);
        }
        media
    }

    fn ffmpeg(&self, input: &str, output: &[&str], name: &str) {
        let mut command = Command::new("ffmpeg");
        command.args(["-v", "error", "-f", "lavfi", "-i", input]).args(output);
        let made = command.arg(self.path(name)).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The arguments of a publisher of these files.
    fn files(&self, names: &[&str]) -> Vec<String> {
        let argument = |name: &&str| ["--file".to_owned(), self.path(name).display().to_string()];
        names.iter().flat_map(argument).collect()
    }

    /// Sections of a configuration with an image and callbacks on loopback.
    fn sections(&self) -> String {
        format!(
            "[images]\nlogo = \"{}\"\n[plugins]\nfolders = [\"PLUGINS\"]\nallow_private = \
             [\"127.0.0.1\"]\n",
            self.path("logo.png").display()
        )
    }
}

/// A web server with one picture, `/wall.jpg`; it ends with the test process.
fn serve(picture: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 2_048];
            let length = stream.read(&mut request).unwrap();
            let found = request[..length].starts_with(b"GET /wall.jpg?");
            let body = if found { std::fs::read(Path::new(&picture)).unwrap() } else { vec![] };
            let status = if found { "200 OK" } else { "404 Not Found" };
            let head = format!(
                "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(&[head.as_bytes(), &body].concat());
        }
    });
    format!("http://127.0.0.1:{port}")
}

/// The colour around a point, by its mean over 9x9 pixels; `None` if it is none of ours.
fn at(rgb: &[u8], x: f64, y: f64) -> Option<&'static str> {
    let (x, y) = ((x * WIDTH as f64) as usize, (y * HEIGHT as f64) as usize);
    let mut sums = [0_u32; 3];
    for (row, column) in (y - 4..=y + 4).flat_map(|row| (x - 4..=x + 4).map(move |x| (row, x))) {
        let place = (row * WIDTH + column) * 3;
        sums.iter_mut()
            .zip(&rgb[place..place + 3])
            .for_each(|(sum, &cell)| *sum += u32::from(cell));
    }
    let high = sums.map(|sum| match sum / 81 {
        0..60 => Some(false),
        180.. => Some(true),
        _ => None,
    });
    match high {
        [Some(true), Some(false), Some(false)] => Some("red"),
        [Some(false), Some(true), Some(false)] => Some("green"),
        [Some(false), Some(false), Some(true)] => Some("blue"),
        [Some(true), Some(false), Some(true)] => Some("magenta"),
        [Some(false), Some(false), Some(false)] => Some("black"),
        _ => None,
    }
}

/// How many pixels of an area (fractions) are nearly white.
fn bright(rgb: &[u8], [x, y, width, height]: [f64; 4]) -> usize {
    let range = |start: f64, length: f64, side: usize| {
        (start * side as f64) as usize..((start + length) * side as f64) as usize
    };
    let columns = range(x, width, WIDTH);
    let rows = range(y, height, HEIGHT);
    let pixels = rows.flat_map(|row| columns.clone().map(move |column| (row * WIDTH + column) * 3));
    pixels.filter(|&place| rgb[place..place + 3].iter().all(|&cell| cell > 150)).count()
}
