//! Makes what the outbox owes before it is there, by rendering it from the tapes or from its segments.

use std::io;
use std::sync::Arc;

use capstan_archive::mp4::{AssemblyError, assemble};
use capstan_archive::tail::Tail;
use capstan_outbox::ports::{Maker, MakingError, WantedMp4, WantedTail};
use capstan_render::pictures::Pictures;
use capstan_render::{Means, RenderError, bring_home};

use crate::describe::describe;

/// The process's maker.
pub struct Renderer {
    pictures: Arc<dyn Pictures>,
}

impl Renderer {
    /// With what a recording may have shown.
    #[must_use]
    pub fn new(pictures: Arc<dyn Pictures>) -> Self {
        Self { pictures }
    }
}

impl Maker for Renderer {
    fn tail(&self, wanted: WantedTail<'_>) -> Result<Tail, MakingError> {
        let WantedTail { folder, mp4, stop } = wanted;
        let images = self.pictures.of(folder);
        let images = images.map_err(|source| RenderError::Io { path: folder.to_owned(), source });
        let made = images.and_then(|images| {
            bring_home(folder, Means { images, typeface: self.pictures.typeface(), mp4, stop })
        });
        made.map_err(|error| unmade(&error))
    }

    fn mp4(&self, wanted: &WantedMp4) -> Result<u64, MakingError> {
        assemble(&wanted.init, &wanted.segments, &wanted.path).map_err(|error| {
            let reason = error.to_string();
            match error {
                AssemblyError::Io { .. } => MakingError::ForNow { reason },
                AssemblyError::Segments(_) => MakingError::ForGood { reason },
            }
        })
    }
}

/// What it means for the outbox, which asks whether it makes sense to try again.
fn unmade(error: &RenderError) -> MakingError {
    let reason = describe(error);
    match error {
        RenderError::Io { source, .. }
            if matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData) =>
        {
            MakingError::ForGood { reason }
        }
        RenderError::Io { .. } | RenderError::Write { .. } => MakingError::ForNow { reason },
        RenderError::Stopped => MakingError::Stopped,
        RenderError::Nothing { .. } | RenderError::NotMixed { .. } | RenderError::Output(_) => {
            MakingError::ForGood { reason }
        }
    }
}
