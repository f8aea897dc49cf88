//! A component for something else.

guests::wit_bindgen::generate!({
    inline: "package other:thing; world thing { export run: func(); }",
    runtime_path: "guests::wit_bindgen::rt",
});

struct Thing;

impl Guest for Thing {
    fn run() {}
}

export!(Thing);
