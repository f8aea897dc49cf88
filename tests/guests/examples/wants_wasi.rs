//! Imports a WASI clock.

guests::wit_bindgen::generate!({
    inline: "
        package capstan:plugin@1.0.0;
        interface plugin { describe: func() -> string; }
        interface arranger { arrange: func() -> u64; }
        world layout {
            import wasi:clocks/wall-clock@0.2.6;
            export plugin;
            export arranger;
        }
        package wasi:clocks@0.2.6 { interface wall-clock { now: func() -> u64; } }
    ",
    runtime_path: "guests::wit_bindgen::rt",
    generate_all,
});

struct Clock;

impl exports::capstan::plugin::plugin::Guest for Clock {
    fn describe() -> String {
        "clock".into()
    }
}

impl exports::capstan::plugin::arranger::Guest for Clock {
    fn arrange() -> u64 {
        wasi::clocks::wall_clock::now()
    }
}

export!(Clock);
