//! Page about the limits of the node: settings, present use, and how often each was reached.

use clacks_feed::Name;
use clacks_language::command::target::IgnoreTarget;
use clacks_p2p::core::PlaceShare;
use clacks_source::limits::{self, LimitRow, rows};
use clacks_text::{
    charset::Charset,
    fit::{entry, fit, fit_right},
    format,
    value::ValueFormat,
};
use clacks_widgets::theme::Theme;
use ratatui::text::{Line, Span};

use crate::{model::Model, state::limits::MAX_REMOTES};

/// Widths of the columns: name, setting, use and hits.
const NAME_WIDTH: usize = 36;
const SETTING_WIDTH: usize = 26;
const USAGE_WIDTH: usize = 11;
const HITS_WIDTH: usize = 7;
/// Minimum width of the table. Below it each limit has two lines.
const MIN_TABLE_WIDTH: usize = NAME_WIDTH + SETTING_WIDTH + USAGE_WIDTH + HITS_WIDTH;

const UNKNOWN: &str = "-";

/// Returns the page about limits, wrapped to a width in columns.
pub fn lines(model: &Model, theme: Theme, columns: usize) -> Vec<Line<'static>> {
    if !model.shows_clacks() {
        return setting_lines(model, theme, columns);
    }
    let overview = &model.listed;
    let rows = rows(model.shown_limits().settings.as_ref(), overview, model.shown_limits().usage.connections);
    let mut lines = entry(theme.quiet, 0, "", &summary(model), columns, theme.charset);
    lines.push(Line::default());
    if columns >= MIN_TABLE_WIDTH {
        lines.push(Line::styled(
            row_cells(["limit", "set to", "used now", "met"], theme.charset).concat(),
            theme.quiet,
        ));
    }
    lines.extend(rows.iter().flat_map(|row| limit_lines(theme, row, columns)));
    lines.push(Line::default());
    lines.extend(origin_lines(model, theme, columns));
    lines.extend(ignored_remote_lines(model, theme, columns));
    lines
}

/// Returns the settings of a network that is not clacks, with the gauges that belong to them.
fn setting_lines(model: &Model, theme: Theme, columns: usize) -> Vec<Line<'static>> {
    let network = model.networks.active();
    let format = ValueFormat::new(&network.description, network.fetched, theme.charset);
    let gauge = |name: &Option<Name>| {
        let (field, value) = network.gauge(name.as_ref()?.as_str())?;
        Some(format.untrusted(&field.kind, value).into_owned())
    };
    let settings = network.description.settings.iter().zip(&network.settings);
    let lines = settings.flat_map(|(spec, value)| {
        let set = format.untrusted(&spec.field.kind, value);
        let set = if set.is_empty() { UNKNOWN.into() } else { set };
        let used = gauge(&spec.used).map(|used| format!(", {used} used now")).unwrap_or_default();
        let met = gauge(&spec.met).map(|met| format!(", met {met} times")).unwrap_or_default();
        let title = spec.field.title.as_str();
        entry(theme.quiet, NAME_WIDTH, title, &format!("{set}{used}{met}"), columns, theme.charset)
    });
    let lines: Vec<_> = lines.collect();
    if lines.is_empty() {
        entry(theme.quiet, 0, "", "this network has no settings", columns, theme.charset)
    } else {
        lines
    }
}

/// Returns the origins of most messages, with the commands against them.
fn origin_lines(model: &Model, theme: Theme, columns: usize) -> Vec<Line<'static>> {
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

fn limit_lines(theme: Theme, row: &LimitRow, columns: usize) -> Vec<Line<'static>> {
    let met = row.met.map_or(UNKNOWN.to_owned(), number);
    let set = row.set.as_deref().unwrap_or(UNKNOWN);
    // A limit that was reached is not only distinguished by its number.
    let style = if row.met.is_some_and(|met| met > 0) { theme.strong } else { ratatui::style::Style::new() };
    if columns >= MIN_TABLE_WIDTH {
        let texts = [row.what, set, row.used.as_deref().unwrap_or_default(), &met];
        let [what, set, used, met] = row_cells(texts, theme.charset);
        let spans = [Span::styled(what, style), Span::raw(set), Span::raw(used), Span::styled(met, style)];
        return vec![Line::from_iter(spans)];
    }
    let what = Span::styled(fit(row.what, columns.saturating_sub(HITS_WIDTH), theme.charset), style);
    let first =
        Line::from(vec![what, Span::styled(fit_right(&met, HITS_WIDTH.min(columns), theme.charset), style)]);
    let used = row.used.as_ref().map(|used| format!(", {used} used")).unwrap_or_default();
    vec![first, Line::styled(fit(&format!("  {set}{used}"), columns, theme.charset), theme.quiet)]
}

fn row_cells([what, set, used, met]: [&str; 4], charset: Charset) -> [String; 4] {
    let (set, used) = match used {
        // The setting may use the column of an empty use.
        "" => (fit(set, SETTING_WIDTH + USAGE_WIDTH - UNKNOWN.len(), charset), UNKNOWN.to_owned()),
        used => (fit(set, SETTING_WIDTH, charset), fit_right(used, USAGE_WIDTH, charset)),
    };
    [fit(what, NAME_WIDTH, charset), set, used, fit_right(met, HITS_WIDTH, charset)]
}

/// Returns the ignored remote addresses with the commands that unignore them.
fn ignored_remote_lines(model: &Model, theme: Theme, columns: usize) -> Vec<Line<'static>> {
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
