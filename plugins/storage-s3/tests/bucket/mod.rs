//! A bucket in memory and a host that runs an upload against it, with faults to order.

use std::collections::BTreeMap;

use md5::{Digest, Md5};
use storage_s3::io::{
    Method, Moment, Request, Response, Segment, TransportError, TransportFailure,
};
use storage_s3::uploader::{Action, Algorithm, Event, Failure, Job, Outcome, Step, Stored, Work};
use storage_s3::{Config, Upload, sigv4, timestamp};

pub(crate) const MIB: usize = 1 << 20;

/// A plain configuration with a few more members.
pub(crate) fn config(more: &str) -> Config {
    let text = format!(
        r#"{{"accessKey":"AK","secretKey":"hush","bucket":"rec","region":"us-east-1"{more}}}"#
    );
    Config::parse(&text).unwrap_or_else(|wrongs| panic!("{wrongs:?}"))
}

pub(crate) fn job(size: usize) -> Job {
    Job {
        id: "job".into(),
        key: "a b/k.m4s".into(),
        size: size as u64,
        content_type: "video/mp4".into(),
        tags: vec![("sid".into(), "abc".into())],
    }
}

/// What goes wrong with one request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// The store answers an error.
    Code(u16, &'static str),
    /// The store answers another tag than the body's digest.
    WrongTag,
    /// The connection ends before the store has done anything.
    Closed,
    /// The store does the work, its answer is lost.
    LostReply,
    /// A 200 whose body is an error.
    HiddenError,
}

#[derive(Default)]
pub(crate) struct Bucket {
    pub file: Vec<u8>,
    pub object: Option<Vec<u8>>,
    pub object_tag: String,
    pub uploads: BTreeMap<String, BTreeMap<usize, Vec<u8>>>,
    pub requests: Vec<Request>,
    /// Each is used once, by the first request that contains all its words.
    pub faults: Vec<(&'static str, Fault)>,
    pub managed_keys: bool,
    pub check_skew: bool,
    pub store_ahead_ms: u64,
    pub pauses: Vec<u32>,
    pub most_at_once: usize,
    now_ms: u64,
}

impl Bucket {
    pub(crate) fn new(size: usize) -> Self {
        let file = (0..size).map(|at| (at * 31 % 251) as u8).collect();
        Self { file, now_ms: 1_710_491_445_000, ..Self::default() }
    }

    pub(crate) fn moment(&self) -> Moment {
        Moment { now_ms: self.now_ms, random: (self.now_ms * 7919, 1) }
    }

    pub(crate) fn run_new(&mut self, more: &str) -> Result<Stored, Failure> {
        self.run(&mut Upload::open(std::rc::Rc::new(config(more)), job(self.file.len()), None))
    }

    /// Runs an upload to its end.
    pub(crate) fn run(&mut self, upload: &mut Upload) -> Result<Stored, Failure> {
        let step = upload.next(self.moment(), Vec::new());
        self.go_on(upload, step)
    }

    pub(crate) fn go_on(&mut self, upload: &mut Upload, first: Step) -> Result<Stored, Failure> {
        let mut under_way: Vec<Action> = Vec::new();
        let mut step = first;
        for _ in 0..1000 {
            match step {
                Step::Done(stored) => return Ok(stored),
                Step::Failed(failure) => return Err(failure),
                Step::Act(actions) => under_way.extend(actions),
            }
            assert!(!under_way.is_empty(), "the job hangs");
            let sends = under_way.iter().filter(|action| matches!(action.work, Work::Send(_)));
            self.most_at_once = self.most_at_once.max(sends.count());
            assert!(under_way.len() <= 16);
            // The newest ends first, so that nothing relies on the order.
            let action = under_way.pop().unwrap();
            let outcome = self.work(action.work);
            step = upload.next(self.moment(), vec![Event { id: action.id, outcome }]);
        }
        panic!("no end");
    }

    pub(crate) fn seen(&self) -> Vec<String> {
        let line = |request: &Request| format!("{} {}", name(&request.method), request.target);
        self.requests.iter().map(line).collect()
    }

    pub(crate) fn completes(&self) -> usize {
        self.seen().iter().filter(|line| line.starts_with("POST") && line.contains("Id=")).count()
    }

    pub(crate) fn forget_uploads(&mut self) {
        self.uploads.clear();
    }

    fn work(&mut self, work: Work) -> Outcome {
        match work {
            Work::Wait(ms) => {
                self.pauses.push(ms);
                self.now_ms += u64::from(ms);
                Outcome::Woke
            }
            Work::Digest(request) => {
                let bytes = self.bytes(&request.of);
                Outcome::Digest(match request.algorithm {
                    Algorithm::Md5 => Md5::digest(bytes).to_vec(),
                    Algorithm::Sha256 => hex::decode(sigv4::sha256_hex(&bytes)).unwrap(),
                    other => panic!("{other:?} isn't needed"),
                })
            }
            Work::Send(request) => self.send(request),
        }
    }

    fn send(&mut self, request: Request) -> Outcome {
        self.now_ms += 1000;
        self.requests.push(request.clone());
        let line = format!("{} {}", name(&request.method), request.target);
        let matches = |words: &str| words.split(' ').all(|word| line.contains(word));
        let fault = self.faults.iter().position(|(words, _)| matches(words));
        let fault = fault.map(|at| self.faults.remove(at).1);
        match fault {
            Some(Fault::Code(status, code)) => answer(status, &[], &error(code)),
            Some(Fault::HiddenError) => answer(200, &[], &format!(" \n{}", error("InternalError"))),
            Some(Fault::Closed) => lost(request.method == Method::Post),
            Some(Fault::LostReply) => {
                self.serve(&request);
                lost(true)
            }
            Some(Fault::WrongTag) => {
                answer(200, &[("etag", "\"00000000000000000000000000000000\"")], "")
            }
            None => self.serve(&request),
        }
    }

    fn serve(&mut self, request: &Request) -> Outcome {
        let date = request.headers.iter().find(|(name, _)| name == "x-amz-date").unwrap();
        if self.check_skew && date.1 != timestamp::amz_date(self.now_ms + self.store_ahead_ms) {
            // 09:30:46, an hour and the second of the request after the start.
            let headers = [("date", "Fri, 15 Mar 2024 09:30:47 GMT")];
            return answer(403, &headers, &error("RequestTimeTooSkewed"));
        }
        let body = self.bytes(&request.body);
        let (_, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let upload = query.split('&').find_map(|pair| pair.strip_prefix("uploadId="));
        match (name(&request.method), upload) {
            ("PUT", None) => self.store(&body, tag(&body)),
            ("PUT", Some(id)) => {
                let number = query.split('&').find_map(|pair| pair.strip_prefix("partNumber="));
                let tag = self.tag(&body);
                let Some(parts) = self.uploads.get_mut(id) else { return gone() };
                parts.insert(number.unwrap().parse().unwrap(), body);
                answer(200, &[("etag", &tag)], "")
            }
            ("POST", None) => {
                let id = format!("id{}", self.uploads.len());
                self.uploads.insert(id.clone(), BTreeMap::new());
                answer(200, &[], &format!("<R><UploadId>{id}</UploadId></R>"))
            }
            ("POST", Some(id)) => {
                let Some(parts) = self.uploads.remove(id) else { return gone() };
                let whole = parts.values().flatten().copied().collect::<Vec<u8>>();
                let digests: Vec<u8> = parts.values().flat_map(Md5::digest).collect();
                let tag = format!("\"{}-{}\"", hex::encode(Md5::digest(digests)), parts.len());
                self.store(&whole, tag)
            }
            ("DELETE", Some(id)) => {
                self.uploads.remove(id);
                answer(204, &[], "")
            }
            ("HEAD", None) => match &self.object {
                Some(object) => {
                    let length = object.len().to_string();
                    let mut headers =
                        vec![("content-length", length.as_str()), ("etag", &self.object_tag)];
                    if self.managed_keys {
                        headers.push(("x-amz-server-side-encryption", "aws:kms"));
                    }
                    answer(200, &headers, "")
                }
                None => answer(404, &[], ""),
            },
            (method, _) => panic!("{method} {}", request.target),
        }
    }

    fn store(&mut self, body: &[u8], tag: String) -> Outcome {
        self.object = Some(body.to_vec());
        self.object_tag = if self.managed_keys { self.tag(body) } else { tag };
        let mut headers = vec![("etag", self.object_tag.as_str())];
        if self.managed_keys {
            headers.push(("x-amz-server-side-encryption", "aws:kms"));
        }
        let xml = format!(
            "<CompleteMultipartUploadResult><ETag>{}</ETag></CompleteMultipartUploadResult>",
            self.object_tag.replace('"', "&quot;")
        );
        answer(200, &headers, &xml)
    }

    fn tag(&self, body: &[u8]) -> String {
        if self.managed_keys { "\"of-a-managed-key\"".into() } else { tag(body) }
    }

    fn bytes(&self, segments: &[Segment]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for segment in segments {
            match segment {
                Segment::Bytes(inline) => bytes.extend(inline),
                Segment::File(range) => {
                    let (from, length) = (range.offset as usize, range.length as usize);
                    bytes.extend(&self.file[from..from + length]);
                }
            }
        }
        bytes
    }
}

fn tag(body: &[u8]) -> String {
    format!("\"{}\"", hex::encode(Md5::digest(body)))
}

fn name(method: &Method) -> &'static str {
    match method {
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
        other => panic!("{other:?} isn't needed"),
    }
}

fn error(code: &str) -> String {
    format!("<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code><Message>no</Message></Error>")
}

fn gone() -> Outcome {
    answer(404, &[], &error("NoSuchUpload"))
}

fn lost(sent: bool) -> Outcome {
    Outcome::NoResponse(TransportFailure {
        error: TransportError::Closed,
        sent,
        detail: "reset".into(),
    })
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Outcome {
    let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    Outcome::Response(Response { status, headers, body: body.into(), truncated: false })
}
