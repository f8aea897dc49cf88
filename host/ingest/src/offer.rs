//! Reads a publisher's offer as text, before the WebRTC library gets it, and answers for what the
//! library never sees.
//!
//! The library gets the sections that can be taken and no others; the answer puts its part and a
//! rejection of each other section into the offer's order. So it doesn't matter which section comes
//! first: candidates stand in the first one that is taken.
//!
//! Invariant: every section that sends is marked `sendonly` for the library, whatever the offer said,
//! so that the answer is `recvonly` throughout (RFC 9725, 4.2).

mod section;
mod stereo;

use std::fmt::Write;

use capstan_media::track::TrackKind;
use str0m::IceCreds;

use crate::error::PublishError;
pub(crate) use section::Kind;
pub use section::Refusal;
use section::{Direction, Section, direction};

/// Sections an offer may have in all, sending or not. A browser page offers a handful; each track
/// that a page stops and adds again leaves one behind.
const MAX_SECTIONS: usize = 64;
/// Codec names that an error message repeats.
const MAX_NAMES: usize = 12;
/// Sections with sound that a participant may send: a microphone, what is shared, another.
const AUDIO_TRACKS: usize = TrackKind::SOUNDS.len();
/// Sections with pictures that a participant may send: a camera and a screen.
const VIDEO_TRACKS: usize = TrackKind::PICTURES.len();
/// What a section says of the transport that all sections share.
const TRANSPORT: [&str; 4] = ["a=ice-ufrag:", "a=ice-pwd:", "a=fingerprint:", "a=setup:"];

/// An offer with something that can be taken.
#[derive(Debug)]
pub(crate) struct Offer {
    /// Session lines without directions and groups.
    head: Vec<String>,
    /// The `mid`s of each BUNDLE group.
    groups: Vec<Vec<String>>,
    /// What a section without a direction of its own does.
    inherited: Direction,
    sections: Vec<Section>,
    /// What becomes of each section.
    verdicts: Vec<Verdict>,
}

/// A section that the publisher wants to send and that isn't taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
    /// Its place among the offer's sections, from 0.
    pub section: usize,
    /// What it carries, as the offer writes it.
    pub media: String,
    /// Names of its codecs, as the offer writes them.
    pub codecs: Vec<String>,
    /// Why.
    pub why: Refusal,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verdict {
    /// It sends and is taken.
    Take(Kind),
    /// It doesn't send; it stays open and silent.
    Idle,
    Refuse(Refusal),
}

impl Offer {
    /// Checks and sorts.
    pub(crate) fn read(text: &str, limit: usize) -> Result<Self, PublishError> {
        if text.len() > limit {
            return Err(PublishError::TooLarge { bytes: text.len(), limit });
        }
        if !text.starts_with("v=0") {
            return Err(bad("it does not begin with v=0"));
        }
        let mut head = Vec::new();
        let mut groups: Vec<Vec<String>> = Vec::new();
        let mut inherited = None;
        let mut sections: Vec<Section> = Vec::new();
        for line in text.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
            if line.starts_with("m=") {
                if sections.len() == MAX_SECTIONS {
                    return Err(bad(&format!("it has more than {MAX_SECTIONS} sections")));
                }
                sections.push(Section::open(line)?);
            } else if let Some(section) = sections.last_mut() {
                section.read(line)?;
            } else if let Some(direction) = direction(line) {
                inherited.get_or_insert(direction);
            } else if let Some(mids) = line.strip_prefix("a=group:BUNDLE") {
                groups.push(mids.split_whitespace().map(str::to_owned).collect());
            } else {
                head.push(line.to_owned());
            }
        }
        let inherited = inherited.unwrap_or(Direction::Sends);
        let mut offer = Self { head, groups, inherited, sections, verdicts: Vec::new() };
        offer.judge(&[]);
        offer.require_media()?;
        let named = |mid: &String| offer.sections.iter().any(|s| s.mid.as_ref() == Some(mid));
        if !offer.groups.iter().flatten().all(named) {
            return Err(bad("its BUNDLE group names a mid that no section has"));
        }
        Ok(offer)
    }

    /// The sections that are taken, in order: what they carry and the `mid` that the library knows.
    pub(crate) fn taken(&self) -> Vec<(Kind, String)> {
        let taken = |(index, verdict): (usize, &Verdict)| match verdict {
            Verdict::Take(kind) => Some((*kind, self.mid(index))),
            _ => None,
        };
        self.verdicts.iter().enumerate().filter_map(taken).collect()
    }

    /// The sections that want to send and aren't taken.
    pub(crate) fn refused(&self) -> Vec<Refused> {
        let refused = |(index, (section, verdict)): (usize, (&Section, &Verdict))| match verdict {
            Verdict::Refuse(why) if *why != Refusal::Stopped && section.sends(self.inherited) => {
                let mut codecs = Vec::new();
                section.name_codecs(&mut codecs, MAX_NAMES);
                let media = section.media.chars().filter(|c| !c.is_control()).take(24).collect();
                Some(Refused { section: index, media, codecs, why: *why })
            }
            _ => None,
        };
        self.sections.iter().zip(&self.verdicts).enumerate().filter_map(refused).collect()
    }

    /// The SDP that the library gets: what isn't refused.
    pub(crate) fn sdp(&self) -> String {
        let mut sdp = String::new();
        for line in &self.head {
            push(&mut sdp, line);
        }
        for line in self.transport() {
            push(&mut sdp, line);
        }
        let mids: Vec<_> = self.open().map(|index| self.mid(index)).collect();
        push(&mut sdp, &format!("a=group:BUNDLE {}", mids.join(" ")));
        for (index, (section, verdict)) in self.sections.iter().zip(&self.verdicts).enumerate() {
            let direction = match verdict {
                Verdict::Take(_) => "a=sendonly",
                Verdict::Idle => "a=inactive",
                Verdict::Refuse(_) => continue,
            };
            let formats = section.formats.join(" ");
            push(&mut sdp, &format!("m={} 9 UDP/TLS/RTP/SAVPF {formats}", section.media));
            for line in &section.lines {
                push(&mut sdp, line);
            }
            push(&mut sdp, &format!("a=mid:{}", self.mid(index)));
            push(&mut sdp, direction);
        }
        sdp
    }

    /// The publisher's ICE credentials.
    pub(crate) fn credentials(&self) -> Option<IceCreds> {
        let transport = self.transport();
        let value = |prefix: &str| {
            let said = self.head.iter().map(String::as_str).chain(transport.iter().copied());
            said.filter_map(|line| line.strip_prefix(prefix)).next().map(str::to_owned)
        };
        Some(IceCreds { ufrag: value("a=ice-ufrag:")?, pass: value("a=ice-pwd:")? })
    }

    /// Refuses what the library's answer rejects, which knows the codecs. Answers whether that changes
    /// anything: then the library needs another offer, since its answer can't be used.
    pub(crate) fn heed(&mut self, answer: &str) -> Result<bool, PublishError> {
        let answered = answer.lines().filter(|line| line.starts_with("m="));
        let rejected = |line: &str| line.split(' ').nth(1) == Some("0");
        let news = self.open().zip(answered).filter(|(_, line)| rejected(line));
        let news: Vec<usize> = news.map(|(index, _)| index).collect();
        if news.is_empty() {
            return Ok(false);
        }
        let mut without: Vec<usize> = self.refused_for(Refusal::NoCodec).collect();
        without.extend(news);
        self.judge(&without);
        self.require_media()?;
        Ok(true)
    }

    /// The whole answer: the library's part and the rejections, in the offer's order.
    pub(crate) fn answer(&self, part: &str) -> String {
        let mut answer = String::new();
        let mut blocks = Vec::new();
        for line in part.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
            if line.starts_with("m=") {
                blocks.push(vec![line]);
            } else if let Some(block) = blocks.last_mut() {
                block.push(line);
            } else if !line.starts_with("a=group:BUNDLE") {
                push(&mut answer, line);
            }
        }
        let named = self.open().filter_map(|index| self.sections.get(index)?.mid.as_deref());
        let named: Vec<&str> = named.collect();
        if !self.groups.is_empty() && !named.is_empty() {
            push(&mut answer, &format!("a=group:BUNDLE {}", named.join(" ")));
        }
        let mut blocks = blocks.into_iter();
        for (section, verdict) in self.sections.iter().zip(&self.verdicts) {
            if matches!(verdict, Verdict::Refuse(_)) {
                reject(section, &mut answer);
                continue;
            }
            for line in blocks.next().unwrap_or_default() {
                if line.starts_with("m=") {
                    push(&mut answer, &line.replacen("UDP/TLS/RTP/SAVPF", &section.protocol, 1));
                } else if !line.starts_with("a=mid:") {
                    push(&mut answer, &stereo::heed(section, line));
                } else if let Some(mid) = &section.mid {
                    push(&mut answer, &format!("a=mid:{mid}"));
                }
            }
        }
        answer
    }

    /// Decides what becomes of each section, given those in which the library knows no codec.
    fn judge(&mut self, without_codec: &[usize]) {
        let alone: Vec<Verdict> = self
            .sections
            .iter()
            .enumerate()
            .map(|(index, section)| match section.kind() {
                _ if self.is_stopped(section) => Verdict::Refuse(Refusal::Stopped),
                None => Verdict::Refuse(Refusal::NotMedia),
                Some(_) if !section.is_rtp() => Verdict::Refuse(Refusal::NotRtp),
                Some(_) if section.formats.is_empty() || without_codec.contains(&index) => {
                    Verdict::Refuse(Refusal::NoCodec)
                }
                Some(kind) if section.sends(self.inherited) => Verdict::Take(kind),
                Some(_) => Verdict::Idle,
            })
            .collect();
        // One transport carries everything: that of the first section that can be taken.
        let leader = alone.iter().position(|verdict| matches!(verdict, Verdict::Take(_)));
        let (mut sound, mut pictures) = (0, 0);
        let mut verdicts = Vec::with_capacity(alone.len());
        for (index, verdict) in alone.into_iter().enumerate() {
            verdicts.push(match verdict {
                Verdict::Refuse(_) => verdict,
                _ if !leader.is_some_and(|leader| self.share_transport(leader, index)) => {
                    Verdict::Refuse(Refusal::Apart)
                }
                Verdict::Take(kind) => {
                    let (count, most) = match kind {
                        Kind::Audio => (&mut sound, AUDIO_TRACKS),
                        Kind::Video => (&mut pictures, VIDEO_TRACKS),
                    };
                    *count += 1;
                    if *count > most { Verdict::Refuse(Refusal::Beyond) } else { verdict }
                }
                Verdict::Idle => Verdict::Idle,
            });
        }
        self.verdicts = verdicts;
    }

    /// Port 0 means stopped (RFC 8829, 5.2.2), but not within a BUNDLE group: a stopped section must
    /// not be named there, one that shares another's port may have none of its own (RFC 9143, 6).
    fn is_stopped(&self, section: &Section) -> bool {
        section.closed && self.group(section).is_none()
    }

    fn group(&self, section: &Section) -> Option<&Vec<String>> {
        let mid = section.mid.as_ref()?;
        self.groups.iter().find(|group| group.contains(mid))
    }

    fn share_transport(&self, one: usize, other: usize) -> bool {
        let (Some(a), Some(b)) = (self.sections.get(one), self.sections.get(other)) else {
            return false;
        };
        one == other || self.group(a).is_some_and(|group| self.group(b) == Some(group))
    }

    fn require_media(&self) -> Result<(), PublishError> {
        if self.verdicts.iter().any(|verdict| matches!(verdict, Verdict::Take(_))) {
            return Ok(());
        }
        let refused = self.refused();
        let media = |refused: &Refused| refused.why != Refusal::NotMedia;
        if !refused.iter().any(media) {
            return Err(PublishError::NoMedia);
        }
        if refused.iter().any(|refused| refused.why == Refusal::NoCodec) {
            let mut offered: Vec<String> = Vec::new();
            for name in refused.into_iter().flat_map(|refused| refused.codecs) {
                if !offered.contains(&name) && offered.len() < MAX_NAMES {
                    offered.push(name);
                }
            }
            return Err(PublishError::NoUsableCodec { offered });
        }
        Err(bad("its media is not sent as UDP/TLS/RTP/SAVPF"))
    }

    /// The sections that the library gets.
    fn open(&self) -> impl Iterator<Item = usize> + '_ {
        let open = |(index, verdict): (usize, &Verdict)| {
            (!matches!(verdict, Verdict::Refuse(_))).then_some(index)
        };
        self.verdicts.iter().enumerate().filter_map(open)
    }

    fn refused_for(&self, why: Refusal) -> impl Iterator<Item = usize> + '_ {
        let refused = move |(index, verdict): (usize, &Verdict)| {
            (*verdict == Verdict::Refuse(why)).then_some(index)
        };
        self.verdicts.iter().enumerate().filter_map(refused)
    }

    /// A section's `mid`. One without shares its transport with nobody, so any name will do.
    fn mid(&self, index: usize) -> String {
        let own = self.sections.get(index).and_then(|section| section.mid.clone());
        own.unwrap_or_else(|| index.to_string())
    }

    /// What is said of the common transport where the session says nothing: by the first section that is
    /// taken, whose transport browsers then use; else by the one that the group names first, though it
    /// may be refused, since sections that share its port need not repeat it; else by any.
    fn transport(&self) -> Vec<&str> {
        let open = || self.open().filter_map(|index| self.sections.get(index));
        let leader = open().next();
        let group = leader.and_then(|leader| self.group(leader));
        let tagged = group.and_then(|group| {
            let tag = group.first()?;
            self.sections.iter().find(|section| section.mid.as_ref() == Some(tag))
        });
        let by: Vec<&Section> = leader.into_iter().chain(tagged).chain(open()).collect();
        let with_credentials = by.iter().find(|section| section.line("a=ice-ufrag:").is_some());
        let unsaid = |prefix: &&&str| !self.head.iter().any(|line| line.starts_with(**prefix));
        TRANSPORT
            .iter()
            .filter(unsaid)
            .filter_map(|prefix| {
                let first = || by.iter().find_map(|section| section.line(prefix));
                with_credentials.and_then(|section| section.line(prefix)).or_else(first)
            })
            .collect()
    }
}

/// RFC 8829 (5.3.1): port 0, and the rest as offered. At least one format must be there.
fn reject(section: &Section, answer: &mut String) {
    let format = section.formats.first().map_or("0", String::as_str);
    push(answer, &format!("m={} 0 {} {format}", section.media, section.protocol));
    push(answer, "c=IN IP4 0.0.0.0");
    if let Some(mid) = &section.mid {
        push(answer, &format!("a=mid:{mid}"));
    }
    if let Some(map) = section.line(&format!("a=rtpmap:{format} ")) {
        push(answer, map);
    }
    push(answer, "a=inactive");
}

fn push(sdp: &mut String, line: &str) {
    // Writing to a string never fails.
    let _ = write!(sdp, "{line}\r\n");
}

fn bad(reason: &str) -> PublishError {
    PublishError::BadSdp { reason: reason.into() }
}

#[cfg(test)]
mod tests;
