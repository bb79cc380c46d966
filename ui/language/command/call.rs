//! The calls of commands.

use clacks_feed::{Call, Run};

use super::NodeCommand;
use crate::{
    edit::{as_text, new_text},
    filter::Filter,
};

impl NodeCommand {
    /// The call that carries it out at the node with this run.
    pub fn call(&self, run: Run) -> Call {
        let (name, text) = match self {
            Self::Enqueue(message) => match as_text(message) {
                Some(line) => ("enqueue", line),
                None => ("json", message.as_json().to_owned()),
            },
            Self::Announce(peer) => ("announce", peer.to_string()),
            Self::Add(peer) => ("add", peer.to_string()),
            Self::Ignore(peer) => ("ignore", peer.to_string()),
            Self::Unignore(peer) => ("unignore", peer.to_string()),
            Self::IgnoreRemote(remote) => ("ignore", format!("ip:{remote}")),
            Self::UnignoreRemote(remote) => ("unignore", format!("ip:{remote}")),
            Self::Forget(peer) => ("forget", peer.to_string()),
            Self::Trust(peer) => ("trust", peer.to_string()),
            Self::Drop(id) => ("drop", id.to_string()),
            Self::DropAll(filter) => ("drop", filter.as_ref().map_or("all", Filter::as_str).to_owned()),
            Self::Rate(rate) => ("rate", rate.to_string()),
            Self::Hold(filter) => ("hold", filter.as_str().to_owned()),
            Self::HoldOne(id) => ("hold", id.to_string()),
            Self::ShowHold => ("hold", String::new()),
            Self::Unhold => ("unhold", String::new()),
            Self::Release(id) => ("release", id.to_string()),
            Self::ReleaseAll => ("release", "all".to_owned()),
            Self::Replace(id, message) => ("edit", format!("{id} {}", new_text(message))),
        };
        Call::new(run, name.into(), text)
    }
}
