//! Checks whether Enter would run the line. Both the colour of the line and Enter use this check.

use clacks_language::command::{Command, CommandError, Known, ViewCommand};
use clacks_panes::PaneSpec;

use crate::{available::typed_command_error, model::Model, state::errors::CommandRefusal};

/// Returns the command of the line, or the reason why Enter refuses it. Errors of the node and the disk are included
/// once they have replied.
pub fn check(model: &Model) -> Result<Command, CommandRefusal> {
    let parsed = parse(model, model.input.draft());
    let command = parsed.map_err(|error| CommandRefusal::new(error.to_string()))?;
    match typed_command_error(model, &command).or_else(|| model.assist.precheck_error().map(str::to_owned)) {
        Some(reason) => Err(CommandRefusal::new(reason)),
        None => Ok(command),
    }
}

/// Parses a typed line: a view or a command of the network that is shown, or a command of the dashboard.
pub(crate) fn parse(model: &Model, line: &str) -> Result<Command, CommandError> {
    match view_of(model, line) {
        Some(view) => Ok(ViewCommand::Pane(view.name).into()),
        None => model.networks.parse(line).map_err(|error| with_view(model, error)),
    }
}

/// Names a view of the network that is shown, if an unknown command is its beginning and that of no command.
fn with_view(model: &Model, error: CommandError) -> CommandError {
    let CommandError::Unknown(name, hint) = error else { return error };
    let is_begun = |view: &&PaneSpec| !name.is_empty() && view.name.starts_with(&name);
    let begins_command =
        Known::all(&model.networks.active().commands).any(|known| known.name().starts_with(&name));
    let view = model.own_views().find(is_begun).filter(|_| !begins_command);
    let hint = view.map_or(hint, |view| format!(":{} begins so", view.name));
    CommandError::Unknown(name, hint)
}

/// Returns the view of the network that is shown that a line opens.
fn view_of(model: &Model, line: &str) -> Option<&'static PaneSpec> {
    model.view_named(line.strip_prefix(':')?.trim()).map(|(_, view)| view)
}

/// Whether the line is blank, so that there is nothing to check.
pub(crate) fn is_blank(line: &str) -> bool {
    line.trim_matches([' ', ':']).is_empty()
}
