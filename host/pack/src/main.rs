//! Turns a core WebAssembly module into a component, and checks WIT folders.
//!
//! The module carries its world in a custom section that `wit-bindgen` wrote. The result is
//! validated before it is written, and the output file appears whole or not at all.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use wit_component::ComponentEncoder;
use wit_parser::{InterfaceId, Resolve};

const USAGE: &str = "usage: capstan-pack CORE.wasm OUT.wasm | capstan-pack --check WIT-FOLDER";

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
    if core.as_os_str() == "--check" {
        return check(out).with_context(|| format!("{} is no good WIT", out.display()));
    }
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

/// Parses a WIT folder, and wants every world, interface, type and function documented.
fn check(folder: &Path) -> anyhow::Result<()> {
    let mut resolve = Resolve::default();
    resolve.push_dir(folder)?;
    let mut bare = Vec::new();
    for (_, world) in &resolve.worlds {
        note(&mut bare, world.docs.contents.as_deref(), || format!("world {}", world.name));
    }
    for (id, interface) in &resolve.interfaces {
        let name = interface.name.clone().unwrap_or_default();
        note(&mut bare, interface.docs.contents.as_deref(), || format!("interface {name}"));
        undocumented(&resolve, id, &name, &mut bare);
    }
    if bare.is_empty() { Ok(()) } else { bail!("undocumented: {}", bare.join(", ")) }
}

fn undocumented(resolve: &Resolve, id: InterfaceId, name: &str, bare: &mut Vec<String>) {
    let Some(interface) = resolve.interfaces.get(id) else { return };
    for (function, item) in &interface.functions {
        note(bare, item.docs.contents.as_deref(), || format!("{name}.{function}"));
    }
    for (kind, id) in &interface.types {
        let Some(item) = resolve.types.get(*id) else { continue };
        // A type that is `use`d is documented where it is from.
        if !matches!(item.kind, wit_parser::TypeDefKind::Type(_)) {
            note(bare, item.docs.contents.as_deref(), || format!("{name}.{kind}"));
        }
    }
}

fn note(bare: &mut Vec<String>, docs: Option<&str>, name: impl FnOnce() -> String) {
    if docs.is_none_or(|docs| docs.trim().is_empty()) {
        bare.push(name());
    }
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
        assert!(run(Vec::new()).unwrap_err().to_string().contains("usage"));
    }
    #[test]
    fn the_contract_is_whole_and_documented() {
        check(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit/v1")).unwrap();
        let folder = std::env::temp_dir().join(format!("capstan-pack-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("a.wit"), "package a:b; interface c { d: func(); }").unwrap();
        let said = check(&folder).unwrap_err().to_string();
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(said.contains("interface c") && said.contains("c.d"), "{said}");
    }
}
