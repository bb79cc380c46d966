use serde::{Deserialize, Serialize};

use super::Field;
use crate::{Label, Name};

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

    /// Sets the importance.
    pub fn level(self, level: Level) -> Self {
        Self { level, ..self }
    }
}
