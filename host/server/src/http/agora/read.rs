//! Reads typed fields out of a request's JSON and says of a wrong one where it is, what it is and
//! what it should be.
//!
//! Fields that nobody asks for are never looked at: unknown ones are ignored, as clients expect.

use std::fmt::Display;
use std::ops::RangeInclusive;

use serde_json::{Map, Value};

/// The most characters of a wrong value that a reason repeats.
const MAX_SHOWN: usize = 80;

/// A field that can't be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadField {
    /// JSON pointer (RFC 6901) of the field.
    pub(crate) pointer: String,
    /// What is wrong and what would be right.
    pub(crate) what: String,
}

impl Display for BadField {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.pointer, self.what)
    }
}

/// An object of the request and where it is.
#[derive(Clone, Copy)]
pub(crate) struct Object<'a> {
    fields: Option<&'a Map<String, Value>>,
    parent: Option<&'a Path<'a>>,
}

/// The way to an object, linked towards the root.
struct Path<'a> {
    parent: Option<&'a Self>,
    step: String,
}

impl Path<'_> {
    fn write(&self, out: &mut String) {
        if let Some(parent) = self.parent {
            parent.write(out);
        }
        out.push('/');
        out.push_str(&self.step);
    }
}

impl<'a> Object<'a> {
    /// The whole body.
    pub(crate) fn root(body: &'a Value) -> Result<Self, BadField> {
        match body {
            Value::Object(fields) => Ok(Self { fields: Some(fields), parent: None }),
            other => Err(BadField {
                pointer: "the body".into(),
                what: format!("is {}; it must be an object", show(other)),
            }),
        }
    }

    /// Refuses a field for a reason of the caller's.
    pub(crate) fn refuse(&self, key: &str, what: impl Into<String>) -> BadField {
        let mut pointer = String::new();
        if let Some(parent) = self.parent {
            parent.write(&mut pointer);
        }
        pointer.push('/');
        pointer.push_str(key);
        BadField { pointer, what: what.into() }
    }

    /// A field's value; `None` if it is absent or null.
    pub(crate) fn value(&self, key: &str) -> Option<&'a Value> {
        self.fields?.get(key).filter(|value| !value.is_null())
    }

    /// Reads an inner object with `read`; an absent one reads as empty.
    pub(crate) fn object<T>(
        &self,
        key: &str,
        read: impl FnOnce(Object<'_>) -> Result<T, BadField>,
    ) -> Result<T, BadField> {
        let fields = match self.value(key) {
            None => None,
            Some(Value::Object(fields)) => Some(fields),
            Some(other) => return Err(self.wrong(key, other, "an object")),
        };
        let path = Path { parent: self.parent, step: key.to_owned() };
        read(Object { fields, parent: Some(&path) })
    }

    /// Reads every object of a list with `read`.
    pub(crate) fn objects<T>(
        &self,
        key: &str,
        most: usize,
        mut read: impl FnMut(Object<'_>) -> Result<T, BadField>,
    ) -> Result<Option<Vec<T>>, BadField> {
        let Some(entries) = self.list(key, most)? else { return Ok(None) };
        let list = Path { parent: self.parent, step: key.to_owned() };
        let mut read_all = Vec::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            let Value::Object(fields) = entry else {
                return Err(self.wrong(&format!("{key}/{index}"), entry, "an object"));
            };
            let path = Path { parent: Some(&list), step: index.to_string() };
            read_all.push(read(Object { fields: Some(fields), parent: Some(&path) })?);
        }
        Ok(Some(read_all))
    }

    /// A list of texts.
    pub(crate) fn texts(&self, key: &str, most: usize) -> Result<Option<Vec<&'a str>>, BadField> {
        let Some(entries) = self.list(key, most)? else { return Ok(None) };
        let text = |(index, entry): (usize, &'a Value)| {
            entry.as_str().ok_or_else(|| self.wrong(&format!("{key}/{index}"), entry, "a string"))
        };
        entries.iter().enumerate().map(text).collect::<Result<_, _>>().map(Some)
    }

    /// A text.
    pub(crate) fn text(&self, key: &str) -> Result<Option<&'a str>, BadField> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong(key, other, "a string")),
        }
    }

    /// A text that must be there.
    pub(crate) fn required_text(&self, key: &str) -> Result<&'a str, BadField> {
        self.text(key)?.ok_or_else(|| self.refuse(key, "is missing; it must be a string"))
    }

    /// A whole number within `range`.
    pub(crate) fn integer(
        &self,
        key: &str,
        range: RangeInclusive<u32>,
    ) -> Result<Option<u32>, BadField> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        match number.filter(|number| range.contains(number)) {
            Some(number) => Ok(Some(number)),
            None => {
                let right = format!("an integer from {} to {}", range.start(), range.end());
                Err(self.wrong(key, value, &right))
            }
        }
    }

    /// A number from 0.0 to 1.0; the integers 0 and 1 count.
    pub(crate) fn fraction(&self, key: &str) -> Result<Option<f64>, BadField> {
        let Some(value) = self.value(key) else { return Ok(None) };
        match value.as_f64().filter(|number| (0.0..=1.0).contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(self.wrong(key, value, "a number from 0.0 to 1.0")),
        }
    }

    /// A truth value.
    pub(crate) fn boolean(&self, key: &str) -> Result<Option<bool>, BadField> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Bool(truth)) => Ok(Some(*truth)),
            Some(other) => Err(self.wrong(key, other, "true or false")),
        }
    }

    fn list(&self, key: &str, most: usize) -> Result<Option<&'a Vec<Value>>, BadField> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Array(entries)) if entries.len() <= most => Ok(Some(entries)),
            Some(Value::Array(entries)) => {
                let what = format!("has {} entries; at most {most} are allowed", entries.len());
                Err(self.refuse(key, what))
            }
            Some(other) => Err(self.wrong(key, other, "a list")),
        }
    }

    fn wrong(&self, key: &str, value: &Value, right: &str) -> BadField {
        self.refuse(key, format!("is {}; it must be {right}", show(value)))
    }
}

/// A value as a reason shows it: short, and never the inside of an object.
fn show(value: &Value) -> String {
    match value {
        Value::Object(_) => "an object".into(),
        Value::Array(_) => "a list".into(),
        Value::String(text) if text.chars().count() > MAX_SHOWN => {
            format!("{:?}...", text.chars().take(MAX_SHOWN).collect::<String>())
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reasons_have_pointer_value_and_range() {
        let body = json!({"a": {"b": [{"c": 5}], "n": -1}, "t": 7});
        let root = Object::root(&body).unwrap();
        let deep =
            root.object("a", |a| a.objects("b", 3, |entry| entry.integer("c", 0..=3).map(|_| ())));
        assert_eq!(
            deep.unwrap_err().to_string(),
            "/a/b/0/c is 5; it must be an integer from 0 to 3"
        );
        let negative = root.object("a", |a| a.integer("n", 1..=60)).unwrap_err();
        assert_eq!(negative.pointer, "/a/n");
        assert_eq!(root.text("t").unwrap_err().to_string(), "/t is 7; it must be a string");
        assert_eq!(root.required_text("x").unwrap_err().pointer, "/x");
        assert!(root.object("a", |a| a.objects("b", 0, |_| Ok(()))).is_err());
        assert!(Object::root(&json!([1])).is_err());
        assert!(root.object("missing", |gone| gone.text("x").map(|text| text.is_none())).unwrap());
    }

    #[test]
    fn fractions_take_integers_zero_and_one() {
        let body = json!({"x": 1, "y": 0.25, "z": 1.5});
        let root = Object::root(&body).unwrap();
        assert_eq!(root.fraction("x").unwrap(), Some(1.0));
        assert_eq!(root.fraction("y").unwrap(), Some(0.25));
        assert!(root.fraction("z").is_err());
    }
}
