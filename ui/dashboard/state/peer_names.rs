//! Names of peers whose keys are random identifiers.

use clacks_feed::{
    Key, Row,
    description::{Kind, ListSpec, Role},
};
use clacks_text::value::Names;

use super::list::text_of;

/// The column with the name that a peer gave itself.
const COLUMN: &str = "name";
/// Maximum number of names that are kept.
const MAX_NAMES: usize = 4096;
/// Maximum characters of a name that are shown.
const MAX_LENGTH: usize = 24;
/// Characters of the key behind a name. Anybody can take any name, so a name never stands alone.
const KEY_LENGTH: usize = 4;

/// Names of the peers that were on the screen, by key: the name with the start of the key, as in `orchard e40b`.
#[derive(Debug, Default)]
pub(crate) struct PeerNames(Names);

impl PeerNames {
    /// Adds the names in the rows of a list of peers. A name that has gone is removed.
    pub(crate) fn learn(&mut self, list: &ListSpec, rows: &[Row]) {
        let column = list.column(COLUMN).filter(|at| list.columns[*at].kind == Kind::Text);
        let Some(column) = column.filter(|_| list.role == Role::Peers) else { return };
        if self.0.len() + rows.len() > MAX_NAMES {
            self.0.clear();
        }
        for row in rows {
            match row.cells.get(column).and_then(text_of).filter(|name| !name.untrusted().trim().is_empty()) {
                Some(name) => self.learn_name(&row.key, name.untrusted().trim()),
                None => drop(self.0.remove(&row.key)),
            }
        }
    }

    fn learn_name(&mut self, key: &Key, name: &str) {
        let start = |text: &str, length: usize| text.chars().take(length).collect::<String>();
        let shown = format!("{} {}", start(name, MAX_LENGTH), start(key.untrusted(), KEY_LENGTH));
        if self.0.get(key).is_none_or(|known| *known != shown) {
            self.0.insert(key.clone(), shown);
        }
    }

    /// Returns all names.
    pub(crate) fn all(&self) -> &Names {
        &self.0
    }

    /// Returns the name of a peer, or else its key.
    #[cfg(test)]
    fn of<'a>(&'a self, key: &'a Key) -> &'a str {
        self.0.get(key).map_or_else(|| key.untrusted(), String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use clacks_feed::{Order, Value, description::Field};

    use super::*;

    fn list(kind: Kind, role: Role) -> ListSpec {
        ListSpec::new("members", "member", "members", role).columns([Field::new("name", kind)])
    }

    fn row(key: &str, name: &str) -> Row {
        Row { key: Key(key.into()), order: Order::default(), cells: [Value::text(name.into())].into() }
    }

    #[test]
    fn a_name_stands_before_the_start_of_the_key() {
        let mut names = PeerNames::default();
        let (tower, other) = (Key("e40b47db".into()), Key("7a13".into()));
        names.learn(&list(Kind::Text, Role::Peers), &[row("e40b47db", " orchard "), row("7a13", " ")]);
        assert_eq!((names.of(&tower), names.of(&other)), ("orchard e40b", "7a13"));
        names.learn(&list(Kind::Text, Role::Peers), &[row("e40b47db", "")]);
        assert_eq!(names.of(&tower), "e40b47db");
    }

    #[test]
    fn keys_that_are_names_stay() {
        let mut names = PeerNames::default();
        names.learn(&list(Kind::Id, Role::Peers), &[row("tower", "another")]);
        names.learn(&list(Kind::Text, Role::Other), &[row("tower", "another")]);
        assert_eq!(names.of(&Key("tower".into())), "tower");
    }

    #[test]
    fn names_are_bounded() {
        let mut names = PeerNames::default();
        for number in 0..2 * MAX_NAMES {
            names.learn(&list(Kind::Text, Role::Peers), &[row(&number.to_string(), &"n".repeat(100))]);
        }
        assert!(names.0.len() <= MAX_NAMES);
        assert!(names.0.values().all(|name| name.len() <= MAX_LENGTH + 1 + KEY_LENGTH));
    }
}
