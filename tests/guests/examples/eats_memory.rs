//! Allocates for ever. It touches nothing of it: a slow machine would run out of the call's time first.

guests::layout!("eats-memory", |_| {
    let mut hoard = Vec::new();
    loop {
        hoard.push(std::hint::black_box(Vec::<u8>::with_capacity(1 << 20)));
    }
});
