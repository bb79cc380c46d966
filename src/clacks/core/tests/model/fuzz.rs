//! The same world with inputs from a fuzzer.

use proptest::{
    strategy::ValueTree,
    test_runner::{RngAlgorithm, TestRng, TestRunner},
};

use super::*;

/// The first two bytes determine the options, each further two bytes one input.
#[test]
fn core() {
    clacks_fuzz::fuzz("core", 400, |bytes| {
        let (two_each, _) = bytes.as_chunks::<2>();
        let Some((first, rest)) = two_each.split_first() else { return };
        let mut world = World::new(drawn(&options(), *first), 0);
        let inputs = inputs();
        for bytes in rest.iter().take(500) {
            world.give(&drawn(&inputs, *bytes));
            world.check();
        }
    });
}

/// One of 65,536 values, determined by the bytes, so that a change of two bytes changes one input.
fn drawn<S: Strategy>(strategy: &S, bytes: [u8; 2]) -> S::Value {
    // A number of 128 bits, because xorshift needs every bit of its seed.
    let seed =
        (u128::from(u16::from_be_bytes(bytes)) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    let rng = TestRng::from_seed(RngAlgorithm::XorShift, &seed.to_le_bytes());
    strategy.new_tree(&mut TestRunner::new_with_rng(ProptestConfig::default(), rng)).unwrap().current()
}
