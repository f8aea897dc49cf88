//! The contract's `storage` world as Rust, generated from `wit/v1`.
#![expect(missing_docs, reason = "generated: see wit/v1/storage.wit")]

wit_bindgen::generate!({
    path: "../../wit/v1",
    world: "storage",
    additional_derives: [PartialEq],
});
