//! The picture of who checks whom: this node at the left, a row for each member, and an arrow for each direction.
//!
//! ```text
//!               our check    its check
//!             ┌───→ 3 s      ←─── 12 s    H tower   4.1 ms
//! this node ──┼───x 9 s      ←─── 2 s     F ankh    timed out
//!             └───→ never    ←─── never   N quirm
//! ```

use std::time::Duration;

use clacks_feed::{
    Key,
    description::{Description, Tone},
};
use clacks_panes::{Context, Shown};
use clacks_text::{
    fit::{fit, fit_right},
    format,
    sanitize::sanitize,
    value::Labels,
};
use clacks_widgets::heading::{below_title, draw_empty, draw_heading};
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    style::Style,
    text::{Line, Span},
    widgets::Widget,
};

use crate::{
    members::{Member, Members},
    timeline::Timeline,
};

/// Columns of an age.
const AGE: usize = 5;
/// Columns of `this node ──`.
const HERE: &str = " this node \u{2500}\u{2500}";
/// Width of the area from which on the name of this node stands at the left.
const WITH_HERE: u16 = 64;
/// Width from which on arrows are long.
const WITH_LONG_ARROWS: u16 = 100;
/// Width from which on ages stand behind the arrows.
const WITH_AGES: u16 = 34;
/// Maximum columns of a member.
const MAX_LABEL: usize = 24;
/// Height from which on those that were found gone have rows.
const WITH_FOUND_GONE: u16 = 8;
/// Maximum rows of them.
const MAX_FOUND_GONE: usize = 3;

const EMPTY: [&str; 3] = ["no other member", "press {:prompt :} and type", "join HOST:PORT"];
const EMPTY_IN_REPLAY: [&str; 2] = ["no other member", "this is a replay; {:prompt :} takes commands"];

/// Draws the picture in an area of any size.
pub(crate) fn draw(
    members: &Members,
    timeline: &Timeline,
    context: &Context<'_>,
    area: Rect,
    buffer: &mut Buffer,
) {
    draw_heading(context.theme, heading(members, context, area), area, buffer);
    let parts = Parts::of(members, timeline, context, area);
    if members.is_empty() {
        let lines: &[&str] = if context.is_replay { &EMPTY_IN_REPLAY } else { &EMPTY };
        let lines: Vec<_> = lines.iter().map(|line| context.with_keys(line)).collect();
        draw_empty(context.theme, parts.rows, &lines, buffer);
    } else {
        let columns = Columns::of(members, context, area.width);
        if let Some(titles) = parts.titles {
            draw_titles(&columns, context, titles, buffer);
        }
        let shown: Vec<_> = members.iter().enumerate().skip(parts.first).zip(parts.rows.rows()).collect();
        let names = shown.iter().map(|((_, member), _)| member.label.as_str());
        let labels = Labels::new(names, columns.label, context.theme.charset);
        for ((index, member), row) in shown {
            draw_member(member, (index, members.len()), (&columns, &labels), context, row, buffer);
        }
    }
    draw_found_gone(timeline, context, parts.found_gone, buffer);
}

/// The member whose row contains a position.
pub(crate) fn member_at<'a>(
    members: &'a Members,
    timeline: &Timeline,
    context: &Context<'_>,
    area: Rect,
    at: Position,
) -> Option<&'a Key> {
    let parts = Parts::of(members, timeline, context, area);
    let row = Some(at).filter(|at| parts.rows.contains(*at))?.y - parts.rows.y;
    members.get(parts.first + usize::from(row)).map(|member| &member.key)
}

/// The parts of the area.
struct Parts {
    titles: Option<Rect>,
    rows: Rect,
    found_gone: Rect,
    /// The index of the member in the first row.
    first: usize,
}

impl Parts {
    fn of(members: &Members, timeline: &Timeline, context: &Context<'_>, area: Rect) -> Self {
        let below = below_title(area);
        let has_titles = below.height >= WITH_FOUND_GONE && area.width >= WITH_AGES && !members.is_empty();
        let titles = has_titles.then_some(Rect { height: 1, ..below });
        let gone = timeline.found_gone().count().min(MAX_FOUND_GONE) as u16;
        let gone = if below.height >= WITH_FOUND_GONE { gone } else { 0 };
        let top = u16::from(has_titles);
        let rows = Rect { y: below.y + top, height: below.height - top - gone, ..below };
        let found_gone = Rect { y: rows.bottom(), height: gone, ..below };
        let selected = members.position(context.selected.map(|row| &row.key)).unwrap_or(0);
        let first = (selected + 1).saturating_sub(usize::from(rows.height));
        Self { titles, rows, found_gone, first }
    }
}

fn heading(members: &Members, context: &Context<'_>, area: Rect) -> Line<'static> {
    let theme = context.theme;
    let mut line = Line::from(Span::styled(" CHECKS ", theme.title(context.has_focus)));
    line.push_span(Span::raw(" "));
    if context.is_zoomed && context.shown == Shown::Beside {
        line.push_span(Span::styled("ZOOM  ", theme.strong));
    }
    let total = usize::try_from(members.total).unwrap_or(usize::MAX);
    let count = if total == 1 { "1 member".to_owned() } else { format!("{} members", format::count(total)) };
    line.push_span(Span::raw(if context.is_narrowed { format!("{count} match") } else { count }));
    let silent = members.silent();
    if silent > 0 {
        let style = Style::new().patch(theme.status_tone(Tone::Doubtful));
        // The picture has the first members alone.
        let shown = members.len();
        let of =
            if shown < total { format!(" of the first {}", format::count(shown)) } else { String::new() };
        line.push_span(Span::styled(format!(", {} silent{of}", format::count(silent)), style));
    }
    let legend = "  \u{2500}\u{2192} we check it  \u{2190}\u{2500} it checks us";
    let room = usize::from(area.width).saturating_sub(line.width());
    if legend.chars().count() < room && area.width < WITH_HERE {
        line.push_span(Span::styled(legend, theme.quiet));
    }
    line
}

/// The columns of a row.
struct Columns {
    /// Columns before the trunk.
    here: usize,
    /// Columns of the line of an arrow, without its head.
    arrow: usize,
    has_ages: bool,
    /// Columns of a member.
    label: usize,
}

impl Columns {
    fn of(members: &Members, context: &Context<'_>, width: u16) -> Self {
        let has_here = width >= WITH_HERE;
        let here = if has_here { HERE.chars().count() } else { 0 };
        let arrow = match width {
            WITH_LONG_ARROWS.. => 10,
            WITH_HERE.. => 4,
            _ => 1,
        };
        let label = |member: &Member| sanitize(&member.label, MAX_LABEL, context.theme.charset).width();
        let label = members.iter().map(label).max().unwrap_or(0);
        let mut columns = Self { here, arrow, has_ages: width >= WITH_AGES, label };
        columns.label = label.min(usize::from(width).saturating_sub(columns.before_label()));
        columns
    }

    /// Columns of the marker, what is before the trunk, the trunk, the directions and the letter with the gap behind it.
    fn before_label(&self) -> usize {
        1 + self.here + 1 + 2 * self.direction() + 2
    }

    /// Columns of one direction, with the gap behind it.
    fn direction(&self) -> usize {
        self.arrow + 1 + if self.has_ages { 1 + AGE } else { 0 } + 1
    }
}

fn draw_titles(columns: &Columns, context: &Context<'_>, area: Rect, buffer: &mut Buffer) {
    let charset = context.theme.charset;
    let title = |text: &str| fit(text, columns.direction(), charset);
    // The marker, what is before the trunk, and the trunk.
    let before = " ".repeat(1 + columns.here + 1);
    let text = format!("{before}{}{}", title("we check"), title("checks us"));
    Line::styled(text, context.theme.quiet).render(area, buffer);
}

fn draw_member(
    member: &Member,
    (index, count): (usize, usize),
    (columns, labels): (&Columns, &Labels),
    context: &Context<'_>,
    row: Rect,
    buffer: &mut Buffer,
) {
    let theme = context.theme;
    let is_selected = context.selected.is_some_and(|selected| selected.key == member.key);
    let marker = if is_selected { ">" } else { " " };
    let here = if index == count / 2 && columns.here > 0 { HERE } else { "" };
    let trunk = match (index, count) {
        _ if columns.here == 0 => '\u{2502}',
        (0, 1) => '\u{2500}',
        (0, _) => '\u{250c}',
        (index, count) if index + 1 == count => '\u{2514}',
        _ if index == count / 2 => '\u{253c}',
        _ => '\u{251c}',
    };
    let tone = tone_of(context.description, member);
    let style = Style::new().patch(theme.status_tone(tone));
    let out = if member.is_failing() { Style::new().patch(theme.bad) } else { theme.outgoing };
    let mut spans = vec![
        Span::styled(marker, theme.strong),
        Span::styled(format!("{here:<0$}", columns.here), theme.strong),
        Span::styled(trunk.to_string(), theme.quiet),
    ];
    let head = if member.is_failing() { 'x' } else { '\u{2192}' };
    let out_line = line_of(member.checked, columns.arrow);
    spans.push(Span::styled(format!("{out_line}{}", if member.checked.is_some() { head } else { ' ' }), out));
    spans.push(age_span(member.checked, columns, context));
    let in_line = line_of(member.checked_us, columns.arrow);
    let head = if member.checked_us.is_some() { '\u{2190}' } else { ' ' };
    spans.push(Span::styled(format!("{head}{in_line}"), theme.incoming));
    spans.push(age_span(member.checked_us, columns, context));
    let letter = letter_of(context.description, member);
    spans.push(Span::styled(format!("{letter} "), style));
    let used: usize = spans.iter().map(Span::width).sum();
    let room = usize::from(row.width).saturating_sub(used);
    let label = labels.fit(&member.label);
    let label_style = if member.is_silent { style.bold() } else { style };
    spans.push(Span::styled(label, label_style));
    let note_columns = room.saturating_sub(columns.label + 1);
    if note_columns > 0 {
        let (note, note_style) = note_of(member, context);
        spans.push(Span::raw(" "));
        spans.push(Span::styled(fit(&note, note_columns, theme.charset), note_style));
    }
    Line::from(spans).render(row, buffer);
    if is_selected && context.has_focus {
        buffer.set_style(row, theme.selected);
    }
}

/// The line of an arrow. A check that has never been has none.
fn line_of(age: Option<Duration>, columns: usize) -> String {
    let symbol = match age {
        None => " ",
        Some(age) if age >= OLD => "\u{2508}",
        Some(_) => "\u{2500}",
    };
    symbol.repeat(columns)
}

/// The age from which on the line of an arrow is dotted.
const OLD: Duration = Duration::from_secs(60);

fn age_span(age: Option<Duration>, columns: &Columns, context: &Context<'_>) -> Span<'static> {
    if !columns.has_ages {
        return Span::raw(" ");
    }
    let text = age.map_or_else(|| "never".to_owned(), format::age);
    Span::styled(format!(" {} ", fit_right(&text, AGE, context.theme.charset)), context.theme.quiet)
}

fn note_of(member: &Member, context: &Context<'_>) -> (String, Style) {
    let theme = context.theme;
    let doubtful = Style::new().patch(theme.status_tone(Tone::Doubtful));
    let marks = marks_of(context.description, member);
    let silent = member.is_silent.then(|| format!("silent for {}", format::age(member.unheard)));
    let failing = member.is_failing().then(|| member.result.clone());
    let problems: Vec<String> = silent.into_iter().chain(failing).chain(marks).collect();
    match member.took {
        _ if !problems.is_empty() => (problems.join(", "), doubtful),
        Some(took) => (format::round_trip(took), theme.quiet),
        None => (String::new(), theme.quiet),
    }
}

/// The statuses of a member besides the main one, in words.
pub(crate) fn marks_of(description: &Description, member: &Member) -> Vec<String> {
    let others = member.statuses.iter().skip(1).filter_map(|status| description.status(status));
    others.map(|status| status.name.as_str().replace('-', " ")).collect()
}

fn tone_of(description: &Description, member: &Member) -> Tone {
    let main = member.statuses.main().and_then(|status| description.status(status));
    match main {
        Some(status) if status.tone == Tone::Good && member.is_silent => Tone::Doubtful,
        main => main.map_or(Tone::Plain, |status| status.tone),
    }
}

fn letter_of(description: &Description, member: &Member) -> char {
    let main = member.statuses.main().and_then(|status| description.status(status));
    main.map_or(' ', |status| status.letter)
}

fn draw_found_gone(timeline: &Timeline, context: &Context<'_>, area: Rect, buffer: &mut Buffer) {
    let theme = context.theme;
    for (found, row) in timeline.found_gone().zip(area.rows()) {
        let age = format::age(context.listed.uptime.saturating_sub(found.now.uptime));
        let text = format!("{} found {} gone, {age} ago", found.by, found.gone);
        let columns = usize::from(row.width).saturating_sub(2);
        let text = fit(&text, columns, theme.charset);
        Line::styled(format!("  {text}"), Style::new().patch(theme.bad)).render(row, buffer);
    }
}
