//! Matches choices with the typed text.

use super::{Choice, MOST_CHOICES, choices::Candidate};

/// Choices that start with the typed text, or else those that contain its letters in order, most compact match first, and
/// then items that were found by their name. At most [`MOST_CHOICES`].
pub(crate) fn fitting(all: Vec<Candidate>, typed: &str) -> Vec<Choice> {
    let (begun, others): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|candidate| begins(&candidate.choice.text, typed));
    let mut fitting: Vec<Choice> = if begun.is_empty() {
        let rank = |candidate: &Candidate| {
            spread(&candidate.choice.text, typed).or(candidate.is_found.then_some(usize::MAX))
        };
        let mut ranked: Vec<_> =
            others.into_iter().filter_map(|candidate| Some((rank(&candidate)?, candidate))).collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        ranked.into_iter().map(|(_, candidate)| candidate.choice).collect()
    } else {
        begun.into_iter().map(|candidate| candidate.choice).collect()
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
