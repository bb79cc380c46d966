//! Page about the settings and limits of a network: what each is set to, its present use, and how often it was reached.

use clacks_feed::{
    Name, Row, Value,
    description::{ListSpec, SettingSpec},
};
use clacks_text::{
    charset::Charset,
    fit::{entry, fit, fit_right},
    format,
    value::ValueFormat,
};
use clacks_widgets::theme::Theme;
use ratatui::text::{Line, Span};

use crate::{
    model::Model,
    state::{figures::Figures, network::Network},
};

/// Usual widths of the columns: name, setting, use and hits.
const NAME_WIDTH: usize = 36;
const SETTING_WIDTH: usize = 26;
const USAGE_WIDTH: usize = 11;
const HITS_WIDTH: usize = 7;
/// Minimum width of the table. Below it each limit has two lines.
const MIN_TABLE_WIDTH: usize = NAME_WIDTH + SETTING_WIDTH + USAGE_WIDTH + HITS_WIDTH;

const UNKNOWN: &str = "-";

/// Returns the page about limits, wrapped to a width in columns.
pub fn lines(model: &Model, theme: Theme, columns: usize) -> Vec<Line<'static>> {
    let network = model.networks.active();
    let specs = &network.description.settings;
    if specs.is_empty() {
        return entry(theme.quiet, 0, "", "this network has no settings", columns, theme.charset);
    }
    let counts_hits = specs.iter().any(|spec| spec.met.is_some());
    let mut lines = Vec::new();
    if counts_hits {
        lines = entry(theme.quiet, 0, "", &summary(model), columns, theme.charset);
        lines.push(Line::default());
    }
    let values = network.settings.iter().chain(std::iter::repeat(&Value::None));
    let limits = specs.iter().zip(values).map(|(spec, value)| Limit::of(model, network, spec, value));
    let limits: Vec<_> = limits.collect();
    let widths = Widths::of(&limits, columns);
    if let Some(widths) = widths {
        let titles = widths.cells(["limit", "set to", "used now", "met"], theme.charset);
        lines.push(Line::styled(titles.concat().trim_end().to_owned(), theme.quiet));
    }
    lines.extend(limits.iter().flat_map(|limit| limit_lines(theme, limit, widths, columns)));
    // Only clacks has origins of messages and ignored remote addresses.
    if network.description.list_id("remotes").is_some() {
        lines.push(Line::default());
        lines.extend(origin_lines(model, theme, columns));
        lines.extend(ignored_remote_lines(model, theme, columns));
    }
    lines
}

/// Widths of the columns of names and settings, each with the gap behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Widths {
    name: usize,
    setting: usize,
}

impl Widths {
    /// Returns the widths in a table of `columns` columns. Names that are longer than usual use what settings leave free.
    /// `None`: there is no room for a table.
    fn of(limits: &[Limit], columns: usize) -> Option<Self> {
        let room = columns.checked_sub(MIN_TABLE_WIDTH)? + NAME_WIDTH + SETTING_WIDTH;
        let longest = |text: &dyn Fn(&Limit) -> &str| {
            limits.iter().map(|limit| text(limit).chars().count() + 1).max().unwrap_or(0)
        };
        let setting = longest(&|limit| &limit.set).min(SETTING_WIDTH);
        let name = longest(&|limit| &limit.title).min(room - setting).max(NAME_WIDTH);
        Some(Self { name, setting: SETTING_WIDTH.min(room - name) })
    }

    fn cells(self, [what, set, used, met]: [&str; 4], charset: Charset) -> [String; 4] {
        let (set, used) = match used {
            // The setting may use the column of an empty use.
            "" => (fit(set, self.setting + USAGE_WIDTH - UNKNOWN.len(), charset), UNKNOWN.to_owned()),
            used => (fit(set, self.setting, charset), fit_right(used, USAGE_WIDTH, charset)),
        };
        [fit(what, self.name, charset), set, used, fit_right(met, HITS_WIDTH, charset)]
    }
}

/// A setting or limit in words.
struct Limit {
    title: String,
    set: String,
    used: Option<String>,
    met: Option<u64>,
}

impl Limit {
    fn of(model: &Model, network: &Network, spec: &SettingSpec, value: &Value) -> Self {
        let Network { description, fetched, .. } = network;
        let format = ValueFormat::new(description, *fetched, model.charset());
        let gauge = |name: &Option<Name>| network.gauge(name.as_ref()?.as_str());
        let set = format.setting(&spec.field.kind, value);
        let used = gauge(&spec.used).map(|(field, value)| format.cell(&field.kind, value, USAGE_WIDTH));
        let met = gauge(&spec.met).and_then(|(_, value)| match value {
            Value::Count(count) => Some(*count),
            _ => None,
        });
        Self {
            title: spec.field.title.as_str().to_owned(),
            set: if set.is_empty() { UNKNOWN.to_owned() } else { set.into_owned() },
            used: used.map(|used| used.as_str().to_owned()).filter(|used| !used.is_empty()),
            met,
        }
    }
}

/// Returns the origins of most messages, with the commands against them.
fn origin_lines(model: &Model, theme: Theme, columns: usize) -> Vec<Line<'static>> {
    let (origins, total) = &model.origins;
    let description = &model.networks.active().description;
    let list = description.list_id("origins").and_then(|list| description.list(list));
    let Some((list, first)) = list.zip(origins.first()) else { return Vec::new() };
    let mut lines =
        vec![Line::styled(fit("most of the messages here came from", columns, theme.charset), theme.strong)];
    let listed = |origin: &Row| entry(theme.quiet, 2, "", &origin_text(list, origin), columns, theme.charset);
    lines.extend(origins.iter().flat_map(listed));
    let others = total.saturating_sub(origins.len() as u64);
    if others > 0 {
        let more = format!("and {} more places", number(others));
        lines.push(Line::raw(fit(&more, columns, theme.charset)));
    }
    let party = format!("ip:{}", first.key.untrusted());
    let advice = format!(":drop {party} drops those of the first, :ignore {party} closes its connections");
    lines.extend(entry(theme.quiet, 0, "", &advice, columns, theme.charset));
    lines.push(Line::default());
    lines
}

/// One line about an origin: `192.0.2.7: 71 messages, 60 MB, 3 held, 12 refused`.
fn origin_text(list: &ListSpec, origin: &Row) -> String {
    let count = |name| match list.column(name).and_then(|column| origin.cells.get(column)) {
        Some(Value::Count(count)) => usize::try_from(*count).unwrap_or(usize::MAX),
        _ => 0,
    };
    let [messages, bytes, held, refused] = ["messages", "bytes", "held", "refused"].map(count);
    let held = if held > 0 { format!(", {} held", format::count(held)) } else { String::new() };
    let refused = if refused > 0 { format!(", {refused} refused") } else { String::new() };
    let what = if messages == 1 { "message" } else { "messages" };
    let place = origin.key.untrusted();
    format!("{place}: {} {what}, {}{held}{refused}", format::count(messages), format::size(bytes))
}

fn summary(model: &Model) -> String {
    let Figures { hits, .. } = model.shown_figures();
    let (met, in_all) = (hits.recent_hits(), model.shown_figures().met());
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

fn limit_lines(theme: Theme, limit: &Limit, widths: Option<Widths>, columns: usize) -> Vec<Line<'static>> {
    let Limit { title, set, used, met } = limit;
    // A limit that was reached is not only distinguished by its number.
    let style = if met.is_some_and(|met| met > 0) { theme.strong } else { ratatui::style::Style::new() };
    let met = met.map_or(UNKNOWN.to_owned(), number);
    if let Some(widths) = widths {
        let texts = [title.as_str(), set, used.as_deref().unwrap_or_default(), &met];
        let [what, set, used, met] = widths.cells(texts, theme.charset);
        let spans = [Span::styled(what, style), Span::raw(set), Span::raw(used), Span::styled(met, style)];
        return vec![Line::from_iter(spans)];
    }
    let what = Span::styled(fit(title, columns.saturating_sub(HITS_WIDTH), theme.charset), style);
    let met = Span::styled(fit_right(&met, HITS_WIDTH.min(columns), theme.charset), style);
    let used = used.as_ref().map(|used| format!(", {used} used")).unwrap_or_default();
    let second = Line::styled(fit(&format!("  {set}{used}"), columns, theme.charset), theme.quiet);
    vec![Line::from(vec![what, met]), second]
}

/// Returns the ignored remote addresses with the commands that unignore them.
fn ignored_remote_lines(model: &Model, theme: Theme, columns: usize) -> Vec<Line<'static>> {
    let (remotes, total) = &model.ignored_remotes;
    if remotes.is_empty() {
        let text = "no remote address is ignored; :ignore ip:ADDRESS closes all connections from one";
        return entry(theme.quiet, 0, "", text, columns, theme.charset);
    }
    let mut lines =
        vec![Line::styled(fit("connections are ignored from", columns, theme.charset), theme.strong)];
    let unignore = |remote: &Row| {
        let command = format!(":unignore ip:{}", remote.key.untrusted());
        entry(theme.quiet, 2, "", &command, columns, theme.charset)
    };
    lines.extend(remotes.iter().flat_map(unignore));
    let others = total.saturating_sub(remotes.len() as u64);
    if others > 0 {
        lines.push(Line::raw(fit(&format!("and {} more", number(others)), columns, theme.charset)));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn widths(title: usize, set: usize, columns: usize) -> Option<(usize, usize)> {
        let limit = Limit { title: "t".repeat(title), set: "s".repeat(set), used: None, met: None };
        Widths::of(&[limit], columns).map(|Widths { name, setting }| (name, setting))
    }

    #[test]
    fn a_long_name_uses_what_settings_leave_free() {
        assert_eq!(widths(30, 20, 80), Some((36, 26)));
        assert_eq!(widths(43, 13, 80), Some((44, 18)));
        assert_eq!(widths(43, 24, 80), Some((37, 25)));
        assert_eq!(widths(43, 99, 80), Some((36, 26)));
        assert_eq!(widths(43, 99, 200), Some((44, 26)));
        assert_eq!(widths(30, 20, 79), None);
    }
}
