//! ICE over TCP (RFC 6544) for networks that block UDP: a port that publishers connect to, on which each
//! datagram has its length before it (RFC 4571).
//!
//! Connections are bounded in all and for each address; one on which nothing is proven to be a
//! publisher's within [`PROVE_WITHIN`] is closed, as is one that falls silent. A reader that is slower than
//! what is sent to it loses datagrams, as a full network would.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr, TcpListener as StdTcpListener};
use std::time::Duration;

use capstan_media::time::RoomTime;
use metrics::{counter, gauge};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use crate::error::StartError;

/// Longer than any datagram that publishers send.
const MAX_FRAME: usize = 2_000;
/// Connections in all.
const MAX_CONNECTIONS: usize = 256;
/// Connections from one address: many publishers may sit behind one.
const MAX_PER_ADDRESS: usize = 128;
/// How long a connection may stay on which nothing was proven to be a publisher's.
const PROVE_WITHIN: Duration = Duration::from_secs(10);
/// How long a proven connection may be silent: checks come every few seconds.
const SILENT: Duration = Duration::from_secs(30);
/// Datagrams that wait to be sent on one connection.
const QUEUE_OUT: usize = 128;
/// What has come and waits for the thread, over all connections: more makes senders wait.
const QUEUE_IN: usize = 256;
/// How long a wait follows a failure to accept: files may be out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// What comes from the connections.
#[derive(Debug)]
pub(crate) enum Incoming {
    Opened(SocketAddr, TcpStream),
    Datagram(SocketAddr, Vec<u8>),
    Closed(SocketAddr),
}

/// Binds the port.
pub(crate) fn bind(listen: SocketAddr) -> Result<StdTcpListener, StartError> {
    let open = || {
        let listener = StdTcpListener::bind(listen)?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    };
    open().map_err(|source| StartError::BindTcp { listen, source })
}

/// The connections of all publishers.
#[derive(Debug)]
pub(crate) struct Connections {
    open: HashMap<SocketAddr, Connection>,
    incoming: mpsc::Receiver<Incoming>,
    /// Kept so that the other end never closes.
    sender: mpsc::Sender<Incoming>,
    accepting: Option<AbortHandle>,
}

#[derive(Debug)]
struct Connection {
    out: mpsc::Sender<Vec<u8>>,
    reader: AbortHandle,
    proven: bool,
    newest: RoomTime,
}

impl Connections {
    pub(crate) fn new() -> Self {
        let (sender, incoming) = mpsc::channel(QUEUE_IN);
        Self { open: HashMap::new(), incoming, sender, accepting: None }
    }

    /// Accepts from now on. To be called within a runtime.
    pub(crate) fn listen(&mut self, listener: StdTcpListener) -> std::io::Result<()> {
        let listener = TcpListener::from_std(listener)?;
        let task = tokio::spawn(accept(listener, self.sender.clone()));
        self.accepting = Some(task.abort_handle());
        Ok(())
    }

    /// The next thing that comes. Safe to give up waiting for.
    pub(crate) async fn next(&mut self) -> Option<Incoming> {
        self.incoming.recv().await
    }

    /// Takes a connection in, or closes it if there are too many.
    pub(crate) fn open(&mut self, remote: SocketAddr, stream: TcpStream, now: RoomTime) {
        let from = |ip: IpAddr| self.open.keys().filter(|other| other.ip() == ip).count();
        if self.open.len() >= MAX_CONNECTIONS || from(remote.ip()) >= MAX_PER_ADDRESS {
            counter!("capstan_tcp_connections_refused_total").increment(1);
            return;
        }
        // Media is small and late packets are useless.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%remote, %error, "a connection delays what it sends");
        }
        let (read_half, write_half) = stream.into_split();
        let (out, queue) = mpsc::channel(QUEUE_OUT);
        let reader = tokio::spawn(read(remote, read_half, self.sender.clone())).abort_handle();
        // It ends by itself once its queue is closed and sent.
        tokio::spawn(write(write_half, queue));
        self.open.insert(remote, Connection { out, reader, proven: false, newest: now });
        self.count();
    }

    /// Something came on a connection. Until it is proven to be a publisher's that counts for nothing.
    pub(crate) fn heard(&mut self, remote: SocketAddr, now: RoomTime) {
        if let Some(connection) = self.open.get_mut(&remote).filter(|open| open.proven) {
            connection.newest = now;
        }
    }

    /// What came on a connection was a publisher's.
    pub(crate) fn proven(&mut self, remote: SocketAddr, now: RoomTime) {
        if let Some(connection) = self.open.get_mut(&remote) {
            (connection.proven, connection.newest) = (true, now);
        }
    }

    /// Sends a datagram, unless the connection is gone or too slow. Answers whether it is on its way.
    pub(crate) fn send(&self, remote: SocketAddr, datagram: &[u8]) -> bool {
        let frame = || {
            let length = u16::try_from(datagram.len()).ok()?;
            Some([length.to_be_bytes().as_slice(), datagram].concat())
        };
        let open = self.open.get(&remote);
        open.is_some_and(|open| frame().is_some_and(|frame| open.out.try_send(frame).is_ok()))
    }

    /// Forgets a connection.
    pub(crate) fn close(&mut self, remote: SocketAddr) {
        self.open.remove(&remote);
        self.count();
    }

    /// Closes what proves nothing or is silent. To be called a few times a second.
    pub(crate) fn tick(&mut self, now: RoomTime) {
        let before = self.open.len();
        self.open.retain(|_, connection| {
            let patience = if connection.proven { SILENT } else { PROVE_WITHIN };
            now.since(connection.newest) < patience
        });
        if self.open.len() != before {
            self.count();
        }
    }

    fn count(&self) {
        gauge!("capstan_tcp_connections").set(self.open.len() as f64);
    }
}

impl Drop for Connections {
    fn drop(&mut self) {
        self.accepting.take().iter().for_each(AbortHandle::abort);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

async fn accept(listener: TcpListener, to: mpsc::Sender<Incoming>) {
    loop {
        match listener.accept().await {
            Ok((stream, remote)) => {
                let remote = SocketAddr::new(remote.ip().to_canonical(), remote.port());
                if to.send(Incoming::Opened(remote, stream)).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a connection for media can't be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Reads frames until the far end closes or breaks the rules.
async fn read(remote: SocketAddr, mut from: OwnedReadHalf, to: mpsc::Sender<Incoming>) {
    while let Ok(length) = from.read_u16().await {
        let length = usize::from(length);
        if length == 0 || length > MAX_FRAME {
            break;
        }
        let mut frame = vec![0; length];
        if from.read_exact(&mut frame).await.is_err()
            || to.send(Incoming::Datagram(remote, frame)).await.is_err()
        {
            break;
        }
    }
    // If nobody listens any more there is nobody to tell.
    let _ = to.send(Incoming::Closed(remote)).await;
}

async fn write(mut to: OwnedWriteHalf, mut queue: mpsc::Receiver<Vec<u8>>) {
    while let Some(frame) = queue.recv().await {
        let written = tokio::time::timeout(SILENT, to.write_all(&frame)).await;
        if !matches!(written, Ok(Ok(()))) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: i64) -> RoomTime {
        RoomTime::from_millis(seconds * 1_000)
    }

    async fn connect(connections: &mut Connections, to: SocketAddr) -> (TcpStream, SocketAddr) {
        let far = TcpStream::connect(to).await.unwrap();
        let Some(Incoming::Opened(remote, stream)) = connections.next().await else {
            unreachable!("a connection comes first");
        };
        connections.open(remote, stream, seconds(0));
        (far, remote)
    }

    #[tokio::test]
    async fn what_proves_nothing_is_closed_and_what_is_proven_may_pause() {
        let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let to = listener.local_addr().unwrap();
        let mut connections = Connections::new();
        connections.listen(listener).unwrap();
        let (mut idle, _) = connect(&mut connections, to).await;
        let (mut busy, remote) = connect(&mut connections, to).await;
        busy.write_all(&[0, 2, 7, 8]).await.unwrap();
        let Some(Incoming::Datagram(from, datagram)) = connections.next().await else {
            unreachable!("a datagram comes");
        };
        assert_eq!((from, datagram.as_slice()), (remote, &[7, 8][..]));
        connections.heard(remote, seconds(9));
        connections.proven(remote, seconds(9));
        connections.tick(seconds(10));
        assert_eq!(idle.read(&mut [0; 1]).await.unwrap(), 0, "it is closed");
        assert!(connections.send(remote, &[1, 2, 3]));
        let mut frame = [0; 5];
        busy.read_exact(&mut frame).await.unwrap();
        assert_eq!(frame, [0, 3, 1, 2, 3]);
        connections.tick(seconds(40));
        assert!(!connections.send(remote, &[1]));
    }
}
