//! The compiler's process by itself, for the tests of this crate; users have it in `capstan`.

use std::process::ExitCode;

use capstan_plugin::{CompileLimits, compile_plugin};

fn main() -> ExitCode {
    let mut numbers = std::env::args().skip(2).map(|number| number.parse::<u16>().unwrap_or(1));
    let mut next = || numbers.next().unwrap_or(1);
    let (memory_mib, cpu_seconds, nice) = (next().into(), next().into(), next().into());
    let limits = CompileLimits { memory_mib, cpu_seconds, ..CompileLimits::default() };
    match compile_plugin(&limits, nice) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
