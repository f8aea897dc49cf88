//! What the compiler's process may take of the machine, by the system's own limits.
//!
//! The invariant: the limits stand before the first hostile byte is read, and can't be lifted again.

#![expect(unsafe_code, reason = "the system's limits have no safe binding among our crates")]

use std::io;

use super::CompileLimits;

/// Standard input, output and error: no file and no connection can be opened any more.
const DESCRIPTORS: u64 = 3;

/// Limits this process for good: memory, processor time, no file, no connection, no other process, no
/// new privileges, and the end together with the one that started it.
pub(super) fn apply(limits: &CompileLimits, nice: i32) -> io::Result<()> {
    let (memory, seconds) = (u64::from(limits.memory_mib) << 20, limits.cpu_seconds.into());
    set(libc::RLIMIT_AS, memory, memory)?;
    // The soft limit ends it by a signal that says why, the hard one in any case.
    set(libc::RLIMIT_CPU, seconds, seconds + 5)?;
    set(libc::RLIMIT_FSIZE, 0, 0)?;
    set(libc::RLIMIT_CORE, 0, 0)?;
    set(libc::RLIMIT_NPROC, 0, 0)?;
    set(libc::RLIMIT_NOFILE, DESCRIPTORS, DESCRIPTORS)?;
    prctl(libc::PR_SET_NO_NEW_PRIVS, 1)?;
    prctl(libc::PR_SET_DUMPABLE, 0)?;
    prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as libc::c_ulong)?;
    // SAFETY: no memory is involved; 0 means this process.
    let answer = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, nice) };
    checked(answer)
}

#[cfg(target_env = "gnu")]
type Resource = libc::__rlimit_resource_t;
#[cfg(not(target_env = "gnu"))]
type Resource = libc::c_int;

fn set(what: Resource, soft: u64, hard: u64) -> io::Result<()> {
    let limit = libc::rlimit { rlim_cur: soft, rlim_max: hard };
    // SAFETY: `limit` is a valid rlimit that the call only reads.
    checked(unsafe { libc::setrlimit(what, &raw const limit) })
}

fn prctl(what: libc::c_int, value: libc::c_ulong) -> io::Result<()> {
    let none: libc::c_ulong = 0;
    // SAFETY: these options take numbers, no pointers.
    checked(unsafe { libc::prctl(what, value, none, none, none) })
}

fn checked(answer: libc::c_int) -> io::Result<()> {
    if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
