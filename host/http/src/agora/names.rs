//! The rules of room names and file name prefixes.

/// The most bytes of a room's name.
const MAX_ROOM_NAME: usize = 64;
/// The most characters of a prefix, slashes included.
const MAX_PREFIX: usize = 128;
/// What a room's name may have besides letters and digits.
const ROOM_MARKS: &str = " !#$%&()+-:;<=.>?@[]^_{}|~,";

/// What is wrong with a room's name; `None` if it is fine.
pub(crate) fn bad_room_name(name: &str) -> Option<String> {
    if name.is_empty() || name.len() > MAX_ROOM_NAME {
        return Some(format!("cname has {} bytes; it must have 1 to {MAX_ROOM_NAME}", name.len()));
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || ROOM_MARKS.contains(c);
    name.chars().find(|c| !allowed(*c)).map(|c| {
        format!("cname has the character {c:?}; it may have ASCII letters, digits and{ROOM_MARKS}")
    })
}

/// Joins a prefix's elements with slashes.
///
/// # Errors
/// Says which element is wrong and why.
pub(crate) fn join_prefix(elements: &[&str]) -> Result<String, String> {
    for (index, element) in elements.iter().enumerate() {
        if element.is_empty() || !element.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(format!(
                "has {element:?} as element {index}; an element has only ASCII letters and digits, \
                 and at least one"
            ));
        }
    }
    let prefix = elements.join("/");
    if prefix.len() > MAX_PREFIX {
        return Err(format!("has {} characters when joined; at most {MAX_PREFIX}", prefix.len()));
    }
    Ok(prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_names_have_89_characters_to_choose_from() {
        let allowed = (0_u8..=127).filter(|b| bad_room_name(&char::from(*b).to_string()).is_none());
        assert_eq!(allowed.count(), 89);
        assert_eq!(bad_room_name(&"a".repeat(64)), None);
        for bad in ["", "a/b", "a\\b", "a\"b", "é", "a*b", "a`b"] {
            assert!(bad_room_name(bad).is_some(), "{bad:?}");
        }
        assert!(bad_room_name(&"a".repeat(65)).is_some());
    }

    #[test]
    fn prefixes_are_letters_and_digits_joined_by_slashes() {
        assert_eq!(join_prefix(&["dir1", "Dir2"]), Ok("dir1/Dir2".into()));
        assert_eq!(join_prefix(&[]), Ok(String::new()));
        for bad in ["", "a/b", "..", "a-b", "a_b", "é"] {
            assert!(join_prefix(&[bad]).is_err(), "{bad:?}");
        }
        let long = "a".repeat(100);
        assert!(join_prefix(&[&long, &long]).is_err());
    }
}
