//! Commands: a call, its check and its result.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use crate::{
    Key, Label, MAX_NAME, Name, Text,
    description::{Description, ListId},
};

/// Identifies one run of a node: a random number that is drawn at each start. The key of an item can mean another item
/// in another run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Run(pub u64);

/// A command, with the items and the text that it is applied to.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The run that the keys belong to. A node refuses a call for another run.
    pub run: Run,
    /// The command.
    pub command: Name,
    /// The selected or marked items, at most 512.
    pub on: Vec<Key>,
    /// The list of those items.
    pub list: Option<ListId>,
    /// What was typed after the command's name, unchanged.
    pub text: Text,
}

/// What would happen if a call were made now.
#[derive(Debug, Clone, PartialEq)]
pub enum Check {
    /// It works.
    Works,
    /// It is incomplete, but it can be completed to one that works.
    Begun,
    /// It is refused, for this reason.
    Wrong(Text),
}

/// The result of a call that worked.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// What was done, for the user.
    pub text: Text,
    /// The call that undoes it.
    pub undo: Option<Call>,
    /// The item that was made and that a face should open.
    pub opens: Option<(ListId, Key)>,
    /// A text that the user should edit.
    pub draft: Option<Draft>,
    /// Those of the call's items that stayed as they were, although others were changed. Its text says why.
    pub left: Vec<Key>,
}

/// A text to edit. The input line begins with it.
///
/// A face makes one of the two calls. If `send` is refused, the draft stays open, so that the user can correct the text.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// The text at the beginning.
    pub text: Text,
    /// The call that Enter makes. Its text is replaced by the edited text.
    pub send: Call,
    /// The call that Escape makes.
    pub cancel: Option<Call>,
}

/// The result of a call that was refused. Nothing was changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// The reason, for the user.
    pub text: Text,
    /// Calls that may work instead, with the words for each.
    ///
    /// If the command `stop` is refused, the order counts for a face that asks how to quit. An offer of another command
    /// is made at once, and the face stays open. An offer of `stop` is made after the user has answered for all networks,
    /// and the face closes. The last offer has the key that also asks to quit, so it is best the one that stops the node
    /// at once.
    pub offers: Vec<(Label, Call)>,
}

impl Call {
    /// A call without items.
    pub fn new(run: Run, command: Name, text: impl Into<Text>) -> Self {
        Self { run, command, on: Vec::new(), list: None, text: text.into() }
    }

    /// Reads a typed line: `:name` with a text behind it, or a text alone, which is for the command
    /// [`Description::says`]. The error is the reason, for the user; it can quote the line.
    pub fn from_line(line: &str, run: Run, description: &Description) -> Result<Self, Text> {
        let line = line.trim_start();
        let Some(typed) = line.strip_prefix(':') else {
            let says = description.says.clone().filter(|_| !line.is_empty());
            let reason = || format!("a line of {} begins with a colon: `:name`", description.network).into();
            return says.map(|says| Self::new(run, says, line)).ok_or_else(reason);
        };
        let (name, text) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
        let Some(command) = description.command(name) else {
            let start: String = name.chars().take(MAX_NAME).collect();
            return Err(format!("{} has no `:{start}`", description.network).into());
        };
        Ok(Self::new(run, command.name.clone(), text))
    }

    /// Applies the call to items of a list.
    pub fn on(self, list: ListId, keys: impl IntoIterator<Item = Key>) -> Self {
        Self { list: Some(list), on: keys.into_iter().collect(), ..self }
    }
}

impl Outcome {
    /// A result that cannot be undone and opens nothing.
    pub fn new(text: impl Into<Text>) -> Self {
        Self { text: text.into(), undo: None, opens: None, draft: None, left: Vec::new() }
    }

    /// Sets the call that undoes it.
    pub fn undone_by(self, call: Call) -> Self {
        Self { undo: Some(call), ..self }
    }

    /// Sets the items that stayed as they were.
    pub fn leaving(self, left: impl IntoIterator<Item = Key>) -> Self {
        Self { left: left.into_iter().collect(), ..self }
    }

    /// Sets the text that the user should edit.
    pub fn drafting(self, draft: Draft) -> Self {
        Self { draft: Some(draft), ..self }
    }

    /// Sets the item that a face should open.
    pub fn opening(self, list: ListId, key: Key) -> Self {
        Self { opens: Some((list, key)), ..self }
    }
}

impl Refusal {
    /// A refusal without offers.
    pub fn new(text: impl Into<Text>) -> Self {
        Self { text: text.into(), offers: Vec::new() }
    }

    /// Adds a call that may work instead.
    pub fn offering(mut self, words: &'static str, call: Call) -> Self {
        self.offers.push((words.into(), call));
        self
    }
}

impl Check {
    /// A refusal.
    pub fn wrong(text: impl Into<Text>) -> Self {
        Self::Wrong(text.into())
    }
}

/// Sixteen hexadecimal digits.
impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for Run {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Run {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let is_hexadecimal = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = is_hexadecimal.then(|| u64::from_str_radix(&text, 16).ok()).flatten();
        number.map(Self).ok_or_else(|| D::Error::custom("a run has 16 hexadecimal digits"))
    }
}
