//! Words for commands in questions and results.

use clacks_language::command::NodeCommand;

/// Returns the phrase for a question about a command, as in `ignore 3 peers`.
pub fn request_phrase(command: &NodeCommand, count: usize) -> String {
    let verb = match command {
        NodeCommand::Announce(_) => "announce to",
        NodeCommand::Add(_) => "add",
        NodeCommand::Ignore(_) | NodeCommand::IgnoreRemote(_) => "ignore",
        NodeCommand::Unignore(_) | NodeCommand::UnignoreRemote(_) => "unignore",
        NodeCommand::Forget(_) => "forget",
        NodeCommand::Trust(_) => "trust",
        NodeCommand::Drop(_) | NodeCommand::DropAll(_) => "drop",
        NodeCommand::Enqueue(_) => "send",
        NodeCommand::HoldOne(_) | NodeCommand::Hold(_) | NodeCommand::ShowHold => "hold",
        NodeCommand::Release(_) | NodeCommand::ReleaseAll | NodeCommand::Unhold => "release",
        NodeCommand::Replace(..) => "change",
        NodeCommand::Rate(_) => "set",
    };
    format!("{verb} {}", counted_object(command, count))
}

pub(crate) fn past_tense(command: &NodeCommand) -> &'static str {
    match command {
        NodeCommand::Announce(_) => "announced to",
        NodeCommand::Add(_) => "added",
        NodeCommand::Ignore(_) | NodeCommand::IgnoreRemote(_) => "ignored",
        NodeCommand::Unignore(_) | NodeCommand::UnignoreRemote(_) => "unignored",
        NodeCommand::Forget(_) => "forgot",
        NodeCommand::Trust(_) => "trusted",
        NodeCommand::Drop(_) | NodeCommand::DropAll(_) => "dropped",
        NodeCommand::Enqueue(_) => "queued",
        NodeCommand::HoldOne(_) | NodeCommand::Hold(_) | NodeCommand::ShowHold => "held",
        NodeCommand::Release(_) | NodeCommand::ReleaseAll | NodeCommand::Unhold => "released",
        NodeCommand::Replace(..) => "changed",
        NodeCommand::Rate(_) => "set",
    }
}

pub(crate) fn counted_object(command: &NodeCommand, count: usize) -> String {
    let (one, many) = match command {
        NodeCommand::Drop(_)
        | NodeCommand::DropAll(_)
        | NodeCommand::Enqueue(_)
        | NodeCommand::HoldOne(_)
        | NodeCommand::Release(_)
        | NodeCommand::Replace(..) => ("message", "messages"),
        NodeCommand::ReleaseAll => ("held message", "held messages"),
        NodeCommand::Rate(_) => ("rate", "rates"),
        NodeCommand::IgnoreRemote(_) | NodeCommand::UnignoreRemote(_) => {
            ("remote address", "remote addresses")
        }
        _ => ("peer", "peers"),
    };
    format!("{count} {}", if count == 1 { one } else { many })
}
