//! The operator's configuration, checked: what the rest of the process may rely on.
//!
//! Everything is parsed and checked here once, before anything listens; later code meets only
//! values that are in range and secrets that are resolved.

mod check;
mod checked;
mod env;
mod error;
mod load;
mod names;
mod schema;
mod secret;
mod vendors;

pub use self::checked::{App, Callback, Config, Credential};
pub use self::error::ConfigError;
pub use self::names::{BACKUP, STORE};
pub use self::schema::{
    Api, AppEntry, AudioChoice, Av1Admission, Backup, CallbackEntry, Events, File, Http, ImageUrls,
    Individual, Ingest, KeyEntry, Layouts, Plugins, Profile, Recording, Storage, TranscodeAudio,
    Uploads, VendorEntry, VideoChoice,
};
pub use self::secret::Secret;
pub use self::vendors::{BadRegion, Vendor, Vendors};

#[cfg(test)]
mod tests;
