//! Every rule of the recording API, as a table that people read: `tests/tables/api.md`.

use std::fmt::Write as _;

use harness::api::{Answer, Api};
use harness::server::{Server, Setup};
use harness::{real_time_turn, root};
use serde_json::{Value, json};

const APPS: &str = "
[[apps]]
id = \"other\"
key = \"other\"
secret = \"other\"
requests_per_second = 1000
[[apps]]
id = \"pair\"
key = \"pair\"
secret = \"pair\"
keys = [{ key = \"pair2\", secret = \"pair2\" }]
[[apps]]
id = \"small\"
key = \"small\"
secret = \"small\"
requests_per_second = 1000
max_recordings = 1
[[apps]]
id = \"slow\"
key = \"slow\"
secret = \"slow\"
requests_per_second = 1
[[apps]]
id = \"closed\"
key = \"closed\"
secret = \"closed\"
disabled = true
";

/// One line of the table.
#[derive(Debug)]
struct Line {
    what: String,
    call: String,
    caller: String,
    body: String,
    status: u16,
    code: Option<u64>,
    answer: Vec<String>,
}

/// The ids of the latest successful answers.
#[derive(Default)]
struct Ids {
    resource: String,
    sid: String,
}

#[test]
fn line_by_line() {
    let _turn = real_time_turn();
    let server = Server::start(&Setup { app: APPS.into(), ..Setup::default() });
    let text = std::fs::read_to_string(root().join("tests/tables/api.md")).unwrap();
    let lines = lines(&text);
    assert!(lines.len() > 120, "the table has only {} lines", lines.len());
    let mut ids = Ids::default();
    let mut wrong = String::new();
    for line in &lines {
        let answer = run(&server, line, &ids);
        if let Err(difference) = compare(line, &answer) {
            writeln!(wrong, "{} ({}): {difference}: {}", line.what, line.call, answer.text())
                .unwrap();
        }
        if answer.status == 200 {
            let body = answer.json();
            for (id, key) in [(&mut ids.resource, "resourceId"), (&mut ids.sid, "sid")] {
                if let Some(text) = body[key].as_str() {
                    text.clone_into(id);
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

fn compare(line: &Line, answer: &Answer) -> Result<(), String> {
    if answer.status != line.status {
        return Err(format!("status {}, not {}", answer.status, line.status));
    }
    let body = answer.json();
    if body["code"].as_u64() != line.code {
        return Err(format!("code {}, not {:?}", body["code"], line.code));
    }
    if line.code.is_some() && body["reason"] != body["message"] {
        return Err("reason and message differ".into());
    }
    let text = answer.text();
    match line.answer.iter().find(|part| !text.contains(*part)) {
        Some(missing) => Err(format!("without {missing:?}")),
        None => Ok(()),
    }
}

/// Sends a line's request; a repeated one until the expected answer comes.
fn run(server: &Server, line: &Line, ids: &Ids) -> Answer {
    let mut words: Vec<&str> = line.call.split(' ').collect();
    let mut times = 1;
    if let Some(count) = words.last().and_then(|word| word.strip_prefix('x')?.parse().ok()) {
        times = count;
        words.pop();
    }
    let (key, app) = line.caller.split_once('/').unwrap_or((&line.caller, &line.caller));
    let app = if matches!(app, "nobody" | "thief") { "school" } else { app };
    let api = match key {
        "nobody" => server.anonymous(),
        "thief" => server.api_of("school", "wrong"),
        _ => server.api_of(key, key),
    };
    let mut answer = send(&api, app, &words, line, ids);
    for _ in 1..times {
        if compare(line, &answer).is_ok() {
            break;
        }
        if line.status != 429 {
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
        answer = send(&api, app, &words, line, ids);
    }
    answer
}

fn send(api: &Api, app: &str, words: &[&str], line: &Line, ids: &Ids) -> Answer {
    let named = |name: &str, default: &str| {
        let found = words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        found.unwrap_or(default).to_owned()
    };
    let (resource, sid) = (named("resource", &ids.resource), named("sid", &ids.sid));
    let base = format!("/v1/apps/{app}/cloud_recording");
    let mode = words.get(1).copied().unwrap_or_default();
    let (verb, path) = match words[0] {
        "acquire" => ("POST", format!("{base}/acquire")),
        "start" => ("POST", format!("{base}/resourceid/{resource}/mode/{mode}/start")),
        "query" => ("GET", format!("{base}/resourceid/{resource}/sid/{sid}/mode/{mode}/query")),
        method @ ("update" | "updateLayout" | "stop") => {
            ("POST", format!("{base}/resourceid/{resource}/sid/{sid}/mode/{mode}/{method}"))
        }
        verb => (verb, mode.to_owned()),
    };
    api.send(verb, &path, &body(&line.body), &named("type", "application/json")).unwrap()
}

/// The usual body with a line's changes.
fn body(changes: &str) -> String {
    if let Some(raw) = changes.strip_prefix("raw ") {
        return raw.to_owned();
    }
    let mut body = json!({"cname": "r", "uid": "1", "clientRequest": {}});
    for change in split(changes, "; /") {
        if let Some(pointer) = change.strip_suffix(" absent") {
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            body.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key);
            continue;
        }
        let (pointer, value) = change.split_once(" = ").unwrap_or_else(|| panic!("{change}"));
        let mut place = &mut body;
        for step in pointer.trim_start_matches('/').split('/') {
            if place.is_null() {
                *place = json!({});
            }
            place = &mut place[step];
        }
        *place = serde_json::from_str(value).unwrap_or_else(|error| panic!("{value}: {error}"));
    }
    body.to_string()
}

/// Splits before each `; /`, so that values may have semicolons.
fn split(changes: &str, at: &str) -> Vec<String> {
    let parts = changes.split(at).enumerate();
    let whole = parts.map(|(n, part)| if n == 0 { part.to_owned() } else { format!("/{part}") });
    whole.filter(|part| !part.is_empty()).collect()
}

fn lines(text: &str) -> Vec<Line> {
    text.lines()
        .filter(|line| {
            line.starts_with("| ") && !line.starts_with("| what ") && !line.contains("| --- |")
        })
        .map(|line| {
            let line = line.replace("\\|", "\u{1}");
            let cells: Vec<String> =
                line.split('|').map(|cell| cell.trim().replace('\u{1}', "|")).collect();
            let [_, what, call, caller, body, status, code, answer, _] = cells.as_slice() else {
                panic!("not seven cells: {line}");
            };
            let caller = if caller.is_empty() { "school" } else { caller.as_str() };
            let parts = answer.split("; ").map(str::to_owned);
            Line {
                what: what.clone(),
                call: call.clone(),
                caller: caller.to_owned(),
                body: body.clone(),
                status: status.parse().unwrap(),
                code: (!code.is_empty()).then(|| code.parse().unwrap()),
                answer: parts.filter(|part| !part.is_empty()).collect(),
            }
        })
        .collect()
}

#[test]
fn changes_are_put_where_they_point() {
    let changed: Value =
        serde_json::from_str(&body("/a/b = [1]; /uid absent; /cname = \"x; y\"")).unwrap();
    assert_eq!(changed, json!({"cname": "x; y", "clientRequest": {}, "a": {"b": [1]}}));
}
