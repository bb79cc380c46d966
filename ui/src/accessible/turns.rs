//! The input line, and output that waits while a line is being typed.

use std::collections::VecDeque;

use clacks_text::charset::Charset;

use super::{
    keyboard::columns,
    tab::Tab,
    typing::{LineEditor, Typed},
};

/// Maximum number of sentences that wait while a line is being typed. Above it the oldest are dropped and counted.
const MOST_WAITING: usize = 100;

/// A part of the output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TurnResult {
    Sentence(String),
    /// The echo of typed keys, without a line break.
    Echo(String),
}

/// The input line and the waiting sentences.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    editor: LineEditor,
    waiting: VecDeque<String>,
    left_out: usize,
}

impl Turns {
    /// Creates a line with this handler of Tab.
    pub(crate) fn new(tab: fn(&str) -> Option<Tab>, charset: Charset) -> Self {
        Self { editor: LineEditor::new(tab, charset), ..Self::default() }
    }

    /// Sentences to write now: none while a line is being typed; they then wait.
    pub(crate) fn happened(&mut self, sentences: Vec<String>) -> Vec<TurnResult> {
        if self.editor.is_empty() {
            return sentences.into_iter().map(TurnResult::Sentence).collect();
        }
        self.waiting.extend(sentences);
        let too_many = self.waiting.len().saturating_sub(MOST_WAITING);
        self.waiting.drain(..too_many);
        self.left_out += too_many;
        Vec::new()
    }

    /// Whether a line is being typed, so that sentences wait.
    pub(crate) fn is_typing(&self) -> bool {
        !self.editor.is_empty()
    }

    /// Prepares for keys: reads the width of the terminal.
    pub(crate) fn begin(&mut self) {
        self.editor.set_columns(columns());
    }

    pub(crate) fn press(&mut self, keys: &[u8]) -> Vec<Typed> {
        self.editor.press(keys)
    }

    /// The waiting sentences, if no line is being typed.
    pub(crate) fn end(&mut self) -> Vec<TurnResult> {
        if !self.editor.is_empty() {
            return Vec::new();
        }
        let left_out = std::mem::take(&mut self.left_out);
        let told = (left_out > 0)
            .then(|| format!("{left_out} more happened while you typed; :traffic tells the last of it."));
        told.into_iter().chain(self.waiting.drain(..)).map(TurnResult::Sentence).collect()
    }

    /// Discards the line, as Ctrl-C does. Returns the output; `None` if no line was being typed.
    pub(crate) fn abandon(&mut self) -> Option<Vec<TurnResult>> {
        if self.editor.is_empty() {
            return None;
        }
        self.editor.abandon();
        let mut told = vec![TurnResult::Echo("\n".to_owned())];
        told.extend(self.end());
        Some(told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(number: usize) -> Vec<String> {
        vec![format!("{number}.")]
    }

    fn told(told: Vec<TurnResult>) -> Vec<String> {
        told.into_iter()
            .map(|told| match told {
                TurnResult::Sentence(sentence) => sentence,
                TurnResult::Echo(text) => panic!("{text:?}"),
            })
            .collect()
    }

    #[test]
    fn sentences_wait_for_the_end_of_the_line() {
        for end in [&b"\r"[..], b"\x15", b"\x7f\x7f", b"\x17"] {
            let mut turns = Turns::default();
            assert_eq!(told(turns.happened(sentence(0))), ["0."]);
            for key in b"hi" {
                turns.press(&[*key]);
                assert_eq!(turns.happened(sentence(usize::from(*key))), []);
                assert_eq!(turns.end(), []);
            }
            turns.press(end);
            assert_eq!(told(turns.end()), ["104.", "105."], "{end:?}");
            assert_eq!(told(turns.happened(sentence(1))), ["1."]);
        }
    }

    #[test]
    fn the_newest_sentences_wait_and_older_ones_are_counted() {
        let mut turns = Turns::default();
        turns.press(b"x");
        (0..MOST_WAITING + 7).for_each(|number| drop(turns.happened(sentence(number))));
        turns.press(b"\r");
        let told = told(turns.end());
        assert_eq!(told.len(), MOST_WAITING + 1);
        assert!(told[0].starts_with("7 more happened") && told[1] == "7.", "{told:?}");
        assert_eq!(turns.end(), []);
    }

    #[test]
    fn discarding_the_line_releases_waiting_sentences() {
        let mut turns = Turns::default();
        assert_eq!(turns.abandon(), None);
        turns.press(b"x");
        turns.happened(sentence(1));
        let told = turns.abandon().unwrap();
        assert_eq!(told, [TurnResult::Echo("\n".to_owned()), TurnResult::Sentence("1.".to_owned())]);
    }
}
