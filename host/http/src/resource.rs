//! Resource ids: what `acquire` gives and `start` redeems, unforgeable and self-contained.
//!
//! An id is its facts and an HMAC-SHA256 over them, in URL-safe base64. The server keeps no list
//! of ids; the key lives in the state folder, so ids outlive a restart.

use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use capstan_media::time::RoomTime;
use capstan_media::track::{RoomId, Uid};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// How long an id may be started.
pub(crate) const VALID: Duration = Duration::from_secs(5 * 60);
/// The most characters of an id that are looked at.
const MAX_ENCODED: usize = 1_024;
/// The layout of the facts; ids of another are refused.
const VERSION: u8 = 1;
const TAG: usize = 32;
/// A whole block of SHA-256, as HMAC wants its key.
const KEY: usize = 64;

/// Names one `acquire`.
pub(crate) type Nonce = [u8; 16];
/// The first bytes of a SHA-256 over the announced parameters of `start`.
pub(crate) type Promise = [u8; 8];

/// The facts in a resource id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resource {
    /// Which `acquire` it came from.
    pub(crate) nonce: Nonce,
    /// The app and the room.
    pub(crate) room: RoomId,
    /// The recorder's uid.
    pub(crate) uid: Uid,
    /// When it was given out.
    pub(crate) issued: RoomTime,
    /// How many hours after its start a recording may be controlled.
    pub(crate) control_hours: u16,
    /// The digest of the parameters that `start` must bring, if `acquire` announced them.
    pub(crate) promise: Option<Promise>,
}

/// Makes and reads resource ids.
pub struct Resources {
    key: [u8; KEY],
}

/// The key of resource ids can't be kept.
#[derive(Debug, Error)]
#[error("key of resource ids at {path}: {source}")]
pub struct KeyError {
    /// The key's file.
    path: String,
    /// The system's words.
    source: std::io::Error,
}

impl Resources {
    /// Reads the key from the state folder, or makes one at the first start.
    pub fn open(state_dir: &Path) -> Result<Self, KeyError> {
        let path = state_dir.join("resource.key");
        let failed = |source| KeyError { path: path.display().to_string(), source };
        let mut key = [0; KEY];
        match std::fs::File::open(&path) {
            Ok(mut file) => file.read_exact(&mut key).map_err(failed)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                key = random()?;
                write_key(&path, &key).map_err(failed)?;
            }
            Err(error) => return Err(failed(error)),
        }
        Ok(Self { key })
    }

    /// The id of these facts.
    pub(crate) fn encode(&self, resource: &Resource) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&resource.nonce);
        bytes.extend_from_slice(&resource.issued.as_micros().to_be_bytes());
        bytes.extend_from_slice(&resource.control_hours.to_be_bytes());
        bytes.extend_from_slice(&resource.uid.get().to_be_bytes());
        bytes.push(u8::from(resource.promise.is_some()));
        bytes.extend_from_slice(&resource.promise.unwrap_or_default());
        // An app's id has at most 64 bytes, so that its length fits.
        bytes.push(u8::try_from(resource.room.app.len()).unwrap_or(u8::MAX));
        bytes.extend_from_slice(resource.room.app.as_bytes());
        bytes.extend_from_slice(resource.room.name.as_bytes());
        let tag = self.mac(&bytes).finalize().into_bytes();
        bytes.extend_from_slice(&tag);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The facts of an id; `None` if this server didn't make it.
    pub(crate) fn decode(&self, id: &str) -> Option<Resource> {
        if id.len() > MAX_ENCODED {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(id).ok()?;
        let (facts, tag) = bytes.split_at_checked(bytes.len().checked_sub(TAG)?)?;
        self.mac(facts).verify_slice(tag).ok()?;
        let mut rest = facts;
        let [VERSION] = take(&mut rest)? else { return None };
        let nonce = take(&mut rest)?;
        let issued = RoomTime::from_micros(i64::from_be_bytes(take(&mut rest)?));
        let control_hours = u16::from_be_bytes(take(&mut rest)?);
        let uid = Uid::new(u32::from_be_bytes(take(&mut rest)?))?;
        let [promised] = take(&mut rest)?;
        let promise = take(&mut rest)?;
        let [app_len] = take(&mut rest)?;
        let (app, name) = rest.split_at_checked(usize::from(app_len))?;
        let room = RoomId {
            app: String::from_utf8(app.to_vec()).ok()?,
            name: String::from_utf8(name.to_vec()).ok()?,
        };
        let promise = (promised == 1).then_some(promise);
        Some(Resource { nonce, room, uid, issued, control_hours, promise })
    }

    fn mac(&self, facts: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new(&self.key.into());
        mac.update(facts);
        mac
    }
}

/// The digest of announced parameters: equal for equal JSON, whatever the order of its keys.
pub(crate) fn promise_of(parameters: &serde_json::Value) -> Promise {
    let mut sorted = parameters.clone();
    sorted.sort_all_objects();
    let digest = Sha256::digest(sorted.to_string());
    let mut promise = Promise::default();
    promise.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    promise
}

/// Random bytes of the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], KeyError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| KeyError {
        path: "the system's random numbers".into(),
        source: std::io::Error::other(error.to_string()),
    })?;
    Ok(bytes)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>()?;
    *rest = tail;
    Some(*head)
}

/// Writes the key so that only this user reads it: whole, or not at all if the process dies half-way.
fn write_key(path: &Path, key: &[u8]) -> std::io::Result<()> {
    let half = path.with_extension("key.new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&half)?;
    file.write_all(key)?;
    file.sync_all()?;
    std::fs::rename(&half, path)?;
    match path.parent() {
        Some(folder) => std::fs::File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn resource() -> Resource {
        Resource {
            nonce: [7; 16],
            room: RoomId { app: "demo".into(), name: "room 1 {x}".into() },
            uid: Uid::new(4_000_000_000).unwrap(),
            issued: RoomTime::from_millis(1_700_000_000_123),
            control_hours: 72,
            promise: Some([1; 8]),
        }
    }

    #[test]
    fn ids_are_url_safe_and_outlive_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let id = Resources::open(dir.path()).unwrap().encode(&resource());
        assert!(id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'), "{id}");
        let again = Resources::open(dir.path()).unwrap();
        assert_eq!(again.decode(&id), Some(resource()));
        // What a process left that died while it wrote its key is no key.
        let other = tempfile::tempdir().unwrap();
        std::fs::write(other.path().join("resource.key.new"), [1; 7]).unwrap();
        Resources::open(other.path()).unwrap();
        let plain = Resource { promise: None, ..resource() };
        assert_eq!(again.decode(&again.encode(&plain)), Some(plain));
    }

    #[test]
    fn changed_and_foreign_ids_are_refused() {
        let ours = Resources { key: [1; KEY] };
        let id = ours.encode(&resource());
        let mut bytes = URL_SAFE_NO_PAD.decode(&id).unwrap();
        for index in 0..bytes.len() {
            bytes[index] ^= 1;
            assert_eq!(ours.decode(&URL_SAFE_NO_PAD.encode(&bytes)), None, "byte {index}");
            bytes[index] ^= 1;
        }
        assert_eq!(Resources { key: [2; KEY] }.decode(&id), None);
        for bad in ["", "x", "%%%", &"A".repeat(5_000)] {
            assert_eq!(ours.decode(bad), None);
        }
    }

    #[test]
    fn a_promise_ignores_the_order_of_keys() {
        let one: serde_json::Value = serde_json::from_str(r#"{"a":1,"b":{"c":2,"d":3}}"#).unwrap();
        let other: serde_json::Value =
            serde_json::from_str(r#"{"b":{"d":3,"c":2},"a":1}"#).unwrap();
        assert_eq!(promise_of(&one), promise_of(&other));
        assert_ne!(promise_of(&one), promise_of(&json!({"a": 1})));
    }
}
