//! What `stop` takes.

use crate::agora::read::{BadField, Object};

/// `stop`'s `clientRequest`: whether the answer may come before the uploads are done.
pub(crate) fn read_stop(request: Object<'_>) -> Result<bool, BadField> {
    request.flag("async_stop")
}
