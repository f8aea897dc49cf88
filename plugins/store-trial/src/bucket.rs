//! A bucket of S3's family in memory, which speaks with a vendor's names.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use capstan_store_kit::Family;
use capstan_store_kit::family::Format;
use capstan_store_kit::io::{Method, Request, Response};
use capstan_store_kit::uploader::Algorithm;

use crate::digest::digest;
use crate::host::{Server, response};

/// A bucket with one object at most.
pub struct Bucket<F> {
    /// The object.
    pub object: Option<Vec<u8>>,
    /// Its tag.
    pub tag: String,
    /// Uploads in parts that aren't ended, by their ids.
    pub uploads: BTreeMap<String, BTreeMap<usize, Vec<u8>>>,
    /// Whether objects are encrypted with managed keys, so that tags say nothing.
    pub managed_keys: bool,
    /// Whether checksums are left out.
    pub silent: bool,
    vendor: PhantomData<F>,
}

impl<F> Default for Bucket<F> {
    fn default() -> Self {
        Self {
            object: None,
            tag: String::new(),
            uploads: BTreeMap::new(),
            managed_keys: false,
            silent: false,
            vendor: PhantomData,
        }
    }
}

impl<F: Family> Bucket<F> {
    /// An error as this vendor words it.
    #[must_use]
    pub fn error(status: u16, code: &str) -> Response {
        response(status, &[], &Self::error_text(code))
    }

    /// Its document.
    #[must_use]
    pub fn error_text(code: &str) -> String {
        match F::NAMES.format {
            Format::Xml => format!(
                "<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code><Message>no</Message>\
                 <RequestId>r1</RequestId></Error>"
            ),
            Format::Json => format!(r#"{{"code":"{code}","message":"no","requestId":"r1"}}"#),
        }
    }

    fn document(name: &str, value: &str) -> String {
        match F::NAMES.format {
            Format::Xml => format!("<R><{name}>{}</{name}></R>", value.replace('"', "&quot;")),
            Format::Json => {
                let name = format!("{}{}", name[..1].to_lowercase(), &name[1..]);
                serde_json::json!({ name: value }).to_string()
            }
        }
    }

    fn store(&mut self, body: &[u8], tag: String) -> Response {
        self.object = Some(body.to_vec());
        self.tag = if self.managed_keys { "\"of-a-managed-key\"".into() } else { tag };
        let mut answer = response(200, &[("etag", &self.tag)], &Self::document("ETag", &self.tag));
        self.describe(&mut answer, body);
        answer
    }

    fn describe(&self, answer: &mut Response, body: &[u8]) {
        if self.managed_keys {
            let name = format!("{}server-side-encryption", F::NAMES.prefix);
            answer.headers.push((name, "aws:kms".into()));
        }
        if let Some(checksum) = F::NAMES.checksum.filter(|_| !self.silent) {
            let written = checksum.written(&digest(checksum.algorithm, body));
            answer.headers.push((checksum.header.into(), written));
        }
    }

    fn part_tag(&self, body: &[u8]) -> String {
        if self.managed_keys { "\"of-a-managed-key\"".into() } else { tag(body) }
    }

    fn look(&self) -> Response {
        let Some(object) = &self.object else { return response(404, &[], "") };
        let length = object.len().to_string();
        let mut answer = response(200, &[("content-length", &length), ("etag", &self.tag)], "");
        self.describe(&mut answer, object);
        answer
    }
}

impl<F: Family> Server for Bucket<F> {
    fn serve(&mut self, request: &Request, body: &[u8]) -> Response {
        let (_, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let value = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name));
        match (&request.method, value("uploadId=")) {
            (Method::Put, None) => self.store(body, tag(body)),
            (Method::Put, Some(id)) => {
                let tag = self.part_tag(body);
                let Some(parts) = self.uploads.get_mut(id) else { return gone::<F>() };
                parts.insert(value("partNumber=").unwrap().parse().unwrap(), body.to_vec());
                response(200, &[("etag", &tag)], "")
            }
            (Method::Post, None) => {
                let id = format!("id{}", self.uploads.len());
                self.uploads.insert(id.clone(), BTreeMap::new());
                response(200, &[], &Self::document("UploadId", &id))
            }
            (Method::Post, Some(id)) => {
                let Some(parts) = self.uploads.remove(id) else { return gone::<F>() };
                let whole = parts.values().flatten().copied().collect::<Vec<u8>>();
                let md5 = |part: &Vec<u8>| digest(Algorithm::Md5, part);
                let prints: Vec<u8> = parts.values().flat_map(md5).collect();
                let tag = hex::encode(digest(Algorithm::Md5, &prints));
                self.store(&whole, format!("\"{tag}-{}\"", parts.len()))
            }
            (Method::Delete, Some(id)) => {
                self.uploads.remove(id);
                response(204, &[], "")
            }
            (Method::Head, None) => self.look(),
            (method, _) => panic!("{method:?} {}", request.target),
        }
    }
}

fn tag(body: &[u8]) -> String {
    format!("\"{}\"", hex::encode(digest(Algorithm::Md5, body)))
}

fn gone<F: Family>() -> Response {
    Bucket::<F>::error(404, "NoSuchUpload")
}
