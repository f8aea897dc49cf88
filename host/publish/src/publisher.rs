//! A publisher: sources on one side, a WHIP server on the other.
//!
//! Each track is sent by its own task at its units' times. One failing track or a lost connection
//! ends the publisher; nothing is dropped without being counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use capstan_media::codec::Codec;
use capstan_media::frame::FrameKind;
use capstan_media::time::{RoomClock, RoomTime};
use thiserror::Error;
use tokio::task::JoinSet;
use url::Url;

use crate::encode::EncodeError;
use crate::peer::{Encoding, Link, Peer, PeerError, PeerTrack, Wishes};
use crate::rtp::{RtpClock, Sent, report};
use crate::source::{Source, Unit};
use crate::whip::{WhipClient, WhipError};

/// How long ICE and DTLS may take together.
const CONNECTING: Duration = Duration::from_secs(15);
/// How often sender reports go out.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);
/// A unit is begun at least this long before its time.
const LEAST_LEAD: Duration = Duration::from_millis(4);
/// A unit is begun at most this long before its time: the earlier, the later a wish for a key frame
/// is fulfilled.
const MOST_LEAD: Duration = Duration::from_millis(60);

/// Why a publisher stopped or couldn't start.
#[derive(Debug, Error)]
pub enum PublishError {
    /// There is nothing to send.
    #[error("neither picture nor sound to publish")]
    Nothing,
    /// Signalling failed.
    #[error(transparent)]
    Whip(#[from] WhipError),
    /// The connection failed.
    #[error(transparent)]
    Peer(#[from] PeerError),
    /// A source failed.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// A packet couldn't be sent.
    #[error("sending {codec}: {reason}")]
    Send {
        /// Of which track.
        codec: Codec,
        /// What the library said.
        reason: String,
    },
}

/// What is published where.
pub struct Publish {
    /// The WHIP endpoint.
    pub url: Url,
    /// The bearer token, if the server wants one.
    pub token: Option<String>,
    /// The tracks, at most one of sound; the first of video is the camera, the second the screen.
    pub sources: Vec<Box<dyn Source>>,
}

/// What a publisher has done so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counters {
    /// Pictures sent.
    pub pictures: u64,
    /// Key pictures among them.
    pub key_pictures: u64,
    /// How often the server asked for a key picture.
    pub key_pictures_asked: u64,
    /// Packets of sound sent.
    pub sounds: u64,
    /// Units that left more than 20 ms after their time.
    pub late: u64,
}

#[derive(Default)]
struct Tally {
    pictures: AtomicU64,
    key_pictures: AtomicU64,
    sounds: AtomicU64,
    late: AtomicU64,
}

/// A running publisher. Dropping it stops sending, but only [`Self::stop`] tells the server.
pub struct Publisher {
    whip: WhipClient,
    session: Url,
    link: Link,
    tasks: JoinSet<Result<(), PublishError>>,
    tally: Arc<Tally>,
    wishes: Vec<Arc<Wishes>>,
}

impl Publisher {
    /// Connects, and starts sending.
    ///
    /// # Errors
    /// If the server refuses, isn't reached, or takes not every track.
    pub async fn start(publish: Publish, clock: Arc<dyn RoomClock>) -> Result<Self, PublishError> {
        let Publish { url, token, sources } = publish;
        if sources.is_empty() {
            return Err(PublishError::Nothing);
        }
        let whip = WhipClient::new(url, token.as_deref())?;
        let encoding = |source: &dyn Source| Encoding {
            codec: source.codec(),
            parameters: source.parameters().map(str::to_owned),
        };
        let encodings: Vec<_> = sources.iter().map(|source| encoding(&**source)).collect();
        let mut peer = Peer::new(&encodings).await?;
        let link = peer.link();
        let answer = match whip.offer(&peer.offer().await?).await {
            Ok(answer) => answer,
            Err(error) => {
                link.close().await;
                return Err(error.into());
            }
        };
        if let Err(error) = peer.accept(answer.sdp, CONNECTING).await {
            link.close().await;
            // The server may hold half a session; it would time out, but sooner is kinder.
            let _ = whip.delete(&answer.session).await;
            return Err(error.into());
        }
        let mut publisher = Self {
            whip,
            session: answer.session,
            link,
            tasks: JoinSet::new(),
            tally: Arc::default(),
            wishes: Vec::new(),
        };
        for (track, source) in std::mem::take(&mut peer.tracks).into_iter().zip(sources) {
            publisher.send(track, source, Arc::clone(&clock));
        }
        Ok(publisher)
    }

    fn send(&mut self, track: PeerTrack, source: Box<dyn Source>, clock: Arc<dyn RoomClock>) {
        if track.codec.is_video() {
            self.wishes.push(Arc::clone(&track.wishes));
        }
        let (ssrc, rtp, sent) = (track.ssrc, track.stream.clock(), track.stream.sent());
        let reports = reports(self.link.clone(), ssrc, rtp, sent, Arc::clone(&clock));
        self.tasks.spawn(async move {
            reports.await;
            Ok(())
        });
        self.tasks.spawn(pump(track, self.link.clone(), source, clock, Arc::clone(&self.tally)));
    }

    /// What has been done so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counters {
            pictures: load(&self.tally.pictures),
            key_pictures: load(&self.tally.key_pictures),
            key_pictures_asked: self.wishes.iter().map(|wishes| wishes.key_frames_asked()).sum(),
            sounds: load(&self.tally.sounds),
            late: load(&self.tally.late),
        }
    }

    /// Returns when the publisher can't go on, with the reason. Safe to drop and call again.
    pub async fn failed(&mut self) -> PublishError {
        loop {
            tokio::select! {
                () = self.link.lost() => return PeerError::Lost.into(),
                ended = self.tasks.join_next() => match ended {
                    Some(Ok(Err(error))) => return error,
                    Some(Ok(Ok(()))) => {}
                    Some(Err(_)) | None => return PeerError::Lost.into(),
                }
            }
        }
    }

    /// Stops sending, takes leave of the server and closes the connection.
    ///
    /// # Errors
    /// If the server doesn't confirm; sending has stopped nevertheless.
    pub async fn stop(mut self) -> Result<(), WhipError> {
        self.tasks.shutdown().await;
        let result = self.whip.delete(&self.session).await;
        self.link.close().await;
        result
    }

    /// Stops sending and goes without a word, as a crashed publisher would.
    pub async fn vanish(mut self) {
        self.tasks.shutdown().await;
    }
}

/// Sends a source's units at their times.
async fn pump(
    mut track: PeerTrack,
    link: Link,
    mut source: Box<dyn Source>,
    clock: Arc<dyn RoomClock>,
    tally: Arc<Tally>,
) -> Result<(), PublishError> {
    let mut lead = MOST_LEAD;
    loop {
        let due = source.next_at(clock.now());
        if source.is_off() {
            link.goodbye(track.ssrc).await;
        }
        sleep_until(&*clock, due - lead).await;
        let begun = clock.now();
        let kind = if track.wishes.take_key_frame() { FrameKind::Key } else { FrameKind::Delta };
        let unit = next(&mut source, kind).await?;
        let took = clock.now().since(begun);
        // Slowly down, at once up: a lead that is too short shows as lateness.
        lead = (took * 2).max(lead * 31 / 32).clamp(LEAST_LEAD, MOST_LEAD);
        sleep_until(&*clock, unit.at).await;
        count(&tally, &track, &unit, clock.now());
        track.stream.send(&unit).await.map_err(|error| PublishError::Send {
            codec: track.codec,
            reason: error.to_string(),
        })?;
    }
}

/// Encoding takes milliseconds of computing, which the async threads must not be held up by.
async fn next(source: &mut Box<dyn Source>, kind: FrameKind) -> Result<Unit, EncodeError> {
    if !source.codec().is_video() {
        return source.next(kind);
    }
    tokio::task::block_in_place(|| source.next(kind))
}

fn count(tally: &Tally, track: &PeerTrack, unit: &Unit, now: RoomTime) {
    let add = |counter: &AtomicU64| counter.fetch_add(1, Ordering::Relaxed);
    if track.codec.is_video() {
        add(&tally.pictures);
        if unit.kind == FrameKind::Key {
            add(&tally.key_pictures);
        }
    } else {
        add(&tally.sounds);
    }
    if now.since(unit.at) > Duration::from_millis(20) {
        add(&tally.late);
    }
}

async fn reports(link: Link, ssrc: u32, rtp: RtpClock, sent: Arc<Sent>, clock: Arc<dyn RoomClock>) {
    loop {
        tokio::time::sleep(REPORT_INTERVAL).await;
        if let Some(report) = report(ssrc, rtp, &sent, clock.now()) {
            link.report(report).await;
        }
    }
}

/// Absolute times keep the pace free of drift.
async fn sleep_until(clock: &dyn RoomClock, at: RoomTime) {
    let left = at.since(clock.now());
    if !left.is_zero() {
        tokio::time::sleep(left).await;
    }
}
