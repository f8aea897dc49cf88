//! What Capstan's callback plugins share: the bindings of the `callback` world, requests to an
//! operator's server, and what its answers mean.
//!
//! A callback says in plain Rust, tested natively, what it sends and what it makes of the answer; only
//! the exports exist for the wasm target alone.

mod answer;
pub mod bindings;
mod request;

use capstan_kit::json::{self, Wrong};
use capstan_kit::url::Url;
use serde_json::{Map, Value};

pub use answer::{failed, taken};
pub use bindings::capstan::plugin::io;
pub use bindings::exports::capstan::plugin::{notifier, plugin as contract};
pub use capstan_kit::date::rfc3339;
pub use request::{endpoint, post};

use io::Moment;
use notifier::{Notice, Outcome, Step};

/// An operator's server, and how events are told to it.
pub trait Receiver: Sized {
    /// The JSON Schema of the configuration.
    const CONFIG_SCHEMA: &'static str;

    /// Reads and checks a configuration.
    ///
    /// # Errors
    /// Everything wrong with it, without repeating a value.
    fn parse(config: &str) -> Result<Self, Vec<Wrong>>;

    /// Where events are sent.
    fn url(&self) -> &Url;

    /// Goes on with the delivery of an event: `last` came of the last of `sent` requests; at first
    /// there is neither.
    fn next(&self, notice: &Notice, sent: u32, at: Moment, last: Option<Outcome>) -> Step;
}

/// The facts of an event: the notice's details.
///
/// # Errors
/// They are no JSON object, which no host sends.
pub fn details(notice: &Notice) -> Result<Map<String, Value>, String> {
    json::object(&notice.details).map_err(|wrong| format!("details: {wrong}"))
}

/// An event as an object of its own: which recording, and the facts.
///
/// # Errors
/// As [`details`].
pub fn data(notice: &Notice) -> Result<Value, String> {
    let details = Value::Object(details(notice)?);
    let data = [
        ("app", notice.app.as_str().into()),
        ("room", notice.room.as_str().into()),
        ("recorder_uid", notice.recorder_uid.into()),
        ("sid", notice.sid.as_str().into()),
        ("sequence", notice.sequence.into()),
        ("details", details),
    ];
    Ok(Value::Object(data.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()))
}

/// Exports a [`Receiver`] as a callback plugin, with name, version and summary of the calling crate. The
/// exports exist for the wasm target only.
#[macro_export]
macro_rules! callback_plugin {
    ($receiver:ty) => {
        #[cfg(target_arch = "wasm32")]
        mod plugin {
            use std::cell::{Cell, RefCell};
            use std::rc::Rc;

            use $crate::bindings::capstan::plugin::log;
            use $crate::contract::{ConfigError, Endpoint, Guest, Manifest};
            use $crate::io::Moment;
            use $crate::notifier::{self, Failure, GuestDelivery, Notice, Outcome, Step};
            use $crate::{Receiver, bindings};

            thread_local! {
                /// Set by `configure`, before any delivery.
                static RECEIVER: RefCell<Option<Rc<$receiver>>> = const { RefCell::new(None) };
            }

            struct Plugin;

            impl Guest for Plugin {
                fn describe() -> Manifest {
                    Manifest {
                        name: env!("CARGO_PKG_NAME").into(),
                        version: env!("CARGO_PKG_VERSION").into(),
                        summary: env!("CARGO_PKG_DESCRIPTION").into(),
                        config_schema: <$receiver>::CONFIG_SCHEMA.into(),
                    }
                }

                fn configure(config: String) -> Result<Vec<Endpoint>, Vec<ConfigError>> {
                    $crate::report_panics(|message| log::write(log::Level::Error, message));
                    match <$receiver>::parse(&config) {
                        Ok(receiver) => {
                            let endpoint = $crate::endpoint(receiver.url());
                            RECEIVER.set(Some(Rc::new(receiver)));
                            Ok(vec![endpoint])
                        }
                        Err(wrongs) => Err(wrongs
                            .into_iter()
                            .map(|wrong| ConfigError {
                                pointer: wrong.pointer,
                                message: wrong.message,
                            })
                            .collect()),
                    }
                }
            }

            impl notifier::Guest for Plugin {
                type Delivery = Running;
            }

            /// A delivery behind the contract's resource; without a receiver if the plugin was never
            /// configured.
            struct Running {
                receiver: Option<Rc<$receiver>>,
                notice: Notice,
                sent: Cell<u32>,
            }

            impl GuestDelivery for Running {
                fn new(notice: Notice) -> Self {
                    let receiver = RECEIVER.with_borrow(Clone::clone);
                    Self { receiver, notice, sent: Cell::new(0) }
                }

                fn next(&self, at: Moment, last: Option<Outcome>) -> Step {
                    let Some(receiver) = &self.receiver else {
                        let message = "the plugin was not configured".into();
                        return Step::Failed(Failure { message, retriable: false });
                    };
                    let step = receiver.next(&self.notice, self.sent.get(), at, last);
                    if matches!(step, Step::Send(_)) {
                        self.sent.set(self.sent.get() + 1);
                    }
                    step
                }
            }

            bindings::export_callback!(Plugin with_types_in bindings);
        }
    };
}

pub use capstan_kit::report_panics;
