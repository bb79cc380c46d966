//! A question that stands in the place of the input until the next key, which answers it.

use clacks_feed::{Call, Refusal, Run, description::Takes};
use crossterm::event::KeyCode;

use super::{command_words::request_phrase, key::Key, message::Effect, network::Network, shutdown::STOP};

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

    /// Asks what is to become of a node that refuses to stop, for this reason. Each offer gets a key of its own: see
    /// [`offer_keys`]. An offer of another call than [`STOP`] is made at once, and the program stays. If no offer stops
    /// the node with `q`, that key leaves without a call. Returns whether the question has room for the reason.
    pub(crate) fn before_stopping(
        network: &Network,
        position: usize,
        reason: &str,
        refusal: &Refusal,
        columns: u16,
    ) -> (Self, bool) {
        let mut choices = Vec::new();
        let mut question = Self::new("QUIT?", String::new());
        let keys = offer_keys(network, refusal);
        for (key, (words, call)) in keys.iter().zip(&refusal.offers) {
            choices.push(format!("{key} {words}"));
            let effects = match call.command.as_str() {
                STOP => vec![Effect::ChooseStop(position, Some(call.clone()))],
                _ => vec![Effect::Call(call.clone())],
            };
            question = question.with_leaving_answer(*key, effects);
        }
        if !keys.contains(&'q') {
            choices.push("q leave".to_owned());
            question = question.with_leaving_answer('q', vec![Effect::ChooseStop(position, None)]);
        }
        let room = usize::from(columns).saturating_sub(question.label.len() + 2);
        let all = choices.join(", ");
        let full = format!("{reason}: {all}, else stay");
        let without_reason = format!("{all}, else stay");
        let fits = |text: &str| text.chars().count() <= room;
        // What loses messages comes first where not everything has room.
        let shortest = || {
            let (last, others) = choices.split_last().map_or(("", &[][..]), |(last, others)| (last, others));
            std::iter::once(last).chain(others.iter().map(String::as_str)).collect::<Vec<_>>().join(", ")
        };
        let has_reason = fits(&full);
        let text = match [full, without_reason, all].into_iter().find(|text| fits(text)) {
            Some(text) => text,
            None => shortest(),
        };
        (Self { text, ..question }, has_reason)
    }

    /// Lets a key do something; Ctrl-C does what `q` does.
    fn with_leaving_answer(self, key: char, effects: Vec<Effect>) -> Self {
        let question = if key == 'q' { self.with_answer(Key::CTRL_C, effects.clone()) } else { self };
        question.with_answer(plain(key), effects)
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
        let leaves =
            |effect: &Effect| matches!(effect, Effect::Quit | Effect::RequestQuit | Effect::ChooseStop(..));
        self.answers.iter().any(|(_, effects)| effects.iter().any(leaves))
    }

    /// Whether an answer to it calls the node of the network at a position, in this run.
    pub(crate) fn is_about(&self, position: usize, run: Run) -> bool {
        let calls = |effect: &Effect| match effect {
            Effect::Call(call) => call.run == run,
            Effect::CallAll(calls) => calls.iter().any(|call| call.run == run),
            Effect::ChooseStop(network, _) => *network == position,
            _ => false,
        };
        self.answers.iter().any(|(_, effects)| effects.iter().any(calls))
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

/// The keys of the offers of a node that refuses to stop, each used once. The last offer has `q` if it stops the node.
/// Another offer that stops it has `s` for the first word that the command takes, and `a` for the second, so that it has
/// the same key whichever others there are. All others have digits.
fn offer_keys(network: &Network, refusal: &Refusal) -> Vec<char> {
    let mut keys: Vec<char> = Vec::new();
    for (place, (_, call)) in refusal.offers.iter().enumerate() {
        let is_last = place + 1 == refusal.offers.len();
        let wanted = match call.command.as_str() {
            STOP if is_last => Some('q'),
            STOP => stop_key(network, call, place),
            _ => None,
        };
        let key = wanted.into_iter().chain('1'..='9').chain('A'..='Z').find(|key| !keys.contains(key));
        // Offers behind those have no key.
        let Some(key) = key else { break };
        keys.push(key);
    }
    keys
}

/// The key of a call that stops a node and is not the last offer.
fn stop_key(network: &Network, call: &Call, place: usize) -> Option<char> {
    let words =
        network.spec(&call.command).into_iter().flat_map(|spec| &spec.args).flat_map(|arg| &arg.takes);
    let words = words.filter_map(|takes| if let Takes::Word(words) = takes { Some(words) } else { None });
    let word = words.flatten().position(|word| call.text.untrusted() == word.as_str());
    ['s', 'a'].get(word.unwrap_or(place)).copied()
}
