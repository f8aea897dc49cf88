//! Says that it keeps the contract, but its types are others.

guests::wit_bindgen::generate!({
    inline: "
        package capstan:plugin@1.0.0;
        interface plugin { describe: func() -> string; configure: func(config: string); }
        interface arranger { arrange: func(input: string) -> string; }
        world layout { export plugin; export arranger; }
    ",
    runtime_path: "guests::wit_bindgen::rt",
});

struct Misfit;

impl exports::capstan::plugin::plugin::Guest for Misfit {
    fn describe() -> String {
        "misfit".into()
    }

    fn configure(_config: String) {}
}

impl exports::capstan::plugin::arranger::Guest for Misfit {
    fn arrange(input: String) -> String {
        input
    }
}

export!(Misfit);
