//! Layout "vertical" (Agora's 2): one large region at the left for the main participant, the others
//! in one or two columns at the right.

mod arrange;

pub use arrange::arrange;

capstan_kit::layout_plugin!(crate::arrange, capstan_kit::main_uid_schema!());
