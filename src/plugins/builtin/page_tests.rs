//! The page about plugins names every option.

use super::Builtin;

const PAGE: &str = include_str!("../../../docs/plugins.md");

/// The options of a plugin, which serde names when it is given another one.
fn options(plugin: &str) -> Vec<String> {
    let error = Builtin::read(plugin, serde_json::json!({ "no such option": 1 })).unwrap_err().to_string();
    let (_, names) = error.split_once("expected ").expect("a list");
    names.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The section of a plugin. Two plugins share one.
fn section(plugin: &str) -> &'static str {
    let is_of = |section: &&str| {
        let heading = section.lines().next().unwrap_or_default();
        heading.split(' ').any(|word| word == plugin)
    };
    let sections = PAGE.split("\n## ").flat_map(|chapter| chapter.split("\n### ").skip(1));
    sections.into_iter().find(is_of).unwrap_or_else(|| panic!("no section about {plugin}"))
}

#[test]
fn the_page_about_plugins_names_every_option() {
    for plugin in Builtin::NAMES {
        let options = options(plugin);
        assert!(!options.is_empty(), "{plugin}");
        for option in options {
            assert!(section(plugin).contains(&format!("`{option}`")), "{option} of {plugin}");
        }
    }
}

#[test]
fn the_options_on_the_page_exist() {
    for plugin in Builtin::NAMES {
        let rows = section(plugin).lines().filter(|line| line.starts_with("| `"));
        let named =
            rows.flat_map(|row| row.split('|').nth(1).unwrap_or_default().split('`').skip(1).step_by(2));
        for option in named {
            let is_known = Builtin::NAMES
                .iter()
                .filter(|other| section(other) == section(plugin))
                .any(|plugin| options(plugin).iter().any(|known| known == option));
            assert!(is_known, "{option} of {plugin}");
        }
    }
}
