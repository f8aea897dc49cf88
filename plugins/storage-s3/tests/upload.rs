//! The upload against a bucket in memory: what is sent arrives, and every bad answer ends as it must.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

mod bucket;

use std::rc::Rc;

use bucket::{Bucket, Fault, MIB, config, job};
use storage_s3::Upload;
use storage_s3::uploader::{FailureKind, Step};

#[test]
fn a_small_file_goes_in_one_request() {
    let mut bucket = Bucket::new(1000);
    let stored = bucket.run_new("").unwrap();
    assert_eq!(stored.url, "https://rec.s3.us-east-1.amazonaws.com/a%20b/k.m4s");
    assert_eq!(bucket.object.as_deref(), Some(bucket.file.as_slice()));
    assert_eq!(bucket.seen(), ["PUT /a%20b/k.m4s"]);
    let headers = &bucket.requests[0].headers;
    let header = |name: &str| headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    assert_eq!(header("content-type"), Some("video/mp4"));
    assert_eq!(header("x-amz-meta-sid"), Some("abc"));
    assert_eq!(header("x-amz-content-sha256"), Some("UNSIGNED-PAYLOAD"));
    assert!(header("content-md5").is_some());
}

#[test]
fn an_empty_file_is_a_file() {
    let mut bucket = Bucket::new(0);
    assert!(bucket.run_new("").is_ok());
    assert_eq!(bucket.object.as_deref(), Some(&[][..]));
    assert!(bucket.requests[0].body.is_empty());
}

#[test]
fn a_large_file_goes_in_parts_and_is_whole() {
    let mut bucket = Bucket::new(18 * MIB);
    let stored = bucket.run_new("").unwrap();
    assert_eq!(bucket.object.as_deref(), Some(bucket.file.as_slice()));
    assert!(stored.etag.unwrap().ends_with("-3\""));
    let seen = bucket.seen();
    assert_eq!(seen.first().map(String::as_str), Some("POST /a%20b/k.m4s?uploads="));
    assert_eq!(seen.len(), 5, "{seen:?}");
    assert!(bucket.most_at_once <= 4);
}

#[test]
fn over_plain_http_bodies_are_signed() {
    let mut bucket = Bucket::new(1000);
    bucket.run_new(r#","endpoint":"http://127.0.0.1:9000""#).unwrap();
    let headers = &bucket.requests[0].headers;
    let hash = headers.iter().find(|(name, _)| name == "x-amz-content-sha256").unwrap();
    assert_eq!(hash.1, storage_s3::sigv4::sha256_hex(&bucket.file));
}

#[test]
fn what_fails_for_now_is_tried_again_and_signed_anew() {
    for fault in [Fault::Code(503, "SlowDown"), Fault::Code(500, "InternalError"), Fault::Closed] {
        let mut bucket = Bucket::new(18 * MIB);
        bucket.faults = vec![("partNumber=2", fault), ("uploads=", fault)];
        bucket.run_new("").unwrap();
        assert_eq!(bucket.object.as_deref(), Some(bucket.file.as_slice()));
        let dates: Vec<&str> = bucket
            .requests
            .iter()
            .filter(|request| request.target.contains("partNumber=2"))
            .filter_map(|r| r.headers.iter().find(|(name, _)| name == "x-amz-date"))
            .map(|(_, value)| value.as_str())
            .collect();
        assert_eq!(dates.len(), 2);
        assert_ne!(dates[0], dates[1]);
    }
}

#[test]
fn what_fails_for_good_ends_the_job_at_once() {
    for (status, code, kind) in [
        (403, "SignatureDoesNotMatch", FailureKind::BadCredentials),
        (403, "InvalidAccessKeyId", FailureKind::BadCredentials),
        (400, "ExpiredToken", FailureKind::ExpiredCredentials),
        (404, "NoSuchBucket", FailureKind::NoBucket),
        (403, "AccessDenied", FailureKind::Denied),
        (301, "PermanentRedirect", FailureKind::WrongRegion(None)),
    ] {
        let mut bucket = Bucket::new(1000);
        bucket.faults = vec![("", Fault::Code(status, code))];
        let failure = bucket.run_new("").unwrap_err();
        assert_eq!(failure.kind, kind);
        assert_eq!(failure.vendor_code.as_deref(), Some(code));
        assert_eq!(bucket.requests.len(), 1);
    }
}

#[test]
fn a_store_that_stays_down_is_left_to_the_hosts_patience() {
    let mut bucket = Bucket::new(1000);
    bucket.faults = vec![("", Fault::Code(503, "SlowDown")); 9];
    assert_eq!(bucket.run_new("").unwrap_err().kind, FailureKind::Throttled(None));
    assert_eq!(bucket.requests.len(), 4);
    let pauses = bucket.pauses.clone();
    assert!(pauses.windows(2).all(|pair| pair[0] < pair[1]), "{pauses:?}");
}

#[test]
fn a_wrong_clock_is_corrected_by_the_stores() {
    let mut bucket = Bucket::new(1000);
    bucket.store_ahead_ms = 3_600_000;
    bucket.check_skew = true;
    bucket.run_new("").unwrap();
    assert_eq!(bucket.requests.len(), 2);
    assert!(bucket.object.is_some());
}

#[test]
fn what_arrived_broken_is_sent_again_and_never_called_done() {
    for (size, words) in [(1000, "PUT"), (18 * MIB, "partNumber=3")] {
        for fault in [Fault::WrongTag, Fault::Code(400, "BadDigest")] {
            let mut bucket = Bucket::new(size);
            bucket.faults = vec![(words, fault)];
            bucket.run_new("").unwrap();
            assert_eq!(bucket.object.as_deref(), Some(bucket.file.as_slice()));

            let mut bucket = Bucket::new(size);
            bucket.faults = vec![(words, fault); 4];
            assert_eq!(bucket.run_new("").unwrap_err().kind, FailureKind::Integrity);
        }
    }
    let mut bucket = Bucket::new(18 * MIB);
    bucket.faults = vec![("POST uploadId=", Fault::WrongTag)];
    assert_eq!(bucket.run_new("").unwrap_err().kind, FailureKind::Integrity);
}

#[test]
fn with_managed_keys_the_length_is_compared() {
    for size in [1000, 18 * MIB] {
        let mut bucket = Bucket::new(size);
        bucket.managed_keys = true;
        bucket.run_new(r#","extensionParams":{"sse":"kms"}"#).unwrap();
        assert_eq!(bucket.seen().last().map(String::as_str), Some("HEAD /a%20b/k.m4s"));
    }
    let mut bucket = Bucket::new(1000);
    bucket.managed_keys = true;
    bucket.faults = vec![("HEAD", Fault::Code(403, ""))];
    let stored = bucket.run_new("").unwrap();
    assert!(stored.note.unwrap().contains("may not read"));
}

#[test]
fn an_error_in_a_200_is_an_error() {
    let mut bucket = Bucket::new(18 * MIB);
    bucket.faults = vec![("POST uploadId=", Fault::HiddenError)];
    bucket.run_new("").unwrap();
    assert_eq!(bucket.completes(), 2);
    assert_eq!(bucket.object.as_deref(), Some(bucket.file.as_slice()));
}

#[test]
fn a_lost_answer_to_the_end_is_looked_up() {
    let mut bucket = Bucket::new(18 * MIB);
    bucket.faults = vec![("POST uploadId=", Fault::LostReply)];
    bucket.run_new("").unwrap();
    assert_eq!(bucket.completes(), 1);
    assert_eq!(bucket.seen().last().map(String::as_str), Some("HEAD /a%20b/k.m4s"));
}

#[test]
fn an_older_object_of_the_same_length_is_not_mistaken() {
    let mut bucket = Bucket::new(18 * MIB);
    bucket.object = Some(vec![9; 18 * MIB]);
    bucket.object_tag = "\"00000000000000000000000000000000-3\"".into();
    bucket.faults = vec![("POST uploadId=", Fault::Closed)];
    assert_eq!(bucket.run_new("").unwrap_err().kind, FailureKind::Transient);
}

#[test]
fn a_later_attempt_sends_only_what_is_missing() {
    let mut bucket = Bucket::new(18 * MIB);
    bucket.faults = vec![("partNumber=2", Fault::Code(403, "AccessDenied"))];
    let config = Rc::new(config(r#","parallel":1"#));
    let mut first = Upload::open(Rc::clone(&config), job(bucket.file.len()), None);
    assert_eq!(bucket.run(&mut first).unwrap_err().kind, FailureKind::Denied);
    let saved = first.save();
    assert!(!String::from_utf8_lossy(&saved).contains("hush"));

    bucket.requests.clear();
    let mut second = Upload::open(config, job(bucket.file.len()), Some(&saved));
    bucket.run(&mut second).unwrap();
    assert_eq!(bucket.object.as_deref(), Some(bucket.file.as_slice()));
    let seen = bucket.seen();
    assert_eq!(seen.iter().filter(|line| line.contains("partNumber=")).count(), 2, "{seen:?}");
    assert!(!seen.iter().any(|line| line.contains("uploads=")), "{seen:?}");
}

#[test]
fn an_upload_that_the_store_forgot_is_reported_so() {
    let mut bucket = Bucket::new(18 * MIB);
    let mut first = Upload::open(Rc::new(config("")), job(bucket.file.len()), None);
    bucket.faults = vec![("POST uploadId=", Fault::Code(403, "AccessDenied"))];
    bucket.run(&mut first).unwrap_err();
    bucket.forget_uploads();
    let saved = first.save();
    let mut second = Upload::open(Rc::new(config("")), job(bucket.file.len()), Some(&saved));
    assert_eq!(bucket.run(&mut second).unwrap_err().kind, FailureKind::UploadGone);
    assert_eq!(bucket.seen().last().map(String::as_str), Some("HEAD /a%20b/k.m4s"));
}

#[test]
fn giving_up_drops_the_parts() {
    let mut bucket = Bucket::new(18 * MIB);
    bucket.faults = vec![("partNumber=3", Fault::Code(403, "AccessDenied"))];
    let mut upload = Upload::open(Rc::new(config("")), job(bucket.file.len()), None);
    bucket.run(&mut upload).unwrap_err();
    let step = upload.abort(bucket.moment());
    bucket.go_on(&mut upload, step).unwrap();
    assert!(bucket.seen().last().unwrap().starts_with("DELETE /a%20b/k.m4s?uploadId="));
    assert!(bucket.uploads.is_empty());

    let mut fresh = Upload::open(Rc::new(config("")), job(10), None);
    assert!(matches!(fresh.abort(bucket.moment()), Step::Done(_)));
}
