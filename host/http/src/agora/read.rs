//! Reads typed fields out of a request's JSON and says of a wrong one where it is, what it is and
//! what it should be.
//!
//! Fields that nobody asks for are never looked at: unknown ones are ignored, as clients expect.

use std::fmt::Display;
use std::ops::RangeInclusive;

use serde_json::{Map, Value, json};

use super::sketch::Sketch;

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
    /// Where it is noted what is read, if that is what this reading is for.
    sketch: Option<&'a Sketch>,
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
            Value::Object(fields) => Ok(Self { fields: Some(fields), parent: None, sketch: None }),
            other => Err(BadField {
                pointer: "the body".into(),
                what: format!("is {}; it must be an object", show(other)),
            }),
        }
    }

    /// An empty object that notes what it is asked for.
    pub(crate) const fn sketched(sketch: &'a Sketch) -> Self {
        Self { fields: None, parent: None, sketch: Some(sketch) }
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

    /// Whether a field is there and not null.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.value(key).is_some()
    }

    /// Any object, taken as it is.
    pub(crate) fn free_object(&self, key: &str) -> Result<Option<&'a Value>, BadField> {
        self.note(key, || json!({ "type": "object" }));
        match self.value(key) {
            Some(other) if !other.is_object() => Err(self.wrong(key, other, "an object")),
            value => Ok(value),
        }
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
        let inner = self.sketch.map(|_| Sketch::default());
        let result = read(Object { fields, parent: Some(&path), sketch: inner.as_ref() });
        if let Some(inner) = inner {
            self.note(key, || inner.schema());
        }
        result
    }

    /// Reads an inner object with `read` if it is there.
    pub(crate) fn optional_object<T>(
        &self,
        key: &str,
        read: impl FnOnce(Object<'_>) -> Result<T, BadField>,
    ) -> Result<Option<T>, BadField> {
        let wanted = self.has(key) || self.is_sketch();
        if wanted { self.object(key, read).map(Some) } else { Ok(None) }
    }

    /// Reads every object of a list with `read`.
    pub(crate) fn objects<T>(
        &self,
        key: &str,
        most: usize,
        mut read: impl FnMut(Object<'_>) -> Result<T, BadField>,
    ) -> Result<Option<Vec<T>>, BadField> {
        if self.sketch.is_some() {
            let inner = Sketch::default();
            // What a reader makes of nothing doesn't matter.
            let _ = read(Object::sketched(&inner));
            let items = inner.schema();
            self.note(key, || json!({ "type": "array", "maxItems": most, "items": items }));
        }
        let Some(entries) = self.list(key, most)? else { return Ok(None) };
        let list = Path { parent: self.parent, step: key.to_owned() };
        let mut read_all = Vec::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            let Value::Object(fields) = entry else {
                return Err(self.wrong(&format!("{key}/{index}"), entry, "an object"));
            };
            let path = Path { parent: Some(&list), step: index.to_string() };
            let entry = Object { fields: Some(fields), parent: Some(&path), sketch: None };
            read_all.push(read(entry)?);
        }
        Ok(Some(read_all))
    }

    /// A list of texts.
    pub(crate) fn texts(&self, key: &str, most: usize) -> Result<Option<Vec<&'a str>>, BadField> {
        self.note(
            key,
            || json!({ "type": "array", "maxItems": most, "items": { "type": "string" } }),
        );
        let Some(entries) = self.list(key, most)? else { return Ok(None) };
        let text = |(index, entry): (usize, &'a Value)| {
            entry.as_str().ok_or_else(|| self.wrong(&format!("{key}/{index}"), entry, "a string"))
        };
        entries.iter().enumerate().map(text).collect::<Result<_, _>>().map(Some)
    }

    /// A list of texts of which only some are known.
    pub(crate) fn choices(
        &self,
        key: &str,
        known: &[&'static str],
    ) -> Result<Option<Vec<&'static str>>, BadField> {
        self.note(key, || json!({ "type": "array", "items": { "enum": known } }));
        let Some(texts) = self.texts(key, MAX_CHOICES)? else { return Ok(None) };
        let choose = |(index, text): (usize, &str)| {
            known.iter().copied().find(|known| *known == text).ok_or_else(|| {
                let value = Value::String(text.to_owned());
                self.wrong(&format!("{key}/{index}"), &value, &one_of(known))
            })
        };
        texts.into_iter().enumerate().map(choose).collect::<Result<_, _>>().map(Some)
    }

    /// A text.
    pub(crate) fn text(&self, key: &str) -> Result<Option<&'a str>, BadField> {
        self.note(key, || json!({ "type": "string" }));
        match self.value(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong(key, other, "a string")),
        }
    }

    /// A text that nobody may see, not even where it is wrong.
    pub(crate) fn secret(&self, key: &str) -> Result<Option<&'a str>, BadField> {
        let unseen = |bad| BadField { what: "must be a string".into(), ..bad };
        self.text(key).map_err(unseen)
    }

    /// A text of which only some are known.
    pub(crate) fn choice(
        &self,
        key: &str,
        known: &[&'static str],
    ) -> Result<Option<&'static str>, BadField> {
        self.note(key, || json!({ "type": "string", "enum": known }));
        let Some(text) = self.text(key)? else { return Ok(None) };
        match known.iter().find(|known| **known == text) {
            Some(known) => Ok(Some(known)),
            None => Err(self.wrong(key, self.value(key).unwrap_or(&Value::Null), &one_of(known))),
        }
    }

    /// A text that must be there.
    pub(crate) fn required_text(&self, key: &str) -> Result<&'a str, BadField> {
        let text = self.text(key)?;
        if self.demands(key) {
            return Ok("");
        }
        text.ok_or_else(|| self.refuse(key, "is missing; it must be a string"))
    }

    /// A whole number within `range`.
    pub(crate) fn integer(
        &self,
        key: &str,
        range: RangeInclusive<u32>,
    ) -> Result<Option<u32>, BadField> {
        let (least, most) = (*range.start(), *range.end());
        self.note(key, || json!({ "type": "integer", "minimum": least, "maximum": most }));
        let Some(value) = self.value(key) else { return Ok(None) };
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        match number.filter(|number| range.contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(self.wrong(key, value, &format!("an integer from {least} to {most}"))),
        }
    }

    /// A whole number within `range`; `default` if it is absent.
    pub(crate) fn integer_or(
        &self,
        key: &str,
        range: RangeInclusive<u32>,
        default: u32,
    ) -> Result<u32, BadField> {
        self.note(key, || {
            let (least, most) = (range.start(), range.end());
            json!({ "type": "integer", "minimum": least, "maximum": most, "default": default })
        });
        Ok(self.integer(key, range)?.unwrap_or(default))
    }

    /// A whole number, as text, or a name of at most `most` characters.
    pub(crate) fn number_or_name(
        &self,
        key: &str,
        most: usize,
    ) -> Result<Option<String>, BadField> {
        self.note(key, || json!({ "type": ["integer", "string"], "minimum": 0 }));
        match self.value(key) {
            Some(Value::String(name)) => Ok(Some(name.chars().take(most).collect())),
            _ => Ok(self.integer(key, 0..=u32::MAX)?.map(|number| number.to_string())),
        }
    }

    /// A whole number of seconds since 1970.
    pub(crate) fn unix_seconds(&self, key: &str) -> Result<Option<i64>, BadField> {
        self.note(key, || json!({ "type": "integer", "minimum": 0 }));
        let Some(value) = self.value(key) else { return Ok(None) };
        match value.as_i64().filter(|seconds| *seconds >= 0) {
            Some(seconds) => Ok(Some(seconds)),
            None => Err(self.wrong(key, value, "an integer, seconds since 1970")),
        }
    }

    /// A number from 0.0 to 1.0; the integers 0 and 1 count.
    pub(crate) fn fraction(&self, key: &str) -> Result<Option<f64>, BadField> {
        self.note(key, || json!({ "type": "number", "minimum": 0.0, "maximum": 1.0 }));
        let Some(value) = self.value(key) else { return Ok(None) };
        match value.as_f64().filter(|number| (0.0..=1.0).contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(self.wrong(key, value, "a number from 0.0 to 1.0")),
        }
    }

    /// A fraction that must be there.
    pub(crate) fn required_fraction(&self, key: &str) -> Result<f64, BadField> {
        let fraction = self.fraction(key)?;
        if self.demands(key) {
            return Ok(0.0);
        }
        fraction.ok_or_else(|| self.refuse(key, "is missing; it must be a number from 0.0 to 1.0"))
    }

    /// A truth value; false if it is absent.
    pub(crate) fn flag(&self, key: &str) -> Result<bool, BadField> {
        self.note(key, || json!({ "type": "boolean", "default": false }));
        match self.value(key) {
            None => Ok(false),
            Some(Value::Bool(truth)) => Ok(*truth),
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

    fn note(&self, key: &str, schema: impl FnOnce() -> Value) {
        if let Some(sketch) = self.sketch {
            sketch.note(key, schema());
        }
    }

    /// Whether this reading only notes what is read.
    pub(crate) const fn is_sketch(&self) -> bool {
        self.sketch.is_some()
    }

    /// Notes that a field must be there; whether this reading is a sketch.
    pub(crate) fn demands(&self, key: &str) -> bool {
        if let Some(sketch) = self.sketch {
            sketch.require(key);
        }
        self.sketch.is_some()
    }

    /// Refuses a value that isn't `right`.
    pub(crate) fn wrong(&self, key: &str, value: &Value, right: &str) -> BadField {
        self.refuse(key, format!("is {}; it must be {right}", show(value)))
    }
}

/// The most entries of a list of known texts.
const MAX_CHOICES: usize = 8;

fn one_of(known: &[&str]) -> String {
    known.iter().map(|text| format!("{text:?}")).collect::<Vec<_>>().join(" or ")
}

/// A value as a reason shows it: short, and never the inside of an object.
/// A value as a reason repeats it, cut.
pub(super) fn show(value: &Value) -> String {
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
