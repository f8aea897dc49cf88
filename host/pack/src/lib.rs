//! Turns a core WebAssembly module into a component, and checks WIT folders.
//!
//! A module by `wit-bindgen` for Rust carries its world in a custom section; into that of another
//! language it is put here. The result is validated before anybody gets it.

use std::path::Path;

use anyhow::{Context, bail};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{InterfaceId, Resolve};

/// Makes a component of a core module. `world` is a WIT folder and the name of a world in it, for a
/// module that doesn't carry its own.
///
/// # Errors
/// The module isn't one, or doesn't fit its world.
pub fn pack(mut module: Vec<u8>, world: Option<(&Path, &str)>) -> anyhow::Result<Vec<u8>> {
    if module.starts_with(b"\0asm\x0d\0\x01\0") {
        bail!("it is a component already");
    }
    if let Some((folder, world)) = world {
        embed(&mut module, folder, world)
            .with_context(|| format!("world {world} of {} can't be put in", folder.display()))?;
    }
    ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .context("it carries no world: was it built with wit-bindgen?")?
        .encode()
        .context("it doesn't fit its world (WASI imports? use the target wasm32-unknown-unknown)")
}

fn embed(module: &mut Vec<u8>, folder: &Path, world: &str) -> anyhow::Result<()> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(folder)?;
    let world = resolve.select_world(&[package], Some(world))?;
    embed_component_metadata(module, &resolve, world, StringEncoding::UTF8)
}

/// Parses a WIT folder, and wants every world, interface, type and function documented.
///
/// # Errors
/// What can't be parsed, or everything that isn't documented.
pub fn check(folder: &Path) -> anyhow::Result<()> {
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

/// Writes a component: the file appears whole or not at all.
///
/// # Errors
/// The system's.
pub fn write(out: &Path, component: &[u8]) -> std::io::Result<()> {
    let partial = out.with_extension("partial");
    std::fs::write(&partial, component)?;
    std::fs::rename(&partial, out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_module_is_refused() {
        assert!(
            pack(b"\0asm\x0d\0\x01\0".to_vec(), None).unwrap_err().to_string().contains("already")
        );
        assert!(pack(b"no wasm at all".to_vec(), None).is_err());
        let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit/v1");
        let said = pack(b"\0asm\x01\0\0\0".to_vec(), Some((&wit, "painter"))).unwrap_err();
        assert!(said.to_string().contains("painter"), "{said}");
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
