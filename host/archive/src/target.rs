//! Where a recording's files go.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a recording's files go. It is kept on disk with each owed upload, credentials included,
/// since an upload must go on after a restart; `Debug` and logs never show `config`.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StorageTarget {
    /// Which storage: a plugin's name, or `store` for the process's native one.
    pub storage: String,
    /// Its configuration, a JSON object. Secret.
    pub config: String,
}

impl fmt::Debug for StorageTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StorageTarget").field("storage", &self.storage).finish_non_exhaustive()
    }
}
