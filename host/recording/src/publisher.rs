//! Puts segments and the playlist on disk, then owes them to the outbox.
//!
//! A segment is whole on disk before the playlist names it, and the playlist before its upload is
//! owed, so a process that dies anywhere leaves a playlist that plays. Segments that a full disk
//! refuses wait in memory, within a bound; what must be given up is marked and told.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use capstan_media::container::playlist::{self, Entry, Playlist};
use capstan_media::sample::Segment;
use capstan_media::time::RoomTime;
use capstan_media::timeline::LossPlace;

use crate::composition::{Cut, sync_tags};
use crate::event::{Code, Module, Problem};
use crate::listing::uri_of;
use crate::names;
use crate::outbox::{NewFile, hls_folder, write_whole};
use crate::seldom::Seldom;
use crate::settings::{MixFiles, OutputSettings};
use crate::shared::Shared;
use crate::status::FileFacts;

/// The most bytes of segments that wait for a disk: minutes of a usual recording.
const MAX_WAITING: usize = 16 * 1024 * 1024;
/// How often a disk that refuses is told of by an event.
const EVENTS_EVERY: Duration = Duration::from_secs(60);

/// One recording's files.
pub(crate) struct Publisher {
    shared: Arc<Shared>,
    folder: PathBuf,
    stem: String,
    output: OutputSettings,
    playlist: Playlist,
    /// The outbox knows of the playlist.
    known: bool,
    init: Option<(String, Bytes)>,
    /// Segments that aren't on disk yet: normally none outlive a call.
    waiting: VecDeque<Segment>,
    /// The segment before isn't in the playlist, so the next one doesn't go on from it.
    broken: bool,
    /// Files on disk that aren't owed yet: normally none outlive a call.
    unowed: Vec<NewFile>,
    start: RoomTime,
    events_of_refusal: Seldom,
}

impl Publisher {
    pub(crate) fn new(
        shared: Arc<Shared>,
        start: RoomTime,
        output: &OutputSettings,
        files: MixFiles,
    ) -> Self {
        let settings = &shared.settings;
        let micros = u64::try_from(settings.segment.as_micros()).unwrap_or(u64::MAX);
        let target_seconds = playlist::target_seconds(micros);
        let MixFiles { container, .. } = files;
        let playlist = Playlist { container, target_seconds, entries: Vec::new(), ended: false };
        let (folder, stem) = (hls_folder(&shared.folder), settings.stem());
        Self {
            shared,
            folder,
            stem,
            output: output.clone(),
            playlist,
            known: false,
            init: None,
            waiting: VecDeque::new(),
            broken: false,
            unowed: Vec::new(),
            start,
            events_of_refusal: Seldom::new(EVENTS_EVERY),
        }
    }

    /// Takes what was cut.
    pub(crate) fn publish(&mut self, cuts: Vec<Cut>) {
        for cut in cuts {
            match cut {
                Cut::Init(bytes) => self.init = Some((names::init(&self.stem), bytes)),
                Cut::Segment(segment) => {
                    self.waiting.push_back(segment);
                    self.write_waiting();
                }
            }
        }
    }

    /// Writes the playlist's last version. Nothing is written if no segment ever was.
    pub(crate) fn end(&mut self) {
        self.write_waiting();
        for segment in std::mem::take(&mut self.waiting) {
            self.lose(&segment);
        }
        if self.playlist.entries.is_empty() {
            return;
        }
        self.playlist.ended = true;
        self.list();
    }

    /// Writes what waits, oldest first, and lists what was written.
    fn write_waiting(&mut self) {
        let before = self.playlist.entries.len();
        while let Some(segment) = self.waiting.pop_front() {
            if !self.segment(&segment) {
                self.waiting.push_front(segment);
                break;
            }
        }
        if self.playlist.entries.len() > before {
            self.list();
        }
        while self.waiting.iter().map(|segment| segment.bytes.len()).sum::<usize>() > MAX_WAITING
            && let Some(oldest) = self.waiting.pop_front()
        {
            self.lose(&oldest);
        }
    }

    /// Writes a segment and makes it part of the playlist. False if the disk refuses.
    fn segment(&mut self, segment: &Segment) -> bool {
        let name = names::slice(&self.stem, segment.start, self.playlist.container);
        if !self.write_init() || !self.write(&name, &segment.bytes) {
            return false;
        }
        metrics::counter!("capstan_segments_total").increment(1);
        self.shared.numbers().segments += 1;
        let discontinuity = std::mem::take(&mut self.broken);
        let begins = discontinuity || self.playlist.entries.is_empty();
        self.playlist.entries.push(Entry {
            uri: uri_of(&name),
            init_uri: self.init.as_ref().map(|(init, _)| uri_of(init)),
            start: segment.start,
            micros: segment.micros,
            discontinuity,
            sync: if begins { sync_tags(&self.output, segment.start) } else { Vec::new() },
        });
        true
    }

    /// Writes the init segment, if the container has one, before the first segment. False if the
    /// disk refuses.
    fn write_init(&mut self) -> bool {
        let Some((name, bytes)) = self.init.clone() else { return true };
        let written = bytes.is_empty() || self.write(&name, &bytes);
        if written {
            // Emptied, it isn't written again.
            self.init = Some((name, Bytes::new()));
        }
        written
    }

    fn write(&mut self, name: &str, bytes: &[u8]) -> bool {
        if !self.is_known() {
            return false;
        }
        let path = self.folder.join(name);
        match write_whole(&path, bytes) {
            Ok(()) => {
                let list = self.shared.settings.playlist_name();
                self.unowed.push(NewFile::segment(&list, path, bytes.len() as u64));
                true
            }
            Err(error) => {
                self.fail(format!("{name} can't be written yet: {error}"));
                false
            }
        }
    }

    /// Whether the outbox knows of the playlist, as it must before anything of it is on disk.
    fn is_known(&mut self) -> bool {
        if !self.known {
            let settings = &self.shared.settings;
            let key = settings.key(&settings.playlist_name());
            let facts = FileFacts::mixed(key, settings.track_type(), self.start);
            match self.shared.outbox.begin_list(&settings.sid, facts) {
                Ok(()) => self.known = true,
                Err(error) => self.fail(format!("the playlist can't be begun yet: {error}")),
            }
        }
        self.known
    }

    fn lose(&mut self, segment: &Segment) {
        self.broken = true;
        let name = names::slice(&self.stem, segment.start, self.playlist.container);
        let why = format!("segment {name} couldn't be written; its frames may be on tape");
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
            Err(error) => self.fail(format!("the playlist can't be written yet: {error}")),
        }
        let sid = &self.shared.settings.sid;
        match self.shared.outbox.file(sid, &self.unowed) {
            Ok(()) => self.unowed.clear(),
            // They stay and are owed with the next segment.
            Err(error) => tracing::error!(%sid, %error, "finished files can't be owed yet"),
        }
    }

    fn fail(&mut self, message: String) {
        if !self.events_of_refusal.may(self.shared.clock.now()) {
            tracing::warn!(sid = %self.shared.settings.sid, message, "the disk refuses");
            return;
        }
        let (module, code) = (Module::Recorder, Code::FileOperation);
        self.shared.fail(Problem { module, level: 4, code, message });
    }

    /// Tries once more to owe what couldn't be owed. True if nothing is left.
    pub(crate) fn settle(&mut self) -> bool {
        let sid = &self.shared.settings.sid;
        if !self.unowed.is_empty() && self.shared.outbox.file(sid, &self.unowed).is_ok() {
            self.unowed.clear();
        }
        self.unowed.is_empty()
    }
}
