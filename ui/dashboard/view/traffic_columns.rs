//! Widths of the columns of the traffic, by the rules of [`clacks_widgets::table`]: each column has a range, the text takes
//! what is left, and nothing is cut while another place of the row is free.
//!
//! The shares of peer and outcome grow with the width, at most one of them by one column at a time. So a wider traffic never
//! has a narrower text, unless a column appears.

use std::{borrow::Cow, ops::RangeInclusive};

use clacks_session::traffic::row::Row;
use clacks_text::{
    charset::Charset,
    fit::{padded, padded_left},
    sanitize::{SafeLine, sanitize},
    value::{Labels, Names},
};
use clacks_widgets::table::layout::{Class, Demand, GAP, widths};

use super::{address_labels, components};
use crate::{
    model::Model,
    state::{layout::Pane, traffic_needs::TrafficNeeds},
};

/// Columns before a row.
const MARKER: usize = components::MARKER as usize;
/// Columns of `HH:MM:SS`.
const TIME: usize = 8;
/// Columns of `peer`, the longest word.
const DIRECTION: usize = 4;
/// Columns of the name of a network.
const NETWORK: RangeInclusive<usize> = 5..=12;
/// Least columns of a peer.
const MIN_PEER: usize = 9;
/// Range of the share of a peer, in columns. The minimum fits an IPv4 address with a port.
const PEER: RangeInclusive<usize> = 15..=28;
/// Least columns of the text.
const MIN_TEXT: usize = 12;
/// Range of the share of the outcome, in columns.
const OUTCOME: RangeInclusive<usize> = 9..=24;
/// Part of the width that peer and outcome have each.
const SHARE: usize = 5;
/// More than any text is wide, so that the columns that are shown do not depend on the texts.
const ANY_TEXT: usize = 1 << 16;

/// Widths of the columns. `None`: the column is not shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Columns {
    pub(crate) time: Option<usize>,
    pub(crate) network: Option<usize>,
    pub(crate) direction: Option<usize>,
    pub(crate) peer: usize,
    text: usize,
    outcome: Option<usize>,
}

/// The texts of a row, written once in the width of the whole traffic.
#[derive(Debug)]
pub(crate) struct RowTexts<'a> {
    pub(crate) row: &'a Row,
    names: Option<&'a Names>,
    /// The start of the message. `None` for a row without a message.
    preview: Option<Cow<'a, str>>,
    text: SafeLine,
    outcome: SafeLine,
}

impl<'a> RowTexts<'a> {
    fn new(row: &'a Row, names: Option<&'a Names>, columns: usize, charset: Charset) -> Self {
        let (preview, outcome) = (row.preview(columns), row.outcome(columns, charset));
        let mut texts = Self { row, names, preview, text: SafeLine::default(), outcome };
        texts.text = texts.written(columns, charset);
        texts
    }

    fn written(&self, columns: usize, charset: Charset) -> SafeLine {
        match &self.preview {
            Some(text) => sanitize(text, columns, charset),
            None => self.row.what_naming(self.names, columns, charset),
        }
    }

    /// Returns the columns of the text with the outcome behind it.
    fn width(&self) -> usize {
        let outcome = self.outcome.width();
        self.text.width() + if outcome > 0 { outcome + GAP } else { 0 }
    }

    /// Returns the text, or what happened, in at most `columns` columns.
    fn text(&self, columns: usize, charset: Charset) -> Cow<'_, SafeLine> {
        if self.text.width() <= columns {
            return Cow::Borrowed(&self.text);
        }
        Cow::Owned(self.written(columns, charset))
    }

    /// Returns the outcome in at most `columns` columns.
    fn outcome(&self, columns: usize, charset: Charset) -> Cow<'_, SafeLine> {
        if self.outcome.width() <= columns {
            return Cow::Borrowed(&self.outcome);
        }
        Cow::Owned(self.row.outcome(columns, charset))
    }
}

/// The visible rows of the traffic, and their columns.
#[derive(Debug)]
pub(crate) struct VisibleRows<'a> {
    pub(crate) columns: Columns,
    /// The names of peers, in the width of their column.
    pub(crate) names: Labels,
    pub(crate) texts: Vec<RowTexts<'a>>,
}

/// Returns the visible rows in a traffic of `width` columns.
pub(crate) fn visible_rows(model: &Model, width: usize, charset: Charset) -> VisibleRows<'_> {
    let top = model.log_top();
    let rows = (top..top + model.height(Pane::Traffic)).map_while(|at| model.log.at(at));
    let room = width.saturating_sub(MARKER);
    let texts: Vec<_> =
        rows.map(|row| RowTexts::new(row, model.networks.names_for(row), room, charset)).collect();
    let names = address_labels::on_screen(model, room, charset);
    let greatest = |need: &dyn Fn(&RowTexts<'_>) -> usize| texts.iter().map(need).max().unwrap_or(0);
    let peer = |texts: &RowTexts<'_>| {
        model.networks.peer_name(texts.row).map_or(0, |peer| names.label(peer).width())
    };
    let network = |texts: &RowTexts<'_>| texts.row.network_name().chars().count();
    let network = if model.log.networks() > 1 { greatest(&network) } else { 0 };
    let outcome = greatest(&|texts| texts.outcome.width());
    let peer = greatest(&peer);
    let now = TrafficNeeds::new(width, network, peer, outcome);
    let mut lasting = model.traffic_needs.borrow_mut();
    lasting.extend(now);
    let text = (greatest(&|texts| texts.text.width()), greatest(&|texts| texts.width()));
    let columns = columns(now, *lasting, text, width);
    let fits = peer <= columns.peer;
    let names = if fits { names } else { address_labels::on_screen(model, columns.peer, charset) };
    VisibleRows { columns, names, texts }
}

/// Returns the columns for what the visible rows need, and for what has been needed so far. `text` is the need of the text
/// alone, and with the outcome behind it.
fn columns(now: TrafficNeeds, lasting: TrafficNeeds, text: (usize, usize), width: usize) -> Columns {
    let number = |priority, base| Demand {
        priority,
        base,
        target: base,
        full: base,
        lasting_target: base,
        title: 0,
        class: Class::Number,
        is_flexible: false,
    };
    // `share` is the greatest width while the text is cut.
    let name = |priority, least: usize, share: usize, now: usize, lasting: usize| Demand {
        target: lasting.min(share),
        full: lasting.min(share).max(now),
        lasting_target: share,
        class: Class::Text,
        ..number(priority, least.min(lasting))
    };
    let share =
        |at: usize, range: &RangeInclusive<usize>| ((width + at) / SHARE).clamp(*range.start(), *range.end());
    // The rest of an outcome is written into the column of the text.
    let outcome_share = share(6, &OUTCOME);
    let outcome = lasting.outcome.min(outcome_share);
    let demands = |text: usize| {
        let text = text.max(MIN_TEXT);
        [
            number(4, TIME),
            name(3, *NETWORK.start(), lasting.network.min(*NETWORK.end()), now.network, lasting.network),
            number(0, DIRECTION),
            name(0, MIN_PEER, share(0, &PEER), now.peer, lasting.peer),
            Demand { is_flexible: true, lasting_target: ANY_TEXT, ..name(0, MIN_TEXT, text, text, text) },
            name(1, *OUTCOME.start(), outcome_share, outcome, lasting.outcome),
        ]
    };
    let columns = in_width(&demands(text.1.saturating_sub(outcome + GAP)), width);
    if columns.outcome.is_some() { columns } else { in_width(&demands(text.0), width) }
}

fn in_width(demands: &[Demand; 6], width: usize) -> Columns {
    // A column without any content is not shown.
    let used: Vec<Demand> = demands.iter().copied().filter(|demand| demand.base > 0).collect();
    let mut found = widths(&used, width.saturating_sub(MARKER)).into_iter();
    let [time, network, direction, peer, text, outcome] =
        demands.map(|demand| if demand.base > 0 { found.next().flatten() } else { None });
    Columns { time, network, direction, peer: peer.unwrap_or(0), text: text.unwrap_or(0), outcome }
}

impl Columns {
    /// Returns the text and the outcome of a row. What one of them does not need of its column is free for the other.
    pub(crate) fn text_and_outcome(&self, texts: &RowTexts<'_>, charset: Charset) -> (String, String) {
        let Some(outcome) = self.outcome else {
            return (padded(&texts.text(self.text, charset), self.text), String::new());
        };
        let both = self.text + GAP + outcome;
        let outcome = texts.outcome(both - GAP - texts.text(self.text, charset).width(), charset);
        let room = both - if outcome.width() > 0 { outcome.width() + GAP } else { 0 };
        (padded(&texts.text(room, charset), room), padded_left(&outcome, both - room))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fresh(network: usize, peer: usize, text: (usize, usize), outcome: usize, width: usize) -> Columns {
        let now = TrafficNeeds::new(width, network, peer, outcome);
        columns(now, now, text, width)
    }

    /// The widths of the columns: time, network, direction, peer, and text with outcome.
    fn shown(columns: &Columns) -> [Option<usize>; 5] {
        let Columns { time, network, direction, peer, text, outcome } = *columns;
        let both = text + outcome.map_or(0, |outcome| outcome + GAP);
        [time, network, direction, Some(peer).filter(|peer| *peer > 0), Some(both)]
    }

    proptest! {
        #[test]
        fn a_wider_traffic_shows_no_less_and_cuts_nothing_beside_free_columns(
            (network, peer, text, outcome) in (0..20_usize, 0..60_usize, 0..400_usize, 0..40_usize),
            // Of 100: how much of the text and the outcome is in the same row.
            shared in 0..=100_usize,
        ) {
            let both = text.max(outcome + GAP).max((text + outcome + GAP) * shared / 100);
            let mut before: Option<[Option<usize>; 5]> = None;
            for width in 20..=300 {
                let columns = fresh(network, peer, (text, both), outcome, width);
                let now = shown(&columns);
                let taken = now.iter().flatten().map(|width| width + GAP).sum::<usize>() - GAP;
                prop_assert!(taken <= width - MARKER, "{width}: {columns:?}");
                let is_narrow = columns.outcome.is_none() && outcome > 0;
                let needs = [TIME, network, DIRECTION, peer, if is_narrow { text } else { both }];
                let is_cut = now.iter().zip(needs).any(|(width, need)| width.is_some_and(|width| width < need));
                // Text and outcome have at least these widths.
                let least = MIN_TEXT + outcome.min(columns.outcome.unwrap_or(0)) + GAP;
                let is_free = taken < width - MARKER || now[4].unwrap_or(0) > needs[4].max(least);
                let is_complete = columns.text >= MIN_TEXT;
                prop_assert!(!is_complete || !is_cut || !is_free, "{width}: {columns:?} of {needs:?}");
                if let Some(before) = before.filter(|_| !is_narrow || is_complete) {
                    let width_of = |columns: &[Option<usize>; 5], index: usize| {
                        columns[index].map(|width| width.min(needs[index]))
                    };
                    let appeared: usize = now
                        .iter()
                        .zip(before)
                        .filter(|(now, before)| now.is_some() && before.is_none())
                        .map(|(now, _)| now.unwrap_or(0) + GAP)
                        .sum();
                    for index in 0..5 {
                        let (now, before) = (width_of(&now, index), width_of(&before, index));
                        prop_assert!(before.is_none() || now.is_some(), "{width}: {index} of {columns:?} disappears");
                        let (Some(now), Some(before)) = (now, before) else { continue };
                        // Where the outcome appears, the peer makes room for it.
                        let appeared = appeared.max(if width < 40 { MIN_PEER } else { 0 });
                        prop_assert!(now + appeared >= before, "{width}: {index} of {columns:?} shrinks from {before}");
                        prop_assert!(width < 40 || now <= before + 1, "{width}: {index} of {columns:?} jumps from {before}");
                    }
                }
                before = Some(now).filter(|_| is_complete);
            }
        }

        #[test]
        fn the_columns_that_are_shown_do_not_depend_on_the_texts(
            (text, other) in (0..400_usize, 0..400_usize),
            width in 20..300_usize,
        ) {
            let shown = |text| shown(&fresh(6, 30, (text, text + 17), 16, width)).map(|width| width.is_some());
            prop_assert_eq!(shown(text), shown(other));
        }
    }

    #[test]
    fn columns_appear_in_this_order() {
        let first = |network: usize, index: usize| {
            let is_shown =
                |width: &usize| shown(&fresh(network, 30, (200, 217), 16, *width))[index].is_some();
            (20..300).find(is_shown)
        };
        // Direction, peer and text, then the network, and the time.
        assert_eq!([2, 3, 4, 1, 0].map(|index| first(6, index)), [20, 20, 20, 57, 76].map(Some));
        assert_eq!((first(0, 0), first(0, 1)), (Some(69), None));
        let has_outcome = |width: &usize| fresh(0, 30, (200, 217), 16, *width).outcome.is_some();
        assert_eq!((20..300).find(has_outcome), Some(39));
    }

    #[test]
    fn beside_the_lists_of_120_columns_an_outcome_keeps_its_word() {
        assert_eq!(fresh(0, 15, (200, 217), "delivered 3.1 ms".len(), 74).outcome, Some(16));
    }
}
