//! The last files of a recording on a disk that refuses: they wait in memory and are tried again, for as long
//! as an MP4 file is. What is given up then is told, and the recording lacks it.

use std::time::Duration;

use crate::live::queue::Queue;
use crate::live::tools::Tools;

/// How long a disk may refuse before what waits is given up.
const PATIENCE: Duration = Duration::from_secs(10 * 60);
/// How often it is tried.
const AGAIN: Duration = Duration::from_millis(500);

/// Something that has files which may have to wait.
pub(crate) trait Waits {
    /// Tries what waits once more. True if nothing does any more.
    fn settle(&mut self) -> bool;

    /// Gives up what waits, and tells of it.
    fn give_up(&mut self);
}

/// Tries until nothing waits, or the disk has refused for too long. `queue` is the caller's, of which it
/// expects nothing more.
pub(crate) fn wait_for_disk<W: Waits>(tools: &Tools, queue: &Queue, waiting: &mut [&mut W]) {
    let since = tools.basics.now();
    loop {
        // Each is tried: what one lacks another may have got.
        let left = waiting.iter_mut().filter_map(|one| (!one.settle()).then_some(())).count();
        if left == 0 {
            return;
        }
        if tools.basics.now().since(since) >= PATIENCE {
            waiting.iter_mut().for_each(|one| one.give_up());
            return;
        }
        tracing::warn!(sid = %tools.basics.settings.sid, left, "the last files wait for the disk");
        // Whoever asks for a layout now hears that the recording is over.
        queue.pop(AGAIN);
    }
}
