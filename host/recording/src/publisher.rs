//! Puts segments and the playlist on disk, then owes them to the outbox.
//!
//! A segment is whole on disk before the playlist names it, and the playlist before its upload is
//! owed, so a process that dies anywhere leaves a playlist that plays.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use capstan_media::container::playlist::{self, Entry, Playlist};
use capstan_media::sample::Segment;
use capstan_media::time::RoomTime;
use capstan_media::timeline::LossPlace;

use crate::composition::Cut;
use crate::event::{Code, Module, Problem};
use crate::listing::uri_of;
use crate::names;
use crate::outbox::{NewFile, hls_folder, write_whole};
use crate::shared::Shared;

/// One recording's files.
pub(crate) struct Publisher {
    shared: Arc<Shared>,
    folder: PathBuf,
    stem: String,
    playlist: Playlist,
    init: Option<(String, Bytes)>,
    /// The segment before isn't in the playlist, so the next one doesn't go on from it.
    broken: bool,
    /// Files on disk that aren't owed yet: normally none outlive a call.
    unowed: Vec<NewFile>,
    start: RoomTime,
}

impl Publisher {
    pub(crate) fn new(shared: Arc<Shared>, start: RoomTime) -> Self {
        let settings = &shared.settings;
        let micros = u64::try_from(settings.segment.as_micros()).unwrap_or(u64::MAX);
        let target_seconds = playlist::target_seconds(micros);
        let playlist = Playlist { target_seconds, entries: Vec::new(), ended: false };
        let (folder, stem) = (hls_folder(&shared.folder), settings.stem());
        Self {
            shared,
            folder,
            stem,
            playlist,
            init: None,
            broken: false,
            unowed: Vec::new(),
            start,
        }
    }

    /// Takes what was cut.
    pub(crate) fn publish(&mut self, cuts: Vec<Cut>) {
        for cut in cuts {
            match cut {
                Cut::Init(bytes) => self.init = Some((names::init(&self.stem), bytes)),
                Cut::Segment(segment) => self.segment(&segment),
            }
        }
    }

    /// Writes the playlist's last version. Nothing is written if no segment ever was.
    pub(crate) fn end(&mut self) {
        if self.playlist.entries.is_empty() {
            return;
        }
        self.playlist.ended = true;
        self.list();
    }

    fn segment(&mut self, segment: &Segment) {
        let name = names::slice(&self.stem, segment.start);
        let Some(init_uri) = self.write_init() else { return self.lose(&name) };
        if !self.write(&name, &segment.bytes) {
            return self.lose(&name);
        }
        metrics::counter!("capstan_segments_total").increment(1);
        self.shared.numbers().segments += 1;
        self.playlist.entries.push(Entry {
            uri: uri_of(&name),
            init_uri: uri_of(&init_uri),
            start: segment.start,
            micros: segment.micros,
            discontinuity: std::mem::take(&mut self.broken),
        });
        self.list();
    }

    /// Writes the init segment before the first segment. Its name, or `None` if it can't be written.
    fn write_init(&mut self) -> Option<String> {
        let (name, bytes) = self.init.clone()?;
        if bytes.is_empty() || self.write(&name, &bytes) {
            // Emptied, it isn't written again.
            self.init = Some((name.clone(), Bytes::new()));
            return Some(name);
        }
        None
    }

    fn write(&mut self, name: &str, bytes: &[u8]) -> bool {
        let path = self.folder.join(name);
        match write_whole(&path, bytes) {
            Ok(()) => {
                self.unowed.push(NewFile::segment(path, bytes.len() as u64));
                true
            }
            Err(error) => {
                self.fail(format!("{name} can't be written: {error}"));
                false
            }
        }
    }

    fn lose(&mut self, name: &str) {
        self.broken = true;
        let why = format!("segment {name} couldn't be written");
        self.shared.lost(LossPlace::Segment, 1, why);
    }

    /// Writes the playlist and owes everything new.
    fn list(&mut self) {
        let text = playlist::render(&self.playlist);
        let path = self.folder.join(self.shared.settings.playlist_name());
        match write_whole(&path, text.as_bytes()) {
            Ok(()) => {
                self.unowed.retain(|file| !file.is_playlist);
                self.unowed.push(NewFile::playlist(path, text.len() as u64));
            }
            Err(error) => self.fail(format!("the playlist can't be written: {error}")),
        }
        let sid = &self.shared.settings.sid;
        match self.shared.outbox.file(sid, self.start, &self.unowed) {
            Ok(()) => self.unowed.clear(),
            // They stay and are owed with the next segment.
            Err(error) => tracing::error!(%sid, %error, "finished files can't be owed yet"),
        }
    }

    fn fail(&self, message: String) {
        let (module, code) = (Module::Recorder, Code::FileOperation);
        self.shared.fail(Problem { module, level: 4, code, message });
    }

    /// Tries once more to owe what couldn't be owed. True if nothing is left.
    pub(crate) fn settle(&mut self) -> bool {
        let sid = &self.shared.settings.sid;
        if !self.unowed.is_empty() && self.shared.outbox.file(sid, self.start, &self.unowed).is_ok()
        {
            self.unowed.clear();
        }
        self.unowed.is_empty()
    }
}
