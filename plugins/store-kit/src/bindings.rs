//! The contract's `storage` world as Rust, generated from `wit/v1`, with a macro that exports an
//! implementation from another crate.
#![expect(missing_docs, reason = "generated: see wit/v1/storage.wit")]

wit_bindgen::generate!({
    path: "../../wit/v1",
    world: "storage",
    pub_export_macro: true,
    export_macro_name: "export_storage",
    default_bindings_module: "capstan_store_kit::bindings",
    additional_derives: [PartialEq],
});
