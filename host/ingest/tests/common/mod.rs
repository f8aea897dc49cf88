//! A publisher on the other end of a real UDP socket, and a listener that waits for events.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper that fails a test")]
#![allow(dead_code, clippy::allow_attributes, reason = "each test uses its part")]

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use capstan_ingest::{
    Generation, Ingest, IngestConfig, Patched, Published, Received, Subscription,
};
use capstan_media::room::RoomEvent;
use capstan_media::time::{RoomClock, RoomTime};
use capstan_media::track::{RoomId, Uid};
use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::media::{Direction, Frequency, MediaKind, MediaTime, Mid};
use str0m::net::{Protocol, Receive, TcpType};
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};

/// How long anything that must happen may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Where the tests' offers come from.
pub(crate) const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

struct Clock(Instant, RoomTime);

impl RoomClock for Clock {
    fn now(&self) -> RoomTime {
        self.1 + now().saturating_duration_since(self.0)
    }
}

pub(crate) fn start(config: IngestConfig) -> Ingest {
    let micros = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_micros();
    let origin = RoomTime::from_micros(i64::try_from(micros).unwrap());
    Ingest::start(config, Arc::new(Clock(now(), origin))).unwrap()
}

pub(crate) fn room() -> RoomId {
    RoomId { app: "demo".into(), name: "test".into() }
}

pub(crate) fn uid(number: u32) -> Uid {
    Uid::new(number).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "the test's edge")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// A publisher that sends 25 pictures and 50 sounds a second while [`Client::run`] runs.
pub(crate) struct Client {
    rtc: Rtc,
    link: Link,
    address: SocketAddr,
    far: Option<SocketAddr>,
    pending: Option<SdpPendingOffer>,
    audio: Mid,
    video: Mid,
    start: Instant,
    sent_video: u64,
    sent_audio: u64,
    force_key: bool,
    pub(crate) connected: bool,
    pub(crate) closed: bool,
    /// When the far end asked for key frames.
    pub(crate) keyframe_requests: Vec<Instant>,
    /// Whether requests are obeyed.
    pub(crate) obeys: bool,
    pub(crate) sends: bool,
    /// Of the datagrams that follow, one in so many is lost on the way.
    pub(crate) loses_one_in: Option<u64>,
    /// Datagrams are on the way for between nothing and so many ms, so that they overtake each other.
    pub(crate) jitter: u64,
    on_the_way: Vec<(Instant, SocketAddr, Vec<u8>)>,
    sent: u64,
    /// Its own offer.
    pub(crate) offer: String,
    /// The media packet that it sent last.
    pub(crate) newest_media: Option<Vec<u8>>,
}

/// What a publisher sends through.
enum Link {
    Udp(UdpSocket),
    /// With what came and isn't a whole frame yet.
    Tcp(TcpStream, Vec<u8>),
}

impl Link {
    fn udp() -> Self {
        Self::Udp(UdpSocket::bind("127.0.0.1:0").unwrap())
    }

    fn tcp(server: SocketAddr) -> Self {
        Self::Tcp(TcpStream::connect(server).unwrap(), Vec::new())
    }

    fn address(&self) -> SocketAddr {
        match self {
            Self::Udp(socket) => socket.local_addr().unwrap(),
            Self::Tcp(stream, _) => stream.local_addr().unwrap(),
        }
    }

    fn protocol(&self) -> Protocol {
        if matches!(self, Self::Udp(_)) { Protocol::Udp } else { Protocol::Tcp }
    }

    fn send(&mut self, datagram: &[u8], to: SocketAddr) {
        match self {
            Self::Udp(socket) => {
                socket.send_to(datagram, to).unwrap();
            }
            Self::Tcp(stream, _) => {
                let length = u16::try_from(datagram.len()).unwrap().to_be_bytes();
                stream.write_all(&[&length, datagram].concat()).unwrap();
            }
        }
    }

    fn receive(&mut self, wait: Duration) -> Option<(Vec<u8>, SocketAddr)> {
        let mut buffer = vec![0; 2_000];
        match self {
            Self::Udp(socket) => {
                socket.set_read_timeout(Some(wait)).unwrap();
                let (length, source) = socket.recv_from(&mut buffer).ok()?;
                buffer.truncate(length);
                Some((buffer, source))
            }
            Self::Tcp(stream, rest) => {
                stream.set_read_timeout(Some(wait)).unwrap();
                if let Ok(length) = stream.read(&mut buffer) {
                    rest.extend_from_slice(buffer.get(..length).unwrap());
                }
                let length = usize::from(u16::from_be_bytes(rest.get(..2)?.try_into().unwrap()));
                let frame = rest.get(2..2 + length)?.to_vec();
                rest.drain(..2 + length);
                Some((frame, stream.peer_addr().unwrap()))
            }
        }
    }
}

impl Client {
    /// A client and its offer.
    pub(crate) fn new() -> (Self, String) {
        Self::through(Link::udp(), false)
    }

    /// A client that repeats each packet of sound in the next one.
    pub(crate) fn with_redundant_sound() -> (Self, String) {
        Self::through(Link::udp(), true)
    }

    /// A client that has nothing but a TCP connection to the server.
    pub(crate) fn over_tcp(ingest: &Ingest) -> (Self, String) {
        Self::through(Link::tcp(ingest.tcp_addr().unwrap()), false)
    }

    fn through(link: Link, redundant: bool) -> (Self, String) {
        let address = link.address();
        let start = now();
        let mut rtc = RtcConfig::new()
            .clear_codecs()
            .enable_opus(true, redundant)
            .enable_vp8(true)
            .set_rtcp_report_interval_video(Duration::from_millis(300))
            .build(start);
        let candidate = match link {
            Link::Udp(_) => Candidate::builder().udp().host(address).build(),
            Link::Tcp(..) => {
                Candidate::builder().tcp().host(address).tcptype(TcpType::Active).build()
            }
        };
        rtc.add_local_candidate(candidate.unwrap());
        let mut api = rtc.sdp_api();
        let audio = api.add_media(MediaKind::Audio, Direction::SendOnly, None, None, None);
        let video = api.add_media(MediaKind::Video, Direction::SendOnly, None, None, None);
        let (offer, pending) = api.apply().unwrap();
        let client = Self {
            rtc,
            link,
            address,
            far: None,
            pending: Some(pending),
            audio,
            video,
            start,
            sent_video: 0,
            sent_audio: 0,
            force_key: false,
            connected: false,
            closed: false,
            keyframe_requests: Vec::new(),
            obeys: true,
            sends: true,
            loses_one_in: None,
            jitter: 0,
            on_the_way: Vec::new(),
            sent: 0,
            offer: offer.to_sdp_string(),
            newest_media: None,
        };
        (client, offer.to_sdp_string())
    }

    /// Publishes and runs until connected.
    pub(crate) fn publish(ingest: &Ingest, number: u32) -> (Self, Published) {
        let (mut client, published) = Self::post(ingest, number);
        client.run_until(|client| client.connected);
        (client, published)
    }

    /// Publishes without waiting for the connection.
    pub(crate) fn post(ingest: &Ingest, number: u32) -> (Self, Published) {
        let (client, offer) = Self::new();
        client.post_offer(ingest, number, &offer)
    }

    /// Publishes a changed offer.
    pub(crate) fn post_offer(
        mut self,
        ingest: &Ingest,
        number: u32,
        offer: &str,
    ) -> (Self, Published) {
        let published = block_on(ingest.publish(room(), uid(number), HERE, offer)).unwrap();
        self.accept(&published.answer);
        (self, published)
    }

    /// Takes an answer to its own offer.
    pub(crate) fn accept(&mut self, answer: &str) {
        let answer = SdpAnswer::from_sdp_string(answer).unwrap();
        let pending = self.pending.take().unwrap();
        self.rtc.sdp_api().accept_answer(pending, answer).unwrap();
    }

    pub(crate) fn run(&mut self, span: Duration) {
        let end = now() + span;
        while now() < end {
            self.step();
        }
    }

    pub(crate) fn run_until(&mut self, done: impl Fn(&Self) -> bool) {
        let end = now() + PATIENCE;
        while !done(self) {
            assert!(now() < end, "the publisher waited in vain");
            self.step();
        }
    }

    /// Changes the address that the far end sees without the publisher knowing, as a NAT does.
    pub(crate) fn rebind(&mut self) {
        self.link = match &self.link {
            Link::Udp(_) => Link::udp(),
            Link::Tcp(stream, _) => Link::tcp(stream.peer_addr().unwrap()),
        };
    }

    /// Starts ICE anew, as RFC 9725 (4.3.3) has it, and goes on with the session's answer so changed.
    pub(crate) fn restart_ice(&mut self, ingest: &Ingest, number: u32, published: &Published) {
        let mut api = self.rtc.sdp_api();
        api.ice_restart(true);
        let (offer, pending) = api.apply().unwrap();
        let offer = offer.to_sdp_string();
        let line = |sdp: &str, prefix: &str| {
            sdp.lines().find(|line| line.starts_with(prefix)).unwrap().to_owned()
        };
        let credentials = ["a=ice-ufrag:", "a=ice-pwd:"].map(|prefix| line(&offer, prefix));
        let session = published.session.as_str();
        let (room, fragment) = (room(), credentials.join("\r\n"));
        let patched = ingest.patch(&room, uid(number), session, Generation::Any, &fragment);
        let Patched::Restarted { fragment, etag } = block_on(patched).unwrap() else {
            panic!("no restart");
        };
        assert_ne!(etag, published.etag);
        let fresh = |old: &str| match old {
            old if old.starts_with("a=ice-ufrag:") => line(&fragment, "a=ice-ufrag:"),
            old if old.starts_with("a=ice-pwd:") => line(&fragment, "a=ice-pwd:"),
            old if old.starts_with("a=candidate:") => line(&fragment, "a=candidate:"),
            old => old.to_owned(),
        };
        let answer: String =
            published.answer.lines().map(|old| format!("{}\r\n", fresh(old))).collect();
        let answer = SdpAnswer::from_sdp_string(&answer).unwrap();
        self.rtc.sdp_api().accept_answer(pending, answer).unwrap();
    }

    /// Closes the connection as a browser does.
    pub(crate) fn close(&mut self) {
        self.rtc.close().unwrap();
        self.drain();
    }

    /// Sends any bytes from the publisher's own address.
    pub(crate) fn send_raw(&mut self, datagram: &[u8]) {
        let address = self.far.unwrap();
        self.link.send(datagram, address);
    }

    fn step(&mut self) {
        let wait = self.drain().saturating_duration_since(now());
        let wait = wait.clamp(Duration::from_millis(1), Duration::from_millis(5));
        if let Some((datagram, source)) = self.link.receive(wait)
            && let Ok(contents) = datagram.as_slice().try_into()
        {
            let (proto, destination) = (self.link.protocol(), self.address);
            let receive = Receive { proto, source, destination, contents };
            self.rtc.handle_input(Input::Receive(now(), receive)).unwrap();
            self.drain();
        }
        self.rtc.handle_input(Input::Timeout(now())).unwrap();
        self.drain();
        if self.connected && self.sends {
            self.send_due();
        }
    }

    fn send_due(&mut self) {
        let elapsed = u64::try_from(now().duration_since(self.start).as_millis()).unwrap();
        while self.sent_video * 40 < elapsed {
            let key = self.sent_video == 0 || std::mem::take(&mut self.force_key);
            let time = MediaTime::new(self.sent_video * 3_600, Frequency::NINETY_KHZ);
            self.write(self.video, time, vp8(key, 3_000));
            self.sent_video += 1;
        }
        while self.sent_audio * 20 < elapsed {
            let time = MediaTime::new(self.sent_audio * 960, Frequency::FORTY_EIGHT_KHZ);
            self.write(self.audio, time, vec![0xfc, 0xff, 0xfe]);
            self.sent_audio += 1;
        }
    }

    fn write(&mut self, mid: Mid, time: MediaTime, data: Vec<u8>) {
        // Nothing can be written once the far end has closed.
        let Some(writer) = self.rtc.writer(mid) else {
            assert!(self.closed);
            return;
        };
        let pt = writer.payload_params().next().unwrap().pt();
        writer.write(pt, now(), time, data).unwrap();
        self.drain();
    }

    /// Brings to the far end what is due.
    fn deliver(&mut self) {
        let at = now();
        for (_, to, datagram) in self.on_the_way.extract_if(.., |(due, ..)| *due <= at) {
            self.link.send(&datagram, to);
        }
    }

    fn drain(&mut self) -> Instant {
        loop {
            match self.rtc.poll_output().unwrap() {
                Output::Timeout(at) => {
                    self.deliver();
                    return at;
                }
                Output::Transmit(t) => {
                    self.far = Some(t.destination);
                    self.sent += 1;
                    let rtp = t.contents.first() == Some(&0x90) && t.contents.get(1) < Some(&0xc0);
                    if rtp {
                        self.newest_media = Some(t.contents.to_vec());
                    }
                    if self.loses_one_in.is_none_or(|n| !self.sent.is_multiple_of(n)) {
                        let way = Duration::from_millis(self.sent * 89 % (self.jitter + 1));
                        self.on_the_way.push((now() + way, t.destination, t.contents.to_vec()));
                    }
                }
                Output::Event(Event::Connected) => self.connected = true,
                Output::Event(Event::Closed) => self.closed = true,
                Output::Event(Event::KeyframeRequest(_)) => {
                    self.keyframe_requests.push(now());
                    self.force_key = self.obeys;
                }
                Output::Event(_) => {}
            }
        }
    }
}

/// A frame with a true VP8 header and nonsense behind it.
fn vp8(key: bool, length: usize) -> Vec<u8> {
    let mut frame = vec![0xaa; length];
    let head: &[u8] = if key {
        &[0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00]
    } else {
        &[0x11, 0x02, 0x00]
    };
    frame.splice(..head.len(), head.iter().copied());
    frame
}

/// Waits for an event that `pick` likes; the ones before are passed over.
pub(crate) fn wait_for<T>(events: &mut Subscription, pick: impl Fn(&RoomEvent) -> Option<T>) -> T {
    let end = now() + PATIENCE;
    loop {
        match events.recv_timeout(end.saturating_duration_since(now())) {
            Received::Event(event) => {
                if let Some(picked) = pick(&event) {
                    return picked;
                }
            }
            Received::TimedOut => panic!("the event didn't come"),
            Received::Ended => panic!("the subscription ended"),
        }
    }
}

/// Everything that is there already.
pub(crate) fn drain(events: &mut Subscription) -> Vec<RoomEvent> {
    let mut all = Vec::new();
    while let Received::Event(event) = events.try_recv() {
        all.push(event);
    }
    all
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}
