//! Layout "best fit" (Agora's 1): equal regions in a grid, row by row from the top left.

mod arrange;

pub use arrange::arrange;

capstan_kit::layout_plugin!(crate::arrange);
