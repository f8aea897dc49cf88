//! A callback: posts each event as JSON, with a token that the receiver knows.

mod bindings;
mod config;
mod delivery;

use std::cell::RefCell;
use std::rc::Rc;

use bindings::capstan::plugin::io::Moment;
use bindings::exports::capstan::plugin::notifier::{
    Guest as Notifier, GuestDelivery, Notice, Outcome, Step,
};
use bindings::exports::capstan::plugin::plugin::{ConfigError, Endpoint, Guest, Manifest};
use config::Config;

thread_local! {
    /// Set by `configure`, before any delivery.
    static CONFIG: RefCell<Option<Rc<Config>>> = const { RefCell::new(None) };
}

struct Plugin;

impl Guest for Plugin {
    fn describe() -> Manifest {
        Manifest {
            name: env!("CARGO_PKG_NAME").into(),
            version: env!("CARGO_PKG_VERSION").into(),
            summary: env!("CARGO_PKG_DESCRIPTION").into(),
            config_schema: config::SCHEMA.into(),
        }
    }

    fn configure(text: String) -> Result<Vec<Endpoint>, Vec<ConfigError>> {
        let config = Config::parse(&text)?;
        let endpoint = config.endpoint.clone();
        CONFIG.set(Some(Rc::new(config)));
        Ok(vec![endpoint])
    }
}

impl Notifier for Plugin {
    type Delivery = Delivery;
}

/// One event on its way.
struct Delivery(Notice);

impl GuestDelivery for Delivery {
    fn new(notice: Notice) -> Self {
        Self(notice)
    }

    fn next(&self, _at: Moment, last: Option<Outcome>) -> Step {
        CONFIG.with_borrow(|config| match config {
            Some(config) => delivery::next(config, &self.0, last),
            None => delivery::failed("the plugin wasn't configured", false),
        })
    }
}

bindings::export!(Plugin with_types_in bindings);
