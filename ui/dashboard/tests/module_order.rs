//! The order of the modules of this crate: each imports only from those to its left.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The modules from the left to the right, as CONTRIBUTING.md lists them.
const ORDER: [&str; 8] = ["state", "keymap", "model", "pages", "available", "view", "update", "run"];
/// What stands beside them.
const BESIDE: [&str; 2] = ["lib", "tests"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The source files below a directory, without those that are only tests.
fn sources(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let (directories, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let is_code =
        |path: &PathBuf| path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs");
    let below = directories.iter().flat_map(|directory| sources(directory));
    files.iter().filter(|path| is_code(path)).cloned().chain(below).collect()
}

/// The first segments of the paths behind `prefix` in a source text, also of those in braces.
fn first_segments(text: &str, prefix: &str) -> Vec<String> {
    let segment =
        |text: &str| text.trim().split(|c: char| !c.is_alphanumeric() && c != '_').next().map(str::to_owned);
    let mut found = Vec::new();
    for (at, _) in text.match_indices(prefix) {
        let is_whole = !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
        let behind = &text[at + prefix.len()..];
        if !is_whole {
            continue;
        }
        let Some(braces) = behind.strip_prefix('{') else {
            found.extend(segment(behind));
            continue;
        };
        let mut depth = 1;
        let mut part = String::new();
        for character in braces.chars() {
            depth += match character {
                '{' => 1,
                '}' => -1,
                _ => 0,
            };
            match character {
                _ if depth == 0 => break,
                ',' if depth == 1 => found.extend(segment(&std::mem::take(&mut part))),
                character => part.push(character),
            }
        }
        found.extend(segment(&part));
    }
    found
}

/// The modules of the crate's root that a file names, outside its tests.
fn named_by(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let code: String = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .map(|line| line.to_owned() + "\n")
        .collect();
    // `super` leads to the root from as far below it as the file stands.
    let depth =
        file.strip_prefix(root()).unwrap().components().count() - usize::from(file.ends_with("mod.rs"));
    [first_segments(&code, "crate::"), first_segments(&code, &"super::".repeat(depth))].concat()
}

#[test]
fn every_module_imports_only_from_those_to_its_left() {
    let mut wrong = Vec::new();
    for (at, module) in ORDER.iter().enumerate() {
        let directory = root().join(module);
        let files =
            if directory.is_dir() { sources(&directory) } else { vec![root().join(format!("{module}.rs"))] };
        let named: Vec<_> = files
            .iter()
            .flat_map(|file| named_by(file).into_iter().map(move |named| (file, named)))
            .collect();
        assert!(
            at == 0 || named.iter().any(|(_, named)| ORDER[..at].contains(&named.as_str())),
            "{module} imports nothing?"
        );
        let behind = |named: &str| ORDER[at + 1..].contains(&named);
        wrong.extend(
            named
                .iter()
                .filter(|(_, named)| behind(named))
                .map(|(file, named)| format!("{} imports {named}", file.display())),
        );
    }
    assert_eq!(wrong, [""; 0], "the order is {}", ORDER.join(", "));
}

#[test]
fn the_order_names_every_module_and_is_the_one_of_the_guide() {
    let entries = fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path());
    let is_module = |path: &PathBuf| path.is_dir() || path.extension().is_some_and(|end| end == "rs");
    for module in entries.filter(is_module) {
        let name = module.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(ORDER.iter().chain(&BESIDE).any(|known| *known == name), "{name} has no place in the order");
    }
    let guide = fs::read_to_string(root().join("../../CONTRIBUTING.md")).unwrap();
    let order = ORDER.map(|module| format!("`{module}`")).join(" \u{2190} ");
    assert!(guide.contains(&order), "{order}");
}
