//! From what went wrong in the sandbox to the class of fault that everybody else sees.

use capstan_outbox::ports::{Fault, FaultKind};
use wasmtime::Trap;

/// The most characters of a fault's detail.
const MAX_DETAIL: usize = 300;

/// A fault without the plugin's name, which the caller knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Broke {
    /// Its class.
    pub(crate) kind: FaultKind,
    /// What happened, cut.
    pub(crate) detail: String,
}

impl Broke {
    /// An answer outside the contract.
    pub(crate) fn bad_answer(detail: impl AsRef<str>) -> Self {
        Self { kind: FaultKind::BadAnswer, detail: cut(detail.as_ref(), MAX_DETAIL) }
    }

    /// A failed call. `memory_denied` says how much memory the guest was last refused: its own
    /// reaction to that looks like any other panic.
    pub(crate) fn from_call(error: &wasmtime::Error, memory_denied: Option<usize>) -> Self {
        if let Some(bytes) = memory_denied {
            let detail = format!("it asked for {} KiB of memory", bytes >> 10);
            return Self { kind: FaultKind::OutOfMemory, detail };
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::Interrupt) => {
                Self { kind: FaultKind::OutOfTime, detail: "the call took too long".into() }
            }
            Some(trap) => {
                Self { kind: FaultKind::Trapped, detail: cut(&trap.to_string(), MAX_DETAIL) }
            }
            // Whatever else fails in a call fails while its answer is read: bad pointers, text that
            // is no UTF-8, unknown cases, more bytes than the budget.
            None => Self::bad_answer(error.root_cause().to_string()),
        }
    }

    /// The fault of a plugin.
    pub(crate) fn of(self, plugin: &str) -> Fault {
        Fault { plugin: plugin.to_owned(), kind: self.kind, detail: self.detail }
    }
}

/// The first `max` characters, control characters replaced: words of strangers for a log.
pub(crate) fn cut(text: &str, max: usize) -> String {
    let clean = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut cut: String = clean.take(max + 1).collect();
    if cut.chars().count() > max {
        cut.pop();
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_strangers_are_cut_and_cleaned() {
        assert_eq!(cut("a\nb\u{1b}[1m", 10), "a b [1m");
        assert_eq!(cut("ÄÖÜß", 2), "ÄÖ…");
        assert_eq!(cut("ab", 2), "ab");
    }

    #[test]
    fn classes_follow_what_happened() {
        let kind = |error: wasmtime::Error, denied| Broke::from_call(&error, denied).kind;
        assert_eq!(kind(Trap::Interrupt.into(), None), FaultKind::OutOfTime);
        assert_eq!(kind(Trap::UnreachableCodeReached.into(), None), FaultKind::Trapped);
        assert_eq!(kind(Trap::UnreachableCodeReached.into(), Some(1)), FaultKind::OutOfMemory);
        assert_eq!(kind(wasmtime::Error::msg("bad utf-8"), None), FaultKind::BadAnswer);
    }
}
