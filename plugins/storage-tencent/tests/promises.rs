//! The upload against a bucket in memory: what is sent arrives, and every bad answer ends as it must.

use capstan_store_kit::Vendor;
use capstan_store_kit::uploader::FailureKind;
use capstan_store_trial::{classes, keeps_promises, vendor};
use storage_tencent::Tencent;

const CONFIG: &str =
    r#"{"accessKey":"AK","secretKey":"hush","bucket":"rec-1250000000","region":"ap-guangzhou"}"#;

keeps_promises!(family Tencent, CONFIG);

#[test]
fn codes_have_their_classes() {
    let over = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>";
    classes::<Tencent>(
        CONFIG,
        &[
            (403, &[], over, FailureKind::ClockSkew),
            (403, &[], "<Error><Code>AccessDenied</Code></Error>", FailureKind::Denied),
            (400, &[], "<Error><Code>ExpiredToken</Code></Error>", FailureKind::ExpiredCredentials),
            (403, &[], "<Error><Code>InvalidToken</Code></Error>", FailureKind::BadCredentials),
            (451, &[], "<Error><Code>Whatever</Code></Error>", FailureKind::Quota),
            (503, &[], "<Error><Code>SlowDown</Code></Error>", FailureKind::Throttled(None)),
            (
                301,
                &[],
                "<Error><Code>PermanentRedirect</Code></Error>",
                FailureKind::WrongRegion(None),
            ),
            (409, &[], "<Error><Code>FileAlreadyExists</Code></Error>", FailureKind::AlreadyExists),
        ],
    );
}

#[test]
fn hosts_follow_region_endpoint_and_addressing() {
    let url = |more: &str| vendor::<Tencent>(&CONFIG.replace('}', &format!(",{more}}}"))).url("a");
    for (more, expected) in [
        (r#""parallel":1"#, "https://rec-1250000000.cos.ap-guangzhou.myqcloud.com/a"),
        (
            r#""endpoint":"cos.accelerate.myqcloud.com""#,
            "https://rec-1250000000.cos.accelerate.myqcloud.com/a",
        ),
        (r#""endpoint":"https://media.example.com""#, "https://media.example.com/a"),
        (r#""endpoint":"http://127.0.0.1:8080""#, "http://127.0.0.1:8080/rec-1250000000/a"),
    ] {
        assert_eq!(url(more), expected);
    }
}
