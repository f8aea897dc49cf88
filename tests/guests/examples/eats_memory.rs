//! Allocates for ever.

guests::layout!("eats-memory", |_| {
    let mut hoard = Vec::new();
    loop {
        hoard.push(std::hint::black_box(vec![1_u8; 1 << 20]));
    }
});
