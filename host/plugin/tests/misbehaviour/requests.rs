//! What storage and callback plugins ask for reaches the server byte for byte, or doesn't leave.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use crate::common::{config, posts, private};
use capstan_outbox::ports::{
    Callbacks, Delivery, DeliveryError, FaultKind, Notice, StorageTarget, Storages, Stored, Upload,
    UploadError, UploadProgress,
};
use capstan_plugin::{Grant, PluginHost};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A server that keeps what it got, byte for byte.
struct Server {
    address: SocketAddr,
    got: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers each request with what `answer` makes of it; an empty answer hangs up.
    async fn start(answer: fn(&str) -> &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let got: Arc<Mutex<Vec<String>>> = Arc::default();
        let keep = got.clone();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let keep = keep.clone();
                tokio::spawn(async move {
                    let request = read(&mut stream).await;
                    let answer = answer(&request);
                    keep.lock().unwrap().push(request);
                    stream.write_all(answer.as_bytes()).await.unwrap();
                });
            }
        });
        Self { address, got }
    }

    fn got(&self) -> Vec<String> {
        let mut got = self.got.lock().unwrap().clone();
        got.sort();
        got
    }
}

/// Reads head and body; says 100 if asked to.
async fn read(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut asked = false;
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if length.map_or(0, |length| length.parse().unwrap()) == body.len() {
                return text;
            }
            if head.contains("expect: 100-continue") && !asked {
                assert!(body.is_empty(), "the body came before it was wanted");
                asked = true;
                stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.unwrap();
            }
        }
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).await.unwrap();
        assert!(count > 0, "hung up after {text:?}");
        bytes.extend_from_slice(&chunk[..count]);
    }
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
const BUSY: &str = "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n";
const DENIED: &str = "HTTP/1.1 403 Forbidden\r\ncontent-length: 9\r\n\r\nwrong key";
const WORDY: &str = concat!(
    "HTTP/1.1 403 Forbidden\r\ncontent-length: 80\r\n\r\n",
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
);
const MOVED: &str =
    "HTTP/1.1 307 Temporary Redirect\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n";
const ODD: &str = "HTTP/1.1 631 Odd\r\ncontent-length: 0\r\n\r\n";

/// Keeps saved states.
#[derive(Default)]
struct Saves(Mutex<Vec<Vec<u8>>>);

impl UploadProgress for Saves {
    fn save(&self, state: Vec<u8>) {
        self.0.lock().unwrap().push(state);
    }
}

/// A folder with guests, a file to upload, and a host.
struct Bench {
    folder: tempfile::TempDir,
    host: PluginHost,
}

impl Bench {
    fn new(grants: Vec<Grant>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "0123456789").unwrap();
        let mut config = config(folder.path(), &["puts"]);
        config.grants = grants.into();
        let host = PluginHost::load(config).unwrap();
        Self { folder, host }
    }

    fn upload(&self, saved: Option<Vec<u8>>) -> Upload {
        Upload {
            id: "u-1".into(),
            key: "room/a.m4s".into(),
            path: self.folder.path().join("file"),
            size: 10,
            content_type: "video/mp4".into(),
            saved,
        }
    }

    async fn put(&self, mode: &str, host: &str, port: u16) -> Result<Stored, UploadError> {
        let storage = Storages::open(&self.host, &target(mode, host, port))?;
        storage.put(&self.upload(None), &Saves::default()).await
    }
}

fn target(mode: &str, host: &str, port: u16) -> StorageTarget {
    let config = format!("{{\"mode\": \"{mode}\", \"host\": \"{host}\", \"port\": \"{port}\"}}");
    StorageTarget { storage: "puts".into(), config }
}

fn code(error: UploadError) -> String {
    match error {
        UploadError::Rejected { code, .. } => code,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_file_arrives_as_the_plugin_said() {
    let server = Server::start(|_| OK).await;
    let bench = Bench::new(vec![private("127.0.0.1")]);
    let stored = bench.put("whole", "127.0.0.1", server.address.port()).await.unwrap();
    assert_eq!(stored.url, "http://bucket.example/room/a.m4s");
    let got = server.got();
    let [request] = &got[..] else { panic!("{got:?}") };
    // sha256 of 0123456789
    let mark = "84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882";
    let line = format!("PUT //room/a.m4s/../%2F~?a=%20&mark={mark} HTTP/1.1\r\n");
    assert!(request.starts_with(&line), "{request}");
    assert!(request.contains(&format!("host: {}\r\n", server.address)), "{request}");
    assert!(request.contains(&format!("x-mark: {mark}\r\n")), "{request}");
    assert!(request.ends_with("\r\n\r\n<0123456789>"), "{request}");
}

#[tokio::test]
async fn what_the_vendor_says_keeps_its_class() {
    let bench = Bench::new(vec![private("127.0.0.1")]);
    let busy = Server::start(|_| BUSY).await.address.port();
    match bench.put("whole", "127.0.0.1", busy).await.unwrap_err() {
        UploadError::Transient { key, retry_after_ms, reason } => {
            assert_eq!((key.as_str(), retry_after_ms), ("room/a.m4s", Some(1_500)));
            assert_eq!(reason, "TestCode: slow down (request r-1)");
        }
        other => panic!("{other}"),
    }
    let denied = Server::start(|_| DENIED).await.address.port();
    let error = bench.put("whole", "127.0.0.1", denied).await.unwrap_err();
    assert!(error.to_string().contains("wrong key"), "{error}");
    assert_eq!(code(error), "bad-credentials");
    let odd = Server::start(|_| ODD).await.address.port();
    assert_eq!(code(bench.put("whole", "127.0.0.1", odd).await.unwrap_err()), "bad-credentials");
    let wordy = Server::start(|_| WORDY).await.address.port();
    let error = bench.put("whole", "127.0.0.1", wordy).await.unwrap_err().to_string();
    assert_eq!(error.matches('x').count(), 64, "cut where the plugin wanted it: {error}");
    let silent = Server::start(|_| "").await.address.port();
    let error = bench.put("whole", "127.0.0.1", silent).await.unwrap_err();
    assert!(matches!(error, UploadError::Transient { .. }), "{error}");
    // Nobody listens on a port that was just given back.
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let error = bench.put("whole", "127.0.0.1", closed).await.unwrap_err();
    assert!(matches!(error, UploadError::Transient { .. }), "{error}");
}

#[tokio::test]
async fn parts_go_on_where_they_stopped() {
    let bench = Bench::new(vec![private("127.0.0.1")]);
    let half_busy = |request: &str| if request.contains("part2") { BUSY } else { OK };
    let server = Server::start(half_busy).await;
    let port = server.address.port();
    let storage = Storages::open(&bench.host, &target("parts", "127.0.0.1", port)).unwrap();
    let saves = Saves::default();
    // Whether the first part ends before the second fails is the network's to say.
    let mut saved = None;
    for _ in 0..20 {
        storage.put(&bench.upload(saved.clone()), &saves).await.unwrap_err();
        saved = saves.0.lock().unwrap().last().cloned();
        if saved.is_some() {
            break;
        }
    }
    assert_eq!(saved, Some(vec![1]));
    let server = Server::start(|_| OK).await;
    let storage =
        Storages::open(&bench.host, &target("parts", "127.0.0.1", server.address.port())).unwrap();
    storage.put(&bench.upload(saved.clone()), &saves).await.unwrap();
    let got = server.got();
    let [request] = &got[..] else { panic!("{got:?}") };
    assert!(request.contains("mark=part2") && request.ends_with("<56789>"), "{request}");
    storage.abandon(&bench.upload(saved), &saves).await.unwrap();
    assert!(server.got()[0].starts_with("DELETE "), "{:?}", server.got());
}

#[tokio::test]
async fn nothing_leaves_without_asking_and_grant() {
    let server = Server::start(|_| OK).await;
    let port = server.address.port();
    let put = async |grants: Vec<Grant>, mode: &str, host: &str| {
        Bench::new(grants).put(mode, host, port).await.unwrap_err()
    };
    let none = put(vec![], "whole", "127.0.0.1").await;
    assert_eq!(code(none), "not-granted");
    let other_port = put(vec![private("127.0.0.1:1")], "whole", "127.0.0.1").await;
    assert_eq!(code(other_port), "not-granted");
    // Granted, but not for a private address: by number and by name.
    for host in ["127.0.0.1", "localhost"] {
        let error = put(vec![host.parse().unwrap()], "whole", host).await;
        assert!(error.to_string().contains("private address"), "{error}");
        assert_eq!(code(error), "not-granted");
    }
    let every = put(vec![private("*")], "whole", "localhost").await;
    assert_eq!(code(every), "not-granted");
    match put(vec![private("127.0.0.1"), private("*")], "elsewhere", "127.0.0.1").await {
        UploadError::Fault(fault) => {
            assert_eq!(fault.kind, FaultKind::Refused);
            assert!(fault.detail.contains("elsewhere.example"), "{fault}");
        }
        other => panic!("{other}"),
    }
    assert!(server.got().is_empty(), "{:?}", server.got());
}

#[tokio::test]
async fn a_redirect_is_told_and_not_followed() {
    let bench = Bench::new(vec![private("127.0.0.1")]);
    let server = Server::start(|request| match request {
        request if request.starts_with("PUT /elsewhere") => OK,
        _ => MOVED,
    })
    .await;
    let moved = bench.put("whole", "127.0.0.1", server.address.port()).await.unwrap_err();
    assert!(matches!(moved, UploadError::Rejected { .. }), "{moved}");
    assert_eq!(server.got().len(), 1, "{:?}", server.got());
}

#[tokio::test]
async fn a_job_that_leads_nowhere_ends() {
    for mode in ["idle", "loops", "swells"] {
        let bench = Bench::new(vec![private("127.0.0.1")]);
        match bench.put(mode, "127.0.0.1", 9).await.unwrap_err() {
            UploadError::Fault(fault) => assert_eq!(fault.kind, FaultKind::BadAnswer, "{mode}"),
            other => panic!("{mode}: {other}"),
        }
    }
}

#[tokio::test]
async fn bad_jobs_are_told_before_anything_is_sent() {
    let bench = Bench::new(vec![private("127.0.0.1")]);
    let open = |storage: &str, config: &str| {
        let target = StorageTarget { storage: storage.into(), config: config.into() };
        Storages::open(&bench.host, &target).err().unwrap()
    };
    let error = open("puts", "{}");
    assert!(error.to_string().contains("bad-config: /port: no port"), "{error}");
    assert!(matches!(error, UploadError::BadConfig { .. }), "{error:?}");
    assert!(open("none", "{}").to_string().contains("there are: puts"));
    std::fs::remove_file(bench.folder.path().join("file")).unwrap();
    let error = bench.put("whole", "127.0.0.1", 9).await.unwrap_err();
    assert!(matches!(error, UploadError::File { .. }), "{error}");
}

fn notice(kind: &str) -> Notice {
    Notice {
        id: "e-7".into(),
        app: "demo".into(),
        room: "room".into(),
        recorder_uid: 9,
        sid: "s".into(),
        sequence: 3,
        at_ms: 1_700_000_000_000,
        kind: kind.into(),
        details: serde_json::json!({"a": [1, "ü"]}),
        attempt: 0,
    }
}

#[tokio::test]
async fn events_reach_their_server() {
    let server = Server::start(|request| match request {
        request if request.contains("gone") => "HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n",
        request if request.contains("busy") => BUSY,
        _ => OK,
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path(), &["posts"]);
    config.grants = vec![private("127.0.0.1")].into();
    let unknown = capstan_plugin::ConfiguredPlugin { plugin: "none".into(), ..posts(1) };
    config.callbacks =
        BTreeMap::from([("demo".into(), posts(server.address.port())), ("bad".into(), unknown)]);
    let host = PluginHost::load(config).unwrap();
    assert!(Callbacks::open(&host, "nobody").unwrap().is_none());
    assert!(Callbacks::open(&host, "bad").is_err());
    assert_eq!(host.bad_callbacks().len(), 1);

    let callback = Callbacks::open(&host, "demo").unwrap().unwrap();
    assert_eq!(callback.deliver(&notice("recorder_started")).await.unwrap(), Delivery::Delivered);
    assert_eq!(callback.deliver(&notice("boring")).await.unwrap(), Delivery::Ignored);
    let got = server.got();
    let [request] = &got[..] else { panic!("{got:?}") };
    assert!(request.starts_with("POST /hook HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("x-event: e-7\r\n") && request.contains("x-sequence: 3\r\n"));
    assert!(request.ends_with("\r\n\r\n{\"a\":[1,\"ü\"]}"), "{request}");

    let mut gone = notice("recorder_started");
    gone.details = "gone".into();
    let error = callback.deliver(&gone).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Rejected { .. }), "{error}");
    gone.details = "busy".into();
    let error = callback.deliver(&gone).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Transient { .. }), "{error}");
}
