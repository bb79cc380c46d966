//! The help, made from the tables of keys and of commands.

use ratatui::text::Line;

use super::{
    super::{
        keymap::{BINDINGS, Binding, HEADINGS},
        theme::Theme,
    },
    row,
};
use crate::{command::COMMANDS, filter::GRAMMAR};

/// Columns of the keys or of the command.
const LEFT: usize = 22;

const STATUSES: &[(&str, &str)] = &[
    ("N new", "just added, never tried; new peers are sent to first"),
    ("A alive", "the last contact worked"),
    ("L lost", "a send failed; tried again now and then"),
    ("D dead", "lost for longer than the kill timeout; hardly ever tried"),
    ("I ignored", "you said so: nothing is sent to it, and it is answered 403"),
];

pub(super) fn lines(theme: Theme, columns: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for heading in HEADINGS {
        push_heading(&mut lines, theme, heading);
        let bindings = BINDINGS.iter().filter(|binding| binding.context.heading() == heading);
        lines.extend(
            bindings.flat_map(|binding| entry(theme, &Binding::key_names(binding), binding.does, columns)),
        );
    }
    push_heading(&mut lines, theme, "Commands, after a colon");
    let commands = COMMANDS.iter().map(|spec| (format!(":{} {}", spec.name, spec.argument), spec.does));
    lines.extend(commands.flat_map(|(command, does)| entry(theme, &command, does, columns)));
    lines.extend(entry(theme, "::text", "the message \":text\"", columns));
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
