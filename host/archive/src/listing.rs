//! Playlists as text: which files they name, and which part of them is already true in the bucket.

use std::collections::BTreeSet;
use std::fmt::Write as _;

/// The last line of a playlist that will not grow any more.
pub const END: &str = "#EXT-X-ENDLIST";

/// A file's name as a playlist names it: percent-encoded wherever a URI reference may not hold the
/// byte (RFC 3986, 3.3), and before a colon, which would make it a scheme.
#[must_use]
pub fn uri_of(name: &str) -> String {
    let mut uri = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$'()*+,;=@".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            // Writing to a string can't fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

/// The name behind a URI made by [`uri_of`]; `None` if it isn't one.
#[must_use]
pub fn name_of(uri: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(uri.len());
    let mut rest = uri.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            let mut value = [0];
            hex::decode_to_slice(digits, &mut value).ok()?;
            bytes.extend_from_slice(&value);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// The files that a playlist names, init segments included, in order.
#[must_use]
pub fn files(playlist: &str) -> Vec<String> {
    let named = |line: &str| match line {
        _ if line.starts_with('#') => init(line),
        "" => None,
        uri => name_of(uri),
    };
    playlist.lines().filter_map(named).collect()
}

/// The init segments that a playlist names, in order.
#[must_use]
pub fn inits(playlist: &str) -> Vec<String> {
    playlist.lines().filter_map(init).collect()
}

/// The init segment that a line names.
fn init(line: &str) -> Option<String> {
    line.strip_prefix("#EXT-X-MAP:URI=\"")?.split('"').next().and_then(name_of)
}

/// The segments that a playlist names, in order.
#[must_use]
pub fn segments(playlist: &str) -> Vec<String> {
    let named = playlist.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    named.filter_map(name_of).collect()
}

/// The part of a playlist that names no file of `owed`, and whether that is all of it. `None` if
/// that part has no segment yet: nobody could play it.
///
/// A player that finds a segment in a list expects to get it, so what goes to the bucket never runs
/// ahead of what is there.
#[must_use]
pub fn true_part(playlist: &str, owed: &BTreeSet<String>) -> Option<(String, bool)> {
    let mut kept = 0;
    let mut end = 0;
    for line in playlist.split_inclusive('\n') {
        end += line.len();
        let missing = files(line).iter().any(|name| owed.contains(name));
        if missing {
            return playlist.get(..kept).filter(|_| kept > 0).map(|part| (part.to_owned(), false));
        }
        if !line.starts_with('#') && !line.trim().is_empty() {
            kept = end;
        }
    }
    (kept > 0).then(|| (playlist.to_owned(), true))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLAYLIST: &str = "#EXTM3U\n#EXT-X-MAP:URI=\"i%20.mp4\"\n#EXTINF:6.0,\na.m4s\n\
        #EXTINF:6.0,\nb.m4s\n#EXT-X-ENDLIST\n";

    fn owed(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_playlist_is_cut_before_the_first_file_that_is_not_there() {
        assert_eq!(files(PLAYLIST), ["i .mp4", "a.m4s", "b.m4s"]);
        assert_eq!(segments(PLAYLIST), ["a.m4s", "b.m4s"]);
        assert_eq!(true_part(PLAYLIST, &owed(&["i .mp4"])), None);
        assert_eq!(true_part(PLAYLIST, &owed(&["a.m4s"])), None);
        let (part, whole) = true_part(PLAYLIST, &owed(&["b.m4s"])).unwrap();
        assert!(part.ends_with("a.m4s\n") && !whole, "{part}");
        assert_eq!(true_part(PLAYLIST, &owed(&["other"])).unwrap(), (PLAYLIST.to_owned(), true));
    }

    proptest! {
        #[test]
        fn names_come_back_from_their_uris(name in "[^/\\\\\\x00-\\x1f]{1,40}") {
            let uri = uri_of(&name);
            prop_assert!(uri.is_ascii() && !uri.contains(['#', '?', ' ', '"', ':']));
            prop_assert_eq!(name_of(&uri).unwrap(), name);
        }
    }
}
