//! Turns a core WebAssembly module into a component: what `wasm-tools component new` does.
//!
//! The module carries its world in a custom section that `wit-bindgen` wrote. The result is
//! validated before it is written, and the output file appears whole or not at all.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use wit_component::ComponentEncoder;

const USAGE: &str = "usage: capstan-pack CORE.wasm OUT.wasm";

fn main() -> ExitCode {
    match run(std::env::args_os().skip(1).map(PathBuf::from).collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("capstan-pack: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Vec<PathBuf>) -> anyhow::Result<()> {
    let [core, out] = arguments.as_slice() else { bail!(USAGE) };
    let module = std::fs::read(core).with_context(|| format!("can't read {}", core.display()))?;
    let component = pack(&module).with_context(|| format!("can't pack {}", core.display()))?;
    write(out, &component).with_context(|| format!("can't write {}", out.display()))
}

fn pack(module: &[u8]) -> anyhow::Result<Vec<u8>> {
    if module.starts_with(b"\0asm\x0d\0\x01\0") {
        bail!("it is a component already");
    }
    ComponentEncoder::default()
        .validate(true)
        .module(module)
        .context("it carries no world: was it built with wit-bindgen?")?
        .encode()
        .context("it doesn't fit its world (WASI imports? use the target wasm32-unknown-unknown)")
}

fn write(out: &Path, component: &[u8]) -> anyhow::Result<()> {
    let partial = out.with_extension("partial");
    std::fs::write(&partial, component)?;
    std::fs::rename(&partial, out)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_module_is_refused() {
        assert!(pack(b"\0asm\x0d\0\x01\0").unwrap_err().to_string().contains("already"));
        assert!(pack(b"no wasm at all").is_err());
        // A module without a world packs into a component without exports at best: nothing to load.
        assert!(run(Vec::new()).unwrap_err().to_string().contains("usage"));
    }
}
