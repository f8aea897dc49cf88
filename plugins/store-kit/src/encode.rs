//! Percent-encoding as vendors sign it.

/// Encodes everything but unreserved characters (RFC 3986, 2.3).
#[must_use]
pub fn encode(text: &str) -> String {
    percent_encode(text, |byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte))
}

/// The same for a path: `/` stays. Nothing is normalised: `//` and `..` stay too.
#[must_use]
pub fn encode_path(text: &str) -> String {
    percent_encode(text, |byte| byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte))
}

/// Encoded `name=value` pairs, sorted, joined by `&`; with `bare` a name without a value stands
/// without `=`.
#[must_use]
pub fn sorted_query(query: &[(&str, &str)], bare: bool) -> String {
    let pair = |(name, value): &(&str, &str)| match *value {
        "" if bare => encode(name),
        value => format!("{}={}", encode(name), encode(value)),
    };
    let mut pairs: Vec<String> = query.iter().map(pair).collect();
    pairs.sort_unstable();
    pairs.join("&")
}

fn percent_encode(text: &str, stays: impl Fn(u8) -> bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if stays(byte) {
            encoded.push(char::from(byte));
        } else {
            encoded += &format!("%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unreserved_characters_stay() {
        assert_eq!(encode("a/é~ *"), "a%2F%C3%A9~%20%2A");
        assert_eq!(encode_path("a//../é"), "a//../%C3%A9");
        let query = [("uploads", ""), ("a b", "c+")];
        assert_eq!(sorted_query(&query, true), "a%20b=c%2B&uploads");
        assert_eq!(sorted_query(&query, false), "a%20b=c%2B&uploads=");
    }
}
