//! Reads a publisher's offer as text, before the WebRTC library gets it.
//!
//! Invariant: every section that sends is marked `sendonly` afterwards, whatever the offer said, so
//! that the answer is `recvonly` throughout (RFC 9725, 4.2).

use crate::error::PublishError;

/// Sections an offer may have in all, sending or not. A browser page offers a handful.
const MAX_SECTIONS: usize = 16;
/// Codec names that an error message repeats.
const MAX_NAMES: usize = 12;

/// An offer that sends what a participant can send.
#[derive(Debug)]
pub(crate) struct Offer {
    /// The SDP with its directions made one-way.
    pub(crate) sdp: String,
    /// The sections that send, in order: what they carry and their `mid`.
    pub(crate) sections: Vec<(Kind, String)>,
    /// Codec names in the sections that send, as written, for error messages.
    pub(crate) codecs: Vec<String>,
}

impl Offer {
    /// Checks and normalises.
    pub(crate) fn read(text: &str, limit: usize) -> Result<Self, PublishError> {
        if text.len() > limit {
            return Err(PublishError::TooLarge { bytes: text.len(), limit });
        }
        if !text.starts_with("v=0") {
            return Err(bad("it does not begin with v=0"));
        }
        let mut head = Vec::new();
        let mut sections: Vec<Section<'_>> = Vec::new();
        for line in text.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
            if line.starts_with("m=") {
                if sections.len() == MAX_SECTIONS {
                    return Err(bad(&format!("it has more than {MAX_SECTIONS} sections")));
                }
                sections.push(Section::new(line));
            } else if let Some(section) = sections.last_mut() {
                section.lines.push(line);
            } else {
                head.push(line);
            }
        }
        let inherited = head.iter().find_map(|line| direction(line)).unwrap_or(Direction::Sends);
        let sends = |kind| {
            sections.iter().filter(move |s| s.kind == Some(kind) && s.sends(inherited)).count()
        };
        let (audio, video) = (sends(Kind::Audio), sends(Kind::Video));
        if audio + video == 0 {
            return Err(PublishError::NoMedia);
        }
        if audio > 1 || video > 2 {
            return Err(PublishError::TooMuchMedia { audio, video });
        }
        let mut codecs = Vec::new();
        let mut sending = Vec::new();
        for section in sections.iter().filter(|s| s.sends(inherited)) {
            let Some(kind) = section.kind else { continue };
            let mid = section.mid().ok_or_else(|| bad("a section has no a=mid"))?;
            sending.push((kind, mid.to_owned()));
            section.name_codecs(&mut codecs);
        }
        let mut sdp = String::with_capacity(text.len() + 64);
        for line in head.into_iter().filter(|line| direction(line).is_none()) {
            push(&mut sdp, line);
        }
        for section in &sections {
            section.write(inherited, &mut sdp);
        }
        Ok(Self { sdp, sections: sending, codecs })
    }
}

/// What a section carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// Sound.
    Audio,
    /// Pictures.
    Video,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Direction {
    Sends,
    DoesNotSend,
}

/// One `m=` line and what follows it.
struct Section<'a> {
    kind: Option<Kind>,
    lines: Vec<&'a str>,
}

impl<'a> Section<'a> {
    fn new(line: &'a str) -> Self {
        let kind = match line.get(2..).and_then(|rest| rest.split(' ').next()) {
            Some("audio") => Some(Kind::Audio),
            Some("video") => Some(Kind::Video),
            _ => None,
        };
        Self { kind, lines: vec![line] }
    }

    fn sends(&self, inherited: Direction) -> bool {
        let own = self.lines.iter().find_map(|line| direction(line));
        own.unwrap_or(inherited) == Direction::Sends
    }

    fn mid(&self) -> Option<&'a str> {
        self.lines.iter().find_map(|line| line.strip_prefix("a=mid:"))
    }

    /// Repair formats are no codecs to a reader of an error message.
    fn name_codecs(&self, names: &mut Vec<String>) {
        for line in &self.lines {
            let Some(rest) = line.strip_prefix("a=rtpmap:") else { continue };
            let Some(name) = rest.split(' ').nth(1).and_then(|c| c.split('/').next()) else {
                continue;
            };
            let repair = ["rtx", "red", "ulpfec", "flexfec-03"].contains(&name);
            let name: String = name.chars().filter(|c| !c.is_control()).take(24).collect();
            if !repair && !names.contains(&name) && names.len() < MAX_NAMES {
                names.push(name);
            }
        }
    }

    fn write(&self, inherited: Direction, sdp: &mut String) {
        if self.kind.is_none() {
            self.lines.iter().for_each(|line| push(sdp, line));
            return;
        }
        for line in self.lines.iter().filter(|line| direction(line).is_none()) {
            push(sdp, line);
        }
        push(sdp, if self.sends(inherited) { "a=sendonly" } else { "a=inactive" });
    }
}

fn direction(line: &str) -> Option<Direction> {
    match line {
        "a=sendrecv" | "a=sendonly" => Some(Direction::Sends),
        "a=recvonly" | "a=inactive" => Some(Direction::DoesNotSend),
        _ => None,
    }
}

fn push(sdp: &mut String, line: &str) {
    sdp.push_str(line);
    sdp.push_str("\r\n");
}

fn bad(reason: &str) -> PublishError {
    PublishError::BadSdp { reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";

    fn read(body: &str) -> Result<Offer, PublishError> {
        Offer::read(&format!("{HEAD}{body}"), 10_000)
    }

    #[test]
    fn both_ways_becomes_one_way_and_silence_means_both_ways() {
        let offer = read(
            "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=sendrecv\r\na=rtpmap:111 opus/48000/2\r\n\
             a=mid:0\r\n\
             m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\n\
             a=mid:v\r\n",
        )
        .unwrap();
        assert_eq!(offer.sdp.matches("a=sendonly").count(), 2);
        assert_eq!(offer.sdp.matches("a=sendrecv").count(), 0);
        assert_eq!(offer.codecs, ["opus", "VP8"]);
        let sections = [(Kind::Audio, "0".to_owned()), (Kind::Video, "v".to_owned())];
        assert_eq!(offer.sections, sections);
    }

    #[test]
    fn sections_that_only_receive_do_not_count() {
        let refused = read("m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=recvonly\r\n");
        assert!(matches!(refused, Err(PublishError::NoMedia)));
        let session_level = read("a=inactive\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n");
        assert!(matches!(session_level, Err(PublishError::NoMedia)));
        let data = read("m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n");
        assert!(matches!(data, Err(PublishError::NoMedia)));
    }

    #[test]
    fn what_a_participant_cannot_send_is_refused() {
        let video = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\n";
        let two = read(&video.repeat(2));
        assert!(two.is_ok());
        let three = read(&video.repeat(3));
        assert!(matches!(three, Err(PublishError::TooMuchMedia { audio: 0, video: 3 })));
        let many = read(&"m=application 9 X y\r\n".repeat(99));
        assert!(matches!(many, Err(PublishError::BadSdp { .. })));
        assert!(matches!(Offer::read("hello", 99), Err(PublishError::BadSdp { .. })));
        let long = Offer::read("v=0", 2);
        assert!(matches!(long, Err(PublishError::TooLarge { bytes: 3, limit: 2 })));
    }
}
