//! HLS media playlists (RFC 8216) rendered from a value.
//!
//! A playlist only grows: every rendering of a running one is a prefix of the next.

use std::fmt::Write;

use super::Container;
use super::utc::Utc;
use crate::frame::Size;
use crate::time::RoomTime;
use crate::turn::Turn;

/// One recording's media playlist.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Playlist {
    /// What its segments are.
    pub container: Container,
    /// The longest segment in whole seconds. It must not change while the playlist grows.
    pub target_seconds: u32,
    /// The segments, oldest first.
    pub entries: Vec<Entry>,
    /// Whether every segment decodes without the ones before.
    pub independent: bool,
    /// Whether no segment will be added any more.
    pub ended: bool,
}

/// One segment of a playlist.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The segment's file name, relative to the playlist.
    pub uri: String,
    /// The init segment's file name, where there is one. A tag is written where it differs from the
    /// entry before.
    pub init_uri: Option<String>,
    /// Room time of the segment's start.
    pub start: RoomTime,
    /// Length in microseconds.
    pub micros: u64,
    /// Whether its timestamps or encoding don't go on from the entry before.
    pub discontinuity: bool,
    /// What players that show other things along with the recording must know from here on.
    pub sync: Vec<SyncTag>,
}

/// A tag for playback on one clock with whiteboards, slides, chats. Its times are room times to the
/// millisecond; ordinary players pass it over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SyncTag {
    /// Sound or pictures start here: the first ones, or the first after an interruption.
    Start {
        /// Pictures or sound.
        pictures: bool,
        /// Of the first of them.
        at: RoomTime,
    },
    /// Pictures have this size from here on.
    Size {
        /// In pixels.
        size: Size,
        /// How they must be turned to stand upright. The tag says it in degrees anticlockwise.
        turn: Turn,
        /// Of the first of them.
        at: RoomTime,
    },
}

/// The target duration for segments of a configured length, in microseconds: whole seconds, rounded
/// up, at least 1.
#[must_use]
pub fn target_seconds(segment_micros: u64) -> u32 {
    u32::try_from(segment_micros.div_ceil(1_000_000).max(1)).unwrap_or(u32::MAX)
}

/// A segment's length in whole seconds as it counts against the target duration: rounded to the nearest
/// (RFC 8216, section 4.3.3.1).
#[must_use]
pub fn rounded_seconds(segment_micros: u64) -> u32 {
    u32::try_from(segment_micros.saturating_add(500_000) / 1_000_000).unwrap_or(u32::MAX)
}

/// The playlist's text, `EVENT` type, every line ended by a line feed.
#[must_use]
pub fn render(playlist: &Playlist) -> String {
    // 7 for the init segments of fMP4; decimal lengths need 3, and a transport stream no more.
    let version = match playlist.container {
        Container::Fmp4 => 7,
        Container::Ts => 3,
    };
    let mut text = format!(
        "#EXTM3U\n\
         #EXT-X-VERSION:{version}\n\
         #EXT-X-TARGETDURATION:{}\n\
         #EXT-X-MEDIA-SEQUENCE:0\n\
         #EXT-X-PLAYLIST-TYPE:EVENT\n",
        playlist.target_seconds
    );
    if playlist.independent {
        text.push_str("#EXT-X-INDEPENDENT-SEGMENTS\n");
    }
    text.push_str(&going_on(&playlist.entries, None));
    if playlist.ended {
        text.push_str("#EXT-X-ENDLIST\n");
    }
    text
}

/// The lines of entries behind others, the last of which has this init segment.
#[must_use]
pub fn going_on<'a>(entries: &'a [Entry], mut init_uri: Option<&'a str>) -> String {
    let mut text = String::new();
    for entry in entries {
        if entry.discontinuity {
            text.push_str("#EXT-X-DISCONTINUITY\n");
        }
        if let Some(uri) = entry.init_uri.as_deref().filter(|uri| init_uri != Some(*uri)) {
            line(&mut text, format_args!("#EXT-X-MAP:URI=\"{}\"", quotable(uri)));
            init_uri = Some(uri);
        }
        for tag in &entry.sync {
            sync_tag(&mut text, tag);
        }
        line(&mut text, format_args!("#EXT-X-PROGRAM-DATE-TIME:{}", Utc::of(entry.start)));
        let (seconds, micros) = (entry.micros / 1_000_000, entry.micros % 1_000_000);
        line(&mut text, format_args!("#EXTINF:{seconds}.{micros:06},"));
        line(&mut text, format_args!("{}", entry.uri));
    }
    text
}

fn sync_tag(text: &mut String, tag: &SyncTag) {
    match tag {
        SyncTag::Start { pictures, at } => {
            let (kind, at) = (if *pictures { "VIDEO" } else { "AUDIO" }, Utc::of(*at).digits());
            let args =
                format_args!("#EXT-X-AGORA-TRACK-EVENT:EVENT=START,TRACK_TYPE={kind},TIME={at}");
            line(text, args);
        }
        SyncTag::Size { size: Size { width, height }, turn, at } => {
            let at = Utc::of(*at).digits();
            let args = format_args!(
                "#EXT-X-AGORA-ROTATE:WIDTH={width},HEIGHT={height},ROTATE={},TIME={at}",
                turn.back().degrees()
            );
            line(text, args);
        }
    }
}

/// Writing to a string can't fail.
fn line(text: &mut String, args: std::fmt::Arguments<'_>) {
    let _ = writeln!(text, "{args}");
}

/// A quoted string can hold anything but quotes and line ends (RFC 8216, 4.2).
fn quotable(text: &str) -> String {
    text.replace(['"', '\r', '\n'], "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: u64, micros: u64) -> Entry {
        let start = RoomTime::from_micros(
            1_560_238_366_073_999 + 6_000_000 * i64::try_from(number).unwrap(),
        );
        Entry {
            uri: format!("s_room_{}.m4s", Utc::of(start).digits()),
            init_uri: Some("s_room_init.mp4".into()),
            start,
            micros,
            discontinuity: false,
            sync: Vec::new(),
        }
    }

    const RUNNING: &str = "\
#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:6
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-PLAYLIST-TYPE:EVENT
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI=\"s_room_init.mp4\"
#EXT-X-PROGRAM-DATE-TIME:2019-06-11T07:32:46.073Z
#EXTINF:6.000000,
s_room_20190611073246073.m4s
#EXT-X-PROGRAM-DATE-TIME:2019-06-11T07:32:52.073Z
#EXTINF:5.933333,
s_room_20190611073252073.m4s
";

    #[test]
    fn a_running_playlist() {
        let entries = vec![entry(0, 6_000_000), entry(1, 5_933_333)];
        let (container, ended) = (Container::Fmp4, false);
        let playlist = Playlist { container, target_seconds: 6, entries, independent: true, ended };
        assert_eq!(render(&playlist), RUNNING);
    }

    #[test]
    fn a_playlist_that_broke_off_and_ended() {
        let mut after = entry(2, 40_000);
        after.discontinuity = true;
        after.init_uri = Some("s_\"room_init1.mp4".into());
        after.sync = vec![SyncTag::Start { pictures: false, at: after.start }];
        let entries = vec![entry(0, 6_000_000), entry(1, 5_933_333), after];
        let (container, ended) = (Container::Fmp4, true);
        let playlist = Playlist { container, target_seconds: 6, entries, independent: true, ended };
        let expected = RUNNING.to_owned()
            + "\
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI=\"s__room_init1.mp4\"
#EXT-X-AGORA-TRACK-EVENT:EVENT=START,TRACK_TYPE=AUDIO,TIME=20190611073258073
#EXT-X-PROGRAM-DATE-TIME:2019-06-11T07:32:58.073Z
#EXTINF:0.040000,
s_room_20190611073258073.m4s
#EXT-X-ENDLIST
";
        assert_eq!(render(&playlist), expected);
    }

    #[test]
    fn a_transport_stream_needs_version_3_and_no_map() {
        let mut only = entry(0, 6_000_000);
        only.init_uri = None;
        let (at, size) = (only.start, Size { width: 640, height: 360 });
        only.sync = vec![
            SyncTag::Start { pictures: true, at },
            SyncTag::Size { size, turn: Turn::None, at },
            SyncTag::Start { pictures: false, at },
        ];
        let (container, entries) = (Container::Ts, vec![only]);
        let playlist =
            Playlist { container, target_seconds: 6, entries, independent: true, ended: false };
        let expected = "\
#EXTM3U
#EXT-X-VERSION:3
#EXT-X-TARGETDURATION:6
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-PLAYLIST-TYPE:EVENT
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-AGORA-TRACK-EVENT:EVENT=START,TRACK_TYPE=VIDEO,TIME=20190611073246073
#EXT-X-AGORA-ROTATE:WIDTH=640,HEIGHT=360,ROTATE=0,TIME=20190611073246073
#EXT-X-AGORA-TRACK-EVENT:EVENT=START,TRACK_TYPE=AUDIO,TIME=20190611073246073
#EXT-X-PROGRAM-DATE-TIME:2019-06-11T07:32:46.073Z
#EXTINF:6.000000,
s_room_20190611073246073.m4s
";
        assert_eq!(render(&playlist), expected);
    }

    #[test]
    fn target_durations_are_whole_seconds_rounded_up() {
        assert_eq!([1, 6_000_000, 6_000_001].map(target_seconds), [1, 6, 7]);
    }
}
