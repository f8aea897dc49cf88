//! Misbehaves as it is told; see `guests::rogue`.

guests::rogue!("rogue-b");
