//! Drives fuzz targets: tests that take arbitrary bytes.
//!
//! A target is an ordinary test that calls [`fuzz`]. It is in the module that it tests, so that it can use private
//! items. `cargo test` runs it with the inputs in `fuzz/corpus` and a fixed number of mutants of them, always the same.
//! `fuzz/run` lets libFuzzer search for inputs that reach new code, for any time.

use std::{
    fs,
    panic::{self, AssertUnwindSafe},
    path::Path,
};

use rand::{SeedableRng, rngs::StdRng};

#[cfg(feature = "libfuzzer")]
mod libfuzzer;
mod mutate;

/// The environment variable with the number of mutants. It overrides the number that a target asks for.
const RUNS: &str = "CLACKS_FUZZ_RUNS";
/// The environment variable with the seed of the mutants.
const SEED: &str = "CLACKS_FUZZ_SEED";

/// Runs `target` with the stored inputs of that `name`, and with `runs` mutants of them.
///
/// # Panics
///
/// The target panics; the input is printed first. Or there are no stored inputs.
pub fn fuzz(name: &str, runs: u64, target: impl Fn(&[u8])) {
    #[cfg(feature = "libfuzzer")]
    if libfuzzer::is_wanted(name) {
        libfuzzer::run(&target);
    }
    let corpus = kept(name);
    assert!(!corpus.is_empty(), "no inputs are kept in fuzz/corpus/{name}");
    for (file, input) in &corpus {
        run(&target, input, &format!("fuzz/corpus/{name}/{file}"));
    }
    let inputs: Vec<Vec<u8>> = corpus.into_iter().map(|(_, input)| input).collect();
    let mut rng = StdRng::seed_from_u64(number(SEED).unwrap_or(1));
    for mutant in 0..number(RUNS).unwrap_or(runs) {
        let input = mutate::mutant(&inputs, &mut rng);
        run(&target, &input, &format!("mutant {mutant} of fuzz/corpus/{name}"));
    }
}

/// The stored inputs with their file names, sorted by name.
fn kept(name: &str) -> Vec<(String, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let read =
        |entry: fs::DirEntry| Some((entry.file_name().into_string().ok()?, fs::read(entry.path()).ok()?));
    let mut inputs: Vec<_> = entries.filter_map(read).collect();
    inputs.sort();
    inputs
}

fn run(target: &impl Fn(&[u8]), input: &[u8], origin: &str) {
    if let Err(panic) = panic::catch_unwind(AssertUnwindSafe(|| target(input))) {
        eprintln!("the input is {origin}: b\"{}\"", input.escape_ascii());
        panic::resume_unwind(panic);
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "found")]
    fn a_target_fails_on_what_a_few_mutations_of_a_kept_input_lead_to() {
        // The stored input is "abc".
        fuzz("itself", 10_000, |input| assert!(input != b"abbc", "found"));
    }

    #[test]
    fn the_mutants_are_the_same_each_time() {
        let all = || {
            let inputs = std::cell::RefCell::new(Vec::new());
            fuzz("itself", 100, |input| inputs.borrow_mut().push(input.to_owned()));
            inputs.into_inner()
        };
        let once = all();
        assert_eq!(once.len(), 101);
        assert_eq!(once, all());
    }
}
