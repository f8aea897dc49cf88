//! `capstan plugin pack`: a core module becomes a component.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

/// Turn a core WebAssembly module into a component, as plugins are.
///
/// A module by wit-bindgen for Rust says itself which world it is of. For a module by C code name the
/// folder of the WIT and the world.
#[derive(Args, Debug)]
pub(in crate::commands) struct PackArgs {
    /// The core module, of the target wasm32-unknown-unknown for example
    core: PathBuf,
    /// Where the component is written
    out: PathBuf,
    /// The folder of the contract's WIT
    #[arg(long, value_name = "FOLDER", requires = "world")]
    wit: Option<PathBuf>,
    /// The world that the module is of
    #[arg(long, value_name = "WORLD", requires = "wit", value_parser = ["layout", "storage", "callback"])]
    world: Option<String>,
}

/// Packs.
///
/// # Errors
/// The module doesn't fit its world, or a file can't be read or written.
pub(super) fn run(args: &PackArgs) -> anyhow::Result<()> {
    let PackArgs { core, out, wit, world } = args;
    let module = std::fs::read(core).with_context(|| format!("can't read {}", core.display()))?;
    let world = wit.as_deref().zip(world.as_deref());
    let component = capstan_pack::pack(module, world)
        .with_context(|| format!("can't pack {}", core.display()))?;
    capstan_pack::write(out, &component)
        .with_context(|| format!("can't write {}", out.display()))?;
    println!("{}: {} bytes", out.display(), component.len());
    Ok(())
}
