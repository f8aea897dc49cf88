//! The rules of file name prefixes.

/// The most characters of a prefix, slashes included.
const MAX_PREFIX: usize = 128;
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
