//! Lists, items and settings of any network as sentences, made of its description and of typed cells.

use std::ops::Range;

use clacks_feed::{
    Event, Key, Row, Value, Window,
    description::{Field, Kind, ListId, ListSpec, Role},
};
use clacks_language::command::ViewCommand;
use clacks_panes::PaneLook;
use clacks_text::value::ValueFormat;

use super::{
    answers,
    limits::times_reached,
    list_cursor::{Item, List, ListContext, ListCursor, PAGE},
    lists::Lists,
    narrator::Narrator,
    phrases::{self, as_sentence, capitalized},
};

/// Maximum width of a cell in a sentence, in columns.
const CELL: usize = 160;
/// Columns of this priority are told of an open item alone.
const ONLY_OPEN: u8 = u8::MAX;

/// Answers a query that clacks answers in its own words. `None`: the answer is the same for every network.
pub(super) fn answer(
    command: &ViewCommand,
    cursor: &mut ListCursor,
    context: &ListContext<'_>,
) -> Option<Vec<String>> {
    Some(match command {
        ViewCommand::Peers => list_of(Role::Peers, 0, cursor, context),
        ViewCommand::Queue => list_of(Role::Messages, 0, cursor, context),
        ViewCommand::Held => list_of(Role::Messages, 1, cursor, context),
        ViewCommand::NextPane => cycle_list(true, cursor, context),
        ViewCommand::PreviousPane => cycle_list(false, cursor, context),
        ViewCommand::List(name) => named(name, cursor, context),
        ViewCommand::Limits => settings(context),
        ViewCommand::Charts => gauges(context),
        ViewCommand::Pane(name) => view(name, context),
        _ => return None,
    })
}

fn missing(what: &str, context: &ListContext<'_>) -> String {
    format!("{} has no {what}", context.lists.description().network)
}

// === Lists ===

/// The lists that do not stand under an item of another.
fn outer_lists(lists: &Lists) -> impl Iterator<Item = (ListId, &ListSpec)> {
    lists.description().lists().filter(|(_, spec)| spec.under.is_none())
}

fn list_of(role: Role, number: usize, cursor: &mut ListCursor, context: &ListContext<'_>) -> Vec<String> {
    match outer_lists(context.lists).filter(|(_, spec)| spec.role == role).nth(number) {
        Some((found, _)) => list(found, cursor, context),
        None => vec![phrases::reply(Err(missing("such list", context)))],
    }
}

/// The list with this name.
pub(super) fn named(name: &str, cursor: &mut ListCursor, context: &ListContext<'_>) -> Vec<String> {
    match outer_lists(context.lists).find(|(_, spec)| spec.name.as_str() == name) {
        Some((found, _)) => list(found, cursor, context),
        None => vec![phrases::reply(Err(missing(&format!("list {name}"), context)))],
    }
}

/// The commands that tell the lists: `:peers, :queue, :list door and :traffic`.
pub(super) fn list_commands(lists: &Lists) -> String {
    if lists.is_clacks() {
        return ":peers, :queue, :held, :traffic and :overhead".to_owned();
    }
    let first = |role| outer_lists(lists).find(|(_, spec)| spec.role == role).map(|(list, _)| list);
    let command = |(list, spec): (ListId, &ListSpec)| match spec.role {
        Role::Peers if first(Role::Peers) == Some(list) => ":peers".to_owned(),
        Role::Messages if first(Role::Messages) == Some(list) => ":queue".to_owned(),
        _ => format!(":list {}", spec.name),
    };
    let commands: Vec<_> = outer_lists(lists).map(command).collect();
    if commands.is_empty() { ":traffic".to_owned() } else { format!("{} and :traffic", commands.join(", ")) }
}

fn cycle_list(forwards: bool, cursor: &mut ListCursor, context: &ListContext<'_>) -> Vec<String> {
    let rows = outer_lists(context.lists).map(|(list, _)| List::Rows(list));
    let all: Vec<_> = rows.chain([List::Traffic]).collect();
    match List::next(&all, cursor.list(), forwards) {
        List::Rows(next) => list(next, cursor, context),
        _ => answers::traffic(cursor, context),
    }
}

/// The length of a list, how many of its items have each status, and its first page.
pub(super) fn list(list: ListId, cursor: &mut ListCursor, context: &ListContext<'_>) -> Vec<String> {
    let lists = context.lists;
    let Some(spec) = lists.description().list(list) else { return Vec::new() };
    let total = lists.total(list);
    let name = if total == 1 { spec.one.as_str() } else { spec.many.as_str() };
    let counts = spec.statuses.iter().zip(lists.counts(list)).filter(|(_, count)| *count > 0);
    let counts: Vec<_> = counts.map(|(status, count)| format!("{count} {status}")).collect();
    let counts = if counts.is_empty() { String::new() } else { format!(": {}", counts.join(", ")) };
    let mut texts = vec![as_sentence(format!("{total} {name}{counts}"))];
    if total == 0 {
        let hints = spec.empty.iter().map(|hint| hint.as_str().replace(['{', '}'], ""));
        texts.extend(hints.map(|hint| as_sentence(capitalized(&hint))));
    }
    texts.extend(cursor.open(List::Rows(list), PAGE, context));
    texts
}

/// Items of a list, each with its sentence.
pub(super) fn items(list: ListId, positions: Range<usize>, context: &ListContext<'_>) -> Vec<(Item, String)> {
    let rows = context.lists.rows(list, positions);
    rows.into_iter()
        .map(|row| (Item::Any(list, row.key.clone()), row_sentence(list, &row, context)))
        .collect()
}

/// An item in one sentence: `tower, open, since 3 s, sent 2.`
fn row_sentence(list: ListId, row: &Row, context: &ListContext<'_>) -> String {
    let columns = columns(list, context.lists);
    let shown = columns.iter().zip(&row.cells).filter(|(column, _)| column.priority < ONLY_OPEN);
    let part = |(number, (column, value)): (usize, (&Field, &Value))| {
        let cell = cell(column, value, context);
        let is_plain = number == 0 || matches!(column.kind, Kind::Status | Kind::Text | Kind::Json);
        let is_missing = cell.is_empty();
        let text = if is_plain { cell } else { format!("{} {cell}", column.title.as_str().to_lowercase()) };
        (!is_missing).then_some(text)
    };
    let parts: Vec<_> = shown.enumerate().filter_map(part).collect();
    as_sentence(parts.join(", "))
}

fn columns(list: ListId, lists: &Lists) -> &[Field] {
    lists.description().list(list).map_or(&[], |spec| &spec.columns)
}

fn cell(column: &Field, value: &Value, context: &ListContext<'_>) -> String {
    // In words, without the letters of a table.
    if let Value::Status(statuses) = value {
        let description = context.lists.description();
        let names = statuses.iter().filter_map(|id| Some(description.status(id)?.name.as_str()));
        return names.collect::<Vec<_>>().join(" and ");
    }
    format(context).cell(&column.kind, value, CELL).trim_end().to_owned()
}

fn format<'a>(context: &ListContext<'a>) -> ValueFormat<'a> {
    let lists: &'a Lists = context.lists;
    let narrator: &'a Narrator = context.narrator;
    ValueFormat::new(lists.description(), lists.network().now(), narrator.charset())
        .naming(Some(narrator.names()))
}

// === One item ===

/// The item that a key names, in the first list that has it.
pub(super) fn item(text: &str, lists: &Lists) -> Result<Item, String> {
    let key = Key::from(text);
    let found = outer_lists(lists).find(|(list, _)| lists.row(*list, key.clone()).is_some());
    let network = &lists.description().network;
    found.map(|(list, _)| Item::Any(list, key)).ok_or_else(|| format!("{network} has no {text}"))
}

/// All cells of an item, its whole text last, and the items under it.
pub(super) fn open(list: ListId, key: &Key, context: &ListContext<'_>) -> Vec<String> {
    let Some(row) = context.lists.row(list, key.clone()) else {
        return vec![as_sentence(format!("{} is no longer known", key.untrusted()))];
    };
    let (mut texts, mut whole) = (Vec::new(), Vec::new());
    for (column, value) in columns(list, context.lists).iter().zip(&row.cells) {
        let text = format(context).untrusted(&column.kind, value).into_owned();
        match column.kind {
            _ if text.is_empty() => {}
            Kind::Text | Kind::Json => whole.push(answers::whole_text(&text)),
            Kind::Status => texts.push(as_sentence(format!(
                "{}: {}",
                capitalized(column.title.as_str()),
                cell(column, value, context)
            ))),
            _ => texts.push(as_sentence(format!("{}: {text}", capitalized(column.title.as_str())))),
        }
    }
    texts.append(&mut whole);
    for (under, spec) in context.lists.description().lists_under(list) {
        let rows = context.lists.rows_under(under, key, PAGE);
        texts.extend(rows.iter().map(|row| {
            as_sentence(format!("{}: {}", capitalized(spec.one.as_str()), row_sentence(under, row, context)))
        }));
    }
    texts
}

// === Pictures and pages ===

/// A picture or page of the network, in sentences.
fn view(name: &str, context: &ListContext<'_>) -> Vec<String> {
    let refused = || vec![phrases::reply(Err(missing(&format!(":{name}"), context)))];
    let Some((pane, view)) = context.narrator.view_named(name) else { return refused() };
    let (description, network) = (context.lists.description(), context.lists.network());
    let windows = pane.windows(view);
    let pages = windows
        .iter()
        .map(|(list, rows)| description.list_id(list).map(|list| network.page(&Window::first(list, *rows))));
    let pages: Vec<_> = pages.collect();
    let (gauges, settings) = (network.gauges(), network.settings());
    let look = PaneLook {
        view,
        description,
        now: network.now(),
        pages: pages.iter().map(Option::as_ref).collect(),
        gauges: &gauges,
        settings: &settings,
    };
    let mut pane = pane.clone_box();
    pane.refresh(&look);
    match pane.sentences(&look, context.narrator.zone()) {
        Some(sentences) => sentences.into_iter().map(as_sentence).collect(),
        None => refused(),
    }
}

/// Reads the names of the peers that an event is about, whose keys can be random.
pub(super) fn learn_names(event: &Event, lists: &Lists, narrator: &mut Narrator) {
    let mut specs = lists.description().lists();
    let has_names =
        |(_, spec): &(ListId, &ListSpec)| spec.role == Role::Peers && spec.column("name").is_some();
    let Some((peers, spec)) = specs.find(has_names) else { return };
    let touched = event.touched().rows.into_iter().filter(|(list, _)| *list == peers).map(|(_, key)| key);
    let named = event.line().and_then(|line| line.peer);
    for key in touched.chain(named) {
        lists.row(peers, key).into_iter().for_each(|row| narrator.learn_names(spec, &[row]));
    }
}

// === The node ===

/// The settings of the node, how much of each is in use and how often it was reached.
fn settings(context: &ListContext<'_>) -> Vec<String> {
    let (description, network) = (context.lists.description(), context.lists.network());
    let gauges = network.gauges();
    let gauge = |name: &Option<clacks_feed::Name>| {
        let index = description.gauge(name.as_ref()?.as_str())?;
        let value = cell(description.gauges.get(index)?, gauges.get(index)?, context);
        (!value.is_empty()).then_some(value)
    };
    let sentence = |(setting, value): (&clacks_feed::description::SettingSpec, &Value)| {
        let set = cell(&setting.field, value, context);
        let used = gauge(&setting.used).map(|used| format!("{used} used"));
        let met = gauge(&setting.met).filter(|met| met != "0").map(|met| times_reached(&met));
        let set = (!set.is_empty()).then_some(set);
        let parts: Vec<_> = [set, used, met].into_iter().flatten().collect();
        let title = capitalized(setting.field.title.as_str());
        (!parts.is_empty()).then(|| as_sentence(format!("{title}: {}", parts.join("; "))))
    };
    let settings = network.settings();
    let texts: Vec<_> = description.settings.iter().zip(&settings).filter_map(sentence).collect();
    if texts.is_empty() { vec![phrases::reply(Err(missing("limits", context)))] } else { texts }
}

/// The figures of the node.
fn gauges(context: &ListContext<'_>) -> Vec<String> {
    let description = context.lists.description();
    let values = context.lists.network().gauges();
    let figures = description.gauges.iter().zip(&values).map(|(gauge, value)| {
        let value = cell(gauge, value, context);
        (!value.is_empty()).then(|| as_sentence(format!("{}: {value}", capitalized(gauge.title.as_str()))))
    });
    let texts: Vec<_> = figures.flatten().collect();
    if texts.is_empty() { vec![phrases::reply(Err(missing("figures", context)))] } else { texts }
}

#[cfg(test)]
mod tests;
