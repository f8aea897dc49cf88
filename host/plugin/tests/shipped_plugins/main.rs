//! The plugins that Capstan ships, as `make plugins` builds them, in the real sandbox: layouts against
//! their golden tables, S3 against a bucket that checks every signature, the callbacks against a
//! receiver that does.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

mod bucket;
mod callback;
mod callback_standards;
mod layouts;
mod measure;
mod signature;
mod site;
mod storage;
mod vendors;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::time::SystemTime;

use capstan_media::time::{RoomClock, RoomTime};
use capstan_plugin::{
    Budgets, CompileLimits, Compiler, Config, ConfiguredPlugin, Grants, HttpLimits, PluginHost,
};

/// The sizes that the files may have: a plugin is compiled at every start of a host.
const LARGEST: &[(&str, usize)] = &[
    ("callback-agora", 130_000),
    ("callback-cloudevents", 130_000),
    ("callback-webhook", 145_000),
    ("layout-best-fit", 105_000),
    ("layout-custom", 105_000),
    ("layout-float", 105_000),
    ("layout-presentation", 105_000),
    ("layout-speaker", 105_000),
    ("layout-vertical", 105_000),
    ("storage-aliyun", 270_000),
    ("storage-azure", 250_000),
    ("storage-baidu", 250_000),
    ("storage-google", 250_000),
    ("storage-huawei", 250_000),
    ("storage-kingsoft", 250_000),
    ("storage-qiniu", 250_000),
    ("storage-s3", 250_000),
    ("storage-tencent", 250_000),
];

#[test]
fn every_shipped_plugin_loads_and_is_small() {
    let host = shared();
    let refused: Vec<String> =
        host.refused().iter().map(|r| format!("{}: {}", r.file.display(), r.reason)).collect();
    assert!(refused.is_empty(), "{refused:?}");
    let list = host.list();
    let names: Vec<&str> = list.iter().map(|plugin| plugin.name.as_str()).collect();
    assert_eq!(names, LARGEST.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    for (plugin, (_, largest)) in list.iter().zip(LARGEST) {
        assert!(plugin.size <= *largest, "{} has {} bytes", plugin.name, plugin.size);
        let schema: serde_json::Value = serde_json::from_str(&plugin.config_schema).unwrap();
        assert_eq!(schema["type"], "object", "{}", plugin.name);
    }
}

/// One host for the tests that need none of their own: compiling takes most of their time.
fn shared() -> &'static PluginHost {
    static HOST: LazyLock<PluginHost> = LazyLock::new(|| host(&["127.0.0.1"], BTreeMap::new()));
    &HOST
}

/// A host with the shipped plugins that may reach these places on loopback.
fn host(granted: &[&str], callbacks: BTreeMap<String, ConfiguredPlugin>) -> PluginHost {
    PluginHost::load(config(granted, callbacks)).unwrap()
}

fn config(granted: &[&str], callbacks: BTreeMap<String, ConfiguredPlugin>) -> Config {
    let built = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../plugins/built");
    assert!(built.is_dir(), "{} is missing: run `make plugins`", built.display());
    let grant = |text: &&str| text.parse::<capstan_plugin::Grant>().unwrap().with_private(true);
    let grants: Grants = granted.iter().map(grant).collect::<Vec<_>>().into();
    Config {
        folders: vec![built],
        bundled: &[],
        compiler: Compiler {
            program: env!("CARGO_BIN_EXE_capstan-compile-plugin").into(),
            limits: CompileLimits::default(),
        },
        cache: None,
        budgets: Budgets::default(),
        grants,
        granted_to: BTreeMap::new(),
        http: HttpLimits::default(),
        extra_ca: None,
        clock: Arc::new(WallClock),
        layouts: BTreeMap::new(),
        callbacks,
    }
}

/// The wall clock: signatures must be of now.
struct WallClock;

impl RoomClock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "this test is a process of its own")]
    fn now(&self) -> RoomTime {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        RoomTime::from_micros(i64::try_from(since.as_micros()).unwrap())
    }
}
