use std::sync::Arc;

use serde::Deserialize;

use super::{Part, parts_of};
use crate::{
    Fault, Incoming, Judging, Kind, Plugin, Verdict,
    builtin::{Context, units},
};

/// Which messages go in parts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct SplitOptions {
    /// Messages whose JSON text has more bytes than this. The default is 15,000, because nodes of the npm package may not
    /// receive longer ones.
    #[serde(deserialize_with = "units::bytes")]
    pub above: u64,
    /// Whether every message with other characters than ASCII goes in parts, because nodes of the npm package cannot pass
    /// it on. The default is false.
    pub non_ascii: bool,
}

/// Puts parts in the place of large messages. The plugin `join` of another node puts them together.
pub struct Split {
    name: Arc<str>,
    options: SplitOptions,
    context: Context,
}

impl Default for SplitOptions {
    fn default() -> Self {
        Self { above: 15_000, non_ascii: false }
    }
}

impl Split {
    /// A plugin with this name.
    pub fn new(name: impl Into<Arc<str>>, options: SplitOptions, context: Context) -> Self {
        Self { name: name.into(), options, context }
    }

    /// The parts that take the place of a message, given as JSON text. `None` if it goes whole. For messages that the user
    /// of this node writes, which no plugin judges.
    pub fn parts(&self, json: &str) -> Option<Vec<Arc<str>>> {
        let is_split = json.len() as u64 > self.options.above || (self.options.non_ascii && !json.is_ascii());
        if !is_split || Part::read(json).is_some() {
            return None;
        }
        let parts = parts_of(json, Verdict::MAX_REPLACEMENTS);
        if parts.is_none() {
            let (bytes, max) = (json.len(), Verdict::MAX_REPLACEMENTS);
            let reason = format!("a message of {bytes} bytes goes whole: it needs more than {max} parts");
            (self.context.on_fault)(Fault { line: None, reason });
        }
        parts
    }
}

impl Plugin for Split {
    fn name(&self) -> &Arc<str> {
        &self.name
    }

    fn judge<'a>(&'a self, payload: &'a Incoming) -> Judging<'a> {
        let is_message = payload.kind == Kind::Message;
        let parts = is_message.then(|| self.parts(&payload.json)).flatten();
        Judging::Now(Ok(parts.map_or(Verdict::Pass, Verdict::Replace)))
    }
}
