//! One `m=` section of an offer: what it says, and what becomes of it.

use super::bad;
use crate::error::PublishError;

/// What a section carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// Sound.
    Audio,
    /// Pictures.
    Video,
}

/// Which way a section's media goes, seen from the publisher.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Direction {
    Sends,
    DoesNotSend,
}

/// Why a section isn't taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The publisher has stopped it: its port is 0 and it is in no BUNDLE group (RFC 8829, 5.2.2).
    Stopped,
    /// It carries neither sound nor pictures.
    NotMedia,
    /// Its media isn't RTP.
    NotRtp,
    /// None of its codecs is known here.
    NoCodec,
    /// It doesn't share the transport of the sections that are taken.
    Apart,
    /// A participant has no further track of this kind.
    Beyond,
}

impl Refusal {
    /// Its name in metrics and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::NotMedia => "not-media",
            Self::NotRtp => "not-rtp",
            Self::NoCodec => "no-codec",
            Self::Apart => "not-bundled",
            Self::Beyond => "too-many",
        }
    }

    /// What the publisher could change.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Stopped => "nothing is lost: the publisher stopped it",
            Self::NotMedia => "only sound and pictures are recorded",
            Self::NotRtp => "send media as UDP/TLS/RTP/SAVPF",
            Self::NoCodec => "offer Opus for sound, VP8, VP9, H.264 or AV1 for pictures",
            Self::Apart => "put all sections into one BUNDLE group, each with a mid of its own",
            Self::Beyond => "publish it under another uid",
        }
    }
}

/// One `m=` line and what follows it.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) media: String,
    /// Port 0: stopped, unless the section is bundled with others (RFC 9143, 6).
    pub(super) closed: bool,
    pub(super) protocol: String,
    pub(super) formats: Vec<String>,
    pub(super) mid: Option<String>,
    direction: Option<Direction>,
    /// The lines after `m=` without direction and `mid`.
    pub(super) lines: Vec<String>,
}

impl Section {
    /// Reads the `m=` line.
    pub(super) fn open(line: &str) -> Result<Self, PublishError> {
        let mut words = line.get(2..).unwrap_or("").split(' ').filter(|word| !word.is_empty());
        let (Some(media), Some(port), Some(protocol)) = (words.next(), words.next(), words.next())
        else {
            return Err(bad("an m= line lacks media, port or protocol"));
        };
        Ok(Self {
            media: media.to_owned(),
            closed: port.split('/').next() == Some("0"),
            protocol: protocol.to_owned(),
            formats: words.map(str::to_owned).collect(),
            mid: None,
            direction: None,
            lines: Vec::new(),
        })
    }

    /// Reads a line after it.
    pub(super) fn read(&mut self, line: &str) -> Result<(), PublishError> {
        if let Some(direction) = direction(line) {
            self.direction.get_or_insert(direction);
        } else if let Some(mid) = line.strip_prefix("a=mid:") {
            if self.mid.replace(mid.trim().to_owned()).is_some() {
                return Err(bad("a section has two a=mid lines"));
            }
        } else {
            self.lines.push(line.to_owned());
        }
        Ok(())
    }

    pub(super) fn kind(&self) -> Option<Kind> {
        match self.media.as_str() {
            "audio" => Some(Kind::Audio),
            "video" => Some(Kind::Video),
            _ => None,
        }
    }

    /// RFC 8829 (5.1.2) lets a sender of secure RTP write any of these, and wants it back.
    pub(super) fn is_rtp(&self) -> bool {
        ["RTP/SAVPF", "RTP/SAVP", "RTP/AVPF", "RTP/AVP"]
            .iter()
            .any(|profile| self.protocol.ends_with(profile))
    }

    pub(super) fn sends(&self, inherited: Direction) -> bool {
        self.direction.unwrap_or(inherited) == Direction::Sends
    }

    /// Adds the names of its codecs. Repair formats are no codecs to a reader of an error message.
    pub(super) fn name_codecs(&self, names: &mut Vec<String>, most: usize) {
        for line in &self.lines {
            let Some(rest) = line.strip_prefix("a=rtpmap:") else { continue };
            let Some(name) = rest.split(' ').nth(1).and_then(|c| c.split('/').next()) else {
                continue;
            };
            let repair = ["rtx", "red", "ulpfec", "flexfec-03"].contains(&name);
            let name: String = name.chars().filter(|c| !c.is_control()).take(24).collect();
            if !repair && !names.contains(&name) && names.len() < most {
                names.push(name);
            }
        }
    }

    /// A line of its own by its beginning.
    pub(super) fn line(&self, prefix: &str) -> Option<&str> {
        self.lines.iter().map(String::as_str).find(|line| line.starts_with(prefix))
    }
}

/// The direction that a line states.
pub(super) fn direction(line: &str) -> Option<Direction> {
    match line {
        "a=sendrecv" | "a=sendonly" => Some(Direction::Sends),
        "a=recvonly" | "a=inactive" => Some(Direction::DoesNotSend),
        _ => None,
    }
}
