//! `capstan layout preview` paints what a layout answers, with the very painter of recordings: the
//! test pictures can be read where the layout put them.

use std::path::Path;
use std::process::Command;

use capstan_publish::pattern::{Area, Luma, read_in};
use harness::process::capstan;

#[test]
fn the_preview_shows_who_is_where() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("room.png");
    let mut preview = Command::new(capstan());
    preview.args(["layout", "preview", "--layout", "layout-best-fit", "-n", "2"]);
    preview.args(["--size", "1280x720", "-o"]).arg(&out);
    let output = preview.output().unwrap();
    assert!(output.status.success(), "{output:?}");

    let luma = grey(&out);
    for (number, aspect) in [(0, 16.0 / 9.0), (1, 4.0 / 3.0)] {
        let tile = Area { x: 640.0 * f64::from(number), y: 0.0, width: 640.0, height: 720.0 };
        let stamp = read_in(
            Luma { data: &luma, stride: 1280, width: 1280, height: 720 },
            tile.covered(aspect),
        );
        let stamp = stamp.expect("a test picture");
        assert_eq!(stamp.uid.get(), number + 1);
    }
}

#[test]
fn what_cant_be_shown_is_told() {
    let mut preview = Command::new(capstan());
    preview.args(["layout", "preview", "--layout", "no-such-layout", "-o", "never.png"]);
    let output = preview.output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("no layout plugin is called"));
}

/// The picture's luma, decoded by ffmpeg.
fn grey(png: &Path) -> Vec<u8> {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-i"]).arg(png).args(["-f", "rawvideo", "-pix_fmt", "gray", "-"]);
    let output = ffmpeg.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.stdout.len(), 1280 * 720);
    output.stdout
}
