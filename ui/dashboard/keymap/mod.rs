//! The keys and their commands. Key handling, hints, help and the table in docs/keys.md are made from one table.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use clacks_language::command;
use clacks_panes::Content;
use clacks_text::charset::Charset;
use user::UserKeys;

use super::state::{key::Key, layout::Pane, overlay::OpenOverlay};

pub mod table;
pub mod user;

/// Key bindings by context.
#[derive(Debug, Clone)]
pub struct Keymap {
    bindings: Vec<Binding>,
    /// Index of the binding of each key.
    by_key: HashMap<(KeyContext, Key), usize>,
    /// Keys that the user disabled.
    unbound: HashSet<(KeyContext, Key)>,
}

/// Binding of a command: its keys, contexts and help.
#[derive(Debug, Clone)]
pub struct Binding {
    /// Keys with their contexts. The first one is shown in hints.
    pub keys: Vec<(KeyContext, Key)>,
    /// Contexts of the binding, including those without a key.
    contexts: Vec<KeyContext>,
    /// Command line to run. `{peer}` and `{message}` are replaced by the selection, `{key}` by the pressed key.
    pub command: Cow<'static, str>,
    /// Text of the hint. Empty if the command has no hint.
    pub hint: Cow<'static, str>,
    /// Text of the help.
    pub help: Cow<'static, str>,
}

/// Context in which a key has a binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyContext {
    /// Peer list, while it has the focus.
    Peers,
    /// Queue, while it has the focus.
    Queue,
    /// Traffic, while it has the focus.
    Traffic,
    /// The picture at the right of the traffic, while it has the focus.
    Column,
    /// A picture with a selection over the lists, while it is open.
    OpenPicture,
    /// Overlay, while it is open.
    Overlay,
    /// Search in an overlay, while it is typed.
    Search,
    /// Palette of available commands, while it is open.
    Palette,
    /// Held messages, while they are open.
    Held,
    /// Input line, while it has the focus.
    Input,
    /// Choice of a completion. Keys without a binding here work as in the input line.
    Choices,
    /// Search in the history, while it is open.
    HistorySearch,
    /// Replay, wherever no text is written. Applies only to keys without another binding there.
    Replay,
}

impl From<Pane> for KeyContext {
    fn from(pane: Pane) -> Self {
        match pane {
            Pane::Peers => Self::Peers,
            Pane::Queue => Self::Queue,
            Pane::Traffic => Self::Traffic,
            Pane::Column => Self::Column,
        }
    }
}

impl From<OpenOverlay> for KeyContext {
    fn from(overlay: OpenOverlay) -> Self {
        match overlay {
            OpenOverlay::Held => Self::Held,
            OpenOverlay::Pane(spec) if matches!(spec.content, Content::Selection(_)) => Self::OpenPicture,
            _ => Self::Overlay,
        }
    }
}

impl Default for Keymap {
    fn default() -> Self {
        let mut keymap = Self { bindings: Vec::new(), by_key: HashMap::new(), unbound: HashSet::new() };
        for row in table::ROWS {
            // A test verifies that every name in the table is a key.
            let keys: Vec<Key> = row.keys.split(' ').filter_map(|key| key.parse().ok()).collect();
            keymap.push(Binding {
                keys: row.places.iter().flat_map(|place| keys.iter().map(|key| (*place, *key))).collect(),
                contexts: row.places.to_vec(),
                command: row.command.into(),
                hint: row.hint.into(),
                help: row.does.into(),
            });
        }
        keymap
    }
}

impl Keymap {
    /// Returns these bindings, changed by the bindings of the user.
    pub fn with_user_keys(mut self, keys: &UserKeys) -> Self {
        for (table, key, line) in keys.iter() {
            for place in table.contexts() {
                self.unbind(*place, key);
                match self.index_of_command(*place, line) {
                    _ if line.is_empty() => drop(self.unbound.insert((*place, key))),
                    Some(index) => self.bind(*place, key, index),
                    None => {
                        self.bindings.push(self.user_binding(table.contexts(), line));
                        self.bind(*place, key, self.bindings.len() - 1);
                    }
                }
            }
        }
        self
    }

    fn unbind(&mut self, place: KeyContext, key: Key) {
        self.unbound.remove(&(place, key));
        if let Some(binding) =
            self.by_key.remove(&(place, key)).and_then(|index| self.bindings.get_mut(index))
        {
            binding.keys.retain(|bound| *bound != (place, key));
        }
    }

    fn bind(&mut self, place: KeyContext, key: Key, index: usize) {
        self.by_key.insert((place, key), index);
        self.bindings[index].keys.push((place, key));
    }

    /// Returns the index of the binding of a command in a context.
    fn index_of_command(&self, place: KeyContext, line: &str) -> Option<usize> {
        let is_there = |binding: &Binding| binding.command == line && binding.contexts.contains(&place);
        self.bindings.iter().position(is_there)
    }

    /// Returns a binding without keys for a command of the user. It gets the help of the same command in other
    /// contexts. The help of another command of a network is not known here, so it is empty.
    fn user_binding(&self, places: &[KeyContext], line: &str) -> Binding {
        let known = self.bindings.iter().find(|binding| binding.command == line);
        let name = line.trim_start_matches(':').split_whitespace().next().unwrap_or_default();
        let told = || command::spec(name).map_or("", |spec| spec.help).into();
        let does = known.map_or_else(told, |binding| binding.help.clone());
        Binding {
            keys: Vec::new(),
            contexts: places.to_vec(),
            command: line.to_owned().into(),
            hint: "".into(),
            help: does,
        }
    }

    /// Whether the user disabled a key, including the effect that it has without a binding.
    pub(crate) fn is_unbound(&self, place: KeyContext, key: Key) -> bool {
        self.unbound.contains(&(place, key))
    }

    /// Returns all bindings, in the order of hints and help.
    pub fn bindings(&self) -> &[Binding] {
        &self.bindings
    }

    /// Returns the binding of a key in a context. A key with Shift falls back to the key without Shift.
    pub fn find(&self, place: KeyContext, key: Key) -> Option<&Binding> {
        if self.is_unbound(place, key) {
            return None;
        }
        let index = |key| self.by_key.get(&(place, key));
        let index = index(key).or_else(|| index(key.without_shift()?))?;
        self.bindings.get(*index)
    }

    /// Returns the name of the key that runs a command in a context, or the command if it has no key there. Instead of a
    /// command that begins a line, that line is returned.
    pub(crate) fn key_name(&self, place: KeyContext, command: &str, charset: Charset) -> String {
        let mut bindings = self.bindings.iter().filter(|binding| binding.command == command);
        let key = bindings.find_map(|binding| binding.keys_in(place).first().copied());
        let typed = || command.strip_prefix(":prompt ").map_or(command, str::trim_end).to_owned();
        key.map_or_else(typed, |key| key.name(charset))
    }

    fn push(&mut self, binding: Binding) {
        let index = self.bindings.len();
        self.by_key.extend(binding.keys.iter().map(|bound| (*bound, index)));
        self.bindings.push(binding);
    }
}

impl Binding {
    /// Returns the keys in the contexts for which `is_there` is true, without duplicates.
    pub fn keys_where(&self, is_there: impl Fn(KeyContext) -> bool) -> Vec<Key> {
        let mut keys = Vec::new();
        for (_, key) in self.keys.iter().filter(|(place, _)| is_there(*place)) {
            if !keys.contains(key) {
                keys.push(*key);
            }
        }
        keys
    }

    /// Returns the keys in a context. The first one is for hints.
    pub(crate) fn keys_in(&self, place: KeyContext) -> Vec<Key> {
        self.keys_where(|other| other == place)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use clacks_language::command::Command;
    use clacks_p2p_feed::description::describe;

    use super::{user::UserKeys, *};

    #[test]
    fn every_key_in_the_table_is_valid_and_bound_once_per_context() {
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
    fn every_key_is_bound_to_an_existing_command() {
        for binding in Keymap::default().bindings() {
            let line =
                binding.command.replace("{peer}", "tower:1").replace("{message}", "1").replace("{key}", "1");
            let parsed = Command::parse_bound(&line, &describe("tower:1".into()));
            assert!(parsed.is_ok(), "{}", binding.command);
        }
    }

    #[test]
    fn letters_are_text_in_text_contexts_and_control_c_leaves_every_context() {
        let keymap = Keymap::default();
        for binding in keymap.bindings() {
            for place in [
                KeyContext::Input,
                KeyContext::Choices,
                KeyContext::HistorySearch,
                KeyContext::Palette,
                KeyContext::Search,
            ] {
                let letters = binding.keys_in(place).into_iter().filter(|key| key.is_character());
                // The key that opens the palette also closes it.
                assert!(letters.map(|key| key.to_string()).all(|key| key == "?"), "{binding:?}");
            }
        }
        for (place, command) in [
            (KeyContext::Peers, ":interrupt"),
            (KeyContext::Queue, ":interrupt"),
            (KeyContext::Traffic, ":interrupt"),
            (KeyContext::Overlay, ":close"),
            (KeyContext::Search, ":clear"),
            (KeyContext::Palette, ":close"),
            (KeyContext::Input, ":clear"),
            (KeyContext::Choices, ":take-back"),
            (KeyContext::HistorySearch, ":take-back"),
        ] {
            assert_eq!(keymap.find(place, Key::CTRL_C).map(|binding| &*binding.command), Some(command));
        }
    }

    #[test]
    fn an_unbound_shift_key_works_like_the_plain_key() {
        use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

        let key = KeyEvent::new(KeyCode::Up, KeyModifiers::SHIFT);
        let keymap = Keymap::default();
        assert_eq!(keymap.find(KeyContext::Peers, key.into()).map(|binding| &*binding.command), Some(":up"));
    }

    fn read_keys<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<UserKeys, D::Error> {
        UserKeys::read(deserializer, &[Arc::new(describe("tower:1".into()))])
    }

    fn rebound(text: &str) -> Keymap {
        #[derive(serde::Deserialize)]
        struct File {
            #[serde(deserialize_with = "read_keys")]
            keys: UserKeys,
        }
        Keymap::default().with_user_keys(&clacks_text::toml::parse::<File>(text).unwrap().keys)
    }

    fn line(keymap: &Keymap, place: KeyContext, key: &str) -> Option<String> {
        keymap.find(place, key.parse().unwrap()).map(|binding| binding.command.to_string())
    }

    #[test]
    fn a_user_key_replaces_the_default_in_its_context_only() {
        let keymap = rebound("[keys.peers]\n'I' = ':redraw'\n'q' = ''\n[keys.lists]\n'pgup' = ':quit'");
        assert_eq!(line(&keymap, KeyContext::Peers, "I"), Some(":redraw".into()));
        assert_eq!(line(&keymap, KeyContext::Traffic, "I"), Some(":ignore {peer}".into()));
        assert_eq!(
            (line(&keymap, KeyContext::Peers, "q"), line(&keymap, KeyContext::Queue, "q")),
            (None, Some(":quit".into()))
        );
        assert_eq!(line(&keymap, KeyContext::Overlay, "pgup"), Some(":page-up".into()));
        let quit = keymap.bindings().iter().find(|binding| binding.command == ":quit").unwrap();
        assert_eq!(quit.keys_in(KeyContext::Peers), ["pgup".parse().unwrap()]);
        let page_up = keymap.bindings().iter().find(|binding| binding.command == ":page-up").unwrap();
        assert_eq!(
            page_up.keys_in(KeyContext::Queue),
            ["ctrl-b".parse().unwrap()],
            "it is not told of any more"
        );
    }

    #[test]
    fn a_narrow_table_overrides_a_wide_table() {
        let keymap = rebound("[keys.queue]\n'n' = ':top'\n[keys.lists]\n'n' = ':bottom'");
        assert_eq!(line(&keymap, KeyContext::Queue, "n"), Some(":top".into()));
        assert_eq!(line(&keymap, KeyContext::Peers, "n"), Some(":bottom".into()));
    }

    #[test]
    fn a_user_binding_gets_the_help_of_its_command() {
        let keymap = rebound("[keys.lists]\n'n' = ':motion off'");
        let binding = keymap.find(KeyContext::Peers, "n".parse().unwrap()).unwrap();
        assert_eq!(binding.help, command::spec("motion").unwrap().help);
        assert_eq!(binding.keys_in(KeyContext::Traffic).len(), 1);
    }

    #[test]
    fn no_configuration_can_unbind_control_c() {
        for binding in Keymap::default().bindings() {
            // A character cannot be bound where text is typed.
            let is_fixed = |place: KeyContext, key: Key| {
                key == Key::CTRL_C || place == KeyContext::Palette && key.is_character()
            };
            for (place, key) in binding.keys.iter().filter(|(place, key)| !is_fixed(*place, *key)) {
                let table = user::Table::ALL.into_iter().find(|table| table.contexts().contains(place));
                let keymap =
                    rebound(&format!("[keys.{}]\n{:?} = ''", table.unwrap().name(), key.to_string()));
                assert_eq!(line(&keymap, *place, &key.to_string()), None);
                // Keys of a replay work in addition to those of another context.
                assert!(*place == KeyContext::Replay || keymap.find(*place, Key::CTRL_C).is_some());
            }
        }
    }
}
