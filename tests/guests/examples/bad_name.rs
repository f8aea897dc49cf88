//! Calls itself what no plugin may be called.

guests::layout!("Bad Name!", |_| Err(String::new()));
