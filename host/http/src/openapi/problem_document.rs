//! The form of refusals by problem documents (RFC 9457).

use serde::Serialize;

use super::described::described;

/// What a problem document is.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

described! {
    /// A problem document.
    #[derive(Debug, Serialize)]
    pub(crate) struct ProblemDocument {
        /// A stable name of this kind of problem.
        pub(crate) kind: String as "type",
        /// The status in words.
        pub(crate) title: String as "title",
        /// The HTTP status.
        pub(crate) status: u16 as "status",
        /// What to change.
        pub(crate) detail: String as "detail",
    }
}
