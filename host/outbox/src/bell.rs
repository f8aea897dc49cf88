//! Wakes the worker, and tells it whose files needn't wait for their next attempt any more.

use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

/// What the worker listens to.
#[derive(Default)]
pub(crate) struct Bell {
    wake: Notify,
    hurried: Mutex<Vec<String>>,
}

impl Bell {
    /// Something may leave.
    pub(crate) fn ring(&self) {
        self.wake.notify_one();
    }

    /// Has a recording's files tried at once.
    pub(crate) fn hurry(&self, sid: &str) {
        let mut hurried = self.hurried.lock().unwrap_or_else(PoisonError::into_inner);
        hurried.push(sid.to_owned());
        drop(hurried);
        self.ring();
    }

    /// Waits until somebody rings, or has rung since the last wait.
    pub(crate) async fn heard(&self) {
        self.wake.notified().await;
    }

    /// The recordings whose files are to be tried at once, since the last call.
    pub(crate) fn hurried(&self) -> Vec<String> {
        std::mem::take(&mut *self.hurried.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
