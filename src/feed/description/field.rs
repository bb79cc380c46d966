use serde::{Deserialize, Serialize};

use super::later;
use crate::{Label, Name};

/// A typed value with a name: a column of a list, a number of an event, a gauge or a setting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Its name in filters and in JSON.
    pub name: Name,
    /// Its name for people: the header of a column.
    pub title: Label,
    /// The kind of its values.
    #[serde(deserialize_with = "later::kind")]
    pub kind: Kind,
    /// Minimum and maximum columns on a screen. Maximum 0: whatever is left.
    pub width: (u8, u8),
    /// Which column gives way first where there is no room: the one with the highest number. 0 stays always; 255 is
    /// shown only where its row is open.
    pub priority: u8,
    /// How its values are drawn over time.
    #[serde(default, skip_serializing_if = "Chart::is_none")]
    pub chart: Chart,
}

/// The kind of a field's values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// Yes or no.
    Flag,
    /// A number of things.
    Count,
    /// A number of bytes.
    Bytes,
    /// A number of things per second.
    Rate,
    /// A number of bytes per second.
    BytesRate,
    /// A part of a whole, from 0 to 1.
    Ratio,
    /// A duration.
    Took,
    /// A moment. People are shown its age.
    At,
    /// The statuses of the item.
    Status,
    /// A text of which both ends matter, such as an address. It is cut in the middle.
    Id,
    /// A text.
    Text,
    /// The text of a JSON value.
    Json,
    /// The key of an item in the list with this name.
    Ref(Name),
    /// A kind of a later version of the program. Its values are shown as their JSON.
    #[serde(other)]
    Unknown,
}

/// How the values of a field are drawn over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Chart {
    /// As a rate: the increase of a counter per second.
    Rate,
    /// As a level.
    Level,
    /// As a distribution. The values come from the events with a field of this name.
    Histogram,
    /// Not drawn.
    #[default]
    #[serde(other)]
    None,
}

impl Chart {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_none(&self) -> bool {
        *self == Self::None
    }
}

impl Field {
    /// A field whose title is its name, with dashes and underscores as spaces, and whose width fits its kind.
    pub fn new(name: &'static str, kind: Kind) -> Self {
        let title = name.replace(['-', '_'], " ");
        let width = kind.usual_width();
        let title = Label::new(&title).unwrap_or_else(|_| name.into());
        Self { name: name.into(), title, kind, width, priority: 0, chart: Chart::None }
    }

    /// Sets the title.
    pub fn titled(self, title: &'static str) -> Self {
        Self { title: title.into(), ..self }
    }

    /// Sets the minimum and maximum columns; maximum 0: whatever is left.
    pub fn width(self, least: u8, most: u8) -> Self {
        Self { width: (least, most), ..self }
    }

    /// Sets the priority: 0 stays always, the highest gives way first.
    pub fn priority(self, priority: u8) -> Self {
        Self { priority, ..self }
    }

    /// Shows the field only where its row is open.
    pub fn only_open(self) -> Self {
        self.priority(u8::MAX)
    }

    /// Sets how its values are drawn over time.
    pub fn chart(self, chart: Chart) -> Self {
        Self { chart, ..self }
    }

    /// Whether the field is shown only where its row is open.
    pub fn is_only_open(&self) -> bool {
        self.priority == u8::MAX
    }
}

impl Kind {
    fn usual_width(&self) -> (u8, u8) {
        match self {
            Self::Flag => (3, 3),
            Self::Ratio => (4, 4),
            Self::Count | Self::At | Self::Unknown => (5, 5),
            Self::Bytes | Self::Rate => (6, 6),
            Self::BytesRate | Self::Took => (7, 7),
            Self::Status => (9, 9),
            Self::Id | Self::Ref(_) => (12, 0),
            Self::Text | Self::Json => (16, 0),
        }
    }

    /// Whether its values are numbers, which are compared by `<` and `>` and stand to the right of their column.
    pub fn is_number(&self) -> bool {
        matches!(
            self,
            Self::Count | Self::Bytes | Self::Rate | Self::BytesRate | Self::Ratio | Self::Took | Self::At
        )
    }

    /// Whether its values are texts.
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Id | Self::Text | Self::Json)
    }
}
