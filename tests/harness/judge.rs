//! Independent judges of media: ffprobe and ffmpeg, and a look at what they decoded.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Decoded pictures, luma only, all of one size.
#[derive(Debug)]
pub struct Luma {
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    /// One picture after another.
    pub pictures: Vec<Vec<u8>>,
}

impl Luma {
    /// A rectangle of one picture in fractions of it, as its own rows.
    #[must_use]
    pub fn crop(&self, picture: usize, area: [f64; 4]) -> (Vec<u8>, usize, usize) {
        let [x, y, w, h] = area;
        let scale = |fraction: f64, length: usize| (fraction * length as f64).round() as usize;
        let (x, y) = (scale(x, self.width), scale(y, self.height));
        let (w, h) = (scale(w, self.width), scale(h, self.height));
        let rows = self.pictures[picture].chunks_exact(self.width).skip(y).take(h);
        (rows.flat_map(|row| row[x..x + w].to_vec()).collect(), w, h)
    }
}

/// What ffprobe says of a file or playlist, as its JSON.
#[must_use]
pub fn probe(path: &Path) -> Value {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-show_streams", "-show_format", "-of", "json"])
        .arg("-count_frames")
        .arg(path)
        .output()
        .expect("ffprobe runs: scripts/setup test installs it");
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaints.is_empty(), "ffprobe: {complaints}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The first stream of a kind ("video", "audio") in what [`probe`] said.
#[must_use]
pub fn stream<'a>(probed: &'a Value, kind: &str) -> &'a Value {
    let streams = probed["streams"].as_array().unwrap();
    streams.iter().find(|stream| stream["codec_type"] == kind).expect("has such a stream")
}

/// Decodes everything and panics at the first complaint.
pub fn decodes_cleanly(path: &Path) {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-xerror", "-i"])
        .arg(path)
        // Pictures as sent come at uneven times; the null muxer counts in whole ones.
        .args(["-vsync", "vfr", "-f", "null", "-"])
        .output()
        .unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaints.is_empty(), "ffmpeg: {complaints}");
}

/// All pictures' luma, one per encoded picture.
#[must_use]
pub fn luma(path: &Path, width: usize, height: usize) -> Luma {
    let raw = ffmpeg(
        path,
        &["-map", "0:v:0", "-vsync", "cfr", "-r", "15", "-pix_fmt", "gray", "-f", "rawvideo"],
    );
    let pictures = raw.chunks_exact(width * height).map(<[u8]>::to_vec).collect();
    Luma { width, height, pictures }
}

/// 15 pictures a second as packed RGB: one that was held for longer comes repeatedly.
#[must_use]
pub fn rgb(path: &Path, width: usize, height: usize) -> Vec<Vec<u8>> {
    let raw = ffmpeg(
        path,
        &["-map", "0:v:0", "-vsync", "cfr", "-r", "15", "-pix_fmt", "rgb24", "-f", "rawvideo"],
    );
    raw.chunks_exact(width * height * 3).map(<[u8]>::to_vec).collect()
}

/// The sound as 48 kHz mono samples.
#[must_use]
pub fn sound(path: &Path) -> Vec<f32> {
    let raw = ffmpeg(path, &["-map", "0:a:0", "-ac", "1", "-ar", "48000", "-f", "f32le"]);
    raw.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

/// The energy of one frequency in 48 kHz samples, per sample (Goertzel).
#[must_use]
pub fn tone(samples: &[f32], hertz: f64) -> f64 {
    let step = 2.0 * std::f64::consts::PI * hertz / 48_000.0;
    let (mut re, mut im) = (0.0, 0.0);
    for (number, sample) in samples.iter().enumerate() {
        let angle = step * number as f64;
        re += f64::from(*sample) * angle.cos();
        im += f64::from(*sample) * angle.sin();
    }
    (re * re + im * im).sqrt() / samples.len().max(1) as f64
}

/// When the beeps of one frequency begin in 48 kHz samples, in seconds, to 10 ms.
#[must_use]
pub fn beeps(samples: &[f32], hertz: f64) -> Vec<f64> {
    const PIECE: usize = 480;
    let loud: Vec<f64> = samples.chunks_exact(PIECE).map(|piece| tone(piece, hertz)).collect();
    let peak = loud.iter().copied().fold(0.0, f64::max);
    let begins = |at: &usize| loud[*at] > peak / 3.0 && loud[at - 1] <= peak / 3.0;
    (1..loud.len()).filter(begins).map(|at| (at * PIECE) as f64 / 48_000.0).collect()
}

/// How long a file or playlist lasts, in seconds.
#[must_use]
pub fn seconds(path: &Path) -> f64 {
    probe(path)["format"]["duration"].as_str().unwrap().parse().unwrap()
}

fn ffmpeg(path: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(path)
        .args(arguments)
        .arg("-")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}
