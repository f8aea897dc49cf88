//! The threads of one live recording, their queues, and the parts that they share: who writes what.
//!
//! | part | holds | written by |
//! | --- | --- | --- |
//! | `basics` | settings, folder, clock | nobody |
//! | `course` | where the recording stands | the tape thread; anybody may end it |
//! | `taken` | frames and tracks of the room | the tape thread |
//! | `made` | pictures and segments | the threads that make files |
//! | `notes` | marks, losses, troubles, events | every thread |

pub(crate) mod basics;
pub(crate) mod composite_thread;
pub(crate) mod course;
pub(crate) mod driver;
pub(crate) mod individual;
pub(crate) mod made;
pub(crate) mod mix;
pub(crate) mod notes;
pub(crate) mod overload;
pub(crate) mod parts;
pub(crate) mod patience;
pub(crate) mod queue;
pub(crate) mod snapshot_thread;
pub(crate) mod taken;
pub(crate) mod tape_thread;
pub(crate) mod tools;
pub(crate) mod work;
pub(crate) mod writer;
