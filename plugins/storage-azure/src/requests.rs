//! Azure's requests: the whole blob, a block, the list that joins blocks, and the look at a blob.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use capstan_kit::date::http;
use capstan_store_kit::encode::{encode, encode_path};
use capstan_store_kit::io::{Method, Request};
use capstan_store_kit::request::{Body, Draft};
use capstan_store_kit::{Call, Facts, Part};

use crate::config::{Access, Azure};
use crate::shared_key::authorization;

/// The version of the protocol that is spoken: the first with tags, tiers and scopes on every request
/// that makes a blob.
const VERSION: &str = "2021-12-02";

impl Azure {
    pub(crate) fn request_for(&self, facts: &Facts, call: Call, now_ms: u64) -> Request {
        let mut draft = self.draft(facts, call);
        let key = encode_path(&draft.key);
        draft.add("x-ms-version", VERSION);
        draft.add("x-ms-date", http(now_ms));
        if let Access::Key(secret) = &self.access {
            let path = self.place.path(&key);
            let signed = authorization(&draft, &self.account, secret, &path);
            draft.add("authorization", signed);
        }
        let mut request = draft.to_place(&self.place, &key);
        if let Access::Token(pairs) = &self.access {
            for (name, value) in pairs {
                let joint = if request.target.contains('?') { '&' } else { '?' };
                request.target += &format!("{joint}{}={}", encode(name), encode(value));
            }
        }
        request
    }

    fn draft(&self, facts: &Facts, call: Call) -> Draft {
        let key = facts.job.key.clone();
        let of = |method, query, headers, body| Draft { method, key, query, headers, body };
        let part = |number: usize| facts.parts.get(number);
        match call {
            Call::Put => {
                let mut headers = self.blob_headers(facts);
                headers.push(("x-ms-blob-type".into(), "BlockBlob".into()));
                headers.extend(part(0).map(content_md5));
                of(Method::Put, vec![], headers, file(part(0)))
            }
            Call::Part(number) => {
                let query =
                    vec![("comp", "block".to_owned()), ("blockid", block_id(facts, number))];
                let headers = part(number).map(content_md5).into_iter().collect();
                of(Method::Put, query, headers, file(part(number)))
            }
            Call::Complete => {
                let mut headers = self.blob_headers(facts);
                headers.push(("content-type".into(), "application/xml".into()));
                let md5 = facts.whole.first().map(|digest| STANDARD.encode(digest));
                headers.extend(md5.map(|md5| ("x-ms-blob-content-md5".to_owned(), md5)));
                let body = Body::Bytes(list(facts).into_bytes());
                of(Method::Put, vec![("comp", "blocklist".to_owned())], headers, body)
            }
            // There is nothing to begin and nothing to drop: neither is ever asked for.
            Call::Create | Call::Look | Call::Abort => {
                of(Method::Head, vec![], vec![], Body::Empty)
            }
        }
    }

    /// What a blob is created with.
    fn blob_headers(&self, facts: &Facts) -> Vec<(String, String)> {
        let kind = ("x-ms-blob-content-type".to_owned(), facts.job.content_type.clone());
        let caching = self.caching.control(&facts.job).to_owned();
        let caching = ("x-ms-blob-cache-control".to_owned(), caching);
        let meta = |(name, value): &(String, String)| {
            // Names of metadata are those of variables in C#.
            (format!("x-ms-meta-{}", name.replace('-', "_")), encode(value))
        };
        let tags = facts.job.tags.iter().map(meta);
        [kind, caching].into_iter().chain(self.blob_headers.iter().cloned()).chain(tags).collect()
    }
}

/// A block's name: all of a blob must have the same length.
fn block_id(facts: &Facts, number: usize) -> String {
    STANDARD.encode(format!("{}{number:05}", facts.id()))
}

fn list(facts: &Facts) -> String {
    let blocks = (0..facts.parts.len())
        .map(|number| format!("<Latest>{}</Latest>", block_id(facts, number)));
    format!("<BlockList>{}</BlockList>", blocks.collect::<String>())
}

/// The digest that the store compares with what arrives.
fn content_md5(part: &Part) -> (String, String) {
    ("content-md5".to_owned(), STANDARD.encode(&part.print))
}

fn file(part: Option<&Part>) -> Body {
    part.map_or(Body::Empty, |part| Body::File(part.range, None))
}
