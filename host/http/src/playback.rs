//! Playback from this server: the working HLS files while a recording runs, and after it as long as
//! they are on this machine.
//!
//! A request names a recording and one file name; nothing else can become part of a path, so
//! nothing outside the recording's own folder is reachable. Whoever knows a sid may watch: it is as
//! good as a random key of 128 bits.

use std::io::SeekFrom;
use std::ops::Range;
use std::path::PathBuf;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, RANGE,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

use crate::context::Context;
use crate::gateway::GatewayError;
use crate::openapi::{Content, Operation, Reply, Routes};
use crate::origins::admits;

/// Bytes read from the disk at once.
const CHUNK: usize = 64 * 1024;

/// The playback routes.
pub(crate) fn routes() -> Routes {
    let play = Operation::new(
        "Play a recording from this server, while it grows or afterwards",
        "Playback",
    )
    .open()
    .reply(Reply::with(200, "A playlist or a segment", BYTES))
    .reply(Reply::with(206, "The range that was asked for", BYTES))
    .reply(Reply::of::<GatewayError>(404, "No such file of a recording on this server"))
    .reply(Reply::empty(416, "The range is outside the file"));
    Routes::default().get("/recordings/{sid}/{file}", play, serve)
}

/// Lets pages of a recording's app play it, and read what ranges answer.
pub(crate) fn cors(context: &Context) -> CorsLayer {
    let context = context.clone();
    let allowed = move |origin: &HeaderValue, parts: &axum::http::request::Parts| {
        let sid = parts.uri.path().split('/').nth(2).unwrap_or_default();
        let record = context.outbox.record(sid);
        let app = record.and_then(|record| context.config.app(&record.room.app));
        let http = &context.config.http;
        admits(app.map_or(&http.cors_origins, |app| app.origins(http)), origin)
    };
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(allowed))
        .allow_methods([Method::GET, Method::HEAD])
        .allow_headers(Any)
        .expose_headers([ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE])
}

/// What is played: a playlist or media.
const BYTES: Content = Content::text("application/octet-stream");

async fn serve(
    State(context): State<Context>,
    Path((sid, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, GatewayError> {
    let missing = || GatewayError {
        status: StatusCode::NOT_FOUND,
        message: "no such file of a recording on this server; query tells the playback address"
            .into(),
    };
    let kind = Kind::of(&name).filter(|_| plain(&sid, &name)).ok_or_else(missing)?;
    let mut opened = None;
    for path in places(&context, &sid, &name) {
        if let Ok(file) = File::open(&path).await {
            opened = Some(file);
            break;
        }
    }
    let file = opened.ok_or_else(missing)?;
    let length = file.metadata().await.map_err(|_| missing())?.len();
    match headers.get(RANGE).and_then(|range| range.to_str().ok()) {
        None => send(file, 0..length, length, kind, StatusCode::OK).await,
        Some(range) => match parse_range(range, length) {
            Some(Ok(range)) => send(file, range, length, kind, StatusCode::PARTIAL_CONTENT).await,
            Some(Err(Unsatisfiable)) => {
                let whole = [(CONTENT_RANGE, format!("bytes */{length}"))];
                Ok((StatusCode::RANGE_NOT_SATISFIABLE, whole).into_response())
            }
            // RFC 9110, 14.2: a range that isn't understood is ignored.
            None => send(file, 0..length, length, kind, StatusCode::OK).await,
        },
    }
}

/// Where a recording's file may be: its working folder, then the own store's folder.
fn places(context: &Context, sid: &str, name: &str) -> Vec<PathBuf> {
    let mut places = vec![context.recorder.folder(sid).join("hls").join(name)];
    let keys = context.outbox.outcome(sid).map(|outcome| outcome.files).unwrap_or_default();
    if let (Some(folder), Some(file)) = (context.store.folder(), keys.first()) {
        let prefix = file.key.rsplit_once('/').map_or("", |(prefix, _)| prefix);
        places.push(folder.join(prefix).join(name));
    }
    places
}

async fn send(
    mut file: File,
    range: Range<u64>,
    length: u64,
    kind: Kind,
    status: StatusCode,
) -> Result<Response, GatewayError> {
    let failed = |error: std::io::Error| GatewayError {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        message: format!("the file can't be read: {error}"),
    };
    file.seek(SeekFrom::Start(range.start)).await.map_err(failed)?;
    let count = range.end - range.start;
    let body = Body::from_stream(ReaderStream::with_capacity(file.take(count), CHUNK));
    let mut response = (status, body).into_response();
    let mut put = |name, value: String| {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    };
    put(CONTENT_TYPE, kind.content_type().into());
    put(CACHE_CONTROL, kind.cache_control().into());
    put(ACCEPT_RANGES, "bytes".into());
    put(CONTENT_LENGTH, count.to_string());
    if status == StatusCode::PARTIAL_CONTENT {
        put(CONTENT_RANGE, format!("bytes {}-{}/{length}", range.start, range.end - 1));
    }
    Ok(response)
}

/// Files that a recording consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Playlist,
    Segment,
    /// MPEG-TS.
    Stream,
    /// An init segment or a whole MP4 file.
    Mp4,
    Snapshot,
}

impl Kind {
    fn of(name: &str) -> Option<Self> {
        match name.rsplit_once('.')?.1 {
            "m3u8" => Some(Self::Playlist),
            "m4s" => Some(Self::Segment),
            "ts" => Some(Self::Stream),
            "mp4" => Some(Self::Mp4),
            "jpg" => Some(Self::Snapshot),
            _ => None,
        }
    }

    const fn content_type(self) -> &'static str {
        match self {
            Self::Playlist => "application/vnd.apple.mpegurl",
            Self::Segment => "video/iso.segment",
            Self::Stream => "video/mp2t",
            Self::Mp4 => "video/mp4",
            Self::Snapshot => "image/jpeg",
        }
    }

    /// A playlist grows; no other file changes once it has a name.
    const fn cache_control(self) -> &'static str {
        match self {
            Self::Playlist => "no-cache",
            Self::Segment | Self::Stream | Self::Mp4 | Self::Snapshot => {
                "public, max-age=31536000, immutable"
            }
        }
    }
}

/// Whether `sid` is one and `name` is a file's of it and no more than a name.
fn plain(sid: &str, name: &str) -> bool {
    let hex = sid.len() == 32 && sid.bytes().all(|b| b.is_ascii_hexdigit());
    let bare = !name.contains(['/', '\\', '\0']);
    hex && bare && name.starts_with(sid)
}

struct Unsatisfiable;

/// A single byte range (RFC 9110, 14.1.2); `None` for what isn't one.
fn parse_range(text: &str, length: u64) -> Option<Result<Range<u64>, Unsatisfiable>> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let range = if first.is_empty() {
        let suffix: u64 = last.parse().ok()?;
        length.saturating_sub(suffix)..length
    } else {
        let first: u64 = first.parse().ok()?;
        let end = match last {
            "" => length,
            last => last.parse::<u64>().ok().filter(|last| *last >= first)?.saturating_add(1),
        };
        first..end.min(length)
    };
    Some(if range.is_empty() { Err(Unsatisfiable) } else { Ok(range) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_recordings_own_file_names_pass() {
        let sid = "0123456789abcdef0123456789abcdef";
        assert!(plain(sid, &format!("{sid}_room.m3u8")));
        assert!(!plain(sid, "../x.m3u8"));
        assert!(!plain(sid, &format!("{sid}/../../x.m3u8")));
        assert!(!plain(sid, &format!("{sid}\\x.m3u8")));
        assert!(!plain("..", "...m3u8"));
        assert!(!plain("short", "short_x.m3u8"));
        assert_eq!(Kind::of("x.tape"), None);
        assert_eq!(Kind::of("x.ts").map(Kind::content_type), Some("video/mp2t"));
        assert_eq!(Kind::of("m3u8"), None);
    }

    #[test]
    fn ranges_are_as_the_rfc_says() {
        let range = |text| parse_range(text, 100).map(Result::ok);
        assert_eq!(range("bytes=0-9"), Some(Some(0..10)));
        assert_eq!(range("bytes=90-"), Some(Some(90..100)));
        assert_eq!(range("bytes=-5"), Some(Some(95..100)));
        assert_eq!(range("bytes=50-1000"), Some(Some(50..100)));
        assert_eq!(range("bytes=100-"), Some(None));
        assert_eq!(range("bytes=9-0"), None);
        assert_eq!(range("bytes=0-1,4-5"), None);
        assert_eq!(range("items=0-1"), None);
        assert_eq!(range("bytes=18446744073709551615-18446744073709551615"), Some(None));
    }
}
