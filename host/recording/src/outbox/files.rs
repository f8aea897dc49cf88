//! How files come to be owed, and go from this machine once they have left.

use std::io;
use std::path::{Path, PathBuf};

use capstan_media::time::RoomTime;

use super::books::{Books, Change, Ledger, Owing, Stage};
use crate::event::Event;
use crate::settings::RecordingSettings;

/// A file that is finished on disk, or a playlist that was rewritten there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewFile {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) content_type: &'static str,
    pub(crate) size: u64,
    pub(crate) is_playlist: bool,
}

pub(crate) const PLAYLIST_TYPE: &str = "application/vnd.apple.mpegurl";
pub(crate) const SEGMENT_TYPE: &str = "video/mp4";

impl NewFile {
    pub(crate) fn playlist(path: PathBuf, size: u64) -> Self {
        Self { name: name_of(&path), path, content_type: PLAYLIST_TYPE, size, is_playlist: true }
    }

    pub(crate) fn segment(path: PathBuf, size: u64) -> Self {
        Self { name: name_of(&path), path, content_type: SEGMENT_TYPE, size, is_playlist: false }
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Where a recording's tapes lie in its folder.
pub(crate) fn tape_folder(folder: &Path) -> PathBuf {
    folder.join("tape")
}

/// Where a recording's segments and playlist lie in its folder.
pub(crate) fn hls_folder(folder: &Path) -> PathBuf {
    folder.join("hls")
}

/// The ledger of a recording that begins.
pub(super) fn ledger_of(settings: &RecordingSettings, folder: &Path) -> Ledger {
    Ledger {
        sid: settings.sid.clone(),
        app: settings.room.app.clone(),
        room: settings.room.name.clone(),
        recorder_uid: settings.recorder_uid,
        target: settings.storage.clone(),
        folder: folder.to_owned(),
        prefix: settings.prefix.clone(),
        playlist: settings.playlist_name(),
        tracks: settings.track_type(),
        keep_tapes: settings.keep_tapes,
        stage: Stage::Live,
        next_sequence: 0,
        next_order: 0,
        slice_start: None,
        filed: 0,
        playlist_uploaded: false,
        playlist_failed: false,
        refusal_told: false,
        bytes_owed: 0,
        bytes_uploaded: 0,
        ended: None,
    }
}

/// Owes new files, in their order; with the first ones, the events of the first slice.
pub(super) fn owe(
    change: &mut Change,
    books: &Books,
    slice_start: RoomTime,
    new: &[NewFile],
    now: RoomTime,
) {
    if change.ledger.slice_start.is_none() {
        change.ledger.slice_start = Some(slice_start);
        let tracks = change.ledger.tracks;
        let (at, before) = (slice_start, slice_start);
        change.tell(&Event::SliceStarted { uid: None, tracks, at, before }, now);
        change.tell(&Event::UploaderStarted, now);
    }
    for file in new {
        let ledger = &mut change.ledger;
        let key = ledger.key(&file.name);
        let before = books.uploads.get(&(ledger.sid.clone(), key.clone()));
        if !file.is_playlist {
            ledger.filed += 1;
            ledger.bytes_owed += file.size;
        }
        change.owe.push(Owing {
            sid: ledger.sid.clone(),
            key,
            path: file.path.clone(),
            content_type: file.content_type.to_owned(),
            size: file.size,
            order: ledger.next_order,
            version: before.map_or(0, |owing| owing.version + 1),
            is_playlist: file.is_playlist,
            failures: before.map_or(0, |owing| owing.failures),
            failing_since: before.and_then(|owing| owing.failing_since),
            saved: None,
            parked: before.and_then(|owing| owing.parked.clone()),
        });
        ledger.next_order += 1;
    }
}

/// Removes the tapes of a recording whose files are all in the bucket. Those of one that failed stay:
/// they may hold what the files don't.
pub(super) fn remove_tapes(ledger: &Ledger) {
    if !ledger.tapes_stay() {
        remove_folder(&tape_folder(&ledger.folder));
    }
}

pub(super) fn remove_folder(folder: &Path) {
    match std::fs::remove_dir_all(folder) {
        Ok(()) => tracing::debug!(folder = %folder.display(), "removed local files"),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => {
            tracing::warn!(folder = %folder.display(), %error, "local files can't be removed");
        }
    }
}

/// Puts a file in place whole and durably: written aside, synced, renamed, its folder synced.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".tmp");
    let aside = PathBuf::from(aside);
    let written = (|| {
        let mut file = std::fs::File::create(&aside)?;
        io::Write::write_all(&mut file, bytes)?;
        file.sync_all()?;
        std::fs::rename(&aside, path)?;
        path.parent().map_or(Ok(()), |folder| std::fs::File::open(folder)?.sync_all())
    })();
    if written.is_err() {
        // A full disk gets its space back; the error that is returned matters more than this one.
        let _ = std::fs::remove_file(&aside);
    }
    written
}
