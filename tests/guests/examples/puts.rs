//! A storage that does what its configuration's `mode` says: `whole` puts a file in one request,
//! `parts` in two at once, `elsewhere` reaches for a host that it never asked for, `idle` does
//! nothing, `loops` never ends, `burns` computes for nothing in each of many steps, `swells` sends
//! 16 MB of its own bytes.

guests::wit_bindgen::generate!({
    path: "../../wit/v1",
    world: "storage",
    runtime_path: "guests::wit_bindgen::rt",
});

use std::cell::RefCell;
use std::sync::OnceLock;

use capstan::plugin::io::{FileRange, Method, Moment, Request, Segment, Transport};
use exports::capstan::plugin::plugin::{ConfigError, Endpoint, Manifest, Scheme};
use exports::capstan::plugin::uploader::{
    Action, Algorithm, DigestRequest, Event, Failure, FailureKind, Job, Outcome, Step, Stored, Work,
};
use guests::member;

struct Puts;

struct Config {
    mode: String,
    secure: bool,
    host: String,
    port: u16,
}

static CONFIG: OnceLock<Config> = OnceLock::new();

impl exports::capstan::plugin::plugin::Guest for Puts {
    fn describe() -> Manifest {
        Manifest {
            name: "puts".into(),
            version: "1.0.0".into(),
            summary: "a storage for tests".into(),
            config_schema: "{\"required\": [\"mode\", \"host\", \"port\"]}".into(),
        }
    }

    fn configure(config: String) -> Result<Vec<Endpoint>, Vec<ConfigError>> {
        let port = member(&config, "port").and_then(|port| port.parse().ok());
        let Some(port) = port else {
            let message = "no port; give one as text".into();
            return Err(vec![ConfigError { pointer: "/port".into(), message }]);
        };
        let text = |name| member(&config, name).unwrap_or_default().to_owned();
        let config = CONFIG.get_or_init(|| {
            let secure = text("scheme") == "https";
            Config { mode: text("mode"), secure, host: text("host"), port }
        });
        let scheme = if config.secure { Scheme::Https } else { Scheme::Http };
        Ok(vec![Endpoint { scheme, host: config.host.clone(), port: Some(port) }])
    }
}

struct Upload {
    job: Job,
    done: RefCell<Vec<u8>>,
}

impl exports::capstan::plugin::uploader::Guest for Puts {
    type Upload = Upload;
}

impl exports::capstan::plugin::uploader::GuestUpload for Upload {
    fn open(
        job: Job,
        saved: Option<Vec<u8>>,
    ) -> Result<exports::capstan::plugin::uploader::Upload, Failure> {
        let done = RefCell::new(saved.unwrap_or_default());
        Ok(exports::capstan::plugin::uploader::Upload::new(Self { job, done }))
    }

    fn next(&self, at: Moment, events: Vec<Event>) -> Step {
        assert!(at.now_ms > 0 && at.random.0 != at.random.1);
        match CONFIG.get().map(|config| config.mode.as_str()) {
            Some("whole") => self.whole(events),
            Some("parts") => self.parts(events),
            Some("elsewhere") if events.is_empty() => {
                let request = Request { host: "elsewhere.example".into(), ..self.put(0, 0, "") };
                act(vec![(1, Work::Send(request))])
            }
            Some("elsewhere") => failed(FailureKind::Transient, "refused"),
            Some("burns") => {
                let work = (0..20_000_000_u64).fold(0, |sum, n| sum ^ std::hint::black_box(n));
                let mut turns = self.done.borrow_mut();
                turns.push(std::hint::black_box(work) as u8);
                if turns.len() > 150 {
                    return failed(FailureKind::Rejected, "burnt enough");
                }
                act(vec![(1, Work::Wait(0))])
            }
            Some("swells") => {
                let body = vec![Segment::Bytes(vec![0; 16 << 20])];
                act(vec![(1, Work::Send(Request { body, ..self.put(0, 0, "") }))])
            }
            Some("loops") => act(vec![(1, Work::Wait(0))]),
            _ => act(Vec::new()),
        }
    }

    fn save(&self) -> Vec<u8> {
        self.done.borrow().clone()
    }

    fn abort(&self, _at: Moment) -> Step {
        let request = Request { method: Method::Delete, body: vec![], ..self.put(0, 0, "abort") };
        act(vec![(9, Work::Send(request))])
    }
}

impl Upload {
    fn whole(&self, events: Vec<Event>) -> Step {
        let of = vec![Segment::File(FileRange { offset: 0, length: self.job.size })];
        match events.into_iter().next().map(|event| event.outcome) {
            None => {
                act(vec![(1, Work::Digest(DigestRequest { algorithm: Algorithm::Sha256, of }))])
            }
            Some(Outcome::Digest(digest)) => {
                let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
                act(vec![(2, Work::Send(self.put(0, self.job.size, &hex)))])
            }
            Some(outcome) => self.judge(outcome),
        }
    }

    fn parts(&self, events: Vec<Event>) -> Step {
        let half = self.job.size / 2;
        if events.is_empty() {
            let parts = [(1, 0, half), (2, half, self.job.size - half)];
            let owed = parts.into_iter().filter(|(id, ..)| !self.done.borrow().contains(id));
            let put = |(id, offset, length): (u8, u64, u64)| {
                (u32::from(id), Work::Send(self.put(offset, length, &format!("part{id}"))))
            };
            return act(owed.map(put).collect());
        }
        for Event { id, outcome } in events {
            match self.judge(outcome) {
                Step::Done(_) => self.done.borrow_mut().push(id as u8),
                step if id != 9 => return step,
                _ => {}
            }
            if id == 9 {
                return self.stored();
            }
        }
        if self.done.borrow().len() == 2 { self.stored() } else { Step::Act(Vec::new()) }
    }

    fn judge(&self, outcome: Outcome) -> Step {
        match outcome {
            Outcome::Response(response) if response.status == 200 => self.stored(),
            Outcome::Response(response) if response.status == 503 => {
                failed(FailureKind::Throttled(Some(1_500)), "slow down")
            }
            Outcome::Response(response) => {
                failed(FailureKind::BadCredentials, &String::from_utf8_lossy(&response.body))
            }
            Outcome::NoResponse(failure) => failed(FailureKind::Transient, &failure.detail),
            Outcome::Unreadable(reason) => failed(FailureKind::Transient, &reason),
            Outcome::Digest(_) | Outcome::Woke => failed(FailureKind::Rejected, "unasked"),
        }
    }

    fn stored(&self) -> Step {
        let url = format!("http://bucket.example/{}", self.job.key);
        Step::Done(Stored { url, etag: None, note: None })
    }

    fn put(&self, offset: u64, length: u64, mark: &str) -> Request {
        let config = CONFIG.get().expect("configured");
        Request {
            method: Method::Put,
            transport: if config.secure { Transport::Https } else { Transport::Http },
            host: config.host.clone(),
            port: Some(config.port),
            target: format!("//{}/../%2F~?a=%20&mark={mark}", self.job.key),
            headers: vec![("x-mark".into(), mark.into())],
            body: vec![
                Segment::Bytes(b"<".to_vec()),
                Segment::File(FileRange { offset, length }),
                Segment::Bytes(b">".to_vec()),
            ],
            ask_first: true,
            timeout_ms: Some(5_000),
            max_response: 64,
        }
    }
}

fn act(actions: Vec<(u32, Work)>) -> Step {
    Step::Act(actions.into_iter().map(|(id, work)| Action { id, work }).collect())
}

fn failed(kind: FailureKind, message: &str) -> Step {
    let (vendor_code, request_id) = (Some("TestCode".into()), Some("r-1".into()));
    Step::Failed(Failure { kind, vendor_code, message: message.into(), request_id })
}

export!(Puts);
