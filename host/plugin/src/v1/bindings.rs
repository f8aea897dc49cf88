//! The contract's types and calls as Rust, generated from `wit/v1`.
//!
//! No component is of this union world: each interface is looked up by itself, so that the types of
//! `plugin` and `io` exist once.

wasmtime::component::bindgen!({
    path: "../../wit/v1",
    inline: "
        package capstan:host;

        world plugins {
            import capstan:plugin/log@1.0.0;
            export capstan:plugin/plugin@1.0.0;
            export capstan:plugin/arranger@1.0.0;
            export capstan:plugin/uploader@1.0.0;
            export capstan:plugin/notifier@1.0.0;
        }
    ",
});
