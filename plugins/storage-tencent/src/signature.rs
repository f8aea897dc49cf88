//! COS's signature: HMAC-SHA1 over method, decoded path, parameters and headers, valid for a window of
//! time.

use capstan_store_kit::encode::encode;
use capstan_store_kit::family::Settings;
use capstan_store_kit::mac::{hmac_sha1, sha1};
use capstan_store_kit::request::Draft;

/// The window as the vendor's SDK has it, in seconds before and after now.
const BEFORE: u64 = 60;
const AFTER: u64 = 10_000;

/// Adds token and signature. Every header that is there is signed, and the host.
pub(crate) fn sign(draft: &mut Draft, settings: &Settings, now_ms: u64) {
    let Settings { credentials, place, .. } = settings;
    if let Some(token) = &credentials.token {
        draft.add("x-cos-security-token", token);
    }
    let now = now_ms / 1000;
    let window = format!("{};{}", now.saturating_sub(BEFORE), now + AFTER);
    let authority = place.authority();
    let mut headers = draft.headers();
    headers.push(("host", &authority));
    let (headers, header_list) = encoded(&headers);
    let (parameters, parameter_list) = encoded(&draft.query());

    // The path is the key as it is, not encoded.
    let method = draft.method_name().to_ascii_lowercase();
    let request = format!("{method}\n/{}\n{parameters}\n{headers}\n", draft.key);
    let text = format!("sha1\n{window}\n{}\n", hex::encode(sha1(request.as_bytes())));
    // The hexadecimal text of the first digest is the key of the second.
    let key = hex::encode(hmac_sha1(credentials.secret_key.as_bytes(), window.as_bytes()));
    let signature = hex::encode(hmac_sha1(key.as_bytes(), text.as_bytes()));
    let authorization = format!(
        "q-sign-algorithm=sha1&q-ak={}&q-sign-time={window}&q-key-time={window}\
         &q-header-list={header_list}&q-url-param-list={parameter_list}&q-signature={signature}",
        credentials.access_key
    );
    draft.add("authorization", authorization);
}

/// Pairs as they are signed, and the list of their names.
fn encoded(pairs: &[(&str, &str)]) -> (String, String) {
    let pair = |(name, value): &(&str, &str)| (encode(&name.to_ascii_lowercase()), encode(value));
    let mut pairs: Vec<(String, String)> = pairs.iter().map(pair).collect();
    pairs.sort_unstable();
    let texts: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
    (texts.join("&"), names.join(";"))
}
