//! Runs ffprobe and ffmpeg: judges of a recording that share no code with Capstan.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, bail};
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::process::Command;

/// Samples a second of the sound that is read.
pub(super) const RATE: u32 = 48_000;

/// Both tools are there.
pub(super) struct Tools;

impl Tools {
    /// `None` if one of the tools is missing.
    pub(super) fn find() -> Option<Self> {
        let there = |name: &str| {
            let mut command = std::process::Command::new(name);
            command.arg("-version").stdout(Stdio::null()).stderr(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        };
        (there("ffprobe") && there("ffmpeg")).then_some(Self)
    }

    /// What ffprobe says of the streams.
    pub(super) async fn streams(&self, playlist: &Path) -> anyhow::Result<Value> {
        let arguments = ["-show_streams", "-show_format", "-of", "json"];
        let text = self.probe(playlist, &arguments).await?;
        serde_json::from_str(&text).context("ffprobe's answer")
    }

    /// The times of a stream's packets in seconds, in their order.
    pub(super) async fn times(&self, playlist: &Path, stream: &str) -> anyhow::Result<Vec<f64>> {
        let arguments =
            ["-select_streams", stream, "-show_entries", "packet=pts_time", "-of", "csv=p=0"];
        let text = self.probe(playlist, &arguments).await?;
        let times = text.lines().map(|line| line.trim_end_matches(',').parse());
        times.collect::<Result<_, _>>().context("ffprobe's times")
    }

    /// Every picture's luma, given to `take` as it comes.
    pub(super) async fn pictures(
        &self,
        playlist: &Path,
        size: usize,
        mut take: impl FnMut(&[u8]),
    ) -> anyhow::Result<()> {
        // Passed through: ffmpeg must neither repeat nor drop pictures to please a frame rate.
        let arguments = ["-map", "0:v:0", "-vsync", "0", "-f", "rawvideo", "-pix_fmt", "gray", "-"];
        let mut picture = vec![0; size];
        let mut filled = 0;
        self.decode(playlist, &arguments, |mut data| {
            while !data.is_empty() {
                let length = data.len().min(size - filled);
                let (now, rest) = data.split_at(length);
                if let Some(space) = picture.get_mut(filled..filled + length) {
                    space.copy_from_slice(now);
                }
                filled += length;
                data = rest;
                if filled == size {
                    take(&picture);
                    filled = 0;
                }
            }
        })
        .await
    }

    /// The whole sound, mono, at [`RATE`].
    pub(super) async fn sound(&self, playlist: &Path) -> anyhow::Result<Vec<f32>> {
        let rate = RATE.to_string();
        let arguments = ["-map", "0:a:0", "-ac", "1", "-ar", &rate, "-f", "s16le", "-"];
        let mut bytes = Vec::new();
        self.decode(playlist, &arguments, |data| bytes.extend_from_slice(data)).await?;
        let sample = |pair: &[u8; 2]| f32::from(i16::from_le_bytes(*pair)) / 32_768.0;
        Ok(bytes.as_chunks().0.iter().map(sample).collect())
    }

    async fn probe(&self, playlist: &Path, arguments: &[&str]) -> anyhow::Result<String> {
        let mut command = Command::new("ffprobe");
        command.args(["-v", "error"]).args(arguments).arg(playlist);
        let output = command.stdin(Stdio::null()).output().await.context("running ffprobe")?;
        let complaint = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() || !complaint.trim().is_empty() {
            bail!("ffprobe can't read {}: {}", playlist.display(), complaint.trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Decodes; any complaint of ffmpeg is a failure.
    async fn decode(
        &self,
        playlist: &Path,
        arguments: &[&str],
        mut take: impl FnMut(&[u8]),
    ) -> anyhow::Result<()> {
        let mut command = Command::new("ffmpeg");
        command.args(["-nostdin", "-v", "error", "-i"]).arg(playlist).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.kill_on_drop(true);
        let mut child = command.spawn().context("running ffmpeg")?;
        let (mut data, mut complaints) =
            child.stdout.take().zip(child.stderr.take()).context("ffmpeg's output")?;
        let mut complaint = String::new();
        let mut buffer = vec![0; 256 * 1024];
        let reading = async {
            loop {
                let length = data.read(&mut buffer).await?;
                if length == 0 {
                    return std::io::Result::Ok(());
                }
                take(buffer.get(..length).unwrap_or_default());
            }
        };
        let (read, heard) = tokio::join!(reading, complaints.read_to_string(&mut complaint));
        read.and(heard.map(|_| ())).context("reading what ffmpeg decodes")?;
        let status = child.wait().await?;
        if !status.success() || !complaint.trim().is_empty() {
            bail!("ffmpeg can't decode {}: {}", playlist.display(), complaint.trim());
        }
        Ok(())
    }
}
