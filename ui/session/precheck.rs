//! Checks commands about files before they are executed.

use std::path::Path;

use clacks_language::{
    command::{
        ViewCommand,
        argument::{Existing, RecordCommand},
    },
    list_source::ListSource,
};

use super::export;

/// Whether a command needs [`on_disk`] because it reads or writes a file.
pub fn is_about_a_file(command: &ViewCommand) -> bool {
    matches!(
        command,
        ViewCommand::Write(_)
            | ViewCommand::Record(RecordCommand::Start(..))
            | ViewCommand::PeersFrom(Some(ListSource::File(_)))
    )
}

/// The reason why a command about a file would be refused now. `recording` checks the file of a recording, `list` a list
/// of peers. Blocks on the disk.
pub fn on_disk(
    command: &ViewCommand,
    recording: impl Fn(&Path, Existing) -> Option<String>,
    list: impl Fn(&ListSource) -> Option<String>,
) -> Option<String> {
    match command {
        ViewCommand::Write(target) => export::why_not(target),
        ViewCommand::Record(RecordCommand::Start(path, existing)) => recording(path, *existing),
        ViewCommand::PeersFrom(Some(source)) => list(source),
        _ => None,
    }
}

/// The reason why a replay refuses commands for the node.
pub const REPLAY_SENDS_NOTHING: &str = "this is a replay: nothing is sent";
