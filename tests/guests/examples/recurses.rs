//! Calls itself until no stack is left.

#[expect(unconditional_recursion, reason = "on purpose")]
fn deeper(n: u64) -> u64 {
    let frame = std::hint::black_box([n; 16]);
    frame[3].wrapping_add(deeper(std::hint::black_box(n + 1)))
}

guests::layout!("recurses", |input| Err(deeper(input.at_ms).to_string()));
