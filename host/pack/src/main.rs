//! The program `capstan-pack`, for building the shipped plugins before `capstan` is there.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};

const USAGE: &str = "usage: capstan-pack CORE.wasm OUT.wasm | capstan-pack --check WIT-FOLDER";

fn main() -> ExitCode {
    match run(&std::env::args_os().skip(1).map(PathBuf::from).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("capstan-pack: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[PathBuf]) -> anyhow::Result<()> {
    let [core, out] = arguments else { bail!(USAGE) };
    if core.as_os_str() == "--check" {
        let good = capstan_pack::check(out);
        return good.with_context(|| format!("{} is no good WIT", out.display()));
    }
    let module = std::fs::read(core).with_context(|| format!("can't read {}", core.display()))?;
    let component = capstan_pack::pack(module, None)
        .with_context(|| format!("can't pack {}", core.display()))?;
    capstan_pack::write(out, &component).with_context(|| format!("can't write {}", out.display()))
}
