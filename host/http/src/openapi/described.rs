//! Types that say what they are written as: one declaration gives a struct, its JSON and its schema.

use std::collections::BTreeMap;

use capstan_archive::facts::StopReason;
use capstan_recording::status::Phase;
use serde_json::{Map, Value, json};

/// A type with a JSON Schema.
pub(crate) trait Described {
    /// Whether it may be absent from an object.
    const OPTIONAL: bool = false;

    /// Its schema.
    fn schema() -> Value;
}

/// Declares a struct whose fields are described by their comments.
///
/// Each field names its key: `field: Type as "key"`.
macro_rules! described {
    (
        $(#[doc = $about:literal])*
        #[derive($($derive:tt)*)]
        $(#[serde($($container:tt)*)])?
        $vis:vis struct $name:ident {
            $(
                $(#[doc = $words:literal])*
                $(#[serde($($serde:tt)*)])?
                $field_vis:vis $field:ident : $type:ty as $key:literal
            ),* $(,)?
        }
    ) => {
        $(#[doc = $about])*
        #[derive($($derive)*)]
        $(#[serde($($container)*)])?
        $vis struct $name {
            $(
                $(#[doc = $words])*
                #[serde(rename = $key)]
                $(#[serde($($serde)*)])?
                $field_vis $field: $type,
            )*
        }

        impl $crate::openapi::described::Described for $name {
            fn schema() -> serde_json::Value {
                use $crate::openapi::described::{object, property};
                object([$(
                    property::<$type>($key, concat!($($words),*)),
                )*])
            }
        }
    };
}

pub(crate) use described;

/// One property: its key, its schema and whether it must be there.
pub(crate) type Property = (&'static str, Value, bool);

/// Describes a property; the properties of one without a key are its object's own.
pub(crate) fn property<T: Described>(key: &'static str, words: &str) -> Property {
    let mut schema = T::schema();
    if let Some(fields) = schema.as_object_mut() {
        fields.insert("description".into(), words.trim().into());
    }
    (key, schema, !T::OPTIONAL)
}

/// The schema of an object of these properties.
pub(crate) fn object(properties: impl IntoIterator<Item = Property>) -> Value {
    let (mut all, mut required) = (Map::new(), Vec::new());
    for (key, schema, needed) in properties {
        if needed {
            required.push(Value::from(key));
        }
        all.insert(key.to_owned(), schema);
    }
    json!({ "type": "object", "properties": all, "required": required })
}

/// The properties of two objects in one.
pub(crate) fn merged(mut one: Value, other: Value) -> Value {
    for key in ["properties", "required"] {
        let more = other.get(key).cloned().unwrap_or_default();
        match (one.get_mut(key), more) {
            (Some(Value::Object(here)), Value::Object(more)) => here.extend(more),
            (Some(Value::Array(here)), Value::Array(more)) => here.extend(more),
            _ => {}
        }
    }
    one
}

macro_rules! plain {
    ($($type:ty => $schema:tt),* $(,)?) => {
        $(impl Described for $type {
            fn schema() -> Value {
                json!($schema)
            }
        })*
    };
}

plain! {
    String => { "type": "string" },
    &'static str => { "type": "string" },
    bool => { "type": "boolean" },
    u8 => { "type": "integer", "minimum": 0 },
    u16 => { "type": "integer", "minimum": 0 },
    u32 => { "type": "integer", "minimum": 0 },
    u64 => { "type": "integer", "minimum": 0 },
    usize => { "type": "integer", "minimum": 0 },
    i64 => { "type": "integer" },
    Value => {},
    Phase => {
        "type": "string",
        "enum": ["starting", "recording", "stopping", "uploading", "done", "failed"]
    },
    StopReason => { "type": "string", "enum": ["asked", "idle", "shutdown", "failed"] },
}

impl<T: Described> Described for Vec<T> {
    fn schema() -> Value {
        json!({ "type": "array", "items": T::schema() })
    }
}

impl<T: Described> Described for BTreeMap<&'static str, T> {
    fn schema() -> Value {
        json!({ "type": "object", "additionalProperties": T::schema() })
    }
}

impl<T: Described> Described for Box<T> {
    fn schema() -> Value {
        T::schema()
    }
}

impl<T: Described> Described for Option<T> {
    const OPTIONAL: bool = true;

    fn schema() -> Value {
        let mut schema = T::schema();
        if let Some(kind) = schema.get_mut("type") {
            *kind = json!([kind.take(), "null"]);
        }
        if let Some(Value::Array(known)) = schema.get_mut("enum") {
            known.push(Value::Null);
        }
        schema
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;

    described! {
        /// A sample.
        #[derive(Serialize)]
        struct Sample {
            /// How many
            /// there are.
            count: u8 as "howMany",
            /// A name.
            #[serde(skip_serializing_if = "Option::is_none")]
            name: Option<String> as "name",
        }
    }

    #[test]
    fn a_declaration_gives_json_and_schema() {
        let written = serde_json::to_value(Sample { count: 3, name: None }).unwrap();
        assert_eq!(written, json!({ "howMany": 3 }));
        let expected = json!({
            "type": "object",
            "required": ["howMany"],
            "properties": {
                "howMany": {"type": "integer", "minimum": 0, "description": "How many there are."},
                "name": {"type": ["string", "null"], "description": "A name."},
            },
        });
        assert_eq!(Sample::schema(), expected);
    }
}
