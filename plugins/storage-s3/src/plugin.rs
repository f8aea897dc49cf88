//! The exports: the contract's functions, handed to the plain machine.
#![expect(unsafe_code, reason = "the exports, generated")]

use std::cell::RefCell;
use std::rc::Rc;

use capstan_kit::json::Wrong;

use crate::answer::failed;
use crate::bindings::capstan::plugin::log;
use crate::config::{CONFIG_SCHEMA, Config};
use crate::contract::{ConfigError, Endpoint, Guest as Contract, Manifest};
use crate::io::Moment;
use crate::upload::Upload;
use crate::uploader::{self, Event, Failure, FailureKind, GuestUpload, Job, Step};

thread_local! {
    /// Set by `configure`, before any job.
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

impl uploader::Guest for Plugin {
    type Upload = Running;
}

/// A job behind the contract's resource.
struct Running(RefCell<Upload>);

impl GuestUpload for Running {
    fn open(job: Job, saved: Option<Vec<u8>>) -> Result<uploader::Upload, Failure> {
        let config = CONFIG.with_borrow(Clone::clone);
        let unset = || failed(FailureKind::BadConfig, "the plugin was not configured");
        let upload = Upload::open(config.ok_or_else(unset)?, job, saved.as_deref());
        Ok(uploader::Upload::new(Self(RefCell::new(upload))))
    }

    fn next(&self, at: Moment, events: Vec<Event>) -> Step {
        self.0.borrow_mut().next(at, events)
    }

    fn save(&self) -> Vec<u8> {
        self.0.borrow().save()
    }

    fn abort(&self, at: Moment) -> Step {
        self.0.borrow_mut().abort(at)
    }
}

crate::bindings::export!(Plugin with_types_in crate::bindings);
