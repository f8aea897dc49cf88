//! The exports: the contract's functions, handed to the plain delivery.
#![expect(unsafe_code, reason = "the exports, generated")]

use std::cell::RefCell;
use std::rc::Rc;

use capstan_kit::json::Wrong;

use crate::bindings::capstan::plugin::log;
use crate::config::{CONFIG_SCHEMA, Config};
use crate::contract::{ConfigError, Endpoint, Guest as Contract, Manifest};
use crate::delivery::Delivery;
use crate::io::Moment;
use crate::notifier::{self, Failure, GuestDelivery, Notice, Outcome, Step};

thread_local! {
    /// Set by `configure`, before any delivery.
    static CONFIG: RefCell<Option<Rc<Config>>> = const { RefCell::new(None) };
}

struct Plugin;

impl Contract for Plugin {
    fn describe() -> Manifest {
        Manifest {
            name: env!("CARGO_PKG_NAME").into(),
            version: env!("CARGO_PKG_VERSION").into(),
            summary: env!("CARGO_PKG_DESCRIPTION").into(),
            config_schema: CONFIG_SCHEMA.into(),
        }
    }

    fn configure(config: String) -> Result<Vec<Endpoint>, Vec<ConfigError>> {
        capstan_kit::report_panics(|message| log::write(log::Level::Error, message));
        let error = |Wrong { pointer, message }| ConfigError { pointer, message };
        let config = Config::parse(&config)
            .map_err(|wrongs| wrongs.into_iter().map(error).collect::<Vec<_>>())?;
        let endpoints = config.endpoints();
        CONFIG.set(Some(Rc::new(config)));
        Ok(endpoints)
    }
}

impl notifier::Guest for Plugin {
    type Delivery = Running;
}

/// A delivery behind the contract's resource; `None` if the plugin was never configured.
struct Running(Option<Delivery>);

impl GuestDelivery for Running {
    fn new(notice: Notice) -> Self {
        Self(CONFIG.with_borrow(Clone::clone).map(|config| Delivery::new(config, notice)))
    }

    fn next(&self, at: Moment, last: Option<Outcome>) -> Step {
        let unset = || {
            let message = "the plugin was not configured".into();
            Step::Failed(Failure { message, retriable: false })
        };
        self.0.as_ref().map_or_else(unset, |delivery| delivery.next(at, last))
    }
}

crate::bindings::export!(Plugin with_types_in crate::bindings);
