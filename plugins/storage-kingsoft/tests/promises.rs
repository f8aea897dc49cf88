//! The upload against a bucket in memory: what is sent arrives, and every bad answer ends as it must.

use capstan_store_kit::Vendor;
use capstan_store_kit::uploader::FailureKind;
use capstan_store_trial::{classes, keeps_promises, refused, vendor};
use storage_kingsoft::Kingsoft;

const CONFIG: &str =
    r#"{"accessKey":"AK","secretKey":"hush","bucket":"rec","region":"CN_Beijing"}"#;

keeps_promises!(family Kingsoft, CONFIG);

#[test]
fn codes_have_their_classes() {
    let location = [("location", "http://rec.ks3-cn-shanghai.ksyuncs.com/k")];
    let hint = FailureKind::WrongRegion(Some("http://rec.ks3-cn-shanghai.ksyuncs.com/k".into()));
    classes::<Kingsoft>(
        CONFIG,
        &[
            (301, &location, "<Error><Code>PermanentRedirect</Code></Error>", hint),
            (
                403,
                &[],
                "<Error><Code>InvalidSecurityToken</Code></Error>",
                FailureKind::BadCredentials,
            ),
            (403, &[], "<Error><Code>OperationDenied</Code></Error>", FailureKind::Quota),
            (403, &[], "<Error><Code>RequestTimeTooSkewed</Code></Error>", FailureKind::ClockSkew),
            (400, &[], "<Error><Code>InvalidDigest</Code></Error>", FailureKind::Integrity),
            (503, &[], "<Error><Code>SlowDown</Code></Error>", FailureKind::Throttled(None)),
            (404, &[], "<Error><Code>NoSuchUpload</Code></Error>", FailureKind::UploadGone),
        ],
    );
}

#[test]
fn hosts_follow_region_endpoint_and_addressing() {
    let url = |region: &str, more: &str| {
        let config = CONFIG.replace("CN_Beijing", region).replace('}', &format!("{more}}}"));
        vendor::<Kingsoft>(&config).url("a//b")
    };
    for (region, more, expected) in [
        ("CN_Beijing", "", "https://rec.ks3-cn-beijing.ksyuncs.com/a/%2Fb"),
        ("HONGKONG", "", "https://rec.ks3-cn-hk-1.ksyuncs.com/a/%2Fb"),
        ("NA_Singapore_1", "", "https://rec.ks3-sgp.ksyuncs.com/a/%2Fb"),
        (
            "SHANGHAI",
            r#","endpoint":"https://media.example.com""#,
            "https://media.example.com/a/%2Fb",
        ),
        ("SHANGHAI", r#","endpoint":"http://127.0.0.1:8080""#, "http://127.0.0.1:8080/rec/a/%2Fb"),
    ] {
        assert_eq!(url(region, more), expected);
    }
    let said = refused::<Kingsoft>(&CONFIG.replace("CN_Beijing", "mars"));
    assert!(said.contains("/region: is none of the vendor's"), "{said}");
}
