//! Stereo where the publisher offers it: browsers send mono unless the answer asks for both channels
//! (RFC 7587, 6.1), which the WebRTC library doesn't.

use std::borrow::Cow;

use super::section::Section;

const WANTED: &str = "stereo=1";

/// A line of the answer to `section`: parameters of Opus with `stereo=1` if the offer has it.
pub(super) fn heed<'a>(section: &Section, line: &'a str) -> Cow<'a, str> {
    match line.strip_prefix("a=fmtp:").and_then(|rest| rest.split_once(' ')) {
        Some((format, parameters)) if offers(section, format) && !has(parameters, &[WANTED]) => {
            Cow::Owned(format!("{line};{WANTED}"))
        }
        _ => Cow::Borrowed(line),
    }
}

/// Whether a format of the section is Opus that may be stereo.
fn offers(section: &Section, format: &str) -> bool {
    let map = section.line(&format!("a=rtpmap:{format} "));
    let codec = map.and_then(|map| map.split(' ').nth(1)).unwrap_or_default();
    let prefix = format!("a=fmtp:{format} ");
    let parameters = section.line(&prefix).and_then(|line| line.strip_prefix(prefix.as_str()));
    codec.to_ascii_lowercase().starts_with("opus/")
        && has(parameters.unwrap_or_default(), &[WANTED, "sprop-stereo=1"])
}

fn has(parameters: &str, any_of: &[&str]) -> bool {
    parameters.split(';').any(|parameter| any_of.contains(&parameter.trim()))
}
