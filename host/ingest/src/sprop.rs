//! Parameter sets of H.264 that stand in the offer instead of the stream (RFC 6184, 8.1).

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use capstan_media::bitstream::h264::KnownSets;

/// The longest list that is read; real ones have under 200 characters.
const MAX_LIST: usize = 8_192;
const NAME: &str = "sprop-parameter-sets=";

/// The parameter sets of an offer's sections, by `mid` and payload type.
#[derive(Debug, Default)]
pub(crate) struct OfferedSets(BTreeMap<(String, u8), KnownSets>);

impl OfferedSets {
    /// Reads an offer. What isn't understood is passed over: the stream may bring its own.
    pub(crate) fn read(sdp: &str) -> Self {
        let mut found = Self::default();
        let mut section: Vec<(u8, KnownSets)> = Vec::new();
        let mut mid = None;
        for line in sdp.lines().map(str::trim_end).chain(["m="]) {
            if line.starts_with("m=") {
                if let Some(mid) = mid.take() {
                    let sets =
                        section.drain(..).map(|(of, sets)| ((String::clone(&mid), of), sets));
                    found.0.extend(sets);
                }
                section.clear();
            } else if let Some(name) = line.strip_prefix("a=mid:") {
                mid = Some(name.to_owned());
            } else if let Some(parameters) = line.strip_prefix("a=fmtp:") {
                section.extend(sets(parameters));
            }
        }
        found
    }

    /// Those of a section's payload type.
    pub(crate) fn of(&self, mid: &str, payload_type: u8) -> Option<&KnownSets> {
        self.0.get(&(mid.to_owned(), payload_type))
    }
}

fn sets(line: &str) -> Option<(u8, KnownSets)> {
    let (payload_type, parameters) = line.split_once(' ')?;
    let list = parameters.split(';').find_map(|one| one.trim().strip_prefix(NAME))?;
    let mut known = KnownSets::default();
    for set in list.get(..list.len().min(MAX_LIST))?.split(',') {
        if let Ok(nal) = STANDARD.decode(set) {
            known.learn_nal(&nal);
        }
    }
    known.is_whole().then_some((payload_type.parse().ok()?, known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_found_by_section_and_payload_type() {
        let sdp = "v=0\r\na=fmtp:9 x\r\nm=video 9 UDP/TLS/RTP/SAVPF 102 104\r\n\
            a=fmtp:102 packetization-mode=1;sprop-parameter-sets=Z01AFuygUBf8sIAAAAMAgAAADweLFss=,aO+8gA==\r\n\
            a=mid:v\r\na=fmtp:104 sprop-parameter-sets=%,,aO+8gA==\r\nm=audio 9 X 1\r\na=mid:a\r\n";
        let offered = OfferedSets::read(sdp);
        assert!(offered.of("v", 102).is_some_and(KnownSets::is_whole));
        assert!(offered.of("v", 104).is_none(), "no sequence parameter set");
        assert!(offered.of("a", 102).is_none());
    }
}
