//! The port to layouts: who answers where everything is painted.
//!
//! `capstan-plugin` implements it with sandboxed components, tests with plain Rust.

use capstan_media::scene::{LayoutInput, Scene};
use capstan_outbox::ports::Fault;
use thiserror::Error;

/// Answers where everything is painted. One value serves one recording, on its own thread.
pub trait Layout: Send {
    /// Answers a validated scene within its time budget.
    ///
    /// # Errors
    /// The layout said no or misbehaved; the caller keeps the last good scene or uses its own grid.
    fn arrange(&mut self, input: &LayoutInput) -> Result<Scene, LayoutError>;
}

/// Why there is no scene.
#[derive(Debug, Error, Clone)]
pub enum LayoutError {
    /// The layout answered an error of its own (bad options, say).
    #[error("layout {layout} refused: {reason}")]
    Refused {
        /// The layout's name.
        layout: String,
        /// Its words, cut.
        reason: String,
    },
    /// It broke its contract.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// It faulted repeatedly and isn't asked for now.
    #[error("layout {layout} is benched after repeated faults")]
    Benched {
        /// The layout's name.
        layout: String,
    },
}
