//! The upload against a bucket in memory: what is sent arrives, and every bad answer ends as it must.

use capstan_store_kit::Vendor;
use capstan_store_kit::uploader::FailureKind;
use capstan_store_trial::{classes, keeps_promises, refused, vendor};
use storage_google::Google;

/// Agora's number of a region comes along and is not read.
const CONFIG: &str =
    r#"{"accessKey":"GOOG1E","secretKey":"hush","bucket":"rec","vendor":6,"region":0}"#;

keeps_promises!(family Google, CONFIG);

#[test]
fn codes_have_their_classes() {
    classes::<Google>(
        CONFIG,
        &[
            (403, &[], "<Error><Code>UserProjectAccountProblem</Code></Error>", FailureKind::Quota),
            (403, &[], "<Error><Code>RequestTimeTooSkewed</Code></Error>", FailureKind::ClockSkew),
            (404, &[], "<Error><Code>NoSuchBucket</Code></Error>", FailureKind::NoBucket),
            (429, &[], "<Error><Code>SlowDown</Code></Error>", FailureKind::Throttled(None)),
            (503, &[], "<Error><Code>ServiceUnavailable</Code></Error>", FailureKind::Transient),
            (
                412,
                &[],
                "<Error><Code>PreconditionFailed</Code></Error>",
                FailureKind::AlreadyExists,
            ),
        ],
    );
}

#[test]
fn buckets_are_hosts_unless_they_have_dots() {
    let url = |bucket: &str| vendor::<Google>(&CONFIG.replace("rec", bucket)).url("a");
    assert_eq!(url("rec"), "https://rec.storage.googleapis.com/a");
    assert_eq!(url("rec.example.com"), "https://storage.googleapis.com/rec.example.com/a");
}

#[test]
fn what_the_vendor_has_not_is_refused() {
    let more = r#","stsToken":"t","extensionParams":{"sse":"kms","tag":"a=b"}}"#;
    let said = refused::<Google>(&CONFIG.replace('}', more));
    for part in
        ["/stsToken: this vendor", "/extensionParams/sse: this", "/extensionParams/tag: this"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
}
