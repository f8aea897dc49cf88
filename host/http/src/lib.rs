//! Everything that the server answers over HTTP: the recording API as Agora's clients speak it, Capstan's own
//! interface, WHIP, playback, the description of all that, and what machines ask of a server.
//!
//! `router` has it on one screen; `context` is what handlers work with. Who records what is known by the
//! recorder; nothing here knows how the process is put together or what a user types.

mod agora;
mod context;
mod detached;
mod gateway;
mod health;
mod openapi;
mod origins;
mod playback;
mod problem;
mod rate;
mod resource;
mod room_name;
mod router;
mod serve;
mod under;
mod v1;
mod whip;

pub use self::context::{Context, Parts};
pub use self::rate::Rates;
pub use self::resource::{KeyError, Resources};
pub use self::serve::{Limits, serve};
