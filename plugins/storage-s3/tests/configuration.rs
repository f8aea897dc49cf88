//! What requests and operators may say, and what is refused.

use capstan_store_kit::{Family, Vendor};
use capstan_store_trial::{refused, vendor};
use storage_s3::S3;

const KEYS: &str = r#""accessKey":"AK","secretKey":"hush","bucket":"rec""#;

fn s3(members: &str) -> S3 {
    vendor(&format!("{{{KEYS},{members}}}"))
}

#[test]
fn an_agora_request_is_taken_as_it_is() {
    let s3 = s3(r#""vendor":1,"region":"eu-central-1","stsToken":"tok","stsExpiration":1,
           "extensionParams":{"sse":"kms","tag":"a b=c&d","enableNTPtimestamp":true}"#);
    assert_eq!(s3.settings().region, "eu-central-1");
    assert_eq!(s3.url("k"), "https://rec.s3.eu-central-1.amazonaws.com/k");
    assert_eq!(s3.settings().credentials.token.as_deref(), Some("tok"));
    assert!(!s3.signs_bodies());
    let expected = [
        ("x-amz-server-side-encryption".to_owned(), "aws:kms".to_owned()),
        ("x-amz-tagging".to_owned(), "a%20b=c&d=".to_owned()),
    ];
    assert_eq!(s3.settings().object_headers, expected);
}

#[test]
fn hosts_follow_the_partition() {
    for (region, url) in [
        ("US_WEST_2", "https://rec.s3.us-west-2.amazonaws.com/k"),
        ("cn-north-1", "https://rec.s3.cn-north-1.amazonaws.com.cn/k"),
        ("eusc-de-east-1", "https://rec.s3.eusc-de-east-1.amazonaws.eu/k"),
    ] {
        assert_eq!(s3(&format!(r#""region":"{region}""#)).url("k"), url);
    }
    let dotted = r#"{"accessKey":"AK","secretKey":"s","bucket":"a.b","region":"eu-west-1"}"#;
    assert_eq!(vendor::<S3>(dotted).url("k"), "https://s3.eu-west-1.amazonaws.com/a.b/k");
}

#[test]
fn another_store_is_named_by_request_or_operator() {
    let of_operator = s3(r#""vendor":11,"region":"us-east-1","endpoint":"http://127.0.0.1:9000""#);
    assert_eq!(of_operator.url("k"), "http://127.0.0.1:9000/rec/k");
    assert!(of_operator.signs_bodies(), "in the clear the body is signed");
    let endpoint = of_operator.endpoints().remove(0);
    assert_eq!((endpoint.host.as_str(), endpoint.port), ("127.0.0.1", Some(9000)));
    let of_request = s3(r#""endpoint":"http://127.0.0.1:9000","addressing":"virtual",
           "extensionParams":{"endpoint":"s3.example.com"},"public_url":"https://cdn.example.com/r/""#);
    assert_eq!(of_request.settings().place.url("k"), "https://rec.s3.example.com/k");
    assert_eq!(of_request.url("a b"), "https://cdn.example.com/r/a%20b");
    assert_eq!(of_request.settings().region, "us-east-1");
    let compared = r#""region":"Main_Site.1","endpoint":"https://s3.example.com""#;
    assert_eq!(s3(compared).settings().region, "Main_Site.1", "what is signed is compared");
}

#[test]
fn mistakes_are_named() {
    for (members, part) in [
        (r#""region":7"#, "/region: must be"),
        (r#""region":"a/b""#, "/region: must be"),
        (r#""vendor":11"#, "/extensionParams/endpoint: is missing"),
        (
            r#""region":"us-east-1","extensionParams":{"sse":"rot13"}"#,
            "/extensionParams/sse: must be",
        ),
        (r#""endpoint":"http://1.2.3.4","addressing":"virtual""#, "/addressing: can't be"),
        (r#""region":"us-east-1","addressing":"odd""#, "/addressing: must be path"),
        (r#""region":"us-east-1","storageClass":"x""#, "/storageClass: is written storage_class"),
    ] {
        let said = refused::<S3>(&format!("{{{KEYS},{members}}}"));
        assert!(said.contains(part), "{members}: {said}");
    }
}
