//! The histories of messages: the biography of one, and the list of those that keep coming back.

mod page;
mod returning;
#[cfg(test)]
mod tests;

use clacks_feed::{Event, Text};
use clacks_panes::{About, Content, Context, Cursor, Pane, PaneSpec, Place, Reaction, Step};
use clacks_widgets::animation::Animations;
use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    core_event, core_time,
    message_history::{MessageHistories, life::MessageHistory},
};

/// The history of one message.
pub const BIOGRAPHY: &PaneSpec = &PaneSpec {
    name: "biography",
    title: "BIOGRAPHY",
    help: "show the history of the selected message",
    place: Place::Overlay,
    content: Content::Text,
    about: About::Message,
};

/// The list of messages that keep coming back.
pub const OVERHEAD: &PaneSpec = &PaneSpec {
    name: "overhead",
    title: "OVERHEAD",
    help: "list the messages that keep coming back",
    place: Place::Overlay,
    content: Content::Rows,
    about: About::Network,
};

/// The histories of all recently seen messages.
#[derive(Debug, Clone, Default)]
pub struct HistoriesPane {
    histories: MessageHistories,
}

impl HistoriesPane {
    /// Returns the position of the selected message in the ranking. 0 if the message was forgotten.
    fn position(&self, cursor: &Cursor) -> usize {
        let message = cursor.selected.as_ref().and_then(|json| self.histories.of_json(json.untrusted()));
        message.and_then(|history| self.histories.place(&history.message)).unwrap_or(0)
    }

    /// Returns the history of the selected message.
    fn selected(&self, cursor: &Cursor) -> Option<&MessageHistory> {
        self.histories.ranking().nth(self.position(cursor))
    }

    /// Returns the cursor after a move by `by` messages, on a screen of `height` rows. Stops at the ends.
    fn moved(&self, cursor: &Cursor, by: isize, height: usize) -> Option<Cursor> {
        let last = self.histories.returned().checked_sub(1)?;
        let from = self.position(cursor);
        let to = from.saturating_add_signed(by).min(last);
        let top = top_of(cursor.top, from, height);
        let selected = self.histories.ranking().nth(to).map(|history| history.message.shared_text().into());
        Some(Cursor { selected, top: top_of(top, to, height) })
    }
}

/// Returns the index of the first row on a screen of `height` rows that contains `position`.
fn top_of(top: usize, position: usize, height: usize) -> usize {
    top.max((position + 1).saturating_sub(height)).min(position)
}

impl Pane for HistoriesPane {
    fn views(&self) -> &'static [&'static PaneSpec] {
        &[BIOGRAPHY, OVERHEAD]
    }

    fn clone_box(&self) -> Box<dyn Pane> {
        Box::new(self.clone())
    }

    fn note(&mut self, event: &Event, _: Animations) {
        if let Some(of_clacks) = core_event(event) {
            self.histories.note(of_clacks, core_time(event.now));
        }
    }

    /// What was observed stays.
    fn lagged(&mut self, _missed: u64) {}

    fn begin_again(&mut self) {
        *self = Self::default();
    }

    fn lines(&self, context: &Context<'_>, columns: usize) -> Vec<Line<'static>> {
        let Some(message) = context.opened.and_then(|opened| opened.about.as_ref()) else {
            return Vec::new();
        };
        match self.histories.of_json(message.untrusted()) {
            Some(life) => page::lines(context, life, columns),
            None => vec![Line::styled("nothing is remembered of this message", context.theme.quiet)],
        }
    }

    fn draw(&self, context: &Context<'_>, area: Rect, buffer: &mut Buffer) {
        returning::draw(self, context, area, buffer);
    }

    fn title_note(&self, context: &Context<'_>) -> String {
        if context.view == Some(OVERHEAD) { returning::title_note(&self.histories) } else { String::new() }
    }

    fn message(&self, context: &Context<'_>) -> Option<Text> {
        let opened = context.opened?;
        match &opened.about {
            Some(about) => Some(about.clone()),
            None => Some(self.selected(&opened.cursor)?.message.shared_text().into()),
        }
    }

    fn refusal(&self, message: &str, is_cut: bool) -> Option<&'static str> {
        (is_cut && self.histories.of_json(message).is_none())
            .then_some("only the beginning of this message is kept, too little to find its life by")
    }

    fn message_lines(&self, context: &Context<'_>, message: &str, columns: usize) -> Vec<Line<'static>> {
        let Some(life) = self.histories.of_json(message) else { return Vec::new() };
        let mut lines = vec![Line::default(), Line::styled("its life", context.theme.strong)];
        lines.extend(page::lines(context, life, columns));
        lines
    }

    fn no_move_reason(&self, _: &Context<'_>) -> Option<&'static str> {
        match self.histories.returned() {
            0 => Some("no message has come back yet"),
            1 => Some("there is no other message"),
            _ => None,
        }
    }

    fn step(&self, context: &Context<'_>, area: Rect, step: Step) -> Reaction {
        let height = usize::from(area.height).max(1);
        let moved = context.opened.and_then(|opened| self.moved(&opened.cursor, step.rows(height), height));
        moved.map_or(Reaction::Nothing, Reaction::Move)
    }

    /// Opens the biography of the selected message.
    fn enter(&self, context: &Context<'_>) -> Reaction {
        self.message(context).map_or(Reaction::Nothing, |message| Reaction::Open(BIOGRAPHY.name, message))
    }
}
