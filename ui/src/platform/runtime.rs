//! Starts the tokio runtime, and reports which resource is missing if it cannot start.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use anyhow::{Context, anyhow};
use tokio::runtime::Runtime;

/// Threads besides the workers: for input, output, files and name lookups.
const BESIDE_WORKERS: usize = 4;

/// Starts the runtime. Fails without enough threads, files or memory, because a runtime without blocking threads would
/// hang at the first access to a file.
pub(crate) fn start() -> anyhow::Result<Runtime> {
    let threads = thread::available_parallelism().map_or(1, usize::from) + BESIDE_WORKERS;
    can_start(threads).with_context(|| {
        format!(
            "the system lets this program start fewer than {threads} threads; raise its limits on processes and memory"
        )
    })?;
    quietly(Runtime::new).map_err(|panic| anyhow!("cannot start: {panic}"))?.context("cannot start")
}

/// Checks that this number of threads can be started. They end at once.
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

/// Runs a function and returns the message of its panic as an error, without printing it.
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
    fn probe_threads_end() {
        assert!(can_start(3).is_ok());
    }
}
