//! Version 1 of the contract: bindings, and the ports by world.

pub(crate) mod bindings;
pub(crate) mod callback;
pub(crate) mod convert;
mod flight;
mod job;
pub(crate) mod layout;
pub(crate) mod moment;
pub(crate) mod storage;
mod upload;
