//! The last lines of the screen: notice, input and key hints.

use clacks_feed::{
    description::{Arg, Takes},
    filter::{Scope, in_short},
};
use clacks_language::command::{Argument, Known};
use clacks_session::precheck::REPLAY_SENDS_NOTHING;
use clacks_text::{charset::Charset, fit::fit, format, sanitize::sanitize};
use clacks_widgets::theme::Theme;
use ratatui::{
    Frame,
    layout::{Position, Rect},
    style::Style,
    text::{Line, Span},
};

use super::{completion_popup, components::REPLAY_INPUT_HINT, drain_progress, search};
use crate::{
    available::{FILTER_PROMPT, ONLY_PROMPT, has_hint},
    keymap::Binding,
    model::{
        Model,
        focus::{FocusOwner, LineKind},
    },
    pages::keys::with_keys,
};

const WRITE_HINT: &str = "press {:say} to write a message, {:prompt :} for a command";
/// Commands hinted at first in a replay, because a narrow window has room for few hints.
const REPLAY_HINT_ORDER: [&str; 7] =
    [":close", ":pause", ":step", ":jump -10s", ":jump +10s", ":help", ":speed +"];

/// Maximum characters in a cell: a base character with combining and joined characters.
const MAX_CELL_CHARS: usize = 8;

pub(crate) fn draw_notice(model: &Model, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    if completion_popup::is_in_notice_line(model) {
        completion_popup::draw_in_notice_line(model, theme, area, frame);
        return;
    }
    let mistake = model.filter_preview.as_ref().and_then(|writing| writing.error.as_ref());
    let mistake = mistake.map(|mistake| mistake.reason.as_str()).or_else(|| input_error(model));
    // A recent error takes precedence over a permanent one.
    let has_failed = model.notice.as_ref().is_some_and(|notice| notice.is_error);
    let mistake = mistake.filter(|_| !has_failed);
    if let Some(reason) = mistake {
        let text = sanitize(reason, usize::from(area.width), theme.charset);
        frame.render_widget(Line::styled(text.as_str().to_owned(), theme.notice(true)), area);
        return;
    }
    // The hint for the current draft takes precedence over a success notice.
    let hint = command_hint(model);
    let notice = model.notice.as_ref().filter(|notice| notice.is_error || hint.is_none());
    if let Some(notice) = notice {
        let offer = notice.offer.as_ref().map_or_else(String::new, |offer| {
            let left = notice.until.saturating_sub(model.now.uptime);
            format!("; {offer}, {}", format::age(left))
        });
        let text = sanitize(&notice.text, usize::from(area.width).saturating_sub(offer.len()), theme.charset);
        let line = format!("{}{}", text.as_str(), offer);
        frame.render_widget(Line::styled(line, theme.notice(notice.is_error)), area);
    } else if let Some(hint) = hint {
        frame.render_widget(
            Line::styled(fit(&hint, usize::from(area.width), theme.charset), theme.quiet),
            area,
        );
    }
}

/// Returns the reason why the current draft would be rejected.
fn input_error(model: &Model) -> Option<&str> {
    let is_written = matches!(model.focus_after_question(), FocusOwner::Input(_) | FocusOwner::Choices(_));
    let is_refused = model.replay.is_some() && model.line_kind() == LineKind::Message;
    let refused = is_refused.then_some(REPLAY_SENDS_NOTHING);
    model.assist.submit_error().or(refused).filter(|_| is_written)
}

/// Returns the commands that match the draft, with their arguments.
fn command_hint(model: &Model) -> Option<String> {
    let typed = model.input.draft().strip_prefix(':').filter(|_| model.focus_after_question().is_input())?;
    let name = typed.split_whitespace().next().unwrap_or_default();
    let is_whole = typed.contains(char::is_whitespace);
    let fits =
        |known: &Known<'_>| if is_whole { known.name() == name } else { known.name().starts_with(name) };
    let fitting: Vec<_> = Known::all(&model.networks.active().commands).filter(fits).collect();
    let views: Vec<_> = model.own_views().filter(|view| !is_whole && view.name.starts_with(name)).collect();
    match (fitting.as_slice(), views.as_slice()) {
        ([], []) => None,
        ([known], []) => Some(
            filter_hint(model, *known, typed)
                .unwrap_or_else(|| format!("{}   {}", known.usage(), known.help())),
        ),
        ([], [view]) => Some(format!(":{}   {}", view.name, view.help)),
        (known, views) => {
            let names = known.iter().map(|known| known.name()).chain(views.iter().map(|view| view.name));
            Some(names.map(|name| format!(":{name}")).collect::<Vec<_>>().join("  "))
        }
    }
}

/// Returns the filter language in one line, if the next word of the draft is a filter.
fn filter_hint(model: &Model, known: Known<'_>, typed: &str) -> Option<String> {
    let network = &model.networks.active().description;
    let (words_before, scope) = match known {
        Known::Face(spec) => match spec.argument {
            Argument::Filter => (1, None),
            Argument::RowFilter => (1, model.row_scope()),
            Argument::Station => (2, None),
            _ => return None,
        },
        Known::Node(command) => {
            let takes_filter = |arg: &Arg| arg.takes.contains(&Takes::Filter);
            let list = command.on.first().and_then(|list| network.list_id(list.as_str()));
            (1 + command.args.iter().position(takes_filter)?, list.map(|list| Scope::List(network, list)))
        }
    };
    let is_written = typed.trim_start().split(char::is_whitespace).count() > words_before;
    is_written.then(|| scope.map_or_else(|| model.filter_networks().in_short(), in_short))
}

pub(crate) fn draw_input(model: &Model, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    let owner = model.focus_owner();
    if model.is_quitting() {
        drain_progress::draw(model, theme, area, frame);
        return;
    }
    if let Some(question) = &model.question {
        let text =
            fit(&format!(" {} {}", question.label, question.text), usize::from(area.width), theme.charset);
        frame.render_widget(Line::styled(text, theme.notice(true).patch(theme.selected)), area);
        return;
    }
    if let Some(search) = model.search().filter(|search| search.is_typing) {
        search::draw_prompt(search, theme, area, frame);
        return;
    }
    let has_focus = owner.is_input();
    let label = input_label(model, owner);
    let left = u16::try_from(label.len() + 1).unwrap_or(0).min(area.width);
    let room = usize::from(area.width - left);
    frame.render_widget(Line::from(Span::styled(label, theme.title(has_focus))), area);
    let text = Rect { x: area.x + left, width: area.width - left, ..area };
    if owner == FocusOwner::HistorySearch {
        draw_history_search(model, theme, text, frame);
        return;
    }
    if model.input.draft().is_empty() && matches!(owner, FocusOwner::Overlay(_) | FocusOwner::Palette) {
        return;
    }
    if model.input.draft().is_empty() && !has_focus {
        let hint = if model.replay.is_some() { REPLAY_INPUT_HINT } else { WRITE_HINT };
        let hint = with_keys(model, hint);
        frame.render_widget(Line::styled(fit(&hint, room, theme.charset), theme.quiet), text);
        return;
    }
    let (line, cursor) =
        scroll_to_cursor(model.input.draft(), model.input.cursor_byte(), room, theme.charset);
    // In a filter only the wrong part is marked.
    let is_wrong = input_error(model).is_some() && model.filter_preview.is_none();
    let mut line = Line::styled(line, if is_wrong { theme.notice(true) } else { Style::new() });
    if has_focus && let Some(more) = trailing_hint(model, theme, room.saturating_sub(line.width())) {
        line.push_span(more);
    }
    frame.render_widget(line, text);
    mark_mistake(model, theme, text, cursor, frame);
    if has_focus {
        set_cursor(text, cursor, frame);
    }
}

/// Returns the label of the input. It starts with a sign if the draft would be rejected.
fn input_label(model: &Model, owner: FocusOwner) -> &'static str {
    if owner == FocusOwner::HistorySearch {
        " SENT "
    } else {
        model.line_kind().label(input_error(model).is_some())
    }
}

/// Returns the text after the draft: the inline suggestion, or the error if there is no notice line.
fn trailing_hint(model: &Model, theme: Theme, columns: usize) -> Option<Span<'static>> {
    let has_notice = model.areas().is_some_and(|areas| !areas.notice.is_empty());
    let (text, style) = match (input_error(model), model.assist.inline_hint()) {
        (Some(reason), _) if !has_notice => (format!("  {reason}"), theme.notice(true)),
        (_, Some(ghost)) if model.input.is_cursor_at_end() => (ghost.text.clone(), theme.quiet),
        _ => return None,
    };
    Some(Span::styled(sanitize(&text, columns, theme.charset).as_str().to_owned(), style))
}

/// Draws the history search: the query and the line that it found.
fn draw_history_search(model: &Model, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    let wanted = model.input.search().map_or("", |search| search.query.as_str());
    let (wanted, cursor) = scroll_to_cursor(wanted, wanted.len(), usize::from(area.width) / 2, theme.charset);
    let room = usize::from(area.width).saturating_sub(cursor + 3);
    let found = match model.input.found() {
        Some(found) => Span::styled(sanitize(found, room, theme.charset).as_str().to_owned(), theme.strong),
        None => Span::styled(
            sanitize("nothing that was sent holds this", room, theme.charset).as_str().to_owned(),
            theme.quiet,
        ),
    };
    frame.render_widget(Line::from(vec![Span::raw(wanted), Span::styled(" : ", theme.quiet), found]), area);
    set_cursor(area, cursor, frame);
}

/// Sets the cursor to a column of the area, at most to its last.
fn set_cursor(area: Rect, column: usize, frame: &mut Frame<'_>) {
    let column = area.x.saturating_add(u16::try_from(column).unwrap_or(u16::MAX));
    frame.set_cursor_position(Position::new(column.min(area.right().saturating_sub(1)), area.y));
}

/// Marks the wrong part of a filter. `cursor` is the column of the cursor.
fn mark_mistake(model: &Model, theme: Theme, area: Rect, cursor: usize, frame: &mut Frame<'_>) {
    let Some(mistake) = model.filter_preview.as_ref().and_then(|writing| writing.error.as_ref()) else {
        return;
    };
    let (draft, at) = (model.input.draft(), model.input.cursor_byte());
    let column = |byte: usize| {
        let between = draft.get(at.min(byte)..at.max(byte)).unwrap_or_default();
        let width = sanitize(between, usize::MAX, theme.charset).width();
        if byte < at { cursor.saturating_sub(width) } else { cursor.saturating_add(width) }
    };
    let (start, end) = (column(mistake.span.start), column(mistake.span.end));
    // If something is missing, the span is empty: mark one column.
    for column in start..end.max(start + 1).min(usize::from(area.width)) {
        let x = area.x.saturating_add(u16::try_from(column).unwrap_or(u16::MAX));
        if let Some(cell) = frame.buffer_mut().cell_mut((x, area.y)) {
            cell.set_style(theme.mistake());
        }
    }
}

/// Returns the part of the draft around the cursor, and the column of the cursor in it.
fn scroll_to_cursor(draft: &str, cursor: usize, columns: usize, charset: Charset) -> (String, usize) {
    let (before, after) = draft.split_at(cursor);
    // The head is the longest end of the text before the cursor that leaves one column for the cursor. Every
    // character takes at least one column or is joined to one that does.
    let room = columns.saturating_sub(1);
    let starts: Vec<usize> =
        before.char_indices().rev().map(|(at, _)| at).take(MAX_CELL_CHARS * room).collect();
    let fitting = starts.partition_point(|at| sanitize(&before[*at..], usize::MAX, charset).width() <= room);
    let start = fitting.checked_sub(1).map_or(cursor, |last| starts[last]);
    let head = sanitize(&before[start..], room, charset);
    let tail = sanitize(after, columns.saturating_sub(head.width()), charset);
    (format!("{}{}", head.as_str(), tail.as_str()), head.width())
}

/// Returns the bindings to hint at, the most important first.
fn hint_bindings(model: &Model) -> Vec<&Binding> {
    let bindings = model.keymap.bindings().iter();
    let mut hinted: Vec<_> = bindings.filter(|binding| has_hint(model, binding)).collect();
    if matches!(model.focus_owner(), FocusOwner::Overlay(_)) {
        // The key that closes the overlay always has room.
        hinted.sort_by_key(|binding| binding.command != ":close");
    }
    if model.replay.is_some() {
        let place = |binding: &&Binding| REPLAY_HINT_ORDER.iter().position(|first| binding.command == *first);
        hinted.sort_by_key(|binding| place(binding).unwrap_or(REPLAY_HINT_ORDER.len()));
    }
    hinted
}

/// Returns the hint of a binding, which may depend on the current line.
fn hint_text<'a>(model: &Model, binding: &'a Binding) -> &'a str {
    let is_empty = matches!(model.line_kind(), LineKind::Empty { .. });
    match &*binding.command {
        ":send" if model.focus_after_question().is_input() && model.line_kind() == LineKind::Command => "run",
        ":send" if model.input.is_cleared_command(FILTER_PROMPT) => "show all traffic",
        ":send" if model.input.is_cleared_command(ONLY_PROMPT) => "show all rows",
        ":close" if model.open_overlay().is_some() && model.is_narrowed() => "show all rows",
        ":leave" if model.editing.is_some() => "leave the message as it was",
        ":leave" if is_empty && model.focus_after_question().is_input() => "back to the lists",
        _ => &binding.hint,
    }
}

/// Draws the line of key hints.
pub fn draw_hints(model: &Model, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    match model.focus_owner() {
        FocusOwner::Drain => {
            return drain_progress::draw_hints(model.stopping.is_none(), theme, area, frame);
        }
        // The question itself names its keys, and no other key works.
        FocusOwner::Question => return,
        _ => {}
    }
    let mut line = Line::default();
    for binding in hint_bindings(model) {
        let key = model.keys_of(binding).first().map(|key| key.name(theme.charset)).unwrap_or_default();
        let hint = hint_text(model, binding);
        let hint = vec![Span::styled(key, theme.strong), Span::styled(format!(" {hint}"), theme.quiet)];
        let gap = if line.spans.is_empty() { "" } else { "  " };
        let more = Line::from(hint.clone()).width() + gap.len();
        if line.width() + more > usize::from(area.width) {
            continue;
        }
        line.push_span(Span::raw(gap));
        line.spans.extend(hint);
    }
    frame.render_widget(line, area);
}
