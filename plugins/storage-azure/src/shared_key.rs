//! Azure's signature "Shared Key": HMAC-SHA256 over method, usual headers, the vendor's own headers and
//! the resource.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use capstan_store_kit::mac::hmac_sha256;
use capstan_store_kit::request::Draft;
use capstan_store_kit::sigv4::sorted;

/// The usual headers, in the order in which they are signed; `content-length` is the body's.
const USUAL: [&str; 11] = [
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
];

/// The value of `Authorization`. `path` is the path on the wire.
#[must_use]
pub fn authorization(draft: &Draft, account: &str, key: &[u8], path: &str) -> String {
    let signature = hmac_sha256(key, string_to_sign(draft, account, path).as_bytes());
    format!("SharedKey {account}:{}", STANDARD.encode(signature))
}

fn string_to_sign(draft: &Draft, account: &str, path: &str) -> String {
    let mut text = format!("{}\n", draft.method_name());
    let length = draft.body.length();
    let length = if length == 0 { String::new() } else { length.to_string() };
    for name in USUAL {
        let value = match name {
            "content-length" => length.as_str(),
            name => draft.header(name).unwrap_or_default(),
        };
        text += &format!("{value}\n");
    }
    for (name, value) in sorted(&draft.headers()) {
        if name.starts_with("x-ms-") {
            text += &format!("{name}:{}\n", value.trim());
        }
    }
    text += &format!("/{account}{path}");
    let mut query = draft.query();
    query.sort_unstable();
    for (name, value) in query {
        text += &format!("\n{}:{value}", name.to_ascii_lowercase());
    }
    text
}
