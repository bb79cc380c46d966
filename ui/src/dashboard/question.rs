//! A question that stands in the place of the input until the next key, which answers it.

use clacks_p2p::Address;
use crossterm::event::KeyCode;

use super::{keymap::Key, outcome, update::Effect};
use crate::command::NodeCommand;

/// What the user is asked before anything else. What an answer does is settled when the question is asked, so that it
/// can't be about anything else by the time it comes. A key that is no answer means no, and so does a click or a paste.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Question {
    /// What it is about, in a word.
    pub(crate) label: &'static str,
    /// The question, with the keys that answer it.
    pub(crate) text: String,
    /// Keys other than no, and what they do.
    answers: Vec<(Key, Vec<Effect>)>,
}

impl Question {
    pub(crate) fn new(label: &'static str, text: String) -> Self {
        Self { label, text, answers: Vec::new() }
    }

    /// Lets a key do something instead of meaning no.
    pub(crate) fn with_answer(mut self, key: Key, effects: Vec<Effect>) -> Self {
        self.answers.push((key, effects));
        self
    }

    /// Whether to leave although so many messages would be lost.
    pub(crate) fn before_leaving(here: usize) -> Self {
        let messages = if here == 1 { "message" } else { "messages" };
        let text = format!("q drops {here} {messages}, else stay  (nobody else has them yet)");
        Self::new("QUIT?", text)
            .with_answer(Key::plain(KeyCode::Char('q')), vec![Effect::Quit])
            .with_answer(Key::LEAVE, vec![Effect::Quit])
    }

    /// Whether to do this to so many things that are not marked.
    pub(crate) fn before(count: usize, command: NodeCommand) -> Self {
        let text = format!("{}? y/n", outcome::asked(&command, count));
        Self::new("SURE?", text).with_answer(Key::plain(KeyCode::Char('y')), vec![Effect::Run(command)])
    }

    /// Whether to do this to all that is marked; none for no command.
    pub(crate) fn before_all(commands: Vec<NodeCommand>) -> Option<Self> {
        let asked = outcome::asked(commands.first()?, commands.len());
        let question = Self::new("SURE?", format!("{asked}? y/n"));
        Some(question.with_answer(Key::plain(KeyCode::Char('y')), vec![Effect::RunAll(commands)]))
    }

    /// Whether an answer to it stops the program.
    pub(crate) fn is_about_leaving(&self) -> bool {
        self.answers.iter().any(|(_, effects)| effects.contains(&Effect::Quit))
    }

    /// Whether to forget a peer: what is known of it and its certificate can't be had back.
    pub(crate) fn before_forgetting(peer: Address) -> Self {
        let text = format!("y forgets {peer} and its certificate, else it stays");
        let forgets = vec![Effect::Run(NodeCommand::Forget(peer))];
        Self::new("SURE?", text).with_answer(Key::plain(KeyCode::Char('y')), forgets)
    }

    /// What to do now that this key was pressed.
    pub(crate) fn answered(self, key: Key) -> Vec<Effect> {
        let answer = self.answers.into_iter().find(|(answer, _)| *answer == key);
        answer.map(|(_, effects)| effects).unwrap_or_default()
    }
}
