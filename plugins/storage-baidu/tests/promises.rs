//! The upload against a bucket in memory: what is sent arrives, and every bad answer ends as it must.

use capstan_store_kit::Vendor;
use capstan_store_kit::uploader::FailureKind;
use capstan_store_trial::{classes, keeps_promises, refused, vendor};
use storage_baidu::Baidu;

const CONFIG: &str = r#"{"accessKey":"AK","secretKey":"hush","bucket":"rec","region":"bj"}"#;

keeps_promises!(family Baidu, CONFIG);

#[test]
fn codes_have_their_classes() {
    classes::<Baidu>(
        CONFIG,
        &[
            (403, &[], r#"{"code":"AccountOverdue"}"#, FailureKind::Quota),
            (400, &[], r#"{"code":"RequestExpired"}"#, FailureKind::ClockSkew),
            (400, &[], r#"{"code":"InvalidHTTPAuthHeader"}"#, FailureKind::BadCredentials),
            (400, &[], r#"{"code":"BadDigest"}"#, FailureKind::Integrity),
            (404, &[], r#"{"code":"NoSuchUpload"}"#, FailureKind::UploadGone),
            (412, &[], r#"{"code":"PreconditionFailed"}"#, FailureKind::AlreadyExists),
            (503, &[], r#"{"code":"SlowDown"}"#, FailureKind::Throttled(None)),
            (500, &[], r#"{"code":["odd"]}"#, FailureKind::Transient),
        ],
    );
}

#[test]
fn regions_go_by_short_and_long_names() {
    for (region, expected) in [
        ("bj", "https://rec.bj.bcebos.com/a"),
        ("Hong_Kong", "https://rec.hkg.bcebos.com/a"),
        ("Guangzhou", "https://rec.gz.bcebos.com/a"),
    ] {
        let config = CONFIG.replace("bj", region);
        assert_eq!(vendor::<Baidu>(&config).url("a"), expected);
    }
    let kms = CONFIG.replace('}', r#","extensionParams":{"sse":"kms"}}"#);
    assert!(refused::<Baidu>(&kms).contains("/extensionParams/sse: must be aes256"));
}
