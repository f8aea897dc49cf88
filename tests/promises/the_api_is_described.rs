//! The served description is valid OpenAPI 3.1 by an independent judge, and what it describes holds
//! against requests made up from it.

use std::process::Command;

use harness::server::{Server, Setup};
use harness::{root, whole_machine};
use serde_json::Value;

/// What must hold of each answer: it is one of those described, in its form.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_schema_conformance";

/// A program of the Python tools that the tests use.
fn tool(name: &str) -> Command {
    let program = root().join(".tools/clients/bin").join(name);
    assert!(program.exists(), "{} is missing: run `scripts/setup test`", program.display());
    Command::new(program)
}

fn described(server: &Server) -> Value {
    let answer = server.anonymous().get("/openapi.json").unwrap();
    assert_eq!(answer.status, 200);
    answer.json()
}

#[test]
fn validly_and_wholly() {
    let _turn = whole_machine();
    let server = Server::start(&Setup::default());
    let document = described(&server);
    assert_eq!(document["openapi"], "3.1.0");
    let path = server.folder().join("openapi.json");
    std::fs::write(&path, document.to_string()).unwrap();
    let judged = tool("openapi-spec-validator").arg(&path).output().unwrap();
    assert!(judged.status.success(), "{judged:?}");

    // Every path of a route in the sources is described: none was mounted beside the description.
    let mut routes = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let answers = operation["responses"].as_object().unwrap();
            assert!(!answers.is_empty(), "{method} {path} has no answers");
            routes += 1;
        }
        let concrete = path.replace(['{', '}'], "");
        let answer = server.anonymous().send("PATCH", &concrete, "", "text/plain").unwrap();
        assert!(matches!(answer.status, 404 | 405), "{path} is served: {}", answer.status);
    }
    assert!(routes >= 19, "{routes} routes");
}

#[test]
fn and_made_up_requests_never_make_it_fail() {
    let _turn = whole_machine();
    let server = Server::start(&Setup::default());
    let path = server.folder().join("openapi.json");
    std::fs::write(&path, described(&server).to_string()).unwrap();
    let ran = tool("schemathesis")
        .current_dir(server.folder())
        .env("NO_COLOR", "1")
        .env("PYTHONPATH", root().join("tests/clients"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("SCHEMATHESIS_HOOKS", "fuzz_hooks")
        .args(["run", "openapi.json", "--url", &server.url(), "--auth", "school:school"])
        .args(["--checks", CHECKS, "--phases", "examples,fuzzing"])
        .args(["--mode", "all", "--max-examples", "12", "--seed", "1", "--workers", "2"])
        // A start or a stop of what doesn't exist is made up, never a real one.
        .args(["--request-timeout", "25", "--max-failures", "3"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{said}\n{}", String::from_utf8_lossy(&ran.stderr));
    assert!(said.contains("19 passed"), "{said}");
}
