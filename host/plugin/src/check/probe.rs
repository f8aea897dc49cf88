//! What every trial needs: configured instances, requests looked at as the host would, and inputs that
//! are the same at each run.

use std::path::PathBuf;
use std::sync::Arc;

use crate::digest::digest;
use crate::grants::Reach;
use crate::http::{Checked, Piece, SourceFile, checked};
use crate::plugin::{ConfigureError, Configured, Plugin};
use crate::v1::bindings::capstan::plugin::io::{Moment, Request};
use crate::v1::bindings::exports::capstan::plugin::plugin::Endpoint;
use crate::v1::bindings::exports::capstan::plugin::uploader::Algorithm;

/// When every trial begins: milliseconds since the Unix epoch.
pub(super) const BEGIN_MS: u64 = 1_760_000_000_000;

/// The endpoints that a configuration needs, or why it doesn't do.
pub(super) fn configure(plugin: &Arc<Plugin>, config: &str) -> Result<Vec<Endpoint>, String> {
    instance(plugin, config).map(|configured| configured.endpoints)
}

/// A fresh instance that took the configuration.
pub(super) fn instance(plugin: &Arc<Plugin>, config: &str) -> Result<Configured, String> {
    plugin.configured(config).map_err(|error| match error {
        ConfigureError::BadConfig(mistakes) => mistakes.to_string(),
        ConfigureError::Broke(broke) => broke.of(plugin.name()).to_string(),
    })
}

/// Whether the plugin answers to a strange configuration, whatever it answers.
pub(super) fn survives(plugin: &Arc<Plugin>, config: &str) -> Result<(), String> {
    match plugin.configured(config) {
        Err(ConfigureError::Broke(broke)) => Err(format!("{config:?}: {}", broke.detail)),
        Ok(_) | Err(ConfigureError::BadConfig(_)) => Ok(()),
    }
}

/// The clock and chance of one turn: the same at each run.
pub(super) fn moment(turn: u64, waited_ms: u64) -> Moment {
    let chance = |salt: u64| (turn ^ salt).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(31);
    let now_ms = BEGIN_MS + waited_ms + turn * 40;
    Moment { now_ms, random: (chance(0x51), chance(0xA7)) }
}

/// A request that would have left.
pub(super) struct Seen {
    /// The method as it goes on the wire.
    pub(super) method: String,
    /// Path and query.
    pub(super) target: String,
    /// Bytes of the body.
    pub(super) length: u64,
    body: Vec<Piece>,
    file: SourceFile,
}

impl Seen {
    /// Looks at a request as the host would.
    ///
    /// # Errors
    /// It breaks the contract, or goes where the plugin didn't ask to go.
    pub(super) fn look(
        request: Request,
        file: Option<&SourceFile>,
        reach: &Reach,
    ) -> Result<Self, String> {
        let Checked { target, method, path, body, length } = checked(request, file)
            .map_err(|what| format!("it sends an illegal request: {what}"))?;
        reach.check(&target).map_err(|denial| denial.to_string())?;
        let none = SourceFile { path: PathBuf::new(), size: 0 };
        let file = file.cloned().unwrap_or(none);
        Ok(Self { method, target: path, length, body, file })
    }

    /// A text of a script with what stands in braces replaced by facts of the request.
    pub(super) fn fill(&self, text: &str) -> String {
        let mut text = text.replace("{size}", &self.length.to_string());
        let path = self.target.split('?').next().unwrap_or_default();
        text = text.replace("{path}", path);
        for (name, algorithm) in [
            ("{md5}", Algorithm::Md5),
            ("{sha1}", Algorithm::Sha1),
            ("{sha256}", Algorithm::Sha256),
            ("{crc32c}", Algorithm::Crc32c),
            ("{crc64}", Algorithm::Crc64Xz),
        ] {
            if text.contains(name) {
                text = text.replace(name, &self.digest(algorithm));
            }
        }
        text
    }

    /// In hexadecimal digits; the 64-bit checksum as a decimal number, as vendors write it.
    fn digest(&self, algorithm: Algorithm) -> String {
        // The file is the trial's own; if it is gone the answer won't fit, and that is reported.
        let bytes = digest(algorithm, &self.body, &self.file).unwrap_or_default();
        match (algorithm, <[u8; 8]>::try_from(bytes.as_slice())) {
            (Algorithm::Crc64Xz, Ok(number)) => u64::from_be_bytes(number).to_string(),
            _ => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }

    #[cfg(test)]
    pub(super) fn for_test(method: &str, target: &str, body: &'static [u8]) -> Self {
        let body = vec![Piece::Bytes(bytes::Bytes::from_static(body))];
        let file = SourceFile { path: PathBuf::new(), size: 0 };
        Self { method: method.into(), target: target.into(), length: 3, body, file }
    }
}

/// The first of these secrets that a text holds: it is said that it does, never which.
pub(super) fn leaks(text: &str, secrets: &[String]) -> bool {
    secrets.iter().any(|secret| text.contains(secret.as_str()))
}
