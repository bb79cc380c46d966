//! Tests that the pages in `docs/` name every element of the languages and formats.

use std::{collections::BTreeSet, fs, path::Path};

use clacks_feed::{
    Name,
    filter::{Filter, Scope, Values, fields as filter_fields, grammar},
};
use clacks_p2p::{core::Status, simulation::Scenario};
use clacks_p2p_feed::description::describe;

use super::{README, root};

/// The content of a page. The README has to link to it.
fn page(name: &str) -> String {
    let readme = fs::read_to_string(README).unwrap();
    assert!(readme.contains(&format!("(docs/{name})")), "the README leads to {name}");
    fs::read_to_string(root().join("docs").join(name)).unwrap()
}

/// The words in backticks of a page.
fn words(page: &str) -> BTreeSet<&str> {
    let code = page.split('`').skip(1).step_by(2);
    code.flat_map(|code| code.split(|c: char| !c.is_alphanumeric() && !"_-".contains(c))).collect()
}

#[track_caller]
fn assert_named<'a>(page: &str, names: impl IntoIterator<Item = &'a str>) {
    let words = words(page);
    let missing: Vec<_> = names.into_iter().filter(|name| !words.contains(name)).collect();
    assert!(missing.is_empty(), "the page does not name {missing:?}");
}

/// The fields of a format, from its error for an unknown field.
fn fields(error: &str) -> Vec<&str> {
    let (_, expected) = error.split_once("expected").unwrap_or_else(|| panic!("{error}"));
    expected.split('`').skip(1).step_by(2).collect()
}

#[test]
fn the_page_about_filters_names_every_field_type_and_status() {
    let page = page("filters.md");
    let network = describe("tower:1".into());
    let scope = Scope::Traffic(&network);
    let fields = filter_fields(scope);
    assert_named(&page, fields.iter().map(|field| field.name.as_str()));
    let types = fields.iter().find(|field| field.name == "type").map(|field| &field.values);
    let Some(Values::Words(types)) = types else { panic!("{types:?}") };
    assert_named(&page, types.iter().map(Name::as_str));
    assert_named(&page, Status::ALL.iter().map(|status| status.name()));
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split("` | ").next());
    for row in rows.filter(|row| row.len() > 1 && !types.iter().any(|kind| kind == row)) {
        let filter = row.replace("\\|", "|");
        assert!(Filter::parse(&filter, scope).is_ok(), "{filter}");
    }
    for (written, _) in grammar(scope).iter().filter(|(written, _)| written.contains(':')) {
        let field = written.trim_start_matches('!').split(':').next().unwrap();
        assert!(page.contains(&format!("{field}:")), "{written}");
    }
}

#[test]
fn the_page_about_peercloud_names_every_event_and_status() {
    let page = page("peercloud.md");
    let network = clacks_peercloud_feed::description::describe("tower:1".into());
    assert_named(&page, network.events.iter().map(|event| event.name.as_str()));
    let members = network.lists().find(|(_, list)| list.name == "members").unwrap().1;
    let statuses = members.statuses.iter().map(Name::as_str);
    assert_named(&page, statuses);
}

#[test]
fn the_page_about_themes_names_every_field_colour_and_attribute() {
    let page = page("themes.md");
    let error = clacks_widgets::theme::error_in("nothing = 'bold'");
    let names = fields(&error);
    assert!(names.len() > 20, "{error}");
    assert_named(&page, names);
    let error = clacks_widgets::theme::error_in("strong = 'loud'");
    let vocabulary = error.split("colours are ").nth(1).unwrap().replace("; attributes are ", ", ");
    let plain = vocabulary.lines().next().unwrap().split(", ").filter(|word| !word.starts_with("bright-"));
    assert_named(&page, plain.map(str::trim));
}

#[test]
fn the_page_about_scenarios_names_every_field_and_its_examples_are_taken() {
    let page = page("scenarios.md");
    let error = |text: &str| toml::from_str::<Scenario>(text).unwrap_err().message().to_owned();
    assert_named(&page, fields(&error("nothing = 1")));
    for table in ["churn", "outage", "partition", "flood"] {
        assert_named(&page, fields(&error(&format!("{table} = {{ nothing = 1 }}"))));
    }
    for name in ["topology", "latency"] {
        assert_named(&page, fields(&error(&format!("{name} = {{ kind = 'nothing' }}"))));
    }
    for name in ["origin", "newcomers"] {
        assert_named(&page, fields(&error(&format!("{name} = 'nothing'"))));
    }
    for line in page.lines().filter(|line| line.starts_with("| `{ kind")) {
        let value = line.split('`').nth(1).unwrap();
        let is_taken =
            ["topology", "latency"].map(|name| toml::from_str::<Scenario>(&format!("{name} = {value}")));
        assert!(is_taken.iter().any(Result::is_ok), "{line}: {is_taken:?}");
    }
}

#[test]
fn the_page_about_events_names_every_event_and_field() {
    let page = page("events.md");
    let mut names = BTreeSet::new();
    for directory in ["ui/src/json", "src/clacks/feed/json", "src/clacks/feed/event/kinds"] {
        sources_in(&root().join(directory)).iter().for_each(|source| names.extend(names_in(source)));
    }
    let peer = fs::read_to_string(root().join("src/clacks/feed/peer.rs")).unwrap();
    names.extend(names_in(peer.split("// === JSON ===").nth(1).unwrap()));
    names.extend(names_in(&fs::read_to_string(root().join("ui/src/json.rs")).unwrap()));
    // Only the first line of a recording has it, which is no event.
    assert!(names.remove("to") && names.len() > 90, "{names:?}");
    assert_named(&page, names.iter().map(String::as_str));
}

/// The source files in a directory and below it, without tests.
fn sources_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| !path.ends_with("tests.rs"));
    let sources = files.flat_map(|path| {
        if path.is_dir() { sources_in(&path) } else { vec![fs::read_to_string(path).unwrap()] }
    });
    sources.collect()
}

/// The names of events in this source, and of their fields.
fn names_in(source: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for call in ["Record::new(\"", "tag = \"", "NAME: &str = \""] {
        names.extend(source.split(call).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned));
    }
    // The page does not name the keys for peers by status and for the values of `:limits`.
    let is_passed_over = |line: &str| {
        ["struct Counts ", "struct Counted ", "struct Limits ", "struct Used "]
            .iter()
            .any(|it| line.contains(it))
    };
    let (mut is_inside, mut is_part) = (false, false);
    for line in source.lines().map(str::trim) {
        if line.ends_with('{') && (line.contains("struct ") || line.contains("enum ")) {
            is_inside = !is_passed_over(line);
        } else if line == "}" || line.starts_with("fn ") || line.starts_with("impl") {
            is_inside = false;
        } else if is_inside && line.ends_with(',') && !is_part {
            let field = line.trim_start_matches("pub ").split(": ").next().unwrap();
            names.extend(field.chars().all(|c| c.is_ascii_lowercase() || c == '_').then(|| field.to_owned()));
        }
        is_part = line == "#[serde(flatten)]";
    }
    names
}
