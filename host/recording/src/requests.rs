//! What a running recording is asked for by others, and why that may have no effect.

use std::collections::BTreeMap;

use capstan_archive::settings::{BadSetting, LayoutChoice, Subscription};
use capstan_pipeline::composite::Image;
use thiserror::Error;
use tokio::sync::oneshot;

use crate::layout::{Layout, LayoutError};

/// Another layout, or other options for the same one.
pub struct LayoutChange {
    /// Which layout, and its options.
    pub choice: LayoutChoice,
    /// The layout itself if it is another one than now.
    pub layout: Option<Box<dyn Layout>>,
    /// More pictures that scenes may name from now on, whatever the layout says. A name that is taken
    /// keeps its picture.
    pub images: BTreeMap<String, Image>,
}

/// Why a layout change had no effect; the recording goes on as it was.
#[derive(Debug, Error)]
pub enum UpdateLayoutError {
    /// The recording is over.
    #[error("recording {sid} is over")]
    Over {
        /// The recording.
        sid: String,
    },
    /// There is nothing to lay out.
    #[error("recording {sid} isn't mixed, so it has no layout")]
    NotMixed {
        /// The recording.
        sid: String,
    },
    /// The layout didn't take the options.
    #[error(transparent)]
    Layout(#[from] LayoutError),
}

/// Why another subscription had no effect; the recording goes on as it was.
#[derive(Debug, Error)]
pub enum UpdateSubscriptionError {
    /// It makes no sense.
    #[error(transparent)]
    Setting(#[from] BadSetting),
    /// The recording is over.
    #[error("recording {sid} is over")]
    Over {
        /// The recording.
        sid: String,
    },
}

/// A layout change and where its answer goes.
pub(crate) struct LayoutRequest {
    pub(crate) change: LayoutChange,
    pub(crate) answer: oneshot::Sender<Result<(), UpdateLayoutError>>,
}

/// Another subscription, and who is to be told that it holds.
pub(crate) struct SubscriptionRequest {
    pub(crate) subscription: Subscription,
    pub(crate) answer: oneshot::Sender<()>,
}
