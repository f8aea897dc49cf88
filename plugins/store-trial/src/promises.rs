//! What every storage plugin promises, whatever its vendor. `keeps_promises!` makes tests of it.

use capstan_store_kit::class::Class;
use capstan_store_kit::uploader::{FailureKind, Step};
use capstan_store_kit::{Call, Family};

use crate::bucket::Bucket;
use crate::host::{Fault, MIB, Trial, answer};
use crate::shop::{OfFamily, Shop};
use crate::stranger::Stranger;

/// Three of the parts that every trial is configured with.
const LARGE: usize = 11 * MIB;
const SMALL_PARTS: &str = r#","multipart_threshold":5242880,"part_size":5242880}"#;

/// A configuration with small parts, so that a small file has several.
#[must_use]
pub fn in_small_parts(config: &str) -> String {
    format!("{}{SMALL_PARTS}", config.trim_end().trim_end_matches('}'))
}

fn trial<S: Shop>(size: usize) -> Trial<S::Server> {
    Trial::new(size, S::Server::default())
}

fn arrived<S: Shop>(trial: &Trial<S::Server>) -> bool {
    S::object(&trial.server) == Some(trial.file.as_slice())
}

fn refusal<S: Shop>(class: Class) -> Fault {
    Fault::Instead(S::error(class))
}

/// A small file goes in one request, an empty one too.
pub fn small<S: Shop>(config: &str) {
    for size in [1000, 0] {
        let mut trial = trial::<S>(size);
        let stored = trial.upload::<S::Vendor>(config).unwrap();
        assert!(stored.url.starts_with("http") && stored.url.ends_with("/a%20b/%C3%A9.m4s"));
        assert!(arrived::<S>(&trial));
        assert_eq!(trial.seen().len(), 1);
    }
}

/// A large file goes in parts and is whole.
pub fn large<S: Shop>(config: &str) {
    let mut trial = trial::<S>(LARGE);
    trial.upload::<S::Vendor>(config).unwrap();
    assert!(arrived::<S>(&trial));
    assert_eq!(trial.seen().len(), S::REQUESTS, "{:?}", trial.seen());
    assert!((2..=4).contains(&trial.most_at_once));
}

/// What fails for now is tried again, signed anew; then it is the host's patience.
pub fn repeats<S: Shop>(config: &str) {
    for fault in [refusal::<S>(Class::Throttled), refusal::<S>(Class::Transient), Fault::Closed] {
        let mut trial = trial::<S>(LARGE);
        let second = S::words(Call::Part(1));
        trial.faults = vec![(second, fault.clone()), (S::words(Call::Complete), fault)];
        trial.upload::<S::Vendor>(config).unwrap();
        assert!(arrived::<S>(&trial));
        let signatures = trial.headers(second, "authorization");
        assert_eq!(signatures.len(), 2);
        assert_ne!(signatures[0], signatures[1]);
    }
    let mut trial = trial::<S>(1000);
    trial.faults = vec![("", refusal::<S>(Class::Throttled)); 9];
    let failure = trial.upload::<S::Vendor>(config).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Throttled(None));
    assert_eq!(trial.requests.len(), 4);
    assert!(trial.pauses.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", trial.pauses);
}

/// What fails for good ends the job at once, with the vendor's own words.
pub fn gives_in<S: Shop>(config: &str) {
    for class in [Class::BadCredentials, Class::NoBucket, Class::Denied] {
        let mut trial = trial::<S>(1000);
        trial.faults = vec![("", refusal::<S>(class))];
        let failure = trial.upload::<S::Vendor>(config).unwrap_err();
        assert_eq!(failure.kind, class.kind(None, None));
        assert!(failure.vendor_code.is_some() && !failure.message.is_empty());
        assert_eq!(failure.request_id.as_deref(), Some("r1"));
        assert_eq!(trial.requests.len(), 1);
    }
}

/// A wrong clock is corrected by the vendor's.
pub fn corrects_the_clock<S: Shop>(config: &str) {
    let mut trial = trial::<S>(1000);
    let mut skewed = S::error(Class::ClockSkew);
    skewed.headers.push(("date".into(), "Fri, 15 Mar 2024 20:30:45 GMT".into()));
    trial.faults = vec![("", Fault::Instead(skewed.clone()))];
    trial.upload::<S::Vendor>(config).unwrap();
    assert!(arrived::<S>(&trial));
    assert_eq!(trial.requests.len(), 2);
    trial.faults = vec![("", Fault::Instead(skewed)); 9];
    let failure = trial.upload::<S::Vendor>(config).unwrap_err();
    assert_eq!(failure.kind, FailureKind::ClockSkew);
}

/// What arrived broken is sent again and never called done.
pub fn verifies<S: Shop>(config: &str) {
    for (size, call) in [(1000, Call::Put), (LARGE, Call::Part(2))] {
        for fault in [Fault::Changed(S::spoil), refusal::<S>(Class::Integrity)] {
            let mut trial = trial::<S>(size);
            trial.faults = vec![(S::words(call), fault.clone())];
            trial.upload::<S::Vendor>(config).unwrap();
            assert!(arrived::<S>(&trial));
            trial.faults = vec![(S::words(call), fault); 4];
            let failure = trial.upload::<S::Vendor>(config).unwrap_err();
            assert_eq!(failure.kind, FailureKind::Integrity);
        }
    }
}

/// A lost answer to the end is looked up; an older object of the same length isn't mistaken.
pub fn looks_after_a_lost_end<S: Shop>(config: &str) {
    let end = S::words(Call::Complete);
    let mut trial = trial::<S>(LARGE);
    trial.faults = vec![(end, Fault::LostReply)];
    trial.upload::<S::Vendor>(config).unwrap();
    assert!(arrived::<S>(&trial));
    assert!(trial.was_last(S::words(Call::Look)), "{:?}", trial.seen());

    let mut trial = self::trial::<S>(LARGE);
    S::put_older(&mut trial.server, vec![9; LARGE]);
    trial.faults = vec![(end, Fault::Lost)];
    trial.upload::<S::Vendor>(config).unwrap();
    assert!(arrived::<S>(&trial), "the end was tried again");

    let mut trial = self::trial::<S>(LARGE);
    trial.faults = vec![(end, Fault::Lost); 9];
    let failure = trial.upload::<S::Vendor>(config).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Transient);
}

/// A later attempt sends only what is missing, and what is saved holds no secret.
pub fn goes_on<S: Shop>(config: &str) {
    let mut trial = trial::<S>(LARGE);
    trial.faults = vec![(S::words(Call::Part(2)), refusal::<S>(Class::Denied))];
    let mut first = trial.open::<S::Vendor>(config, None);
    assert_eq!(trial.run(&mut first).unwrap_err().kind, FailureKind::Denied);
    let saved = first.save();
    let saved_parts = saved.iter().filter(|byte| **byte == b'\n').count() - 3;
    assert!(!String::from_utf8_lossy(&saved).contains("hush"));

    trial.requests.clear();
    let mut second = trial.open::<S::Vendor>(config, Some(&saved));
    trial.run(&mut second).unwrap();
    assert!(arrived::<S>(&trial));
    let parts: usize = (0..3)
        .map(|number| trial.headers(S::words(Call::Part(number)), "authorization").len())
        .sum();
    assert_eq!(parts, 3 - saved_parts, "{:?}", trial.seen());
}

/// An upload that the vendor forgot is reported so, after a look whether it was ended.
pub fn reports_a_forgotten_upload<S: Shop>(config: &str) {
    let mut trial = trial::<S>(LARGE);
    trial.faults = vec![(S::words(Call::Complete), refusal::<S>(Class::Denied))];
    let mut first = trial.open::<S::Vendor>(config, None);
    trial.run(&mut first).unwrap_err();
    S::forget(&mut trial.server);
    let mut second = trial.open::<S::Vendor>(config, Some(&first.save()));
    assert_eq!(trial.run(&mut second).unwrap_err().kind, FailureKind::UploadGone);
    assert!(trial.was_last(S::words(Call::Look)), "{:?}", trial.seen());
}

/// Whatever is answered, a job comes to an end in bounded words.
pub fn withstands_strangers<S: Shop>(config: &str) {
    let mut trial = Trial::new(1000, Stranger::default());
    for _ in 0..100 {
        if let Err(failure) = trial.upload::<S::Vendor>(config) {
            assert!(failure.message.chars().count() <= 500);
            assert!(failure.vendor_code.is_none_or(|code| code.chars().count() <= 128));
        }
    }
    let mut trial = Trial::new(LARGE, Stranger::default());
    for _ in 0..5 {
        let _ = trial.upload::<S::Vendor>(config);
    }
}

/// Giving up drops the parts.
pub fn gives_up<S: Shop>(config: &str) {
    let mut trial = trial::<S>(LARGE);
    trial.faults = vec![(S::words(Call::Part(2)), refusal::<S>(Class::Denied))];
    let mut upload = trial.open::<S::Vendor>(config, None);
    trial.run(&mut upload).unwrap_err();
    assert!(!upload.save().is_empty());
    let step = upload.abort(trial.moment());
    trial.go_on(&mut upload, step).unwrap();
    assert_eq!(S::pending(&trial.server), 0);

    let mut fresh = trial.open::<S::Vendor>(config, None);
    assert!(matches!(fresh.abort(trial.moment()), Step::Done(_)));
}

/// Of S3's family: the store gets media type, metadata and a digest to check, and tags are kept.
pub fn tells_the_store<F: Family>(config: &str) {
    let mut trial = trial::<OfFamily<F>>(1000);
    let stored = trial.upload::<F>(config).unwrap();
    assert_eq!(trial.header("PUT", "content-type"), Some("video/mp4"));
    assert_eq!(trial.header("PUT", "cache-control"), Some("max-age=31536000, immutable"));
    assert!(trial.header("PUT", "content-md5").is_some());
    assert_eq!(trial.header("PUT", &format!("{}meta-sid", F::NAMES.prefix)), Some("abc"));
    assert_eq!(stored.etag.as_deref(), Some(trial.server.tag.as_str()));

    let mut trial = self::trial::<OfFamily<F>>(LARGE);
    trial.upload::<F>(config).unwrap();
    let begin = OfFamily::<F>::words(Call::Create);
    assert_eq!(trial.header(begin, "content-type"), Some("video/mp4"));
    assert_eq!(trial.header(begin, "cache-control"), Some("max-age=31536000, immutable"));
}

/// Of S3's family: where answers name no digest, the length is compared; a key that may not read is
/// no hindrance.
pub fn compares_lengths<F: Family>(config: &str) {
    for size in [1000, LARGE] {
        let mut trial = trial::<OfFamily<F>>(size);
        (trial.server.managed_keys, trial.server.silent) = (true, true);
        trial.upload::<F>(config).unwrap();
        assert!(trial.was_last("HEAD"), "{:?}", trial.seen());
    }
    let mut trial = trial::<OfFamily<F>>(1000);
    (trial.server.managed_keys, trial.server.silent) = (true, true);
    trial.faults = vec![("HEAD", Fault::Instead(answer(403, &[], "")))];
    let stored = trial.upload::<F>(config).unwrap();
    assert!(stored.note.unwrap().contains("may not read"));
}

/// Of S3's family: the end of an upload may hide an error in a yes, or damage; a proxy's page is no
/// answer.
pub fn reads_a_hidden_error<F: Family>(config: &str) {
    let end = OfFamily::<F>::words(Call::Complete);
    let hidden = format!(" \n{}", Bucket::<F>::error_text("InternalError"));
    let mut trial = trial::<OfFamily<F>>(LARGE);
    trial.faults = vec![
        (end, Fault::Instead(answer(200, &[], &hidden))),
        ("?uploads", Fault::Instead(answer(200, &[], "<html>hello</html>"))),
    ];
    trial.upload::<F>(config).unwrap();
    assert_eq!(trial.headers(end, "authorization").len(), 2);
    assert!(arrived::<OfFamily<F>>(&trial));
    if F::NAMES.tags_whole || F::NAMES.checksum.is_some() {
        let mut trial = self::trial::<OfFamily<F>>(LARGE);
        trial.faults = vec![(end, Fault::Changed(OfFamily::<F>::spoil))];
        assert_eq!(trial.upload::<F>(config).unwrap_err().kind, FailureKind::Integrity);
    }
}

/// One test for each promise, for a vendor with this configuration: `family` of a vendor of S3's,
/// `shop` of any other.
#[macro_export]
macro_rules! keeps_promises {
    (family $family:ty, $config:expr) => {
        $crate::keeps_promises!(shop $crate::OfFamily<$family>, $config);
        $crate::keeps_promises!(each $family, $config,
            tells_the_store compares_lengths reads_a_hidden_error);
    };
    (shop $shop:ty, $config:expr) => {
        $crate::keeps_promises!(each $shop, $config,
            small large repeats gives_in corrects_the_clock verifies looks_after_a_lost_end goes_on
            reports_a_forgotten_upload withstands_strangers gives_up);
    };
    (each $subject:ty, $config:expr, $($promise:ident)*) => {
        $(
            #[test]
            fn $promise() {
                let config = $crate::promises::in_small_parts($config);
                $crate::promises::$promise::<$subject>(&config);
            }
        )*
    };
}
