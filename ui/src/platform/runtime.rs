//! The runtime, and what is missing where there can be none.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use anyhow::{Context, anyhow};
use tokio::runtime::Runtime;

/// Threads beside the workers: for input, output, files and look-ups.
const BESIDE_WORKERS: usize = 4;

/// Starts the runtime. Without enough threads, files or memory this is an error: a runtime that is short of threads would
/// stand still where it has to wait for a file.
pub(crate) fn start() -> anyhow::Result<Runtime> {
    let threads = thread::available_parallelism().map_or(1, usize::from) + BESIDE_WORKERS;
    can_start(threads).with_context(|| {
        format!(
            "the system lets this program start fewer than {threads} threads; raise its limits on processes and memory"
        )
    })?;
    quietly(Runtime::new).map_err(|panic| anyhow!("cannot start: {panic}"))?.context("cannot start")
}

/// Starts so many threads, which end again, to see whether they can be had.
fn can_start(threads: usize) -> std::io::Result<()> {
    let gate = Arc::new(Mutex::new(()));
    let closed = gate.lock().unwrap_or_else(PoisonError::into_inner);
    let one = |_| {
        let gate = Arc::clone(&gate);
        thread::Builder::new().spawn(move || drop(gate.lock()))
    };
    let started: Vec<_> = (0..threads).map(one).collect();
    drop(closed);
    let mut result = Ok(());
    for thread in started {
        match thread {
            Ok(thread) => drop(thread.join()),
            Err(error) => result = Err(error),
        }
    }
    result
}

/// What a function returns, or what it panicked with, which nobody is told otherwise.
fn quietly<T>(function: impl FnOnce() -> T) -> Result<T, String> {
    let hook = take_hook();
    set_hook(Box::new(|_| {}));
    let result = catch_unwind(AssertUnwindSafe(function));
    set_hook(hook);
    result.map_err(|panic| message(panic.as_ref()))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("for an unknown reason");
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_of_one_line() {
        assert_eq!(quietly(|| 1), Ok(1));
        assert_eq!(quietly(|| -> u8 { panic!("no {}\nat all", "threads") }), Err("no threads".to_owned()));
        assert_eq!(quietly(|| -> u8 { panic!("none") }), Err("none".to_owned()));
    }

    #[test]
    fn threads_that_are_tried_are_gone_again() {
        assert!(can_start(3).is_ok());
    }
}
