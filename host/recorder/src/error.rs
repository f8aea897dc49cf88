//! Why recordings can't be started, changed or stopped.

use capstan_outbox::ports::UploadError;
use capstan_outbox::{OutboxError, RetargetError};
use capstan_pipeline::encode::EncodeError;
use capstan_recording::layout::LayoutError;
use thiserror::Error;

use crate::av1::Av1Error;
use crate::space::NoSpace;

/// Why a recording can't start.
#[derive(Debug, Error)]
pub enum StartError {
    /// As many run as may.
    #[error("{limit} recordings run, as many as this server admits (recording.max_recordings)")]
    Full {
        /// The limit.
        limit: usize,
    },
    /// As many of the app run as may.
    #[error("{limit} recordings of this app run, as many as it may have (apps.max_recordings)")]
    AppFull {
        /// The limit.
        limit: usize,
    },
    /// The resource was started before.
    #[error(
        "this resource id was started already, as recording {sid}; acquire another for a new one"
    )]
    Used {
        /// Its recording.
        sid: String,
    },
    /// Another recording has the same app, room and recorder uid.
    #[error(
        "recording {sid} of this room has the same recorder uid; stop it, or acquire with another uid"
    )]
    Conflict {
        /// The other one.
        sid: String,
    },
    /// AV1 isn't admitted.
    #[error(transparent)]
    Av1(#[from] Av1Error),
    /// The encoders don't take the settings.
    #[error(transparent)]
    Encoder(#[from] EncodeError),
    /// The layout can't be made.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The storage refuses its configuration.
    #[error(transparent)]
    Storage(#[from] UploadError),
    /// The recording itself didn't start.
    #[error(transparent)]
    Recording(#[from] capstan_recording::handle::StartError),
    /// The disk is too full for another.
    #[error(transparent)]
    Space(#[from] NoSpace),
    /// What must survive a restart can't be kept.
    #[error(transparent)]
    Outbox(OutboxError),
    /// The process is ending.
    #[error("the server is shutting down")]
    Aborted,
}

/// Why a recording can't be stopped.
#[derive(Debug, Error)]
pub enum StopError {
    /// It was asked to before, or ends by itself.
    #[error("recording {sid} is stopping already")]
    Already {
        /// Which.
        sid: String,
    },
}

/// Why fresh keys had no effect; files go as they went before.
#[derive(Debug, Error)]
pub enum RefreshError {
    /// It uses no keys of a request's.
    #[error("the recording goes to the server's own storage, which has no keys to update")]
    Own,
    /// The storage refuses them.
    #[error(transparent)]
    Refused(#[from] UploadError),
    /// The recording is forgotten or owes nothing, or they can't be kept.
    #[error(transparent)]
    Outbox(#[from] RetargetError),
    /// The process is ending.
    #[error("the server is shutting down")]
    Aborted,
}
