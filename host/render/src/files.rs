//! A rendering as files: the same names as the live recording gave them, and a playlist that is over.

use std::path::{Path, PathBuf};
use std::time::Duration;

use capstan_archive::listing::uri_of;
use capstan_archive::names;
use capstan_archive::remembered::{Made, Remembered};
use capstan_archive::settings::OutputSettings;
use capstan_media::container::Container;
use capstan_media::container::playlist::{self, Entry, Playlist};

use crate::apart;
use crate::mix::{Cut, sync_tags};
use crate::mixed::render;
use crate::out::{make_empty, write_in};
use crate::rendering::{RenderError, Rendered, Rendering, known};

/// Renders into `out`, which must not exist yet or be empty, so that nothing there is overwritten.
/// Playlists come last: a folder without one holds a rendering that broke off. Returns the playlists'
/// paths beside what was rendered.
///
/// # Errors
/// As [`RenderError`] says, or a file can't be written.
pub fn render_into(
    rendering: Rendering,
    out: &Path,
) -> Result<(Vec<PathBuf>, Rendered), RenderError> {
    let known = known(&rendering.folder)?;
    make_empty(out)?;
    match known.made {
        Made::Mix(ref output) => mixed(rendering, &known, output.clone(), out),
        Made::Individual(settings) => apart::render(&rendering.folder, &known, settings, out),
    }
}

fn mixed(
    rendering: Rendering,
    known: &Remembered,
    output: OutputSettings,
    out: &Path,
) -> Result<(Vec<PathBuf>, Rendered), RenderError> {
    let segment = Duration::from_millis(known.segment_ms);
    let micros = u64::try_from(segment.as_micros()).unwrap_or(u64::MAX);
    let target_seconds = playlist::target_seconds(micros);
    let container = Container::Fmp4;
    let mut list =
        Playlist { container, target_seconds, entries: Vec::new(), independent: true, ended: true };
    let output = rendering.output.clone().unwrap_or(output);
    let init = names::init(&known.stem, 0);
    let rendered = render(rendering, |cut| match cut {
        Cut::Init(bytes) => write_in(out, &init, &bytes),
        Cut::Segment(segment) => {
            let name = names::slice(&known.stem, segment.start, container);
            write_in(out, &name, &segment.bytes)?;
            let first = list.entries.is_empty();
            list.entries.push(Entry {
                uri: uri_of(&name),
                init_uri: Some(uri_of(&init)),
                start: segment.start,
                micros: segment.micros,
                discontinuity: false,
                sync: if first { sync_tags(&output, segment.start) } else { Vec::new() },
            });
            Ok(())
        }
    })?;
    let name = names::playlist(&known.stem);
    write_in(out, &name, playlist::render(&list).as_bytes())?;
    Ok((vec![out.join(name)], rendered))
}
