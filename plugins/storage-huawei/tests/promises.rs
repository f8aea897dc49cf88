//! The upload against a bucket in memory: what is sent arrives, and every bad answer ends as it must.

use capstan_store_kit::Vendor;
use capstan_store_kit::uploader::FailureKind;
use capstan_store_trial::{classes, keeps_promises, vendor};
use storage_huawei::Huawei;

const CONFIG: &str =
    r#"{"accessKey":"AK","secretKey":"hush","bucket":"rec","region":"cn-north-4"}"#;

keeps_promises!(family Huawei, CONFIG);

#[test]
fn codes_have_their_classes() {
    let arrears = "<Error><Code>InArrearOrInsufficientBalance</Code></Error>";
    classes::<Huawei>(
        CONFIG,
        &[
            (403, &[], arrears, FailureKind::Quota),
            (403, &[], "<Error><Code>InsufficientStorageSpace</Code></Error>", FailureKind::Quota),
            (400, &[], "<Error><Code>ExpiredToken</Code></Error>", FailureKind::ExpiredCredentials),
            (403, &[], "<Error><Code>RequestTimeTooSkewed</Code></Error>", FailureKind::ClockSkew),
            (503, &[], "<Error><Code>SlowDown</Code></Error>", FailureKind::Throttled(None)),
            (404, &[], "<Error><Code>NoSuchUpload</Code></Error>", FailureKind::UploadGone),
        ],
    );
}

#[test]
fn hosts_follow_region_and_endpoint() {
    let url = |more: &str| vendor::<Huawei>(&CONFIG.replace('}', &format!("{more}}}"))).url("a");
    assert_eq!(url(""), "https://rec.obs.cn-north-4.myhuaweicloud.com/a");
    let domain = url(r#","endpoint":"https://media.example.com""#);
    assert_eq!(domain, "https://media.example.com/a");
}
