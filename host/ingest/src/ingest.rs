//! The handle that the rest of the process holds.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use capstan_media::room::LeaveReason;
use capstan_media::subscription::VideoLayer;
use capstan_media::time::RoomClock;
use capstan_media::track::{RoomId, Uid};
use str0m::config::DtlsCert;
use tokio::sync::{Notify, mpsc, oneshot};

use crate::config::IngestConfig;
use crate::error::{NoSuchSession, PublishError, StartError};
use crate::peer::{Peer, PeerSetup};
use crate::room::{Presence, Rooms};
use crate::sessions::{PeerId, SessionId, Sessions};
use crate::socket::{self, Socket};
use crate::subscription::Subscription;
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
    Add(PeerId, Box<Peer>, Vec<PeerId>),
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
    candidates: Vec<SocketAddr>,
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
        let candidates = config.candidates(address)?;
        let certificate = crate::peer::certificate()?;
        let shared = Arc::new(Shared {
            rooms: Mutex::new(Rooms::new(&config)),
            sessions: Mutex::new(Sessions::new(config.max_publishers)),
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
            .spawn(move || runtime.block_on(socket.run(udp)))
            .map_err(StartError::Thread)?;
        tracing::info!(%address, announced = ?candidates, "ingest listens");
        let inner =
            Inner { config, clock, anchor, address, candidates, certificate, shared, commands };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The bound UDP address.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.inner.address
    }

    /// Answers a publisher's offer. The participant joins when the connection stands; a session
    /// that the uid has already goes on until then and ends without a leave.
    ///
    /// # Errors
    /// The offer is unusable, or there is no room for another participant.
    pub async fn publish(
        &self,
        room: RoomId,
        uid: Uid,
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
        let (peer, answer) = Peer::accept(setup, offer, inner.clock.now())?;
        let session = SessionId::new(crate::peer::random_hex()?);
        let etag = format!("\"{}\"", peer.ufrag());
        // No wait between opening the session and handing it over: a caller may vanish at any wait.
        let slot = self.slot().await?;
        let (id, over) = inner.shared.sessions(|s| s.open(&room, uid, session.clone()))?;
        slot.send(Command::Add(id, Box::new(peer), over));
        tracing::info!(%room, %uid, %session, "offer answered");
        Ok(Published { answer, session, etag })
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
