//! Sends what plugins ask for: one HTTP/1.1 request, as it was given, once.
//!
//! The invariant: nothing leaves without [`Reach`] saying so, for the very address that is connected
//! to; no redirect is followed, nothing repeated, and everything is bounded in size and time.

mod body;
mod connect;
mod names;
mod request;
mod response;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio_rustls::TlsConnector;

use crate::fault::cut;
use crate::grants::{Denial, Reach, Target};
use crate::metric;
use crate::v1::bindings::capstan::plugin::io::{
    Request, Response, TransportError, TransportFailure,
};

pub(crate) use body::{Piece, pieces};
use names::{Resolver, SystemResolver};
use request::Prepared;

/// Bounds of every plugin's requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest time to a connection, name and TLS included.
    pub connect: Duration,
    /// The longest time of a request that doesn't say it; a body of many bytes gets more.
    pub request: Duration,
    /// The most that a plugin may ask for.
    pub longest: Duration,
    /// Requests of one plugin under way at once: so none keeps the others waiting.
    pub at_once: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            request: Duration::from_secs(60),
            longest: Duration::from_secs(3600),
            at_once: 128,
        }
    }
}

/// The file of the job that a request belongs to.
#[derive(Clone, Debug)]
pub(crate) struct SourceFile {
    pub(crate) path: PathBuf,
    pub(crate) size: u64,
}

/// Sends requests for all plugins of one host.
pub(crate) struct Sender {
    limits: Limits,
    tls: TlsConnector,
    names: Box<dyn Resolver>,
    /// By the plugin's name.
    slots: Mutex<BTreeMap<String, Arc<Semaphore>>>,
}

/// Why requests can't be sent at all.
#[derive(Debug, Error)]
pub enum SenderError {
    /// The file of extra certificates can't be used.
    #[error("certificates in {file}: {reason}")]
    Certificates {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The TLS library refused its settings.
    #[error("TLS can't be set up")]
    Tls(#[from] rustls::Error),
}

/// A request without a response.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: TransportError,
    /// Whether the whole request had been handed to the network.
    pub(crate) sent: bool,
    pub(crate) detail: String,
    /// What wasn't allowed, if that is why.
    pub(crate) denial: Option<Denial>,
}

impl Failure {
    fn new(error: TransportError, detail: impl ToString) -> Self {
        Self { error, sent: false, detail: cut(&detail.to_string(), 500), denial: None }
    }

    fn denied(denial: Denial) -> Self {
        Self { denial: Some(denial.clone()), ..Self::new(TransportError::Refused, denial) }
    }
}

impl From<Failure> for TransportFailure {
    fn from(Failure { error, sent, detail, denial: _ }: Failure) -> Self {
        Self { error, sent, detail }
    }
}

impl Sender {
    /// Trusts the authorities that browsers trust, and those in the PEM file `extra_ca`.
    pub(crate) fn new(limits: Limits, extra_ca: Option<&Path>) -> Result<Self, SenderError> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(file) = extra_ca {
            add_certificates(&mut roots, file)?;
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let tls = TlsConnector::from(Arc::new(config));
        Ok(Self { limits, tls, names: Box::new(SystemResolver), slots: Mutex::default() })
    }

    /// Sends one request of `plugin` and reads its response.
    pub(crate) async fn send(
        &self,
        plugin: &str,
        request: Request,
        file: Option<&SourceFile>,
        reach: &Reach,
    ) -> Result<Response, Failure> {
        let prepared = request::prepare(request, file, &self.limits);
        self.told(plugin, prepared, reach).await
    }

    /// Sends a request of the host's own, whose response may have up to `most` bytes.
    pub(crate) async fn send_for_much(
        &self,
        caller: &str,
        request: Request,
        reach: &Reach,
        most: usize,
    ) -> Result<Response, Failure> {
        let prepared = request::prepare(request, None, &self.limits);
        let prepared = prepared.map(|prepared| Prepared { max_response: most, ..prepared });
        self.told(caller, prepared, reach).await
    }

    /// Exchanges what was prepared, and tells log and metrics.
    async fn told(
        &self,
        plugin: &str,
        prepared: Result<Prepared, String>,
        reach: &Reach,
    ) -> Result<Response, Failure> {
        let answer = match prepared {
            Ok(prepared) => self.checked(plugin, prepared, reach).await,
            Err(what) => Err(Failure::new(TransportError::Invalid, what)),
        };
        let outcome = match &answer {
            Ok(response) => status_class(response.status),
            Err(failure) => error_name(failure.error),
        };
        metric::request(plugin, outcome);
        if let Err(failure) = &answer {
            tracing::debug!(plugin, error = outcome, detail = failure.detail, "request failed");
        }
        answer
    }

    async fn checked(
        &self,
        plugin: &str,
        prepared: Prepared,
        reach: &Reach,
    ) -> Result<Response, Failure> {
        let addresses = reach.check(&prepared.target).map_err(Failure::denied)?;
        let slots = self.slots_of(plugin);
        let slot = slots.acquire().await;
        let _slot = slot.map_err(|closed| Failure::new(TransportError::Closed, closed))?;
        let sent = body::Sent::default();
        let longest = prepared.timeout;
        let exchange = response::exchange(self, prepared, addresses, &sent);
        match tokio::time::timeout(longest, exchange).await {
            Ok(answer) => answer.map_err(|failure| Failure { sent: sent.whole(), ..failure }),
            Err(_) => {
                let late = format!("no whole response within {longest:?}");
                Err(Failure { sent: sent.whole(), ..Failure::new(TransportError::Timeout, late) })
            }
        }
    }
}

impl Sender {
    fn slots_of(&self, plugin: &str) -> Arc<Semaphore> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Semaphore::new(self.limits.at_once.clamp(1, 10_000)));
        slots.entry(plugin.to_owned()).or_insert_with(new).clone()
    }
}

/// A request as it would leave, for whoever plays the server.
pub(crate) struct Checked {
    pub(crate) target: Target,
    pub(crate) method: String,
    /// Path and query.
    pub(crate) path: String,
    pub(crate) body: Vec<Piece>,
    /// Bytes of the body.
    pub(crate) length: u64,
}

/// Checks a request as [`Sender::send`] does before it sends it.
pub(crate) fn checked(request: Request, file: Option<&SourceFile>) -> Result<Checked, String> {
    let ready = request::prepare(request, file, &Limits::default())?;
    let request::Prepared { target, method, path, body, length, .. } = ready;
    let (method, path) = (method.to_string(), path.to_string());
    Ok(Checked { target, method, path, body, length })
}

fn add_certificates(roots: &mut RootCertStore, file: &Path) -> Result<(), SenderError> {
    let bad = |reason: String| SenderError::Certificates { file: file.to_owned(), reason };
    let pem = std::fs::read(file).map_err(|error: io::Error| bad(error.to_string()))?;
    let mut count = 0_usize;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| bad(error.to_string()))?;
        roots.add(certificate).map_err(|error| bad(error.to_string()))?;
        count += 1;
    }
    if count == 0 { Err(bad("no certificate in it".into())) } else { Ok(()) }
}

const fn status_class(status: u16) -> &'static str {
    match status {
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    }
}

const fn error_name(error: TransportError) -> &'static str {
    match error {
        TransportError::Refused => "refused",
        TransportError::Invalid => "invalid",
        TransportError::Dns => "dns",
        TransportError::Connect => "connect",
        TransportError::Tls => "tls",
        TransportError::Timeout => "timeout",
        TransportError::Closed => "closed",
        TransportError::Protocol => "protocol",
        TransportError::File => "file",
    }
}
