//! A question that stands in the place of the input until the next key, which answers it.

use clacks_feed::Call;
use clacks_source::shutdown::UnsentCounts;
use crossterm::event::KeyCode;

use super::{command_words::request_phrase, key::Key, message::Effect, network::Network};

/// Question to the user. It receives the next key.
///
/// The effects of each answer are fixed when the question is asked, because the selection can change before the answer
/// comes. Any other key means no, and so does a click. A paste is no answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Confirmation {
    /// Label of the input line while the question is open, one word.
    pub label: &'static str,
    /// Text of the question, with the keys that answer it.
    pub text: String,
    /// Keys other than no, and what they do.
    answers: Vec<(Key, Vec<Effect>)>,
    /// The paste that it is about, if it is about one.
    pasted: Option<String>,
}

impl Confirmation {
    /// Creates a question to which every key means no.
    pub fn new(label: &'static str, text: String) -> Self {
        Self { label, text, answers: Vec::new(), pasted: None }
    }

    /// Lets a key do something instead of meaning no.
    pub(crate) fn with_answer(mut self, key: Key, effects: Vec<Effect>) -> Self {
        self.answers.push((key, effects));
        self
    }

    /// The same about a paste.
    pub(crate) fn about_paste(self, pasted: String) -> Self {
        Self { pasted: Some(pasted), ..self }
    }

    /// The paste that it is about.
    pub(crate) fn pasted(&self) -> Option<&str> {
        self.pasted.as_deref()
    }

    /// What is to become of the messages that would be lost.
    pub(crate) fn before_leaving(at_stake: UnsentCounts, columns: u16) -> Self {
        let mut question = Self::new("QUIT?", leaving(at_stake, columns))
            .with_answer(plain('q'), vec![Effect::Quit])
            .with_answer(Key::CTRL_C, vec![Effect::Quit]);
        let UnsentCounts { waiting, held, is_anybody_there } = at_stake;
        if waiting > 0 && is_anybody_there {
            question = question.with_answer(plain('s'), vec![Effect::StartDrain { with_held: false }]);
        }
        if held > 0 && is_anybody_there {
            question = question.with_answer(plain('a'), vec![Effect::StartDrain { with_held: true }]);
        }
        question
    }

    /// Whether to leave, where nothing would be lost.
    pub(crate) fn before_interrupting() -> Self {
        Self::new("QUIT?", "Ctrl-C again leaves, else stay".to_owned())
            .with_answer(Key::CTRL_C, vec![Effect::RequestQuit])
            .with_answer(plain('q'), vec![Effect::RequestQuit])
    }

    /// Asks before making a call that affects `count` items.
    pub fn before(network: &Network, count: usize, call: Call) -> Self {
        let text = format!("{}? y/n", request_phrase(network, &call, count));
        Self::new("SURE?", text).with_answer(plain('y'), vec![Effect::Call(call)])
    }

    /// Whether an answer to it stops the program.
    pub(crate) fn is_about_leaving(&self) -> bool {
        let leaves = |effect: &Effect| matches!(effect, Effect::Quit | Effect::RequestQuit);
        self.answers.iter().any(|(_, effects)| effects.iter().any(leaves))
    }

    /// Asks before making a call that the network always wants confirmed.
    pub(crate) fn before_one(network: &Network, item: &str, call: Call) -> Self {
        let text = match network.spec(&call.command).map(|spec| spec.ask.as_str()) {
            Some(verb) if !verb.contains(' ') => format!("y {verb}s {item}, else it stays"),
            Some(verb) => format!("{verb} {item}? y/n"),
            None => format!("{} {item}? y/n", call.command),
        };
        Self::new("SURE?", text).with_answer(plain('y'), vec![Effect::Call(call)])
    }

    /// Returns the effects of a key. None if the key means no.
    pub fn answered(self, key: Key) -> Vec<Effect> {
        let answer = self.answers.into_iter().find(|(answer, _)| *answer == key);
        answer.map(|(_, effects)| effects).unwrap_or_default()
    }
}

fn plain(character: char) -> Key {
    Key::plain(KeyCode::Char(character))
}

/// The question before leaving in as many words as there is room for.
fn leaving(at_stake: UnsentCounts, columns: u16) -> String {
    let UnsentCounts { waiting, held, is_anybody_there } = at_stake;
    let all = at_stake.all();
    let drops = format!("q drops {all} {}, else stay", if all == 1 { "message" } else { "messages" });
    let them = if all == 1 { "it" } else { "them" };
    match (is_anybody_there, waiting, held) {
        _ if columns < 40 => match (is_anybody_there, waiting) {
            (false, _) => format!("q drops {all}"),
            (true, 0) => format!("q drops {all}, a sends"),
            (true, _) => format!("q drops {all}, s sends"),
        },
        (false, ..) if columns < 80 => drops,
        (false, ..) => format!("{drops}  (nobody is there to take {them})"),
        (true, _, 0) if columns < 80 => format!("s hand on, q drop {all}, else stay"),
        (true, _, 0) => format!("s hands {them} on first, {drops}"),
        (true, 0, _) if columns < 80 => format!("a hand on {held} held, q drop"),
        (true, 0, _) => format!("a hands on what is held first, {drops}"),
        (true, ..) if columns < 80 => format!("s hand on {waiting}, a +{held} held, q drop"),
        (true, ..) => format!("s hands on {waiting} first, a the {held} held too, {drops}"),
    }
}
