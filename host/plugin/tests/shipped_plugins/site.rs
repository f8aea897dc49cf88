//! A small HTTP/1.1 server on loopback that shows a test the exact bytes of each request.

use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) target: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

/// What is answered.
pub(crate) enum Reply {
    Answer(u16, Vec<(&'static str, String)>, String),
    /// The connection ends without an answer.
    HangUp,
}

/// A running server; it stops when it is dropped.
pub(crate) struct Site {
    pub(crate) port: u16,
    accepting: JoinHandle<()>,
}

impl Site {
    pub(crate) async fn start(serve: impl Fn(Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let serve = Arc::new(serve);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let serve = serve.clone();
                tokio::spawn(async move { talk(stream, serve.as_ref()).await });
            }
        });
        Self { port, accepting }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What a grant must say.
    pub(crate) fn authority(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// One request, one answer, and the connection ends.
async fn talk(stream: TcpStream, serve: &(dyn Fn(Seen) -> Reply + Send + Sync)) {
    let mut stream = BufReader::new(stream);
    let Some(mut seen) = head(&mut stream).await else { return };
    if seen.header("expect") == Some("100-continue") {
        stream.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.unwrap();
    }
    let length = seen.header("content-length").map_or(0, |text| text.parse().unwrap());
    seen.body = vec![0; length];
    stream.read_exact(&mut seen.body).await.unwrap();
    let is_head = seen.method == "HEAD";
    let Reply::Answer(status, headers, body) = serve(seen) else { return };
    let mut answer = format!("HTTP/1.1 {status} Whatever\r\nconnection: close\r\n");
    if !headers.iter().any(|(name, _)| *name == "content-length") {
        answer += &format!("content-length: {}\r\n", body.len());
    }
    for (name, value) in headers {
        answer += &format!("{name}: {value}\r\n");
    }
    answer += "\r\n";
    if !is_head {
        answer += &body;
    }
    // A client that has gone away is the test's affair.
    let _ = stream.get_mut().write_all(answer.as_bytes()).await;
}

async fn head(stream: &mut BufReader<TcpStream>) -> Option<Seen> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.trim_end_matches(['\r', '\n']);
        if line.is_empty() {
            break;
        }
        lines.push(line.to_owned());
    }
    let mut words = lines.first()?.split(' ').map(str::to_owned);
    let (method, target) = (words.next()?, words.next()?);
    let headers = lines.iter().skip(1).filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()));
    Some(Seen { method, target, headers: headers.collect(), body: Vec::new() })
}
