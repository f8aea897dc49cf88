//! The threads on which storage and callback guests compute.
//!
//! The invariant: they stand back behind the recordings' threads, and there are few of them, so that
//! guests together never take the machine away from what must happen in real time.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::cpu::{stand_back, thread_time};

/// More would only wait for each other on the machines that Capstan is made for.
const MOST: usize = 8;

type Task = Box<dyn FnOnce() + Send>;

/// The threads; they end when this is dropped.
pub(crate) struct Workers {
    tasks: Sender<Task>,
}

impl Workers {
    /// Starts one thread a core, at least two.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(crate) fn start() -> std::io::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(2, NonZeroUsize::get);
        let (tasks, queue) = mpsc::channel::<Task>();
        let queue = Arc::new(Mutex::new(queue));
        for number in 0..cores.clamp(2, MOST) {
            let queue = queue.clone();
            std::thread::Builder::new().name(format!("plugin-{number}")).spawn(move || {
                stand_back();
                while let Some(task) = next(&queue) {
                    // Whoever waits for the answer sees that none comes.
                    let _told_by_silence = catch_unwind(AssertUnwindSafe(task));
                }
            })?;
        }
        Ok(Self { tasks })
    }

    /// Runs a call on one of the threads: its answer and the processor time that it took, or `None` if
    /// it panicked.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        call: impl FnOnce() -> T + Send + 'static,
    ) -> Option<(T, Duration)> {
        let (answer, answered) = oneshot::channel();
        let task = move || {
            let before = thread_time();
            let value = call();
            let used =
                thread_time().zip(before).map(|(after, before)| after.saturating_sub(before));
            // Nobody waits any more for a job that was given up.
            let _given_up = answer.send((value, used.unwrap_or_default()));
        };
        self.tasks.send(Box::new(task)).ok()?;
        answered.await.ok()
    }
}

fn next(queue: &Mutex<Receiver<Task>>) -> Option<Task> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn answers_come_back_with_their_cost_and_panics_dont_end_a_thread() {
        let workers = Workers::start().unwrap();
        for number in 0..20 {
            let answer = workers.run(move || if number % 2 == 0 { number } else { panic!("odd") });
            let answer = answer.await.map(|(answer, _)| answer);
            assert_eq!(answer, (number % 2 == 0).then_some(number));
        }
        let busy = || {
            let start = thread_time().unwrap();
            while thread_time().unwrap() < start + Duration::from_millis(5) {}
        };
        let ((), used) = workers.run(busy).await.unwrap();
        assert!(used >= Duration::from_millis(5), "{used:?}");
    }
}
