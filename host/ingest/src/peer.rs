//! One publisher: the WebRTC library drained into frames on the room clock. Sans-IO.
//!
//! After every [`Peer::receive`], [`Peer::timeout`] or wish, the owner calls [`Peer::poll`] until it
//! answers `None`, and comes back no later than [`Peer::due`]. Times never go backwards.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use capstan_media::frame::Frame;
use capstan_media::room::{LeaveReason, SenderReport};
use capstan_media::time::RoomTime;
use capstan_media::track::{RoomId, Uid};
use metrics::counter;
use str0m::change::SdpOffer;
use str0m::config::DtlsCert;
use str0m::media::KeyframeRequestKind;
use str0m::net::{DatagramRecv, DatagramSend, Protocol, Receive};
use str0m::{Candidate, Event, IceCreds, Input, Output as Step, Rtc, RtcConfig};

use crate::config::IngestConfig;
use crate::error::{PublishError, StartError};
use crate::offer::Offer;
use crate::room::Start;
use crate::time::Anchor;
use crate::track::{Source, Tracks};
use crate::view::View;

/// Audio packets are not asked for again, so waiting longer than networks reorder only delays.
const AUDIO_REORDERING: std::time::Duration = std::time::Duration::from_millis(120);
/// Errors in a row, without anything else between, after which a session is given up.
const MAX_ERRORS: u32 = 64;

/// What accepting an offer needs.
pub(crate) struct PeerSetup<'a> {
    pub(crate) room: RoomId,
    pub(crate) uid: Uid,
    pub(crate) candidates: &'a [SocketAddr],
    pub(crate) certificate: DtlsCert,
    pub(crate) config: &'a IngestConfig,
    pub(crate) anchor: Anchor,
}

/// What a publisher brings forth.
#[derive(Debug)]
pub(crate) enum Output {
    /// To be sent.
    Send { to: SocketAddr, datagram: DatagramSend },
    /// The connection stands, or stands again.
    Connected,
    /// A frame, and where it is seen.
    Frame(Frame, Start, View),
    /// A sender report likewise.
    Report(SenderReport, View),
    /// Nothing comes any more; it may come again.
    Silent,
    /// The session is over.
    Gone(LeaveReason),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Waiting { since: RoomTime },
    Here,
    Silent { since: RoomTime },
    Gone,
}

/// A publisher's session.
pub(crate) struct Peer {
    room: RoomId,
    uid: Uid,
    ufrag: String,
    rtc: Rtc,
    anchor: Anchor,
    /// The address that datagrams seem to have come to, by IP version: a candidate of ours.
    local: Vec<SocketAddr>,
    config: IngestConfig,
    state: State,
    tracks: Tracks,
    newest_packet: RoomTime,
    rtc_due: RoomTime,
    errors: u32,
    ready: VecDeque<Output>,
}

impl Peer {
    /// Answers an offer.
    pub(crate) fn accept(
        setup: PeerSetup<'_>,
        offer: &str,
        now: RoomTime,
    ) -> Result<(Self, String), PublishError> {
        let offer = Offer::read(offer, setup.config.max_offer_bytes)?;
        let ufrag = random_hex()?.chars().take(16).collect::<String>();
        let credentials = IceCreds { ufrag: ufrag.clone(), pass: random_hex()? };
        let start = setup.anchor.instant(now);
        // The library isn't proven against every text; what it can't digest is the offer's fault.
        let accepted = contain(|| negotiate(&setup, &offer, credentials, start));
        let (rtc, answer) = accepted.unwrap_or_else(|| {
            Err(PublishError::BadSdp { reason: "it cannot be processed".into() })
        })?;
        let tracks = Tracks::new(&offer.sections, setup.uid, setup.config.max_frame_bytes, now);
        if !tracks.has_codec(&rtc) {
            return Err(PublishError::NoUsableCodec { offered: offer.codecs });
        }
        let peer = Self {
            room: setup.room,
            uid: setup.uid,
            ufrag,
            rtc,
            anchor: setup.anchor,
            local: setup.candidates.to_vec(),
            config: setup.config.clone(),
            state: State::Waiting { since: now },
            tracks,
            newest_packet: now,
            rtc_due: now,
            errors: 0,
            ready: VecDeque::new(),
        };
        Ok((peer, answer))
    }

    pub(crate) const fn room(&self) -> &RoomId {
        &self.room
    }

    pub(crate) const fn uid(&self) -> Uid {
        self.uid
    }

    /// Our half of the ICE user name, unique among all sessions.
    pub(crate) fn ufrag(&self) -> &str {
        &self.ufrag
    }

    /// Takes a datagram. Answers whether it was really from this publisher.
    pub(crate) fn receive(&mut self, source: SocketAddr, datagram: &[u8], now: RoomTime) -> bool {
        let Ok(contents) = DatagramRecv::try_from(datagram) else { return false };
        let Some(&destination) = self.local.iter().find(|l| l.is_ipv4() == source.is_ipv4()) else {
            return false;
        };
        let receive = Receive { proto: Protocol::Udp, source, destination, contents };
        let input = Input::Receive(self.anchor.instant(now), receive);
        if !self.rtc.accepts(&input) {
            return false;
        }
        if let Err(error) = self.rtc.handle_input(input) {
            self.failed(&error);
        }
        self.newest_packet = now;
        if matches!(self.state, State::Silent { .. }) {
            self.state = State::Here;
            self.tracks.restart(now);
            self.ready.push_back(Output::Connected);
        }
        true
    }

    /// Lets time pass.
    pub(crate) fn timeout(&mut self, now: RoomTime) {
        if let Err(error) = self.rtc.handle_input(Input::Timeout(self.anchor.instant(now))) {
            self.failed(&error);
        }
        let deadline = self.deadline();
        if deadline.is_none_or(|deadline| now < deadline) {
            return;
        }
        match self.state {
            State::Here => {
                self.state = State::Silent { since: now };
                self.ready.push_back(Output::Silent);
            }
            State::Waiting { .. } | State::Silent { .. } => self.end(LeaveReason::Lost),
            State::Gone => {}
        }
    }

    /// When [`Self::timeout`] is needed next.
    pub(crate) fn due(&self) -> RoomTime {
        let keyframes = if self.state == State::Here { self.tracks.keyframes_due() } else { None };
        [self.deadline(), keyframes].into_iter().flatten().fold(self.rtc_due, RoomTime::min)
    }

    /// Somebody needs a key frame of every video track.
    pub(crate) fn want_keyframes(&mut self) {
        self.tracks.want_keyframes();
    }

    /// Says goodbye: what is left to send comes out of [`Self::poll`], then `Gone`.
    pub(crate) fn close(&mut self, reason: LeaveReason) {
        if let Err(error) = self.rtc.close() {
            tracing::debug!(room = %self.room, uid = %self.uid, %error, "no goodbye");
        }
        loop {
            match self.rtc.poll_output() {
                Ok(Step::Transmit(transmit)) => {
                    let (to, datagram) = (transmit.destination, transmit.contents);
                    self.ready.push_back(Output::Send { to, datagram });
                }
                Ok(Step::Event(_)) => {}
                Ok(Step::Timeout(_)) | Err(_) => break,
            }
        }
        self.end(reason);
    }

    /// The next thing to do, or `None` until the next input.
    pub(crate) fn poll(&mut self, now: RoomTime) -> Option<Output> {
        loop {
            if let Some(output) = self.ready.pop_front() {
                return Some(output);
            }
            if self.state == State::Gone {
                return None;
            }
            match self.rtc.poll_output() {
                Ok(Step::Timeout(at)) => {
                    self.rtc_due = self.anchor.room(at);
                    self.errors = 0;
                    if !self.rtc.is_alive() {
                        self.end(LeaveReason::Lost);
                    } else if !self.ask_for_keyframes(now) {
                        return None;
                    }
                }
                Ok(Step::Transmit(transmit)) => {
                    let (to, datagram) = (transmit.destination, transmit.contents);
                    return Some(Output::Send { to, datagram });
                }
                Ok(Step::Event(event)) => self.event(event, now),
                Err(error) => self.failed(&error),
            }
        }
    }

    fn event(&mut self, event: Event, now: RoomTime) {
        match event {
            Event::Connected if matches!(self.state, State::Waiting { .. }) => {
                self.state = State::Here;
                self.newest_packet = now;
                self.tracks.restart(now);
                self.ready.push_back(Output::Connected);
            }
            Event::MediaData(data) if self.state == State::Here => {
                for ((frame, start), view) in self.tracks.frame(data, now) {
                    self.ready.push_back(Output::Frame(frame, start, view));
                }
            }
            Event::SenderFeedback(feedback) if self.state == State::Here => {
                let arrived = self.anchor.room(feedback.received_at);
                let reports = self.tracks.report(&feedback, arrived).into_iter();
                self.ready.extend(reports.map(|(report, view)| Output::Report(report, view)));
            }
            Event::StreamPaused(stream) => self.tracks.heard(&stream),
            // The publisher closed its connection: a quit without the courtesy of a DELETE.
            Event::Closed => self.end(LeaveReason::Quit),
            _ => {}
        }
    }

    /// Sends the requests that are due. Answers whether the library has something to send now.
    fn ask_for_keyframes(&mut self, now: RoomTime) -> bool {
        if self.state != State::Here {
            return false;
        }
        let mut asked = false;
        for source in self.tracks.keyframes_to_ask(now) {
            if self.ask_for_keyframe(source) {
                counter!("capstan_keyframe_requests_total").increment(1);
                asked = true;
            }
        }
        if asked && let Err(error) = self.rtc.handle_input(Input::Timeout(self.anchor.instant(now)))
        {
            self.failed(&error);
        }
        asked
    }

    /// Asks the stream that sends: an offer may declare others beside it, of which the library would
    /// ask any. A source that hasn't begun can't be asked; the policy comes back to it.
    fn ask_for_keyframe(&mut self, source: Source) -> bool {
        let kind = KeyframeRequestKind::Pli;
        let agreed = self.rtc.writer(source.mid);
        if !agreed.is_some_and(|writer| writer.is_request_keyframe_possible(kind)) {
            return false;
        }
        let Some(sender) = self.tracks.sender(source) else { return false };
        let mut streams = self.rtc.direct_api();
        let Some(stream) = streams.stream_rx(&sender) else { return false };
        stream.request_keyframe(kind);
        true
    }

    fn deadline(&self) -> Option<RoomTime> {
        match self.state {
            State::Waiting { since } => Some(since + self.config.connect_timeout),
            State::Here => Some(self.newest_packet + self.config.silence_timeout),
            State::Silent { since } => Some(since + self.config.return_grace),
            State::Gone => None,
        }
    }

    fn end(&mut self, reason: LeaveReason) {
        if self.state != State::Gone {
            self.state = State::Gone;
            self.rtc.disconnect();
            self.ready.push_back(Output::Gone(reason));
        }
    }

    /// A broken packet costs a frame, not the session; endless errors cost the session.
    fn failed(&mut self, error: &str0m::RtcError) {
        self.errors += 1;
        self.tracks.mark_gap();
        counter!("capstan_peer_errors_total").increment(1);
        tracing::debug!(room = %self.room, uid = %self.uid, %error, "packet not understood");
        if self.errors >= MAX_ERRORS || !self.rtc.is_alive() {
            tracing::warn!(room = %self.room, uid = %self.uid, %error, "session given up");
            self.end(LeaveReason::Lost);
        }
    }
}

/// Runs what a stranger's bytes may break; `None` if it panicked.
pub(crate) fn contain<T>(work: impl FnOnce() -> T) -> Option<T> {
    let done = catch_unwind(AssertUnwindSafe(work)).ok();
    if done.is_none() {
        counter!("capstan_contained_panics_total").increment(1);
    }
    done
}

/// The process's certificate, and with it the library's cryptography.
pub(crate) fn certificate() -> Result<DtlsCert, StartError> {
    let provider = str0m::crypto::from_feature_flags();
    let certificate = provider.dtls_provider.generate_certificate();
    provider.install_process_default();
    certificate.ok_or(StartError::Certificate)
}

/// 128 random bits in hexadecimal.
pub(crate) fn random_hex() -> Result<String, PublishError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| PublishError::NoRandomness)?;
    Ok(hex::encode(bytes))
}

fn negotiate(
    setup: &PeerSetup<'_>,
    offer: &Offer,
    credentials: IceCreds,
    start: Instant,
) -> Result<(Rtc, String), PublishError> {
    let bad = |reason: String| PublishError::BadSdp { reason };
    let parsed = SdpOffer::from_sdp_string(&offer.sdp).map_err(|e| bad(cut(&e.to_string())))?;
    let mut rtc = RtcConfig::new()
        .clear_codecs()
        .enable_opus(true, false)
        .enable_vp8(true)
        .enable_vp9(true)
        .enable_h264(true)
        .enable_av1(true)
        .set_ice_lite(true)
        .set_local_ice_credentials(credentials)
        .set_dtls_cert(setup.certificate.clone())
        .set_reordering_timeout_audio(Some(AUDIO_REORDERING))
        .build(start);
    for &address in setup.candidates {
        let candidate = Candidate::host(address, "udp").map_err(|e| bad(e.to_string()))?;
        rtc.add_local_candidate(candidate);
    }
    let answer = rtc.sdp_api().accept_offer(parsed).map_err(|e| bad(cut(&e.to_string())))?;
    Ok((rtc, answer.to_sdp_string()))
}

/// A library message may repeat the whole offer, and names places in it by their address.
fn cut(text: &str) -> String {
    let mut text = text.to_owned();
    if let Some(start) = text.find(" at PointerOffset(")
        && let Some(length) = text.get(start..).and_then(|rest| rest.find(')'))
    {
        text.replace_range(start..=start + length, ": ");
    }
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}
