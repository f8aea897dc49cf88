//! The moment of a request.

use capstan_media::time::RoomTime;

/// The moment of a request, for fields that hold a time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now(pub(crate) RoomTime);
