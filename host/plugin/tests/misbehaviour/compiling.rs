//! Whatever a file does to the compiler, and whatever somebody does to the cache, the host only loses
//! that file or some time.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::common::{built, compiler, config};
use capstan_plugin::{CompileLimits, Compiler, Config, PluginHost};
use wasmparser::{Parser, Payload};

/// Each level of a hostile component is instantiated twice by the one around it.
const LEVELS: usize = 28;

fn leb(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(number & 0x7f).unwrap();
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [&[id][..], &leb(content.len()), content].concat()
}

/// How many nested components a component has.
fn components(bytes: &[u8]) -> usize {
    let mut depth = 0;
    let mut count = 0;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.unwrap() {
            Payload::ComponentSection { .. } => {
                count += usize::from(depth == 0);
                depth += 1;
            }
            Payload::ModuleSection { .. } => depth += 1,
            Payload::End(_) => depth = i32::max(depth - 1, 0),
            _ => {}
        }
    }
    count
}

/// A plugin that keeps the contract, of which some hundred bytes more mean 2^28 instances.
fn doubling() -> Vec<u8> {
    let empty_module = b"\0asm\x01\0\0\0";
    let component = b"\0asm\x0d\0\x01\0";
    let instantiate_module = [1, 0, 0, 0];
    let mut inner =
        [&component[..], &section(1, empty_module), &section(2, &instantiate_module)].concat();
    let twice = [2, 0, 0, 0, 0, 0, 0];
    for _ in 0..LEVELS {
        inner = [&component[..], &section(4, &inner), &section(5, &twice)].concat();
    }
    let grid = built("grid");
    let index = leb(components(&grid));
    let once = [&[1, 0][..], &index, &[0]].concat();
    [grid, section(4, &inner), section(5, &once)].concat()
}

/// A plugin that keeps the contract, with a module of many functions that are slow to compile.
fn laborious() -> Vec<u8> {
    // (func (param i32) (result i32)): thousands of multiplications and memory reads.
    let step: &[u8] = &[0x20, 0, 0x6c, 0x28, 2, 0];
    let body = [&[0, 0x20, 0][..], &step.repeat(10_000), &[0x0b]].concat();
    let function = [leb(body.len()), body].concat();
    const COUNT: usize = 100;
    let types = section(1, &[1, 0x60, 1, 0x7f, 1, 0x7f]);
    let functions = section(3, &[leb(COUNT), vec![0; COUNT]].concat());
    let memory = section(5, &[1, 0, 1]);
    let code = section(10, &[leb(COUNT), function.repeat(COUNT)].concat());
    let module = [&b"\0asm\x01\0\0\0"[..], &types, &functions, &memory, &code].concat();
    [built("grid"), section(1, &module)].concat()
}

fn with_limits(limits: CompileLimits) -> impl Fn(&mut Config) {
    move |config| config.compiler.limits = limits
}

/// What is said of these bytes by a host that is changed so.
fn said(bytes: &[u8], change: impl Fn(&mut Config)) -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("it.wasm"), bytes).unwrap();
    let mut config = config(folder.path(), &["refuses"]);
    change(&mut config);
    let host = PluginHost::load(config).unwrap();
    host.refused().iter().map(|refused| format!("{}\n", refused.reason)).collect()
}

#[test]
fn a_file_that_explodes_in_the_compiler_is_refused() {
    let bytes = doubling();
    assert!(bytes.len() < 64 << 10, "{} bytes", bytes.len());
    let limits = CompileLimits { memory_mib: 512, cpu_seconds: 5, ..CompileLimits::default() };
    let words = said(&bytes, with_limits(limits));
    assert!(words.contains("within its limits"), "{words}");
}

#[test]
fn a_file_that_takes_for_ever_is_refused() {
    let limits = CompileLimits { cpu_seconds: 1, ..CompileLimits::default() };
    let words = said(&laborious(), with_limits(limits));
    assert!(words.contains("over 1 s of computing"), "{words}");
}

#[test]
fn a_file_of_fifty_megabytes_is_not_even_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = fs::File::create(folder.path().join("it.wasm")).unwrap();
    file.set_len(50 << 20).unwrap();
    let host = PluginHost::load(config(folder.path(), &["grid"])).unwrap();
    assert_eq!(host.list().len(), 1);
    let words = host.refused()[0].reason.to_string();
    assert!(words.contains("52428800 bytes") && words.contains("at most 33554432"), "{words}");
}

/// A program in place of the compiler.
fn script(folder: &Path, text: &str) -> Compiler {
    let program = folder.join("compiler.sh");
    fs::write(&program, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    Compiler { program, limits: CompileLimits { wall_seconds: 1, ..CompileLimits::default() } }
}

#[test]
fn a_compiler_that_hangs_dies_or_lies_is_no_loss() {
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        ("exec sleep 60", "over 1 s to compile"),
        ("kill -SEGV $$", "over 1024 MiB of memory"),
        ("kill -TERM $$", "ended by signal 15"),
        ("exit 3", "exit status: 3"),
        ("exit 101", "unforeseen"),
        ("cat", "it ended with exit status: 0"),
        ("echo capcode1; exit 0", "it ended with exit status: 0"),
    ];
    for (text, expected) in cases {
        let compiler = script(folder.path(), text);
        let words = said(&built("grid"), |config| config.compiler = compiler.clone());
        assert!(words.contains(expected), "{text}: {words}");
    }
    let none = Compiler { program: folder.path().join("none"), ..compiler() };
    let words = said(&built("grid"), |config| config.compiler = none.clone());
    assert!(words.contains("the compiler doesn't run"), "{words}");
}

/// A folder with `grid`, a cache with its code, and no compiler from now on.
struct Cached {
    folder: tempfile::TempDir,
}

impl Cached {
    fn new() -> Self {
        let this = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(this.at("plugins")).unwrap();
        let config = Config { compiler: compiler(), ..this.config() };
        assert_eq!(PluginHost::load(config).unwrap().list().len(), 1);
        this
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn config(&self) -> Config {
        let mut config = config(&self.at("plugins"), &["grid"]);
        config.compiler.program = self.at("no-compiler");
        config.cache = Some(self.at("cache"));
        config
    }

    fn entry(&self) -> PathBuf {
        let mut entries = fs::read_dir(self.at("cache")).unwrap();
        let entry = entries.next().unwrap().unwrap().path();
        assert!(entries.next().is_none());
        entry
    }

    /// Whether the cache alone gives the plugin.
    fn gives(&self) -> bool {
        PluginHost::load(self.config()).unwrap().list().len() == 1
    }
}

#[test]
fn code_is_compiled_once() {
    let cached = Cached::new();
    assert!(cached.gives());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode(&cached.at("cache")), mode(&cached.entry())), (0o700, 0o600));
    // Other bytes, other key.
    fs::write(cached.at("plugins/grid.wasm"), built("traps")).unwrap();
    let mut config = cached.config();
    fs::write(cached.at("plugins/grid.wasm"), built("traps")).unwrap();
    config.folders = vec![cached.at("plugins")];
    assert!(PluginHost::load(config).unwrap().list().is_empty());
}

#[test]
fn a_file_that_takes_too_much_takes_it_once() {
    let cached = Cached::new();
    let file = cached.at("plugins/bomb.wasm");
    fs::write(&file, doubling()).unwrap();
    let limits = CompileLimits { memory_mib: 256, ..CompileLimits::default() };
    let refused = |program: PathBuf| {
        let config = Config { compiler: Compiler { program, limits }, ..cached.config() };
        let host = PluginHost::load(config).unwrap();
        let refused = host.refused();
        let of_it = refused.iter().find(|refused| refused.file == file).unwrap();
        of_it.reason.to_string()
    };
    assert!(refused(compiler().program).contains("within its limits"));
    assert!(refused(cached.at("no-compiler")).contains("within its limits"), "it is remembered");
}

#[test]
fn code_that_somebody_touched_is_not_run() {
    let cached = Cached::new();
    let entry = cached.entry();
    let whole = fs::read(&entry).unwrap();
    for at in [0, 20, 60, whole.len() / 2, whole.len() - 1] {
        let mut touched = whole.clone();
        touched[at] ^= 1;
        fs::write(&entry, touched).unwrap();
        assert!(!cached.gives(), "byte {at}");
    }
    fs::write(&entry, &whole[..whole.len() - 1]).unwrap();
    assert!(!cached.gives(), "cut");
    fs::write(&entry, &whole).unwrap();
    assert!(cached.gives());

    fs::set_permissions(&entry, Permissions::from_mode(0o620)).unwrap();
    assert!(!cached.gives(), "others may write it");
    fs::set_permissions(&entry, Permissions::from_mode(0o600)).unwrap();
    let second = cached.at("second-name");
    fs::hard_link(&entry, &second).unwrap();
    assert!(!cached.gives(), "it has a second name outside");
    fs::remove_file(&second).unwrap();
    assert!(cached.gives());
    fs::rename(&entry, &second).unwrap();
    symlink(&second, &entry).unwrap();
    assert!(!cached.gives(), "it is a link");
    // A compiler puts it right again.
    let config = Config { compiler: compiler(), ..cached.config() };
    assert_eq!(PluginHost::load(config).unwrap().list().len(), 1);
    assert!(cached.gives() && fs::symlink_metadata(&entry).unwrap().is_file());
}

#[test]
fn a_cache_that_others_may_write_is_not_used() {
    let cached = Cached::new();
    let mode = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    for open in [0o777, 0o770, 0o750, 0o1777] {
        mode(&cached.at("cache"), open);
        assert!(!cached.gives(), "{open:o}");
    }
    mode(&cached.at("cache"), 0o700);
    assert!(cached.gives());
    // Whoever may write the folder above can put another in its place.
    mode(cached.folder.path(), 0o777);
    assert!(!cached.gives());
    mode(cached.folder.path(), 0o755);
    fs::rename(cached.at("cache"), cached.at("elsewhere")).unwrap();
    symlink(cached.at("elsewhere"), cached.at("cache")).unwrap();
    assert!(!cached.gives(), "it is a link");
}
