//! Bodies on their way: a request's within a time, an answer's with its connection's place.

use std::io::{Error, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::time::Sleep;

use super::places::Busy;

/// A request's body that breaks off when it takes too long as a whole. The time begins when somebody
/// wants it.
pub(super) struct Hasty<B> {
    body: B,
    patience: Duration,
    ends: Option<Pin<Box<Sleep>>>,
}

/// An answer's body that holds its connection's place until it is sent.
pub(super) struct Held {
    body: Body,
    _busy: Busy,
}

impl<B> Hasty<B> {
    pub(super) const fn new(body: B, patience: Duration) -> Self {
        Self { body, patience, ends: None }
    }
}

impl Held {
    pub(super) const fn new(body: Body, busy: Busy) -> Self {
        Self { body, _busy: busy }
    }
}

impl<B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Unpin> HttpBody for Hasty<B> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let patience = self.patience;
        let ends = self.ends.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        ready!(ends.as_mut().poll(context));
        let what = format!("it isn't there after {} s", patience.as_secs_f64());
        Poll::Ready(Some(Err(Error::new(ErrorKind::TimedOut, what).into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;
    use tokio_util::io::ReaderStream;

    use super::*;

    #[tokio::test]
    async fn a_body_that_comes_drop_by_drop_breaks_off() {
        let (mut sender, receiver) = tokio::io::duplex(64);
        let body = Body::from_stream(ReaderStream::new(receiver));
        let hasty = Hasty::new(body, Duration::from_millis(300));
        let dripping = tokio::spawn(async move {
            while tokio::io::AsyncWriteExt::write_all(&mut sender, b"x").await.is_ok() {
                sleep(Duration::from_millis(10)).await;
            }
        });
        // Without an end this would wait for ever.
        let error = axum::body::to_bytes(Body::new(hasty), usize::MAX).await.unwrap_err();
        assert!(error.to_string().contains("isn't there after"), "{error}");
        dripping.await.unwrap();
    }

    #[tokio::test]
    async fn a_body_that_waits_for_its_reader_doesnt() {
        let hasty = Hasty::new(Body::from("whole"), Duration::from_millis(1));
        sleep(Duration::from_millis(20)).await;
        let bytes = axum::body::to_bytes(Body::new(hasty), usize::MAX).await.unwrap();
        assert_eq!(bytes, "whole");
    }
}
