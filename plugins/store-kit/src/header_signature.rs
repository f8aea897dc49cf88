//! The older signature that many vendors still have, each with words of its own: HMAC-SHA1 over a few
//! header lines and the resource.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::family::Settings;
use crate::mac::hmac_sha1;
use crate::request::Draft;
use crate::sigv4::sorted;
use capstan_kit::date::http;

/// A vendor's words.
pub struct Words {
    /// Before the key id in the `Authorization` header.
    pub scheme: &'static str,
    /// The names of the headers that are signed besides the usual ones begin so.
    pub prefix: &'static str,
}

impl Words {
    /// What is signed. `resource` is `/bucket/key` in the vendor's own encoding; the query's
    /// parameters follow it by themselves. The draft must have its `date`.
    #[must_use]
    pub fn string_to_sign(&self, draft: &Draft, resource: &str) -> String {
        let header = |name| draft.header(name).unwrap_or_default();
        let (method, date) = (draft.method_name(), header("date"));
        let (md5, kind) = (header("content-md5"), header("content-type"));
        let mut text = format!("{method}\n{md5}\n{kind}\n{date}\n");
        for (name, value) in sorted(&draft.headers()) {
            if name.starts_with(self.prefix) {
                text += &format!("{name}:{value}\n");
            }
        }
        text + resource + &sub_resources(draft)
    }

    /// Signs a draft: adds token, date and signature. `key` is the object's key in the vendor's own
    /// encoding.
    pub fn sign(&self, draft: &mut Draft, settings: &Settings, key: &str, now_ms: u64) {
        let Settings { credentials, bucket, .. } = settings;
        if let Some(token) = &credentials.token {
            draft.add(&format!("{}security-token", self.prefix), token);
        }
        draft.add("date", http(now_ms));
        let text = self.string_to_sign(draft, &format!("/{bucket}/{key}"));
        let secret = credentials.secret_key.as_bytes();
        let signature = STANDARD.encode(hmac_sha1(secret, text.as_bytes()));
        let access_key = &credentials.access_key;
        draft.add("authorization", format!("{} {access_key}:{signature}", self.scheme));
    }
}

/// The parameters as they are signed: sorted, not encoded, a name without a value alone.
fn sub_resources(draft: &Draft) -> String {
    let mut query = draft.query();
    query.sort_unstable();
    let pair = |(name, value): &(&str, &str)| match *value {
        "" => (*name).to_owned(),
        value => format!("{name}={value}"),
    };
    let pairs: Vec<String> = query.iter().map(pair).collect();
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}
