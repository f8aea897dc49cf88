//! From a target to a connection: resolve, check the addresses, connect, agree on TLS.

use std::net::{IpAddr, SocketAddr};

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::{Failure, Sender};
use crate::grants::{Addresses, Denial, Target};
use crate::v1::bindings::capstan::plugin::io::TransportError;
use crate::v1::bindings::exports::capstan::plugin::plugin::Scheme;

/// The most addresses of one name that are tried.
const MAX_TRIES: usize = 6;

/// A connection, in the clear or not.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Connects within the sender's time.
pub(super) async fn connect(
    sender: &Sender,
    target: &Target,
    addresses: Addresses,
) -> Result<Box<dyn Stream>, Failure> {
    let longest = sender.limits.connect;
    let connected = tokio::time::timeout(longest, try_connect(sender, target, addresses)).await;
    connected.unwrap_or_else(|_| {
        let late = format!("no connection to {target} within {longest:?}");
        Err(Failure::new(TransportError::Timeout, late))
    })
}

async fn try_connect(
    sender: &Sender,
    target: &Target,
    addresses: Addresses,
) -> Result<Box<dyn Stream>, Failure> {
    let stream = open(resolve(target, addresses).await?, target).await?;
    // The only failure is a connection that is gone, which the next read tells better.
    let _best_effort = stream.set_nodelay(true);
    match target.scheme {
        Scheme::Http => Ok(Box::new(stream)),
        Scheme::Https => {
            let bad =
                |error: String| Failure::new(TransportError::Tls, format!("{target}: {error}"));
            let name = ServerName::try_from(target.host.clone())
                .map_err(|error| bad(error.to_string()))?;
            let stream = sender.tls.connect(name, stream).await;
            Ok(Box::new(stream.map_err(|error| bad(error.to_string()))?))
        }
    }
}

/// The target's addresses that may be connected to, at least one.
async fn resolve(target: &Target, addresses: Addresses) -> Result<Vec<SocketAddr>, Failure> {
    let all: Vec<SocketAddr> = match target.host.parse::<IpAddr>() {
        Ok(address) => vec![SocketAddr::new(address, target.port)],
        Err(_) => tokio::net::lookup_host((target.host.as_str(), target.port))
            .await
            .map_err(|error| Failure::new(TransportError::Dns, format!("{target}: {error}")))?
            .collect(),
    };
    let admitted: Vec<_> = all
        .iter()
        .copied()
        .filter(|address| addresses.admit(address.ip()))
        .take(MAX_TRIES)
        .collect();
    match (admitted.is_empty(), all.first()) {
        (false, _) => Ok(admitted),
        (true, Some(address)) => {
            Err(Failure::denied(Denial::Private(target.clone(), address.ip())))
        }
        (true, None) => Err(Failure::new(TransportError::Dns, format!("{target}: no address"))),
    }
}

async fn open(addresses: Vec<SocketAddr>, target: &Target) -> Result<TcpStream, Failure> {
    let mut last = String::new();
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error.to_string(),
        }
    }
    Err(Failure::new(TransportError::Connect, format!("{target}: {last}")))
}
