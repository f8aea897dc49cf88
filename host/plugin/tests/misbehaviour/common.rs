//! What the tests share: built guests, a host with some of them, a question to ask.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use capstan_media::frame::Size;
use capstan_media::scene::{LayoutInput, Participant};
use capstan_media::time::{RoomClock, RoomTime};
use capstan_media::track::Uid;
use capstan_plugin::{
    Budgets, CompileLimits, Compiler, Config, ConfiguredPlugin, Grant, Grants, HttpLimits,
    PluginHost,
};

/// The wall's time.
pub(crate) struct Wall;

impl RoomClock for Wall {
    #[expect(clippy::disallowed_methods, reason = "a test stands outside the edge")]
    fn now(&self) -> RoomTime {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        RoomTime::from_micros(i64::try_from(now.as_micros()).unwrap())
    }
}

/// A guest's bytes.
pub(crate) fn built(name: &str) -> Vec<u8> {
    let file = guests().join(format!("{name}.wasm"));
    std::fs::read(&file).unwrap_or_else(|error| {
        panic!("{}: {error}. The guests are built by `make guests`", file.display())
    })
}

fn guests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/guests/built")
}

/// The compiler's process as cargo builds it for these tests.
pub(crate) fn compiler() -> Compiler {
    let program = env!("CARGO_BIN_EXE_capstan-compile-plugin").into();
    Compiler { program, limits: CompileLimits::default() }
}

/// A host of these guests, with defaults otherwise.
pub(crate) fn config(folder: &Path, guests: &[&str]) -> Config {
    for name in guests {
        std::fs::write(folder.join(format!("{name}.wasm")), built(name)).unwrap();
    }
    Config {
        folders: vec![folder.to_owned()],
        bundled: &[],
        compiler: compiler(),
        cache: None,
        budgets: Budgets::default(),
        grants: Grants::default(),
        granted_to: BTreeMap::new(),
        http: HttpLimits::default(),
        extra_ca: None,
        clock: Arc::new(Wall),
        layouts: BTreeMap::new(),
        callbacks: BTreeMap::new(),
    }
}

/// A host of these guests alone; every one of them must load.
pub(crate) fn host(guests: &[&str]) -> PluginHost {
    let folder = tempfile::tempdir().unwrap();
    let host = PluginHost::load(config(folder.path(), guests)).unwrap();
    assert!(host.refused().is_empty(), "{:?}", host.refused());
    host
}

/// A grant, for private addresses too.
pub(crate) fn private(text: &str) -> Grant {
    text.parse::<Grant>().unwrap().with_private(true)
}

/// A callback by `posts` to a port of this machine.
pub(crate) fn posts(port: u16) -> ConfiguredPlugin {
    let config = format!("{{\"host\": \"127.0.0.1\", \"port\": \"{port}\"}}");
    ConfiguredPlugin { plugin: "posts".into(), config }
}

/// A question with so many participants.
pub(crate) fn question(participants: u32) -> LayoutInput {
    let participant = |uid| Participant {
        uid: Uid::new(uid).unwrap(),
        joined: RoomTime::from_millis(i64::from(uid)),
        camera: Some(Size { width: 640, height: 360 }),
        screen: None,
        has_audio: true,
        speaking: uid == 1,
        level: 40,
    };
    LayoutInput {
        canvas: Size { width: 1280, height: 720 },
        participants: (1..=participants).map(participant).collect(),
        previous: None,
        at: RoomTime::from_millis(1_700_000_000_000),
        options: "{}".into(),
    }
}
