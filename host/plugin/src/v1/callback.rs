//! The callback port by a component: a fresh instance for each attempt of each event.

use std::sync::Arc;

use capstan_outbox::ports::{BoxFuture, Callback, Delivery, DeliveryError, Notice};
use wasmtime::component::ResourceAny;

use super::bindings::exports::capstan::plugin::notifier as wit;
use super::moment::moment;
use crate::fault::{Broke, cut};
use crate::grants::{Denial, Grants, Reach};
use crate::http::Sender;
use crate::plugin::{ConfigureError, Plugin, WorldCalls, refused};
use crate::sandbox::Guest;

/// The most requests of one delivery.
const MAX_REQUESTS: usize = 16;

/// One app's callback.
pub(crate) struct ComponentCallback {
    plugin: Arc<Plugin>,
    config: Arc<str>,
    sender: Arc<Sender>,
    grants: Grants,
}

/// The guest's side of one delivery.
struct Machine {
    plugin: Arc<Plugin>,
    guest: Guest,
    calls: wit::Guest,
    delivery: ResourceAny,
}

/// How a delivery ends that didn't end well.
enum End {
    Failed(wit::Failure),
    Broke(Broke),
    Rejected(String),
}

impl From<Broke> for End {
    fn from(broke: Broke) -> Self {
        Self::Broke(broke)
    }
}

impl From<ConfigureError> for End {
    fn from(error: ConfigureError) -> Self {
        match error {
            ConfigureError::BadConfig(what) => Self::Rejected(format!("configuration: {what}")),
            ConfigureError::Broke(broke) => Self::Broke(broke),
        }
    }
}

impl ComponentCallback {
    /// Checks the configuration in a throw-away instance: that blocks for at most the plugin's time
    /// budget.
    ///
    /// # Errors
    /// What the operator has to change.
    pub(crate) fn open(
        plugin: Arc<Plugin>,
        config: &str,
        sender: Arc<Sender>,
        grants: Grants,
    ) -> Result<Self, String> {
        let configured = plugin.configured(config).map_err(|error| match error {
            ConfigureError::BadConfig(mistakes) => mistakes.to_string(),
            ConfigureError::Broke(broke) => plugin.fault(broke).to_string(),
        })?;
        let reach = Reach::new(&configured.endpoints, grants.clone())?;
        if let Some(denial) = reach.ungranted() {
            plugin.denied(&denial);
            return Err(denial.to_string());
        }
        Ok(Self { plugin, config: config.into(), sender, grants })
    }

    async fn run(&self, notice: &Notice) -> Result<Delivery, End> {
        let notice = to_guest(notice);
        let (plugin, config) = (self.plugin.clone(), self.config.clone());
        let opened = self.plugin.work(move || Machine::open(plugin, &config, &notice)).await?;
        let (mut machine, endpoints) = opened?;
        let reach = Reach::new(&endpoints, self.grants.clone()).map_err(Broke::bad_answer)?;
        let mut last = None;
        let mut denial = None;
        for _ in 0..=MAX_REQUESTS {
            let outcome = last.take();
            let turn = move || {
                let step = machine.next(outcome.as_ref());
                (machine, step)
            };
            let (back, step) = self.plugin.work(turn).await?;
            machine = back;
            let request = match step? {
                wit::Step::Done => return Ok(Delivery::Delivered),
                wit::Step::Ignored => return Ok(Delivery::Ignored),
                wit::Step::Failed(failure) => return Err(self.failed(failure, denial)),
                wit::Step::Send(request) => request,
            };
            let answer = self.sender.send(self.plugin.name(), request, None, &reach).await;
            last = Some(match answer {
                Ok(response) => wit::Outcome::Response(response),
                Err(failure) => {
                    denial = failure.denial.clone().or(denial);
                    wit::Outcome::NoResponse(failure.into())
                }
            });
        }
        Err(Broke::bad_answer(format!("over {MAX_REQUESTS} requests for one event")).into())
    }

    /// A failure, or what the host knows better about it.
    fn failed(&self, failure: wit::Failure, denial: Option<Denial>) -> End {
        match denial {
            Some(denial @ Denial::NotAsked(_)) => End::Broke(refused(&denial)),
            Some(denial) => {
                self.plugin.denied(&denial);
                End::Rejected(denial.to_string())
            }
            None => End::Failed(failure),
        }
    }

    async fn deliver(&self, notice: &Notice) -> Result<Delivery, DeliveryError> {
        let id = notice.id.clone();
        if let Some(wait) = self.plugin.wait() {
            let reason = format!("plugin {} is benched for {wait:?}", self.plugin.name());
            return Err(DeliveryError::Transient { id, reason });
        }
        let end = match self.run(notice).await {
            Ok(delivery) => {
                self.plugin.well();
                return Ok(delivery);
            }
            Err(end) => end,
        };
        Err(match end {
            End::Broke(broke) => self.plugin.fault(broke).into(),
            End::Rejected(reason) => DeliveryError::Rejected { id, reason },
            End::Failed(wit::Failure { message, retriable }) => {
                self.plugin.well();
                let reason = cut(&message, 500);
                if retriable {
                    DeliveryError::Transient { id, reason }
                } else {
                    DeliveryError::Rejected { id, reason }
                }
            }
        })
    }
}

impl Callback for ComponentCallback {
    fn deliver<'a>(&'a self, notice: &'a Notice) -> BoxFuture<'a, Result<Delivery, DeliveryError>> {
        Box::pin(self.deliver(notice))
    }
}

type Endpoints = Vec<super::bindings::exports::capstan::plugin::plugin::Endpoint>;

impl Machine {
    fn open(
        plugin: Arc<Plugin>,
        config: &str,
        notice: &wit::Notice,
    ) -> Result<(Self, Endpoints), End> {
        let WorldCalls::Callback(calls) = plugin.world() else {
            return Err(End::Rejected(format!("{} is no callback", plugin.name())));
        };
        let configured = plugin.configured(config)?;
        let mut guest = configured.guest;
        let calls = guest
            .load(|store, instance| calls.load(store, instance))
            .map_err(|error| Broke::from_call(&error, None))?;
        let delivery =
            guest.call("delivery", |store| calls.delivery().call_constructor(store, notice))?;
        Ok((Self { plugin, guest, calls, delivery }, configured.endpoints))
    }

    fn next(&mut self, last: Option<&wit::Outcome>) -> Result<wit::Step, Broke> {
        let at = moment(self.plugin.clock().wall())?;
        let (calls, delivery) = (&self.calls, self.delivery);
        self.guest.call("next", |store| calls.delivery().call_next(store, delivery, at, last))
    }
}

fn to_guest(notice: &Notice) -> wit::Notice {
    wit::Notice {
        id: notice.id.clone(),
        app: notice.app.clone(),
        room: notice.room.clone(),
        recorder_uid: notice.recorder_uid,
        sid: notice.sid.clone(),
        sequence: notice.sequence,
        at_ms: u64::try_from(notice.at_ms).unwrap_or(0),
        kind: notice.kind.clone(),
        details: notice.details.to_string(),
        attempt: notice.attempt,
    }
}
