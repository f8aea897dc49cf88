//! Measures what the sandbox costs, with the plugins that are shipped: `scripts/bench-plugins`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

use capstan_media::frame::Size;
use capstan_media::scene::{LayoutInput, Participant};
use capstan_media::time::RoomTime;
use capstan_media::track::Uid;
use capstan_plugin::{Config, PluginHost};
use capstan_recording::ports::{Layout, StorageTarget, Storages, Upload, UploadProgress};
use metrics::{
    Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};

use crate::bucket::Bucket;
use crate::{config, host};

/// Live instances whose memory is measured.
const INSTANCES: usize = 1_000;

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
    let memory = memory(&host);
    metrics::set_global_recorder(Keeper(NUMBERS.get().unwrap().clone())).ok().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(storage(&host));
    instances(&host);
    drop(host);
    loads();
    println!("memory of a live layout instance after a call: {memory:.1} kB (target 32)");
}

fn layouts(host: &PluginHost) {
    for participants in [0, 4, 9, 17] {
        let question = question(participants);
        let mut layout = host.layout("layout-best-fit").unwrap();
        layout.arrange(&question).unwrap();
        let times = timed(5_000, || drop(layout.arrange(&question).unwrap()));
        let target = if participants == 9 { "8" } else { "" };
        row(&format!("layout call, {participants} participants"), target, times);
    }
    let question = question(9);
    let fresh = || drop(host.layout("layout-best-fit").unwrap().arrange(&question).unwrap());
    row("instance, configure, layout call with 9, drop", "", timed(1_000, fresh));
}

fn memory(host: &PluginHost) -> f64 {
    let question = question(9);
    let before = resident_kb();
    let live = (0..INSTANCES).map(|_| {
        let mut layout = host.layout("layout-best-fit").unwrap();
        layout.arrange(&question).unwrap();
        layout
    });
    let live: Vec<_> = live.collect();
    let after = resident_kb();
    drop(live);
    (after - before) / INSTANCES as f64
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
    let cache = tempfile::tempdir().unwrap();
    let load = || {
        let cache = Some(cache.path().join("cache"));
        drop(PluginHost::load(Config { cache, ..config(&[], BTreeMap::new()) }).unwrap());
        taken("capstan_plugin_load_seconds loaded")
    };
    taken("capstan_plugin_load_seconds loaded");
    row("load a plugin, compiling it", "", load());
    row("load a plugin from the cache", "1000", (0..20).flat_map(|_| load()).collect());
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

fn resident_kb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
