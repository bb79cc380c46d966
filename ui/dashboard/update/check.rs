//! Checks whether Enter would run the line. Both the colour of the line and Enter use this check.

use clacks_language::command::Command;

use crate::{available::typed_command_error, model::Model};

/// The command that the line is, or why Enter refuses it, as far as that is known now. What the node and the disk have
/// to say about the line is known once they have answered.
pub fn check(model: &Model) -> Result<Command, String> {
    let command = Command::parse(model.input.draft()).map_err(|error| error.to_string())?;
    match typed_command_error(model, &command).or_else(|| model.assist.precheck_error().map(str::to_owned)) {
        Some(reason) => Err(reason),
        None => Ok(command),
    }
}

/// Whether the line asks for nothing yet, so that there is nothing to be refused.
pub(crate) fn is_blank(line: &str) -> bool {
    line.trim_matches([' ', ':']).is_empty()
}
