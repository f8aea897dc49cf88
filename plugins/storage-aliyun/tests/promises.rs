//! The upload against a bucket in memory: what is sent arrives, and every bad answer ends as it must.

use capstan_store_kit::uploader::FailureKind;
use capstan_store_kit::{Call, Family, Vendor};
use capstan_store_trial::{answer, classes, keeps_promises, refused, vendor};
use storage_aliyun::Aliyun;

const CONFIG: &str =
    r#"{"accessKey":"AK","secretKey":"hush","bucket":"rec","region":"cn-hangzhou"}"#;

keeps_promises!(family Aliyun, CONFIG);

#[test]
fn codes_have_their_classes() {
    let elsewhere = "<Error><Code>AccessDenied</Code><Message>must be addressed using the specified \
                     endpoint</Message><Endpoint>oss-cn-beijing.aliyuncs.com</Endpoint></Error>";
    let hint = FailureKind::WrongRegion(Some("oss-cn-beijing.aliyuncs.com".into()));
    let region = "<Error><Code>InvalidArgument</Code><Message>Invalid signing region in \
                  Authorization header.</Message></Error>";
    classes::<Aliyun>(
        CONFIG,
        &[
            (403, &[], elsewhere, hint),
            (400, &[], region, FailureKind::WrongRegion(None)),
            (
                403,
                &[],
                "<Error><Code>SecurityTokenExpired</Code></Error>",
                FailureKind::ExpiredCredentials,
            ),
            (
                403,
                &[],
                "<Error><Code>InvalidSecurityToken</Code></Error>",
                FailureKind::BadCredentials,
            ),
            (403, &[], "<Error><Code>UserDisable</Code></Error>", FailureKind::Quota),
            (
                503,
                &[],
                "<Error><Code>QpsLimitExceeded</Code></Error>",
                FailureKind::Throttled(None),
            ),
            (409, &[], "<Error><Code>FileAlreadyExists</Code></Error>", FailureKind::AlreadyExists),
            (404, &[], "<Error><Code>NoSuchUpload</Code></Error>", FailureKind::UploadGone),
        ],
    );
}

#[test]
fn an_answer_to_head_has_its_words_in_a_header() {
    // <Error><Code>AccessDenied</Code></Error>
    let xml = "PEVycm9yPjxDb2RlPkFjY2Vzc0RlbmllZDwvQ29kZT48L0Vycm9yPg==";
    let refused = answer(403, &[("x-oss-err", xml)], "");
    let failure = vendor::<Aliyun>(CONFIG).refusal(Call::Look, &refused).unwrap();
    assert_eq!(failure.vendor_code.as_deref(), Some("AccessDenied"));
}

#[test]
fn hosts_follow_region_endpoint_and_addressing() {
    let url = |more: &str| vendor::<Aliyun>(&CONFIG.replace('}', &format!(",{more}}}"))).url("a/é");
    for (more, expected) in [
        (r#""parallel":1"#, "https://rec.oss-cn-hangzhou.aliyuncs.com/a/%C3%A9"),
        (
            r#""endpoint":"oss-cn-hangzhou-internal.aliyuncs.com""#,
            "https://rec.oss-cn-hangzhou-internal.aliyuncs.com/a/%C3%A9",
        ),
        (r#""endpoint":"https://media.example.com""#, "https://media.example.com/a/%C3%A9"),
        (r#""endpoint":"http://127.0.0.1:8080""#, "http://127.0.0.1:8080/rec/a/%C3%A9"),
        (
            r#""endpoint":"https://oss.cloud.example","addressing":"virtual""#,
            "https://rec.oss.cloud.example/a/%C3%A9",
        ),
    ] {
        assert_eq!(url(more), expected);
    }
}

#[test]
fn agoras_words_and_the_operators_are_taken() {
    let config = r#"{"accessKey":"AK","secretKey":"hush","bucket":"rec","region":"oss-cn-hangzhou",
        "storage_class":"IA","sse_kms_key_id":"k","extensionParams":{"sse":"kms","tag":"a=b"}}"#;
    let aliyun: Aliyun = vendor(config);
    assert_eq!(aliyun.settings().region, "cn-hangzhou");
    let headers: Vec<String> = aliyun
        .settings()
        .object_headers
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    assert_eq!(
        headers,
        [
            "x-oss-server-side-encryption=KMS",
            "x-oss-server-side-encryption-key-id=k",
            "x-oss-storage-class=IA",
            "x-oss-tagging=a=b",
        ]
    );
    let said = refused::<Aliyun>(&CONFIG.replace('}', r#","signature":"v2"}"#));
    assert!(said.contains("/signature: must be v4 or v1"), "{said}");
}
