//! The upload against a container in memory: what is sent arrives, and every bad answer ends as it must.

mod container;

use capstan_store_kit::Vendor;
use capstan_store_kit::uploader::FailureKind;
use capstan_store_trial::{Trial, classes, keeps_promises, refused, vendor};
use container::{Container, ContainerShop};
use storage_azure::Azure;

/// The key is "hush" often enough to be long, in base64.
const CONFIG: &str = r#"{"accessKey":"account","secretKey":"aHVzaGh1c2g=","bucket":"rec",
    "vendor":5,"region":0}"#;

keeps_promises!(shop ContainerShop, CONFIG);

#[test]
fn a_blob_says_what_it_is() {
    let config = CONFIG.replace(
        '}',
        r#","storage_class":"Cool","encryption_scope":"s",
        "extensionParams":{"tag":"a=b c"}}"#,
    );
    let mut trial = Trial::new(1000, Container::default());
    trial.upload::<Azure>(&config).unwrap();
    for (name, value) in [
        ("x-ms-blob-type", "BlockBlob"),
        ("x-ms-blob-content-type", "video/mp4"),
        ("x-ms-blob-cache-control", "max-age=31536000, immutable"),
        ("x-ms-meta-sid", "abc"),
        ("x-ms-access-tier", "Cool"),
        ("x-ms-encryption-scope", "s"),
        ("x-ms-tags", "a=b%20c"),
    ] {
        assert_eq!(trial.header("PUT", name), Some(value), "{name}");
    }
}

#[test]
fn a_shared_access_signature_goes_into_the_query() {
    let config = CONFIG.replace('}', r#","stsToken":"?sv=2021-12-02&sig=a%2Bb%3D"}"#);
    let mut trial = Trial::new(1000, Container::default());
    trial.upload::<Azure>(&config).unwrap();
    assert_eq!(trial.seen(), ["PUT /rec/a%20b/%C3%A9.m4s?sv=2021-12-02&sig=a%2Bb%3D"]);
    assert_eq!(trial.header("PUT", "authorization"), None);
}

#[test]
fn codes_have_their_classes() {
    let detail = |words: &str| {
        format!(
            "<Error><Code>AuthenticationFailed</Code><AuthenticationErrorDetail>{words}\
                 </AuthenticationErrorDetail></Error>"
        )
    };
    let late = detail("Request date header too old: 'Fri, 15 Mar 2024'");
    let over = detail("Signature not valid in the specified time frame");
    let busy = [("x-ms-error-code", "ServerBusy"), ("retry-after", "3")];
    classes::<Azure>(
        CONFIG,
        &[
            (403, &[], &detail("The MAC signature is not the same"), FailureKind::BadCredentials),
            (403, &[], &late, FailureKind::ClockSkew),
            (403, &[], &over, FailureKind::ExpiredCredentials),
            (404, &[("x-ms-error-code", "ContainerNotFound")], "", FailureKind::NoBucket),
            (
                403,
                &[("x-ms-error-code", "AuthorizationPermissionMismatch")],
                "",
                FailureKind::Denied,
            ),
            (403, &[("x-ms-error-code", "AccountIsDisabled")], "", FailureKind::Quota),
            (503, &busy, "", FailureKind::Throttled(Some(3000))),
            (500, &[("x-ms-error-code", "OperationTimedOut")], "", FailureKind::Transient),
            (400, &[("x-ms-error-code", "Md5Mismatch")], "", FailureKind::Integrity),
            (400, &[("x-ms-error-code", "InvalidBlockList")], "", FailureKind::UploadGone),
            (409, &[("x-ms-error-code", "BlobAlreadyExists")], "", FailureKind::AlreadyExists),
            (400, &[("x-ms-error-code", "InvalidBlobTier")], "", FailureKind::BadConfig),
        ],
    );
}

#[test]
fn hosts_follow_account_and_endpoint() {
    let url = |more: &str| vendor::<Azure>(&CONFIG.replace('}', &format!("{more}}}"))).url("a");
    assert_eq!(url(""), "https://account.blob.core.windows.net/rec/a");
    let emulator = url(r#","endpoint":"http://127.0.0.1:10000""#);
    assert_eq!(emulator, "http://127.0.0.1:10000/account/rec/a");
    let china = url(r#","endpoint":"account.blob.core.chinacloudapi.cn""#);
    assert_eq!(china, "https://account.blob.core.chinacloudapi.cn/rec/a");
    let bad = CONFIG.replace("aHVzaGh1c2g=", "not base64").replace("account", "My-Account");
    let said = refused::<Azure>(&bad);
    assert!(said.contains("/secretKey: must be an account's key"), "{said}");
    assert!(said.contains("/accessKey: must be the account's name"), "{said}");
}
