//! The little XML that S3 answers: text of elements, found without building a tree.
//!
//! It reads documents of strangers, so it never assumes that they are well-formed: what it can't
//! find it says is absent.

/// The name of the root element.
#[must_use]
pub fn root(document: &str) -> Option<&str> {
    let mut rest = document.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    while rest.starts_with("<?") || rest.starts_with("<!") {
        rest = rest.split_once('>')?.1.trim_start();
    }
    let name = rest.strip_prefix('<')?;
    let end = name.find(|c: char| c.is_whitespace() || c == '>' || c == '/')?;
    name.get(..end)
}

/// The text of the first element of that name, with its entities resolved.
#[must_use]
pub fn text(document: &str, name: &str) -> Option<String> {
    let mut rest = document;
    loop {
        let (_, after) = rest.split_once(&format!("<{name}"))?;
        rest = after;
        let (attributes, content) = after.split_once('>')?;
        let whole_name = attributes.is_empty() || attributes.starts_with(char::is_whitespace);
        if whole_name && !attributes.ends_with('/') {
            let (text, _) = content.split_once(&format!("</{name}"))?;
            return Some(resolve(text.trim()));
        }
    }
}

/// Text for an element's content.
#[must_use]
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Resolves entities and character references; what is neither stays as it is.
fn resolve(text: &str) -> String {
    let mut pieces = text.split('&');
    let mut resolved = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        match piece.split_once(';').and_then(|(name, rest)| Some((character(name)?, rest))) {
            Some((character, rest)) => {
                resolved.push(character);
                resolved += rest;
            }
            None => {
                resolved.push('&');
                resolved += piece;
            }
        }
    }
    resolved
}

fn character(name: &str) -> Option<char> {
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_by_their_whole_name() {
        let document = "\n<?xml version=\"1.0\"?>\n<Error xmlns=\"x\"><Codes>no</Codes><Code/>\
            <Code a=\"1\">Slow&amp;lt;Down</Code><Message>a &quot;b&quot;</Message></Error>";
        assert_eq!(root(document), Some("Error"));
        assert_eq!(text(document, "Code").as_deref(), Some("Slow&lt;Down"));
        assert_eq!(text(document, "Message").as_deref(), Some("a \"b\""));
        assert_eq!(text(document, "Region"), None);
    }

    #[test]
    fn what_is_no_document_has_no_elements() {
        for bad in ["", "<", "<?xml", "<html", "hello", "<Code>", "<Code>x", "<Code", "</Code>"] {
            assert_eq!(text(bad, "Code"), None, "{bad}");
            let _ = root(bad);
        }
        assert_eq!(root("<html><body>Bad gateway</body>"), Some("html"));
    }

    #[test]
    fn escaping_and_resolving_are_inverse() {
        let text = "\"a&b<c>\" &lt;";
        assert_eq!(resolve(&escape(text)), text);
        assert_eq!(
            resolve("&#39;&#x27;&apos; & &no; &#x; &#xd800; &"),
            "''' & &no; &#x; &#xd800; &"
        );
    }

    proptest::proptest! {
        #[test]
        fn strangers_documents_are_read_or_not(document in "[<>/?! =&;aCode\"\\n]{0,60}") {
            let _ = (root(&document), text(&document, "Code"));
        }
    }
}
