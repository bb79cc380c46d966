//! A panic anywhere in the program gives the terminal back before its message is printed.

use std::{panic, sync::Once};

use super::{
    guard,
    notices::{self, Notice},
    watchdog::{Ending, end_by_force},
};

static INSTALLED: Once = Once::new();

/// Puts the restoring before the hook that is there.
///
/// The panic may be that of a task of the embedded node, which the runtime catches. So the dashboard is told, once the
/// message is out, and if it cannot end the program any more, the program is ended by force.
pub(crate) fn install_hook() {
    INSTALLED.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |panicked| {
            let _ = guard::restore();
            if guard::is_held() {
                end_by_force(Ending::Panicked);
            }
            previous(panicked);
            notices::tell(Notice::Panicked);
        }));
    });
}
