//! A plugin of a later contract.

guests::wit_bindgen::generate!({
    inline: "
        package capstan:plugin@2.0.0;
        interface plugin { describe: func() -> string; }
        interface arranger { arrange: func() -> string; }
        world layout { export plugin; export arranger; }
    ",
    runtime_path: "guests::wit_bindgen::rt",
});

struct Later;

impl exports::capstan::plugin::plugin::Guest for Later {
    fn describe() -> String {
        "later".into()
    }
}

impl exports::capstan::plugin::arranger::Guest for Later {
    fn arrange() -> String {
        "otherwise".into()
    }
}

export!(Later);
