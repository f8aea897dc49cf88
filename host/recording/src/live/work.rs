//! What a recording's threads are started with.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use capstan_archive::settings::{IndividualSettings, MixSettings};
use capstan_pipeline::composite::{Image, Typeface};

use crate::director::Director;
use crate::requests::SubscriptionRequest;
use crate::source::{KeyFrames, RoomEvents};

/// What both threads work with.
pub(crate) struct Crew {
    pub(crate) work: Work,
    pub(crate) requests: Receiver<SubscriptionRequest>,
    pub(crate) events: Box<dyn RoomEvents>,
    pub(crate) keyframes: Arc<dyn KeyFrames>,
}

/// What is made of the room.
pub(crate) enum Work {
    /// One picture and sound of everybody.
    Mix(Box<MixWork>),
    /// Files of each track.
    Individual(IndividualSettings),
    /// Screenshots alone.
    Snapshots,
}

/// What a mix is made with.
pub(crate) struct MixWork {
    pub(crate) mix: MixSettings,
    pub(crate) director: Director,
    pub(crate) images: BTreeMap<String, Image>,
    pub(crate) typeface: Typeface,
}
