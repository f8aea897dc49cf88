//! From composite to segments on disk: what a mixed recording has once somebody sends.

use capstan_media::scene::Scene;
use capstan_pipeline::composite::{Composite, Output};
use capstan_render::mix::{Cutter, OutputError};

use crate::live::writer::Writer;

/// What exists once somebody sends.
pub(crate) struct Mix {
    pub(crate) composite: Composite,
    pub(crate) cutter: Cutter,
    pub(crate) writer: Writer,
    pub(crate) shown: Option<Scene>,
    /// Ticks rendered or skipped.
    pub(crate) ticks: u64,
}

impl Mix {
    /// Cuts and writes what the composite put out.
    pub(crate) fn write(&mut self, outputs: Vec<Output>) -> Result<(), OutputError> {
        let cuts = self.cutter.push(outputs, || self.composite.tracks())?;
        self.writer.write_cuts(cuts);
        Ok(())
    }

    /// Completes the files. What a composite that failed still holds is given up.
    pub(crate) fn finish(&mut self, whole: bool) -> Result<(), OutputError> {
        let rest = if whole { self.composite.finish() } else { Ok(Vec::new()) };
        let rest = rest.map_err(OutputError::from).and_then(|outputs| self.write(outputs));
        let last = self.cutter.finish().map(|cuts| self.writer.write_cuts(cuts));
        self.writer.end();
        rest.and(last)
    }
}
