//! The description is whole and in words.

use serde_json::{Map, Value, json};

use super::*;
use crate::openapi::{paths, words};

fn all_paths() -> Map<String, Value> {
    let routes = agora::routes()
        .and(v1::routes())
        .merge(Router::new(), whip::operations())
        .and(playback::routes())
        .and(health::routes());
    paths(routes.operations())
}

#[test]
fn every_field_and_parameter_has_its_words() {
    let mut missing = Vec::new();
    let mut paths = all_paths();
    let mut look = |at: String, schema: &mut Value| {
        words::walk(schema, &at, &mut |path, property| {
            if property.get("description").is_none() {
                missing.push(path.to_owned());
            }
        });
    };
    for (path, methods) in &mut paths {
        for (method, operation) in methods.as_object_mut().unwrap() {
            let at = format!("{method} {path}");
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let words = parameter["description"].as_str().unwrap_or_default();
                assert!(!words.is_empty(), "{at}: {}", parameter["name"]);
            }
            let body = operation.pointer_mut("/requestBody/content/application~1json/schema");
            if let Some(schema) = body {
                look(at.clone(), schema);
            }
            for reply in operation["responses"].as_object_mut().unwrap().values_mut() {
                let content = reply.get_mut("content").and_then(Value::as_object_mut);
                for content in content.into_iter().flat_map(Map::values_mut) {
                    look(at.clone(), &mut content["schema"]);
                }
            }
        }
    }
    assert!(missing.is_empty(), "without words: {missing:#?}");
}

#[test]
fn every_path_begins_as_it_does_below_a_lent_one() {
    for path in all_paths().keys().map(String::as_str).chain(["/openapi.json"]) {
        let first = path.split('/').nth(1).unwrap();
        assert!(crate::under::ROOTS.contains(&first), "{path}");
    }
}

#[test]
fn ranges_and_defaults_are_those_of_the_readers() {
    let paths = all_paths();
    let base = "/v1/apps/{appid}/cloud_recording";
    let start = &paths[&format!("{base}/resourceid/{{resourceid}}/mode/{{mode}}/start")]["post"];
    let bodies = &start["requestBody"]["content"]["application/json"]["schema"]["anyOf"];
    let fps = "/properties/clientRequest/properties/recordingConfig/properties/transcodingConfig/\
               properties/fps";
    let fps = bodies[0].pointer(fps).unwrap();
    assert_eq!(
        (&fps["minimum"], &fps["maximum"], &fps["default"]),
        (&json!(1), &json!(60), &json!(15))
    );
    let mode = start["parameters"].as_array().unwrap().iter().find(|of| of["name"] == "mode");
    assert_eq!(mode.unwrap()["schema"]["enum"], json!(["individual", "mix"]));
    let acquire = &paths[&format!("{base}/acquire")]["post"];
    for status in ["200", "400", "401", "429", "500"] {
        assert!(acquire["responses"][status].is_object(), "{status}");
    }
}

#[test]
fn operations_have_names_of_their_own() {
    let paths = all_paths();
    let mut ids: Vec<&Value> = paths
        .values()
        .flat_map(|methods| methods.as_object().unwrap().values())
        .map(|operation| &operation["operationId"])
        .collect();
    let all = ids.len();
    assert!(all >= 15, "{all} operations");
    ids.sort_by_key(|id| id.to_string());
    ids.dedup();
    assert_eq!(ids.len(), all);
}
