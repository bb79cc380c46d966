//! The help, made from the tables of keys and of commands.

use ratatui::text::Line;

use super::{
    super::{keymap::HEADINGS, model::Model, theme::Theme},
    row,
};
use crate::{
    command::{COMMANDS, Scope},
    filter::GRAMMAR,
};

/// Columns of the keys or of the command.
const LEFT: usize = 22;

const STATUSES: &[(&str, &str)] = &[
    ("N new", "just added, never tried; new peers are sent to first"),
    ("A alive", "the last contact worked"),
    ("L lost", "a send failed; tried again now and then"),
    ("D dead", "lost for longer than the kill timeout; hardly ever tried"),
    ("I ignored", "you said so: nothing is sent to it, and it is answered 403"),
];

pub(super) fn lines(model: &Model, theme: Theme, columns: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for heading in HEADINGS {
        push_heading(&mut lines, theme, heading);
        for binding in model.keymap.bindings() {
            let keys: Vec<String> = binding.keys_under(heading).iter().map(ToString::to_string).collect();
            if !keys.is_empty() {
                lines.extend(entry(theme, &keys.join(" "), &binding.does, columns));
            }
        }
    }
    for scope in Scope::ALL {
        push_heading(&mut lines, theme, scope.heading());
        let commands = COMMANDS.iter().filter(|spec| spec.scope == scope);
        lines.extend(commands.flat_map(|spec| entry(theme, &spec.usage(), spec.does, columns)));
        if scope == Scope::Anywhere {
            lines.extend(entry(theme, "::text", "the message \":text\"", columns));
        }
    }
    push_heading(&mut lines, theme, "What a filter lets through");
    lines.extend(GRAMMAR.iter().flat_map(|(written, admits)| entry(theme, written, admits, columns)));
    push_heading(&mut lines, theme, "What becomes of a peer");
    lines.extend(STATUSES.iter().flat_map(|(status, meaning)| entry(theme, status, meaning, columns)));
    lines
}

fn push_heading(lines: &mut Vec<Line<'static>>, theme: Theme, heading: &'static str) {
    if !lines.is_empty() {
        lines.push(Line::default());
    }
    lines.push(Line::styled(heading, theme.strong));
}

fn entry(theme: Theme, left: &str, right: &str, columns: usize) -> Vec<Line<'static>> {
    row::entry(theme.strong, LEFT, &format!("  {left}"), right, columns)
}
