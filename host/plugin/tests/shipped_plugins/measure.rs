//! Measures what the sandbox costs, with the plugins that are shipped: `scripts/bench-plugins`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

use capstan_media::frame::Size;
use capstan_media::scene::{LayoutInput, Participant};
use capstan_media::time::RoomTime;
use capstan_media::track::Uid;
use capstan_outbox::ports::{StorageTarget, Storages, Upload, UploadProgress};
use capstan_plugin::{Config, PluginHost};
use capstan_recording::layout::Layout;
use metrics::{
    Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};

use crate::bucket::Bucket;
use crate::{config, host};

/// Live instances whose memory is measured; of languages that bring an engine along, and of others.
const BIG_INSTANCES: usize = 50;
const INSTANCES: usize = 1_000;
/// A folder of layouts in other languages, to be measured too.
const OTHERS: &str = "CAPSTAN_BENCH_LAYOUTS";

/// Everything that the host measures itself, in seconds, by the series' name and labels.
#[derive(Default)]
struct Numbers(Mutex<BTreeMap<String, Vec<f64>>>);

static NUMBERS: OnceLock<Arc<Numbers>> = OnceLock::new();

struct Series(Arc<Numbers>, String);

impl HistogramFn for Series {
    fn record(&self, value: f64) {
        self.0.0.lock().unwrap().entry(self.1.clone()).or_default().push(value);
    }
}

struct Keeper(Arc<Numbers>);

impl Recorder for Keeper {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        let labels: String = key.labels().map(|label| format!(" {}", label.value())).collect();
        let series = Series(self.0.clone(), format!("{}{labels}", key.name()));
        Histogram::from_arc(Arc::new(series))
    }
}

/// Takes away and answers the numbers of one series, in microseconds.
fn taken(series: &str) -> Vec<f64> {
    let numbers = NUMBERS.get().unwrap().0.lock().unwrap().remove(series).unwrap_or_default();
    numbers.into_iter().map(|seconds| seconds * 1e6).collect()
}

fn row(what: &str, target: &str, mut micros: Vec<f64>) {
    micros.sort_by(f64::total_cmp);
    let (best, middle) = (micros[0], micros[micros.len() / 2]);
    println!("| {what} | {best:.1} | {middle:.1} | {target} |");
}

#[expect(clippy::disallowed_methods, reason = "it measures")]
fn timed(runs: usize, mut run: impl FnMut()) -> Vec<f64> {
    let one = |_| {
        let start = Instant::now();
        run();
        start.elapsed().as_secs_f64() * 1e6
    };
    (0..runs).map(one).collect()
}

#[test]
#[ignore = "a measurement, not a promise"]
fn what_the_sandbox_costs() {
    NUMBERS.get_or_init(Arc::default);
    println!("| what | best, us | middle, us | target, us |\n| --- | --- | --- | --- |");
    let host = host(&["127.0.0.1"], BTreeMap::new());
    layouts(&host);
    let memory = memory(&host, "layout-best-fit", INSTANCES);
    metrics::set_global_recorder(Keeper(NUMBERS.get().unwrap().clone())).ok().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(storage(&host));
    instances(&host);
    drop(host);
    loads();
    println!("memory of a live layout instance after a call: {memory} (target 32)");
    if let Some(folder) = std::env::var_os(OTHERS) {
        others(folder.into());
    }
}

/// Layouts in other languages, by the name that each says of itself.
fn others(folder: PathBuf) {
    let cache = tempfile::tempdir().unwrap();
    let load = || {
        let mut config = config(&[], BTreeMap::new());
        (config.folders, config.cache) = (vec![folder.clone()], Some(cache.path().join("cache")));
        PluginHost::load(config).unwrap()
    };
    row("load all of them, compiling them", "", timed(1, || drop(load())));
    let host = load();
    let loads = "capstan_plugin_load_seconds loaded";
    taken(loads);
    (0..10).for_each(|_| drop(load()));
    row("load one from the cache", "", taken(loads));
    for plugin in host.list() {
        let name = &plugin.name;
        for participants in [4, 9, 17] {
            calls(&host, name, participants, "", 300);
        }
        let series = format!("capstan_plugin_instance_seconds {name}");
        taken(&series);
        let memory = memory(&host, name, BIG_INSTANCES);
        row(&format!("{name}: instance"), "", taken(&series));
        println!("memory of a live instance of {name} after a call: {memory}");
    }
}

fn layouts(host: &PluginHost) {
    for participants in [0, 4, 9, 17] {
        let target = if participants == 9 { "8" } else { "" };
        calls(host, "layout-best-fit", participants, target, 5_000);
    }
    let question = question(9);
    let fresh = || drop(host.layout("layout-best-fit").unwrap().arrange(&question).unwrap());
    row("instance, configure, layout call with 9, drop", "", timed(1_000, fresh));
}

fn calls(host: &PluginHost, name: &str, participants: u32, target: &str, runs: usize) {
    let question = question(participants);
    let mut layout = host.layout(name).unwrap();
    layout.arrange(&question).unwrap();
    let times = timed(runs, || drop(layout.arrange(&question).unwrap()));
    row(&format!("{name}: layout call, {participants} participants"), target, times);
}

/// What each of many live instances adds, in words. The pages that all of them share are shared out.
fn memory(host: &PluginHost, name: &str, instances: usize) -> String {
    let question = question(9);
    let before = memory_kb();
    let live = (0..instances).map(|_| {
        let mut layout = host.layout(name).unwrap();
        layout.arrange(&question).unwrap();
        layout
    });
    let live: Vec<_> = live.collect();
    let after = memory_kb();
    drop(live);
    let [own, mapped] = [0, 1].map(|at| (after[at] - before[at]) / instances as f64);
    format!("{own:.1} kB, {mapped:.1} with what they share")
}

/// One small object after the other: the dearest step of each is the one that signs.
async fn storage(host: &PluginHost) {
    struct Forgets;
    impl UploadProgress for Forgets {
        fn save(&self, _state: Vec<u8>) {}
    }

    let bucket = Bucket::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slice.m4s");
    std::fs::write(&path, vec![7; 10_000]).unwrap();
    let target = StorageTarget { storage: "storage-s3".into(), config: bucket.config("") };
    let storage = Storages::open(host, &target).unwrap();
    let mut signing = Vec::new();
    for number in 0..300 {
        let upload = Upload {
            id: format!("job-{number}"),
            key: format!("a/{number}.m4s"),
            path: path.clone(),
            size: 10_000,
            content_type: "video/mp4".into(),
            saved: None,
        };
        storage.put(&upload, &Forgets).await.unwrap();
        let steps = taken("capstan_plugin_call_seconds storage-s3 next");
        signing.extend(steps.into_iter().reduce(f64::max));
    }
    row("storage step that signs (SigV4)", "40", signing);
    row("storage instance", "30", taken("capstan_plugin_instance_seconds storage-s3"));
    row("storage configure", "", taken("capstan_plugin_call_seconds storage-s3 configure"));
}

/// Loads all shipped plugins, without and with a cache.
fn loads() {
    let folder = tempfile::tempdir().unwrap();
    let load = |cache: Option<&str>| {
        let cache = cache.map(|name| folder.path().join(name));
        drop(PluginHost::load(Config { cache, ..config(&[], BTreeMap::new()) }).unwrap());
        taken("capstan_plugin_load_seconds loaded")
    };
    taken("capstan_plugin_load_seconds loaded");
    row("load a plugin, compiling it", "", load(None));
    // Filled now.
    load(Some("cache"));
    let cached = (0..20).flat_map(|_| load(Some("cache")));
    row("load a plugin from the cache", "1000", cached.collect());
}

/// What an instance costs that isn't the first.
fn instances(host: &PluginHost) {
    let question = question(0);
    let series = "capstan_plugin_instance_seconds layout-best-fit";
    taken(series);
    for _ in 0..500 {
        host.layout("layout-best-fit").unwrap().arrange(&question).unwrap();
    }
    row("layout instance", "30", taken(series));
}

fn question(participants: u32) -> LayoutInput {
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

/// This process's memory in KiB: its proportional share, and all that is mapped.
fn memory_kb() -> [f64; 2] {
    let rollup = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap();
    ["Pss:", "Rss:"].map(|name| {
        let line = rollup.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    })
}
