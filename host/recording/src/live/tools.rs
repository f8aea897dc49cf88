//! What a thread that makes files works with beside its queue.

use std::sync::Arc;

use capstan_outbox::Outbox;

use super::basics::Basics;
use super::made::Made;
use super::notes::Notes;

/// The tools of one recording. Clones are the same ones.
#[derive(Clone)]
pub(crate) struct Tools {
    /// To read.
    pub(crate) basics: Arc<Basics>,
    /// Where losses and troubles go.
    pub(crate) notes: Arc<Notes>,
    /// Where it says how far it is.
    pub(crate) made: Arc<Made>,
    /// Takes over files.
    pub(crate) outbox: Outbox,
}
