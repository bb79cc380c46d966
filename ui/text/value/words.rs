use std::borrow::Cow;

use clacks_feed::{
    Line, Value,
    description::{EventSpec, Field, Kind, Tone},
};

use super::{ValueFormat, statuses};
use crate::{
    glyphs::glyphs,
    sanitize::{SafeLine, sanitize, sanitize_unpadded},
};

/// Maximum number of columns of a name or a text beside an event.
const MAX_WORD: usize = 200;
/// The field with the status before the event.
const WAS: &str = "was";

/// A value of an event in words: `12 ms`, `42 visits`, `HTTP 503`, `via tower:8080`.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact<'a> {
    /// The field.
    pub field: &'a Field,
    /// The words. They are sanitized.
    pub text: String,
    /// Whether it is a name or a text, which stands behind the description of the event. Numbers stand behind the
    /// outcome.
    pub is_word: bool,
}

impl ValueFormat<'_> {
    /// What a person wants to see of an event's values, the most important first: those of the fields that are not only
    /// for the open event. Left out are values that do not exist, `false`, and a single thing of those that are counted
    /// (`visits` of 1).
    pub fn facts<'f>(&self, spec: Option<&'f EventSpec>, line: &Line) -> Vec<Fact<'f>> {
        let fields = spec.map_or(&[][..], |spec| &spec.fields);
        let mut facts: Vec<_> = fields
            .iter()
            .zip(&line.values)
            .filter(|(field, _)| !field.is_only_open() && !is_previous_status(field))
            .filter_map(|(field, value)| {
                let text = self.fact(field, value)?;
                let is_word = matches!(value, Value::Text(..) | Value::Ref(_));
                Some(Fact { field, text, is_word })
            })
            .collect();
        facts.sort_by_key(|fact| fact.field.priority);
        facts
    }

    /// The outcome of an event with its numbers, in at most `columns` columns: `delivered 12 ms`, `refused HTTP 503`,
    /// `alive → lost`. 16 columns are enough for an outcome and one number of the usual length.
    ///
    /// If not all fits, the least important numbers are left out. Before the last number is left out, an outcome that is
    /// not [`Tone::Bad`] is, because the direction and the colour say as much: `12 ms`.
    pub fn outcome(&self, spec: Option<&EventSpec>, line: &Line, columns: usize) -> SafeLine {
        let outcome = self.outcome_words(spec, line, columns);
        let facts = self.facts(spec, line);
        let numbers: Vec<&str> =
            facts.iter().filter(|fact| !fact.is_word).map(|fact| fact.text.as_str()).collect();
        let with_numbers = |count: usize| joined(&outcome, &numbers[..count]);
        let brief = numbers.first().filter(|_| line.tone != Tone::Bad).map(|number| (*number).to_owned());
        let forms = (1..=numbers.len()).rev().map(with_numbers).chain(brief);
        let fits = |form: &String| form.chars().count() <= columns;
        sanitize(&forms.into_iter().find(fits).unwrap_or(outcome), columns, self.charset)
    }

    /// The description of an event with the names in its values: `joined via tower:8080`. At most `columns` columns.
    pub fn what(&self, spec: Option<&EventSpec>, line: &Line, columns: usize) -> SafeLine {
        let what = sanitize(line.what.untrusted(), columns, self.charset);
        let facts = self.facts(spec, line);
        let names: Vec<&str> =
            facts.iter().filter(|fact| fact.is_word).map(|fact| fact.text.as_str()).collect();
        if names.is_empty() { what } else { sanitize(&joined(&what, &names), columns, self.charset) }
    }

    /// The words of the outcome, behind the status before it if there is one and both fit.
    fn outcome_words(&self, spec: Option<&EventSpec>, line: &Line, columns: usize) -> String {
        let outcome = sanitize(line.outcome.untrusted(), MAX_WORD, self.charset);
        let fields = spec.map_or(&[][..], |spec| &spec.fields);
        let before = fields.iter().zip(&line.values).find_map(|(field, value)| match value {
            Value::Status(before) if is_previous_status(field) => before.main(),
            _ => None,
        });
        let before = before.map(|before| statuses::name(self.statuses, before));
        let change = before.map(|before| format!("{before} {} {}", glyphs(self.charset).becomes, &*outcome));
        change
            .filter(|change| change.chars().count() <= columns)
            .unwrap_or_else(|| outcome.as_str().to_owned())
    }

    fn fact(&self, field: &Field, value: &Value) -> Option<String> {
        let title = field.title.as_str();
        let text = match value {
            Value::None | Value::Flag(false) | Value::Count(1) if !says_more(field, value) => return None,
            Value::Flag(_) => title.to_owned(),
            Value::Count(count) if is_plural(title) && field.kind == Kind::Count => {
                format!("{} {title}", self.number_in(&field.kind, &Value::Count(*count), 6))
            }
            Value::Status(statuses) => {
                let names: Vec<_> =
                    statuses.iter().map(|status| statuses::name(self.statuses, status)).collect();
                format!("{title} {}", names.join(", "))
            }
            Value::Text(..) | Value::Ref(_) => self.named(title, &field.kind, value),
            value => {
                let number = self.number_in(&field.kind, value, 6);
                if matches!(title, "took" | "size" | "rate") { number } else { format!("{title} {number}") }
            }
        };
        Some(text)
    }

    /// A text behind its title. A reason is a text that needs none.
    fn named(&self, title: &str, kind: &Kind, value: &Value) -> String {
        let start = match value {
            Value::Text(text, length) if *kind == Kind::Json => {
                let text = text.untrusted();
                super::preview(text, text.len() < *length as usize, MAX_WORD)
            }
            Value::Text(text, _) => Cow::Borrowed(text.untrusted()),
            Value::Ref(key) => Cow::Borrowed(self.name_of(key)),
            _ => Cow::Borrowed(""),
        };
        let text = sanitize_unpadded(&start, MAX_WORD, self.charset);
        if matches!(title, "reason" | "error") { text } else { format!("{title} {text}") }
    }
}

/// Whether a value that usually says nothing does say something: a number that is 1 and not a count of things.
fn says_more(field: &Field, value: &Value) -> bool {
    matches!(value, Value::Count(_)) && !(field.kind == Kind::Count && is_plural(field.title.as_str()))
}

fn is_previous_status(field: &Field) -> bool {
    field.kind == Kind::Status && field.name == WAS
}

/// Whether a title names several things: `visits`, but not `status`.
fn is_plural(title: &str) -> bool {
    title.ends_with('s') && !["ss", "us", "is"].iter().any(|ending| title.ends_with(ending))
}

/// Words, and what belongs to them: `delivered 12 ms, HTTP 200`.
fn joined(words: &str, facts: &[&str]) -> String {
    let facts = facts.join(", ");
    if words.is_empty() { facts } else { format!("{words} {facts}") }
}
