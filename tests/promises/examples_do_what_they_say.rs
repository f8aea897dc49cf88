//! What a newcomer walks through first works as it stands: the page publishes, the script records, the
//! configuration is taken.

use std::fs;
use std::process::{Command, Output};
use std::time::Duration;

use harness::browser::Browser;
use harness::process::{capstan, eventually};
use harness::server::{APP, Server, Setup};
use harness::{judge, real_time_turn, root};

use crate::common::green_share;

#[test]
fn the_page_publishes_and_the_script_records_it() {
    let _turn = real_time_turn();
    let server = Server::start(&Setup::default());
    let wrong = record(&server, "page", "wrong");
    assert!(!wrong.status.success());
    let said = String::from_utf8_lossy(&wrong.stderr);
    assert!(said.contains("Invalid authentication credentials"), "{said}");

    let query = format!("url={}&codec=VP9&go=1", server.whip_url("page", 7));
    let page = Browser::open("example.html", &query);
    eventually("the page's picture arrives", Duration::from_secs(30), || {
        (server.metric("capstan_publishers", "") >= 1.0).then_some(())
    });
    let recorded = record(&server, "page", APP);
    let said = String::from_utf8_lossy(&recorded.stdout);
    let why = String::from_utf8_lossy(&recorded.stderr);
    assert!(recorded.status.success(), "{said}{why}{}", page.log());
    assert!(said.contains("watch it: http://127.0.0.1:"), "{said}");
    assert!(said.contains("\"uploadingStatus\":\"uploaded\""), "{said}");
    let sid = said.strip_prefix("recording ").and_then(|rest| rest.split(' ').next()).unwrap();
    let file = server.recordings().join(format!("{sid}_page.m3u8"));
    judge::decodes_cleanly(&file);
    let pictures = judge::rgb(&file, 640, 360);
    let share = green_share(&pictures[pictures.len() / 2]);
    assert!(share > 0.5, "the fake camera's green fills {share:.2} of the picture");
}

#[test]
fn the_configuration_for_others_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let example = root().join("examples/03-into-your-bucket/capstan.toml");
    let text = fs::read_to_string(example).unwrap();
    let mut secrets = 0;
    for line in text.lines().filter(|line| line.contains("/run/secrets/")) {
        let name = line.split("/run/secrets/").nth(1).unwrap().trim_end_matches('"');
        fs::write(folder.path().join(name), "not-for-anybody\n").unwrap();
        secrets += 1;
    }
    assert_eq!(secrets, 4);
    let here = format!("{}/", folder.path().display());
    let text = text.replace("/run/secrets/", &here).replace("/var/", &here);
    fs::write(folder.path().join("capstan.toml"), text).unwrap();
    let checked = Command::new(capstan())
        .args(["check-config", "--config", "capstan.toml"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&checked.stdout);
    assert!(checked.status.success(), "{said}{}", String::from_utf8_lossy(&checked.stderr));
    assert!(said.contains("classroom") && !said.contains("not-for-anybody"), "{said}");
}

/// Runs the first example's script for six seconds.
fn record(server: &Server, room: &str, secret: &str) -> Output {
    Command::new(root().join("examples/01-record-a-room/record.sh"))
        .args([room, "6"])
        .env("CAPSTAN_URL", server.url())
        .env("CAPSTAN_APP", APP)
        .env("CAPSTAN_KEY", format!("{APP}:{secret}"))
        .output()
        .unwrap()
}
