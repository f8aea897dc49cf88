//! The contract's world `callback` as Rust, generated from `wit`.

wit_bindgen::generate!({ path: "wit", world: "callback" });
