//! Keeps a storage's keys out of what is told of its failures: a store may echo what it was sent, as it
//! was or escaped for a URL, XML or JSON.
//!
//! Only values that stand under the name of a secret are hidden; bucket and endpoint stay readable.

use capstan_archive::target::StorageTarget;
use serde_json::Value;

use crate::ports::UploadError;

/// What the names of secrets have in them.
const NAMES: [&str; 5] = ["key", "secret", "token", "password", "credential"];
/// Shorter values would blot out words that only look like them.
const LEAST: usize = 4;
/// The most characters of an XML entity that are looked at, its semicolon included.
const LONGEST_ENTITY: usize = 12;
/// What stands where a secret stood.
const HIDDEN: &str = "(secret)";

/// The same failure without any secret of the storage's configuration in its words.
pub(crate) fn concealed(error: UploadError, target: &StorageTarget) -> UploadError {
    let mut secrets = Vec::new();
    let config: Value = serde_json::from_str(&target.config).unwrap_or_default();
    collect(&config, false, &mut secrets);
    // The longest first: one may be a part of another.
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    let hide = |text: String| {
        secrets.iter().fold(text, |text, secret| {
            hidden(&text.replace(secret.as_str(), HIDDEN), secret.as_bytes())
        })
    };
    match error {
        UploadError::Transient { key, reason, retry_after_ms } => {
            UploadError::Transient { key, reason: hide(reason), retry_after_ms }
        }
        UploadError::Rejected { storage, code, reason } => {
            UploadError::Rejected { storage, code, reason: hide(reason) }
        }
        UploadError::Fault(fault) => {
            UploadError::Fault(crate::ports::Fault { detail: hide(fault.detail.clone()), ..fault })
        }
        // Mistakes in a configuration repeat no value.
        error @ (UploadError::File { .. } | UploadError::BadConfig { .. }) => error,
    }
}

/// The text with the secret hidden wherever it stands escaped, as a whole or in parts.
fn hidden(text: &str, secret: &[u8]) -> String {
    let mut told = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        match length_of(rest.as_bytes(), secret).and_then(|length| rest.get(length..)) {
            Some(after) => {
                told.push_str(HIDDEN);
                rest = after;
            }
            None => {
                told.push(first);
                rest = rest.get(first.len_utf8()..).unwrap_or_default();
            }
        }
    }
    told
}

/// How long the secret is where the text begins with it, escaped or not.
fn length_of(text: &[u8], mut secret: &[u8]) -> Option<usize> {
    let mut rest = text;
    while let Some(first) = secret.first() {
        let escape = unescaped(rest).and_then(|(meant, length)| {
            Some((secret.strip_prefix(meant.as_slice())?, rest.get(length..)?))
        });
        (secret, rest) = match escape {
            Some(matched) => matched,
            None if rest.first() == Some(first) => (secret.get(1..)?, rest.get(1..)?),
            None => return None,
        };
    }
    Some(text.len() - rest.len())
}

/// What the escape means that the text begins with, and how long it is.
fn unescaped(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let hex = |digits: &[u8]| u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
    let utf8 = |code: u32| Some(char::from_u32(code)?.to_string().into_bytes());
    match text {
        // Of a character outside of ASCII each byte is escaped by itself.
        [b'%', a, b, ..] => Some((vec![u8::try_from(hex(&[*a, *b])?).ok()?], 3)),
        [b'\\', b'u', a, b, c, d, ..] => Some((utf8(hex(&[*a, *b, *c, *d])?)?, 6)),
        [b'\\', escaped @ (b'/' | b'\\' | b'"'), ..] => Some((vec![*escaped], 2)),
        [b'&', rest @ ..] => {
            let end = rest.iter().take(LONGEST_ENTITY).position(|byte| *byte == b';')?;
            let meant = match rest.get(..end)? {
                b"amp" => vec![b'&'],
                b"lt" => vec![b'<'],
                b"gt" => vec![b'>'],
                b"quot" => vec![b'"'],
                b"apos" => vec![b'\''],
                [b'#', b'x' | b'X', digits @ ..] => utf8(hex(digits)?)?,
                [b'#', digits @ ..] => utf8(std::str::from_utf8(digits).ok()?.parse().ok()?)?,
                _ => return None,
            };
            Some((meant, end + 2))
        }
        _ => None,
    }
}

fn collect(value: &Value, secret: bool, into: &mut Vec<String>) {
    match value {
        Value::String(text) if secret && text.len() >= LEAST => into.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| collect(value, secret, into)),
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            let name = name.to_ascii_lowercase();
            collect(value, NAMES.iter().any(|part| name.contains(part)), into);
        }),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_echo_of_keys_is_hidden_and_the_rest_is_readable() {
        let config = r#"{"bucket":"school","accessKey":"AKIA1","secretKey":"AKIA1/more","region":5,
            "inner":{"sasToken":["sig=1"]},"keyOfNothing":"x"}"#;
        let target = StorageTarget { storage: "s".into(), config: config.into() };
        let echo = "school: AKIA1 sent AKIA1/more with sig=1 in x";
        let readable = "school: (secret) sent (secret) with (secret) in x";
        let (key, storage) = ("k".to_owned(), "s".to_owned());
        let transient =
            UploadError::Transient { key, reason: echo.into(), retry_after_ms: Some(7) };
        let told = concealed(transient, &target).to_string();
        assert_eq!(told, format!("upload of k failed for now: {readable}"));
        let code = "denied".to_owned();
        let rejected = UploadError::Rejected { storage, code, reason: echo.into() };
        let told = concealed(rejected, &target).to_string();
        assert_eq!(told, format!("storage s refused: denied: {readable}"));
    }

    #[test]
    fn an_echo_in_another_spelling_is_hidden_too() {
        let key = "wJal/K7+b&\"\\é=";
        for echo in [
            "wJal/K7+b&\"\\é=",
            "wJal%2FK7%2Bb%26%22%5C%C3%A9%3D",
            "wJal%2fK7%2bb%26%22%5c%c3%a9%3d",
            "%77%4A%61%6C%2F%4B%37%2B%62%26%22%5C%C3%A9%3D",
            "wJal/K7+b&amp;&quot;\\é=",
            "wJal&#47;K7&#x2B;b&#38;&#34;&#x5c;&#xE9;&#61;",
            r#"wJal\/K7+b\u0026\"\\\u00e9="#,
            r#"wJal%2FK7\u002Bb&amp;\"%5C\u00E9="#,
        ] {
            let text = format!("é: <Key>{echo}</Key>, {echo}; 100% & \\ &#; &amp");
            let told = hidden(&text, key.as_bytes());
            assert_eq!(told, "é: <Key>(secret)</Key>, (secret); 100% & \\ &#; &amp", "{echo}");
        }
        for other in
            ["wJal%2FK8", "wJal%2", "wJal&", "wJal\\", "wJal\\u00", "wJal%C3", "wJal&#x110000;", ""]
        {
            assert_eq!(hidden(other, key.as_bytes()), other);
        }
    }
}
