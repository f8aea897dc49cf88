//! The demo records publishers of all four video codecs and itself finds nothing wrong with it.
//!
//! It measures the recording's codecs, size, length, drift and A/V offset, and ends with an error
//! if any isn't as promised; so its exit code is the test.

use std::process::Command;

use harness::process::capstan;
use harness::whole_machine;

#[test]
fn four_codecs_are_recorded_and_measured() {
    let _turn = whole_machine();
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(capstan())
        .args(["demo", "--seconds", "8", "--publishers", "4", "--out"])
        .arg(folder.path())
        .current_dir(harness::root())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complained}");
    for promised in ["1 (vp8), 2 (h264), 3 (vp9), 4 (av1)", "h264 640x360 at 15", "aac mono"] {
        assert!(said.contains(promised), "no {promised:?} in:\n{said}");
    }
}

#[test]
fn a_demo_that_cannot_start_says_why() {
    let output = Command::new(capstan())
        .args(["demo", "--seconds", "4", "--out", "/dev/null/nowhere"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(complained.contains("/dev/null/nowhere"), "{complained}");
}
