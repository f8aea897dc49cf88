//! The names of the process's own stores among the storages.

/// The name under which the process's own store is a storage.
pub const STORE: &str = "store";
/// The name under which the backup store is a storage.
pub const BACKUP: &str = "backup";
