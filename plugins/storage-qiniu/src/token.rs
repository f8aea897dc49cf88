//! What Kodo is signed with: an upload token is a signed policy, good for any request that it allows;
//! other requests are signed one by one.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use capstan_store_kit::mac::hmac_sha1;
use serde_json::json;

/// For how many seconds an upload token is good: longer than a part takes.
const VALID: u64 = 3600;

/// A policy that lets one object be written, over an older one too.
#[must_use]
pub fn policy(bucket: &str, key: &str, file_type: Option<u8>, now_ms: u64) -> String {
    let (scope, deadline) = (format!("{bucket}:{key}"), now_ms / 1000 + VALID);
    let policy = match file_type {
        None => json!({ "scope": scope, "deadline": deadline }),
        Some(class) => json!({ "scope": scope, "deadline": deadline, "fileType": class }),
    };
    policy.to_string()
}

/// The upload token of a policy.
#[must_use]
pub fn upload_token(access_key: &str, secret_key: &str, policy: &str) -> String {
    let policy = URL_SAFE.encode(policy);
    format!("{access_key}:{}:{policy}", sign(secret_key, &policy))
}

/// The value of `Authorization` for a request without a body, at the management hosts.
#[must_use]
pub fn management(access_key: &str, secret_key: &str, target: &str, authority: &str) -> String {
    let text = format!("GET {target}\nHost: {authority}\n\n");
    format!("Qiniu {access_key}:{}", sign(secret_key, &text))
}

fn sign(secret_key: &str, text: &str) -> String {
    URL_SAFE.encode(hmac_sha1(secret_key.as_bytes(), text.as_bytes()))
}
