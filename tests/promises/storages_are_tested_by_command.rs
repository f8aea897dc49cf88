//! `capstan storage test` says whether a bucket takes recordings, and in words what is wrong if not.

use std::process::Command;

use harness::process::capstan;
use harness::root;
use harness::vendors::{ALL, Vendors};
use serde_json::json;

/// What the command prints, and whether it succeeds.
fn test(vendors: &Vendors, changes: &[(&str, &str)]) -> (bool, String) {
    let [s3, ..] = ALL;
    let (url, folder) = (vendors.url("s3"), tempfile::tempdir().unwrap());
    let plugins = root().join("plugins/built");
    // The server's own store: a bucket, for tests that want one.
    let own = changes.iter().find(|(name, _)| *name == "own").map_or("store", |(_, own)| own);
    let options = format!(
        "{{ aws_endpoint = \"{url}\", aws_allow_http = \"true\", aws_region = \"us-east-1\", \
         aws_access_key_id = \"{}\", aws_secret_access_key = \"{}\" }}",
        s3.access_key(),
        s3.secret()
    );
    let config = format!(
        "[recording]\nwork_dir = \"work\"\nstate_dir = \"state\"\n[storage]\nstore = \"{own}\"\n\
         options = {options}\n[plugins]\nfolders = [\"{}\"]\n",
        plugins.display()
    );
    std::fs::write(folder.path().join("capstan.toml"), config).unwrap();
    let mut arguments = vec![
        ("--config", "capstan.toml"),
        ("--vendor", "11"),
        ("--bucket", s3.bucket),
        ("--region", "0"),
        ("--access-key", s3.access_key()),
        ("--endpoint", url.as_str()),
        ("--prefix", "probe"),
    ];
    let mut secret = s3.secret();
    for (name, value) in changes {
        match arguments.iter_mut().find(|(given, _)| given == name) {
            Some(given) => given.1 = value,
            None if *name == "secret" => secret = value,
            None if *name == "own" => {}
            None => arguments.push((name, value)),
        }
    }
    let output = Command::new(capstan())
        .args(["storage", "test"])
        .args(arguments.iter().flat_map(|(name, value)| [name, value]))
        .env("CAPSTAN_SECRET_KEY", secret)
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains(secret), "{said}");
    (output.status.success(), said)
}

#[test]
fn a_bucket_that_takes_recordings_is_said_to_work() {
    let vendors = Vendors::start();
    let (works, said) = test(&vendors, &[]);
    assert!(works && said.contains("The storage works."), "{said}");
    assert!(said.contains("remains   plugins can't remove objects"), "{said}");
    assert!(said.contains("allow_private"), "a private endpoint needs a grant: {said}");
    let objects = vendors.objects();
    let key = objects[0]["key"].as_str().unwrap();
    assert!(key.starts_with("probe/capstan-probe-") && said.contains(key), "{said}");
    let (works, said) = test(&vendors, &[("--vendor", "store")]);
    assert!(works && said.contains("removed   the probe object is gone"), "{said}");
}

#[test]
fn what_is_wrong_is_explained_in_the_vendors_words_and_in_ours() {
    let vendors = Vendors::start();
    for (changes, words, advice) in [
        (vec![("secret", "wrong-one")], "SignatureDoesNotMatch", "copy both again"),
        (vec![("--bucket", "nowhere")], "NoSuchBucket", "compare --bucket and --region"),
        (vec![("--bucket", "rec-full")], "QuotaExceeded", "in arrears"),
        (vec![("--region", "us-west-1"), ("--bucket", "rec-eu")], "eu-west-1", "change --region"),
        (vec![("--vendor", "s4")], "no vendor s4", "11 (s3-compatible)"),
    ] {
        let (works, said) = test(&vendors, &changes);
        assert!(!works && said.contains(words) && said.contains(advice), "{changes:?}: {said}");
    }
    vendors.order(&json!([{"kind": "unavailable"}]));
    let (works, said) = test(&vendors, &[]);
    assert!(!works && said.contains("ServiceUnavailable") && said.contains("try again"), "{said}");
}

#[test]
fn an_own_bucket_that_loses_an_answer_is_looked_at_before_it_is_blamed() {
    let vendors = Vendors::start();
    let [s3, ..] = ALL;
    let own = format!("s3://{}/own", s3.bucket);
    let large = [("--vendor", "store"), ("own", own.as_str()), ("--size", "9000000")];
    // It has the object, its answer is lost, and when it is asked again it knows of no such upload.
    vendors.order(&json!([{"kind": "forget_after", "op": "complete", "count": 1}]));
    let (works, said) = test(&vendors, &large);
    assert!(works, "{said}");
    assert_eq!(vendors.stats()["stats"]["s3"]["stored"], 1);
    assert_eq!(vendors.stats()["faults"], json!([]), "the fault hit");
    let log = vendors.log();
    let begun = log.iter().find(|seen| seen["op"] == "init").unwrap();
    let kept = begun["headers"].as_object().unwrap();
    let kept = kept.iter().find(|(name, _)| name.eq_ignore_ascii_case("cache-control")).unwrap().1;
    assert_eq!(kept, "max-age=31536000, immutable");
    // It has nothing: that is no missing bucket either, and may be tried again.
    vendors.reset();
    vendors.order(&json!([{"kind": "no_upload", "op": "complete", "count": 1}]));
    let (works, said) = test(&vendors, &large);
    assert!(!works && said.contains("has forgotten the upload"), "{said}");
    assert!(!said.contains("no-bucket"), "{said}");
    // A bucket that isn't there is told as such.
    let nowhere = [("--vendor", "store"), ("own", "s3://nowhere/own"), ("--size", "9000000")];
    let (works, said) = test(&vendors, &nowhere);
    assert!(!works && said.contains("no-bucket"), "{said}");
}
