//! The contract's `callback` world as Rust, generated from `wit/v1`.
#![expect(missing_docs, reason = "generated: see wit/v1/callback.wit")]

wit_bindgen::generate!({
    path: "../../wit/v1",
    world: "callback",
    additional_derives: [PartialEq],
});
