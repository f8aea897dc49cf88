//! What a demo made, as the API and the playlist tell it.

use capstan_media::track::Uid;

/// What was recorded, as the API and the files tell it.
pub(super) struct Made {
    pub(super) participants: Vec<(Uid, &'static str)>,
    /// The playlist's name in the output folder.
    pub(super) file: String,
    pub(super) playback_url: String,
    pub(super) playlist: Playlist,
    /// Seconds of room time from the first slice to the request to stop.
    pub(super) wall: f64,
}

/// What a playlist says.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct Playlist {
    /// Segments listed.
    pub(super) segments: usize,
    /// The sum of their lengths, in seconds.
    pub(super) seconds: f64,
    /// Whether it says that nothing follows.
    pub(super) ended: bool,
}

impl Playlist {
    /// Reads an HLS media playlist (RFC 8216).
    pub(super) fn parse(text: &str) -> Self {
        let mut playlist = Self::default();
        for line in text.lines() {
            if let Some(length) = line.strip_prefix("#EXTINF:") {
                playlist.segments += 1;
                let length = length.split(',').next().and_then(|length| length.parse().ok());
                playlist.seconds += length.unwrap_or(0.0);
            }
            playlist.ended |= line == "#EXT-X-ENDLIST";
        }
        playlist
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_playlist_is_summed() {
        let text = "#EXTM3U\n#EXTINF:6.000000,\na.m4s\n#EXTINF:2.5,x\nb.m4s\n";
        let playlist = Playlist::parse(text);
        assert_eq!(playlist, Playlist { segments: 2, seconds: 8.5, ended: false });
        assert!(Playlist::parse("#EXT-X-ENDLIST\n").ended);
    }
}
