//! Whole uploads to every vendor by a real outbox through the real plugins: the vendors' own SDKs check
//! each signature, whatever goes wrong for a while is survived, and what the vendor refuses is told at
//! once in its words.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use capstan_outbox::ShippedFile;
use capstan_outbox::outcome::Delivered;
use capstan_plugin::PluginHost;
use harness::process::eventually;
use harness::shipping::{Dock, file, hasty, plugins, target};
use harness::vendors::{ALL, PART, Vendor, Vendors};
use serde_json::{Value, json};

const SMALL: usize = 100_000;
/// Two parts.
const LARGE: usize = PART + 77_777;
const WITHIN: Duration = Duration::from_secs(90);

/// One sandbox for all: compiling takes most of its start.
static PLUGINS: LazyLock<Arc<PluginHost>> = LazyLock::new(plugins);

/// A folder, an outbox in it, and the vendors.
struct Scene {
    vendors: Vendors,
    folder: tempfile::TempDir,
    dock: Option<Dock>,
}

impl Scene {
    fn new() -> Self {
        let mut scene =
            Self { vendors: Vendors::start(), folder: tempfile::tempdir().unwrap(), dock: None };
        scene.open();
        scene
    }

    fn open(&mut self) {
        let settings = capstan_outbox::OutboxSettings { concurrency: 12, ..hasty() };
        self.dock = Some(Dock::open(self.folder.path(), settings, PLUGINS.clone()));
    }

    fn dock(&self) -> &Dock {
        self.dock.as_ref().unwrap()
    }

    /// Files of these keys and sizes.
    fn files(&self, wanted: &[(String, usize)]) -> Vec<(ShippedFile, Vec<u8>)> {
        let make = |(seed, (key, size)): (usize, &(String, usize))| {
            file(self.folder.path(), key, seed as u64 + 1, *size)
        };
        wanted.iter().enumerate().map(make).collect()
    }

    /// Ships files to a vendor's bucket and waits for the end.
    fn ship(&self, vendor: &Vendor, changes: &Value, wanted: &[(String, usize)]) -> Delivered {
        let config = vendor.config_with(&self.vendors.url(vendor.name), changes);
        let files = self.files(wanted).into_iter().map(|(file, _)| file).collect();
        let sid = format!("{}-{}", vendor.name, self.dock().ear.heard().len());
        self.dock().ship(&sid, self.folder.path(), &target(vendor.plugin, &config), files);
        self.dock().end_of(&sid, WITHIN).delivered
    }

    /// Every file is in the vendor's bucket, byte for byte, and nothing is half done there.
    fn all_arrived(&self, vendor: &Vendor, wanted: &[(String, usize)]) {
        self.arrived(vendor, wanted);
        assert_eq!(self.vendors.half_done(), 0, "no parts are left behind");
    }

    fn arrived(&self, vendor: &Vendor, wanted: &[(String, usize)]) {
        for (file, bytes) in self.files(wanted) {
            let there = self.vendors.object(vendor.name, vendor.bucket, &file.key);
            assert!(there.as_ref() == Some(&bytes), "{}: {}", vendor.name, file.key);
        }
        let objects = self.vendors.objects();
        let ours = objects.iter().filter(|object| object["vendor"] == vendor.name);
        for object in ours {
            let is_playlist = object["key"].as_str().unwrap().ends_with(".m3u8");
            let (kind, kept) = if is_playlist {
                ("application/vnd.apple.mpegurl", "no-cache")
            } else {
                ("video/mp4", "max-age=31536000, immutable")
            };
            assert_eq!(object["content_type"], kind, "{object}");
            assert_eq!(object["headers"]["cache-control"], kept, "{object}");
        }
        let stats = self.vendors.stats();
        assert_eq!(stats["stats"][vendor.name]["sig_bad"], 0, "every signature is the SDK's");
    }
}

#[test]
fn small_and_large_files_arrive_under_any_key() {
    let scene = Scene::new();
    for vendor in ALL {
        let wanted = [
            ("a/b/sid_room_0.m4s".to_owned(), SMALL),
            ("录制 文件/A+B&c=d~(1) é'*!@$,;:.m4s".to_owned(), SMALL),
            ("录制 文件/parts & more (2).m4s".to_owned(), LARGE),
            ("empty".to_owned(), 0),
            ("a/b/sid_room.m3u8".to_owned(), 1_000),
            ("a/b/sid_day.m3u8".to_owned(), LARGE),
        ];
        assert_eq!(scene.ship(&vendor, &json!({}), &wanted), Delivered::Uploaded);
        scene.all_arrived(&vendor, &wanted);
    }
}

#[test]
fn temporary_credentials_go_with_their_token() {
    let scene = Scene::new();
    for vendor in ALL {
        let Some(mut temporary) = vendor.temporary() else { continue };
        let wanted = [("sts/a.m4s".to_owned(), SMALL), ("sts/b.m4s".to_owned(), LARGE)];
        assert_eq!(scene.ship(&vendor, &temporary, &wanted), Delivered::Uploaded);
        scene.all_arrived(&vendor, &wanted);
        temporary["stsToken"] = "of-somebody-else".into();
        assert_eq!(scene.ship(&vendor, &temporary, &wanted), Delivered::Parked, "{}", vendor.name);
    }
    let errors = scene.dock().ear.details("cloud_recording_error");
    let told: Vec<&str> = errors.iter().filter_map(|error| error["errorMsg"].as_str()).collect();
    assert!(told.iter().all(|said| !said.contains("of-somebody-else")), "{told:?}");
    assert!(told.iter().any(|said| said.contains("bad-credentials")), "{told:?}");
}

/// What may go wrong for a while with a file in one request. Each hits its own file once.
fn passing_faults(elsewhere: &str) -> Vec<Value> {
    vec![
        json!({"kind": "throttle", "retry_after": 1}),
        json!({"kind": "internal"}),
        json!({"kind": "unavailable"}),
        json!({"kind": "status", "status": 502, "code": "BadGateway"}),
        json!({"kind": "redirect", "location": elsewhere}),
        json!({"kind": "reset_before"}),
        json!({"kind": "reset_mid_body", "after_bytes": 1_000}),
        json!({"kind": "reset_after"}),
        json!({"kind": "truncated_response"}),
        json!({"kind": "close_after"}),
        json!({"kind": "slow_response", "delay_ms": 700}),
        json!({"kind": "slow_read", "bytes_per_s": 200_000}),
        json!({"kind": "hang", "delay_ms": 20_000}),
        json!({"kind": "wrong_etag"}),
        json!({"kind": "wrong_crc"}),
    ]
}

/// The same for the requests of an upload in parts.
fn passing_faults_of_parts() -> Vec<Value> {
    vec![
        json!({"op": "init", "kind": "internal"}),
        json!({"op": "init", "kind": "reset_after"}),
        json!({"op": "init", "kind": "garbage_body"}),
        json!({"op": "part", "kind": "throttle"}),
        json!({"op": "part", "kind": "reset_mid_body", "after_bytes": 100_000}),
        json!({"op": "part", "kind": "wrong_etag"}),
        json!({"op": "complete", "kind": "internal"}),
        json!({"op": "complete", "kind": "reset_after"}),
        json!({"op": "complete", "kind": "forget_after"}),
        json!({"op": "complete", "kind": "wrong_etag"}),
        json!({"op": "complete", "kind": "complete_200_error"}),
    ]
}

/// Kodo answers an end with JSON and its own status: a 200 never hides an error.
fn fits(vendor: &Vendor, fault: &Value) -> bool {
    vendor.name != "qiniu" || fault["kind"] != "complete_200_error"
}

#[test]
fn whatever_goes_wrong_for_a_while_is_survived() {
    let scene = Scene::new();
    for vendor in ALL {
        let elsewhere = scene.vendors.url("auto");
        let small =
            passing_faults(&format!("{elsewhere}/elsewhere")).into_iter().map(|f| (f, SMALL));
        let large = passing_faults_of_parts().into_iter().map(|fault| (fault, LARGE));
        let (mut faults, mut wanted) = (Vec::new(), Vec::new());
        for (mut fault, size) in small.chain(large).filter(|(fault, _)| fits(&vendor, fault)) {
            let op = fault["op"].as_str().unwrap_or("whole");
            let key = format!("{op}/{}.m4s", fault["kind"].as_str().unwrap());
            fault["key"] = key.clone().into();
            fault["vendor"] = vendor.name.into();
            fault["count"] = 1.into();
            faults.push(fault);
            wanted.push((key, size));
        }
        scene.vendors.reset();
        scene.vendors.order(&json!(faults));
        assert_eq!(scene.ship(&vendor, &json!({}), &wanted), Delivered::Uploaded);
        let left = scene.vendors.stats()["faults"].clone();
        assert_eq!(left, json!([]), "{}: every fault hit its file", vendor.name);
        scene.arrived(&vendor, &wanted);
        // Uploads whose id was lost with the answer: nobody can name them.
        assert!(scene.vendors.half_done() <= 2, "{}: parts are left behind", vendor.name);
        let log = scene.vendors.log();
        let followed =
            log.iter().any(|seen| seen["target"].as_str().unwrap().contains("elsewhere"));
        assert!(!followed, "{}: nobody follows a redirect", vendor.name);
    }
    let errors = scene.dock().ear.details("cloud_recording_error");
    assert!(errors.is_empty(), "{errors:?}");
}

/// Refusals: what is wrong with the configuration, or which fault every request meets; the class in
/// Capstan's words; some of the vendor's own.
fn refusals(vendor: &Vendor) -> Vec<(&'static str, Value, Option<&'static str>, &'static str)> {
    vec![
        ("a wrong secret", json!({"secretKey": "another"}), None, "bad-credentials"),
        ("an unknown key", json!({"accessKey": "AKunknown"}), None, "bad-credentials"),
        ("no bucket", json!({"bucket": "nowhere"}), None, "no-bucket"),
        ("a key that may not write", vendor.read_only(), None, "denied"),
        ("a bucket without room", json!({"bucket": vendor.full}), None, "quota"),
        ("a wrong region", json!({}), Some("wrong_region"), wrong_region(vendor)),
        ("a wrong clock", json!({}), Some("skew"), "clock-skew"),
    ]
}

/// At Tencent the region is in the host, where there is no such bucket.
fn wrong_region(vendor: &Vendor) -> &'static str {
    if vendor.name == "tencent" { "no-bucket" } else { "wrong-region" }
}

#[test]
fn what_a_vendor_refuses_is_told_at_once_in_its_words_and_not_tried_blindly() {
    let scene = Scene::new();
    for vendor in ALL {
        for (what, changes, fault, class) in refusals(&vendor) {
            let what = format!("{}: {what}", vendor.name);
            scene.vendors.reset();
            if let Some(kind) = fault {
                scene.vendors.order(&json!([{"kind": kind, "vendor": vendor.name}]));
            }
            let before = scene.dock().ear.details("cloud_recording_error").len();
            let wanted = [(format!("{class}/k.m4s"), SMALL)];
            assert_eq!(scene.ship(&vendor, &changes, &wanted), Delivered::Parked, "{what}");
            let errors = scene.dock().ear.details("cloud_recording_error");
            let first = &errors[before];
            assert_eq!((&first["module"], &first["errorCode"]), (&json!(1), &json!(32)), "{what}");
            let said = first["errorMsg"].as_str().unwrap();
            assert!(said.contains(&format!("refused: {class}: ")), "{what}: {said}");
            let log = scene.vendors.log();
            let statuses: Vec<u64> =
                log.iter().filter_map(|seen| seen["status"].as_u64()).collect();
            assert!((1..=4).contains(&statuses.len()), "{what}: {statuses:?}");
            let words = words_of(&vendor, class);
            assert!(words.iter().any(|words| said.contains(words)), "{what}: {said}");
            for secret in [vendor.secret(), "readonlysecret", "another"] {
                assert!(!said.contains(secret), "{what}: {said}");
            }
            assert!(scene.vendors.objects().is_empty(), "{what}");
        }
    }
}

/// The vendor's own words for a class of refusals: one of these.
fn words_of(vendor: &Vendor, class: &str) -> &'static [&'static str] {
    match (vendor.name, class) {
        ("qiniu", "bad-credentials") => &["bad token"],
        ("qiniu", "no-bucket") => &["no such bucket"],
        ("qiniu", "denied") => &["permission denied"],
        ("qiniu", "quota") => &["account is frozen"],
        ("qiniu", "wrong-region") => &["incorrect region"],
        ("qiniu", _) => &["expired token"],
        (_, "bad-credentials") => &["SignatureDoesNotMatch", "InvalidAccessKeyId"],
        (_, "no-bucket") => &["NoSuchBucket"],
        (_, "denied") => &["AccessDenied"],
        (_, "clock-skew") => &["RequestTimeTooSkewed"],
        (_, "wrong-region") => &["the region is wrong", "using the specified endpoint"],
        ("s3", "quota") => &["QuotaExceeded"],
        ("aliyun", "quota") => &["UserDisable"],
        ("tencent", "quota") => &["Account is in arrears"],
        (_, _) => &["OperationDenied"],
    }
}

#[test]
fn an_upload_in_parts_goes_on_after_the_process_died() {
    let mut scene = Scene::new();
    for vendor in ALL {
        scene.vendors.reset();
        let key = "half/done.m4s".to_owned();
        // One after the other, and the third gets no answer.
        let third = json!([{"vendor": vendor.name, "op": "part", "skip": 2, "count": 1,
            "kind": "hang", "delay_ms": 20_000}]);
        scene.vendors.order(&third);
        let url = scene.vendors.url(vendor.name);
        let config = vendor.config_with(&url, &json!({"parallel": 1}));
        let wanted = [(key.clone(), 3 * PART + 5)];
        let files = scene.files(&wanted).into_iter().map(|(file, _)| file).collect();
        let target = target(vendor.plugin, &config);
        scene.dock().ship(vendor.name, scene.folder.path(), &target, files);
        eventually("the third part is on its way", WITHIN, || {
            let parts = &scene.vendors.stats()["stats"][vendor.name]["by_op"]["part"];
            (*parts == 3).then_some(())
        });
        scene.dock.take().unwrap().die();
        scene.open();
        let outcome = scene.dock().end_of(vendor.name, WITHIN);
        assert_eq!(outcome.delivered, Delivered::Uploaded);
        scene.all_arrived(&vendor, &wanted);
        let log = scene.vendors.log();
        let sent = |op: &str| log.iter().filter(|seen| seen["op"] == op).count();
        assert_eq!(sent("init"), 1, "{}: it went on", vendor.name);
        assert!(sent("part") <= 5, "{}: two parts weren't sent again", vendor.name);
    }
}
