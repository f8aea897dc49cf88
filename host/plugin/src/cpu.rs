//! How much processor time the present thread has used.
//!
//! A plugin's time budget counts the time it ran, not the time a busy machine kept it waiting.

#![expect(
    unsafe_code,
    reason = "the system's per-thread clock has no safe binding among our crates"
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
