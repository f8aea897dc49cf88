//! Layout "presentation": a shared screen is large and whole, the cameras are in a strip at an edge;
//! while nobody shares a screen, everybody is in a grid.

mod arrange;

pub use arrange::arrange;

capstan_kit::layout_plugin!(
    crate::arrange,
    concat!(capstan_kit::main_uid_schema!(), capstan_kit::strip_schema!())
);
