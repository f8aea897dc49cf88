//! BCE's signature, version 1: HMAC-SHA256 over method, path, parameters and the headers that it names.

use capstan_kit::date::iso;
use capstan_store_kit::encode::{encode, sorted_query};
use capstan_store_kit::family::Settings;
use capstan_store_kit::mac::hmac_sha256;
use capstan_store_kit::request::Draft;

/// For how many seconds a signature is good.
const VALID: u32 = 1800;

/// Adds token, date and signature. Every header that is there is signed, and the host.
pub(crate) fn sign(draft: &mut Draft, settings: &Settings, path: &str, now_ms: u64) {
    let Settings { credentials, place, .. } = settings;
    let date = iso(now_ms);
    if let Some(token) = &credentials.token {
        draft.add("x-bce-security-token", token);
    }
    draft.add("x-bce-date", date.clone());
    let mut signed = draft.clone();
    signed.add("host", place.authority());
    let (access_key, secret_key) = (&credentials.access_key, &credentials.secret_key);
    draft.add("authorization", authorization(&signed, access_key, secret_key, path, &date));
}

/// The value of the `Authorization` header for a draft with all headers that are signed; `date` is
/// the value of `x-bce-date`.
#[must_use]
pub fn authorization(
    draft: &Draft,
    access_key: &str,
    secret_key: &str,
    path: &str,
    date: &str,
) -> String {
    let line = |(name, value): &(&str, &str)| format!("{}:{}", encode(name), encode(value.trim()));
    let mut lines: Vec<String> = draft.headers().iter().map(line).collect();
    lines.sort_unstable();
    let names: Vec<&str> = lines.iter().filter_map(|line| line.split(':').next()).collect();

    let scope = format!("bce-auth-v1/{access_key}/{date}/{VALID}");
    // The hexadecimal text of the first digest is the key of the second.
    let key = hex::encode(hmac_sha256(secret_key.as_bytes(), scope.as_bytes()));
    let query = sorted_query(&draft.query(), false);
    let text = format!("{}\n{path}\n{query}\n{}", draft.method_name(), lines.join("\n"));
    let signature = hex::encode(hmac_sha256(key.as_bytes(), text.as_bytes()));
    format!("{scope}/{}/{signature}", names.join(";"))
}
