//! Each client's own tests against a real server with a real publisher: whole sessions in both modes, callbacks
//! received and verified by its example's server; and it has all that the server describes.

use std::fs;
use std::net::TcpListener;
use std::process::Command;

use harness::process::{Running, capstan, eventually};
use harness::server::{APP, Server, Setup};
use harness::{judge, real_time_turn, root};

/// Secrets of the two kinds of callbacks.
const AGORA: &str = "a secret of the promise";
const WEBHOOK: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[test]
fn in_java() {
    lives_its_life("java");
}

#[test]
fn in_cpp() {
    lives_its_life("cpp");
}

/// Runs the client's `build live`, and judges the files that it says it made.
fn lives_its_life(client: &str) {
    let folder = root().join("clients").join(client);
    let build = |what: &str| Command::new(folder.join("build")).arg(what).output().unwrap();
    let built = build("tests");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let _turn = real_time_turn();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = server(port);
    let codec = ["--codec", "h264", "--size", "320x180"];
    let _one = server.publish("clients", 7, &codec);
    let _two = publish_elsewhere(&server, &codec);
    let made = server.folder().join("made");
    let ran = Command::new(folder.join("build"))
        .arg("live")
        .env("CAPSTAN_URL", server.url())
        .env("CAPSTAN_CALLBACKS", port.to_string())
        .env("CAPSTAN_SECRET_AGORA", AGORA)
        .env("CAPSTAN_SECRET_WEBHOOK", WEBHOOK)
        .env("CAPSTAN_MADE", &made)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{said}\n{}", String::from_utf8_lossy(&ran.stderr));
    let made = fs::read_to_string(made).unwrap();
    let kinds = ["_clients.m3u8", ".mp4", "_e_audio.m3u8", "_e_video.m3u8"];
    for kind in kinds {
        assert!(made.lines().any(|key| key.ends_with(kind)), "no {kind} among {made}");
    }
    for key in made.lines() {
        judge::decodes_cleanly(&server.recordings().join(key));
    }
}

/// Two apps: one told of events as Agora does, one by Standard Webhooks.
fn server(port: u16) -> Server {
    Server::start(&Setup {
        recording: "segment_seconds = 2".into(),
        sections: "[recording.individual]\nslice_seconds = 2\n\
                   [plugins]\nfolders = [\"PLUGINS\"]\nallow_private = [\"127.0.0.1\"]\n\
                   [storage.vendors.77]\nname = \"own\"\nplugin = \"store\"\n"
            .into(),
        app: format!(
            "[apps.callback]\nplugin = \"callback-agora\"\n\
             url = \"http://127.0.0.1:{port}/agora\"\nsecret = \"{AGORA}\"\n\
             [[apps]]\nid = \"college\"\nkey = \"college\"\nsecret = \"college\"\n\
             requests_per_second = 1000\n\
             [apps.callback]\nplugin = \"callback-webhook\"\n\
             url = \"http://127.0.0.1:{port}/webhook\"\nsecret = \"{WEBHOOK}\"\n"
        ),
    })
}

/// A publisher in the second app.
fn publish_elsewhere(server: &Server, codec: &[&str]) -> Running {
    let url = server.whip_url("clients", 7).replace(&format!("/whip/{APP}/"), "/whip/college/");
    let mut command = Command::new(capstan());
    command.args(["publish", "--url", &url]).args(codec);
    let running =
        Running::start("publisher", &mut command, server.folder().join("publisher-college.log"));
    eventually("both publishers are there", std::time::Duration::from_secs(30), || {
        (server.metric("capstan_publishers", "") >= 2.0).then_some(())
    });
    running
}
