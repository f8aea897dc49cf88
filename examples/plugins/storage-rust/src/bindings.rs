//! The contract's world `storage` as Rust, generated from `wit`.

wit_bindgen::generate!({ path: "wit", world: "storage" });
