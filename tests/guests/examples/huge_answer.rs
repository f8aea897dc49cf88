//! Answers a text of 16 MB.

guests::layout!("huge-answer", |_| Err("x".repeat(16 << 20)));
