use std::sync::Arc;

use serde::Deserialize;

use crate::{Incoming, Judging, Plugin, Verdict, builtin::Matches};

/// Which messages go no further.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct StonewallOptions {
    /// A filter in the language of the dashboard. A payload matches it as the line of its arrival does in the traffic.
    pub filter: String,
}

/// Swallows what a filter matches: the sender gets 200 and deletes its copy, and nothing is queued. The message is gone
/// unless another node has it.
pub struct Stonewall {
    name: Arc<str>,
    matches: Matches,
}

impl Stonewall {
    /// A plugin with this name that swallows what matches.
    pub fn new(name: impl Into<Arc<str>>, matches: Matches) -> Self {
        Self { name: name.into(), matches }
    }
}

impl Plugin for Stonewall {
    fn name(&self) -> &Arc<str> {
        &self.name
    }

    fn judge<'a>(&'a self, payload: &'a Incoming) -> Judging<'a> {
        let swallows = (self.matches)(payload);
        Judging::Now(Ok(if swallows { Verdict::Swallow { reason: None } } else { Verdict::Pass }))
    }
}
