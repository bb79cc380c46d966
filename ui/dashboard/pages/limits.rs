//! Page about the limits of the node: settings, present use, and how often each was reached.

use clacks_language::command::target::IgnoreTarget;
use clacks_p2p::core::PlaceShare;
use clacks_source::limits::{self, LimitRow, rows};
use clacks_text::{
    charset::Charset,
    fit::{entry, fit, fit_right},
    format,
};
use clacks_widgets::theme::Theme;
use ratatui::text::{Line, Span};

use crate::{model::Model, state::limits::MAX_REMOTES};

/// Columns of the names, of what they are set to, of what is used and of how often they were met.
const WHAT: usize = 36;
const SET: usize = 26;
const USED: usize = 11;
const MET: usize = 7;
/// Where there is less room, each limit has two lines.
const WIDE: usize = WHAT + SET + USED + MET;

const UNKNOWN: &str = "-";

/// Returns the page about limits, wrapped to a width in columns.
pub fn lines(model: &Model, theme: Theme, columns: usize) -> Vec<Line<'static>> {
    let overview = &model.listed;
    let rows = rows(model.shown_limits().settings.as_ref(), overview, model.shown_limits().usage.connections);
    let mut lines = entry(theme.quiet, 0, "", &summary(model), columns, theme.charset);
    lines.push(Line::default());
    if columns >= WIDE {
        lines.push(Line::styled(
            cells(["limit", "set to", "used now", "met"], theme.charset).concat(),
            theme.quiet,
        ));
    }
    lines.extend(rows.iter().flat_map(|row| limit(theme, row, columns)));
    lines.push(Line::default());
    lines.extend(places(model, theme, columns));
    lines.extend(remotes(model, theme, columns));
    lines
}

/// Where most of the messages here came from, and what can be done about it.
fn places(model: &Model, theme: Theme, columns: usize) -> Vec<Line<'static>> {
    let (places, count) = &model.shown_limits().usage.origins;
    let Some(first) = places.first() else { return Vec::new() };
    let mut lines =
        vec![Line::styled(fit("most of the messages here came from", columns, theme.charset), theme.strong)];
    let listed =
        |share: &PlaceShare| entry(theme.quiet, 2, "", &limits::place(share), columns, theme.charset);
    lines.extend(places.iter().flat_map(listed));
    let others = count.saturating_sub(places.len());
    if others > 0 {
        lines.push(Line::raw(fit(
            &format!("and {} more places", format::count(others)),
            columns,
            theme.charset,
        )));
    }
    let party = IgnoreTarget::Remote(first.place);
    let advice = format!(":drop {party} drops those of the first, :ignore {party} closes its connections");
    lines.extend(entry(theme.quiet, 0, "", &advice, columns, theme.charset));
    lines.push(Line::default());
    lines
}

fn summary(model: &Model) -> String {
    let met = model.shown_limits().recent_hits();
    let in_all = model.listed.counters.limits.total();
    let since = if model.replay.is_some() { "as far as the recording tells" } else { "since the start" };
    match (met, in_all) {
        (_, 0) => format!("no limit was met {since}"),
        (0, _) => format!("no limit was met in the last minute; {} {since}", times(in_all)),
        _ => format!("limits were met {} in the last minute, {} {since}", times(met), times(in_all)),
    }
}

fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{} times", number(count)) }
}

fn number(count: u64) -> String {
    format::count(usize::try_from(count).unwrap_or(usize::MAX))
}

fn limit(theme: Theme, row: &LimitRow, columns: usize) -> Vec<Line<'static>> {
    let met = row.met.map_or(UNKNOWN.to_owned(), number);
    let set = row.set.as_deref().unwrap_or(UNKNOWN);
    // What was met stands out by more than its number.
    let style = if row.met.is_some_and(|met| met > 0) { theme.strong } else { ratatui::style::Style::new() };
    if columns >= WIDE {
        let texts = [row.what, set, row.used.as_deref().unwrap_or_default(), &met];
        let [what, set, used, met] = cells(texts, theme.charset);
        let spans = [Span::styled(what, style), Span::raw(set), Span::raw(used), Span::styled(met, style)];
        return vec![Line::from_iter(spans)];
    }
    let what = Span::styled(fit(row.what, columns.saturating_sub(MET), theme.charset), style);
    let first = Line::from(vec![what, Span::styled(fit_right(&met, MET.min(columns), theme.charset), style)]);
    let used = row.used.as_ref().map(|used| format!(", {used} used")).unwrap_or_default();
    vec![first, Line::styled(fit(&format!("  {set}{used}"), columns, theme.charset), theme.quiet)]
}

fn cells([what, set, used, met]: [&str; 4], charset: Charset) -> [String; 4] {
    let (set, used) = match used {
        // What a limit is set to has room where nothing is used.
        "" => (fit(set, SET + USED - UNKNOWN.len(), charset), UNKNOWN.to_owned()),
        used => (fit(set, SET, charset), fit_right(used, USED, charset)),
    };
    [fit(what, WHAT, charset), set, used, fit_right(met, MET, charset)]
}

/// The remote addresses that are ignored, and how they no longer are.
fn remotes(model: &Model, theme: Theme, columns: usize) -> Vec<Line<'static>> {
    let (remotes, count) = &model.shown_limits().usage.ignored_remotes;
    if remotes.is_empty() {
        let text = "no remote address is ignored; :ignore ip:ADDRESS closes all connections from one";
        return entry(theme.quiet, 0, "", text, columns, theme.charset);
    }
    let mut lines =
        vec![Line::styled(fit("connections are ignored from", columns, theme.charset), theme.strong)];
    let party = |remote: &std::net::IpAddr| IgnoreTarget::Remote(*remote);
    let unignore =
        |remote| entry(theme.quiet, 2, "", &format!(":unignore {}", party(remote)), columns, theme.charset);
    lines.extend(remotes.iter().flat_map(unignore));
    let others = count.saturating_sub(MAX_REMOTES.min(remotes.len()));
    if others > 0 {
        lines.push(Line::raw(fit(&format!("and {} more", format::count(others)), columns, theme.charset)));
    }
    lines
}
