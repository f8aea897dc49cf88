//! The contract's `layout` world as Rust, generated from `wit/v1`, with a macro that exports an
//! implementation from another crate. (Two worlds can't share a crate: the generated macros of the
//! interface `plugin` would clash. A storage or a callback generates its own.)
#![expect(missing_docs, reason = "generated: see wit/v1/layout.wit")]

wit_bindgen::generate!({
    path: "../../wit/v1",
    world: "layout",
    pub_export_macro: true,
    export_macro_name: "export_layout",
    default_bindings_module: "capstan_kit::bindings",
    additional_derives: [PartialEq],
});
