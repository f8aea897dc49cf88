//! A thousand uploads in flight at once through sandboxed plugins, a tenth of their requests going wrong:
//! every object arrives once, byte for byte, in bounded memory.
//!
//! It runs in a process of its own, so that the memory is that of the uploads.

use std::process::Command;
use std::time::{Duration, Instant};

use capstan_outbox::OutboxSettings;
use capstan_outbox::outcome::Delivered;
use harness::shipping::{Dock, file, hasty, plugins, target};
use harness::vendors::{ALL, Vendors};
use serde_json::{Value, json};

const UPLOADS: u64 = 1_000;
const SIZE: usize = 40_000;
/// What the process may take at its most, over what it takes with the plugins loaded.
const MOST_MIB: u64 = 400;
/// Says to the child that it is one.
const CHILD: &str = "CAPSTAN_THOUSAND_UPLOADS";

#[test]
fn every_object_arrives_once_whole_and_memory_is_bounded() {
    if std::env::var_os(CHILD).is_some() {
        return upload_them_all();
    }
    let name = "a_thousand_uploads_arrive::every_object_arrives_once_whole_and_memory_is_bounded";
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    println!("{said}");
}

fn upload_them_all() {
    let (vendors, plugins) = (Vendors::start(), plugins());
    let [s3, ..] = ALL;
    vendors.order(&json!(faults()));
    let folder = tempfile::tempdir().unwrap();
    let all = UPLOADS as usize;
    let settings = OutboxSettings { concurrency: all, most_uploads: all, ..hasty() };
    let before = resident("VmRSS");
    let dock = Dock::open(folder.path(), settings, plugins);
    let config = s3.config(&vendors.url("s3"));
    let made = (0..UPLOADS).map(|n| file(folder.path(), &format!("t/{n:04}.m4s"), n + 1, SIZE));
    let (files, bytes): (Vec<_>, Vec<_>) = made.unzip();
    let began = Instant::now();
    dock.ship("thousand", folder.path(), &target(s3.plugin, &config), files.clone());
    let outcome = dock.end_of("thousand", Duration::from_secs(150));
    let took = began.elapsed();
    assert_eq!(outcome.delivered, Delivered::Uploaded);
    let peak = resident("VmHWM").saturating_sub(before);
    for (file, bytes) in files.iter().zip(&bytes) {
        let there = vendors.object("s3", s3.bucket, &file.key);
        assert!(there.as_ref() == Some(bytes), "{}", file.key);
    }
    let stats = &vendors.stats()["stats"]["s3"];
    assert_eq!(stats["objects"], UPLOADS);
    assert!(stats["faults"].as_u64().unwrap() > UPLOADS / 20, "{stats}");
    assert_eq!(stats["sig_bad"], 0);
    // Once, except where the store did the work and its answer was lost.
    let again = stats["stored"].as_u64().unwrap() - UPLOADS;
    let lost = lost_answers(&vendors.log());
    assert!(again <= lost, "{again} objects were stored twice, {lost} answers were lost");
    println!(
        "{UPLOADS} uploads of {SIZE} bytes in {took:.1?} with {} faults: {peak} MiB at most",
        stats["faults"]
    );
    assert!(peak <= MOST_MIB, "{peak} MiB for {UPLOADS} uploads");
}

/// Each hits a request with a probability; together a tenth of them.
fn faults() -> Vec<Value> {
    ["internal", "throttle", "reset_before", "reset_after", "truncated_response"]
        .map(|kind| json!({"kind": kind, "p": 0.021, "vendor": "s3"}))
        .to_vec()
}

fn lost_answers(log: &[Value]) -> u64 {
    let lost = ["reset_after", "truncated_response"];
    let is_lost = |seen: &&Value| lost.iter().any(|kind| seen["fault"] == *kind);
    log.iter().filter(is_lost).count() as u64
}

/// A line of this process's memory in MiB.
fn resident(which: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(which)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() >> 10
}
