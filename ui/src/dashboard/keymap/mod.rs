//! Every key and the command that it is bound to. The keys' handling, the hints at the bottom, the help and the
//! README's list are all made from one table.

use std::{borrow::Cow, collections::HashMap};

use super::layout::Pane;

mod key;
mod table;

pub(crate) use key::Key;

/// What keys do.
#[derive(Debug, Clone)]
pub(crate) struct Keymap {
    bindings: Vec<Binding>,
    /// Which binding a key has in a place.
    bound: HashMap<(Place, Key), usize>,
}

/// A command and the keys that run it.
#[derive(Debug, Clone)]
pub(crate) struct Binding {
    /// The keys and where they work, the first of which is the one to hint at.
    pub(crate) keys: Vec<(Place, Key)>,
    /// The line that is run; `{peer}` and `{message}` stand for what is selected, `{key}` for the
    /// key that was pressed.
    pub(crate) command: Cow<'static, str>,
    /// For the hints; empty if it is not to be hinted at.
    pub(crate) hint: Cow<'static, str>,
    /// For the help.
    pub(crate) does: Cow<'static, str>,
}

/// Where keys go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// Each of the lists, while it has the focus.
    Peers,
    Queue,
    Traffic,
    /// While something lies over the lists.
    Overlay,
    /// While the list of what can be done is open.
    Menu,
    /// While the input has the focus.
    Input,
}

impl From<Pane> for Place {
    fn from(pane: Pane) -> Self {
        match pane {
            Pane::Peers => Self::Peers,
            Pane::Queue => Self::Queue,
            Pane::Traffic => Self::Traffic,
        }
    }
}

impl Default for Keymap {
    fn default() -> Self {
        let mut keymap = Self { bindings: Vec::new(), bound: HashMap::new() };
        for row in table::ROWS {
            // A test sees to it that every name in the table is a key.
            let keys: Vec<Key> = row.keys.split(' ').filter_map(|key| key.parse().ok()).collect();
            keymap.push(Binding {
                keys: row.places.iter().flat_map(|place| keys.iter().map(|key| (*place, *key))).collect(),
                command: row.command.into(),
                hint: row.hint.into(),
                does: row.does.into(),
            });
        }
        keymap
    }
}

impl Keymap {
    /// Every command that a key is bound to, in the order in which hints and help list them.
    pub(crate) fn bindings(&self) -> &[Binding] {
        &self.bindings
    }

    /// What a key does in a place.
    pub(crate) fn find(&self, place: Place, key: Key) -> Option<&Binding> {
        let index = |key| self.bound.get(&(place, key));
        let index = index(key).or_else(|| index(key.without_shift()?))?;
        self.bindings.get(*index)
    }

    /// The name of the key that runs a command in a place; the command itself if there is none.
    pub(crate) fn name_of(&self, place: Place, command: &str) -> String {
        let binding = self.bindings.iter().find(|binding| binding.command == command);
        let key = binding.and_then(|binding| binding.keys_at(place).first().copied());
        key.map_or_else(|| command.to_owned(), |key| key.to_string())
    }

    fn push(&mut self, binding: Binding) {
        let index = self.bindings.len();
        self.bound.extend(binding.keys.iter().map(|bound| (*bound, index)));
        self.bindings.push(binding);
    }
}

impl Binding {
    /// The keys in the places that this holds for, without those named already.
    pub(crate) fn keys_in(&self, is_there: impl Fn(Place) -> bool) -> Vec<Key> {
        let mut keys = Vec::new();
        for (_, key) in self.keys.iter().filter(|(place, _)| is_there(*place)) {
            if !keys.contains(key) {
                keys.push(*key);
            }
        }
        keys
    }

    /// The keys that work in a place, the first of which is the one to hint at.
    pub(crate) fn keys_at(&self, place: Place) -> Vec<Key> {
        self.keys_in(|other| other == place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;

    #[test]
    fn every_name_in_the_table_is_a_key_and_none_is_bound_twice_in_a_place() {
        let mut seen = HashMap::new();
        for row in table::ROWS {
            for (name, place) in
                row.keys.split(' ').flat_map(|key| row.places.iter().map(move |place| (key, place)))
            {
                let key: Key = name.parse().unwrap_or_else(|error| panic!("{error}"));
                let other = seen.insert((*place, key), row);
                assert!(other.is_none(), "{name} in {place:?}: {row:?} and {other:?}");
            }
        }
    }

    #[test]
    fn every_key_is_bound_to_a_command_that_there_is() {
        for binding in Keymap::default().bindings() {
            let line =
                binding.command.replace("{peer}", "tower:1").replace("{message}", "1").replace("{key}", "1");
            assert!(Command::parse(&line).is_ok(), "{}", binding.command);
        }
    }

    #[test]
    fn letters_are_text_where_text_is_written_and_control_c_leads_out_of_everywhere() {
        let keymap = Keymap::default();
        for binding in keymap.bindings() {
            assert!(!binding.keys_at(Place::Input).iter().any(|key| key.is_text()), "{binding:?}");
        }
        for (place, command) in [
            (Place::Peers, ":quit"),
            (Place::Queue, ":quit"),
            (Place::Traffic, ":quit"),
            (Place::Overlay, ":close"),
            (Place::Menu, ":close"),
            (Place::Input, ":clear"),
        ] {
            assert_eq!(keymap.find(place, Key::LEAVE).map(|binding| &*binding.command), Some(command));
        }
    }

    #[test]
    fn shift_with_a_key_that_has_no_other_meaning_changes_nothing() {
        use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

        let key = KeyEvent::new(KeyCode::Up, KeyModifiers::SHIFT);
        let keymap = Keymap::default();
        assert_eq!(keymap.find(Place::Peers, key.into()).map(|binding| &*binding.command), Some(":up"));
    }
}
