//! ICE by PATCH (RFC 9725, 4.3; RFC 8840, 9): fragments of SDP with candidates or new credentials.
//!
//! Candidates of a publisher are of no use here, since an ICE-lite agent learns addresses from checks;
//! they are read all the same, so that a client gets the answer that it expects.

use std::fmt::Write;

use str0m::IceCreds;

use crate::error::PatchError;

/// A longer fragment is no list of candidates.
const MAX_BYTES: usize = 16 << 10;

/// Which ICE generation a change is meant for (RFC 9725, 4.3.1).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Generation {
    /// Whichever is the present one.
    Any,
    /// The one with this entity tag, quoted.
    Tagged(String),
}

/// What a change of a session's ICE came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Patched {
    /// Candidates were told, which changes nothing.
    Noted,
    /// ICE starts anew.
    Restarted {
        /// Our side, as a fragment of SDP.
        fragment: String,
        /// The entity tag of the new generation, quoted.
        etag: String,
    },
}

/// What a publisher tells of its side.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fragment {
    /// Its credentials, if it names them.
    pub(crate) credentials: Option<IceCreds>,
}

impl Fragment {
    /// Reads a fragment.
    pub(crate) fn read(text: &str) -> Result<Self, PatchError> {
        if text.len() > MAX_BYTES {
            return Err(bad("it is longer than lists of candidates are"));
        }
        let (mut ufrag, mut pass, mut told) = (None, None, false);
        for line in text.lines().map(str::trim) {
            if let Some(value) = line.strip_prefix("a=ice-ufrag:") {
                ufrag.get_or_insert(value);
            } else if let Some(value) = line.strip_prefix("a=ice-pwd:") {
                pass.get_or_insert(value);
            }
            told |= line.starts_with("a=candidate:") || line == "a=end-of-candidates";
        }
        let credentials = match (ufrag, pass) {
            (Some(ufrag), Some(pass)) => Some(checked(ufrag, pass)?),
            (None, None) => None,
            _ => return Err(bad("a=ice-ufrag and a=ice-pwd come together or not at all")),
        };
        if credentials.is_none() && !told {
            return Err(bad("it has neither candidates nor credentials"));
        }
        Ok(Self { credentials })
    }
}

/// RFC 8839, 5.4.
fn checked(ufrag: &str, pass: &str) -> Result<IceCreds, PatchError> {
    let is_ice = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/".contains(&b));
    if !(4..=256).contains(&ufrag.len()) || !is_ice(ufrag) {
        return Err(bad("a=ice-ufrag has 4 to 256 letters, digits, + and /"));
    }
    if !(22..=256).contains(&pass.len()) || !is_ice(pass) {
        return Err(bad("a=ice-pwd has 22 to 256 letters, digits, + and /"));
    }
    Ok(IceCreds { ufrag: ufrag.to_owned(), pass: pass.to_owned() })
}

/// Our side of a session, as an answer told it.
#[derive(Clone, Debug)]
pub(crate) struct OurSide {
    group: Option<String>,
    /// The first section that isn't rejected, and its `mid`.
    section: Vec<String>,
    candidates: Vec<String>,
}

impl OurSide {
    /// From the answer to the offer.
    pub(crate) fn of(answer: &str) -> Self {
        let mut side = Self { group: None, section: Vec::new(), candidates: Vec::new() };
        let mut open = false;
        for line in answer.lines() {
            if line.starts_with("a=group:") {
                side.group = Some(line.to_owned());
            } else if line.starts_with("m=") {
                open = side.section.is_empty() && line.split(' ').nth(1) != Some("0");
                if open {
                    side.section.push(line.to_owned());
                }
            } else if open && line.starts_with("a=mid:") {
                side.section.push(line.to_owned());
            } else if open && line.starts_with("a=candidate:") {
                side.candidates.push(line.to_owned());
            }
        }
        side
    }

    /// The fragment that answers a restart.
    pub(crate) fn fragment(&self, credentials: &IceCreds) -> String {
        let mut text = String::from("a=ice-lite\r\n");
        for line in self.group.iter().chain(&self.section) {
            // Writing to a string never fails.
            let _ = write!(text, "{line}\r\n");
        }
        let IceCreds { ufrag, pass } = credentials;
        let _ = write!(text, "a=ice-ufrag:{ufrag}\r\na=ice-pwd:{pass}\r\n");
        for line in &self.candidates {
            let _ = write!(text, "{}\r\n", without_ufrag(line));
        }
        text.push_str("a=end-of-candidates\r\n");
        text
    }
}

/// A candidate without the credentials that it was first told with.
fn without_ufrag(candidate: &str) -> String {
    let mut words = candidate.split(' ');
    let mut kept = Vec::new();
    while let Some(word) = words.next() {
        if word == "ufrag" {
            words.next();
        } else {
            kept.push(word);
        }
    }
    kept.join(" ")
}

fn bad(reason: &str) -> PatchError {
    PatchError::BadFragment { reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_credentials_and_nothing_are_told_apart() {
        let candidates = "m=audio 9 X 0\r\na=mid:0\r\na=candidate:1 1 udp 1 x.local 9 typ host\r\n";
        assert_eq!(Fragment::read(candidates), Ok(Fragment { credentials: None }));
        assert_eq!(Fragment::read("a=end-of-candidates"), Ok(Fragment { credentials: None }));
        let restart = "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n";
        let creds = Fragment::read(restart).unwrap().credentials.unwrap();
        assert_eq!((creds.ufrag.as_str(), creds.pass.len()), ("EsAw", 24));
        for wrong in [
            "",
            "a=ice-ufrag:abcd",
            "a=ice-ufrag:abc\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1",
            "a=ice-ufrag:abcd\r\na=ice-pwd:short",
        ] {
            assert!(
                matches!(Fragment::read(wrong), Err(PatchError::BadFragment { .. })),
                "{wrong}"
            );
        }
    }

    #[test]
    fn our_side_stands_in_the_first_section_that_is_taken() {
        let answer = "v=0\r\na=group:BUNDLE 1\r\nm=audio 0 X 0\r\na=mid:0\r\nm=video 9 Y 96\r\n\
                      a=candidate:a 1 udp 2 192.0.2.1 5 typ host ufrag old\r\na=mid:1\r\n";
        let creds = IceCreds { ufrag: "new".into(), pass: "p".into() };
        let expected = "a=ice-lite\r\na=group:BUNDLE 1\r\nm=video 9 Y 96\r\na=mid:1\r\n\
                        a=ice-ufrag:new\r\na=ice-pwd:p\r\n\
                        a=candidate:a 1 udp 2 192.0.2.1 5 typ host\r\na=end-of-candidates\r\n";
        assert_eq!(OurSide::of(answer).fragment(&creds), expected);
    }
}
