//! Puts segments and their playlist on disk, then owes them to the outbox.
//!
//! A segment is whole on disk before the playlist names it, and the playlist before its upload is
//! owed, so a process that dies anywhere leaves a playlist that plays. Segments that a full disk
//! refuses wait in memory, within a bound; what must be given up is marked and told.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use capstan_archive::facts::FileFacts;
use capstan_archive::folder::{hls_folder, parts_folder, write_whole};
use capstan_archive::listing::uri_of;
use capstan_archive::mp4::Fill;
use capstan_archive::names;
use capstan_archive::settings::{Mp4Limits, OutputSettings};
use capstan_media::container::Container;
use capstan_media::container::playlist::{self, Entry, Playlist, SyncTag};
use capstan_media::sample::Segment;
use capstan_media::time::RoomTime;
use capstan_media::timeline::LossPlace;
use capstan_outbox::NewFile;
use capstan_outbox::event::{Code, Module, Problem};
use capstan_render::mix::{Cut, sync_tags};

use crate::live::patience::Waits;
use crate::live::tools::Tools;
use crate::seldom::Seldom;

/// The most bytes of segments that wait for a disk: minutes of a usual recording.
const MAX_WAITING: usize = 16 * 1024 * 1024;
/// How often what waits is tried again though nothing new comes.
const TRIES_EVERY: Duration = Duration::from_secs(1);
/// How often a disk that refuses is told of by an event.
const EVENTS_EVERY: Duration = Duration::from_secs(60);

/// A playlist that is to be made.
pub(crate) struct Plan {
    /// The start of its files' names.
    pub(crate) stem: String,
    pub(crate) container: Container,
    /// What events and lists say of it.
    pub(crate) facts: FileFacts,
    /// The longest segment in whole seconds that is planned.
    pub(crate) target_seconds: u32,
    /// Whether every segment decodes without the ones before.
    pub(crate) independent: bool,
    /// How long MP4 files of it become, if there are to be any.
    pub(crate) mp4: Option<Mp4Limits>,
    /// What is mixed, for the tags where it begins and begins again. Tracks bring their own.
    pub(crate) mixed: Option<OutputSettings>,
}

/// A segment with what the playlist says before it.
pub(crate) struct Slice {
    pub(crate) segment: Segment,
    pub(crate) container: Container,
    /// It doesn't go on from the one before.
    pub(crate) discontinuity: bool,
    pub(crate) sync: Vec<SyncTag>,
}

/// One playlist and its files.
pub(crate) struct Writer {
    tools: Tools,
    folder: PathBuf,
    plan: Plan,
    /// The outbox knows of the playlist.
    known: bool,
    playlist: Playlist,
    /// Init segments made.
    inits: u64,
    /// The one that holds for the next segment that is written.
    init_uri: Option<String>,
    /// What the present MP4 file holds.
    fill: Option<Fill>,
    /// MP4 files that aren't owed yet: up to which segment, and where the next one begins. Normally
    /// none outlives a call.
    full: Option<(usize, RoomTime)>,
    /// What isn't on disk yet: normally nothing outlives a call.
    waiting: VecDeque<Waiting>,
    /// The segment before isn't in the playlist, so the next one doesn't go on from it.
    broken: bool,
    /// Files on disk that aren't owed yet: normally none outlive a call.
    unowed: Vec<NewFile>,
    /// The playlist on disk isn't the newest: normally not for longer than a call.
    unlisted: bool,
    /// No segment will come any more.
    ends: bool,
    events_of_refusal: Seldom,
    tries: Seldom,
}

enum Waiting {
    Init {
        name: String,
        bytes: Bytes,
    },
    /// What MP4 files are made of and the playlist doesn't name.
    Part {
        name: String,
        bytes: Bytes,
    },
    Slice(Slice),
}

impl Writer {
    pub(crate) fn new(tools: Tools, plan: Plan) -> Self {
        let playlist = Playlist {
            container: plan.container,
            target_seconds: plan.target_seconds,
            entries: Vec::new(),
            independent: plan.independent,
            ended: false,
        };
        Self {
            folder: hls_folder(&tools.basics.folder),
            tools,
            fill: plan.mp4.map(Fill::new),
            full: None,
            plan,
            known: false,
            playlist,
            inits: 0,
            init_uri: None,
            waiting: VecDeque::new(),
            broken: false,
            unowed: Vec::new(),
            unlisted: false,
            ends: false,
            events_of_refusal: Seldom::new(EVENTS_EVERY),
            tries: Seldom::new(TRIES_EVERY),
        }
    }

    /// Takes what was cut of a recording that never breaks off.
    pub(crate) fn write_cuts(&mut self, cuts: Vec<Cut>) {
        for cut in cuts {
            match cut {
                Cut::Init(bytes) if self.plan.container == Container::Ts => {
                    self.init_of_twins(bytes);
                }
                Cut::Init(bytes) => self.init(bytes),
                Cut::Segment(segment) => {
                    let container = self.plan.container;
                    self.slice(Slice {
                        segment,
                        container,
                        discontinuity: false,
                        sync: Vec::new(),
                    });
                }
            }
        }
    }

    /// Takes the init segment of the segments that follow.
    pub(crate) fn init(&mut self, bytes: Bytes) {
        let name = names::init(&self.plan.stem, self.inits);
        self.inits += 1;
        self.waiting.push_back(Waiting::Init { name, bytes });
    }

    /// Takes the init segment of the twins of a transport stream's segments.
    fn init_of_twins(&mut self, bytes: Bytes) {
        let name = names::init(&self.plan.stem, 0);
        self.waiting.push_back(Waiting::Part { name, bytes });
    }

    /// Takes the next segment.
    pub(crate) fn slice(&mut self, slice: Slice) {
        self.waiting.push_back(Waiting::Slice(slice));
        self.write_waiting();
    }

    /// What events and lists say of the playlist.
    pub(crate) const fn facts(&self) -> &FileFacts {
        &self.plan.facts
    }

    /// Segments in the playlist.
    pub(crate) fn segments(&self) -> usize {
        self.playlist.entries.len()
    }

    /// No more segments come: the playlist ends behind those that wait. Nothing is written if no segment
    /// ever was. What the disk refuses waits for [`Waits::settle`].
    pub(crate) fn end(&mut self) {
        self.ends = true;
        self.settle();
    }

    /// Time passes: what the disk refused is tried again.
    pub(crate) fn poll(&mut self) {
        if !self.is_settled() && self.tries.may(self.tools.basics.now()) {
            self.settle();
        }
    }

    fn is_settled(&self) -> bool {
        self.waiting.is_empty() && !self.unlisted && self.unowed.is_empty() && self.full.is_none()
    }

    /// Ends the playlist once all of its segments are there.
    fn close_list(&mut self) {
        let Some(last) = self.playlist.entries.last() else { return };
        if !self.ends || self.playlist.ended || !self.waiting.is_empty() {
            return;
        }
        let end = last.start + Duration::from_micros(last.micros);
        self.playlist.ended = true;
        self.unlisted = true;
        if self.fill.is_some() {
            self.full = Some((self.playlist.entries.len(), end));
        }
    }

    /// Owes the MP4 file of what is listed.
    fn owe_mp4(&mut self) {
        let Some((to, end)) = self.full.filter(|_| self.unowed.is_empty()) else { return };
        let sid = &self.tools.basics.settings.sid;
        match self.tools.outbox.make_mp4(sid, to, end) {
            Ok(()) => self.full = None,
            // Its segments go into the next one, unless it can be owed before.
            Err(error) => tracing::error!(%sid, %error, "an MP4 file can't be owed yet"),
        }
    }

    /// Writes what waits, oldest first, and lists what was written.
    fn write_waiting(&mut self) {
        let before = self.playlist.entries.len();
        while let Some(waiting) = self.waiting.pop_front() {
            let written = match &waiting {
                Waiting::Init { name, bytes } => self.write_init(name, bytes),
                Waiting::Part { name, bytes } => self.write_part(name, bytes),
                Waiting::Slice(slice) => self.write_slice(slice),
            };
            if !written {
                self.waiting.push_front(waiting);
                break;
            }
        }
        if self.playlist.entries.len() > before {
            self.unlisted = true;
            self.list();
        }
        while self.waiting.iter().map(Waiting::bytes).sum::<usize>() > MAX_WAITING
            && let Some(oldest) = self.waiting.iter().position(Waiting::is_slice)
            && let Some(Waiting::Slice(slice)) = self.waiting.remove(oldest)
        {
            self.lose(&slice);
        }
    }

    /// Writes a segment and makes it part of the playlist. False if the disk refuses.
    fn write_slice(&mut self, slice: &Slice) -> bool {
        let Slice { segment, container, discontinuity, sync } = slice;
        let name = names::slice(&self.plan.stem, segment.start, *container);
        let twin = segment.twin.as_ref();
        let part = names::slice(&self.plan.stem, segment.start, Container::Fmp4);
        if twin.is_some_and(|twin| !self.write_part(&part, twin))
            || !self.write(&name, &segment.bytes)
        {
            return false;
        }
        let len = twin.unwrap_or(&segment.bytes).len() as u64;
        if self.fill.as_mut().is_some_and(|fill| fill.take(segment.micros, len)) {
            // It is the first of the next file.
            self.full = Some((self.playlist.entries.len(), segment.start));
        }
        metrics::counter!("capstan_segments_total").increment(1);
        self.tools.made.segment();
        let target = &mut self.playlist.target_seconds;
        // A player needs the truth more than it needs the number never to change.
        *target = (*target).max(playlist::rounded_seconds(segment.micros));
        // A playlist that began as a transport stream may go on as fMP4, never the other way.
        self.playlist.container = *container;
        let discontinuity = std::mem::take(&mut self.broken) || *discontinuity;
        let begins = discontinuity || self.playlist.entries.is_empty();
        let mixed = self.plan.mixed.as_ref().filter(|_| begins);
        self.playlist.entries.push(Entry {
            uri: uri_of(&name),
            init_uri: self.init_uri.clone(),
            start: segment.start,
            micros: segment.micros,
            discontinuity,
            sync: mixed.map_or_else(|| sync.clone(), |mix| sync_tags(mix, segment.start)),
        });
        true
    }

    fn write_init(&mut self, name: &str, bytes: &[u8]) -> bool {
        let written = self.write(name, bytes);
        if written {
            self.init_uri = Some(uri_of(name));
        }
        written
    }

    /// Writes what MP4 files are made of and nobody else needs.
    fn write_part(&mut self, name: &str, bytes: &[u8]) -> bool {
        let folder = parts_folder(&self.tools.basics.folder);
        let made = std::fs::create_dir_all(&folder);
        let written = made.and_then(|()| write_whole(&folder.join(name), bytes));
        if let Err(error) = &written {
            self.fail(format!("{name} can't be written yet: {error}"));
        }
        written.is_ok()
    }

    fn write(&mut self, name: &str, bytes: &[u8]) -> bool {
        if !self.is_known() {
            return false;
        }
        let path = self.folder.join(name);
        match write_whole(&path, bytes) {
            Ok(()) => {
                let list = self.file_name();
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
            let facts = self.plan.facts.clone();
            match self.tools.outbox.begin_list(&self.tools.basics.settings.sid, facts) {
                Ok(()) => self.known = true,
                Err(error) => self.fail(format!("a playlist can't be begun yet: {error}")),
            }
        }
        self.known
    }

    fn lose(&mut self, slice: &Slice) {
        self.broken = true;
        let name = names::slice(&self.plan.stem, slice.segment.start, slice.container);
        let why = format!("segment {name} couldn't be written; its frames may be on tape");
        self.tools.notes.lost(LossPlace::Segment, 1, why);
    }

    /// Writes the playlist and owes everything new.
    fn list(&mut self) {
        let text = playlist::render(&self.playlist);
        let path = self.folder.join(self.file_name());
        match write_whole(&path, text.as_bytes()) {
            Ok(()) => {
                self.unlisted = false;
                self.unowed.retain(|file| !file.is_playlist());
                self.unowed.push(NewFile::playlist(path, text.len() as u64));
            }
            Err(error) => self.fail(format!("the playlist can't be written yet: {error}")),
        }
        let sid = &self.tools.basics.settings.sid;
        match self.tools.outbox.file(sid, &self.unowed) {
            Ok(()) => self.unowed.clear(),
            // They stay and are owed with the next segment.
            Err(error) => tracing::error!(%sid, %error, "finished files can't be owed yet"),
        }
        self.owe_mp4();
    }

    fn file_name(&self) -> String {
        names::playlist(&self.plan.stem)
    }

    fn fail(&mut self, message: String) {
        if !self.events_of_refusal.may(self.tools.basics.now()) {
            tracing::warn!(sid = %self.tools.basics.settings.sid, message, "the disk refuses");
            return;
        }
        let (module, code) = (Module::Recorder, Code::FileOperation);
        self.tools.notes.fail(Problem { module, level: 4, code, message });
    }
}

impl Waits for Writer {
    fn settle(&mut self) -> bool {
        self.write_waiting();
        self.close_list();
        if self.unlisted || !self.unowed.is_empty() {
            self.list();
        }
        self.owe_mp4();
        self.is_settled()
    }

    fn give_up(&mut self) {
        for waiting in std::mem::take(&mut self.waiting) {
            if let Waiting::Slice(slice) = waiting {
                self.lose(&slice);
            }
        }
        if self.settle() {
            return;
        }
        let (name, files) = (self.file_name(), self.unowed.len());
        let why = format!("{name} couldn't be ended; {files} files of it aren't uploaded");
        self.tools.notes.lost(LossPlace::Segment, files.max(1) as u64, why);
    }
}

impl Waiting {
    const fn bytes(&self) -> usize {
        match self {
            Self::Init { bytes, .. } | Self::Part { bytes, .. } => bytes.len(),
            Self::Slice(slice) => slice.segment.bytes.len(),
        }
    }

    const fn is_slice(&self) -> bool {
        matches!(self, Self::Slice(_))
    }
}
