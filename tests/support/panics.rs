use std::{
    panic,
    sync::{Mutex, Once, PoisonError},
};

/// Panics outside the code of tests.
static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());
static HOOK: Once = Once::new();

/// Records the panics of this process that are not those of a test, because a panic of a task is otherwise silent.
pub(super) fn watch_for_them() {
    HOOK.call_once(|| {
        let default = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            // Paths are relative to the root of the workspace or to a crate of it.
            let is_test = |file: &str| file.starts_with("tests/") || file.contains("/tests/");
            if !info.location().is_some_and(|place| is_test(place.file())) {
                SEEN.lock().unwrap_or_else(PoisonError::into_inner).push(info.to_string());
            }
            default(info);
        }));
    });
}

pub(crate) fn assert_no_task_panicked() {
    let seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(seen.is_empty(), "the node panicked: {seen:#?}");
}
