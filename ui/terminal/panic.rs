//! A panic hook that restores the terminal before the message is printed.

use std::{panic, sync::Once};

use super::{
    guard,
    notices::{self, Notice},
    watchdog::{ExitReason, exit_after_grace},
};

static INSTALLED: Once = Once::new();

/// Installs the hook in front of the current one, once per process.
///
/// The runtime catches a panic in a task of the embedded node, so the hook posts a notice after the message is printed.
/// The watchdog ends the process if the dashboard no longer reacts.
pub(crate) fn install_hook() {
    INSTALLED.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |panicked| {
            let _ = guard::restore();
            if guard::is_held() {
                exit_after_grace(ExitReason::Panicked);
            }
            previous(panicked);
            notices::post(Notice::Panicked);
        }));
    });
}
