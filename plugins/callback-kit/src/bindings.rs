//! The contract's `callback` world as Rust, generated from `wit/v1`, with a macro that exports an
//! implementation from another crate.
#![expect(missing_docs, reason = "generated: see wit/v1/callback.wit")]

wit_bindgen::generate!({
    path: "../../wit/v1",
    world: "callback",
    pub_export_macro: true,
    export_macro_name: "export_callback",
    default_bindings_module: "capstan_callback_kit::bindings",
    additional_derives: [PartialEq],
});
