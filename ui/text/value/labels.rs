use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::middle::{cut_around, cut_middle};
use crate::{
    charset::Charset,
    sanitize::{SafeLine, sanitize, sanitize_whole},
};

/// Maximum length of a name that is compared with others, in bytes.
const MAX_COMPARED: usize = 1024;

/// Names, such as addresses and identifiers, cut to a column so that two of them never look alike.
#[derive(Debug, Default)]
pub struct Labels {
    columns: usize,
    charset: Charset,
    /// Labels of the names that would look like another visible name, by name.
    disambiguated: HashMap<String, SafeLine>,
}

impl Labels {
    /// Labels of at most `columns` columns. `names` are those that are visible at the same time.
    ///
    /// A label that looks like another one keeps the part in which they differ. If they still look alike, or if the
    /// whole names do (`0` and `O`), each begins with a number: `!1 `. Names of more than 1,024 bytes are not compared.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>, columns: usize, charset: Charset) -> Self {
        let mut disambiguated = HashMap::new();
        let labels = |name: &str| cut_middle(name, columns, charset);
        let names = names.into_iter().filter(|name| name.len() <= MAX_COMPARED).collect();
        for group in lookalike_groups(names, labels) {
            let from = common_prefix_len(&group);
            let cut = |name: &str| {
                sanitize_whole(name, columns, charset)
                    .unwrap_or_else(|| cut_around(name, columns, from, charset))
            };
            disambiguated.extend(group.iter().map(|name| ((*name).to_owned(), cut(name))));
            for group in lookalike_groups(group, cut) {
                disambiguated.extend(
                    group
                        .into_iter()
                        .zip(1..)
                        .map(|(name, number)| (name.to_owned(), numbered(name, number, columns, charset))),
                );
            }
        }
        Self { columns, charset, disambiguated }
    }

    /// The label of a name.
    pub fn label(&self, name: &str) -> SafeLine {
        match self.disambiguated.get(name) {
            Some(label) => label.clone(),
            None => cut_middle(name, self.columns, self.charset),
        }
    }

    /// The label of a name, padded on the right to exactly the columns.
    pub fn fit(&self, name: &str) -> String {
        let label = self.label(name);
        format!("{}{}", label.as_str(), " ".repeat(self.columns.saturating_sub(label.width())))
    }
}

fn numbered(name: &str, number: usize, columns: usize, charset: Charset) -> SafeLine {
    let mark = format!("!{number} ");
    let label = cut_middle(name, columns.saturating_sub(mark.len()), charset);
    // The mark alone can be too wide.
    let mark = if mark.len() > columns { &mark[..columns] } else { &mark };
    sanitize(&format!("{mark}{}", label.as_str()), columns, charset)
}

/// Groups of names whose labels look alike.
fn lookalike_groups(names: BTreeSet<&str>, label: impl Fn(&str) -> SafeLine) -> Vec<BTreeSet<&str>> {
    let mut groups: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for name in names {
        groups.entry(skeleton(&label(name))).or_default().insert(name);
    }
    groups.into_values().filter(|group| group.len() > 1).collect()
}

/// The length in bytes of the prefix that all names share.
fn common_prefix_len(names: &BTreeSet<&str>) -> usize {
    // The first and the last one in order differ most.
    let (Some(first), Some(last)) = (names.first(), names.last()) else { return 0 };
    first.bytes().zip(last.bytes()).take_while(|(one, other)| one == other).count()
}

/// Replaces characters that look alike by one of them. Two names with the same skeleton are confusable. Only ASCII is
/// compared.
pub(super) fn skeleton(label: &str) -> String {
    let mut skeleton = String::with_capacity(label.len());
    let mut letters = label.chars().map(|letter| letter.to_ascii_lowercase()).peekable();
    while let Some(letter) = letters.next() {
        let pair = match letter {
            'r' => Some(('n', 'm')),
            'v' => Some(('v', 'w')),
            'c' => Some(('l', 'd')),
            _ => None,
        };
        let joined = pair.filter(|(second, _)| letters.next_if_eq(second).is_some());
        skeleton.push(match joined.map_or(letter, |(_, joined)| joined) {
            '0' => 'o',
            '1' | 'i' => 'l',
            '2' => 'z',
            '5' => 's',
            '8' => 'b',
            '_' => '-',
            letter => letter,
        });
    }
    skeleton
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(names: &[&str], columns: usize) -> Vec<String> {
        let labels = Labels::new(names.iter().copied(), columns, Charset::Unicode);
        names.iter().map(|name| labels.fit(name)).collect()
    }

    #[test]
    fn confusable_labels_are_distinguished() {
        let long = format!("tower.example.org.{}.evil.invalid:8080", "a".repeat(40));
        let id = "3f".repeat(32);
        let other = format!("{}4e{}", "3f".repeat(16), "3f".repeat(15));
        for (names, columns) in [
            (vec!["tower.example.org:8080", "tower.examp1e.org:8080", "tower.exarnple.org:8080"], 28),
            (vec!["tower.example.org:8080", "tower.examp1e.org:8080", &long], 17),
            (vec!["tower-a.north.example.org:8080", "tower-b.north.example.org:8080"], 15),
            (vec!["clacks.example:1", "dacks.example:1"], 28),
            (vec!["tower-one", "tower-0ne", "tower_one"], 9),
            (vec![&id, &other], 12),
            (vec!["塔塔塔塔塔塔塔塔", "塔塔塔塔市塔塔塔"], 9),
        ] {
            let shown = labels(&names, columns);
            let distinct: BTreeSet<_> = shown.iter().map(|name| skeleton(name)).collect();
            assert_eq!(distinct.len(), names.len(), "{shown:?}");
            let widths = shown.iter().map(|name| sanitize(name, usize::MAX, Charset::Unicode).width());
            assert!(widths.into_iter().all(|width| width == columns), "{shown:?}");
        }
    }

    #[test]
    fn a_cut_label_keeps_the_part_that_differs() {
        let names = ["tower-1.north.example.org:8080", "tower-2.north.example.org:8080", "quirm:8080"];
        assert_eq!(labels(&names, 13), ["tower-1\u{2026}:8080", "tower-2\u{2026}:8080", "quirm:8080   "]);
        let names = ["a.very.long.name.north.example.org:8080", "a.very.long.name.south.example.org:8080"];
        assert_eq!(labels(&names, 15), ["\u{2026}e.north.e:8080", "\u{2026}e.south.e:8080"]);
    }

    #[test]
    fn distinct_labels_have_no_mark() {
        let shown = labels(&["tower-1.example.org:1", "tower-2.example.org:1", "quirm.example.org:1"], 28);
        assert!(shown.iter().all(|name| !name.contains('!')), "{shown:?}");
        let again = labels(&["tower.example.org:1", "tower.example.org:1"], 12);
        assert!(again.iter().all(|name| !name.contains('!')), "one name is not two: {again:?}");
    }
}
