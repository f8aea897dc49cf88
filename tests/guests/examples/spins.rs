//! Never comes back.

guests::layout!("spins", |input| {
    let mut n = input.at_ms;
    loop {
        n = std::hint::black_box(n.wrapping_mul(3));
    }
});
