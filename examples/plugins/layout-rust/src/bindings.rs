//! The contract's world `layout` as Rust, generated from `wit`.

wit_bindgen::generate!({ path: "wit", world: "layout" });
