//! The facts of a demo, as text.

use std::path::Path;

use super::check::Measured;
use super::made::Made;
use super::process::Usage;

/// What is printed at the end.
pub(super) struct Summary<'a> {
    pub(super) made: &'a Made,
    pub(super) usage: Usage,
    pub(super) playlist: &'a Path,
    pub(super) log: &'a Path,
}

impl Summary<'_> {
    pub(super) fn print(&self, measured: Option<&Measured>) {
        let Made { participants, playlist, playback_url, wall, .. } = self.made;
        let names: Vec<_> =
            participants.iter().map(|(uid, codec)| format!("{uid} ({codec})")).collect();
        println!();
        line("participants", &format!("{}: {}", participants.len(), names.join(", ")));
        let seconds = playlist.seconds;
        line("recorded", &format!("{seconds:.3} s of {wall:.3} s until the stop was asked for"));
        line("segments", &playlist.segments.to_string());
        if let Some(measured) = measured {
            self.measured(measured);
        }
        match self.usage.cpu {
            Some(cpu) => line(
                "server's CPU",
                &format!("{:.3} CPU seconds a second of recording", cpu / seconds.max(0.001)),
            ),
            None => line("server's CPU", "not told by this system"),
        }
        if let Some(memory) = self.usage.memory {
            line("server's memory", &format!("{} MiB at most", memory / (1 << 20)));
        }
        line("recording", &self.playlist.display().to_string());
        line("was served at", playback_url);
        line("server's log", &self.log.display().to_string());
        line("watch it", &format!("ffplay {}", self.playlist.display()));
    }

    fn measured(&self, measured: &Measured) {
        let Measured { video, width, height, fps, audio, channels, rate, .. } = measured;
        line("picture", &format!("{video} {width}x{height} at {fps} pictures a second"));
        let sides = if *channels == 1 { "mono" } else { "stereo" };
        line("sound", &format!("{audio} {sides} at {rate} Hz"));
        for person in &measured.people {
            let uid = person.uid;
            let seen = format!("seen in {} of {} pictures", person.seen, measured.pictures);
            let apart = person.offset.map_or_else(
                || "flashes and beeps don't fit together".to_owned(),
                |offset| {
                    format!(
                        "picture minus sound {:+.0} ms (median of {}, {:+.0} to {:+.0})",
                        offset.median * 1e3,
                        offset.pairs,
                        offset.least * 1e3,
                        offset.greatest * 1e3,
                    )
                },
            );
            line(&format!("participant {uid}"), &format!("{seen}; {apart}"));
        }
        if let Some(median) = measured.median_offset() {
            let note = format!("{:+.0} ms; a picture lasts {:.0} ms", median * 1e3, 1e3 / fps);
            line("A/V offset", &note);
        }
        if let Some(drift) = measured.drift {
            line("drift", &format!("{:+.1} ms against the publishers' clocks", drift * 1e3));
        }
    }
}

fn line(name: &str, text: &str) {
    println!("  {name:<18} {text}");
}
