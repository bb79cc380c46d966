//! Tests that the documentation agrees with the program: generated tables, links, and names of tests.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

use clacks_dashboard::keymap::{KeyContext, Keymap};
use clacks_language::command::{
    Known,
    table::{Availability, COMMANDS},
};
use clacks_p2p_feed::description::describe;
use clap::CommandFactory;

use super::cli::Cli;

mod docs;
mod links;

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");

/// A section of a page: the name in its marks, and the function that generates it.
type Section = (&'static str, fn() -> String);

/// The pages with generated sections.
const GENERATED: [(&str, &[Section]); 4] = [
    ("docs/keys.md", &[("keys", keys)]),
    ("docs/commands.md", &[("commands", commands)]),
    ("docs/options.md", &[("options", options), ("other options", other_options)]),
    (
        "docs/peercloud.md",
        &[("peercloud commands", peercloud_commands), ("peercloud options", peercloud_options)],
    ),
];

/// The text with the lines between the marks of section `name` replaced.
fn with_section(text: &str, name: &str, section: &str) -> String {
    let begin = text.find(&format!("<!-- {name}: ")).expect("the section's first mark");
    let begin = begin + text[begin..].find("-->\n").expect("the end of the mark") + 4;
    let end = text.find(&format!("<!-- end of {name} -->")).expect("the section's last mark");
    format!("{}\n{section}\n{}", &text[..begin], &text[end..])
}

/// The key contexts in the order of the page.
const HEADINGS: [&str; 8] = [
    "In the lists",
    "While something is open",
    "While searching the open text",
    "In the list of available commands",
    "While writing",
    "While choosing a completion",
    "While searching the history",
    "In a replay",
];

fn heading(place: KeyContext) -> &'static str {
    match place {
        KeyContext::Peers | KeyContext::Queue | KeyContext::Traffic | KeyContext::Column => HEADINGS[0],
        KeyContext::Overlay | KeyContext::OpenPicture | KeyContext::Held => HEADINGS[1],
        KeyContext::Search => HEADINGS[2],
        KeyContext::Palette => HEADINGS[3],
        KeyContext::Input => HEADINGS[4],
        KeyContext::Choices => HEADINGS[5],
        KeyContext::HistorySearch => HEADINGS[6],
        KeyContext::Replay => HEADINGS[7],
    }
}

fn keys() -> String {
    let mut table = String::new();
    for heading in HEADINGS {
        let _ = write!(table, "**{heading}**\n\n| key | what it does |\n|---|---|\n");
        for binding in Keymap::default().bindings() {
            let keys: Vec<String> = binding
                .keys_where(|place| self::heading(place) == heading)
                .iter()
                .map(|key| format!("`{key}`"))
                .collect();
            if !keys.is_empty() {
                let _ = writeln!(table, "| {} | {} |", keys.join(" "), binding.help);
            }
        }
        table.push('\n');
    }
    table.trim_end().to_owned() + "\n"
}

fn commands() -> String {
    let mut text = table_of(Availability::Everywhere);
    text += "| `::text` | send the message \":text\" |\n\n## With an interface\n\nOn the screen, and most of them [with `--accessible`](accessible.md); not in `clacks node`:\n\n";
    text += &table_of(Availability::ScreenOnly);
    text + "\n## For key bindings\n\nThese commands are useful only when a key is bound to them:\n\n"
        + &table_of(Availability::KeyOnly)
}

/// The commands of a peercloud node.
fn peercloud_commands() -> String {
    let mut table = "| command | what it does |\n|---|---|\n".to_owned();
    let network = clacks_peercloud_feed::description::describe("localhost:9338".into());
    // `undo` takes the token of an outcome; the interface has a command of that name.
    for command in network.commands.iter().filter(|command| command.name != "undo") {
        let known = Known::Node(command);
        let also: Vec<_> = command.also.iter().map(|name| format!("`:{name}`")).collect();
        let also = if also.is_empty() { String::new() } else { format!("; also {}", also.join(", ")) };
        let _ = writeln!(table, "| `{}` | {}{also} |", known.usage(), known.help());
    }
    table
}

fn table_of(scope: Availability) -> String {
    let mut table = "| command | what it does |\n|---|---|\n".to_owned();
    let clacks = describe("localhost:8080".into());
    let of_node = Known::all(&clacks).filter(|known| matches!(known, Known::Node(_)));
    for known in of_node.chain(COMMANDS.iter().map(Known::Face)).filter(|known| known.scope() == scope) {
        let _ = writeln!(table, "| `{}` | {} |", known.usage(), known.help());
    }
    table
}

fn options() -> String {
    let mut command = Cli::command();
    command.build();
    table_of_options(command.get_arguments())
}

/// The options that only a peercloud node has, or of which it has its own.
fn peercloud_options() -> String {
    let mut cli = Cli::command();
    cli.build();
    let command = cli.find_subcommand("peercloud").expect("the command");
    table_of_options(command.get_arguments().filter(|option| {
        option.get_env().is_some_and(|name| name.to_string_lossy().starts_with("CLACKS_PEERCLOUD_"))
    }))
}

fn table_of_options<'a>(options: impl Iterator<Item = &'a clap::Arg>) -> String {
    let mut table = "| option | variable | what it is |\n|---|---|---|\n".to_owned();
    for option in options.filter(|option| option.get_long().is_some()) {
        let help = option.get_help().map(ToString::to_string).unwrap_or_default();
        // An option whose value is optional takes it only from the environment.
        let takes_value = option.get_num_args().is_some_and(|number| number.min_values() > 0);
        let value = option.get_value_names().filter(|_| takes_value);
        let value = value.map(|names| format!(" {}", names[0])).unwrap_or_default();
        let variable = option.get_env().map(|name| format!("`{}`", name.display())).unwrap_or_default();
        let long = option.get_long().unwrap_or_default();
        let _ = writeln!(table, "| `--{long}{value}` | {variable} | {help} |");
    }
    table
}

/// The options of `clacks demo`, `clacks replay` and `clacks simulate`.
fn other_options() -> String {
    let mut table = "| option | what it is |\n|---|---|\n".to_owned();
    let mut cli = Cli::command();
    cli.build();
    let shared: BTreeSet<String> = cli.get_arguments().map(|option| option.get_id().to_string()).collect();
    for name in ["demo", "replay", "simulate"] {
        let command = cli.find_subcommand(name).expect("the command");
        let own = command.get_arguments().filter(|option| !shared.contains(option.get_id().as_str()));
        for option in own.filter(|option| option.get_long().is_some()) {
            let help = option.get_help().map(ToString::to_string).unwrap_or_default();
            let default = option.get_default_values().first().filter(|_| option.get_action().takes_values());
            let default = default.map(|value| format!(" [default: {}]", value.display())).unwrap_or_default();
            let value = option.get_value_names().filter(|_| option.get_action().takes_values());
            let value = value.map(|names| format!(" {}", names[0])).unwrap_or_default();
            let long = option.get_long().unwrap_or_default();
            let _ = writeln!(table, "| `clacks {name} --{long}{value}` | {help}{default} |");
        }
    }
    table
}

/// Set the variable `UPDATE_README` to write the sections instead of comparing them.
#[test]
fn the_tables_are_those_of_the_program() {
    for (page, sections) in GENERATED {
        let path = root().join(page);
        let is = fs::read_to_string(&path).unwrap();
        let made = sections.iter().fold(is.clone(), |text, (name, make)| with_section(&text, name, &make()));
        if std::env::var_os("UPDATE_README").is_some() {
            fs::write(path, made).unwrap();
        } else {
            assert!(
                made == is,
                "{page} is behind: run `UPDATE_README=1 cargo test -p clacks-monitor readme`"
            );
        }
    }
}

/// Adds the names of the functions below a directory.
fn functions_below(directory: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            functions_below(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(path).unwrap();
            let functions =
                source.lines().filter_map(|line| line.trim_start().split("fn ").nth(1)?.split('(').next());
            names.extend(functions.map(str::to_owned));
        }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The names of the project's functions, including tests.
fn functions() -> BTreeSet<String> {
    let mut functions = BTreeSet::new();
    for room in ["src", "tests", "ui"] {
        functions_below(&root().join(room), &mut functions);
    }
    functions
}

#[test]
fn the_tests_named_in_the_tests_readme_exist() {
    let functions = functions();
    let text = fs::read_to_string(root().join("tests/README.md")).unwrap();
    for table in ["| complaint |", "| a plugin of the package |", "| the package |"] {
        let lines = text.split(table).nth(1).unwrap().lines().skip(2);
        for line in lines.take_while(|line| line.starts_with('|')) {
            let tests: Vec<_> = line.rsplit_once("| `").unwrap().1.split('`').step_by(2).collect();
            assert!(!tests.is_empty(), "{line}");
            for test in tests.into_iter().filter(|test| !test.trim_matches([' ', '|']).is_empty()) {
                assert!(functions.contains(test), "{test} of {line}");
            }
        }
    }
}

#[test]
fn the_tests_named_in_security_md_exist() {
    let functions = functions();
    let text = fs::read_to_string(root().join("SECURITY.md")).unwrap();
    let promises = text.split("## What it guarantees").nth(1).unwrap().split("\n## ").next().unwrap();
    let promises: Vec<_> = promises.split("\n\n**").skip(1).collect();
    assert!(promises.len() >= 6, "{promises:?}");
    for promise in promises {
        let tests: Vec<_> = promise.split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty(), "{promise}");
        for test in tests {
            assert!(functions.contains(test), "there is no {test}: {promise}");
        }
    }
    let readme = fs::read_to_string(README).unwrap();
    assert!(readme.contains("(SECURITY.md)"), "the README leads there");
}

#[test]
fn the_tests_named_on_the_untrusted_text_page_exist() {
    let functions = functions();
    let text = fs::read_to_string(root().join("docs/untrusted-text.md")).unwrap();
    let places = text.split("| where | how | checked by |").nth(1).unwrap().split("\n\n").next().unwrap();
    let places: Vec<_> = places.lines().filter(|line| line.starts_with("| ") && line.contains('`')).collect();
    assert!(places.len() >= 12, "{places:?}");
    for place in places {
        let tests: Vec<_> = place.rsplit_once(" | ").unwrap().1.split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty(), "{place}");
        for test in tests {
            assert!(functions.contains(test), "there is no {test}: {place}");
        }
    }
    for page in ["README.md", "SECURITY.md"] {
        let page = fs::read_to_string(root().join(page)).unwrap();
        assert!(page.contains("(docs/untrusted-text.md)"), "it leads there");
    }
}
