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
    let stream = open(resolve(sender, target, addresses).await?, target).await?;
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

/// The target's addresses that may be connected to, at least one. A name is looked up here and nowhere
/// else: what is judged is what is connected to.
async fn resolve(
    sender: &Sender,
    target: &Target,
    addresses: Addresses,
) -> Result<Vec<SocketAddr>, Failure> {
    let all: Vec<SocketAddr> = match target.host.parse::<IpAddr>() {
        Ok(address) => vec![SocketAddr::new(address, target.port)],
        Err(_) => {
            let found = sender.names.look_up(&target.host, target.port).await;
            found
                .map_err(|error| Failure::new(TransportError::Dns, format!("{target}: {error}")))?
        }
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

#[cfg(test)]
mod tests {
    use std::io;
    use std::net::TcpListener;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use capstan_outbox::ports::BoxFuture;

    use super::super::names::{Resolver, SystemResolver};
    use super::super::{Failure, Limits};
    use super::*;
    use crate::grants::{Grant, Reach};
    use crate::v1::bindings::capstan::plugin::io::{Method, Request, Response, Transport};
    use crate::v1::bindings::exports::capstan::plugin::plugin::Endpoint;

    /// Public to our rule, and nobody's since 2006. Nothing here connects to it.
    const PUBLIC: &str = "3ffe::1";

    /// Answers one list of addresses after the other, whatever it is asked; the last one for ever.
    #[derive(Clone)]
    struct ChangesItsMind {
        answers: Vec<Vec<IpAddr>>,
        asked: Arc<Mutex<usize>>,
    }

    impl ChangesItsMind {
        fn new(answers: &[&[&str]]) -> Self {
            let parsed = |answer: &&[&str]| answer.iter().map(|it| it.parse().unwrap()).collect();
            Self { answers: answers.iter().map(parsed).collect(), asked: Arc::default() }
        }
    }

    impl Resolver for ChangesItsMind {
        fn look_up<'a>(
            &'a self,
            _host: &'a str,
            port: u16,
        ) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
            let mut asked = self.asked.lock().unwrap();
            let answer = &self.answers[(*asked).min(self.answers.len() - 1)];
            *asked += 1;
            let addresses = answer.iter().map(|address| SocketAddr::new(*address, port)).collect();
            Box::pin(std::future::ready(Ok(addresses)))
        }
    }

    /// A private port that counts who comes, and a sender that believes `names`.
    struct Bench {
        private: TcpListener,
        sender: Sender,
    }

    impl Bench {
        fn new(names: impl Resolver + 'static) -> Self {
            let private = TcpListener::bind("127.0.0.1:0").unwrap();
            private.set_nonblocking(true).unwrap();
            let limits = Limits { connect: Duration::from_millis(300), ..Limits::default() };
            let sender = Sender { names: Box::new(names), ..Sender::new(limits, None).unwrap() };
            Self { private, sender }
        }

        /// Asks for `host`, which the plugin asked for and the operator granted as a public one.
        async fn send(&self, host: &str) -> Result<Response, Failure> {
            let port = self.private.local_addr().unwrap().port();
            let endpoint = Endpoint { scheme: Scheme::Http, host: host.into(), port: Some(port) };
            let grants = vec![host.parse::<Grant>().unwrap()];
            let reach = Reach::new(&[endpoint], grants.into()).unwrap();
            let request = Request {
                method: Method::Get,
                transport: Transport::Http,
                host: host.into(),
                port: Some(port),
                target: "/".into(),
                headers: vec![],
                body: vec![],
                timeout_ms: None,
                max_response: 1,
                ask_first: false,
            };
            self.sender.send("p", request, None, &reach).await
        }

        /// Where a connection to `host` would go.
        async fn resolve(&self, host: &str) -> Result<Vec<SocketAddr>, Failure> {
            let target = Target { scheme: Scheme::Http, host: host.into(), port: 80 };
            resolve(&self.sender, &target, Addresses::Public).await
        }

        fn nobody_came(&self) -> bool {
            self.private.accept().is_err()
        }
    }

    fn public() -> SocketAddr {
        SocketAddr::new(PUBLIC.parse().unwrap(), 80)
    }

    fn denied(answer: Result<Response, Failure>, address: &str) -> bool {
        let denial = answer.unwrap_err().denial;
        matches!(denial, Some(Denial::Private(_, at)) if at == address.parse::<IpAddr>().unwrap())
    }

    #[tokio::test]
    async fn a_name_that_changes_its_mind_gains_nothing() {
        let names = ChangesItsMind::new(&[&[PUBLIC], &["127.0.0.1"]]);
        let bench = Bench::new(names.clone());
        // What is judged is handed on as an address, so connecting asks nobody again.
        assert_eq!(bench.resolve("rebinds.example").await.unwrap(), [public()]);
        assert_eq!(*names.asked.lock().unwrap(), 1);
        assert!(denied(bench.send("rebinds.example").await, "127.0.0.1"));
        assert_eq!(*names.asked.lock().unwrap(), 2);
        assert!(bench.nobody_came());
    }

    #[tokio::test]
    async fn private_addresses_among_public_ones_are_left_out() {
        let answer: &[&str] = &["127.0.0.1", PUBLIC, "::ffff:127.0.0.1", "::1"];
        let bench = Bench::new(ChangesItsMind::new(&[answer]));
        assert_eq!(bench.resolve("mixed.example").await.unwrap(), [public()]);
    }

    #[tokio::test]
    async fn other_spellings_of_private_addresses_are_judged_by_where_they_lead() {
        let bench = Bench::new(SystemResolver);
        for spelling in ["localhost", "2130706433", "0x7f000001", "127.1", "0177.0.0.1"] {
            let failure = bench.send(spelling).await.unwrap_err();
            // Not every system takes each of them for an address.
            let safe = failure.denial.is_some() || failure.error == TransportError::Dns;
            assert!(safe, "{spelling}: {failure:?}");
        }
        for address in ["127.0.0.1", "169.254.169.254"] {
            assert!(denied(bench.send(address).await, address));
        }
        assert!(bench.nobody_came());
    }
}
