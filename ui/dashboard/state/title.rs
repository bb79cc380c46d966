//! The title of the terminal window: the node and the length of its queue. It contains no text written by a peer.

use std::time::Duration;

use clacks_p2p::node::Overview;
use clacks_text::{charset::Charset, format, glyphs::glyphs, sanitize::sanitize};

/// Minimum time between two titles, because each is work for a window manager.
const MIN_INTERVAL: Duration = Duration::from_secs(1);
/// Maximum width of the address, in columns.
const MAX_ADDRESS_WIDTH: usize = 60;

/// Title of the terminal window.
#[derive(Debug, Default)]
pub struct Title {
    /// Current title and the uptime at which it was set. The uptime of a replay can go backwards.
    current: Option<(String, Duration)>,
}

impl Title {
    /// Returns the new title of the window if it must change. Titles are at least 1 second apart.
    pub fn next(&mut self, title: String, uptime: Duration) -> Option<&str> {
        let may_change = match &self.current {
            Some((set, since)) => *set != title && uptime.abs_diff(*since) >= MIN_INTERVAL,
            None => true,
        };
        may_change.then(|| self.current.insert((title, uptime)).0.as_str())
    }

    /// Returns the time until the title can change. `None` if it need not change.
    pub fn changes_after(&self, title: &str, uptime: Duration) -> Option<Duration> {
        let (set, since) = self.current.as_ref()?;
        (set != title).then(|| MIN_INTERVAL.saturating_sub(uptime.abs_diff(*since)))
    }
}

/// Returns the title of the window. It contains no control characters, whatever the hostname is.
pub fn window_title(overview: &Overview, is_replay: bool, charset: Charset) -> String {
    let title = node_title(&overview.address.to_string(), overview.queued, charset);
    if is_replay { format!("replay {} {title}", glyphs(charset).apart) } else { title }
}

fn node_title(address: &str, queued: usize, charset: Charset) -> String {
    let queued = match queued {
        0 => String::new(),
        number => format!(" {} {} queued", glyphs(charset).apart, format::count(number)),
    };
    format!("clacks {}{queued}", sanitize(address, MAX_ADDRESS_WIDTH, charset))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_title_has_the_address_and_the_queue_length() {
        let title = |address, queued| node_title(address, queued, Charset::Unicode);
        assert_eq!(title("tower:8080", 0), "clacks tower:8080");
        assert_eq!(title("tower:8080", 12), "clacks tower:8080 \u{b7} 12 queued");
        assert!(!title("a\u{1b}]0;b\u{7}\u{9c}\u{202e}:1", 1).contains(clacks_text::sanitize::is_hidden));
        assert_eq!(node_title("tower:8080", 1234, Charset::Ascii), "clacks tower:8080 - 1.2k queued");
    }

    #[test]
    fn the_title_changes_at_most_once_per_second() {
        let mut title = Title::default();
        assert_eq!(title.changes_after("one", SECOND), None, "the first is set at once");
        assert_eq!(title.next("one".to_owned(), SECOND), Some("one"));
        assert_eq!(title.next("one".to_owned(), SECOND * 9), None);
        assert_eq!(title.changes_after("one", SECOND * 9), None);
        assert_eq!(title.next("two".to_owned(), SECOND * 10), Some("two"));
        let soon = SECOND * 10 + SECOND / 4;
        assert_eq!(title.next("three".to_owned(), soon), None);
        assert_eq!(title.changes_after("three", soon), Some(SECOND * 3 / 4));
        assert_eq!(title.next("three".to_owned(), SECOND * 11), Some("three"));
    }
}
