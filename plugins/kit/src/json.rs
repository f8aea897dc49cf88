//! JSON of strangers, read member by member with a pointer to whatever is wrong.
//!
//! A reader goes on after a mistake and collects them all, so that whoever wrote the JSON mends it
//! in one go. Its messages never repeat a value: it may be a secret.

use std::fmt::Display;
use std::ops::RangeInclusive;

use serde_json::{Map, Value};

/// One thing wrong in a JSON document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wrong {
    /// Where: a JSON pointer (RFC 6901), empty for the whole.
    pub pointer: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.pointer.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.pointer, self.message)
        }
    }
}

/// Parses a document that must be one object. An empty text is an empty object.
///
/// # Errors
/// It is no JSON, or no object.
pub fn object(text: &str) -> Result<Map<String, Value>, Wrong> {
    let wrong = |message: String| Wrong { pointer: String::new(), message };
    if text.trim().is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(wrong("must be a JSON object".into())),
        Err(error) => {
            Err(wrong(format!("no JSON at line {} column {}", error.line(), error.column())))
        }
    }
}

/// Reads the members of one object and collects what is wrong with them.
pub struct Reader<'a> {
    object: &'a Map<String, Value>,
    pointer: String,
    wrongs: Vec<Wrong>,
}

impl<'a> Reader<'a> {
    /// Reads `object`, which lies at `pointer` in its document.
    #[must_use]
    pub const fn new(object: &'a Map<String, Value>, pointer: String) -> Self {
        Self { object, pointer, wrongs: Vec::new() }
    }

    /// The member's value, unless it is absent or null.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    /// The names of all members.
    #[must_use]
    pub fn names(&self) -> Vec<&'a str> {
        self.object.keys().map(String::as_str).collect()
    }

    /// A string.
    pub fn text(&mut self, name: &str) -> Option<&'a str> {
        let value = self.value(name)?;
        if value.as_str().is_none() {
            self.wrong(name, "must be a string");
        }
        value.as_str()
    }

    /// A string that must be there and not empty.
    pub fn needed_text(&mut self, name: &str) -> Option<&'a str> {
        match self.value(name) {
            None | Some(Value::Null) => {
                self.wrong(name, "is missing");
                None
            }
            Some(_) => {
                let text = self.text(name)?;
                if text.is_empty() {
                    self.wrong(name, "must not be empty");
                    return None;
                }
                Some(text)
            }
        }
    }

    /// A whole number from `least` to `most`.
    pub fn whole(&mut self, name: &str, least: u64, most: u64) -> Option<u64> {
        let number = self.value(name)?.as_u64().filter(|n| (least..=most).contains(n));
        if number.is_none() {
            self.wrong(name, format!("must be a whole number from {least} to {most}"));
        }
        number
    }

    /// A number from 0 to 1.
    pub fn fraction(&mut self, name: &str) -> Option<f64> {
        self.number(name, 0.0..=1.0, "must be a number from 0 to 1")
    }

    /// A number in a range; `else_must` says what it must be if it isn't. (Words, since printing
    /// fractions would be a quarter of a small plugin.)
    pub fn number(
        &mut self,
        name: &str,
        range: RangeInclusive<f64>,
        else_must: &str,
    ) -> Option<f64> {
        let number = self.value(name)?.as_f64().filter(|number| range.contains(number));
        if number.is_none() {
            self.wrong(name, else_must);
        }
        number
    }

    /// An object, read with `read`; `else_must` says what it must be if it is none.
    pub fn inner<T>(
        &mut self,
        name: &str,
        else_must: &str,
        read: impl FnOnce(&mut Reader<'_>) -> T,
    ) -> Option<T> {
        let Some(object) = self.value(name)?.as_object() else {
            self.wrong(name, else_must);
            return None;
        };
        let mut inner = Reader::new(object, self.pointer_to(name));
        let value = read(&mut inner);
        self.add(inner.finish());
        Some(value)
    }

    /// True or false.
    pub fn flag(&mut self, name: &str) -> Option<bool> {
        let value = self.value(name)?;
        if !value.is_boolean() {
            self.wrong(name, "must be true or false");
        }
        value.as_bool()
    }

    /// A participant's number, in decimal or as a JSON number: 1 to 4294967295.
    pub fn uid(&mut self, name: &str) -> Option<u32> {
        let value = self.value(name)?;
        let uid = match value {
            Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                text.parse().ok()
            }
            _ => value.as_u64().and_then(|number| u32::try_from(number).ok()),
        };
        let uid = uid.filter(|uid| *uid != 0);
        if uid.is_none() {
            self.wrong(name, "must be a uid: a whole number from 1 to 4294967295");
        }
        uid
    }

    /// Notes that a member is wrong.
    pub fn wrong(&mut self, name: &str, message: impl Into<String>) {
        let pointer = self.pointer_to(name);
        self.wrongs.push(Wrong { pointer, message: message.into() });
    }

    /// Notes what a reader of an inner object found.
    pub fn add(&mut self, wrongs: Vec<Wrong>) {
        self.wrongs.extend(wrongs);
    }

    /// Where a member lies in the document.
    #[must_use]
    pub fn pointer_to(&self, name: &str) -> String {
        format!("{}/{}", self.pointer, name.replace('~', "~0").replace('/', "~1"))
    }

    /// Everything found wrong.
    #[must_use]
    pub fn finish(self) -> Vec<Wrong> {
        self.wrongs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_named_and_no_value_repeated() {
        let object =
            object(r#"{"a":7,"b":"hush","c":2,"d":1.5,"e":"0","f":"x","g~/h":null}"#).unwrap();
        let mut reader = Reader::new(&object, "/inner".into());
        assert_eq!(reader.text("a"), None);
        assert_eq!(reader.text("b"), Some("hush"));
        assert_eq!(reader.whole("c", 5, 9), None);
        assert_eq!(reader.fraction("d"), None);
        assert_eq!(reader.uid("e"), None);
        assert_eq!(reader.flag("f"), None);
        assert_eq!(reader.needed_text("g~/h"), None);
        let wrongs: Vec<_> = reader.finish().iter().map(ToString::to_string).collect();
        assert_eq!(
            wrongs,
            [
                "/inner/a: must be a string",
                "/inner/c: must be a whole number from 5 to 9",
                "/inner/d: must be a number from 0 to 1",
                "/inner/e: must be a uid: a whole number from 1 to 4294967295",
                "/inner/f: must be true or false",
                "/inner/g~0~1h: is missing",
            ]
        );
    }

    #[test]
    fn a_uid_is_a_number_or_its_decimal_text() {
        let object = object(r#"{"a":"4294967295","b":7,"c":"+7","d":"4294967296","e":""}"#);
        let object = object.unwrap();
        let mut reader = Reader::new(&object, String::new());
        assert_eq!(reader.uid("a"), Some(u32::MAX));
        assert_eq!(reader.uid("b"), Some(7));
        assert_eq!([reader.uid("c"), reader.uid("d"), reader.uid("e")], [None; 3]);
    }

    #[test]
    fn a_document_is_an_object_or_empty() {
        assert!(object("").unwrap().is_empty());
        assert_eq!(object("[]").unwrap_err().to_string(), "must be a JSON object");
        assert_eq!(object("{\"a\":\n!").unwrap_err().to_string(), "no JSON at line 2 column 1");
    }
}
