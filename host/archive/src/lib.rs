//! What lies on disk of one recording: its folder and the names in it, settings, tapes, timeline,
//! playlists as text, MP4 files of segments.
//!
//! Everything that makes or ships a recording meets here; nothing here decodes, renders or uploads.

#[cfg(test)]
extern crate self as capstan_archive;

pub mod facts;
pub mod folder;
pub mod listed;
pub mod listing;
pub mod mp4;
pub mod names;
pub mod remembered;
pub mod report;
pub mod settings;
pub mod tail;
pub mod tape;
pub mod target;
#[cfg(test)]
pub mod testing;
pub mod timeline;
