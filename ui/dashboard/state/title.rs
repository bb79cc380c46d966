//! The title of the terminal window: the node and its first level, such as the length of its queue. It contains no text
//! written by a peer.

use std::time::Duration;

use clacks_text::{charset::Charset, format, glyphs::glyphs, sanitize::sanitize};

use super::network::Network;

/// Minimum time between two titles, because each is work for a window manager.
const MIN_INTERVAL: Duration = Duration::from_secs(1);
/// Maximum width of the address, in columns.
const MAX_ADDRESS_WIDTH: usize = 60;
/// Maximum width of the name of the level, in columns.
const MAX_LEVEL_WIDTH: usize = 20;

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

/// Returns the title of the window: the network, the node and its first level. It contains no control characters,
/// whatever the name of the node is.
pub fn window_title(network: &Network, is_replay: bool, charset: Charset) -> String {
    let Network { description, figures, .. } = network;
    let gauge = figures.places.levels.first().and_then(|at| description.gauges.get(*at));
    let level = gauge.map(|gauge| gauge.title.as_str()).zip(figures.levels().first().copied());
    let title = node_title(description.network.as_str(), description.node.as_str(), level, charset);
    if is_replay { format!("replay {} {title}", glyphs(charset).apart) } else { title }
}

fn node_title(network: &str, node: &str, level: Option<(&str, u64)>, charset: Charset) -> String {
    let level = match level {
        None | Some((_, 0)) => String::new(),
        Some((title, number)) => {
            let number = format::count(usize::try_from(number).unwrap_or(usize::MAX));
            format!(" {} {number} {}", glyphs(charset).apart, sanitize(title, MAX_LEVEL_WIDTH, charset))
        }
    };
    format!("{network} {}{level}", sanitize(node, MAX_ADDRESS_WIDTH, charset))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_title_has_the_address_and_the_queue_length() {
        let title =
            |address, queued| node_title("clacks", address, Some(("queued", queued)), Charset::Unicode);
        assert_eq!(title("tower:8080", 0), "clacks tower:8080");
        assert_eq!(title("tower:8080", 12), "clacks tower:8080 \u{b7} 12 queued");
        assert!(!title("a\u{1b}]0;b\u{7}\u{9c}\u{202e}:1", 1).contains(clacks_text::sanitize::is_hidden));
        let ascii = node_title("toy", "a toy", Some(("cards", 1234)), Charset::Ascii);
        assert_eq!(ascii, "toy a toy - 1.2k cards");
        assert_eq!(node_title("toy", "a toy", None, Charset::Ascii), "toy a toy");
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
