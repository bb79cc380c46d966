//! Key bindings of the user: the tables `[keys.…]` of the configuration file.

use std::{fmt, sync::Arc};

use clacks_feed::description::{Arg, Description, Role, Takes};
use clacks_language::command::{Argument, Command, CommandError, Known};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, MapAccess, Visitor},
};

use super::KeyContext;
use crate::state::key::Key;

/// Key bindings of the user, by table. A key occurs at most once per table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserKeys(Vec<(Table, Vec<(Key, String)>)>);

/// Table of the configuration file. `lists` and `overlay` are overridden by the narrower tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Table {
    /// All lists: peers, queue, traffic and map.
    Lists,
    /// All overlays, the open map and the held messages among them.
    Overlay,
    /// Search in an overlay.
    Search,
    /// Palette of available commands.
    Menu,
    /// Input line.
    Input,
    /// Choices of a completion.
    Choices,
    /// Search in the history of the input.
    History,
    /// Peer list.
    Peers,
    /// Queue.
    Queue,
    /// Traffic.
    Traffic,
    /// Map.
    Map,
    /// Replay. Its keys work wherever no text is typed.
    Replay,
    /// Held messages.
    Held,
}

impl Table {
    clacks_transport::all_variants! {
        /// All tables.
        #[cfg(test)]
        pub const ALL: Self = [
            Lists,
            Overlay,
            Search,
            Menu,
            Input,
            Choices,
            History,
            Peers,
            Queue,
            Traffic,
            Map,
            Replay,
            Held,
        ];
    }

    /// The name in the configuration file.
    #[cfg(test)]
    pub fn name(self) -> &'static str {
        match self {
            Self::Lists => "lists",
            Self::Overlay => "overlay",
            Self::Search => "search",
            Self::Menu => "menu",
            Self::Input => "input",
            Self::Choices => "choices",
            Self::History => "history",
            Self::Peers => "peers",
            Self::Queue => "queue",
            Self::Traffic => "traffic",
            Self::Map => "map",
            Self::Replay => "replay",
            Self::Held => "held",
        }
    }

    /// Contexts to which the bindings of the table apply.
    pub fn contexts(self) -> &'static [KeyContext] {
        match self {
            Self::Lists => &[KeyContext::Peers, KeyContext::Queue, KeyContext::Traffic, KeyContext::Column],
            Self::Overlay => &[KeyContext::Overlay, KeyContext::OpenPicture, KeyContext::Held],
            Self::Search => &[KeyContext::Search],
            Self::Menu => &[KeyContext::Palette],
            Self::Input => &[KeyContext::Input],
            Self::Choices => &[KeyContext::Choices],
            Self::History => &[KeyContext::HistorySearch],
            Self::Peers => &[KeyContext::Peers],
            Self::Queue => &[KeyContext::Queue],
            Self::Traffic => &[KeyContext::Traffic],
            Self::Map => &[KeyContext::Column, KeyContext::OpenPicture],
            Self::Replay => &[KeyContext::Replay],
            Self::Held => &[KeyContext::Held],
        }
    }

    /// Whether characters are text in the contexts of the table.
    fn is_text_input(self) -> bool {
        matches!(self, Self::Search | Self::Menu | Self::Input | Self::Choices | Self::History)
    }
}

impl UserKeys {
    /// Reads the tables of the configuration file. A key can run a command of the interface, or of one of these networks.
    ///
    /// # Errors
    ///
    /// Fails if a key occurs twice in a table or cannot be bound there, or if a line is no command.
    pub fn read<'de, D: Deserializer<'de>>(
        deserializer: D,
        networks: &[Arc<Description>],
    ) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Tables(networks))
    }

    /// Returns these bindings, or `other` if there are none.
    pub fn or(self, other: Self) -> Self {
        if self == Self::default() { other } else { self }
    }

    /// Returns all bindings. A later binding of a key overrides an earlier one.
    pub fn iter(&self) -> impl Iterator<Item = (Table, Key, &str)> {
        self.0.iter().flat_map(|(table, keys)| keys.iter().map(|(key, line)| (*table, *key, line.as_str())))
    }
}

/// The networks whose commands the keys can run.
type Networks<'n> = &'n [Arc<Description>];

struct Tables<'n>(Networks<'n>);

impl<'de> Visitor<'de> for Tables<'_> {
    type Value = UserKeys;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tables of keys, such as [keys.lists]")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<UserKeys, A::Error> {
        let mut tables: Vec<(Table, Vec<_>)> = Vec::new();
        while let Some(table) = map.next_key()? {
            tables.push((table, map.next_value_seed(Keys(table, self.0))?));
        }
        tables.retain(|(_, keys)| !keys.is_empty());
        tables.sort_by_key(|(table, _)| *table);
        Ok(UserKeys(tables))
    }
}

/// Reads the keys of a table.
struct Keys<'n>(Table, Networks<'n>);

impl<'de> DeserializeSeed<'de> for Keys<'_> {
    type Value = Vec<(Key, String)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Keys<'_> {
    type Value = Vec<(Key, String)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("keys and commands, such as \"ctrl-d\" = \":page-down\"")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut keys: Vec<(String, Key, String)> = Vec::new();
        while let Some((name, key)) = map.next_key_seed(KeySeed { table: self.0, earlier: &keys })? {
            let line = map.next_value_seed(LineSeed(key, self.1))?;
            keys.push((name, key, line));
        }
        Ok(keys.into_iter().map(|(_, key, line)| (key, line)).collect())
    }
}

/// Reads a key of a table. Fails if it occurs among the earlier ones.
struct KeySeed<'a> {
    table: Table,
    earlier: &'a [(String, Key, String)],
}

impl<'de> DeserializeSeed<'de> for KeySeed<'_> {
    type Value = (String, Key);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let name = String::deserialize(deserializer)?;
        let key: Key = name.parse().map_err(D::Error::custom)?;
        if let Some((other, ..)) = self.earlier.iter().find(|(_, other, _)| *other == key) {
            return Err(D::Error::custom(format!("{other:?} and {name:?} are the same key")));
        }
        if key == Key::CTRL_C {
            return Err(D::Error::custom(format!("{name:?} always leads out and can't be bound")));
        }
        if self.table.is_text_input() && key.is_character() {
            let reason = format!("{name:?} is text where text is written; add Ctrl or Alt, or take an F key");
            return Err(D::Error::custom(reason));
        }
        Ok((name, key))
    }
}

/// Reads the command line of a key.
struct LineSeed<'n>(Key, Networks<'n>);

impl<'de> DeserializeSeed<'de> for LineSeed<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        let line = String::deserialize(deserializer)?;
        check_line(&line, self.0, self.1)?;
        Ok(line)
    }
}

/// Fails if a key cannot run a line.
fn check_line<E: Error>(line: &str, key: Key, networks: Networks<'_>) -> Result<(), E> {
    if line.is_empty() {
        return Ok(());
    }
    if !line.starts_with(':') {
        let reason = format!("{line:?} is no command; one begins with a colon, and \"\" unbinds a key");
        return Err(E::custom(reason));
    }
    let filled = line.replace(PEER, "tower:1").replace(MESSAGE, "1").replace("{key}", &key.to_string());
    match Command::parse_bound_to_any(&filled, networks.iter().map(|network| &**network)) {
        Ok(_) => {}
        Err(CommandError::Missing(name, arguments)) => {
            let reason = format!(":{name} takes {arguments}; \":prompt :{name} \" begins to write it");
            return Err(E::custom(reason));
        }
        Err(error) => return Err(E::custom(error)),
    }
    match networks.iter().map(|network| wrong_item(line, network)).collect::<Option<Vec<_>>>() {
        Some(reasons) if !reasons.is_empty() => Err(E::custom(&reasons[0])),
        _ => Ok(()),
    }
}

const PEER: &str = "{peer}";
const MESSAGE: &str = "{message}";

/// The reason why a command does not act on the item that a line gives it. `None`: it does, or it is not known here.
fn wrong_item(line: &str, network: &Description) -> Option<String> {
    let (name, item) = line.strip_prefix(':')?.split_once(' ')?;
    let (role, what) = match item.split_whitespace().next()? {
        PEER => (Role::Peers, "a peer"),
        MESSAGE => (Role::Messages, "a message"),
        _ => return None,
    };
    let arg: &Arg = match Known::find(name, network)? {
        Known::Node(command) => command.args.first()?,
        Known::Face(spec) => match spec.argument {
            Argument::ItemOf(command) => network.command(command)?.args.first()?,
            _ => return None,
        },
    };
    let accepts = |takes: &Takes| match takes {
        Takes::Item { list, .. } => {
            let list = network.list_id(list.as_str()).and_then(|list| network.list(list));
            list.is_some_and(|list| list.role == role)
        }
        Takes::Word(_) | Takes::Number(..) | Takes::Time => false,
        _ => true,
    };
    let is_accepted = arg.takes.iter().any(accepts);
    (!is_accepted).then(|| format!(":{name} takes {}, not {what}", arg.name))
}

#[cfg(test)]
mod tests {
    use clacks_p2p_feed::description::describe;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct File {
        #[serde(deserialize_with = "read_keys")]
        keys: UserKeys,
    }

    fn read_keys<'de, D: Deserializer<'de>>(deserializer: D) -> Result<UserKeys, D::Error> {
        UserKeys::read(deserializer, &[Arc::new(describe("tower:1".into()))])
    }

    fn read(text: &str) -> Result<UserKeys, String> {
        clacks_text::toml::parse::<File>(text).map(|file| file.keys).map_err(|error| error.to_string())
    }

    #[test]
    fn tables_are_read_from_wide_to_narrow() {
        let keys =
            read("[keys.queue]\n'x' = ''\n[keys.lists]\n'Ctrl-D' = ':page-down'\n'D' = ':drop {message}'");
        let keys = keys.unwrap();
        let told: Vec<_> = keys.iter().map(|(table, key, line)| (table, key.to_string(), line)).collect();
        let lists = |key: &str, line| (Table::Lists, key.to_owned(), line);
        assert_eq!(
            told,
            [
                lists("Ctrl-D", ":page-down"),
                lists("D", ":drop {message}"),
                (Table::Queue, "x".to_owned(), "")
            ]
        );
    }

    #[test]
    fn key_errors_name_their_line() {
        for (text, reason) in [
            ("'hyper-x' = ':up'", "line 2: there is no key \"hyper-x\""),
            (
                "'n' = ':up'\n'PageUp' = ':up'\n'pgup' = ':down'",
                "line 4: \"PageUp\" and \"pgup\" are the same key",
            ),
            ("'n' = ':up'\n'n' = ':down'", "line 3: duplicate key"),
            ("'n' = ':frobnicate'", "line 2: there is no command :frobnicate"),
            (
                "'n' = ':announce'",
                "line 2: :announce takes HOST:PORT; \":prompt :announce \" begins to write it",
            ),
            ("'n' = ':edit {peer}'", "line 2: :edit takes NUMBER, not a peer"),
            ("'n' = ':edit-in-editor {peer}'", "line 2: :edit-in-editor takes NUMBER, not a peer"),
            ("'n' = ':release {peer}'", "line 2: :release takes NUMBER/all, not a peer"),
            ("'n' = ':up 3'", "line 2: :up takes nothing behind it"),
            ("'n' = 'drop {message}'", "line 2: \"drop {message}\" is no command; one begins with a colon"),
            ("'n' = 3", "line 2: invalid type: integer `3`, expected a string"),
            ("'ctrl-c' = ':up'", "line 2: \"ctrl-c\" always leads out"),
            ("'n' = ':up'\n'CTRL-c' = ''", "line 3: \"CTRL-c\" always leads out"),
        ] {
            let error = read(&format!("[keys.lists]\n{text}")).unwrap_err();
            assert!(error.starts_with(reason) && !error.contains('\n'), "{text}: {error}");
        }
        let error = read("[keys.input]\n'x' = ':up'").unwrap_err();
        assert!(error.starts_with("line 2: \"x\" is text where text is written"), "{error}");
        let error = read("\n[keys.list]\n'x' = ':up'").unwrap_err();
        assert!(error.starts_with("line 2: unknown variant `list`, expected one of `lists`"), "{error}");
    }
}
