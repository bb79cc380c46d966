//! Requests to the nodes, and their answers.

use std::time::Instant;

use clacks_feed::{
    Answer, Call, Check, Find, Key, Outcome, Refusal, Request, Row, Text,
    description::{CommandSpec, ListId},
};
use clacks_language::completion::{Found, Need};

use super::{
    ask,
    event_loop::{Dashboard, MAX_CATCH_UP},
};
use crate::{
    state::{
        assist::{AssistQuery, AssistReply},
        editing::Editing,
        message::Msg,
    },
    update::copy,
};

/// What waits for the answer of a node.
#[derive(Debug)]
pub(crate) enum Waiting {
    /// The result of one of several calls that were made together: its place among them.
    Calls(u64, usize),
    /// The result of an undo.
    Undo(Call),
    /// Whether an undo that was refused can be tried again.
    UndoAgain(Call, Refusal),
    /// The check of the line that is being typed.
    Check(AssistQuery),
    /// One of several searches for the line that is being typed, which are made one after the other because a source
    /// carries out only the newest. Those behind it are made after this one.
    Find(Vec<Find>, Vec<Found>),
    /// The text of an item to edit, on the line or in the user's editor.
    Draft {
        /// Item as it was typed or selected.
        item: Key,
        /// Whether the text is for the user's editor.
        in_editor: bool,
    },
    /// The result of sending an edited text.
    Edited(Box<Editing>, String),
    /// Whole texts for the clipboard.
    Copy(ListId),
    /// The result of a command of a replay.
    Replay {
        /// Whether the result is reported. The header shows most of them.
        is_shown: bool,
    },
    /// Whether a node may be stopped by this call.
    MayStop(Call),
    /// The refusal of a node to stop.
    StopRefused,
    /// The result of stopping a node.
    Stop,
    /// The end of the stopping of a node.
    CancelStop {
        /// Whether the user is asked again how to quit.
        then_asks: bool,
    },
    /// Nothing is done with it.
    Nothing,
}

/// Calls that were made together. Their results are reported together.
#[derive(Debug)]
pub(crate) struct Batch {
    calls: Vec<Call>,
    results: Vec<Option<Result<Outcome, Refusal>>>,
}

impl Dashboard {
    /// The position of the network that a call is for.
    pub(crate) fn network_of(&self, call: &Call) -> Option<usize> {
        self.sources.position(call.run)
    }

    /// Begins a request to the node of the network at this position. An answer that is there at once is handled at once.
    pub(crate) fn request(&mut self, network: usize, request: Request, waiting: Waiting) {
        if let Some(number) = self.begin(network, request, waiting) {
            self.settle(network, number);
        }
    }

    fn begin(&mut self, network: usize, request: Request, waiting: Waiting) -> Option<u64> {
        let number = self.sources.get_mut(network)?.request(request);
        self.waiting.insert((network, number), waiting);
        Some(number)
    }

    /// Handles news that are already there, up to the answer with this number, so that a command that takes no time has its
    /// result before the next key.
    fn settle(&mut self, network: usize, number: u64) {
        let began = Instant::now();
        while self.waiting.contains_key(&(network, number)) && began.elapsed() < MAX_CATCH_UP {
            let Some(news) = self.sources.try_next_of(network) else { return };
            self.on_news(network, news);
        }
    }

    /// Makes calls for the same network, one after the other. Their results are reported together.
    pub(crate) fn make_calls(&mut self, network: usize, calls: Vec<Call>) {
        self.batch_number += 1;
        let batch = self.batch_number;
        let results = calls.iter().map(|_| None).collect();
        self.batches.insert(batch, Batch { calls: calls.clone(), results });
        let mut last = None;
        for (place, call) in calls.into_iter().enumerate() {
            last = self.begin(network, Request::Call(call), Waiting::Calls(batch, place));
        }
        last.into_iter().for_each(|last| self.settle(network, last));
    }

    /// Asks a node about the line that is being typed. Until it answers, nothing speaks against the line.
    pub(crate) fn check_line(&mut self, network: usize, query: AssistQuery, call: Call) {
        self.request(network, Request::Check(call), Waiting::Check(query.clone()));
        let is_open =
            self.waiting.values().any(|waiting| matches!(waiting, Waiting::Check(open) if *open == query));
        if is_open {
            self.reply_to_line(query, None);
        }
    }

    /// Replies to a query about the line that is being typed.
    pub(crate) fn reply_to_line(&mut self, query: AssistQuery, precheck_error: Option<String>) {
        self.dispatch(Msg::AssistReplied(AssistReply { query, precheck_error }));
    }

    /// Makes the next of several searches in the network that is shown. `found`: what the earlier ones have found.
    pub(crate) fn find(&mut self, finds: Vec<Find>, found: Vec<Found>) {
        match finds.get(found.len()) {
            Some(next) => {
                let (network, next) = (self.model.networks.position(), Request::Find(next.clone()));
                self.request(network, next, Waiting::Find(finds, found));
            }
            None => self.dispatch(Msg::ItemsFound(Need::Items(finds), found)),
        }
    }

    /// Handles the answer to a request.
    pub(crate) fn on_answer(&mut self, network: usize, number: u64, answer: Answer) {
        let Some(waiting) = self.waiting.remove(&(network, number)) else { return };
        match waiting {
            Waiting::Calls(batch, place) => self.on_call_result(network, batch, place, result(answer)),
            Waiting::Undo(call) => self.on_undone(network, call, result(answer)),
            Waiting::UndoAgain(call, refusal) => {
                // A newer check can have replaced it.
                let can_work = matches!(answer, Answer::Checked(Check::Works) | Answer::Replaced);
                self.dispatch(Msg::Undone(Err(refusal), can_work.then_some(call)));
            }
            Waiting::Check(query) => self.on_checked(network, query, answer),
            Waiting::Find(finds, found) => self.on_found(network, finds, found, answer),
            Waiting::Draft { item, in_editor } => self.on_draft(network, item, in_editor, result(answer)),
            Waiting::Edited(editing, text) => self.on_edited(*editing, &text, result(answer)),
            Waiting::Copy(list) => match answer {
                Answer::Rows(rows) => self.copy_rows(network, list, &rows),
                Answer::Refused(reason) => self.report_failure(&reason),
                _ => {}
            },
            Waiting::Replay { is_shown } => self.on_replay_answer(is_shown, result(answer)),
            Waiting::MayStop(stop) => self.on_may_stop(network, stop, &answer),
            Waiting::StopRefused => self.on_stop_refused(network, result(answer)),
            Waiting::Stop => self.dispatch(Msg::Stopped(network, result(answer))),
            Waiting::CancelStop { then_asks } => self.on_stop_cancelled(then_asks, result(answer)),
            Waiting::Nothing => {}
        }
    }

    fn on_call_result(&mut self, network: usize, batch: u64, place: usize, result: Result<Outcome, Refusal>) {
        let Some(open) = self.batches.get_mut(&batch) else { return };
        if let Some(slot) = open.results.get_mut(place) {
            *slot = Some(result);
        }
        if open.results.iter().all(Option::is_some)
            && let Some(Batch { calls, results }) = self.batches.remove(&batch)
        {
            let results = calls.into_iter().zip(results.into_iter().flatten()).collect();
            self.dispatch(Msg::Called(network, results));
        }
    }

    fn on_undone(&mut self, network: usize, call: Call, result: Result<Outcome, Refusal>) {
        match result {
            Ok(outcome) => self.dispatch(Msg::Undone(Ok(outcome), None)),
            Err(refusal) => {
                self.request(network, Request::Check(call.clone()), Waiting::UndoAgain(call, refusal));
            }
        }
    }

    fn on_checked(&mut self, network: usize, query: AssistQuery, answer: Answer) {
        if network != self.model.networks.position() {
            return;
        }
        let reason = match answer {
            Answer::Checked(Check::Wrong(reason)) => Some(reason.untrusted().to_owned()),
            Answer::Checked(Check::Begun) => self.needs(network, &query),
            Answer::Checked(Check::Works) => None,
            // A newer line is being checked.
            _ => return,
        };
        self.reply_to_line(query, reason);
    }

    fn on_found(&mut self, network: usize, finds: Vec<Find>, mut found: Vec<Found>, answer: Answer) {
        // Otherwise a newer line is being completed, or one of another network.
        if network == self.model.networks.position()
            && let (Answer::Found { rows, .. }, Some(find)) = (answer, finds.get(found.len()))
        {
            found.push(Found { list: find.list, rows });
            self.find(finds, found);
        }
    }

    /// What is missing behind a command that is begun.
    fn needs(&self, network: usize, query: &AssistQuery) -> Option<String> {
        let network = self.model.networks.get(network)?;
        network.spec(&ask::call_to_check(network, query.command.as_ref()?)?.command).map(CommandSpec::needs)
    }

    pub(crate) fn report_failure(&mut self, reason: &Text) {
        let error = crate::state::errors::EffectError::Other(reason.untrusted().to_owned());
        self.dispatch(Msg::EffectDone(Err(error)));
    }

    /// Copies the texts of items, one per line.
    fn copy_rows(&mut self, network: usize, list: ListId, rows: &[Option<Row>]) {
        let Some(network) = self.model.networks.get(network) else { return };
        let texts = rows.iter().flatten().map(|row| copy::item_text(network, list, row));
        let text = clacks_terminal::clipboard::Text::new(&texts.collect::<Vec<_>>().join("\n"));
        self.copy(text);
    }

    fn on_replay_answer(&mut self, is_shown: bool, result: Result<Outcome, Refusal>) {
        match result {
            Ok(outcome) if is_shown => {
                self.dispatch(Msg::EffectDone(Ok(outcome.text.untrusted().to_owned())));
            }
            Ok(_) => {}
            Err(refusal) => self.report_failure(&refusal.text),
        }
        self.refresh();
    }
}

fn result(answer: Answer) -> Result<Outcome, Refusal> {
    let refused = |reason: Text| Err(Refusal::new(reason));
    match answer {
        Answer::Called(result) => *result,
        Answer::Refused(reason) => refused(reason),
        Answer::Lost => refused("the connection ended; whether it was done is not known".into()),
        _ => refused("the node did not answer".into()),
    }
}
