//! The program `capstan`.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let command = capstan_server::commands::Cli::parse();
    let run = || {
        if let Some((limits, nice)) = command.compile_limits() {
            return Ok(capstan_plugin::compile_plugin(&limits, nice)?);
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(capstan_server::commands::run(command))
    };
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("capstan: {error:#}");
            ExitCode::FAILURE
        }
    }
}
