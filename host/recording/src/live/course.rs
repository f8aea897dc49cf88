//! Where a recording stands, from its start to the moment at which everything of it is owed. The tape
//! thread drives it; anybody may end it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use capstan_archive::facts::StopReason;
use capstan_media::room::RoomEvent;
use capstan_media::time::RoomTime;
use tokio::sync::watch;

use super::basics::Basics;
use crate::session::Session;

/// The session of one recording, shared by its threads and handles.
pub(crate) struct Course {
    basics: Arc<Basics>,
    session: Mutex<Session>,
    /// True once nothing is recorded any more and everything is owed.
    cut: watch::Sender<bool>,
}

impl Course {
    /// Begins now.
    pub(crate) fn new(basics: Arc<Basics>) -> Self {
        let session = Mutex::new(Session::new(basics.settings.max_idle, basics.now()));
        Self { basics, session, cut: watch::Sender::new(false) }
    }

    /// The session, to look at it.
    pub(crate) fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tape thread runs.
    pub(crate) fn ready(&self) {
        self.session().ready();
    }

    /// Takes in what the room says.
    pub(crate) fn observe(&self, event: &RoomEvent) {
        self.session().observe(event);
    }

    /// The recording takes media that arrived at `at`. True for the first.
    pub(crate) fn takes_media(&self, at: RoomTime) -> bool {
        self.session().takes_media(at)
    }

    /// Ends the recording if it has been idle for too long.
    pub(crate) fn poll(&self, now: RoomTime) {
        if self.session().poll(now) {
            tracing::info!(sid = self.basics.sid(), "nobody sends: recording ends");
        }
    }

    /// Ends the recording; the first reason counts.
    pub(crate) fn stop(&self, reason: StopReason) {
        if self.session().stop(reason, self.basics.now()) {
            tracing::info!(sid = self.basics.sid(), ?reason, "recording stops");
        }
    }

    /// Why and when it stopped, once it did.
    pub(crate) fn stopped(&self) -> Option<(StopReason, RoomTime)> {
        self.session().stopped()
    }

    /// The last segment is cut and owed.
    pub(crate) fn cut(&self) {
        self.session().cut();
        self.cut.send_replace(true);
    }

    /// Waits for that.
    pub(crate) async fn wait_for_cut(&self) {
        // The sender lives as long as this.
        let _ = self.cut.subscribe().wait_for(|cut| *cut).await;
    }
}
