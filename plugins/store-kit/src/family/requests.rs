//! The six requests of an upload, before they are signed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Names, Settings};
use crate::encode::encode;
use crate::io::Method;
use crate::part::Part;
use crate::request::{Body, Draft};
use crate::uploader::Algorithm;
use crate::vendor::{Call, Facts};

/// A request of this upload.
pub(super) fn draft(names: &Names, settings: &Settings, facts: &Facts, call: Call) -> Draft {
    let upload = ("uploadId", facts.id().to_owned());
    let (method, query, headers, body) = match call {
        Call::Put => {
            let part = facts.parts.first();
            let mut headers = object_headers(names, settings, facts);
            headers.extend(part.and_then(content_md5));
            (Method::Put, vec![], headers, body(part))
        }
        Call::Create => {
            let headers = object_headers(names, settings, facts);
            (Method::Post, vec![("uploads", String::new())], headers, Body::Empty)
        }
        Call::Part(number) => {
            let part = facts.parts.get(number);
            let query = vec![("partNumber", (number + 1).to_string()), upload];
            (Method::Put, query, part.and_then(content_md5).into_iter().collect(), body(part))
        }
        Call::Complete => {
            let tags = facts.parts.iter().map(|part| part.tag.as_deref().unwrap_or_default());
            let (list, kind) = names.format.list(&tags.collect::<Vec<_>>());
            let headers = vec![("content-type".to_owned(), kind.to_owned())];
            (Method::Post, vec![upload], headers, Body::Bytes(list.into_bytes()))
        }
        Call::Look => (Method::Head, vec![], vec![], Body::Empty),
        Call::Abort => (Method::Delete, vec![upload], vec![], Body::Empty),
    };
    Draft { method, key: facts.job.key.clone(), query, headers, body }
}

/// What the object is created with.
fn object_headers(names: &Names, settings: &Settings, facts: &Facts) -> Vec<(String, String)> {
    let kind = ("content-type".to_owned(), facts.job.content_type.clone());
    let caching = ("cache-control".to_owned(), settings.caching.control(&facts.job).to_owned());
    let meta = |(name, value): &(String, String)| {
        (format!("{}meta-{name}", names.prefix), header_text(value))
    };
    let own = settings.object_headers.iter().cloned();
    [kind, caching].into_iter().chain(own).chain(facts.job.tags.iter().map(meta)).collect()
}

/// Headers are ASCII; whatever else a value holds is percent-encoded.
fn header_text(value: &str) -> String {
    let plain = value.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    if plain { value.to_owned() } else { encode(value) }
}

/// The digest that the store compares with what arrives, whatever its tags say later.
fn content_md5(part: &Part) -> Option<(String, String)> {
    let md5 = part.digest(Algorithm::Md5)?;
    Some(("content-md5".to_owned(), STANDARD.encode(md5)))
}

fn body(part: Option<&Part>) -> Body {
    part.map_or(Body::Empty, |part| {
        Body::File(part.range, part.digest(Algorithm::Sha256).map(hex::encode))
    })
}
