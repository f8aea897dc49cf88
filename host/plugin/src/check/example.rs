//! A configuration made up from a plugin's own schema, so that it can be tried without one.
//!
//! Required members only: from `examples`, `default`, `const` or `enum`, else something of the type.

use serde_json::{Map, Value, json};

/// Stands for every secret. It is Base64 too, since many secrets are.
const SECRET: &str = "b2YtYS1jaGVjay1vbmx5LW5ldmVyLXJlYWwtMDEyMzQ1Njc=";
/// How deep schemas are followed.
const DEEPEST: usize = 8;

/// A JSON object that the schema describes.
pub(crate) fn configuration(schema: &Value) -> String {
    match value(schema, "", DEEPEST) {
        object @ Value::Object(_) => object.to_string(),
        _ => "{}".into(),
    }
}

fn value(schema: &Value, name: &str, depth: usize) -> Value {
    if let Some(given) = given(schema) {
        return given;
    }
    match kind(schema) {
        "object" if depth > 0 => {
            let required = schema["required"].as_array().into_iter().flatten();
            let nothing = Value::Null;
            let members = required.filter_map(Value::as_str).map(|name| {
                let of_name = schema["properties"].get(name).unwrap_or(&nothing);
                (name.to_owned(), value(of_name, name, depth - 1))
            });
            Value::Object(members.collect::<Map<_, _>>())
        }
        "object" => json!({}),
        "array" => json!([]),
        "integer" | "number" => schema.get("minimum").cloned().unwrap_or(json!(1)),
        "boolean" => json!(false),
        _ if schema["writeOnly"] == json!(true) => json!(SECRET),
        _ if is_address(schema, name) => json!("https://example.com/path"),
        _ => json!("example"),
    }
}

fn given(schema: &Value) -> Option<Value> {
    let first = |key: &str| schema.get(key).and_then(Value::as_array).and_then(|all| all.first());
    first("examples")
        .or_else(|| schema.get("default"))
        .or_else(|| schema.get("const"))
        .or_else(|| first("enum"))
        .cloned()
}

/// The type, or the first of several.
fn kind(schema: &Value) -> &str {
    let kind = &schema["type"];
    let first = kind.as_array().and_then(|kinds| kinds.first()).unwrap_or(kind);
    first.as_str().unwrap_or_else(|| if schema.get("properties").is_some() { "object" } else { "" })
}

fn is_address(schema: &Value, name: &str) -> bool {
    let format = schema["format"].as_str().unwrap_or_default();
    format.starts_with("ur") || name.contains("url") || name.contains("endpoint")
}

/// The secrets of a configuration: what the schema marks with `writeOnly`, if it is long enough to
/// be told from other text.
pub(super) fn secrets(schema: &Value, config: &str) -> Vec<String> {
    let config: Value = serde_json::from_str(config).unwrap_or_default();
    let mut found = Vec::new();
    collect(schema, &config, DEEPEST, &mut found);
    found
}

fn collect(schema: &Value, config: &Value, depth: usize, found: &mut Vec<String>) {
    let Some(properties) = schema["properties"].as_object().filter(|_| depth > 0) else { return };
    for (name, schema) in properties {
        match config.get(name).unwrap_or(&Value::Null) {
            Value::String(text) if schema["writeOnly"] == json!(true) && text.len() >= 8 => {
                found.push(text.clone());
            }
            nested @ Value::Object(_) => collect(schema, nested, depth - 1, found),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_required_is_made_up() {
        let schema = json!({
            "type": "object",
            "required": ["url", "key", "region", "n", "more"],
            "properties": {
                "url": {"type": "string"},
                "key": {"type": "string", "writeOnly": true},
                "region": {"enum": ["eu", "us"]},
                "n": {"type": ["integer", "string"], "minimum": 5},
                "more": {"type": "object", "required": ["x"], "properties": {"x": {"default": 7}}},
                "unneeded": {"type": "string"},
            },
        });
        let config: Value = serde_json::from_str(&configuration(&schema)).unwrap();
        let expected = json!({
            "url": "https://example.com/path", "key": SECRET, "region": "eu", "n": 5, "more": {"x": 7},
        });
        assert_eq!(config, expected);
        assert_eq!(secrets(&schema, &config.to_string()), [SECRET]);
    }

    #[test]
    fn an_example_of_the_author_goes_first() {
        let schema = json!({"type": "object", "examples": [{"a": 1}]});
        assert_eq!(configuration(&schema), r#"{"a":1}"#);
        assert_eq!(configuration(&json!({})), "{}");
        assert_eq!(configuration(&json!(7)), "{}");
    }
}
