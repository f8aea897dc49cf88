//! Measures what the boundary costs: `cargo test -p capstan-plugin --test misbehaviour -- --ignored
//! --nocapture`.

use std::time::{Duration, Instant};

use crate::common::{config, host, question};
use capstan_plugin::PluginHost;
use capstan_recording::ports::Layout;

/// The best and the middle of many runs.
#[expect(clippy::disallowed_methods, reason = "it measures")]
fn time(runs: usize, mut run: impl FnMut()) -> (Duration, Duration) {
    let mut times: Vec<_> = (0..runs)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    (times[0], times[runs / 2])
}

#[test]
#[ignore = "a measurement, not a promise"]
fn what_the_boundary_costs() {
    let folder = tempfile::tempdir().unwrap();
    drop(config(folder.path(), &["grid"]));
    let (best, middle) = time(5, || drop(PluginHost::load(config(folder.path(), &[])).unwrap()));
    println!("host with one plugin, compiled: {best:?} [{middle:?}]");
    let host = host(&["grid"]);
    for participants in [0, 4, 9, 17] {
        let question = question(participants);
        let mut layout = host.layout("grid").unwrap();
        layout.arrange(&question).unwrap();
        let (best, middle) = time(2_000, || drop(layout.arrange(&question).unwrap()));
        println!("arrange({participants}): {best:?} [{middle:?}]");
    }
    let question = question(9);
    let (best, middle) =
        time(500, || drop(host.layout("grid").unwrap().arrange(&question).unwrap()));
    println!("instance, configure, arrange(9), drop: {best:?} [{middle:?}]");
}
