use std::{
    panic,
    sync::{Mutex, Once, PoisonError},
};

/// Panics that came from anywhere but a test's own lines.
static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());
static HOOK: Once = Once::new();

/// Counts from now on the panics of this process that are not those of a test: a task that panics is silent
/// otherwise.
pub(super) fn watch_for_them() {
    HOOK.call_once(|| {
        let default = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            // They are built from the root of the workspace or from a folder of it.
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
