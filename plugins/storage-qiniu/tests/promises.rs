//! The upload against Kodo in memory: what is sent arrives, and every bad answer ends as it must.

mod kodo;

use capstan_store_kit::Vendor;
use capstan_store_kit::uploader::FailureKind;
use capstan_store_trial::{Trial, classes, keeps_promises, refused, vendor};
use kodo::{Kodo, KodoShop};
use storage_qiniu::Qiniu;

const CONFIG: &str = r#"{"accessKey":"AK","secretKey":"hush","bucket":"rec","region":"z1"}"#;

keeps_promises!(shop KodoShop, CONFIG);

#[test]
fn a_form_says_all_that_kodo_should_know() {
    let mut trial = Trial::new(1000, Kodo::default());
    trial.upload::<Qiniu>(CONFIG).unwrap();
    let form = trial.server.fields.clone();
    assert_eq!(form["key"], "a b/é.m4s");
    assert_eq!(form["x-qn-meta-sid"], "abc");
    assert_eq!(form["x-qn-meta-!Cache-Control"], "max-age=31536000, immutable");
    assert_eq!(trial.server.media_type, "video/mp4");
    assert!(form.contains_key("crc32") && form["token"].starts_with("AK:"));
}

#[test]
fn parts_that_are_no_blocks_have_a_hash_of_their_own() {
    let blocks = r#"{"accessKey":"AK","secretKey":"hush","bucket":"rec","region":"z1",
        "multipart_threshold":5242880}"#;
    let mut trial = Trial::new(9 << 20, Kodo::default());
    let stored = trial.upload::<Qiniu>(blocks).unwrap();
    assert!(stored.etag.is_some_and(|hash| hash.starts_with('l')), "parts of one block");
    let others = blocks.replace('}', r#","part_size":6291456}"#);
    let stored = trial.upload::<Qiniu>(&others).unwrap();
    assert!(stored.etag.is_some_and(|hash| hash.starts_with('n')), "parts of 6 MiB");
}

#[test]
fn a_proxys_yes_is_no_answer() {
    classes::<Qiniu>(CONFIG, &[(200, &[], "{\"hash\":\"x\"}", FailureKind::Transient)]);
}

#[test]
fn codes_have_their_classes() {
    let region = r#"{"error":"incorrect region, please use up-z2.qiniup.com, bucket is: rec"}"#;
    let hint = FailureKind::WrongRegion(Some("up-z2.qiniup.com".into()));
    classes::<Qiniu>(
        CONFIG,
        &[
            (400, &[], region, hint),
            (401, &[], r#"{"error":"bad token"}"#, FailureKind::BadCredentials),
            (401, &[], r#"{"error":"expired token"}"#, FailureKind::ClockSkew),
            (403, &[], r#"{"error":"permission denied"}"#, FailureKind::Denied),
            (406, &[], r#"{"error":"crc32 not match"}"#, FailureKind::Integrity),
            (419, &[], r#"{"error":"account is frozen"}"#, FailureKind::Quota),
            (573, &[], r#"{"error":"concurrency limit exceeded"}"#, FailureKind::Throttled(None)),
            (599, &[], "<html>", FailureKind::Transient),
            (612, &[], r#"{"error":"no such uploadId"}"#, FailureKind::UploadGone),
            (614, &[], r#"{"error":"file exists"}"#, FailureKind::AlreadyExists),
            (631, &[], r#"{"error":"no such bucket"}"#, FailureKind::NoBucket),
            (640, &[], "[", FailureKind::Rejected),
        ],
    );
}

#[test]
fn hosts_follow_region_and_endpoint() {
    let told = |more: &str| {
        let qiniu: Qiniu = vendor(&CONFIG.replace('}', &format!("{more}}}")));
        let hosts: Vec<String> = qiniu.endpoints().into_iter().map(|place| place.host).collect();
        (hosts.join(" "), qiniu.url("a"))
    };
    let (hosts, url) = told("");
    assert_eq!(hosts, "up-z1.qiniup.com rs-z1.qiniuapi.com");
    assert_eq!(url, "https://s3.cn-north-1.qiniucs.com/rec/a");
    let (hosts, url) =
        told(r#","endpoint":"http://127.0.0.1:8080","public_url":"https://cdn.example.com""#);
    assert_eq!(
        (hosts.as_str(), url.as_str()),
        ("127.0.0.1 127.0.0.1", "https://cdn.example.com/a")
    );
}

#[test]
fn what_the_vendor_has_not_is_refused() {
    let more = r#","stsToken":"t","storage_class":"COLD","extensionParams":{"sse":"kms"}}"#;
    let said = refused::<Qiniu>(&CONFIG.replace('}', more));
    for part in
        ["/stsToken: upload tokens", "/extensionParams/sse: this", "/storage_class: must be"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
}
