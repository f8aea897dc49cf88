//! A layout that never stops going deeper, with frames that are on the native stack alone.

guests::layout!("recurses-lean", |input| Err(deeper(input.at_ms).to_string()));

// Nothing of it needs memory, and its answer can't be made up on the way down: no loop does.
#[expect(unconditional_recursion, reason = "on purpose")]
#[inline(never)]
fn deeper(n: u64) -> u64 {
    deeper(n.wrapping_add(1)).rotate_left(7).wrapping_sub(n)
}
