use serde::{Deserialize, Serialize};

use super::{Field, Tone};
use crate::{Direction, Label, Name};

/// A kind of events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventSpec {
    /// Its name: the value of `event` in JSON.
    pub name: Name,
    /// How important it is to a person.
    pub level: Level,
    /// The field of the event's JSON that is the text of its line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Name>,
    /// Whether the text of its line is the text of a JSON value. Otherwise it is plain text.
    #[serde(default)]
    pub is_json: bool,
    /// The numbers of its line.
    #[serde(default)]
    pub fields: Vec<Field>,
    /// What it means.
    pub does: Label,
    /// What its lines usually have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usual: Option<UsualLine>,
}

/// What the lines of a kind of events usually have. A recorded line leaves out each part that is as usual.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct UsualLine {
    /// The direction.
    pub direction: Direction,
    /// The types.
    pub types: Vec<Name>,
    /// What happened, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what: Option<Label>,
    /// The result, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Label>,
    /// The tone of the result.
    pub tone: Tone,
}

/// Importance of a kind of events to a person, in ascending order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Only for a person who looks for a fault.
    Debug,
    /// Ordinary.
    Info,
    /// Something needs attention.
    #[serde(other)]
    Warning,
}

impl EventSpec {
    /// An ordinary kind of events, without a text and numbers.
    pub fn new(name: &'static str, does: &'static str) -> Self {
        Self {
            name: name.into(),
            level: Level::Info,
            text: None,
            is_json: false,
            fields: Vec::new(),
            does: does.into(),
            usual: None,
        }
    }

    /// Sets the field of its JSON that is the text of its line: a string.
    pub fn text(self, field: &'static str) -> Self {
        Self { text: Some(field.into()), is_json: false, ..self }
    }

    /// Sets the field of its JSON that is the text of its line: any value, whose JSON is the text.
    pub fn json_text(self, field: &'static str) -> Self {
        Self { text: Some(field.into()), is_json: true, ..self }
    }

    /// Sets the numbers of its line.
    pub fn fields(self, fields: impl IntoIterator<Item = Field>) -> Self {
        Self { fields: fields.into_iter().collect(), ..self }
    }

    /// Sets what its lines usually have: the direction, the types, the result and its tone.
    pub fn usually(
        self,
        direction: Direction,
        types: &[&'static str],
        outcome: Option<&'static str>,
        tone: Tone,
    ) -> Self {
        let types = types.iter().map(|name| (*name).into()).collect();
        let outcome = outcome.map(Into::into);
        Self { usual: Some(UsualLine { direction, types, what: None, outcome, tone }), ..self }
    }

    /// Sets what its lines usually say, besides [`usually`](Self::usually).
    pub fn saying(self, what: &'static str) -> Self {
        let usual = self.usual.unwrap_or_default();
        Self { usual: Some(UsualLine { what: Some(what.into()), ..usual }), ..self }
    }

    /// Sets the importance.
    pub fn level(self, level: Level) -> Self {
        Self { level, ..self }
    }
}
