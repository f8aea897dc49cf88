//! The JSON Schema of the options that every shipped layout takes.

/// A layout's options as JSON Schema: those of all layouts, and its own before them.
#[macro_export]
macro_rules! options_schema {
    ($($own:expr)?) => {
        concat!(
            r##"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "description": "Options that hold where a recording's own are silent",
  "properties": {
"##,
            $($own,)?
            r##"    "background_color": { "$ref": "#/$defs/color", "default": "#000000" },
    "background_image": { "$ref": "#/$defs/image", "description": "Fills the canvas behind all" },
    "user_image": { "$ref": "#/$defs/image", "description": "Stands in for missing video" },
    "user_images": {
      "type": "array",
      "maxItems": 64,
      "items": {
        "type": "object",
        "required": ["uid", "image"],
        "properties": {
          "uid": { "$ref": "#/$defs/uid" },
          "image": { "$ref": "#/$defs/image" },
          "fit": { "$ref": "#/$defs/fit" }
        }
      }
    },
    "labels": {
      "description": "Names in the regions",
      "type": ["boolean", "object"],
      "properties": {
        "names": { "type": "object", "additionalProperties": { "type": "string" } },
        "size": { "type": "number", "minimum": 0.02, "maximum": 0.2, "default": 0.05 },
        "color": { "$ref": "#/$defs/color", "default": "#ffffff" },
        "background": { "type": ["string", "boolean"], "default": "#000000" },
        "position": { "$ref": "#/$defs/corner", "default": "bottom-left" }
      }
    },
    "watermark": {
      "description": "An image or a text over everything",
      "type": ["boolean", "object"],
      "properties": {
        "image": { "$ref": "#/$defs/image" },
        "text": { "type": "string", "minLength": 1, "maxLength": 100 },
        "color": { "$ref": "#/$defs/color", "default": "#ffffff" },
        "corner": { "$ref": "#/$defs/corner", "default": "top-right" },
        "opacity": { "type": "number", "minimum": 0, "maximum": 1, "default": 0.7 },
        "size": { "type": "number", "minimum": 0.02, "maximum": 1 }
      }
    }
  },
  "$defs": {
    "color": { "type": "string", "pattern": "^#[0-9a-fA-F]{6}$" },
    "image": { "type": "string", "minLength": 1, "maxLength": 64 },
    "uid": { "type": ["string", "integer"] },
    "fit": { "enum": ["cover", "contain"], "default": "cover" },
    "corner": { "enum": ["top-left", "top-right", "bottom-left", "bottom-right"] }
  }
}
"##
        )
    };
}

/// The schema of the option `main_uid`.
#[macro_export]
macro_rules! main_uid_schema {
    () => {
        r##"    "main_uid": { "$ref": "#/$defs/uid", "description": "Always in the large region" },
"##
    };
}

/// The schema of the option `strip`.
#[macro_export]
macro_rules! strip_schema {
    () => {
        r##"    "strip": {
      "type": "object",
      "properties": {
        "position": { "enum": ["left", "right", "top", "bottom"], "default": "right" },
        "size": { "type": "number", "minimum": 0.1, "maximum": 0.4, "default": 0.2 }
      }
    },
"##
    };
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    #[test]
    fn the_schema_is_json_with_and_without_more() {
        let plain: Value = serde_json::from_str(crate::options_schema!()).unwrap();
        assert_eq!(plain["properties"]["labels"]["properties"]["size"]["default"], 0.05);
        let own =
            crate::options_schema!(concat!(crate::main_uid_schema!(), crate::strip_schema!()));
        let own: Value = serde_json::from_str(own).unwrap();
        assert_eq!(own["properties"]["strip"]["type"], "object");
        assert!(own["properties"]["main_uid"].is_object());
    }
}
