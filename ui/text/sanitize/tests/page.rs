//! Tests that the tables of `docs/untrusted-text.md` agree with the program.

use clacks_terminal::clipboard::{Text, one_line};

use super::*;
use crate::{charset::Charset, escape::escaped, sanitize::sanitize, testing::is_hidden};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/untrusted-text.md");
const WRITTEN: &str = "| what | written |";

/// The text of a JSON string as the node stores it.
fn read(json: &str) -> String {
    clacks_feed::json_text::characters(json, false).unwrap()
}

fn code(text: &str) -> String {
    assert!(!text.contains(['`', '|']) && !text.chars().any(is_hidden), "{text:?} can't be seen on a page");
    format!("`{text}`")
}

fn code_unless_same(text: &str, written: &str) -> String {
    if text == written { "the same".to_owned() } else { code(text) }
}

/// The generated columns of the first table.
fn becomes(written: &str) -> Vec<String> {
    let copied = Text::new(&one_line(written));
    vec![
        code(&in_full(written)),
        code_unless_same(&escaped(written), written),
        code_unless_same(copied.as_str(), written),
    ]
}

/// The generated columns of the second table.
fn widths(written: &str) -> Vec<String> {
    let row = sanitize(written, usize::MAX, Charset::Unicode);
    let columns = u16::try_from(row.width()).unwrap();
    check_row(&row, columns);
    check_terminal(&row, columns);
    let in_ascii = sanitize(written, usize::MAX, Charset::Ascii);
    vec![code(&row), columns.to_string(), code(&in_ascii)]
}

/// The page with newly generated table columns.
fn made(page: &str) -> String {
    let mut tables = 0;
    let line = |line: &str| {
        tables += usize::from(line.starts_with(WRITTEN));
        let Some((what, written)) = example(line) else { return line.to_owned() };
        let text = read(written);
        let cells = if tables == 1 { becomes(&text) } else { widths(&text) };
        format!("| {what} | {} | {} |", code(written), cells.join(" | "))
    };
    page.lines().map(line).map(|line| line + "\n").collect()
}

/// The first column of a table row, and its JSON string.
fn example(line: &str) -> Option<(&str, &str)> {
    let (what, rest) = line.strip_prefix("| ")?.split_once(" | `\"")?;
    let end = rest.find("\"`")?;
    let start = line.len() - rest.len() - 1;
    Some((what, &line[start..=start + end + 1]))
}

/// Set `UPDATE_README` to write the page instead of comparing it.
#[test]
fn the_tables_of_the_page_agree_with_the_program() {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let made = made(&page);
    assert_eq!(page.lines().filter(|line| line.starts_with(WRITTEN)).count(), 2);
    assert!(page.lines().filter_map(example).count() > 40);
    assert!(!page.chars().any(|c| c != '\n' && is_hidden(c)), "the page itself can be shown");
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(PAGE, &made).unwrap();
    }
    for (is, should_be) in std::fs::read_to_string(PAGE).unwrap().lines().zip(made.lines()) {
        assert_eq!(is, should_be, "run `UPDATE_README=1 cargo test -p clacks-text page`");
    }
}
