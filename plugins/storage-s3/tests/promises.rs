//! The upload against a bucket in memory: what is sent arrives, and every bad answer ends as it must.

use capstan_store_kit::mac::sha256_hex;
use capstan_store_kit::uploader::FailureKind;
use capstan_store_trial::{Bucket, Trial, classes, keeps_promises};
use storage_s3::S3;

const CONFIG: &str = r#"{"accessKey":"AK","secretKey":"hush","bucket":"rec","region":"us-east-1"}"#;

keeps_promises!(family S3, CONFIG);

#[test]
fn over_plain_http_bodies_are_signed() {
    let mut trial = Trial::new(1000, Bucket::<S3>::default());
    trial.upload::<S3>(CONFIG).unwrap();
    assert_eq!(trial.header("PUT", "x-amz-content-sha256"), Some("UNSIGNED-PAYLOAD"));
    let plain = CONFIG.replace('}', r#","endpoint":"http://127.0.0.1:9000"}"#);
    let mut trial = Trial::new(1000, Bucket::<S3>::default());
    trial.upload::<S3>(&plain).unwrap();
    let hash = trial.header("PUT", "x-amz-content-sha256");
    assert_eq!(hash, Some(sha256_hex(&trial.file).as_str()));
}

#[test]
fn codes_decide_whatever_the_status() {
    let region = [("x-amz-bucket-region", "eu-north-1")];
    let malformed =
        "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>";
    classes::<S3>(
        CONFIG,
        &[
            (400, &[], "<Error><Code>ExpiredToken</Code></Error>", FailureKind::ExpiredCredentials),
            (400, &[], malformed, FailureKind::WrongRegion(Some("eu-west-1".into()))),
            (301, &region, "", FailureKind::WrongRegion(Some("eu-north-1".into()))),
            (403, &[], "<Error><Code>QuotaExceeded</Code></Error>", FailureKind::Quota),
            (400, &[], "<Error><Code>RequestTimeout</Code></Error>", FailureKind::Transient),
            (404, &[], "<Error><Code>NoSuchUpload</Code></Error>", FailureKind::UploadGone),
            (
                412,
                &[],
                "<Error><Code>PreconditionFailed</Code></Error>",
                FailureKind::AlreadyExists,
            ),
            (400, &[], "<Error><Code>KMS.DisabledException</Code></Error>", FailureKind::BadConfig),
            (400, &[], "<Error><Code>MadeUpByAnother</Code></Error>", FailureKind::Rejected),
            (502, &[], "<html>Bad gateway</html>", FailureKind::Transient),
        ],
    );
}
