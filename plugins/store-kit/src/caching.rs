//! For how long players and caches may keep what was uploaded.
//!
//! A playlist is put again under the same key while its recording runs; every other file keeps its bytes
//! for ever, since its name has the recording's id in it.

use crate::uploader::Job;

/// What is said of a file that never changes.
pub const FOR_EVER: &str = "max-age=31536000, immutable";
/// What is said of a playlist unless the operator says otherwise: ask each time.
pub const ASK_FIRST: &str = "no-cache";

/// The media types of playlists.
const PLAYLISTS: [&str; 2] = ["application/vnd.apple.mpegurl", "application/x-mpegurl"];

/// What is said of each file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Caching {
    playlists: String,
}

impl Caching {
    /// Playlists may be kept for so many seconds.
    #[must_use]
    pub fn of_playlists(seconds: u64) -> Self {
        let playlists = match seconds {
            0 => ASK_FIRST.to_owned(),
            seconds => format!("max-age={seconds}"),
        };
        Self { playlists }
    }

    /// The value of the object's `Cache-Control`.
    #[must_use]
    pub fn control(&self, job: &Job) -> &str {
        let kind = job.content_type.split(';').next().unwrap_or_default().trim();
        let is_playlist = PLAYLISTS.iter().any(|playlist| kind.eq_ignore_ascii_case(playlist))
            || job.key.ends_with(".m3u8");
        if is_playlist { &self.playlists } else { FOR_EVER }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn playlists_are_asked_for_again_and_nothing_else_is() {
        let said = |caching: Caching, key: &str, kind: &str| {
            let (id, size, tags) = ("job".to_owned(), 1, Vec::new());
            let job = Job { id, key: key.into(), size, content_type: kind.into(), tags };
            caching.control(&job).to_owned()
        };
        let none = || Caching::of_playlists(0);
        assert_eq!(said(none(), "a/b.m3u8", "application/vnd.apple.mpegurl"), "no-cache");
        assert_eq!(said(none(), "a/b", "Application/X-MpegURL; charset=utf-8"), "no-cache");
        assert_eq!(said(none(), "a/b.m3u8", ""), "no-cache");
        assert_eq!(said(Caching::of_playlists(4), "b.m3u8", ""), "max-age=4");
        for (key, kind) in [("a.m4s", "video/mp4"), ("a.ts", "video/mp2t"), ("a.jpg", "image/jpeg")]
        {
            assert_eq!(said(none(), key, kind), "max-age=31536000, immutable");
        }
    }
}
