//! A client of the recording API, as an operator's program would be.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::server::APP;

/// A client with credentials.
#[derive(Debug, Clone)]
pub struct Api {
    port: u16,
    /// The header line, or nothing.
    authorization: String,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// All headers, as they came.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; null if it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

/// A started recording's ids.
#[derive(Debug, Clone)]
pub struct Started {
    /// From `acquire`.
    pub resource: String,
    /// From `start`.
    pub sid: String,
    /// `mix` or `individual`.
    pub mode: String,
    room: String,
    uid: String,
}

impl Api {
    /// A client of the server on this port.
    #[must_use]
    pub fn new(port: u16, key: &str, secret: &str) -> Self {
        let pair = format!("{key}:{secret}");
        let authorization = format!("authorization: Basic {}\r\n", base64(pair.as_bytes()));
        Self { port, authorization }
    }

    /// A client that doesn't say who it is.
    #[must_use]
    pub const fn anonymous(port: u16) -> Self {
        Self { port, authorization: String::new() }
    }

    /// GET.
    ///
    /// # Errors
    /// If the server can't be reached or doesn't answer.
    pub fn get(&self, path: &str) -> std::io::Result<Answer> {
        self.send("GET", path, "", "application/json")
    }

    /// POST of JSON to the recording API of the test app.
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        let path = format!("/v1/apps/{APP}/cloud_recording/{path}");
        self.send("POST", &path, &body.to_string(), "application/json;charset=utf-8").unwrap()
    }

    /// One request on a connection of its own.
    ///
    /// # Errors
    /// If the server can't be reached or doesn't answer within half a minute.
    pub fn send(
        &self,
        method: &str,
        path: &str,
        body: &str,
        kind: &str,
    ) -> std::io::Result<Answer> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(40)))?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{}\r\n{}\
             content-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            self.port,
            self.authorization,
            body.len(),
        )?;
        let mut raw = Vec::new();
        stream.read_to_end(&mut raw)?;
        parse(&raw).ok_or_else(|| std::io::Error::other("no HTTP answer"))
    }

    /// `acquire` and `start` in mix mode with this `clientRequest`.
    #[must_use]
    pub fn record(&self, room: &str, client_request: &Value) -> Started {
        self.record_in("mix", room, "4000000000", client_request)
    }

    /// `acquire` and `start` in a mode, by this recorder.
    #[must_use]
    pub fn record_in(&self, mode: &str, room: &str, uid: &str, client_request: &Value) -> Started {
        let acquired =
            self.post("acquire", &json!({"cname": room, "uid": uid, "clientRequest": {}}));
        assert_eq!(acquired.status, 200, "acquire: {}", acquired.text());
        let resource = acquired.json()["resourceId"].as_str().unwrap().to_owned();
        let started = self.post(
            &format!("resourceid/{resource}/mode/{mode}/start"),
            &json!({"cname": room, "uid": uid, "clientRequest": client_request}),
        );
        assert_eq!(started.status, 200, "start: {}", started.text());
        let sid = started.json()["sid"].as_str().unwrap().to_owned();
        let (mode, room, uid) = (mode.to_owned(), room.to_owned(), uid.to_owned());
        Started { resource, sid, mode, room, uid }
    }

    /// `query`.
    #[must_use]
    pub fn query(&self, recording: &Started) -> Answer {
        let Started { resource, sid, mode, .. } = recording;
        let path = format!(
            "/v1/apps/{APP}/cloud_recording/resourceid/{resource}/sid/{sid}/mode/{mode}/query"
        );
        self.get(&path).unwrap()
    }

    /// `updateLayout` with this `clientRequest`.
    #[must_use]
    pub fn update_layout(&self, recording: &Started, client_request: &Value) -> Answer {
        self.on(recording, "updateLayout", client_request)
    }

    /// `update` with this `clientRequest`.
    #[must_use]
    pub fn update(&self, recording: &Started, client_request: &Value) -> Answer {
        self.on(recording, "update", client_request)
    }

    /// `stop`, waiting for the uploads.
    #[must_use]
    pub fn stop(&self, recording: &Started) -> Answer {
        self.on(recording, "stop", &json!({}))
    }

    /// `stop`, not waiting for the uploads.
    #[must_use]
    pub fn stop_async(&self, recording: &Started) -> Answer {
        self.on(recording, "stop", &json!({"async_stop": true}))
    }

    fn on(&self, recording: &Started, method: &str, client_request: &Value) -> Answer {
        let Started { resource, sid, mode, room, uid } = recording;
        self.post(
            &format!("resourceid/{resource}/sid/{sid}/mode/{mode}/{method}"),
            &json!({"cname": room, "uid": uid, "clientRequest": client_request}),
        )
    }
}

fn parse(raw: &[u8]) -> Option<Answer> {
    let end = raw.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&raw[..end]).into_owned();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let rest = &raw[end + 4..];
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    let body = if chunked { unchunk(rest)? } else { rest.to_vec() };
    Some(Answer { status, head, body })
}

fn unchunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..line]).ok()?, 16).ok()?;
        let start = line + 2;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(start..start + size)?);
        rest = rest.get(start + size + 2..)?;
    }
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let mut word = [0_u8; 3];
        word[..chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes([0, word[0], word[1], word[2]]);
        for place in 0..4 {
            let digit = (bits >> (18 - 6 * place)) & 63;
            let letter = ALPHABET[digit as usize] as char;
            text.push(if place <= chunk.len() { letter } else { '=' });
        }
    }
    text
}
