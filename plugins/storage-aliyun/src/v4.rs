//! OSS's signature version 4: Amazon's chain of keys over a canonical request of OSS's own. The host is
//! not signed, so a custom domain changes nothing.

use capstan_kit::date::basic;
use capstan_store_kit::encode::{encode, encode_path, sorted_query};
use capstan_store_kit::family::Settings;
use capstan_store_kit::request::Draft;
use capstan_store_kit::sigv4::{Scheme, Signature, UNSIGNED_PAYLOAD, sorted};

const SCHEME: Scheme = Scheme {
    algorithm: "OSS4-HMAC-SHA256",
    secret_prefix: "aliyun_v4",
    service: "oss",
    terminator: "aliyun_v4_request",
};

/// Adds token, date, payload hash and signature.
pub(crate) fn sign(draft: &mut Draft, settings: &Settings, now_ms: u64) {
    let Settings { credentials, region, bucket, .. } = settings;
    let date = basic(now_ms);
    if let Some(token) = &credentials.token {
        draft.add("x-oss-security-token", token);
    }
    draft.add("x-oss-content-sha256", UNSIGNED_PAYLOAD);
    draft.add("x-oss-date", date.clone());
    let signature = Signature {
        scheme: &SCHEME,
        access_key: &credentials.access_key,
        secret_key: &credentials.secret_key,
        region,
        date: &date,
    };
    let (credential, signed) = (signature.credential(), signature.sign(&canonical(draft, bucket)));
    let algorithm = SCHEME.algorithm;
    draft.add("authorization", format!("{algorithm} Credential={credential}, Signature={signed}"));
}

/// The path always names the bucket, however the request does; a parameter without a value stands
/// alone; no further headers are named as signed.
fn canonical(draft: &Draft, bucket: &str) -> String {
    let path = format!("/{}/{}", encode(bucket), encode_path(&draft.key));
    let mut headers = String::new();
    for (name, value) in sorted(&draft.headers()) {
        if name.starts_with("x-oss-") || name == "content-type" || name == "content-md5" {
            headers += &format!("{name}:{}\n", value.trim());
        }
    }
    let (method, query) = (draft.method_name(), sorted_query(&draft.query(), true));
    format!("{method}\n{path}\n{query}\n{headers}\n\n{UNSIGNED_PAYLOAD}")
}
