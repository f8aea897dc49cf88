//! Small things that several promises need.

use std::path::PathBuf;
use std::process::Command;

use capstan_publish::pattern::Area;
use harness::process::capstan;
use harness::receiver::Callback;
use harness::server::Server;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// The left or right half of a 640x360 canvas: the best-fit layout of two.
pub(crate) fn tile(number: usize) -> Area {
    Area { x: 320.0 * number as f64, y: 0.0, width: 320.0, height: 360.0 }
}

/// How much of an RGB picture is of the green of Chromium's fake camera: 0 to 1.
pub(crate) fn green_share(picture: &[u8]) -> f64 {
    let greens = picture.chunks_exact(3).filter(|p| p[1] > 100 && p[0] < 90 && p[2] < 90);
    greens.count() as f64 / (picture.len() / 3) as f64
}

/// The events among `wanted`, in the order in which they came, each at its first delivery.
pub(crate) fn events(callbacks: &[Callback], wanted: &[i64]) -> Vec<i64> {
    let mut seen = Vec::new();
    for callback in callbacks {
        let event = callback.event();
        if wanted.contains(&event) && !seen.contains(&event) {
            seen.push(event);
        }
    }
    seen
}

/// The signature that an operator computes over the raw body.
pub(crate) fn hmac_sha1_hex(key: &[u8], data: &[u8]) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).expect("any key length");
    mac.update(data);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Renders a recording of this server again from its tapes. Returns the folder of its files.
pub(crate) fn render(server: &Server, sid: &str) -> PathBuf {
    let out = server.folder().join("rendered");
    let folder = server.folder().join("work").join(sid);
    let command = Command::new(capstan()).arg("render").arg(folder).arg("--out").arg(&out).status();
    assert!(command.unwrap().success());
    out
}
