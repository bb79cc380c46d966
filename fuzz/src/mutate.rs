//! Mutants of inputs.

use rand::{Rng, RngExt, rngs::StdRng, seq::IndexedRandom};

/// Maximum bytes of a mutant.
const LONGEST: usize = 4096;

/// Bytes with a meaning in one of the fuzzed languages or encodings.
const TELLING: &[u8] = b"\0\t\n\r\x1b \"'\\()[]{}<>|!:;,.=+-/*0129aezAZ_\x7f\x80\xc3\xe2\xf0\xff";

/// A mutant of a random input, after a few changes.
pub(crate) fn mutant(inputs: &[Vec<u8>], rng: &mut StdRng) -> Vec<u8> {
    let mut input = inputs.choose(rng).cloned().unwrap_or_default();
    for _ in 0..rng.random_range(1..=5) {
        change(&mut input, inputs, rng);
    }
    input.truncate(LONGEST);
    input
}

fn change(input: &mut Vec<u8>, others: &[Vec<u8>], rng: &mut StdRng) {
    let at = rng.random_range(0..=input.len());
    match rng.random_range(0..8) {
        0 if at < input.len() => input[at] ^= 1 << rng.random_range(0..8),
        1 if at < input.len() => input[at] = byte(rng),
        2 => drop(input.drain(piece(input, at, rng))),
        3 => {
            // Repetitions, to find nesting and growth.
            let copy = input[piece(input, at, rng)].repeat(1 << rng.random_range(0..6));
            insert(input, at, &copy);
        }
        4 => {
            let other = others.choose(rng).map_or(&[][..], Vec::as_slice);
            let start = rng.random_range(0..=other.len());
            insert(input, at, &other[piece(other, start, rng)]);
        }
        5 => {
            let copy = input[piece(input, at, rng)].to_owned();
            let to = rng.random_range(0..=input.len());
            insert(input, to, &copy);
        }
        6 => {
            let mut bytes = [0; 4];
            rng.fill_bytes(&mut bytes);
            insert(input, at, &bytes);
        }
        _ => {
            let byte = byte(rng);
            insert(input, at, &[byte]);
        }
    }
}

fn byte(rng: &mut StdRng) -> u8 {
    if rng.random() { rng.random() } else { TELLING.choose(rng).copied().unwrap_or_default() }
}

/// A short piece from `start` on.
fn piece(bytes: &[u8], start: usize, rng: &mut StdRng) -> std::ops::Range<usize> {
    let longest = (bytes.len() - start).min(1 << rng.random_range(0..8));
    start..start + rng.random_range(0..=longest)
}

fn insert(input: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    input.splice(at..at, bytes.iter().copied());
}
