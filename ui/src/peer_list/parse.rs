//! Parses a peer list: one `host:port` a line.

use std::{collections::HashSet, str};

use clacks_p2p::node::files::without_mark;
use clacks_p2p::{Address, AddressError};

/// Maximum number of addresses used of one list.
pub(crate) const MAX_ADDRESSES: usize = 10_000;
/// Maximum number of bad lines in [`Parsed::reported`]; further ones are only counted.
pub(crate) const MAX_REPORTED: usize = 100;

/// The content of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Parsed {
    /// The addresses in the order of the list, without duplicates.
    pub addresses: Vec<Address>,
    /// The first bad lines, at most 100.
    pub reported: Vec<BadLine>,
    /// Number of all bad lines.
    pub bad: usize,
}

/// A line that was skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadLine {
    /// The line number, from 1.
    pub line: usize,
    /// The reason.
    pub reason: LineError,
}

/// The reason why a line was skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LineError {
    /// The line is not a valid address.
    #[error("{0}")]
    Address(#[from] AddressError),
    /// The line is not UTF-8.
    #[error("this is not UTF-8 text")]
    NotText,
    /// The list exceeds 10,000 addresses. This line and all later ones are skipped.
    #[error("a list has at most {MAX_ADDRESSES} addresses; this line and all behind it are left out")]
    TooMany,
}

/// The content contains a zero byte, so it is not text: for example a picture, or UTF-16.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a text file (contains a zero byte)")]
pub(crate) struct NotText;

/// Parses a list. `#` starts a comment. Blank lines, CRLF and a byte order mark are accepted.
///
/// # Errors
///
/// Fails if the content contains a zero byte. Bad lines are no error; they are in the result.
pub(crate) fn parse(text: &[u8]) -> Result<Parsed, NotText> {
    if text.contains(&0) {
        return Err(NotText);
    }
    let text = without_mark(text);
    let (mut parsed, mut known) = (Parsed::default(), HashSet::new());
    for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let reason = match address(line) {
            Ok(Some(address)) if known.contains(&address) => continue,
            Ok(Some(_)) if known.len() == MAX_ADDRESSES => LineError::TooMany,
            Ok(Some(address)) => {
                known.insert(address.clone());
                parsed.addresses.push(address);
                continue;
            }
            Ok(None) => continue,
            Err(reason) => reason,
        };
        parsed.refuse(BadLine { line: index + 1, reason });
        if reason == LineError::TooMany {
            break;
        }
    }
    Ok(parsed)
}

/// The address on a line, if it has one.
fn address(line: &[u8]) -> Result<Option<Address>, LineError> {
    let text = line.split(|byte| *byte == b'#').next().unwrap_or_default().trim_ascii();
    let text = str::from_utf8(text).map_err(|_| LineError::NotText)?;
    if text.is_empty() { Ok(None) } else { Ok(Some(text.parse()?)) }
}

impl Parsed {
    fn refuse(&mut self, line: BadLine) {
        self.bad += 1;
        if self.reported.len() < MAX_REPORTED {
            self.reported.push(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;

    fn addresses(texts: &[&str]) -> Vec<Address> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn every_way_to_write_a_line_is_read() {
        let list = "\u{feff}one:1\r\n\r\n# a comment: 5\n  \t\n two:2 # behind it\r\nthree:3#close\n[::1]:4\none:1\n#\nfive:5";
        let parsed = parse(list.as_bytes()).unwrap();
        assert_eq!(parsed.addresses, addresses(&["one:1", "two:2", "three:3", "[::1]:4", "five:5"]));
        assert_eq!((parsed.bad, parsed.reported.len()), (0, 0));
    }

    #[test]
    fn each_bad_line_has_its_number_and_the_good_ones_are_used() {
        let list =
            b"one:1\ntwo\n# \xff is a comment\n\xff:3\nfour:4 four:4\nfive:99999\nhttps://six:6/\nseven:7";
        let parsed = parse(list).unwrap();
        assert_eq!(parsed.addresses, addresses(&["one:1", "seven:7"]));
        let reported: Vec<_> = parsed.reported.iter().map(|bad| (bad.line, bad.reason)).collect();
        let expected = [
            (2, LineError::Address(AddressError::NoPort)),
            (4, LineError::NotText),
            (5, LineError::Address(AddressError::NoPort)),
            (6, LineError::Address(AddressError::InvalidPort)),
            (7, LineError::Address(AddressError::NoPort)),
        ];
        assert_eq!(reported, expected);
    }

    #[test]
    fn a_list_has_bounds() {
        let many = |count: usize| {
            let lines: Vec<_> = (0..count).map(|number| format!("host-{number}:1\n")).collect();
            lines.concat()
        };
        let full = parse(many(MAX_ADDRESSES).as_bytes()).unwrap();
        assert_eq!((full.addresses.len(), full.bad), (MAX_ADDRESSES, 0));
        let again = format!("{}host-7:1\nbad\n", many(MAX_ADDRESSES));
        assert_eq!(
            parse(again.as_bytes()).unwrap().bad,
            1,
            "an address that is there already is not one more"
        );
        let over = parse(format!("{}bad\n", many(MAX_ADDRESSES + 2)).as_bytes()).unwrap();
        assert_eq!(over.addresses, full.addresses);
        assert_eq!(over.reported, [BadLine { line: MAX_ADDRESSES + 1, reason: LineError::TooMany }]);
        let bad = parse("bad\n".repeat(1000).as_bytes()).unwrap();
        assert_eq!((bad.bad, bad.reported.len()), (1000, MAX_REPORTED));
    }

    #[test]
    fn what_is_no_text_is_refused_whole() {
        let utf16: Vec<u8> = "one:1\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for list in [&[0xff, 0xfe][..], &utf16, b"\x89PNG\r\n\x1a\n\0\0", b"one:1\n\0"] {
            assert_eq!(parse(list).is_err(), list.contains(&0), "{list:?}");
        }
        assert_eq!(parse(b"").unwrap(), Parsed::default());
    }

    /// A line, and whether it is `None`: nothing, or an address, or bad.
    fn line() -> impl Strategy<Value = (String, Option<Result<String, ()>>)> {
        let good = "[a-z]{1,8}(\\.[a-z]{1,5})?:[1-9][0-9]{0,3}"
            .prop_map(|address| (address.clone(), Some(Ok(address))));
        let bad = select(vec!["tower", ":1", "a b:1", "a:0", "a:1:2", "é:1"]);
        let bad = bad.prop_map(|text| (text.to_owned(), Some(Err(()))));
        let nothing = select(vec!["", "   "]).prop_map(|text| (text.to_owned(), None));
        let before = select(vec!["", " ", "\t"]);
        let behind = select(vec!["", " ", "\r", "# c:1", " # c:1\r"]);
        (before, prop_oneof![good, bad, nothing], behind)
            .prop_map(|(before, (text, meaning), behind)| (format!("{before}{text}{behind}"), meaning))
    }

    proptest! {
        #[test]
        fn a_list_is_read_line_by_line(lines in vec(line(), 0..40), has_mark in any::<bool>()) {
            let text: Vec<_> = lines.iter().map(|(text, _)| text.as_str()).collect();
            let text = format!("{}{}", if has_mark { "\u{feff}" } else { "" }, text.join("\n"));
            let parsed = parse(text.as_bytes()).unwrap();
            let mut good: Vec<&str> = Vec::new();
            for (_, meaning) in &lines {
                if let Some(Ok(address)) = meaning && !good.contains(&address.as_str()) {
                    good.push(address);
                }
            }
            prop_assert_eq!(parsed.addresses, addresses(&good));
            let numbered = lines.iter().enumerate();
            let bad: Vec<_> = numbered
                .filter(|(_, (_, meaning))| *meaning == Some(Err(())))
                .map(|(index, _)| index + 1)
                .collect();
            let reported: Vec<_> = parsed.reported.iter().map(|bad| bad.line).collect();
            prop_assert_eq!(parsed.bad, bad.len());
            prop_assert_eq!(reported, bad);
        }
    }
}
