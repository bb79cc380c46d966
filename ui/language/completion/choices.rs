//! All choices for a slot, before they are matched with the typed text.

use clacks_feed::{
    Row, Value,
    args::quoted,
    description::{Description, Kind, ListId, Role, Takes},
    escape::is_hidden,
    filter::{FilterField, Values},
};
use clacks_text::value::preview;

use super::{
    Candidates, Choice, Found, Language, finds,
    slot::{Slot, WordAtCursor},
};
use crate::command::{Argument, Known};

/// The prefix of a remote address.
const REMOTE: &str = "ip:";
/// Maximum columns of a text beside the key of an item.
const MAX_NOTE: usize = 80;
/// Units of a duration, those that are typed most first.
const UNITS: [&str; 4] = ["s", "m", "ms", "h"];

/// A choice before it is matched with the typed text.
pub(crate) struct Candidate {
    pub(crate) choice: Choice,
    /// Whether it fits because of something else than its text: the search found the item by its name.
    pub(crate) is_found: bool,
}

/// All choices for the slot.
pub(crate) fn choices(
    written: &WordAtCursor<'_>,
    language: Language<'_>,
    candidates: Candidates<'_>,
) -> Vec<Candidate> {
    match &written.slot {
        Slot::Name => {
            let views = candidates.views.iter().map(|(name, help)| choice(name, help));
            plain(Known::all(language.network).map(command).chain(views))
        }
        Slot::Argument(argument) => plain(of_argument(*argument, language, candidates).into_iter()),
        Slot::Takes { takes, fields, is_word } => {
            let items = Items { takes, language, candidates, is_word: *is_word };
            let others = takes.iter().flat_map(|takes| of_form(takes, written.typed));
            items.all().into_iter().chain(plain(others)).chain(plain(fields.iter().map(field))).collect()
        }
        Slot::Station(fields) => {
            let clear = choice("clear", "free the number");
            let bell = Choice { goes_on: true, ..choice("bell", "ring for what the filter admits") };
            plain([clear, bell].into_iter().chain(fields.iter().map(field)))
        }
        Slot::Field(fields) => plain(fields.iter().map(field)),
        Slot::Value(Values::Words(words)) => plain(words.iter().map(|word| choice(word.as_str(), ""))),
        Slot::Value(values) => {
            let lists = finds::of_values(values, language.network);
            let found = lists.into_iter().filter_map(|list| found_in(candidates, list));
            found.flat_map(|found| items_of(found, language.network, "", true)).collect()
        }
    }
}

fn plain(choices: impl Iterator<Item = Choice>) -> Vec<Candidate> {
    choices.map(|choice| Candidate { choice, is_found: false }).collect()
}

fn of_argument(argument: Argument, language: Language<'_>, candidates: Candidates<'_>) -> Vec<Choice> {
    let Candidates { files, themes, networks, columns, .. } = candidates;
    let of = |names: &[&str]| names.iter().map(|name| choice(name, "")).collect();
    match argument {
        Argument::Nothing | Argument::Filter | Argument::RowFilter | Argument::ItemOf(_) | Argument::Line => {
            Vec::new()
        }
        Argument::File | Argument::FileOrNothing | Argument::ListOrNothing => {
            files.iter().map(|name| choice(name, "")).collect()
        }
        Argument::Theme => of(themes),
        Argument::NetworkOrNothing => of(networks),
        Argument::Column => of(columns),
        Argument::List => language
            .network
            .lists
            .iter()
            .map(|list| choice(list.name.as_str(), list.title.as_str()))
            .collect(),
        Argument::Station => (1..=9).map(|number: u8| choice(&number.to_string(), "")).collect(),
        Argument::Choice(_, words) => of(words),
    }
}

/// The choices of a form of an argument that needs nothing of the node.
fn of_form(takes: &Takes, typed: &str) -> Vec<Choice> {
    match takes {
        Takes::Word(words) => words.iter().map(|word| choice(word.as_str(), "")).collect(),
        Takes::Time => {
            let digits = typed.trim_end_matches(|c: char| c.is_ascii_alphabetic());
            let is_number = !digits.is_empty() && digits.parse::<f64>().is_ok();
            let units = UNITS.iter().filter(|_| is_number);
            units.map(|unit| choice(&format!("{digits}{unit}"), "")).collect()
        }
        _ => Vec::new(),
    }
}

/// The items that fit in an argument.
struct Items<'a> {
    takes: &'a [Takes],
    language: Language<'a>,
    candidates: Candidates<'a>,
    is_word: bool,
}

impl Items<'_> {
    fn all(&self) -> Vec<Candidate> {
        let mut all = Vec::new();
        let mut is_first = true;
        for takes in self.takes {
            match takes {
                Takes::Item { list, .. } => {
                    // An item of another list is marked as such.
                    let prefix = if is_first { String::new() } else { format!("{list}: ") };
                    all.extend(self.of_list(list.as_str(), &prefix));
                    is_first = false;
                }
                Takes::Remote { list: Some(list) } => {
                    let found = self.found(list.as_str()).map_or(&[][..], |found| &found.rows);
                    all.extend(plain(found.iter().map(|row| remote(row.key.untrusted()))));
                }
                Takes::Remote { list: None } => {
                    let remotes = self.candidates.remotes.iter();
                    all.extend(plain(remotes.map(|address| remote(&address.to_string()))));
                }
                _ => {}
            }
        }
        all
    }

    fn found(&self, list: &str) -> Option<&Found> {
        found_in(self.candidates, self.language.network.list_id(list)?)
    }

    fn of_list(&self, list: &str, prefix: &str) -> Vec<Candidate> {
        let Some(found) = self.found(list) else { return Vec::new() };
        // If there are several lists, all fit in.
        let lists = self.candidates.found.len().max(1);
        let mut items = items_of(found, self.language.network, prefix, self.is_word);
        items.truncate(super::MOST_CHOICES.div_ceil(lists));
        items
    }
}

fn found_in(candidates: Candidates<'_>, list: ListId) -> Option<&Found> {
    candidates.found.iter().find(|found| found.list == list)
}

/// The items of a list. An item is left out if its key cannot be typed.
fn items_of(found: &Found, network: &Description, prefix: &str, is_word: bool) -> Vec<Candidate> {
    let rows = found.rows.iter().filter(|row| !row.key.untrusted().contains(is_hidden));
    let item = |row: &Row| {
        let key = row.key.untrusted();
        let text = if is_word { quoted(key) } else { key.to_owned() };
        let choice = choice(&text, &format!("{prefix}{}", note(network, found.list, row)));
        Candidate { choice, is_found: true }
    };
    rows.map(item).collect()
}

/// What stands beside the key of an item: its first other text, and unless it is a message its statuses.
fn note(network: &Description, list: ListId, row: &Row) -> String {
    let Some(list) = network.list(list) else { return String::new() };
    let cells = || list.columns.iter().zip(&row.cells);
    let text = cells().find_map(|(column, cell)| match (&column.kind, cell) {
        (Kind::Json, Value::Text(text, length)) => {
            let is_cut = text.len() < *length as usize;
            Some(preview(text.untrusted(), is_cut, MAX_NOTE).into_owned())
        }
        (Kind::Text | Kind::Id, Value::Text(text, _))
            if column.priority < 255 && text.untrusted() != row.key.untrusted() =>
        {
            Some(text.untrusted().chars().take(MAX_NOTE).collect())
        }
        _ => None,
    });
    let statuses = cells().find_map(|(_, cell)| match cell {
        Value::Status(statuses) if list.role != Role::Messages => Some(statuses),
        _ => None,
    });
    let statuses = statuses.map(|statuses| {
        let specs = statuses.iter().filter_map(|status| network.status(status));
        specs.map(|spec| spec.name.to_string()).collect::<Vec<_>>().join(", ")
    });
    text.into_iter().chain(statuses).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

fn remote(address: &str) -> Choice {
    choice(&format!("{REMOTE}{address}"), "connections from there")
}

fn field(field: &FilterField) -> Choice {
    choice(&field.start, &field.does)
}

/// A choice after which the line needs no more text.
pub(crate) fn choice(text: &str, note: &str) -> Choice {
    Choice { text: text.to_owned(), note: note.to_owned(), goes_on: false }
}

fn command(known: Known<'_>) -> Choice {
    let note = match known.arguments() {
        arguments if arguments.is_empty() => known.help().to_owned(),
        arguments => format!("{arguments}: {}", known.help()),
    };
    Choice { text: known.name().to_owned(), note, goes_on: !known.takes_nothing() }
}
