//! The recordings of this process: started, found, changed and stopped, their pictures, the process's own
//! store, and what is cleared away afterwards.
//!
//! Whoever commands recordings, by HTTP or otherwise, does it here; nothing here knows who it is.

mod av1;
pub mod clocks;
mod error;
pub mod images;
pub mod janitor;
mod keys;
pub mod pictures;
mod recorder;
mod session;
mod source;
mod space;
pub mod store;
mod trial;

pub use capstan_recording::requests::{
    UpdateLayoutError as UpdateError, UpdateSubscriptionError as SubscribeError,
};

pub use self::av1::Av1Error;
pub use self::error::{RefreshError, StartError, StopError};
pub use self::keys::Fresh;
pub use self::pictures::Gallery;
pub use self::recorder::{Layouts, Order, Parts, Recorder};
pub use self::session::{Found, Session};
pub use self::space::NoSpace;
