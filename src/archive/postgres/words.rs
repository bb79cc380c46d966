//! Words as the server compares them: in lower case and without accents, so that its language settings do not matter.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use crate::{
    Search, search,
    search::{Group, Term},
    words::BETWEEN,
};

/// The word between two strings, so that a phrase does not reach from one to the next. Nobody writes it.
const END: &str = " zqendofstringqz ";

/// The words of a message, divided by spaces.
pub(super) fn of_message(json: &str) -> String {
    let strings = crate::words::words(json);
    strings.split(BETWEEN).map(plain).collect::<Vec<_>>().join(END)
}

/// A search as `to_tsquery` reads it. Each word has letters and digits only, so nothing in it is read as syntax.
pub(super) fn of_search(search: &Search) -> String {
    let group = |group: &Group| {
        let with = group.with.iter().map(term);
        let without = group.without.iter().map(|without| format!("!{}", term(without)));
        format!("({})", with.chain(without).collect::<Vec<_>>().join(" & "))
    };
    search.any.iter().map(group).collect::<Vec<_>>().join(" | ")
}

fn term(term: &Term) -> String {
    let quoted: Vec<_> = term.words.iter().map(|word| format!("'{}'", plain(word))).collect();
    let star = if term.is_prefix { ":*" } else { "" };
    format!("({}{star})", quoted.join(" <-> "))
}

/// The words of a text in lower case, without accents, divided by single spaces.
fn plain(text: &str) -> String {
    let plain: String = text.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect();
    search::words(&plain).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_has_no_syntax_of_the_server_but_ours() {
        for (typed, expected) in [
            ("wind RÁIN*", "(('wind') & ('rain':*))"),
            ("\"a b\" -c OR d:*", "(('a' <-> 'b') & !('c')) | (('d':*))"),
            ("x'|y&!z\\", "(('x' <-> 'y' <-> 'z'))"),
        ] {
            assert_eq!(of_search(&typed.parse().unwrap()), expected, "{typed}");
        }
    }
}
