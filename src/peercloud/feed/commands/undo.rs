//! The state before a command, and how it is restored.

use clacks_feed::{Call, Network, Outcome, Refusal, Text};
use clacks_peercloud::{
    Id, Json,
    core::{AutoReply, Member},
};

use crate::PeercloudNetwork;

/// What was before a command.
#[derive(Debug)]
pub(crate) enum Deed {
    /// Members that were ignored.
    Ignored(Vec<Id>),
    /// Members that were no longer ignored.
    Unignored(Vec<Member>),
    /// The reply to messages.
    Reply(AutoReply),
    /// The data of this node.
    Data(Json),
}

impl Deed {
    /// Estimated memory in bytes.
    fn size(&self) -> usize {
        match self {
            Self::Ignored(ids) => ids.len() * size_of::<Id>(),
            Self::Unignored(members) => members.iter().map(|member| member.record.data.size()).sum(),
            Self::Reply(AutoReply::Value(value)) | Self::Data(value) => value.size(),
            Self::Reply(_) => 0,
        }
    }
}

/// A result that can be undone.
pub(super) fn undoable(network: &PeercloudNetwork, outcome: Outcome, deed: Deed) -> Outcome {
    let bytes = deed.size();
    let token = network.undo().push(deed, bytes, network.node().now().uptime);
    let undo = token.map(|token| Call::new(network.run(), "undo".into(), token.to_string()));
    Outcome { undo, ..outcome }
}

/// Restores what was before a command.
pub(super) fn undo(network: &PeercloudNetwork, token: &Text) -> Result<Outcome, Refusal> {
    let node = network.node();
    let deed = network.undo().pop(token.untrusted(), node.now().uptime);
    let deed = deed.map_err(|error| Refusal::new(error.to_string()))?;
    match deed {
        Deed::Ignored(ids) => {
            let (all, restored) = (ids.len(), ids.iter().filter(|id| node.undo_drop(id)).count());
            counted(restored, all, "is a member again", "are members again")
        }
        Deed::Unignored(members) => {
            let all = members.len();
            let restored = members.into_iter().filter(|member| node.undo_undrop(member.clone())).count();
            counted(restored, all, "is ignored again", "are ignored again")
        }
        Deed::Reply(reply) => {
            node.set_reply(reply).map_err(|error| Refusal::new(error.to_string()))?;
            Ok(Outcome::new("messages are answered as before"))
        }
        Deed::Data(data) => {
            node.update(data).map_err(|error| Refusal::new(error.to_string()))?;
            Ok(Outcome::new("the data is as it was; all members are told"))
        }
    }
}

fn counted(restored: usize, all: usize, one: &str, many: &str) -> Result<Outcome, Refusal> {
    match (restored, all) {
        (0, _) => Err(Refusal::new("that was changed meanwhile, or there is no room")),
        (1, 1) => Ok(Outcome::new(format!("1 {one}"))),
        (restored, all) if restored == all => Ok(Outcome::new(format!("{all} {many}"))),
        (restored, all) => Ok(Outcome::new(format!("{restored} of {all} {many}"))),
    }
}
