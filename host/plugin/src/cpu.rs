//! How much processor time the present thread has used, and how much it stands back.
//!
//! A plugin's time budget counts the time it ran, not the time a busy machine kept it waiting.

#![expect(
    unsafe_code,
    reason = "the system's per-thread clock and priority have no safe binding among our crates"
)]

use std::time::Duration;

/// Processor time of this thread since it began; `None` where the system can't say.
pub(crate) fn thread_time() -> Option<Duration> {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid timespec that the call only writes to.
    let answer = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    if answer != 0 {
        return None;
    }
    let seconds = u64::try_from(time.tv_sec).ok()?;
    let nanos = u32::try_from(time.tv_nsec).ok()?;
    Some(Duration::new(seconds, nanos))
}

/// What guests' threads are set back by: at 5, a third of the weight of a thread of a recording.
const NICE: libc::c_int = 5;

/// Sets this thread back behind those of recordings, for good.
pub(crate) fn stand_back() {
    // On Linux 0 means the calling thread. Where it means more, or isn't allowed, nothing is lost.
    #[cfg(target_os = "linux")]
    {
        // SAFETY: no memory is involved.
        let _as_before = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICE) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_costs_time() {
        let before = thread_time().unwrap();
        let mut x = 1_u64;
        while thread_time().unwrap() == before {
            x = std::hint::black_box(x.wrapping_mul(31));
        }
        assert!(thread_time().unwrap() > before);
    }
}
