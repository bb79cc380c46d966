//! Matches choices with the typed text.

use std::fmt::Write;

use clacks_p2p::core::Peer;

use super::{Choice, MOST_CHOICES};

/// Choices that start with the typed text, or else those that contain its letters in order, most compact match first.
/// At most [`MOST_CHOICES`].
pub(crate) fn fitting(all: Vec<Choice>, typed: &str) -> Vec<Choice> {
    let (begun, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|choice| begins(&choice.text, typed));
    let mut fitting = if begun.is_empty() {
        let mut ranked: Vec<_> =
            others.into_iter().filter_map(|choice| Some((spread(&choice.text, typed)?, choice))).collect();
        ranked.sort_by_key(|(spread, _)| *spread);
        ranked.into_iter().map(|(_, choice)| choice).collect()
    } else {
        begun
    };
    fitting.truncate(MOST_CHOICES);
    fitting
}

/// Whether the text starts with `begun`, ignoring ASCII case.
pub(crate) fn begins(text: &str, begun: &str) -> bool {
    let mut letters = text.chars();
    begun.chars().all(|wanted| letters.next().is_some_and(|letter| letter.eq_ignore_ascii_case(&wanted)))
}

/// Number of characters from the first to the last matched letter, if the text contains the letters of `typed` in
/// order.
pub(crate) fn spread(text: &str, typed: &str) -> Option<usize> {
    let mut letters = text.chars().enumerate();
    let mut found = typed
        .chars()
        .map(|wanted| letters.find(|(_, letter)| letter.eq_ignore_ascii_case(&wanted)).map(|(at, _)| at));
    let Some(first) = found.next() else { return Some(0) };
    let first = first?;
    found.try_fold(first, |_, at| at).map(|last| last - first)
}

/// Matches peers with the typed text. Reuses one buffer for all addresses.
#[derive(Debug, Default)]
pub struct PeerMatcher {
    address: String,
}

impl PeerMatcher {
    /// Whether the peer's address starts with the typed text, ignoring ASCII case.
    pub fn begins(&mut self, peer: &Peer, typed: &str) -> bool {
        begins(self.written(peer), typed)
    }

    /// Whether the peer's address contains the typed letters in order, ignoring ASCII case.
    pub fn holds(&mut self, peer: &Peer, typed: &str) -> bool {
        spread(self.written(peer), typed).is_some()
    }

    fn written(&mut self, peer: &Peer) -> &str {
        self.address.clear();
        // Writing to a string cannot fail.
        let _ = write!(self.address, "{}", peer.address);
        &self.address
    }
}
