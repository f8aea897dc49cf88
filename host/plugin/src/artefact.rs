//! Compiled code as it travels from the compiler's process and lies in the cache.
//!
//! The invariant: code reaches the engine only from an artefact whose digest fits its bytes, and only
//! this file turns bytes into code.

#![expect(unsafe_code, reason = "wasmtime can't know who made the code that it is given")]

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::classify::{Class, Refusal};

/// Marks an artefact and the version of its form.
const MAGIC: &[u8; 8] = b"capcode1";
const DIGEST: usize = 32;
/// Where the verdict begins: after the mark, the digest of all that follows it, and the verdict's
/// length.
const HEAD: usize = MAGIC.len() + DIGEST + 4;
const MAX_VERDICT: usize = 64 << 10;

/// What the compiler says of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Verdict {
    /// It is a component of this class, and its code follows.
    Compiled(Class),
    /// It isn't used.
    Refused(Refusal),
}

/// Compiled code with its class, sealed by a digest.
pub(crate) struct Artefact {
    class: Class,
    sealed: Vec<u8>,
    code_at: usize,
}

/// Bytes that are no artefact.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{what}")]
pub(crate) struct Damaged {
    what: &'static str,
}

/// Seals a verdict and the code that belongs to it.
pub(crate) fn seal(verdict: &Verdict, code: &[u8]) -> Vec<u8> {
    // Enums and strings are always JSON; a reader refuses the empty text.
    let verdict = serde_json::to_vec(verdict).unwrap_or_default();
    let length = u32::try_from(verdict.len()).unwrap_or(0).to_be_bytes();
    let mut digest = Sha256::new();
    for part in [&length, &*verdict, code] {
        Digest::update(&mut digest, part);
    }
    [MAGIC, &*digest.finalize(), &length, &verdict, code].concat()
}

/// Breaks the seal: the artefact, or the compiler's refusal.
pub(crate) fn unseal(sealed: Vec<u8>) -> Result<Result<Artefact, Refusal>, Damaged> {
    let damaged = |what| Damaged { what };
    let rest = sealed.strip_prefix(MAGIC).ok_or(damaged("it doesn't begin like compiled code"))?;
    let (digest, body) = rest.split_at_checked(DIGEST).ok_or(damaged("it is cut short"))?;
    if *Sha256::digest(body) != *digest {
        return Err(damaged("its digest doesn't fit its bytes"));
    }
    let (length, body) = body.split_first_chunk().ok_or(damaged("it is cut short"))?;
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    let verdict = body.get(..length).filter(|_| length <= MAX_VERDICT);
    let verdict = verdict.ok_or(damaged("its verdict is cut short"))?;
    match serde_json::from_slice(verdict).map_err(|_| damaged("its verdict can't be read"))? {
        Verdict::Compiled(class) => Ok(Ok(Artefact { class, code_at: HEAD + length, sealed })),
        Verdict::Refused(refusal) => Ok(Err(refusal)),
    }
}

impl Artefact {
    /// What the code is of.
    pub(crate) fn class(&self) -> &Class {
        &self.class
    }

    /// The bytes that [`unseal`] takes.
    pub(crate) fn sealed(&self) -> &[u8] {
        &self.sealed
    }

    /// The code, ready to be linked; fails if another engine made it.
    pub(crate) fn component(&self, engine: &Engine) -> wasmtime::Result<Component> {
        let code = self.sealed.get(self.code_at..).unwrap_or_default();
        // SAFETY: `Component::deserialize` wants bytes that `Engine::precompile_component` made. An
        // `Artefact` exists only by `unseal`, whose two callers read from our own compiler's process
        // and from a cache that is checked to be writable by nobody else; the digest says that
        // nothing was lost on the way. The engine itself refuses code of another version or
        // configuration. The bytes are copied and can't change afterwards.
        unsafe { Component::deserialize(engine, code) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::World;

    fn class() -> Class {
        Class { world: World::Layout, contract: "1.0.0".into() }
    }

    #[test]
    fn a_seal_holds_what_was_sealed() {
        let artefact = unseal(seal(&Verdict::Compiled(class()), b"code")).unwrap().unwrap();
        assert_eq!(artefact.class(), &class());
        assert_eq!(&artefact.sealed()[artefact.code_at..], b"code");
        let refused = Verdict::Refused(Refusal::CoreModule);
        assert_eq!(unseal(seal(&refused, b"")).unwrap().err(), Some(Refusal::CoreModule));
    }

    #[test]
    fn every_changed_or_missing_byte_breaks_it() {
        let sealed = seal(&Verdict::Compiled(class()), b"code");
        for at in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[at] ^= 1;
            assert!(unseal(flipped).is_err(), "byte {at}");
            assert!(unseal(sealed[..at].to_vec()).is_err(), "cut at {at}");
        }
        assert!(unseal([sealed, vec![0]].concat()).is_err());
    }

    #[test]
    fn code_of_something_else_is_refused_by_the_engine() {
        let engine = crate::engine::compiling_engine().unwrap();
        let artefact = unseal(seal(&Verdict::Compiled(class()), b"no code")).unwrap().unwrap();
        assert!(artefact.component(&engine).is_err());
    }
}
