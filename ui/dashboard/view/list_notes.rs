//! What stands around the rows of a list besides what the network says: notes in its title, and lines in the place of
//! the rows of an empty list.

use clacks_text::{format, sanitize::sanitize};
use clacks_widgets::theme::Theme;
use ratatui::text::Span;

use super::components::{REPLAY_INPUT_HINT, no_peers};
use crate::{model::Model, state::figures::Known};

const EMPTY_QUEUE: &[&str] = &["the queue is empty", "press {:say} to write a message"];
const EMPTY_QUEUE_IN_REPLAY: &[&str] = &["the queue is empty", REPLAY_INPUT_HINT];
const ALL_HELD: &[&str] = &["all of it is held", "{:held} lists it"];
const ALL_IN_FLIGHT: &[&str] = &["all of it is on its way"];
const NOTHING_HELD: &[&str] = &[
    "nothing is held",
    ":hold NUMBER holds a message of the queue,",
    ":hold FILTER all that a filter admits",
];

/// Columns of the title of the held messages before the rule: the name and the number of messages.
const BEFORE_RULE: usize = 14;

/// What stands around the rows of a list.
#[derive(Debug, Default)]
pub(crate) struct ListNotes {
    /// Parts of the title behind the counts. Those that do not fit are left out.
    pub(crate) title: Vec<Span<'static>>,
    /// Lines in the place of the rows. Commands in braces become keys. `None`: the hints of the network.
    pub(crate) empty: Option<&'static [&'static str]>,
}

impl ListNotes {
    /// The notes for the list with this name, in a title of `width` columns.
    pub(crate) fn of(model: &Model, list: &str, width: u16, theme: Theme) -> Self {
        match list {
            "peers" => Self { title: Vec::new(), empty: Some(no_peers(model)) },
            "queue" => queue(model),
            "held" => held(model, width, theme),
            _ => Self::default(),
        }
    }
}

fn queue(model: &Model) -> ListNotes {
    let network = model.networks.active();
    let (in_flight, held) = (network.count_of(Known::InFlight), network.count_of(Known::Held));
    let note = |number: usize, text: String| (number > 0).then(|| Span::raw(text));
    let notes = [
        note(in_flight, format!("+{} in flight", format::count(in_flight))),
        note(held, format!("{} held", format::count(held))),
        network.figures.place(Known::Bytes).map(|_| Span::raw(format::size(network.count_of(Known::Bytes)))),
    ];
    let empty = match (in_flight, held) {
        (0, 0) if model.replay.is_some() => EMPTY_QUEUE_IN_REPLAY,
        (0, 0) => EMPTY_QUEUE,
        (0, _) => ALL_HELD,
        _ => ALL_IN_FLIGHT,
    };
    ListNotes { title: notes.into_iter().flatten().collect(), empty: Some(empty) }
}

fn held(model: &Model, width: u16, theme: Theme) -> ListNotes {
    let rule = model
        .hold_rule
        .as_ref()
        .map_or_else(|| "no filter holds what comes".to_owned(), |rule| format!("held by a filter: {rule}"));
    let rule = sanitize(&rule, usize::from(width).saturating_sub(BEFORE_RULE), theme.charset);
    let empty = if model.replay.is_some() { &NOTHING_HELD[..1] } else { NOTHING_HELD };
    ListNotes { title: vec![Span::raw(rule.as_str().to_owned())], empty: Some(empty) }
}
