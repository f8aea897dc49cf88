//! A host that runs an upload against a server in memory, with faults to order.

use std::rc::Rc;

use capstan_store_kit::io::{Moment, Request, Response, Segment, TransportError, TransportFailure};
use capstan_store_kit::request::method_name;
use capstan_store_kit::uploader::{Action, Event, Failure, Job, Outcome, Step, Stored, Work};
use capstan_store_kit::{Upload, Vendor};

use crate::digest::digest;

/// Bytes in a mebibyte.
pub const MIB: usize = 1 << 20;
/// The moment of the vectors: 2024-03-15T08:30:45Z.
pub const NOW_MS: u64 = 1_710_491_445_000;

/// A vendor in memory.
pub trait Server {
    /// Answers one request, whose body is read already.
    fn serve(&mut self, request: &Request, body: &[u8]) -> Response;
}

/// What goes wrong with one request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The server does nothing and answers this.
    Instead(Response),
    /// The connection ends before the server has done anything.
    Closed,
    /// The request is sent, and the connection ends before the server has done anything.
    Lost,
    /// The server does the work, its answer is lost.
    LostReply,
    /// The server does the work, its answer is changed on the way.
    Changed(fn(&mut Response)),
}

/// A file, a server and a clock.
pub struct Trial<S> {
    /// The job's file.
    pub file: Vec<u8>,
    /// The vendor.
    pub server: S,
    /// Everything asked so far.
    pub requests: Vec<Request>,
    /// Each is used once, by the first request whose line contains all its words.
    pub faults: Vec<(&'static str, Fault)>,
    /// The pauses that the machine wanted.
    pub pauses: Vec<u32>,
    /// The most actions that were under way at once.
    pub most_at_once: usize,
    now_ms: u64,
}

/// A job for a file of this size.
#[must_use]
pub fn job(size: usize) -> Job {
    Job {
        id: "job".into(),
        key: "a b/é.m4s".into(),
        size: size as u64,
        content_type: "video/mp4".into(),
        tags: vec![("sid".into(), "abc".into())],
    }
}

/// An answer.
#[must_use]
pub fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    response(status, headers, body)
}

pub(crate) fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let headers = headers.iter().map(own).collect();
    Response { status, headers, body: body.into(), truncated: false }
}

impl<S: Server> Trial<S> {
    /// A file of this size and this server.
    pub fn new(size: usize, server: S) -> Self {
        let file = (0..size).map(|at| (at * 31 % 251) as u8).collect();
        Self {
            file,
            server,
            requests: Vec::new(),
            faults: Vec::new(),
            pauses: Vec::new(),
            most_at_once: 0,
            now_ms: NOW_MS,
        }
    }

    /// The clock, and chance that isn't.
    #[must_use]
    pub const fn moment(&self) -> Moment {
        Moment { now_ms: self.now_ms, random: (self.now_ms * 7919, 1) }
    }

    /// A machine for the file, that goes on from what was saved.
    pub fn open<V: Vendor>(&self, config: &str, saved: Option<&[u8]>) -> Upload<V> {
        Upload::open(Rc::new(crate::vendor(config)), job(self.file.len()), saved)
    }

    /// Uploads the file from the beginning.
    ///
    /// # Errors
    /// The job failed.
    pub fn upload<V: Vendor>(&mut self, config: &str) -> Result<Stored, Failure> {
        let mut upload = self.open::<V>(config, None);
        self.run(&mut upload)
    }

    /// Runs a machine to its end.
    ///
    /// # Errors
    /// The job failed.
    pub fn run<V: Vendor>(&mut self, upload: &mut Upload<V>) -> Result<Stored, Failure> {
        let step = upload.next(self.moment(), Vec::new());
        self.go_on(upload, step)
    }

    /// Runs a machine from a step to its end.
    ///
    /// # Errors
    /// The job failed.
    pub fn go_on<V: Vendor>(
        &mut self,
        upload: &mut Upload<V>,
        first: Step,
    ) -> Result<Stored, Failure> {
        let mut under_way: Vec<Action> = Vec::new();
        let mut step = first;
        for _ in 0..1000 {
            match step {
                Step::Done(stored) => return Ok(stored),
                Step::Failed(failure) => return Err(failure),
                Step::Act(actions) => under_way.extend(actions),
            }
            assert!(!under_way.is_empty(), "the job hangs");
            self.most_at_once = self.most_at_once.max(under_way.len());
            assert!(under_way.len() <= 16, "more at once than the contract allows");
            assert!(upload.save().len() <= MIB, "more saved than the contract allows");
            // The newest ends first, so that nothing relies on the order.
            let action = under_way.pop().unwrap();
            let outcome = self.work(action.work);
            step = upload.next(self.moment(), vec![Event { id: action.id, outcome }]);
        }
        panic!("no end");
    }

    /// The lines of all requests so far.
    #[must_use]
    pub fn seen(&self) -> Vec<String> {
        self.requests.iter().map(line).collect()
    }

    /// The values of a header in all requests whose line has these words.
    #[must_use]
    pub fn headers(&self, words: &str, name: &str) -> Vec<&str> {
        let asked = self.requests.iter().filter(|request| has_words(&line(request), words));
        let headers = asked.flat_map(|request| &request.headers);
        headers.filter(|(other, _)| other == name).map(|(_, value)| value.as_str()).collect()
    }

    /// The value of a header in the first such request.
    #[must_use]
    pub fn header(&self, words: &str, name: &str) -> Option<&str> {
        self.headers(words, name).first().copied()
    }

    /// Whether the last request's line has these words.
    #[must_use]
    pub fn was_last(&self, words: &str) -> bool {
        self.requests.last().is_some_and(|request| has_words(&line(request), words))
    }

    fn work(&mut self, work: Work) -> Outcome {
        match work {
            Work::Wait(ms) => {
                self.pauses.push(ms);
                self.now_ms += u64::from(ms);
                Outcome::Woke
            }
            Work::Digest(request) => {
                Outcome::Digest(digest(request.algorithm, &self.bytes(&request.of)))
            }
            Work::Send(request) => self.send(request),
        }
    }

    fn send(&mut self, request: Request) -> Outcome {
        self.now_ms += 1000;
        check(&request);
        let (line, body) = (line(&request), self.bytes(&request.body));
        self.requests.push(request.clone());
        let fault = self.faults.iter().position(|(words, _)| has_words(&line, words));
        match fault.map(|at| self.faults.remove(at).1) {
            Some(Fault::Instead(response)) => Outcome::Response(response),
            Some(Fault::Closed) => lost(false),
            Some(Fault::Lost) => lost(true),
            Some(Fault::LostReply) => {
                self.server.serve(&request, &body);
                lost(true)
            }
            Some(Fault::Changed(change)) => {
                let mut response = self.server.serve(&request, &body);
                change(&mut response);
                Outcome::Response(response)
            }
            None => Outcome::Response(self.server.serve(&request, &body)),
        }
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

/// What the contract says of requests.
fn check(request: &Request) {
    let graphic = |byte: u8| byte.is_ascii_graphic() && byte != b'#';
    assert!(request.target.starts_with('/') && request.target.bytes().all(graphic));
    for (name, value) in &request.headers {
        let own = ["host", "content-length", "connection", "expect", "transfer-encoding"];
        assert!(!own.contains(&name.as_str()), "{name} is the host's");
        assert!(value.bytes().all(|byte| (32..127).contains(&byte)), "{name}: {value}");
    }
    assert!(request.body.len() <= 64);
}

fn line(request: &Request) -> String {
    format!("{} {}", method_name(&request.method), request.target)
}

fn has_words(line: &str, words: &str) -> bool {
    words.split(' ').all(|word| line.contains(word))
}

fn lost(sent: bool) -> Outcome {
    let detail = "reset".into();
    Outcome::NoResponse(TransportFailure { error: TransportError::Closed, sent, detail })
}
