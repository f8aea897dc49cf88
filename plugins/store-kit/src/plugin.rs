//! The exports: the contract's functions, handed to the plain machine of a vendor. They exist only for
//! the wasm target.

use std::cell::RefCell;
use std::rc::Rc;

use capstan_kit::json::Wrong;

use crate::answer::failed;
use crate::bindings::capstan::plugin::log;
use crate::contract::{ConfigError, Endpoint, Manifest};
use crate::upload::Upload;
use crate::uploader::{Failure, FailureKind, Job};
use crate::vendor::Vendor;

/// What an instance was configured with.
pub type Configured<V> = RefCell<Option<Rc<V>>>;

/// The answer to `describe`.
#[must_use]
pub fn describe<V: Vendor>(name: &str, version: &str, summary: &str) -> Manifest {
    Manifest {
        name: name.into(),
        version: version.into(),
        summary: summary.into(),
        config_schema: V::schema(),
    }
}

/// The answer to `configure`.
///
/// # Errors
/// Everything wrong with the configuration.
pub fn configure<V: Vendor>(
    configured: &Configured<V>,
    config: &str,
) -> Result<Vec<Endpoint>, Vec<ConfigError>> {
    capstan_kit::report_panics(|message| log::write(log::Level::Error, message));
    let error = |Wrong { pointer, message }| ConfigError { pointer, message };
    let vendor =
        V::parse(config).map_err(|wrongs| wrongs.into_iter().map(error).collect::<Vec<_>>())?;
    let endpoints = vendor.endpoints();
    configured.replace(Some(Rc::new(vendor)));
    Ok(endpoints)
}

/// The machine of a job.
///
/// # Errors
/// The plugin was not configured.
pub fn open<V: Vendor>(
    configured: &Configured<V>,
    job: Job,
    saved: Option<Vec<u8>>,
) -> Result<RefCell<Upload<V>>, Failure> {
    let unset = || failed(FailureKind::BadConfig, "the plugin was not configured");
    let vendor = configured.borrow().clone().ok_or_else(unset)?;
    Ok(RefCell::new(Upload::open(vendor, job, saved.as_deref())))
}

/// Makes a storage plugin of a [`Vendor`](crate::Vendor): its name, version and summary are the
/// crate's.
#[macro_export]
macro_rules! storage_plugin {
    ($vendor:ty) => {
        #[cfg(target_arch = "wasm32")]
        mod plugin {
            use std::cell::RefCell;

            use $crate::contract::{ConfigError, Endpoint, Guest as Contract, Manifest};
            use $crate::io::Moment;
            use $crate::plugin;
            use $crate::uploader::{self, Event, Failure, GuestUpload, Job, Step};

            thread_local! {
                /// Set by `configure`, before any job.
                static CONFIGURED: plugin::Configured<$vendor> = const { RefCell::new(None) };
            }

            struct Plugin;

            impl Contract for Plugin {
                fn describe() -> Manifest {
                    plugin::describe::<$vendor>(
                        env!("CARGO_PKG_NAME"),
                        env!("CARGO_PKG_VERSION"),
                        env!("CARGO_PKG_DESCRIPTION"),
                    )
                }

                fn configure(config: String) -> Result<Vec<Endpoint>, Vec<ConfigError>> {
                    CONFIGURED.with(|configured| plugin::configure(configured, &config))
                }
            }

            impl uploader::Guest for Plugin {
                type Upload = Running;
            }

            /// A job behind the contract's resource.
            struct Running(RefCell<$crate::Upload<$vendor>>);

            impl GuestUpload for Running {
                fn open(job: Job, saved: Option<Vec<u8>>) -> Result<uploader::Upload, Failure> {
                    let upload =
                        CONFIGURED.with(|configured| plugin::open(configured, job, saved))?;
                    Ok(uploader::Upload::new(Self(upload)))
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

            $crate::bindings::export_storage!(Plugin);
        }
    };
}
