//! What must still leave the process: uploads, events, and the files that are owed before they are made.
//!
//! ```text
//!  outbox (what a recording and an operator may ask) ──> keeper ──> books (values, and the disk behind them)
//!  worker (picks what may leave now) ──> steps (one attempt each) ──^
//! ```
//!
//! A step gets the parts that it uses: the keeper, and the ports and settings that are its own.

#[cfg(test)]
extern crate self as capstan_outbox;

mod bell;
mod books;
pub mod event;
mod files;
mod keeper;
mod outbox;
pub mod outcome;
pub mod ports;
mod records;
mod recovery;
mod retarget;
mod retry;
mod settings;
mod shipment;
mod steps;
#[cfg(test)]
pub mod testing;
#[cfg(test)]
mod tests;
mod worker;

pub use self::books::ledger::ModeName;
pub use self::books::store::OutboxError;
pub use self::files::NewFile;
pub use self::outbox::{Outbox, OwedUpload};
pub use self::outcome::View;
pub use self::records::{Ending, Record};
pub use self::retarget::{Place, RetargetError};
pub use self::settings::{EventSettings, OutboxPorts, OutboxSettings};
pub use self::shipment::{Shipment, ShippedFile};
