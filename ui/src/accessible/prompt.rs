//! The input line, and output that waits while a line is being typed.

use std::collections::VecDeque;

use clacks_text::charset::Charset;

use super::{
    keyboard::columns,
    line_editor::{LineEditor, Typed},
    tab_completion::OnTab,
};

/// Maximum number of sentences that wait while a line is being typed. Above it the oldest are dropped and counted.
const MAX_WAITING: usize = 100;

/// A part of the output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OutputPart {
    Sentence(String),
    /// The echo of typed keys, without a line break.
    Echo(String),
}

/// The input line and the waiting sentences.
#[derive(Debug, Default)]
pub(crate) struct Prompt {
    editor: LineEditor,
    waiting: VecDeque<String>,
    dropped: usize,
}

impl Prompt {
    /// Creates a line with this handler of Tab.
    pub(crate) fn new(tab: OnTab, charset: Charset) -> Self {
        Self { editor: LineEditor::new(tab, charset), ..Self::default() }
    }

    /// Sentences to write now: none while a line is being typed; they then wait.
    pub(crate) fn announce(&mut self, sentences: Vec<String>) -> Vec<OutputPart> {
        if self.editor.is_empty() {
            return sentences.into_iter().map(OutputPart::Sentence).collect();
        }
        self.waiting.extend(sentences);
        let too_many = self.waiting.len().saturating_sub(MAX_WAITING);
        self.waiting.drain(..too_many);
        self.dropped += too_many;
        Vec::new()
    }

    /// Whether a line is being typed, so that sentences wait.
    pub(crate) fn is_typing(&self) -> bool {
        !self.editor.is_empty()
    }

    /// Prepares for keys: reads the width of the terminal.
    pub(crate) fn update_width(&mut self) {
        self.editor.set_columns(columns());
    }

    pub(crate) fn press(&mut self, keys: &[u8]) -> Vec<Typed> {
        self.editor.press(keys)
    }

    /// The waiting sentences, if no line is being typed.
    pub(crate) fn drain_waiting(&mut self) -> Vec<OutputPart> {
        if !self.editor.is_empty() {
            return Vec::new();
        }
        let dropped = std::mem::take(&mut self.dropped);
        let texts = (dropped > 0)
            .then(|| format!("{dropped} more happened while you typed; :traffic tells the last of it."));
        texts.into_iter().chain(self.waiting.drain(..)).map(OutputPart::Sentence).collect()
    }

    /// Discards the line, as Ctrl-C does. Returns the output; `None` if no line was being typed.
    pub(crate) fn discard(&mut self) -> Option<Vec<OutputPart>> {
        if self.editor.is_empty() {
            return None;
        }
        self.editor.discard();
        let mut texts = vec![OutputPart::Echo("\n".to_owned())];
        texts.extend(self.drain_waiting());
        Some(texts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(number: usize) -> Vec<String> {
        vec![format!("{number}.")]
    }

    fn texts(texts: Vec<OutputPart>) -> Vec<String> {
        texts
            .into_iter()
            .map(|texts| match texts {
                OutputPart::Sentence(sentence) => sentence,
                OutputPart::Echo(text) => panic!("{text:?}"),
            })
            .collect()
    }

    #[test]
    fn sentences_wait_for_the_end_of_the_line() {
        for end in [&b"\r"[..], b"\x15", b"\x7f\x7f", b"\x17"] {
            let mut prompt = Prompt::default();
            assert_eq!(texts(prompt.announce(sentence(0))), ["0."]);
            for key in b"hi" {
                prompt.press(&[*key]);
                assert_eq!(prompt.announce(sentence(usize::from(*key))), []);
                assert_eq!(prompt.drain_waiting(), []);
            }
            prompt.press(end);
            assert_eq!(texts(prompt.drain_waiting()), ["104.", "105."], "{end:?}");
            assert_eq!(texts(prompt.announce(sentence(1))), ["1."]);
        }
    }

    #[test]
    fn the_newest_sentences_wait_and_older_ones_are_counted() {
        let mut prompt = Prompt::default();
        prompt.press(b"x");
        (0..MAX_WAITING + 7).for_each(|number| drop(prompt.announce(sentence(number))));
        prompt.press(b"\r");
        let texts = texts(prompt.drain_waiting());
        assert_eq!(texts.len(), MAX_WAITING + 1);
        assert!(texts[0].starts_with("7 more happened") && texts[1] == "7.", "{texts:?}");
        assert_eq!(prompt.drain_waiting(), []);
    }

    #[test]
    fn discarding_the_line_releases_waiting_sentences() {
        let mut prompt = Prompt::default();
        assert_eq!(prompt.discard(), None);
        prompt.press(b"x");
        prompt.announce(sentence(1));
        let texts = prompt.discard().unwrap();
        assert_eq!(texts, [OutputPart::Echo("\n".to_owned()), OutputPart::Sentence("1.".to_owned())]);
    }
}
