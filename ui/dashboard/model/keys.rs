//! Keys in the current context: their bindings, and their names.

use super::{Model, focus::FocusOwner};
use crate::{
    keymap::{Binding, KeyContext},
    state::key::Key,
};

impl Model {
    /// Returns the name of the key that runs a command in the last focused list, or the command if it has no key.
    pub(crate) fn key_name(&self, command: &str) -> String {
        self.key_name_in(self.pane.into(), command)
    }

    /// Returns the name of the key that runs a command in a context, or the command if it has no key.
    pub(crate) fn key_name_in(&self, place: KeyContext, command: &str) -> String {
        self.keymap.key_name(place, command, self.charset())
    }

    /// Returns the binding of a key in the current context.
    pub fn binding_for(&self, key: Key) -> Option<&Binding> {
        let owner = self.focus_after_question();
        let place = owner.key_context()?;
        let of_the_line =
            || self.keymap.find(KeyContext::Input, key).filter(|_| place == KeyContext::Choices);
        self.keymap
            .find(place, key)
            // A key without a binding in the popup works as in the input line.
            .or_else(of_the_line)
            .or_else(|| self.has_replay_keys(owner).then(|| self.keymap.find(KeyContext::Replay, key))?)
    }

    /// Returns the keys that run a command now. The first one is for hints.
    pub(crate) fn keys_of(&self, binding: &Binding) -> Vec<Key> {
        let owner = self.focus_after_question();
        let mut keys = owner.key_context().map_or_else(Vec::new, |place| binding.keys_in(place));
        if self.has_replay_keys(owner) {
            keys.extend(binding.keys_in(KeyContext::Replay));
        }
        keys
    }

    /// Whether the keys of a replay work: in a replay, where no text is typed.
    fn has_replay_keys(&self, owner: FocusOwner) -> bool {
        self.replay.is_some() && !owner.is_text_input()
    }
}
