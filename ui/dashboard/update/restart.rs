//! A node that is connected again: the same run, or another one after a restart.

use clacks_feed::Run;

use super::assist;
use crate::{
    model::Model,
    state::{
        assist::Assist,
        layout::Pane,
        message::{Effect, NewRun},
    },
};

/// The same run goes on: nothing changes.
pub(crate) fn on_reconnect(model: &mut Model, network: usize) {
    if let Some(name) = name_of(model, network) {
        model.notify(format!("{name} is connected again"));
    }
}

/// The node was restarted. A key of the run before can name another item now, so everything that acts on items is dropped:
/// the rows, the selection, the marks, open items and questions, the undo and the edited message. What the user typed
/// stays.
pub(crate) fn on_restart(model: &mut Model, position: usize, new: NewRun) -> Vec<Effect> {
    let is_first = position == 0;
    let is_shown = position == model.networks.position();
    let Some(network) = model.networks.get_mut(position) else { return Vec::new() };
    let (old, name) = (network.run, network.description.network.clone());
    let is_another = network.description != new.description;
    network.restart(new);
    drop_requests(model, position, old);
    if is_first {
        // Its clock is that of the dashboard, and it has gone back.
        forget_times(model);
    }
    if is_shown {
        drop_overlays(model);
    }
    let text = format!("{name} was restarted: what was selected, marked or could be undone there has gone");
    let lost_filter = if is_another { read_filters_again(model) } else { None };
    model.push_text_row(format!("{name} was restarted"));
    model.notify_error(
        lost_filter.map_or_else(|| text.clone(), |lost| format!("{name} was restarted: {lost}")),
    );
    if is_shown { assist::on_edit(model) } else { Vec::new() }
}

/// Reads the filter of the traffic and those of the stations again, because a network offers something else. A filter that
/// it does not know is removed. Returns what to tell the user of it.
fn read_filters_again(model: &mut Model) -> Option<String> {
    // A filter that is being typed is read again below.
    model.restore_filter();
    let networks = model.filter_networks();
    let before = model.log.filter().map(|filter| filter.as_str().to_owned());
    let read = before.as_deref().map(|text| networks.parse(text)).transpose();
    let lost = read.as_ref().err().map(|error| {
        let text = before.as_deref().unwrap_or_default();
        format!("the filter {text} of the traffic was removed, because {error}")
    });
    model.log.set_filter(read.unwrap_or_default());
    model.saved_filters.read_for(networks);
    model.preview_draft();
    lost
}

fn name_of(model: &Model, network: usize) -> Option<String> {
    model.networks.get(network).map(|network| network.description.network.to_string())
}

/// Drops what would call the node of the run before.
fn drop_requests(model: &mut Model, position: usize, run: Run) {
    model.undo.forget_run(run);
    model.sending.take_if(|(network, _)| *network == position);
    model.editing.take_if(|editing| editing.network == position);
    model.question.take_if(|question| question.is_about(position, run));
    model.stopping.take_if(|stopping| stopping.network == position);
    model.stop_choices.forget(position);
}

/// Drops what lies over the lists of the network that is shown, and what was found for the line.
fn drop_overlays(model: &mut Model) {
    model.overlay.take_if(|overlay| overlay.shows_item());
    model.palette = None;
    model.frozen = None;
    model.assist = Assist::default();
    if model.pane == Pane::Column && model.list_of(Pane::Column).is_none() {
        model.pane = Pane::Peers;
    }
}

/// Drops what was measured by a clock that has gone back.
fn forget_times(model: &mut Model) {
    for network in model.networks.iter_mut() {
        network.figures.reset();
        network.panes.iter_mut().for_each(|pane| pane.begin_again());
    }
    model.undo = clacks_session::undo::Undo::default();
    model.notice = None;
    model.frozen = None;
}
