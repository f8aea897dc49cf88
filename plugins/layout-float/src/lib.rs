//! Layout "float" (Agora's 0): the first participant fills the canvas, the others lie over it in
//! small regions from the bottom left.

mod arrange;

pub use arrange::arrange;

capstan_kit::layout_plugin!(crate::arrange);
