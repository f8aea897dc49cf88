//! What a room may be called: what the recording API documents, without what no URL of a publisher can carry.

/// The most bytes of a name.
pub(crate) const MOST: usize = 64;
/// What a name may have besides letters and digits.
const MARKS: &str = " !#$%&()+-:;<=.>?@[]^_{}|~,";

/// What is wrong with a room's name, said after the name of the field that has it; `None` if it is fine.
pub(crate) fn mistake(name: &str) -> Option<String> {
    if name.is_empty() || name.len() > MOST {
        return Some(format!("has {} bytes; it must have 1 to {MOST}", name.len()));
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || MARKS.contains(c);
    if let Some(wrong) = name.chars().find(|c| !allowed(*c)) {
        return Some(format!(
            "has the character {wrong:?}; it may have ASCII letters, digits and{MARKS}"
        ));
    }
    // Clients resolve both away before they send anything, percent-encoded or not (WHATWG URL, 4.5).
    matches!(name, "." | "..").then(|| {
        format!(
            "is {name:?}: that is no name but a step in the path of a URL, so nobody could publish \
             to the room; add a letter, a digit or another mark"
        )
    })
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    #[test]
    fn names_have_89_characters_to_choose_from() {
        let allowed = (0_u8..=127).map(|byte| format!("a{}", char::from(byte)));
        assert_eq!(allowed.filter(|name| mistake(name).is_none()).count(), 89);
        assert_eq!(mistake(&"a".repeat(64)), None);
        for bad in ["", "a/b", "a\\b", "a\"b", "é", "a*b", "a`b", ".", "..", "a\tb", "a\0"] {
            assert!(mistake(bad).is_some(), "{bad:?}");
        }
        assert!(mistake(&"a".repeat(65)).is_some());
    }

    #[test]
    fn a_publishers_url_carries_every_name_that_is_fine() {
        let marks = MARKS.chars().chain("aZ09".chars());
        let singles = marks.clone().map(String::from);
        let pairs = marks.clone().flat_map(|a| marks.clone().map(move |b| format!("{a}{b}")));
        let more =
            ["...", ". .", " .", "%2e", "%2E%2e", ".%2e", "%252e", "%2f", "a/..", "..;", "%"];
        for name in singles.chain(pairs).chain(more.map(String::from)) {
            if mistake(&name).is_some() {
                continue;
            }
            // As pages write it: encodeURIComponent, then the browser's own URL parser.
            let mut encoded = String::new();
            for byte in name.bytes() {
                match byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
                    true => encoded.push(char::from(byte)),
                    false => encoded.push_str(&format!("%{byte:02X}")),
                }
            }
            let url = Url::parse(&format!("http://a/whip/demo/{encoded}/7")).unwrap();
            assert_eq!(url.path(), format!("/whip/demo/{encoded}/7"), "{name:?}");
        }
    }
}
