//! Kodo in memory: the form, "resumable v2", and the look at an object.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

use std::collections::BTreeMap;

use capstan_store_kit::Call;
use capstan_store_kit::class::Class;
use capstan_store_kit::io::{Method, Request, Response};
use capstan_store_kit::uploader::Algorithm;
use capstan_store_trial::{Server, Shop, answer, digest};
use serde_json::{Value, json};
use storage_qiniu::Qiniu;

const BLOCK: usize = 4 << 20;

/// A bucket with one object at most.
#[derive(Default)]
pub(crate) struct Kodo {
    object: Option<Vec<u8>>,
    hash: String,
    uploads: BTreeMap<String, BTreeMap<usize, Vec<u8>>>,
    /// The fields of the last form.
    pub(crate) fields: BTreeMap<String, String>,
    /// The media type of its file.
    pub(crate) media_type: String,
}

pub(crate) struct KodoShop;

impl Shop for KodoShop {
    type Vendor = Qiniu;
    type Server = Kodo;

    const REQUESTS: usize = 5;

    fn object(server: &Kodo) -> Option<&[u8]> {
        server.object.as_deref()
    }

    fn put_older(server: &mut Kodo, object: Vec<u8>) {
        server.object = Some(object);
        server.hash = "lold".into();
    }

    fn pending(server: &Kodo) -> usize {
        server.uploads.len()
    }

    fn forget(server: &mut Kodo) {
        server.uploads.clear();
    }

    fn words(call: Call) -> &'static str {
        match call {
            Call::Put => "POST",
            Call::Create => "POST /uploads",
            Call::Part(0) => "PUT /uploads/id0/1",
            Call::Part(1) => "PUT /uploads/id0/2",
            Call::Part(_) => "PUT /uploads/id0/3",
            Call::Complete => "POST /uploads/id0",
            Call::Look => "GET /stat/",
            Call::Abort => "DELETE",
        }
    }

    fn error(class: Class) -> Response {
        let (status, words) = match class {
            Class::BadCredentials => (401, "bad token"),
            Class::ClockSkew => (401, "expired token"),
            Class::NoBucket => (631, "no such bucket"),
            Class::Denied => (403, "permission denied"),
            Class::Throttled => (573, "concurrency limit exceeded"),
            Class::Transient => (599, "internal server error"),
            Class::Integrity => (406, "md5 not match"),
            other => panic!("no {other:?}"),
        };
        reply(status, &json!({ "error": words }))
    }

    fn spoil(response: &mut Response) {
        response.body = json!({ "hash": "Fo00", "etag": "Fo00" }).to_string().into();
    }
}

impl Server for Kodo {
    fn serve(&mut self, request: &Request, body: &[u8]) -> Response {
        let path: Vec<&str> = request.target.split('/').collect();
        match (&request.method, path.as_slice()) {
            (Method::Post, ["", ""]) => self.form(request, body),
            (Method::Post, ["", "buckets", "rec", "objects", _, "uploads"]) => {
                let id = format!("id{}", self.uploads.len());
                self.uploads.insert(id.clone(), BTreeMap::new());
                reply(200, &json!({ "uploadId": id }))
            }
            (Method::Put, [.., "uploads", id, number]) => {
                let Some(parts) = self.uploads.get_mut(*id) else { return gone() };
                parts.insert(number.parse().unwrap(), body.to_vec());
                reply(200, &json!({ "etag": hash(&[body]) }))
            }
            (Method::Post, [.., "uploads", id]) => {
                let Some(parts) = self.uploads.remove(*id) else { return gone() };
                let list: Value = serde_json::from_slice(body).unwrap();
                assert_eq!(list["parts"].as_array().unwrap().len(), parts.len());
                assert_eq!(list["mimeType"], "video/mp4");
                let caching = &list["metadata"]["x-qn-meta-!Cache-Control"];
                assert_eq!(caching, "max-age=31536000, immutable");
                let parts: Vec<&[u8]> = parts.values().map(|part| &**part).collect();
                self.hash = hash(&parts);
                self.object = Some(parts.concat());
                self.describe()
            }
            (Method::Delete, [.., "uploads", id]) => {
                self.uploads.remove(*id);
                reply(200, &json!({}))
            }
            (Method::Get, ["", "stat", _]) if self.object.is_some() => self.describe(),
            (Method::Get, ["", "stat", _]) => reply(612, &json!({ "error": "no such file" })),
            (method, _) => panic!("{method:?} {}", request.target),
        }
    }
}

impl Kodo {
    fn form(&mut self, request: &Request, body: &[u8]) -> Response {
        let (_, kind) = &request.headers[0];
        let boundary = format!("--{}", kind.split_once("boundary=").unwrap().1);
        let text = body.iter().map(|byte| char::from(*byte)).collect::<String>();
        for part in text.split(&boundary).filter(|part| part.starts_with("\r\n")) {
            let (head, data) = part.split_once("\r\n\r\n").unwrap();
            let data = data.strip_suffix("\r\n").unwrap();
            let bytes: Vec<u8> = data.chars().map(|letter| letter as u8).collect();
            let name = head.split_once("name=\"").unwrap().1.split('"').next().unwrap();
            if name == "file" {
                self.media_type = head.split_once("Content-Type: ").unwrap().1.into();
                self.hash = hash(&[&bytes]);
                self.object = Some(bytes);
            } else {
                self.fields.insert(name.into(), String::from_utf8(bytes).unwrap());
            }
        }
        self.describe()
    }

    fn describe(&self) -> Response {
        let size = self.object.as_ref().map(Vec::len);
        reply(200, &json!({ "hash": self.hash, "fsize": size }))
    }
}

/// The hash by the rules that the SDKs document: one run as its blocks, several as their digests.
fn hash(parts: &[&[u8]]) -> String {
    let of_run = |run: &[u8]| {
        let digests: Vec<Vec<u8>> =
            run.chunks(BLOCK).map(|block| digest(Algorithm::Sha1, block)).collect();
        match digests.as_slice() {
            [] => (0x16, digest(Algorithm::Sha1, &[])),
            [one] => (0x16, one.clone()),
            several => (0x96, digest(Algorithm::Sha1, &several.concat())),
        }
    };
    let are_blocks = parts.iter().rev().skip(1).all(|part| part.len() == BLOCK);
    let (mark, digest) = if are_blocks {
        of_run(&parts.concat())
    } else {
        let digests: Vec<u8> = parts.iter().flat_map(|part| of_run(part).1).collect();
        (0x9e, capstan_store_trial::digest(Algorithm::Sha1, &digests))
    };
    storage_qiniu::qetag::written(&[&[mark], digest.as_slice()].concat())
}

fn gone() -> Response {
    reply(612, &json!({ "error": "no such uploadId" }))
}

fn reply(status: u16, body: &Value) -> Response {
    answer(status, &[("x-reqid", "r1")], &body.to_string())
}
