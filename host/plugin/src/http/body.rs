//! Bodies: literal bytes and ranges of a file, streamed so that a file is never in memory whole.

use std::io::SeekFrom;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hyper::body::{Body, Frame, SizeHint};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::sync::{Notify, mpsc};

use super::SourceFile;
use crate::v1::bindings::capstan::plugin::io::{FileRange, Segment};

const MAX_SEGMENTS: usize = 64;
/// What is read from a file at once.
const CHUNK: usize = 64 << 10;
/// How long a server may take to say whether it wants a body.
const PATIENCE: Duration = Duration::from_secs(1);

/// One piece of a body.
#[derive(Clone, Debug)]
pub(crate) enum Piece {
    /// These bytes.
    Bytes(Bytes),
    /// A range inside the job's file.
    File(FileRange),
}

/// Checks segments against the file they are of; answers them with their length together.
pub(crate) fn pieces(
    segments: Vec<Segment>,
    file: Option<&SourceFile>,
) -> Result<(Vec<Piece>, u64), String> {
    if segments.len() > MAX_SEGMENTS {
        return Err(format!("{} segments, at most {MAX_SEGMENTS}", segments.len()));
    }
    let mut length = 0_u64;
    let mut pieces = Vec::with_capacity(segments.len());
    for segment in segments {
        let (piece, size) = match segment {
            Segment::Bytes(bytes) => {
                let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                (Piece::Bytes(bytes.into()), size)
            }
            Segment::File(range) => {
                let file = file.ok_or("a file range, but there is no file")?;
                let end = range.offset.checked_add(range.length);
                if end.is_none_or(|end| end > file.size) {
                    let FileRange { offset, length } = range;
                    return Err(format!("range {offset}+{length} of a file of {}", file.size));
                }
                (Piece::File(range), range.length)
            }
        };
        length = length.checked_add(size).ok_or("the body's length overflows")?;
        pieces.push(piece);
    }
    Ok((pieces, length))
}

/// How far a request got.
#[derive(Clone, Debug, Default)]
pub(super) struct Sent {
    whole: Arc<AtomicBool>,
    file_error: Arc<OnceLock<String>>,
}

impl Sent {
    /// Whether all of it was handed to the network.
    pub(super) fn whole(&self) -> bool {
        self.whole.load(Ordering::Acquire)
    }

    /// Why the file couldn't be read, if that happened.
    pub(super) fn file_error(&self) -> Option<&str> {
        self.file_error.get().map(String::as_str)
    }

    fn finish(&self) {
        self.whole.store(true, Ordering::Release);
    }
}

/// Opens once the server agrees to take the body, or has thought about it for long enough.
pub(super) type Gate = Arc<Notify>;

/// A body on its way out.
pub(super) struct Outgoing {
    chunks: mpsc::Receiver<std::io::Result<Bytes>>,
    left: u64,
    sent: Sent,
}

impl Outgoing {
    /// Starts to read the pieces; a task of its own does it and ends with this value.
    pub(super) fn new(
        pieces: Vec<Piece>,
        file: Option<SourceFile>,
        length: u64,
        gate: Option<Gate>,
        sent: &Sent,
    ) -> Self {
        let (feed, chunks) = mpsc::channel(2);
        let body = Self { chunks, left: length, sent: sent.clone() };
        if length == 0 {
            body.sent.finish();
            return body;
        }
        let sent = sent.clone();
        tokio::spawn(async move {
            if let Some(gate) = gate {
                // Either way the body goes now.
                let _agreed = tokio::time::timeout(PATIENCE, gate.notified()).await;
            }
            if let Err(error) = pour(pieces, file, &feed).await {
                let _first = sent.file_error.set(error.to_string());
                // Nobody listens any more if the exchange is over.
                let _told = feed.send(Err(error)).await;
            }
        });
        body
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        if self.left == 0 {
            self.sent.finish();
            return Poll::Ready(None);
        }
        self.chunks.poll_recv(context).map(|chunk| match chunk {
            Some(Ok(bytes)) => {
                self.left = self.left.saturating_sub(u64::try_from(bytes.len()).unwrap_or(0));
                if self.left == 0 {
                    self.sent.finish();
                }
                Some(Ok(Frame::data(bytes)))
            }
            Some(Err(error)) => Some(Err(error)),
            None => Some(Err(std::io::ErrorKind::UnexpectedEof.into())),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

type Feed = mpsc::Sender<std::io::Result<Bytes>>;

/// Sends the pieces one after the other; ends quietly when nobody takes them.
async fn pour(pieces: Vec<Piece>, file: Option<SourceFile>, feed: &Feed) -> std::io::Result<()> {
    let mut open = match file {
        Some(file) if pieces.iter().any(|piece| matches!(piece, Piece::File(_))) => {
            Some(tokio::fs::File::open(&file.path).await?)
        }
        _ => None,
    };
    for piece in pieces {
        match (piece, &mut open) {
            (Piece::Bytes(bytes), _) if bytes.is_empty() => {}
            (Piece::Bytes(bytes), _) => {
                if feed.send(Ok(bytes)).await.is_err() {
                    return Ok(());
                }
            }
            (Piece::File(range), Some(file)) => {
                if !pour_range(file, range, feed).await? {
                    return Ok(());
                }
            }
            (Piece::File(_), None) => return Err(std::io::ErrorKind::NotFound.into()),
        }
    }
    Ok(())
}

/// Answers false when nobody takes the bytes any more.
async fn pour_range(
    file: &mut tokio::fs::File,
    range: FileRange,
    feed: &Feed,
) -> std::io::Result<bool> {
    file.seek(SeekFrom::Start(range.offset)).await?;
    let mut left = range.length;
    while left > 0 {
        let want = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
        let mut chunk = BytesMut::zeroed(want);
        file.read_exact(&mut chunk).await?;
        left -= u64::try_from(want).unwrap_or(left);
        if feed.send(Ok(chunk.freeze())).await.is_err() {
            return Ok(false);
        }
    }
    Ok(true)
}
