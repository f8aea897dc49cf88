//! Layout "speaker": whoever speaks is large, the others are in a strip at an edge.

mod arrange;

pub use arrange::arrange;

capstan_kit::layout_plugin!(
    crate::arrange,
    concat!(capstan_kit::main_uid_schema!(), capstan_kit::strip_schema!())
);
