//! Plugins that loop, hoard, crash, lie and reach where they must not, each with its promised outcome,
//! while four recordings go on undisturbed: no picture dropped, no sound late.
//!
//! A machine that is too slow or too busy by itself can't tell. So the four are watched without guests
//! first and afterwards too, and what other programs compute is watched all the time: a disturbance is
//! laid to the guests if the others left enough of the machine just then.

mod others;
mod watched;

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

use harness::process::eventually;
use harness::receiver::Receiver;
use harness::server::{Server, Setup};
use harness::{root, whole_machine};
use serde_json::{Value, json};

use self::others::Others;
use self::watched::Watched;

/// How long the four are watched without guests, before and after.
const CONTROL: Duration = Duration::from_secs(6);
/// How long a guest may take until its outcome shows.
const OUTCOME: Duration = Duration::from_secs(40);
/// The three numbers of `mixedVideoLayout` that guests serve, and their plugins; 1 is the four's.
const SLOTS: [(u64, &str); 3] = [(0, "rogue-a"), (2, "rogue-b"), (3, "rogue-c")];

const LOG_FLOOD: u32 = 9;

/// What a layout does, as `guests::rogue` numbers it, and the fault that is counted for it.
const WAYS: [(u32, Option<&str>); 10] = [
    (1, Some("out_of_time")),
    (2, None),
    (3, Some("out_of_memory")),
    (4, Some("trapped")),
    (5, Some("trapped")),
    (6, Some("bad_answer")),
    (7, Some("bad_answer")),
    (8, Some("bad_answer")),
    (LOG_FLOOD, None),
    (10, Some("bad_answer")),
];

#[test]
fn four_recordings_go_on_beside_them() {
    let _turn = whole_machine();
    // Nobody may ever connect here.
    let forbidden = TcpListener::bind("127.0.0.1:0").unwrap();
    forbidden.set_nonblocking(true).unwrap();
    let receiver = Receiver::start();
    let world = World::start(forbidden.local_addr().unwrap().port(), &receiver);
    let four = Watched::start(&world.server);
    let others = Others::watch(&four);

    std::thread::sleep(CONTROL);
    let guests_come = four.now();
    let kept = std::thread::scope(|scope| {
        let files = scope.spawn(|| world.files_that_are_refused());
        let layouts = scope.spawn(|| world.layouts_that_fault());
        world.storages_that_reach_out();
        files.join().is_ok() && layouts.join().is_ok()
    });
    assert!(kept, "each guest has its outcome");
    let guests_go = four.now();
    std::thread::sleep(CONTROL);

    let others = others.end();
    let troubles = four.stop();
    let (judged, excused): (Vec<_>, Vec<_>) =
        troubles.into_iter().partition(|(at, _)| others.quiet(*at));
    let within = |at: &f64| (guests_come..guests_go).contains(at);
    let (beside, alone): (Vec<_>, Vec<_>) = judged.into_iter().partition(|(at, _)| within(at));
    println!(
        "others took {:.0} %; {:.0} % of {:.0} s with guests judged; excused: {excused:?}",
        others.mean(guests_come, guests_go) * 100.0,
        others.judged(guests_come, guests_go) * 100.0,
        guests_go - guests_come,
    );
    // A machine on which they stumble without guests as well is too slow.
    assert!(
        beside.is_empty() || !alone.is_empty(),
        "from {guests_come:.1} to {guests_go:.1} s: {beside:?}"
    );
    assert!(forbidden.accept().is_err(), "a guest reached a private address");
    let told = receiver.callbacks();
    let warned = |words: &str| {
        told.iter()
            .filter(|callback| callback.event() == 2)
            .any(|callback| callback.body["payload"]["details"].to_string().contains(words))
    };
    assert!(warned("rogue-a faulted (out_of_time)"), "{told:?}");
    assert!(warned("puts faulted ("), "{told:?}");
    let listed = world.server.api().get("/api/v1/plugins").unwrap().json();
    let plugins = listed["plugins"].as_array().unwrap();
    let puts = plugins.iter().find(|plugin| plugin["name"] == "puts").unwrap();
    assert!(puts["faults"]["bad_answer"].as_u64() >= Some(1), "{puts}");
    assert!(puts["benched"].as_u64() >= Some(1), "{puts}");
    assert!(puts["lastFault"]["detail"].as_str().is_some_and(|it| !it.is_empty()), "{puts}");
    assert_eq!(listed["refused"].as_array().map(Vec::len), Some(6), "{}", listed["refused"]);
    every_line_is_a_line(&world.server.log());
}

/// The server, and a folder where guests appear while it runs.
struct World {
    server: Server,
    folder: tempfile::TempDir,
}

impl World {
    fn start(forbidden: u16, receiver: &Receiver) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let vendor = |number: u32, mode: &str, host: &str, port: u16| {
            format!(
                "[storage.vendors.{number}]\nplugin = \"puts\"\n\
                 config = {{ mode = \"{mode}\", host = \"{host}\", port = \"{port}\" }}\n"
            )
        };
        let sections = [
            vendor(101, "whole", "ungranted.example", 80),
            vendor(102, "whole", "127.0.0.1", forbidden),
            vendor(103, "whole", "localhost", forbidden),
            vendor(104, "elsewhere", "granted.example", 80),
            vendor(105, "swells", "granted.example", 80),
            vendor(106, "burns", "granted.example", 80),
        ];
        let server = Server::start(&Setup {
            recording: "segment_seconds = 2\nmax_recordings = 16\n[recording.layouts]\n\
                        float = \"rogue-a\"\nvertical = \"rogue-b\"\ncustom = \"rogue-c\""
                .into(),
            sections: format!(
                "{}[plugins]\nfolders = [\"PLUGINS\", \"{}\"]\nreload_seconds = 1\n\
                 allow = [\"127.0.0.1\", \"localhost\", \"granted.example\"]\n\
                 allow_private = [\"127.0.0.1:{}\"]\n\
                 [plugins.budgets.puts]\nshare_percent = 5\n",
                sections.concat(),
                folder.path().display(),
                receiver.port(),
            ),
            app: format!("[apps.callback]\nurl = \"{}\"\nsecret = \"s\"\n", receiver.url()),
        });
        Self { server, folder }
    }

    /// Puts a whole file into the folder at once.
    fn put(&self, name: &str, bytes: &[u8]) {
        let fresh = self.folder.path().join(format!("{name}.new"));
        fs::write(&fresh, bytes).unwrap();
        fs::rename(&fresh, self.folder.path().join(name)).unwrap();
    }

    fn files_that_are_refused(&self) {
        let grid = guest("grid");
        let fifty = fs::File::create(self.folder.path().join("fifty.wasm")).unwrap();
        fifty.set_len(50 << 20).unwrap();
        let files = [
            ("world.wasm", guest("other_world"), "exports run"),
            ("version.wasm", guest("next_version"), "capstan:plugin@2.0.0"),
            ("misfit.wasm", guest("misfit"), "doesn't fit the contract"),
            ("truncated.wasm", grid[..grid.len() / 2].to_vec(), "damaged"),
            ("text.wasm", b"#!/bin/sh".to_vec(), "it is text"),
        ];
        for (name, bytes, _) in &files {
            self.put(name, bytes);
        }
        let words = files.iter().map(|(name, _, words)| (*name, *words));
        for (name, words) in words.chain([("fifty.wasm", "52428800 bytes")]) {
            eventually(&format!("{name} is refused"), OUTCOME, || {
                let log = self.server.log();
                let refused = |line: &&str| line.contains("refused") && line.contains(name);
                log.lines().find(refused).map(|line| assert!(line.contains(words), "{line}"))
            });
        }
    }

    /// Three at a time; each three come as new versions of their plugins, with a clean record.
    fn layouts_that_fault(&self) {
        for (round, ways) in WAYS.chunks(SLOTS.len()).enumerate() {
            for (_, plugin) in SLOTS {
                let file = plugin.replace('-', "_");
                self.put(&format!("{file}.wasm"), &marked(guest(&file), round));
            }
            for (_, plugin) in SLOTS {
                eventually(&format!("{plugin} is loaded"), OUTCOME, || {
                    let log = self.server.log();
                    let name = format!("\"plugin\":\"{plugin}\"");
                    let loads =
                        log.lines().filter(|line| line.contains("loaded") && line.contains(&name));
                    (loads.count() > round).then_some(())
                });
            }
            let jobs: Vec<_> = ways
                .iter()
                .zip(SLOTS)
                .enumerate()
                .map(|(at, ((way, fault), (slot, plugin)))| {
                    let seen = || self.outcome(plugin, *way, *fault);
                    let before = seen();
                    let session = self.record_with(at, slot, *way);
                    (session, plugin, *way, before)
                })
                .collect();
            for ((session, plugin, way, before), (_, fault)) in jobs.into_iter().zip(ways) {
                let shows = |enough: f64| {
                    eventually(&format!("outcome of way {way}"), OUTCOME, || {
                        (self.outcome(plugin, way, *fault) >= before + enough).then_some(())
                    });
                };
                // Once in the trial before the recording, once in it. What was dropped is counted
                // at the end of the second, or of the instance.
                if way != LOG_FLOOD {
                    shows(2.0);
                }
                session.stop(&self.server);
                shows(1.0);
            }
        }
    }

    /// The number that grows when a layout did what it was told.
    fn outcome(&self, plugin: &str, way: u32, fault: Option<&str>) -> f64 {
        let of = |rest: &str| format!("plugin=\"{plugin}\"{rest}");
        match (way, fault) {
            (_, Some(kind)) => {
                let labels = of(&format!(",kind=\"{kind}\""));
                self.server.metric("capstan_plugin_faults_total", &labels)
            }
            (LOG_FLOOD, None) => self.server.metric("capstan_plugin_log_dropped_total", &of("")),
            _ => self.server.metric("capstan_plugin_calls_total", &of(",call=\"arrange\"")),
        }
    }

    fn record_with(&self, room: usize, layout: u64, way: u32) -> Session {
        let mut mix = json!({"width": 160, "height": 90, "fps": 15, "bitrate": 100,
            "mixedVideoLayout": layout, "backgroundColor": format!("#{way:06x}")});
        if layout == 3 {
            mix["layoutConfig"] =
                json!([{"uid": "1", "x_axis": 0.0, "y_axis": 0.0, "width": 1.0, "height": 1.0}]);
        }
        let request = json!({"recordingConfig": {"transcodingConfig": mix}});
        Session::start(&self.server, room, 4_000_000_001, &request).unwrap()
    }

    fn storages_that_reach_out(&self) {
        self.put("puts.wasm", &guest("puts"));
        eventually("puts is loaded", OUTCOME, || {
            let log = self.server.log();
            log.lines().find(|line| line.contains("loaded") && line.contains("\"puts\"")).map(drop)
        });
        let start = |room: usize, vendor: u32| {
            let storage = json!({"vendor": vendor, "region": 0, "bucket": "b",
                "accessKey": "a", "secretKey": "s"});
            let mix = json!({"width": 160, "height": 90, "fps": 15, "bitrate": 100,
                "mixedVideoLayout": 1});
            let request = json!({"storageConfig": storage,
                "recordingConfig": {"transcodingConfig": mix}});
            Session::start(&self.server, room, 4_100_000_000 + u64::from(vendor), &request)
        };
        let faults = |kind: &str| {
            let labels = format!("plugin=\"puts\",kind=\"{kind}\"");
            self.server.metric("capstan_plugin_faults_total", &labels)
        };
        let refused = start(0, 101).unwrap_err();
        assert!(refused.contains("ungranted.example:80 is not granted"), "{refused}");
        let refused = start(0, 102).unwrap_err();
        assert!(refused.contains("leads to the private address 127.0.0.1"), "{refused}");
        assert!(faults("refused") >= 2.0);
        // First: the faults below bench the plugin. Its share is so small that a busy machine gives it more.
        let burning = start(0, 106).unwrap();
        eventually("a storage that only computes must wait", OUTCOME, || {
            let waited = "capstan_plugin_waited_seconds_count";
            (self.server.metric(waited, "plugin=\"puts\"") >= 1.0).then_some(())
        });
        burning.stop(&self.server);
        // Where a name leads shows as the first file is sent.
        let greedy = [start(1, 103).unwrap(), start(2, 104).unwrap(), start(3, 105).unwrap()];
        for (words, kind) in [
            ("localhost:", "refused"),
            ("elsewhere.example", "refused"),
            ("too much data", "bad_answer"),
        ] {
            eventually(words, OUTCOME, || {
                let log = self.server.log();
                let told = |line: &&str| line.contains("\"puts\"") && line.contains(kind);
                log.lines().filter(told).any(|line| line.contains(words)).then_some(())
            });
        }
        assert!(faults("refused") >= 4.0 && faults("bad_answer") >= 1.0);
        greedy.into_iter().for_each(|session| session.stop(&self.server));
    }
}

/// A recording beside the four, in one of their rooms.
#[derive(Debug)]
struct Session {
    room: String,
    uid: String,
    at: String,
}

impl Session {
    fn start(server: &Server, room: usize, uid: u64, request: &Value) -> Result<Self, String> {
        let (api, room, uid) = (server.api(), watched::room(room), uid.to_string());
        let body = json!({"cname": room, "uid": uid, "clientRequest": {}});
        let resource = api.post("acquire", &body).json()["resourceId"].as_str().unwrap().to_owned();
        let body = json!({"cname": room, "uid": uid, "clientRequest": request});
        let answer = api.post(&format!("resourceid/{resource}/mode/mix/start"), &body);
        let sid = answer.json()["sid"].as_str().map(str::to_owned).ok_or_else(|| answer.text())?;
        Ok(Self { room, uid, at: format!("resourceid/{resource}/sid/{sid}/mode/mix/stop") })
    }

    fn stop(self, server: &Server) {
        let request = json!({"cname": self.room, "uid": self.uid,
            "clientRequest": {"async_stop": true}});
        let answer = server.api().post(&self.at, &request);
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

fn guest(name: &str) -> Vec<u8> {
    let file: PathBuf = root().join(format!("tests/guests/built/{name}.wasm"));
    fs::read(&file).expect("built by `make guests`")
}

/// The same plugin with a section that says nothing: other bytes, so a new version to the host.
fn marked(mut component: Vec<u8>, number: usize) -> Vec<u8> {
    // Custom section: id 0, 3 bytes, a name of 1 byte, 1 byte of content.
    component.extend([0, 3, 1, b'v', u8::try_from(number).unwrap()]);
    component
}

/// A guest can't write lines of its own making into the log.
fn every_line_is_a_line(log: &str) {
    for line in log.lines().filter(|line| line.starts_with('{')) {
        assert!(serde_json::from_str::<Value>(line).is_ok(), "{line}");
        assert!(!line.contains('\u{1b}'), "{line:?}");
    }
    let forged = log.lines().filter(|line| line.starts_with("{\"level\""));
    assert_eq!(forged.count(), 0, "a guest's line looks like the server's");
}
