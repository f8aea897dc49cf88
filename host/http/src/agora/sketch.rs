//! A reader's wishes as a JSON Schema: what it reads from an empty object, it would read from any.
//!
//! The document that describes the API is drawn by the very code that checks requests, so that the two
//! can't drift apart.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value, json};

use super::read::{BadField, Object};

/// The fields that a reader has asked an object for.
#[derive(Default)]
pub(crate) struct Sketch(Mutex<Fields>);

/// Behind a lock only because readers of requests are held by tasks that move between threads.
#[derive(Default)]
struct Fields {
    properties: Map<String, Value>,
    required: Vec<String>,
}

/// Draws the schema of what `read` reads.
///
/// A reader must not stop at a field for being absent: what must be there is asked for with the
/// `required_` methods, which give it something here.
pub(crate) fn draw<T>(read: impl FnOnce(Object<'_>) -> Result<T, BadField>) -> Value {
    let sketch = Sketch::default();
    // What a reader makes of nothing doesn't matter; a test sees to it that none stops half-way.
    let _ = read(Object::sketched(&sketch));
    sketch.schema()
}

impl Sketch {
    /// Notes a field with its schema. What is read of an object in several places is put together.
    pub(crate) fn note(&self, key: &str, schema: Value) {
        let mut fields = self.fields();
        let Some(before) = fields.properties.get_mut(key) else {
            fields.properties.insert(key.to_owned(), schema);
            return;
        };
        let more = schema.get("properties").and_then(Value::as_object);
        if let (Some(here), Some(more)) = (before.get_mut("properties"), more) {
            for (name, schema) in more {
                if here.get(name).is_none() {
                    here[name.as_str()] = schema.clone();
                }
            }
        }
    }

    /// Notes that a field must be there.
    pub(crate) fn require(&self, key: &str) {
        let mut fields = self.fields();
        if !fields.required.iter().any(|other| other == key) {
            fields.required.push(key.to_owned());
        }
    }

    /// The schema of the object.
    pub(crate) fn schema(self) -> Value {
        let Fields { properties, required } =
            self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut schema = json!({ "type": "object", "properties": properties });
        if let (false, Some(fields)) = (required.is_empty(), schema.as_object_mut()) {
            fields.insert("required".into(), required.into());
        }
        schema
    }

    fn fields(&self) -> MutexGuard<'_, Fields> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_has_what_the_reader_reads() {
        let schema = draw(|root| {
            root.required_text("name")?;
            root.object("inner", |inner| inner.integer_or("count", 1..=9, 3))?;
            root.objects("list", 4, |entry| entry.required_fraction("x"))?;
            root.choice("kind", &["a", "b"])
        });
        let expected = json!({
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": {"type": "string"},
                "inner": {"type": "object", "properties":
                    {"count": {"type": "integer", "minimum": 1, "maximum": 9, "default": 3}}},
                "list": {"type": "array", "maxItems": 4, "items": {"type": "object",
                    "required": ["x"],
                    "properties": {"x": {"type": "number", "minimum": 0.0, "maximum": 1.0}}}},
                "kind": {"type": "string", "enum": ["a", "b"]},
            },
        });
        assert_eq!(schema, expected);
    }
}
