//! The store's one request: signed with the clock that the host gives, byte for byte as it leaves.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::bindings::capstan::plugin::io::{
    FileRange, Method, Moment, Request, Segment, Transport,
};
use crate::bindings::exports::capstan::plugin::plugin::Scheme;
use crate::bindings::exports::capstan::plugin::uploader::Job;
use crate::config::Config;

/// The most bytes of an answer that are read: an error's words.
const MAX_RESPONSE: u32 = 16 << 10;

/// Puts the whole file. The host reads it: its bytes never come here.
pub fn put(config: &Config, job: &Job, at: &Moment) -> Request {
    let target = format!("/{}/{}", escaped(&config.bucket), escaped(&job.key));
    let date = at.now_ms.to_string();
    let signed = signature(&config.secret, &format!("PUT\n{target}\n{date}\n{}", job.size));
    Request {
        method: Method::Put,
        transport: match config.endpoint.scheme {
            Scheme::Https => Transport::Https,
            Scheme::Http => Transport::Http,
        },
        host: config.endpoint.host.clone(),
        port: config.endpoint.port,
        target,
        headers: vec![
            ("authorization".into(), format!("EXAMPLE-HMAC-SHA256 {}:{signed}", config.key_id)),
            ("x-date-ms".into(), date),
            ("content-type".into(), job.content_type.clone()),
        ],
        body: whole(job),
        // A refusal then costs no upload.
        ask_first: true,
        timeout_ms: None,
        max_response: MAX_RESPONSE,
    }
}

/// The whole file as a body; nothing for an empty one.
pub fn whole(job: &Job) -> Vec<Segment> {
    match job.size {
        0 => Vec::new(),
        length => vec![Segment::File(FileRange { offset: 0, length })],
    }
}

fn signature(secret: &str, text: &str) -> String {
    // HMAC takes keys of every length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(text.as_bytes());
    hex(&mac.finalize().into_bytes())
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Everything but letters, digits and `-._~/` as `%XX`: what is signed is what leaves.
fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_openssl() {
        // printf 'PUT\n/b/k\n7\n1' | openssl dgst -sha256 -hmac key
        let expected = "129c54f95850951fdea0c9bdceed9b649060778880aedca00069f926d0955412";
        assert_eq!(signature("key", "PUT\n/b/k\n7\n1"), expected);
    }

    #[test]
    fn keys_travel_escaped() {
        assert_eq!(escaped("a/ü b+c~"), "a/%C3%BC%20b%2Bc~");
    }
}
