//! A storage: puts files into a store by signed requests, and believes only a matching digest.
//!
//! The store is as simple as can be: `PUT /<bucket>/<key>` with a signature, answered by an `etag`
//! that is the MD5 of what arrived. Put your vendor's requests in its place.

mod bindings;
mod config;
mod request;
mod upload;

use std::cell::RefCell;
use std::rc::Rc;

use bindings::capstan::plugin::io::Moment;
use bindings::exports::capstan::plugin::plugin::{ConfigError, Endpoint, Guest, Manifest};
use bindings::exports::capstan::plugin::uploader::{
    Event, Failure, FailureKind, Guest as Uploader, GuestUpload, Job, Step, Upload as Handle,
};
use config::Config;
use upload::Upload;

thread_local! {
    /// Set by `configure`, before any job.
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

impl Uploader for Plugin {
    type Upload = Running;
}

/// A job behind the contract's resource, whose methods take it shared.
struct Running(RefCell<Upload>);

impl GuestUpload for Running {
    fn open(job: Job, saved: Option<Vec<u8>>) -> Result<Handle, Failure> {
        // One request takes the whole file: there is nothing to go on from.
        let _nothing = saved;
        let config = CONFIG.with_borrow(Clone::clone);
        let config = config.ok_or_else(|| {
            upload::failure(FailureKind::BadConfig, "the plugin wasn't configured")
        })?;
        Ok(Handle::new(Self(RefCell::new(Upload::new(config, job)))))
    }

    fn next(&self, at: Moment, events: Vec<Event>) -> Step {
        self.0.borrow_mut().next(at, events)
    }

    fn save(&self) -> Vec<u8> {
        Vec::new()
    }

    fn abort(&self, _at: Moment) -> Step {
        Step::Failed(upload::failure(FailureKind::Rejected, "given up; nothing is left behind"))
    }
}

bindings::export!(Plugin with_types_in bindings);
