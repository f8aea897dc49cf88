//! The compiler's process by itself, for the tests of this crate; users have it in `capstan`.

use std::process::ExitCode;

use capstan_plugin::{CompileLimits, compile_plugin};

fn main() -> ExitCode {
    let mut numbers = std::env::args().skip(2).map(|number| number.parse().unwrap_or(1));
    let (memory_mib, cpu_seconds) = (numbers.next().unwrap_or(1), numbers.next().unwrap_or(1));
    let limits = CompileLimits { memory_mib, cpu_seconds, ..CompileLimits::default() };
    match compile_plugin(&limits) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
