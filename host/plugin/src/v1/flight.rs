//! What an upload has under way: requests, digests and timers.
//!
//! The invariant: dropping a flight stops everything in it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;

use super::bindings::capstan::plugin::io::{Method, TransportError};
use super::bindings::exports::capstan::plugin::uploader::{
    Action, DigestRequest, Event, Outcome, Work,
};
use super::moment::host_failed;
use crate::digest::digest;
use crate::fault::{Broke, cut};
use crate::grants::{Denial, Reach};
use crate::http::{Sender, SourceFile, pieces};

/// The most actions under way at once.
const MOST: usize = 16;
/// The longest that one job may wait, all its waits together.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// The world as the actions of one job reach it.
pub(crate) struct World {
    pub(crate) plugin: String,
    pub(crate) sender: Arc<Sender>,
    pub(crate) reach: Reach,
    pub(crate) file: SourceFile,
    notes: Mutex<Notes>,
}

/// What the host saw, whatever the plugin makes of it.
#[derive(Clone, Default)]
pub(crate) struct Notes {
    /// A request that wasn't allowed.
    pub(crate) denial: Option<Denial>,
    /// Why the file couldn't be read.
    pub(crate) unreadable: Option<String>,
    /// A request that changes something was sent and got no answer of the store's own.
    pub(crate) unanswered: bool,
}

/// Actions under way.
pub(crate) struct Flight {
    world: Arc<World>,
    tasks: JoinSet<Event>,
    ids: BTreeSet<u32>,
    waited: Duration,
}

impl World {
    /// For one job.
    pub(crate) fn new(plugin: &str, sender: Arc<Sender>, reach: Reach, file: SourceFile) -> Self {
        Self { plugin: plugin.to_owned(), sender, reach, file, notes: Mutex::default() }
    }

    /// What was seen so far.
    pub(crate) fn notes(&self) -> Notes {
        self.locked().clone()
    }

    fn locked(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn perform(self: Arc<Self>, work: Work) -> Outcome {
        match work {
            Work::Wait(ms) => {
                tokio::time::sleep(Duration::from_millis(ms.into())).await;
                Outcome::Woke
            }
            Work::Digest(request) => self.digest(request).await,
            Work::Send(request) => {
                let changes = !matches!(request.method, Method::Get | Method::Head);
                let sent =
                    self.sender.send(&self.plugin, request, Some(&self.file), &self.reach).await;
                match sent {
                    Ok(response) => {
                        // A proxy may answer for a store that goes on with it.
                        self.locked().unanswered |= changes && response.status >= 500;
                        Outcome::Response(response)
                    }
                    Err(failure) => {
                        let mut notes = self.locked();
                        notes.unanswered |= changes && failure.sent;
                        if failure.denial.is_some() {
                            notes.denial.clone_from(&failure.denial);
                        }
                        if failure.error == TransportError::File {
                            notes.unreadable = Some(failure.detail.clone());
                        }
                        Outcome::NoResponse(failure.into())
                    }
                }
            }
        }
    }

    async fn digest(self: Arc<Self>, request: DigestRequest) -> Outcome {
        let world = self.clone();
        let read = tokio::task::spawn_blocking(move || {
            let (pieces, _) = pieces(request.of, Some(&world.file))?;
            let computed = digest(request.algorithm, &pieces, &world.file);
            computed.map_err(|error| error.to_string())
        });
        match read.await.unwrap_or_else(|error| Err(error.to_string())) {
            Ok(bytes) => Outcome::Digest(bytes),
            Err(reason) => {
                self.locked().unreadable = Some(reason.clone());
                Outcome::Unreadable(cut(&reason, 500))
            }
        }
    }
}

impl Flight {
    /// Nothing under way yet.
    pub(crate) fn new(world: Arc<World>) -> Self {
        Self { world, tasks: JoinSet::new(), ids: BTreeSet::new(), waited: Duration::ZERO }
    }

    /// Starts actions.
    pub(crate) fn start(&mut self, actions: Vec<Action>) -> Result<(), Broke> {
        if self.ids.len() + actions.len() > MOST {
            let many = self.ids.len() + actions.len();
            return Err(Broke::bad_answer(format!("{many} actions at once, at most {MOST}")));
        }
        for Action { id, work } in actions {
            if !self.ids.insert(id) {
                return Err(Broke::bad_answer(format!("action {id} is under way already")));
            }
            if let Work::Wait(ms) = &work {
                self.waited = self.waited.saturating_add(Duration::from_millis((*ms).into()));
                if self.waited > LONGEST_WAIT {
                    return Err(Broke::bad_answer("it waits for over an hour"));
                }
            }
            let world = self.world.clone();
            self.tasks.spawn(async move { Event { id, outcome: world.perform(work).await } });
        }
        if self.ids.is_empty() {
            return Err(Broke::bad_answer("it does nothing, and nothing is under way"));
        }
        Ok(())
    }

    /// Waits for the end of at least one action.
    pub(crate) async fn ended(&mut self) -> Result<Vec<Event>, Broke> {
        let mut events = Vec::new();
        let mut next = self.tasks.join_next().await;
        while let Some(ended) = next {
            let event = ended.map_err(|error| host_failed(&error.to_string()))?;
            self.ids.remove(&event.id);
            events.push(event);
            next = self.tasks.try_join_next();
        }
        Ok(events)
    }
}
