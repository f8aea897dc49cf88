//! The geometry, case by case, as `golden.txt` beside this file has it.

use std::path::Path;

use capstan_kit::golden;

#[test]
fn every_case_is_arranged_as_written() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden.txt");
    golden::check(&path, layout_presentation::arrange);
}
