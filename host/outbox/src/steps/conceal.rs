//! Keeps a storage's keys out of what is told of its failures: a store may echo what it was sent, as it
//! was, escaped for a URL, XML or JSON (twice too, where one answer is wrapped in another), or in base64 or hex.
//!
//! Only values that stand under the name of a secret are hidden; bucket and endpoint stay readable.

use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use capstan_archive::target::StorageTarget;
use serde_json::Value;

use crate::ports::UploadError;

/// What the names of secrets have in them.
const NAMES: [&str; 5] = ["key", "secret", "token", "password", "credential"];
/// Shorter values would blot out words that only look like them.
const LEAST: usize = 4;
/// The most characters of an XML entity that are looked at, its semicolon included.
const LONGEST_ENTITY: usize = 12;
/// How often an echo may be escaped, beside the once that is seen anyhow.
const WRAPPED: usize = 3;
/// What stands where a secret stood.
const HIDDEN: &str = "(secret)";

/// The same failure without any secret of the storage's configuration in its words.
pub(crate) fn concealed(error: UploadError, target: &StorageTarget) -> UploadError {
    let mut secrets = Vec::new();
    let config: Value = serde_json::from_str(&target.config).unwrap_or_default();
    collect(&config, false, &mut secrets);
    let hide = |text: String| hidden(&text, &secrets);
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

/// The text with the secrets hidden wherever they stand, as a whole or in parts escaped.
fn hidden(text: &str, secrets: &[String]) -> String {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut layer = Layer::of(text);
    for _ in 0..=WRAPPED {
        for secret in secrets {
            layer.find(secret.as_bytes(), &mut found);
        }
        match layer.unwrapped() {
            Some(inner) => layer = inner,
            None => break,
        }
    }
    found.sort_by_key(|range| (range.start, range.end));
    let mut told = String::with_capacity(text.len());
    let mut done = 0;
    for Range { start, end } in found {
        if start >= done {
            told.push_str(text.get(done..start).unwrap_or_default());
            told.push_str(HIDDEN);
        }
        done = done.max(end);
    }
    told.push_str(text.get(done..).unwrap_or_default());
    told
}

/// A text with some of its escapes undone: bytes, and where each came from.
struct Layer {
    bytes: Vec<u8>,
    places: Vec<Range<usize>>,
}

impl Layer {
    fn of(text: &str) -> Self {
        let places = (0..text.len()).map(|at| at..at + 1).collect();
        Self { bytes: text.as_bytes().to_vec(), places }
    }

    /// The text with one escape less; `None` if there is none.
    fn unwrapped(&self) -> Option<Self> {
        let mut inner = Self { bytes: Vec::new(), places: Vec::new() };
        let mut at = 0;
        while let Some(rest) = self.bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let (meant, length) =
                unescaped(rest).unwrap_or_else(|| (rest.iter().take(1).copied().collect(), 1));
            if let Some(place) = self.place(at, length) {
                inner.places.extend(meant.iter().map(|_| place.clone()));
                inner.bytes.extend(meant);
            }
            at += length;
        }
        (inner.bytes != self.bytes).then_some(inner)
    }

    /// Where the text has the secret.
    fn find(&self, secret: &[u8], found: &mut Vec<Range<usize>>) {
        for at in 0..self.bytes.len() {
            let Some(rest) = self.bytes.get(at..) else { break };
            if let Some(length) = length_of(rest, secret) {
                found.extend(self.place(at, length));
            }
        }
        for coded in codings(secret) {
            for at in 0..self.bytes.len() {
                let Some(rest) = self.bytes.get(at..).and_then(|rest| rest.get(..coded.len()))
                else {
                    break;
                };
                if rest.iter().zip(&coded).all(|(is, coded)| plain(*is) == *coded) {
                    found.extend(self.whole_word(at, coded.len()));
                }
            }
        }
    }

    /// The place of what is coded there with all that may belong to the same word: its first and last
    /// characters tell a part of the secret too.
    fn whole_word(&self, at: usize, length: usize) -> Option<Range<usize>> {
        let belongs = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_=".contains(byte);
        let before = self.bytes.get(..at)?.iter().rev().take_while(|byte| belongs(byte)).count();
        let after = self.bytes.get(at + length..)?.iter().take_while(|byte| belongs(byte)).count();
        self.place(at - before, before + length + after)
    }

    fn place(&self, at: usize, length: usize) -> Option<Range<usize>> {
        let (first, last) = (self.places.get(at)?, self.places.get(at + length.checked_sub(1)?)?);
        Some(first.start..last.end)
    }
}

/// What is left of a secret in base64 wherever it stands in what was encoded, and in hex; in the
/// characters of [`plain`].
fn codings(secret: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for before in 0..3_usize {
        let whole = [vec![0; before], secret.to_vec()].concat();
        let coded = STANDARD_NO_PAD.encode(&whole);
        // Characters that neighbours have a share in may be others.
        let (first, end) = ((before * 8).div_ceil(6), whole.len() * 8 / 6);
        all.extend(coded.as_bytes().get(first..end).map(<[u8]>::to_vec));
    }
    all.extend([hex::encode(secret).into_bytes(), hex::encode_upper(secret).into_bytes()]);
    all
}

/// A character of the URL-safe alphabet of base64 as its usual one has it.
const fn plain(byte: u8) -> u8 {
    match byte {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    }
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
            let told = hidden(&text, &[key.to_owned()]);
            assert_eq!(told, "é: <Key>(secret)</Key>, (secret); 100% & \\ &#; &amp", "{echo}");
        }
        for other in
            ["wJal%2FK8", "wJal%2", "wJal&", "wJal\\", "wJal\\u00", "wJal%C3", "wJal&#x110000;", ""]
        {
            assert_eq!(hidden(other, &[key.to_owned()]), other);
        }
    }

    #[test]
    fn an_echo_wrapped_twice_is_hidden_too() {
        let key = "wJal/K7+b&\"\\é=";
        for echo in [
            "wJal%252FK7%252Bb%2526%2522%255C%25C3%25A9%253D",
            "wJal/K7+b&amp;amp;&amp;quot;\\é=",
            r#"wJal\\/K7+b\\u0026\\\"\\\\\\u00e9="#,
            "wJal%2FK7%2Bb%26amp%3B%2522%5C\\u00e9%3D",
            "wJal&amp;#47;K7&amp;#x2B;b&amp;amp;&#x26;quot;%5C%C3%A9=",
            "wJal%25252FK7%25252Bb%252526%252522%25255C%2525C3%2525A9%25253D",
        ] {
            let text = format!("before {echo} after");
            assert_eq!(hidden(&text, &[key.to_owned()]), "before (secret) after", "{echo}");
        }
    }

    #[test]
    fn an_echo_in_base64_or_hex_is_hidden_with_its_word() {
        use base64::engine::general_purpose::{STANDARD, URL_SAFE};
        let key = "wJal/K7+b&\"\\é=";
        let said = |echo: &str| hidden(&format!("Basic {echo}, bucket rec"), &[key.to_owned()]);
        for around in [("", ""), ("AKIA:", ""), ("u:", ":x"), ("abc", "d"), ("abcd", "ef")] {
            let whole = format!("{}{key}{}", around.0, around.1);
            for echo in [
                STANDARD.encode(&whole),
                URL_SAFE.encode(&whole),
                STANDARD_NO_PAD.encode(&whole),
                STANDARD.encode(&whole).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D"),
            ] {
                assert_eq!(said(&echo), "Basic (secret), bucket rec", "{echo}");
            }
        }
        let hex = hex::encode(key);
        assert_eq!(said(&hex), "Basic (secret), bucket rec");
        assert_eq!(said(&hex.to_uppercase()), "Basic (secret), bucket rec");
        let other = STANDARD.encode("wJal/K8 is another");
        assert_eq!(said(&other), format!("Basic {other}, bucket rec"));
    }
}
