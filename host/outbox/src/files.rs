//! How files come to be owed, and go from this machine once they have left.

use std::path::{Path, PathBuf};

use capstan_archive::facts::FileFacts;
use capstan_archive::settings::{Container, RecordingSettings};
use capstan_media::time::RoomTime;

use crate::books::Books;
use crate::books::change::Change;
use crate::books::ledger::{Ledger, ModeName, Mp4s};
use crate::books::owing::Owing;
use crate::event::Event;

/// A file that is finished on disk, or a playlist that was rewritten there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFile {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) content_type: &'static str,
    pub(crate) size: u64,
    pub(crate) is_playlist: bool,
    /// The file name of the playlist that it is, or that names it, if one does.
    pub(crate) list: Option<String>,
}

pub(crate) const PLAYLIST_TYPE: &str = "application/vnd.apple.mpegurl";
/// Only screenshots have it.
pub(crate) const SNAPSHOT_TYPE: &str = "image/jpeg";

impl NewFile {
    /// Whether it is a playlist, which is owed anew whenever it is rewritten.
    #[must_use]
    pub const fn is_playlist(&self) -> bool {
        self.is_playlist
    }

    /// A playlist as it is on disk now.
    #[must_use]
    pub fn playlist(path: PathBuf, size: u64) -> Self {
        let (name, content_type) = (name_of(&path), PLAYLIST_TYPE);
        Self { list: Some(name.clone()), name, path, content_type, size, is_playlist: true }
    }

    /// A segment or init segment of the playlist of this name.
    #[must_use]
    pub fn segment(list: &str, path: PathBuf, size: u64) -> Self {
        let (name, content_type) = (name_of(&path), type_of(&path));
        let list = Some(list.to_owned());
        Self { list, name, path, content_type, size, is_playlist: false }
    }

    /// A file that no playlist names.
    #[must_use]
    pub fn alone(path: PathBuf, size: u64) -> Self {
        let (name, content_type) = (name_of(&path), type_of(&path));
        Self { list: None, name, path, content_type, size, is_playlist: false }
    }
}

/// The media type of a recording's file by the end of its name.
fn type_of(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some(extension) if extension == Container::Ts.extension() => Container::Ts.media_type(),
        Some("jpg") => SNAPSHOT_TYPE,
        _ => Container::Fmp4.media_type(),
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The ledger of a recording that begins.
pub(crate) fn ledger_of(settings: &RecordingSettings, folder: &Path, begun: RoomTime) -> Ledger {
    let RecordingSettings { sid, room, recorder_uid, storage, .. } = settings.clone();
    let new = Ledger::new(sid, room, recorder_uid, storage, folder, begun);
    let (mode, prefix) = (ModeName::from(&settings.mode), settings.prefix.clone());
    let mp4 = settings.mix().and_then(|mix| mix.files.mp4).map(|_| Mp4s::default());
    Ledger { mode, prefix, keep_tapes: settings.keep_tapes, mp4, ..new }
}

/// Owes new files, in their order; with the first ones of a playlist, the event of its first slice.
pub(crate) fn owe(change: &mut Change, books: &Books, new: &[NewFile], now: RoomTime) {
    for file in new {
        first_of_list(change, file, now);
        let ledger = &mut change.ledger;
        let key = ledger.key(&file.name);
        let before = books.uploads.get(&(ledger.sid.clone(), key.clone()));
        if !file.is_playlist {
            ledger.bytes_owed += file.size;
            let list = file.list.as_ref().map(|list| ledger.key(list));
            if let Some(list) = list.and_then(|list| ledger.list_mut(&list)) {
                list.filed += 1;
            }
        }
        let (sid, path) = (ledger.sid.clone(), file.path.clone());
        let new = Owing::new(sid, key, path, file.content_type.to_owned(), file.size);
        let new = Owing { order: ledger.next_order, is_playlist: file.is_playlist, ..new };
        change.owe.push(match before {
            Some(before) => new.instead_of(before),
            None => new,
        });
        ledger.next_order += 1;
    }
}

/// Tells of a playlist's first slice if this is the first of its files.
fn first_of_list(change: &mut Change, file: &NewFile, now: RoomTime) {
    let key = file.list.as_ref().map(|list| change.ledger.key(list));
    let Some(list) = key.and_then(|key| change.ledger.list(&key)) else { return };
    if file.is_playlist || list.filed > 0 {
        return;
    }
    let FileFacts { uid, tracks, start, .. } = list.facts;
    change.tell(&Event::SliceStarted { uid, tracks, at: start, before: start }, now);
}
