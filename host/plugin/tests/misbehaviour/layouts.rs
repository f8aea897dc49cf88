//! Whatever a layout does, the answer is a valid scene or a fault of the right class, in time.

use crate::common::{host, question};
use capstan_outbox::ports::{Fault, FaultKind};
use capstan_plugin::PluginHost;
use capstan_recording::layout::{Layout, LayoutError};

fn fault(host: &PluginHost, layout: &str) -> Fault {
    let answer = host.layout(layout).unwrap().arrange(&question(3));
    match answer.unwrap_err() {
        LayoutError::Fault(fault) => {
            assert_eq!(fault.plugin, layout);
            assert!(!fault.detail.is_empty());
            fault
        }
        other => panic!("{layout}: {other}"),
    }
}

#[test]
fn a_layout_that_behaves_is_obeyed() {
    let host = host(&["grid"]);
    let mut layout = host.layout("grid").unwrap();
    for participants in [0, 1, 4, 9, 17] {
        let mut question = question(participants);
        let scene = layout.arrange(&question).unwrap();
        assert_eq!(scene.layers.len(), usize::try_from(participants).unwrap());
        question.previous = Some(scene.clone());
        assert_eq!(layout.arrange(&question).unwrap(), scene);
    }
    let unknown = host.layout("none").err().unwrap();
    assert_eq!(unknown.known, ["grid"]);
}

#[test]
fn each_misbehaviour_is_a_fault_of_its_class() {
    let cases = [
        ("spins", FaultKind::OutOfTime),
        ("traps", FaultKind::Trapped),
        ("recurses", FaultKind::Trapped),
        ("recurses-lean", FaultKind::Trapped),
        ("eats-memory", FaultKind::OutOfMemory),
        ("not-a-number", FaultKind::BadAnswer),
        ("off-canvas", FaultKind::BadAnswer),
        ("many-layers", FaultKind::BadAnswer),
        ("huge-answer", FaultKind::BadAnswer),
    ];
    let files: Vec<String> = cases.iter().map(|(name, _)| name.replace('-', "_")).collect();
    let host = host(&files.iter().map(String::as_str).collect::<Vec<_>>());
    for (name, kind) in cases {
        assert_eq!(fault(&host, name).kind, kind, "{name}");
    }
    // Guests in Rust have a stack of their own in memory; who doesn't use it meets the native one's end.
    let native = fault(&host, "recurses-lean").detail;
    assert!(native.contains("call stack exhausted"), "{native}");
}

#[test]
fn after_a_fault_the_same_layout_answers_again() {
    let host = host(&["grid", "traps"]);
    let mut bad = host.layout("traps").unwrap();
    // A fresh instance traps anew: it isn't the dead one that answers.
    for _ in 0..2 {
        let error = bad.arrange(&question(1)).unwrap_err();
        assert!(error.to_string().contains("trapped"), "{error}");
        assert!(!error.to_string().contains("cannot enter"), "{error}");
    }
    assert!(host.layout("grid").unwrap().arrange(&question(1)).is_ok());
}

#[test]
fn repeated_faults_bench_the_plugin_and_no_other() {
    let host = host(&["grid", "traps"]);
    let mut bad = host.layout("traps").unwrap();
    let benched = (0..4).any(|_| {
        matches!(bad.arrange(&question(1)), Err(LayoutError::Benched { layout }) if layout == "traps")
    });
    assert!(benched);
    let another = host.layout("traps").unwrap().arrange(&question(1));
    assert!(matches!(another, Err(LayoutError::Benched { .. })), "benched for every recording");
    assert!(host.layout("grid").unwrap().arrange(&question(1)).is_ok());
}

#[test]
fn a_flood_of_log_lines_doesnt_stop_the_answer() {
    let host = host(&["floods_log"]);
    let scene = host.layout("floods-log").unwrap().arrange(&question(1)).unwrap();
    assert_eq!(scene.layers.len(), 1);
}

#[test]
fn a_no_is_no_fault() {
    let host = host(&["refuses"]);
    let mut layout = host.layout("refuses").unwrap();
    for _ in 0..50 {
        let error = layout.arrange(&question(1)).unwrap_err();
        assert!(matches!(&error, LayoutError::Refused { .. }), "{error}");
        assert!(error.to_string().contains("no good options: {}"), "{error}");
    }
}
