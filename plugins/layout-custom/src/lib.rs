//! Layout "custom" (Agora's 3): the recording's options say where each region lies.

mod arrange;

pub use arrange::arrange;

capstan_kit::layout_plugin!(
    crate::arrange,
    r##"    "regions": {
      "type": "array",
      "maxItems": 17,
      "items": {
        "type": "object",
        "required": ["x", "y", "width", "height"],
        "properties": {
          "uid": { "$ref": "#/$defs/uid" },
          "x": { "type": "number", "minimum": 0, "maximum": 1 },
          "y": { "type": "number", "minimum": 0, "maximum": 1 },
          "width": { "type": "number", "minimum": 0, "maximum": 1 },
          "height": { "type": "number", "minimum": 0, "maximum": 1 },
          "alpha": { "type": "number", "minimum": 0, "maximum": 1, "default": 1 },
          "fit": { "$ref": "#/$defs/fit" }
        }
      }
    },
"##
);
