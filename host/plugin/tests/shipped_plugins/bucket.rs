//! A bucket that speaks S3, checks every signature and digest, and fails to order.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use md5::{Digest, Md5};

use crate::signature::check_sigv4;
use crate::site::{Reply, Seen, Site};

pub(crate) const ACCESS_KEY: &str = "AKIAIOSFODNN7EXAMPLE";
pub(crate) const SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// What goes wrong with one request.
#[derive(Clone, Copy)]
pub(crate) enum Fault {
    /// This status and code.
    Code(u16, &'static str),
    /// The work is done, the connection ends without an answer.
    LostReply,
    /// The tag isn't that of the body.
    WrongTag,
}

#[derive(Default)]
pub(crate) struct Contents {
    /// By path.
    pub(crate) objects: BTreeMap<String, (Vec<u8>, String)>,
    pub(crate) uploads: BTreeMap<String, BTreeMap<usize, Vec<u8>>>,
    /// Method and target of every request.
    pub(crate) seen: Vec<String>,
    /// Each hits the first request that holds all its words, and is gone.
    pub(crate) faults: Vec<(&'static str, Fault)>,
}

/// A running store with one bucket, `rec`.
pub(crate) struct Bucket {
    pub(crate) site: Site,
    pub(crate) contents: Arc<Mutex<Contents>>,
}

impl Bucket {
    pub(crate) async fn start() -> Self {
        let contents = Arc::new(Mutex::new(Contents::default()));
        let shared = contents.clone();
        let site = Site::start(move |seen| shared.lock().unwrap().answer(&seen)).await;
        Self { site, contents }
    }

    /// A recording's configuration for this bucket, with more members.
    pub(crate) fn config(&self, more: &str) -> String {
        format!(
            r#"{{"vendor":11,"region":"us-east-1","bucket":"rec","accessKey":"{ACCESS_KEY}",
                "secretKey":"{SECRET_KEY}","extensionParams":{{"endpoint":"{}"}}{more}}}"#,
            self.site.url()
        )
    }

    pub(crate) fn fail(&self, words: &'static str, fault: Fault) {
        self.contents.lock().unwrap().faults.push((words, fault));
    }

    pub(crate) fn object(&self, path: &str) -> Option<Vec<u8>> {
        self.contents.lock().unwrap().objects.get(path).map(|(body, _)| body.clone())
    }

    pub(crate) fn seen(&self) -> Vec<String> {
        self.contents.lock().unwrap().seen.clone()
    }
}

impl Contents {
    fn answer(&mut self, seen: &Seen) -> Reply {
        let line = format!("{} {}", seen.method, seen.target);
        self.seen.push(line.clone());
        if let Err(what) = check_sigv4(seen, ACCESS_KEY, SECRET_KEY) {
            return error(403, "SignatureDoesNotMatch", &what);
        }
        if let Some(md5) = seen.header("content-md5") {
            assert_eq!(md5, base64(&Md5::digest(&seen.body)), "{line}");
        }
        let hit = |(words, _): &(&str, Fault)| words.split(' ').all(|word| line.contains(word));
        let fault = self.faults.iter().position(hit).map(|at| self.faults.remove(at).1);
        match fault {
            Some(Fault::Code(status, code)) => error(status, code, "to order"),
            Some(Fault::WrongTag) => {
                Reply::Answer(200, vec![("etag", quoted("0".repeat(32)))], String::new())
            }
            Some(Fault::LostReply) => {
                self.serve(seen);
                Reply::HangUp
            }
            None => self.serve(seen),
        }
    }

    fn serve(&mut self, seen: &Seen) -> Reply {
        let (path, query) = seen.target.split_once('?').unwrap_or((&seen.target, ""));
        let of = |name: &str| {
            query.split('&').filter_map(|pair| pair.split_once('=')).find(|(n, _)| *n == name)
        };
        let upload = of("uploadId").map(|(_, id)| id);
        match (seen.method.as_str(), upload) {
            ("PUT", None) => self.keep(path, seen.body.clone(), tag(&seen.body)),
            ("PUT", Some(id)) => {
                let Some(parts) = self.uploads.get_mut(id) else { return gone() };
                let (_, number) = of("partNumber").unwrap();
                parts.insert(number.parse().unwrap(), seen.body.clone());
                Reply::Answer(200, vec![("etag", tag(&seen.body))], String::new())
            }
            ("POST", None) => {
                let id = format!("upload-{}", self.uploads.len());
                self.uploads.insert(id.clone(), BTreeMap::new());
                let body = format!(
                    "<InitiateMultipartUploadResult><UploadId>{id}</UploadId>\
                     </InitiateMultipartUploadResult>"
                );
                Reply::Answer(200, vec![], body)
            }
            ("POST", Some(id)) => {
                let Some(parts) = self.uploads.remove(id) else { return gone() };
                let list = String::from_utf8(seen.body.clone()).unwrap();
                for (number, part) in &parts {
                    let part =
                        format!("<PartNumber>{number}</PartNumber><ETag>{}</ETag>", tag(part));
                    assert!(list.contains(&part), "{list} lacks {part}");
                }
                let digests: Vec<u8> = parts.values().flat_map(Md5::digest).collect();
                let tag = quoted(format!("{}-{}", hex::encode(Md5::digest(digests)), parts.len()));
                self.keep(path, parts.into_values().flatten().collect(), tag)
            }
            ("DELETE", Some(id)) => match self.uploads.remove(id) {
                Some(_) => Reply::Answer(204, vec![], String::new()),
                None => gone(),
            },
            ("HEAD", None) => match self.objects.get(path) {
                Some((body, tag)) => {
                    let length = body.len().to_string();
                    let headers = vec![("etag", tag.clone()), ("content-length", length)];
                    Reply::Answer(200, headers, String::new())
                }
                None => Reply::Answer(404, vec![], String::new()),
            },
            _ => error(405, "MethodNotAllowed", "the test's bucket can't do that"),
        }
    }

    fn keep(&mut self, path: &str, body: Vec<u8>, tag: String) -> Reply {
        self.objects.insert(path.into(), (body, tag.clone()));
        let xml = format!(
            "<?xml version=\"1.0\"?>\n<CompleteMultipartUploadResult><ETag>{tag}</ETag>\
             </CompleteMultipartUploadResult>"
        );
        Reply::Answer(200, vec![("etag", tag)], xml)
    }
}

fn tag(body: &[u8]) -> String {
    quoted(hex::encode(Md5::digest(body)))
}

fn quoted(text: String) -> String {
    format!("\"{text}\"")
}

fn gone() -> Reply {
    error(404, "NoSuchUpload", "the upload is unknown")
}

fn error(status: u16, code: &str, message: &str) -> Reply {
    let body = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    Reply::Answer(status, vec![("x-amz-request-id", "r-1".into())], body)
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
        let word = word << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let letter = LETTERS[(word >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    text
}
