//! A playlist that is on disk and goes on: what it names stays as it is, what follows is put behind it.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use capstan_media::container::Container;
use capstan_media::container::playlist::{self, Entry, Playlist};
use capstan_media::container::utc::Utc;
use capstan_media::time::RoomTime;

use crate::folder::write_whole;
use crate::listing;
use crate::names;

/// Playlists say times to the millisecond, rounded down.
pub const UNEVEN: Duration = Duration::from_millis(2);

/// One playlist and what is put behind what it names.
pub struct Listed {
    folder: PathBuf,
    path: PathBuf,
    /// As it is on disk, without its end; empty if it isn't there.
    text: String,
    ended: bool,
    segments: Vec<String>,
    inits: Vec<String>,
    start: Option<RoomTime>,
    end: Option<RoomTime>,
    container: Container,
    fresh: Vec<Entry>,
}

/// What the head of a playlist says.
#[derive(Clone, Copy)]
pub struct Head {
    /// The longest segment in whole seconds that was planned.
    pub target_seconds: u32,
    /// Whether every segment decodes without the ones before.
    pub independent: bool,
}

impl Listed {
    /// Reads a playlist. One that isn't there names nothing yet.
    pub fn open(folder: &Path, stem: &str) -> io::Result<Self> {
        let path = folder.join(names::playlist(stem));
        let mut text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        let ended = text.lines().last() == Some(listing::END);
        if ended {
            text.truncate(text.trim_end().len() - listing::END.len());
        }
        let segments = listing::segments(&text);
        let (start, end) = span(&text);
        let is_ts = segments.last().is_some_and(|name| name.ends_with(Container::Ts.extension()));
        Ok(Self {
            folder: folder.to_owned(),
            path,
            ended,
            inits: listing::inits(&text),
            segments,
            start,
            end,
            container: if is_ts { Container::Ts } else { Container::Fmp4 },
            text,
            fresh: Vec::new(),
        })
    }

    /// Whether it said that nothing follows.
    pub const fn ended(&self) -> bool {
        self.ended
    }

    /// Where the last segment ends that it names, the new ones included.
    pub const fn end(&self) -> Option<RoomTime> {
        self.end
    }

    /// Where its first segment starts.
    pub const fn start(&self) -> Option<RoomTime> {
        self.start
    }

    /// The segments that it named when it was read.
    pub fn named(&self) -> &[String] {
        &self.segments
    }

    /// The init segments that it named when it was read.
    pub fn inits(&self) -> &[String] {
        &self.inits
    }

    /// Whether it names nothing.
    pub const fn is_empty(&self) -> bool {
        self.segments.is_empty() && self.fresh.is_empty()
    }

    /// New segments.
    pub const fn fresh(&self) -> usize {
        self.fresh.len()
    }

    /// A file beside it, as it is on disk.
    pub fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        std::fs::read(self.folder.join(name))
    }

    /// Puts a file beside it.
    pub fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        write_whole(&self.folder.join(name), bytes)
    }

    /// Names one more segment, which is on disk.
    pub fn add(&mut self, entry: Entry, container: Container) {
        self.start.get_or_insert(entry.start);
        self.end = Some(entry.start + Duration::from_micros(entry.micros));
        self.container = container;
        self.fresh.push(entry);
    }

    /// Writes it with its end. Nothing is written if it names nothing.
    pub fn finish(&self, head: Head) -> io::Result<()> {
        if self.is_empty() || (self.ended && self.fresh.is_empty()) {
            return Ok(());
        }
        write_whole(&self.path, self.whole(head).as_bytes())
    }

    fn whole(&self, head: Head) -> String {
        let longest = self.fresh.iter().map(|entry| playlist::rounded_seconds(entry.micros)).max();
        let longest = longest.unwrap_or(0);
        if self.segments.is_empty() {
            return playlist::render(&Playlist {
                container: self.container,
                target_seconds: head.target_seconds.max(longest),
                entries: self.fresh.clone(),
                independent: head.independent,
                ended: true,
            });
        }
        let mut text = String::with_capacity(self.text.len());
        for line in self.text.split_inclusive('\n') {
            let target = line.trim_end().strip_prefix(TARGET).and_then(|said| said.parse().ok());
            if let Some(said) = target {
                text.push_str(&format!("{TARGET}{}\n", longest.max(said)));
            } else if line.trim_end() == OLD_VERSION && self.container == Container::Fmp4 {
                // A playlist that began as a transport stream goes on as fMP4.
                text.push_str(NEW_VERSION);
            } else {
                text.push_str(line);
            }
        }
        let init = self.inits.last().map(|name| listing::uri_of(name));
        text.push_str(&playlist::going_on(&self.fresh, init.as_deref()));
        text.push_str(listing::END);
        text.push('\n');
        text
    }
}

const TARGET: &str = "#EXT-X-TARGETDURATION:";
const OLD_VERSION: &str = "#EXT-X-VERSION:3";
const NEW_VERSION: &str = "#EXT-X-VERSION:7\n";

/// Where the first segment starts and the last one ends.
fn span(text: &str) -> (Option<RoomTime>, Option<RoomTime>) {
    let dates = text.lines().filter_map(|line| line.strip_prefix("#EXT-X-PROGRAM-DATE-TIME:"));
    let mut starts = dates.filter_map(Utc::parse);
    let first = starts.next();
    let last = starts.next_back().or(first);
    let mut lengths = text.lines().filter_map(|line| line.strip_prefix("#EXTINF:"));
    let length = lengths.next_back().and_then(|text| micros(text.trim_end_matches(',')));
    (first, last.zip(length).map(|(start, length)| start + Duration::from_micros(length)))
}

/// Seconds with up to 6 decimals.
fn micros(text: &str) -> Option<u64> {
    let (seconds, decimals) = text.split_once('.').unwrap_or((text, ""));
    let decimals: u64 = format!("{decimals:0<6}").get(..6)?.parse().ok()?;
    seconds.parse::<u64>().ok()?.checked_mul(1_000_000)?.checked_add(decimals)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::DAWN;

    const HEAD: Head = Head { target_seconds: 2, independent: true };

    fn entry(second: u64, micros: u64, init: &str) -> Entry {
        Entry {
            uri: format!("s{second}.m4s"),
            init_uri: Some(init.into()),
            start: DAWN + Duration::from_secs(second),
            micros,
            discontinuity: false,
            sync: Vec::new(),
        }
    }

    #[test]
    fn a_playlist_goes_on_as_if_it_had_never_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let entries = vec![entry(0, 2_000_000, "i.mp4"), entry(2, 2_000_000, "i.mp4")];
        let whole = Playlist {
            container: Container::Fmp4,
            target_seconds: 2,
            entries: entries.clone(),
            independent: true,
            ended: true,
        };
        let begun = Playlist { entries: entries[..1].to_vec(), ended: false, ..whole.clone() };
        let path = folder.path().join("x.m3u8");
        for text in [String::new(), playlist::render(&begun)] {
            std::fs::write(&path, &text).unwrap();
            let mut listed = Listed::open(folder.path(), "x").unwrap();
            let there = listed.named().len();
            assert_eq!(listed.end(), (there > 0).then(|| DAWN + Duration::from_secs(2)));
            entries[there..].iter().for_each(|new| listed.add(new.clone(), Container::Fmp4));
            listed.finish(HEAD).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), playlist::render(&whole));
        }
        // Once more there is nothing to do, and a longer segment is told of.
        let mut listed = Listed::open(folder.path(), "x").unwrap();
        assert!(listed.ended() && listed.start() == Some(DAWN));
        listed.finish(HEAD).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), playlist::render(&whole));
        listed.add(entry(4, 3_600_000, "j.mp4"), Container::Fmp4);
        listed.finish(HEAD).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("#EXT-X-TARGETDURATION:4\n"), "{text}");
        assert!(text.contains("#EXT-X-MAP:URI=\"j.mp4\"\n"), "{text}");
        assert!(text.ends_with("#EXT-X-ENDLIST\n"), "{text}");
        assert_eq!(text.matches(listing::END).count(), 1);
    }

    #[test]
    fn what_names_nothing_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        Listed::open(folder.path(), "x").unwrap().finish(HEAD).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
