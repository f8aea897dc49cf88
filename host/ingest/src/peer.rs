//! One publisher: the WebRTC library drained into frames on the room clock. Sans-IO.
//!
//! After every [`Peer::receive`], [`Peer::timeout`] or wish, the owner calls [`Peer::poll`] until it
//! answers `None`, and comes back no later than [`Peer::due`]. Times never go backwards.

use std::collections::VecDeque;

use capstan_media::frame::Frame;
use capstan_media::room::{LeaveReason, SenderReport};
use capstan_media::time::RoomTime;
use capstan_media::track::{RoomId, TrackId, Uid};
use metrics::counter;
use str0m::ice::StunMessage;
use str0m::media::KeyframeRequestKind;
use str0m::net::{DatagramRecv, DatagramSend, Receive, Transmit};
use str0m::rtp::rtcp::{Goodbye, Rtcp};
use str0m::rtp::{RawPacket, Ssrc};
use str0m::{Event, IceCreds, Input, Output as Step, Rtc};

use crate::config::IngestConfig;
use crate::error::{PatchError, PublishError};
use crate::fragment::{Fragment, Generation, OurSide, Patched};
use crate::negotiate::{PeerSetup, contain, credentials, negotiate};
use crate::offer::{Offer, Refused};
use crate::path::{Path, Proof};
use crate::remote::{Content, Remote, Transport};
use crate::room::Start;
use crate::sprop::OfferedSets;
use crate::time::Anchor;
use crate::track::{Source, Tracks};
use crate::view::View;

/// Streams that are remembered as seen.
const MAX_STREAMS: usize = 64;
/// Errors in a row, without anything else between, after which a session is given up.
const MAX_ERRORS: u32 = 64;

/// What a publisher is told.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) answer: String,
    /// The sections of the offer that aren't taken.
    pub(crate) refused: Vec<Refused>,
}

/// What a publisher brings forth.
#[derive(Debug)]
pub(crate) enum Output {
    /// To be sent.
    Send { to: Remote, datagram: DatagramSend },
    /// A packet from there was proven to be the publisher's.
    From(Remote),
    /// A stream was proven to be the publisher's.
    Stream(u32),
    /// The connection stands, or stands again.
    Connected,
    /// A frame, and where it is seen.
    Frame(Frame, Start, View),
    /// A sender report likewise.
    Report(SenderReport, View),
    /// The sender of a track said goodbye to it, where it was seen.
    Over(TrackId, View),
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
    /// The publisher's credentials.
    theirs: Option<IceCreds>,
    our_side: OurSide,
    rtc: Rtc,
    anchor: Anchor,
    /// The address that datagrams seem to have come to, by transport and IP version: a candidate of ours.
    local: Vec<Remote>,
    config: IngestConfig,
    state: State,
    connected: bool,
    tracks: Tracks,
    /// Where the newest packet came from, until the library shows that it takes it for genuine: it
    /// answers no other check and decrypts no other media.
    unproven: Option<(Remote, Proof)>,
    path: Path,
    /// Streams that were seen, the newest last.
    streams: Vec<u32>,
    newest_packet: RoomTime,
    rtc_due: RoomTime,
    errors: u32,
    /// What the library last complained of, for whoever wonders why nothing connects.
    complaint: Option<String>,
    ready: VecDeque<Output>,
}

impl Peer {
    /// Answers an offer.
    pub(crate) fn accept(
        setup: PeerSetup<'_>,
        offer: &str,
        now: RoomTime,
    ) -> Result<(Self, Accepted), PublishError> {
        let mut offer = Offer::read(offer, setup.config.max_offer_bytes)?;
        let credentials = credentials()?;
        let start = setup.anchor.instant(now);
        let (rtc, part) = loop {
            let sdp = offer.sdp();
            // The library isn't proven against every text; what it can't digest is the offer's fault.
            let accepted = contain(|| negotiate(&setup, &sdp, credentials.clone(), start));
            let (rtc, part) = accepted.unwrap_or_else(|| {
                Err(PublishError::BadSdp { reason: "it cannot be processed".into() })
            })?;
            if !offer.heed(&part)? {
                break (rtc, part);
            }
        };
        let answer = offer.answer(&part);
        let mut tracks = Tracks::new(&offer.taken(), setup.uid, setup.config.max_frame_bytes, now);
        tracks.offered_sets(OfferedSets::read(&offer.sdp()));
        let peer = Self {
            room: setup.room,
            uid: setup.uid,
            ufrag: credentials.ufrag,
            theirs: offer.credentials(),
            our_side: OurSide::of(&answer),
            rtc,
            anchor: setup.anchor,
            local: setup.candidates.to_vec(),
            config: setup.config.clone(),
            state: State::Waiting { since: now },
            connected: false,
            tracks,
            unproven: None,
            path: Path::default(),
            streams: Vec::new(),
            newest_packet: now,
            rtc_due: now,
            errors: 0,
            complaint: None,
            ready: VecDeque::new(),
        };
        Ok((peer, Accepted { answer, refused: offer.refused() }))
    }

    pub(crate) const fn room(&self) -> &RoomId {
        &self.room
    }

    /// Whether the connection ever stood.
    pub(crate) const fn has_connected(&self) -> bool {
        self.connected
    }

    /// What the library last complained of.
    pub(crate) fn complaint(&self) -> Option<&str> {
        self.complaint.as_deref()
    }

    /// Whether any packet was proven to be the publisher's.
    pub(crate) fn is_heard(&self) -> bool {
        self.path.remote().is_some()
    }

    pub(crate) const fn uid(&self) -> Uid {
        self.uid
    }

    /// The entity tag of the ICE generation, quoted.
    pub(crate) fn etag(&self) -> String {
        format!("\"{}\"", self.ufrag)
    }

    /// Changes ICE as its publisher wants it: new credentials of its side get new ones of ours. What is
    /// being sent goes on; the old credentials count for nothing from now on.
    pub(crate) fn patch(
        &mut self,
        generation: &Generation,
        fragment: Fragment,
    ) -> Result<Patched, PatchError> {
        if let Generation::Tagged(tag) = generation
            && *tag != self.etag()
        {
            let wanted = tag.chars().filter(|c| !c.is_control()).take(80).collect();
            return Err(PatchError::OtherGeneration { wanted, now: self.etag() });
        }
        let Some(theirs) = fragment.credentials.filter(|new| self.theirs.as_ref() != Some(new))
        else {
            return Ok(Patched::Noted);
        };
        let ours = credentials().map_err(|_| PatchError::NoRandomness)?;
        let mut api = self.rtc.direct_api();
        api.set_local_ice_credentials(ours.clone());
        api.set_remote_ice_credentials(theirs.clone());
        self.ufrag.clone_from(&ours.ufrag);
        self.theirs = Some(theirs);
        let fragment = self.our_side.fragment(&ours);
        Ok(Patched::Restarted { fragment, etag: self.etag() })
    }

    /// Our half of the ICE user name, unique among all sessions.
    pub(crate) fn ufrag(&self) -> &str {
        &self.ufrag
    }

    /// Takes a datagram that may be this publisher's.
    pub(crate) fn receive(&mut self, remote: Remote, datagram: &[u8], now: RoomTime) {
        let Ok(contents) = DatagramRecv::try_from(datagram) else { return };
        let source = remote.address;
        let to = self.local.iter().find(|local| {
            local.transport == remote.transport && local.address.is_ipv4() == source.is_ipv4()
        });
        let Some(&Remote { address: destination, .. }) = to else { return };
        let content = Content::of(datagram);
        let proof = match content {
            Content::Stun if nominates(datagram) => Proof::Nomination,
            Content::Stun => Proof::Check,
            _ => Proof::Media,
        };
        let proto = remote.transport.protocol();
        let receive = Receive { proto, source, destination, contents };
        let input = Input::Receive(self.anchor.instant(now), receive);
        // Checks and media are proven by their own keys, wherever they come from.
        if content == Content::Dtls && !self.rtc.accepts(&input) {
            return;
        }
        self.unproven = Some((remote, proof));
        if let Err(error) = self.rtc.handle_input(input) {
            self.failed(&error);
        }
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
                    let output = self.send(transmit);
                    self.ready.push_back(output);
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
                    if is_check_reply(&transmit.contents) {
                        self.proven(None, now);
                    }
                    return Some(self.send(transmit));
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
                self.connected = true;
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
            Event::RawPacket(packet) => match *packet {
                RawPacket::RtpRx(header, _) => self.proven(Some(*header.ssrc), now),
                RawPacket::RtcpRx(rtcp) => {
                    self.proven(None, now);
                    if let Rtcp::Goodbye(Goodbye { reports }) = rtcp
                        && self.state == State::Here
                    {
                        reports.into_iter().for_each(|ssrc| self.said_goodbye(ssrc));
                    }
                }
                _ => {}
            },
            Event::StreamPaused(stream) => self.tracks.heard(&stream),
            // The publisher closed its connection: a quit without the courtesy of a DELETE.
            Event::Closed => self.end(LeaveReason::Quit),
            _ => {}
        }
    }

    /// The library takes the newest packet for genuine.
    fn proven(&mut self, stream: Option<u32>, now: RoomTime) {
        let Some((remote, proof)) = self.unproven.take() else { return };
        let first = self.path.remote().is_none();
        if self.path.proven(remote, proof, now) && !first {
            counter!("capstan_publisher_moves_total").increment(1);
            tracing::info!(room = %self.room, uid = %self.uid, to = %remote, "publisher has moved");
        }
        self.ready.push_back(Output::From(remote));
        if let Some(stream) = stream
            && !self.streams.contains(&stream)
        {
            if self.streams.len() >= MAX_STREAMS {
                self.streams.remove(0);
            }
            self.streams.push(stream);
            self.ready.push_back(Output::Stream(stream));
        }
        self.newest_packet = now;
        if matches!(self.state, State::Silent { .. }) {
            self.state = State::Here;
            self.tracks.restart(now);
            // What was sent meanwhile is lost: deltas don't go on from what was there before.
            self.tracks.mark_gap();
            self.ready.push_back(Output::Connected);
        }
    }

    /// Answers to checks go back the way that these came; all else goes where the publisher is now,
    /// which the library learns late: to it, paths of one priority are equal until one has timed out.
    fn send(&self, transmit: Transmit) -> Output {
        let transport = Transport::of(transmit.proto);
        let own = Remote { transport, address: transmit.destination };
        let to = match Content::of(&transmit.contents) {
            Content::Stun => own,
            _ => self.path.remote().unwrap_or(own),
        };
        Output::Send { to, datagram: transmit.contents }
    }

    /// A sender stopped a stream on purpose (RFC 3550, 6.6), as browsers do that turn an encoding off.
    fn said_goodbye(&mut self, ssrc: Ssrc) {
        let mut streams = self.rtc.direct_api();
        let Some(stream) = streams.stream_rx(&ssrc) else { return };
        let source = Source { mid: stream.mid(), rid: stream.rid() };
        let over = self.tracks.goodbye(source).into_iter();
        self.ready.extend(over.map(|(track, view)| Output::Over(track, view)));
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
        self.complaint = Some(error.to_string());
        self.tracks.mark_gap();
        counter!("capstan_peer_errors_total").increment(1);
        tracing::debug!(room = %self.room, uid = %self.uid, %error, "packet not understood");
        if self.errors >= MAX_ERRORS || !self.rtc.is_alive() {
            tracing::warn!(room = %self.room, uid = %self.uid, %error, "session given up");
            self.end(LeaveReason::Lost);
        }
    }
}

/// Whether a check says that its path is the one that will be used.
fn nominates(datagram: &[u8]) -> bool {
    StunMessage::parse(datagram).is_ok_and(|message| message.use_candidate())
}

/// A successful answer to a binding request (RFC 8489, 5).
fn is_check_reply(datagram: &[u8]) -> bool {
    datagram.starts_with(&[0x01, 0x01])
}
