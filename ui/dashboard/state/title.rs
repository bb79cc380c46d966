//! The title of the window: which node it is and how much waits there. Nothing that a peer wrote stands in it.

use std::time::Duration;

use clacks_p2p::node::Overview;
use clacks_text::{charset::Charset, format, glyphs::glyphs, sanitize::shown};

/// The shortest time between two titles, as a window manager has work with each.
const BETWEEN: Duration = Duration::from_secs(1);
/// Columns of the address, which can be longer than any window is wide.
const ADDRESS: usize = 60;

/// Title of the terminal window.
#[derive(Debug, Default)]
pub struct Title {
    /// What it says, and since when in uptime, which goes back in a replay.
    set: Option<(String, Duration)>,
}

impl Title {
    /// Returns the new title of the window if it must change. Titles are at least 1 second apart.
    pub fn next(&mut self, wanted: String, uptime: Duration) -> Option<&str> {
        let may_change = match &self.set {
            Some((set, since)) => *set != wanted && uptime.abs_diff(*since) >= BETWEEN,
            None => true,
        };
        may_change.then(|| self.set.insert((wanted, uptime)).0.as_str())
    }

    /// Returns the time until the title can change. `None` if it need not change.
    pub fn waits(&self, wanted: &str, uptime: Duration) -> Option<Duration> {
        let (set, since) = self.set.as_ref()?;
        (set != wanted).then(|| BETWEEN.saturating_sub(uptime.abs_diff(*since)))
    }
}

/// Returns the title of the window. It contains no control characters, whatever the hostname is.
pub fn of(overview: &Overview, is_replay: bool, charset: Charset) -> String {
    let title = of_node(&overview.address.to_string(), overview.queued, charset);
    if is_replay { format!("replay {} {title}", glyphs(charset).apart) } else { title }
}

fn of_node(address: &str, queued: usize, charset: Charset) -> String {
    let queued = match queued {
        0 => String::new(),
        number => format!(" {} {} queued", glyphs(charset).apart, format::count(number)),
    };
    format!("clacks {}{queued}", shown(address, ADDRESS, charset))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn it_says_which_node_it_is_and_how_much_waits() {
        let title = |address, queued| of_node(address, queued, Charset::Unicode);
        assert_eq!(title("tower:8080", 0), "clacks tower:8080");
        assert_eq!(title("tower:8080", 12), "clacks tower:8080 \u{b7} 12 queued");
        assert!(!title("a\u{1b}]0;b\u{7}\u{9c}\u{202e}:1", 1).contains(clacks_text::sanitize::is_hidden));
        assert_eq!(of_node("tower:8080", 1234, Charset::Ascii), "clacks tower:8080 - 1.2k queued");
    }

    #[test]
    fn it_changes_once_a_second_and_only_if_it_says_something_else() {
        let mut title = Title::default();
        assert_eq!(title.waits("one", SECOND), None, "the first is set at once");
        assert_eq!(title.next("one".to_owned(), SECOND), Some("one"));
        assert_eq!(title.next("one".to_owned(), SECOND * 9), None);
        assert_eq!(title.waits("one", SECOND * 9), None);
        assert_eq!(title.next("two".to_owned(), SECOND * 10), Some("two"));
        let soon = SECOND * 10 + SECOND / 4;
        assert_eq!(title.next("three".to_owned(), soon), None);
        assert_eq!(title.waits("three", soon), Some(SECOND * 3 / 4));
        assert_eq!(title.next("three".to_owned(), SECOND * 11), Some("three"));
    }
}
