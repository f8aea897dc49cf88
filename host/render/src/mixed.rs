//! A mixed recording made again from its tapes and timeline: the same composite and the same scenes; no
//! clock. Where the live one lost nothing and skipped nothing, the pictures are the same.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use capstan_archive::remembered::Made;
use capstan_archive::settings::MixFiles;
use capstan_pipeline::composite::Composite;

use crate::mix::{Cut, Cutter, OutputError, composite_settings};
use crate::rendering::{RenderError, Rendered, Rendering, known};
use crate::score::Score;

/// Encoders run for so long before what they are needed for, so that nothing is heard of their start.
const WARM_UP: Duration = Duration::from_secs(1);

/// Renders all of a mixed recording, giving each piece to `sink` as it is cut.
///
/// # Errors
/// As [`RenderError`] says, or the sink. Damaged tapes and lines are no error: what is whole is
/// rendered.
pub fn render(
    rendering: Rendering,
    sink: impl FnMut(Cut) -> Result<(), RenderError>,
) -> Result<Rendered, RenderError> {
    let Rendering { folder, output, images, typeface } = rendering;
    let known = known(&folder)?;
    let Made::Mix(mixed) = known.made else { return Err(RenderError::NotMixed { folder }) };
    let output = output.unwrap_or(mixed);
    let segment = Duration::from_millis(known.segment_ms);
    let score = Score::read(&folder)?;
    let settings = composite_settings(&output, segment, images, typeface);
    let composite = Composite::new(settings, score.start).map_err(OutputError::from)?;
    let cutter = Cutter::new(score.start, segment, &output, MixFiles::default());
    play(score, composite, cutter, 0, &AtomicBool::new(false), sink)
}

/// Plays the score up to its end, giving each piece to `sink` as it is cut. What comes before the tick
/// `from` is there already: it is decoded, not painted, and but for the last second not encoded.
pub(crate) fn play(
    mut score: Score,
    mut composite: Composite,
    mut cutter: Cutter,
    from: u64,
    stop: &AtomicBool,
    mut sink: impl FnMut(Cut) -> Result<(), RenderError>,
) -> Result<Rendered, RenderError> {
    let mut rendered = Rendered::default();
    let warm = from.saturating_sub(composite.ticks_in(WARM_UP)).max(u64::from(from > 0));
    let mut give = |cuts: Vec<Cut>, rendered: &mut Rendered| {
        for cut in cuts {
            rendered.segments += u64::from(matches!(cut, Cut::Segment(_)));
            sink(cut)?;
        }
        Ok::<(), RenderError>(())
    };
    for tick in 0.. {
        if !score.has(composite.next_tick()) {
            break;
        }
        if stop.load(Ordering::Relaxed) {
            return Err(RenderError::Stopped);
        }
        for event in score.events_until(composite.due()) {
            composite.push(&event);
        }
        // Decodes up to the tick, as the live recording does before it asks its layout.
        composite.roster();
        if let Some(scene) = score.scene_until(composite.next_tick()) {
            // A scene was valid when it was marked; one that isn't any more is passed over.
            if let Err(error) = composite.set_scene(scene) {
                tracing::warn!(%error, "a scene of the timeline can't be painted");
            }
        }
        if tick < warm {
            composite.pass();
            cutter.sound_begins(composite.passed_sound());
            continue;
        }
        let made = if tick < from { composite.skip() } else { composite.render() };
        let outputs = made.map_err(OutputError::from)?;
        rendered.pictures += u64::from(tick >= from);
        give(cutter.push(outputs, || composite.tracks())?, &mut rendered)?;
    }
    let outputs = composite.finish().map_err(OutputError::from)?;
    give(cutter.push(outputs, || composite.tracks())?, &mut rendered)?;
    give(cutter.finish()?, &mut rendered)?;
    rendered.damaged_tapes = score.damaged_tapes;
    rendered.damaged_lines = score.damaged_lines;
    Ok(rendered)
}
