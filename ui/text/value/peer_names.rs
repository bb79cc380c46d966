//! Names of peers whose keys are random identifiers.

use std::collections::{HashMap, HashSet, VecDeque};

use clacks_feed::{
    Key, Row, Value,
    description::{Kind, ListSpec, Role},
};

use super::{Names, labels::skeleton};

/// The column with the name that a peer gave itself.
const COLUMN: &str = "name";
/// Maximum number of names that are kept.
const MAX_NAMES: usize = 4096;
/// Maximum characters of a name that are shown.
const MAX_LENGTH: usize = 24;
/// Characters of the key behind a name. Anybody can take any name, so a name never stands alone.
const KEY_LENGTH: usize = 4;

/// Names of peers by key: the name with the start of the key, as in `orchard e40b`.
///
/// A peer can choose its key as well as its name. If two known peers would be shown alike, both have their whole key.
/// At most 4,096 names are kept. The one that has been known longest is forgotten for another.
#[derive(Debug, Clone, Default)]
pub struct PeerNames {
    shown: Names,
    /// The name of each peer, at most 24 characters.
    given: HashMap<Key, String>,
    /// The peers that are shown alike with a short key, by what they look like.
    alike: HashMap<String, HashSet<Key>>,
    /// The peers, the one that has been known longest first.
    order: VecDeque<Key>,
}

impl PeerNames {
    /// Adds the names in the rows of a list of peers. A name that has gone is removed. Rows of other lists have no names.
    pub fn learn(&mut self, list: &ListSpec, rows: &[Row]) {
        let column = list.column(COLUMN).filter(|at| list.columns[*at].kind == Kind::Text);
        let Some(column) = column.filter(|_| list.role == Role::Peers) else { return };
        for row in rows {
            match row.cells.get(column) {
                Some(Value::Text(name, _)) => self.learn_name(&row.key, name.untrusted()),
                _ => self.forget(&row.key),
            }
        }
    }

    /// Sets the name of a peer. A blank name removes it.
    pub fn learn_name(&mut self, key: &Key, name: &str) {
        let name: String = name.trim().chars().take(MAX_LENGTH).collect();
        if self.given.get(key) == Some(&name) {
            return;
        }
        let is_known = self.given.contains_key(key);
        if name.is_empty() {
            return self.forget(key);
        }
        if is_known {
            self.leave_group(key);
        } else {
            if self.order.len() >= MAX_NAMES
                && let Some(oldest) = self.order.front().cloned()
            {
                self.forget(&oldest);
            }
            self.order.push_back(key.clone());
        }
        let group = self.alike.entry(skeleton(&short(key, &name))).or_default();
        group.insert(key.clone());
        // In a group of more, the others have their whole key already.
        let changed: Vec<Key> =
            if group.len() == 2 { group.iter().cloned().collect() } else { vec![key.clone()] };
        self.given.insert(key.clone(), name);
        changed.iter().for_each(|key| self.show(key));
    }

    /// All names by key. They are not sanitized.
    pub fn all(&self) -> &Names {
        &self.shown
    }

    /// The name of a peer, with the start of its key or its whole key. It is not sanitized.
    pub fn get(&self, key: &Key) -> Option<&str> {
        self.shown.get(key).map(String::as_str)
    }

    fn forget(&mut self, key: &Key) {
        if self.given.contains_key(key) {
            self.leave_group(key);
            self.given.remove(key);
            self.shown.remove(key);
            self.order.retain(|other| other != key);
        }
    }

    fn leave_group(&mut self, key: &Key) {
        let Some(name) = self.given.get(key) else { return };
        let look = skeleton(&short(key, name));
        let Some(group) = self.alike.get_mut(&look) else { return };
        group.remove(key);
        let alone = group.iter().next().filter(|_| group.len() == 1).cloned();
        if group.is_empty() {
            self.alike.remove(&look);
        }
        alone.iter().for_each(|key| self.show(key));
    }

    fn show(&mut self, key: &Key) {
        let Some(name) = self.given.get(key) else { return };
        let short = short(key, name);
        let is_alone = self.alike.get(&skeleton(&short)).is_none_or(|group| group.len() == 1);
        let shown = if is_alone { short } else { format!("{name} {}", key.untrusted()) };
        self.shown.insert(key.clone(), shown);
    }
}

/// A name with the start of the key.
fn short(key: &Key, name: &str) -> String {
    let start: String = key.untrusted().chars().take(KEY_LENGTH).collect();
    format!("{name} {start}")
}

#[cfg(test)]
mod tests {
    use clacks_feed::{Order, description::Field};

    use super::*;

    fn list(kind: Kind, role: Role) -> ListSpec {
        ListSpec::new("members", "member", "members", role).columns([Field::new("name", kind)])
    }

    fn row(key: &str, name: &str) -> Row {
        Row { key: Key(key.into()), order: Order::default(), cells: [Value::text(name.into())].into() }
    }

    /// The names of some keys. `-`: none.
    fn of<'a, const N: usize>(names: &'a PeerNames, keys: [&str; N]) -> [&'a str; N] {
        keys.map(|key| names.get(&Key(key.into())).unwrap_or("-"))
    }

    #[test]
    fn a_name_stands_before_the_start_of_the_key() {
        let mut names = PeerNames::default();
        names.learn(&list(Kind::Text, Role::Peers), &[row("e40b47db", " orchard "), row("7a13", " ")]);
        assert_eq!(of(&names, ["e40b47db", "7a13"]), ["orchard e40b", "-"]);
        names.learn(&list(Kind::Text, Role::Peers), &[row("e40b47db", "")]);
        assert_eq!(of(&names, ["e40b47db"]), ["-"]);
        assert!(names.order.is_empty() && names.alike.is_empty());
    }

    #[test]
    fn peers_that_would_look_alike_have_their_whole_key() {
        let mut names = PeerNames::default();
        let peers = ["e40b47db", "e40bffff", "e40b0000"];
        names.learn(&list(Kind::Text, Role::Peers), &[row(peers[0], "orchard"), row(peers[1], "0rchard")]);
        assert_eq!(of(&names, peers), ["orchard e40b47db", "0rchard e40bffff", "-"]);
        names.learn_name(&peers[2].into(), "orchard");
        assert_eq!(of(&names, peers), ["orchard e40b47db", "0rchard e40bffff", "orchard e40b0000"]);
        names.learn_name(&peers[1].into(), "tower");
        assert_eq!(of(&names, peers), ["orchard e40b47db", "tower e40b", "orchard e40b0000"]);
        names.learn_name(&peers[2].into(), "");
        assert_eq!(of(&names, peers), ["orchard e40b", "tower e40b", "-"]);
    }

    #[test]
    fn keys_that_are_names_stay() {
        let mut names = PeerNames::default();
        names.learn(&list(Kind::Id, Role::Peers), &[row("tower", "another")]);
        names.learn(&list(Kind::Text, Role::Other), &[row("tower", "another")]);
        assert_eq!(of(&names, ["tower"]), ["-"]);
    }

    #[test]
    fn names_are_bounded_and_the_oldest_is_forgotten() {
        let mut names = PeerNames::default();
        names.learn_name(&"zz first".into(), "first");
        for number in 0..MAX_NAMES {
            assert_eq!(names.all().len(), (number + 1).min(MAX_NAMES));
            names.learn(&list(Kind::Text, Role::Peers), &[row(&number.to_string(), &"n".repeat(100))]);
        }
        assert_eq!(of(&names, ["zz first"]), ["-"]);
        assert!(names.get(&"0".into()).is_some());
        assert!(names.all().values().all(|name| name.len() <= MAX_LENGTH + 1 + KEY_LENGTH));
        let sizes = [names.given.len(), names.order.len(), names.alike.values().map(HashSet::len).sum()];
        assert_eq!(sizes, [MAX_NAMES; 3]);
    }
}
