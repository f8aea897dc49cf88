//! Layout "custom" (Agora's 3): the recording's options say where each region lies.

mod arrange;

pub use arrange::arrange;

capstan_kit::layout_plugin!(crate::arrange);
