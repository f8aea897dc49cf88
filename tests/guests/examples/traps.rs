//! Panics.

guests::layout!("traps", |_| panic!("on purpose"));
