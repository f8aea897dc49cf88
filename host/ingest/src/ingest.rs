//! The handle that the rest of the process holds.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use capstan_media::room::LeaveReason;
use capstan_media::subscription::VideoLayer;
use capstan_media::time::RoomClock;
use capstan_media::track::{RoomId, Uid};
use metrics::counter;
use str0m::config::DtlsCert;
use tokio::sync::{Notify, mpsc, oneshot};

use crate::config::IngestConfig;
use crate::error::{NoSuchSession, PatchError, PublishError, StartError};
use crate::fragment::{Fragment, Generation, Patched};
use crate::negotiate::PeerSetup;
use crate::offer::Refused;
use crate::peer::{Accepted, Peer};
use crate::remote::Remote;
use crate::room::{Presence, Rooms};
use crate::sessions::{Opened, PeerId, SessionId, Sessions};
use crate::socket::{self, Socket};
use crate::subscription::Subscription;
use crate::tcp;
use crate::time::Anchor;

/// Commands that wait for the socket thread; more makes callers wait.
const COMMAND_QUEUE: usize = 64;

/// Takes publishers and gives their frames to subscribers. Clones share one ingest.
#[derive(Clone)]
pub struct Ingest {
    inner: Arc<Inner>,
}

/// An accepted offer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Published {
    /// The SDP answer.
    pub answer: String,
    /// The session's name, with which it can be deleted.
    pub session: SessionId,
    /// An entity tag (quoted) that names the session's ICE generation (RFC 9725, 4.3.1).
    pub etag: String,
    /// The sections that the publisher wants to send and that aren't taken.
    pub refused: Vec<Refused>,
}

/// What the socket thread shares with the handles.
pub(crate) struct Shared {
    rooms: Mutex<Rooms>,
    sessions: Mutex<Sessions>,
    /// Told when key frames are wanted.
    pub(crate) wake: Notify,
}

/// What a handle asks of the socket thread.
pub(crate) enum Command {
    /// Serve a publisher, in place of sessions that never connected.
    Add(Opened, Box<Peer>),
    /// Change a session's ICE.
    Patch(PeerId, Generation, Fragment, oneshot::Sender<Result<Patched, PatchError>>),
    /// End a session.
    Remove(PeerId, LeaveReason),
    /// End all and the thread.
    Stop(oneshot::Sender<()>),
}

struct Inner {
    config: IngestConfig,
    clock: Arc<dyn RoomClock>,
    anchor: Anchor,
    address: SocketAddr,
    tcp: Option<SocketAddr>,
    candidates: Vec<Remote>,
    certificate: DtlsCert,
    shared: Arc<Shared>,
    commands: mpsc::Sender<Command>,
}

impl Ingest {
    /// Binds the socket and starts the thread that serves it.
    ///
    /// # Errors
    /// The addresses don't fit together, or the system refuses the socket or the thread.
    pub fn start(config: IngestConfig, clock: Arc<dyn RoomClock>) -> Result<Self, StartError> {
        let udp = socket::bind(config.listen)?;
        let bind = |source| StartError::Bind { listen: config.listen, source };
        let address = udp.local_addr().map_err(bind)?;
        let udp_candidates = config.candidates(address)?;
        let mut candidates: Vec<_> = udp_candidates.into_iter().map(Remote::udp).collect();
        let listener = config.listen_tcp.map(tcp::bind).transpose()?;
        let tcp = match &listener {
            None => None,
            Some(listener) => {
                let bound = listener.local_addr().map_err(bind)?;
                candidates.extend(config.candidates(bound)?.into_iter().map(Remote::tcp));
                Some(bound)
            }
        };
        let certificate = crate::negotiate::certificate()?;
        let shared = Arc::new(Shared {
            rooms: Mutex::new(Rooms::new(&config)),
            sessions: Mutex::new(Sessions::new(config.limits())),
            wake: Notify::new(),
        });
        let (commands, received) = mpsc::channel(COMMAND_QUEUE);
        let anchor = Anchor::take(&*clock);
        // A thread of its own: packets are stamped on time however busy the process is otherwise.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(StartError::Thread)?;
        let socket = Socket::new(Arc::clone(&clock), Arc::clone(&shared), received);
        thread::Builder::new()
            .name("ingest".into())
            .spawn(move || runtime.block_on(socket.run(udp, listener)))
            .map_err(StartError::Thread)?;
        tracing::info!(%address, announced = ?candidates, "ingest listens");
        let inner = Inner {
            config,
            clock,
            anchor,
            address,
            tcp,
            candidates,
            certificate,
            shared,
            commands,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The bound UDP address.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.inner.address
    }

    /// The bound TCP address, if there is one.
    #[must_use]
    pub fn tcp_addr(&self) -> Option<SocketAddr> {
        self.inner.tcp
    }

    /// Answers a publisher's offer. The participant joins when the connection stands; a session
    /// that the uid has already goes on until then and ends without a leave. `from` is the address that
    /// the offer came from.
    ///
    /// # Errors
    /// The offer is unusable, or there is no room for another participant.
    pub async fn publish(
        &self,
        room: RoomId,
        uid: Uid,
        from: IpAddr,
        offer: &str,
    ) -> Result<Published, PublishError> {
        let inner = &*self.inner;
        let setup = PeerSetup {
            room: room.clone(),
            uid,
            candidates: &inner.candidates,
            certificate: inner.certificate.clone(),
            config: &inner.config,
            anchor: inner.anchor,
        };
        let now = inner.clock.now();
        let (peer, accepted) = Peer::accept(setup, offer, now)?;
        let Accepted { answer, refused } = accepted;
        let session = SessionId::new(crate::negotiate::random_hex()?);
        let etag = peer.etag();
        // No wait between opening the session and handing it over: a caller may vanish at any wait.
        let slot = self.slot().await?;
        let opened = inner.shared.sessions(|s| s.open(&room, uid, session.clone(), from, now))?;
        slot.send(Command::Add(opened, Box::new(peer)));
        tracing::info!(%room, %uid, %session, "offer answered");
        for section in &refused {
            let (why, advice) = (section.why.name(), section.why.advice());
            counter!("capstan_sections_refused_total", "why" => why).increment(1);
            tracing::warn!(
                %room, %uid, section = section.section, media = section.media,
                codecs = section.codecs.join(", "), why, advice, "a section of the offer is not taken"
            );
        }
        Ok(Published { answer, session, etag, refused })
    }

    /// Ends a session at its publisher's wish.
    ///
    /// # Errors
    /// The participant has no such session (any more).
    pub async fn delete(
        &self,
        room: &RoomId,
        uid: Uid,
        session: &str,
    ) -> Result<(), NoSuchSession> {
        let gone = || NoSuchSession { room: room.clone(), uid };
        let slot = self.slot().await.map_err(|_| gone())?;
        let found = self.inner.shared.sessions(|s| {
            let found = s.find(room, uid, session)?;
            s.remove(found);
            Some(found)
        });
        slot.send(Command::Remove(found.ok_or_else(gone)?, LeaveReason::Quit));
        Ok(())
    }

    /// Takes a publisher's candidates, or starts ICE anew with its new credentials. Media goes on
    /// meanwhile.
    ///
    /// # Errors
    /// There is no such session, it is at another generation, or the fragment is unusable.
    pub async fn patch(
        &self,
        room: &RoomId,
        uid: Uid,
        session: &str,
        generation: Generation,
        fragment: &str,
    ) -> Result<Patched, PatchError> {
        let gone = || PatchError::NoSession(NoSuchSession { room: room.clone(), uid });
        let fragment = Fragment::read(fragment)?;
        let slot = self.slot().await.map_err(|_| gone())?;
        let peer = self.inner.shared.sessions(|s| s.find(room, uid, session)).ok_or_else(gone)?;
        let (answer, wait) = oneshot::channel();
        slot.send(Command::Patch(peer, generation, fragment, answer));
        // The session may end before its turn comes.
        wait.await.unwrap_or_else(|_| Err(gone()))
    }

    /// Whether a participant has a session of that name.
    #[must_use]
    pub fn has_session(&self, room: &RoomId, uid: Uid, session: &str) -> bool {
        self.inner.shared.sessions(|s| s.find(room, uid, session).is_some())
    }

    /// Listens to a room, whether anybody is in it or not, and asks for key frames. Of those who send
    /// several layers the largest comes.
    #[must_use]
    pub fn subscribe(&self, room: &RoomId) -> Subscription {
        self.subscribe_to(room, VideoLayer::High)
    }

    /// The same, with this layer of those who send several.
    #[must_use]
    pub fn subscribe_to(&self, room: &RoomId, layer: VideoLayer) -> Subscription {
        let queue = self.inner.shared.rooms(|rooms| rooms.subscribe(room, layer));
        self.inner.shared.wake.notify_one();
        Subscription::new(queue)
    }

    /// Asks every video track in the room for a key frame, as often as the policy allows.
    pub fn request_keyframes(&self, room: &RoomId) {
        self.inner.shared.rooms(|rooms| rooms.want_keyframes(room));
        self.inner.shared.wake.notify_one();
    }

    /// Asks one participant for key frames, as often as the policy allows.
    pub fn request_keyframes_of(&self, room: &RoomId, uid: Uid) {
        self.inner.shared.rooms(|rooms| rooms.want_keyframes_of(room, uid));
        self.inner.shared.wake.notify_one();
    }

    /// Who is in a room now, by uid.
    #[must_use]
    pub fn roster(&self, room: &RoomId) -> Vec<Presence> {
        self.inner.shared.rooms(|rooms| rooms.roster(room))
    }

    /// The rooms with somebody in them, in no order.
    #[must_use]
    pub fn rooms(&self) -> Vec<RoomId> {
        self.inner.shared.rooms(|rooms| rooms.occupied())
    }

    /// Says goodbye to every publisher, ends every subscription and the thread.
    pub async fn shutdown(&self) {
        let (done, wait) = oneshot::channel();
        if let Ok(slot) = self.slot().await {
            slot.send(Command::Stop(done));
            // An error means that the thread is gone already.
            let _ = wait.await;
        }
    }

    async fn slot(&self) -> Result<mpsc::Permit<'_, Command>, PublishError> {
        self.inner.commands.reserve().await.map_err(|_| PublishError::Stopped)
    }
}

impl Shared {
    /// Looks at or changes the rooms. Never held across a wait.
    pub(crate) fn rooms<T>(&self, with: impl FnOnce(&mut Rooms) -> T) -> T {
        with(&mut self.rooms.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks at or changes the sessions. Never held across a wait.
    pub(crate) fn sessions<T>(&self, with: impl FnOnce(&mut Sessions) -> T) -> T {
        with(&mut self.sessions.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
