//! Connections that say nothing keep nobody out.

use std::time::Duration;

use http::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::server::TestServer;

/// Whether the server closes the connection within a while.
async fn is_closed(stream: &mut TcpStream, within: Duration) -> bool {
    let mut bytes = [0; 256];
    // Closed is the end or a reset; what is said before doesn't count.
    let read = async { while !matches!(stream.read(&mut bytes).await, Ok(0) | Err(_)) {} };
    tokio::time::timeout(within, read).await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_longest_silent_ones_go_first() {
    let server = TestServer::with_http("max_connections = 8\n", "").await;
    let mut silent = Vec::new();
    for number in 0..40_u32 {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        if number % 2 == 1 {
            stream.write_all(b"GET /healthz HTTP/1.1\r\nhost:").await.unwrap();
        }
        silent.push(stream);
    }
    let resource = server.acquire("r", "1").await;
    let started = server.start_recording(&resource, "r", "1", serde_json::json!({})).await;
    started.expect(200, 0);
    for stream in silent.iter_mut().take(30) {
        assert!(is_closed(stream, Duration::from_secs(10)).await);
    }
    let last = silent.last_mut().unwrap();
    assert!(!is_closed(last, Duration::from_millis(50)).await, "there is room for the latest");
    let numbers = server.request(Method::GET, "/metrics", &[], "").await;
    let text = String::from_utf8_lossy(&numbers.bytes).into_owned();
    let sent_away = text.lines().find_map(|line| {
        line.strip_prefix("capstan_http_connections_sent_away_total ")?.parse::<u32>().ok()
    });
    assert!(sent_away >= Some(32), "{sent_away:?}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_before_between_and_in_requests_ends() {
    let server = TestServer::with_http("idle_seconds = 1\n", "").await;
    let mut silent = TcpStream::connect(server.address()).await.unwrap();
    let mut half = TcpStream::connect(server.address()).await.unwrap();
    half.write_all(b"GET /healthz HTTP/1.1\r\nhost:").await.unwrap();
    let mut between = TcpStream::connect(server.address()).await.unwrap();
    between.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut drips = TcpStream::connect(server.address()).await.unwrap();
    let dripping = tokio::spawn(async move {
        for byte in b"GET /healthz HTTP/1.1\r\nhost: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" {
            if drips.write_all(&[*byte]).await.is_err() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        false
    });
    for stream in [&mut silent, &mut half, &mut between] {
        assert!(is_closed(stream, Duration::from_secs(10)).await);
    }
    assert!(dripping.await.unwrap(), "a head that comes byte by byte is cut off");
    server.stop().await;
}
