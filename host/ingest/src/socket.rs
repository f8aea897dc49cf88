//! The edge: one UDP port, a TCP port if wanted, the timers of all publishers, and the only reading of the clock.
//!
//! One thread owns every peer, so nothing is locked per packet and datagrams keep their order.
//! Datagrams are read in batches between which timers and commands get their turn.

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, SocketAddr, TcpListener as StdTcpListener, UdpSocket as StdUdpSocket};
use std::sync::Arc;
use std::time::Duration;

use capstan_media::room::LeaveReason;
use capstan_media::time::{RoomClock, RoomTime};
use metrics::{counter, gauge};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot};

use crate::demux::Demux;
use crate::error::{PatchError, StartError};
use crate::fragment::{Fragment, Generation, Patched};
use crate::ingest::{Command, Shared};
use crate::negotiate::contain;
use crate::peer::{Output, Peer};
use crate::remote::{Remote, Transport};
use crate::sessions::{Opened, PeerId};
use crate::tcp::{Connections, Incoming};

/// Datagrams read before timers and commands are looked at.
const BATCH: usize = 64;
/// Longer than any packet that a path with a usual MTU carries.
const MAX_DATAGRAM: usize = 2_000;
/// How often rooms look for silence.
const ROOM_TICK: Duration = Duration::from_millis(100);
/// Key frames of many publishers at once must survive a moment in which the thread is not
/// scheduled. The system may grant less.
const SOCKET_BUFFER: usize = 4 << 20;

/// Binds the port, with a large receive buffer.
pub(crate) fn bind(listen: SocketAddr) -> Result<StdUdpSocket, StartError> {
    let open = || {
        let domain = socket2::Domain::for_address(listen);
        let socket = socket2::Socket::new(domain, socket2::Type::DGRAM, None)?;
        if listen.is_ipv6() {
            socket.set_only_v6(!listen.ip().is_unspecified())?;
        }
        if let Err(error) = socket.set_recv_buffer_size(SOCKET_BUFFER) {
            tracing::debug!(%error, "the receive buffer keeps its size");
        }
        socket.set_nonblocking(true)?;
        socket.bind(&listen.into())?;
        Ok(socket.into())
    };
    open().map_err(|source| StartError::Bind { listen, source })
}

/// What the thread owns.
pub(crate) struct Socket {
    clock: Arc<dyn RoomClock>,
    shared: Arc<Shared>,
    commands: mpsc::Receiver<Command>,
    peers: HashMap<PeerId, Box<Peer>>,
    demux: Demux,
    timers: BTreeSet<(RoomTime, PeerId)>,
    due: HashMap<PeerId, RoomTime>,
    next_tick: RoomTime,
    /// Whether the socket takes both IP versions: then IPv4 addresses are written mapped.
    dual: bool,
    tcp: Connections,
}

enum Wake {
    Command(Option<Command>),
    Keyframes,
    Readable,
    Tcp(Option<Incoming>),
    Timer,
}

impl Socket {
    pub(crate) fn new(
        clock: Arc<dyn RoomClock>,
        shared: Arc<Shared>,
        commands: mpsc::Receiver<Command>,
    ) -> Self {
        let next_tick = clock.now();
        Self {
            clock,
            shared,
            commands,
            peers: HashMap::new(),
            demux: Demux::default(),
            timers: BTreeSet::new(),
            due: HashMap::new(),
            next_tick,
            dual: false,
            tcp: Connections::new(),
        }
    }

    /// Serves until told to stop or until no handle is left.
    pub(crate) async fn run(mut self, udp: StdUdpSocket, tcp: Option<StdTcpListener>) {
        self.dual = udp.local_addr().is_ok_and(|a| a.is_ipv6() && a.ip().is_unspecified());
        let udp = match UdpSocket::from_std(udp) {
            Ok(udp) => udp,
            Err(error) => {
                tracing::error!(%error, "ingest cannot use its socket");
                self.shared.rooms(crate::room::Rooms::end);
                return;
            }
        };
        if let Some(Err(error)) = tcp.map(|listener| self.tcp.listen(listener)) {
            tracing::error!(%error, "ingest cannot use its tcp port");
        }
        let mut done = None;
        loop {
            match self.wait(&udp).await {
                Wake::Command(Some(Command::Add(opened, peer))) => self.add(opened, peer, &udp),
                Wake::Command(Some(Command::Remove(id, reason))) => self.close(id, reason, &udp),
                Wake::Command(Some(Command::Patch(id, generation, fragment, answer))) => {
                    self.patch(id, &generation, fragment, answer);
                }
                Wake::Command(Some(Command::Stop(reply))) => {
                    done = Some(reply);
                    break;
                }
                Wake::Command(None) => break,
                Wake::Keyframes => self.want_keyframes(&udp),
                Wake::Readable => self.read(&udp),
                Wake::Tcp(incoming) => self.incoming(incoming, &udp),
                Wake::Timer => {}
            }
            self.run_timers(&udp);
        }
        for id in self.peers.keys().copied().collect::<Vec<_>>() {
            self.close(id, LeaveReason::Quit, &udp);
        }
        self.shared.rooms(crate::room::Rooms::end);
        drop(udp);
        if let Some(done) = done {
            // Whoever asked may have gone.
            let _ = done.send(());
        }
    }

    async fn wait(&mut self, udp: &UdpSocket) -> Wake {
        let next = self.timers.first().map_or(self.next_tick, |(at, _)| self.next_tick.min(*at));
        let pause = next.since(self.clock.now());
        tokio::select! {
            biased;
            command = self.commands.recv() => Wake::Command(command),
            () = self.shared.wake.notified() => Wake::Keyframes,
            // Neither transport may keep the other waiting.
            wake = async {
                tokio::select! {
                    _ = udp.readable() => Wake::Readable,
                    incoming = self.tcp.next() => Wake::Tcp(incoming),
                }
            } => wake,
            () = tokio::time::sleep(pause) => Wake::Timer,
        }
    }

    fn add(&mut self, opened: Opened, peer: Box<Peer>, udp: &UdpSocket) {
        for old in opened.replaced {
            self.close(old, LeaveReason::Replaced, udp);
        }
        for old in opened.displaced {
            self.close(old, LeaveReason::Lost, udp);
        }
        let id = opened.id;
        self.demux.insert(id, peer.ufrag().to_owned());
        self.peers.insert(id, peer);
        self.work(id, udp, |peer, now| peer.timeout(now));
        self.count();
    }

    fn patch(
        &mut self,
        id: PeerId,
        generation: &Generation,
        fragment: Fragment,
        answer: oneshot::Sender<Result<Patched, PatchError>>,
    ) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let before = peer.ufrag().to_owned();
        let patched = peer.patch(generation, fragment);
        if matches!(patched, Ok(Patched::Restarted { .. })) {
            self.demux.rename(id, &before, peer.ufrag().to_owned());
            counter!("capstan_ice_restarts_total").increment(1);
            tracing::info!(room = %peer.room(), uid = %peer.uid(), "ice restarted");
        }
        // Whoever asked may have gone.
        let _ = answer.send(patched);
    }

    fn close(&mut self, id: PeerId, reason: LeaveReason, udp: &UdpSocket) {
        self.work(id, udp, |peer, _| peer.close(reason));
    }

    fn want_keyframes(&mut self, udp: &UdpSocket) {
        for id in self.shared.rooms(crate::room::Rooms::take_keyframes_wanted) {
            self.work(id, udp, |peer, _| peer.want_keyframes());
        }
    }

    fn read(&mut self, udp: &UdpSocket) {
        let mut buffer = [0; MAX_DATAGRAM];
        for _ in 0..BATCH {
            // An error other than "nothing there" concerns an earlier datagram that was sent.
            let Ok((length, source)) = udp.try_recv_from(&mut buffer) else { return };
            let Some(datagram) = buffer.get(..length) else { continue };
            let remote = Remote::udp(SocketAddr::new(source.ip().to_canonical(), source.port()));
            self.take(remote, datagram, udp);
        }
    }

    fn incoming(&mut self, incoming: Option<Incoming>, udp: &UdpSocket) {
        let now = self.clock.now();
        match incoming {
            Some(Incoming::Opened(remote, stream)) => self.tcp.open(remote, stream, now),
            Some(Incoming::Datagram(remote, datagram)) => {
                self.tcp.heard(remote, now);
                self.take(Remote::tcp(remote), &datagram, udp);
            }
            Some(Incoming::Closed(remote)) => self.tcp.close(remote),
            None => {}
        }
    }

    /// Hands a datagram to the publisher whose it claims to be.
    fn take(&mut self, remote: Remote, datagram: &[u8], udp: &UdpSocket) {
        match self.demux.route(remote, datagram) {
            Some(id) => self.work(id, udp, |peer, now| peer.receive(remote, datagram, now)),
            None => counter!("capstan_datagrams_unclaimed_total").increment(1),
        }
    }

    fn run_timers(&mut self, udp: &UdpSocket) {
        let now = self.clock.now();
        while let Some(&(at, id)) = self.timers.first() {
            if at > now {
                break;
            }
            self.timers.pop_first();
            self.due.remove(&id);
            self.work(id, udp, |peer, now| peer.timeout(now));
        }
        if now >= self.next_tick {
            self.next_tick = now + ROOM_TICK;
            self.shared.rooms(|rooms| rooms.tick(now));
            self.tcp.tick(now);
            self.want_keyframes(udp);
        }
    }

    /// Does something to a peer and everything that follows from it. What a stranger's bytes break
    /// in the library ends that session and no other.
    fn work(&mut self, id: PeerId, udp: &UdpSocket, job: impl FnOnce(&mut Peer, RoomTime)) {
        let Some(mut peer) = self.peers.remove(&id) else { return };
        let now = self.clock.now();
        let mut gone = None;
        let done = contain(|| {
            job(&mut peer, now);
            while let Some(output) = peer.poll(now) {
                if let Output::Gone(reason) = output {
                    gone = Some(reason);
                } else if !self.apply(id, &peer, output, now, udp) {
                    peer.close(LeaveReason::Lost);
                }
            }
        });
        if done.is_none() {
            tracing::error!(room = %peer.room(), uid = %peer.uid(), "session broke the library");
            gone = Some(LeaveReason::Lost);
        }
        if let Some(reason) = gone {
            self.forget(id, &peer, reason, now);
        } else {
            self.schedule(id, peer.due().max(now + Duration::from_millis(1)));
            self.peers.insert(id, peer);
        }
    }

    /// Passes on what a peer brought forth. Answers whether the peer may stay.
    fn apply(
        &mut self,
        id: PeerId,
        peer: &Peer,
        output: Output,
        now: RoomTime,
        udp: &UdpSocket,
    ) -> bool {
        let (room, uid) = (peer.room(), peer.uid());
        match output {
            Output::Send { to, datagram } => self.send(to, &datagram, udp),
            Output::From(remote) => {
                if !peer.has_connected() {
                    self.shared.sessions(|sessions| sessions.heard(id));
                }
                if remote.transport == Transport::Tcp {
                    self.tcp.proven(remote.address, now);
                }
                self.demux.learn(remote, id);
            }
            Output::Stream(stream) => self.demux.learn_stream(stream, id),
            Output::Connected => {
                let Some(older) = self.shared.sessions(|sessions| sessions.connected(id)) else {
                    tracing::warn!(%room, %uid, "publisher turned away: others took the last place");
                    counter!("capstan_publishers_turned_away_total").increment(1);
                    return false;
                };
                tracing::info!(%room, %uid, "publisher connected");
                self.shared.rooms(|rooms| rooms.connected(room, uid, id, now));
                for older in older {
                    self.close(older, LeaveReason::Replaced, udp);
                }
                self.count();
            }
            Output::Frame(frame, start, view) => {
                self.shared.rooms(|rooms| rooms.frame(room, id, frame, start, view));
            }
            Output::Report(report, view) => {
                self.shared.rooms(|rooms| rooms.report(room, id, report, view));
            }
            Output::Over(track, view) => {
                self.shared.rooms(|rooms| rooms.over(room, id, track, view, now));
            }
            Output::Silent => {
                tracing::info!(%room, %uid, "publisher silent");
                let reason = LeaveReason::Lost;
                self.shared.rooms(|rooms| rooms.gone(room, uid, id, reason, now));
                self.count();
            }
            Output::Gone(_) => {}
        }
        true
    }

    fn send(&self, to: Remote, datagram: &[u8], udp: &UdpSocket) {
        if to.transport == Transport::Tcp {
            if !self.tcp.send(to.address, datagram) {
                counter!("capstan_datagrams_unsent_total").increment(1);
            }
            return;
        }
        let to = match to.address.ip() {
            IpAddr::V4(ip) if self.dual => {
                SocketAddr::new(ip.to_ipv6_mapped().into(), to.address.port())
            }
            _ => to.address,
        };
        // Whoever needs an answer asks again; waiting would hold up everybody else.
        if udp.try_send_to(datagram, to).is_err() {
            counter!("capstan_datagrams_unsent_total").increment(1);
        }
    }

    fn forget(&mut self, id: PeerId, peer: &Peer, reason: LeaveReason, now: RoomTime) {
        let (room, uid) = (peer.room(), peer.uid());
        if peer.has_connected() {
            tracing::info!(%room, %uid, ?reason, "publisher gone");
        } else if reason != LeaveReason::Replaced {
            self.never_connected(peer, reason);
        }
        self.demux.remove(id, peer.ufrag());
        if let Some(at) = self.due.remove(&id) {
            self.timers.remove(&(at, id));
        }
        self.shared.sessions(|sessions| sessions.remove(id));
        self.shared.rooms(|rooms| rooms.gone(room, uid, id, reason, now));
        self.count();
    }

    /// Tells of an answered offer that came to nothing, and what the publisher could change.
    fn never_connected(&self, peer: &Peer, reason: LeaveReason) {
        let (room, uid, heard) = (peer.room(), peer.uid(), peer.is_heard());
        let stage = if heard { "handshake" } else { "no-check" };
        counter!("capstan_publishers_never_connected_total", "stage" => stage).increment(1);
        let advice = if heard {
            "its checks arrive but its handshake fails: its certificate must be ECDSA, and the network pass packets \
             of 1200 bytes"
        } else {
            "none of its checks arrived: open the media port between it and the announced addresses"
        };
        let complaint = peer.complaint().unwrap_or("none");
        tracing::warn!(%room, %uid, ?reason, complaint, advice, "publisher never connected");
    }

    fn schedule(&mut self, id: PeerId, at: RoomTime) {
        if let Some(old) = self.due.insert(id, at) {
            self.timers.remove(&(old, id));
        }
        self.timers.insert((at, id));
    }

    fn count(&self) {
        let present = self.shared.rooms(|rooms| rooms.present());
        gauge!("capstan_publishers").set(present as f64);
        let waiting = self.shared.sessions(|sessions| sessions.waiting());
        gauge!("capstan_publishers_waiting").set(waiting as f64);
    }
}
