//! The links between the pages of the repository.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use super::{README, root};

/// Maximum length of the README in lines; longer text belongs in a page of `docs/`.
const LONGEST_README: usize = 250;

/// The Markdown files directly in a directory of the repository.
fn pages_in(directory: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(directory)).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

/// The targets of links and pictures in a page, without code blocks.
fn targets(text: &str) -> Vec<String> {
    let mut is_code = false;
    let prose = text.lines().filter(|line| {
        let is_fence = line.starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence && !line.starts_with("    ")
    });
    let prose = prose.collect::<Vec<_>>().join("\n");
    prose.split("](").skip(1).filter_map(|rest| rest.split(')').next()).map(str::to_owned).collect()
}

/// The anchors of a page's headings, as GitHub generates them.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter_map(|line| line.strip_prefix('#'));
    let headings = headings.map(|line| line.trim_start_matches('#').trim().to_lowercase());
    headings
        .map(|heading| {
            heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c)).collect::<String>()
        })
        .map(|heading| heading.replace(' ', "-"))
        .collect()
}

/// The reason why a link is broken; `None` if it is valid.
fn fault(page: &Path, text: &str, target: &str) -> Option<String> {
    if target.starts_with("https://") {
        return None;
    }
    let (file, anchor) = target.split_once('#').map_or((target, None), |(file, anchor)| (file, Some(anchor)));
    let path = if file.is_empty() { page.to_owned() } else { page.parent().unwrap().join(file) };
    if !path.exists() {
        return Some(format!("{}: there is no {target}", page.display()));
    }
    let text = if file.is_empty() { text.to_owned() } else { fs::read_to_string(&path).unwrap_or_default() };
    let is_missing = anchor.is_some_and(|anchor| !anchors(&text).contains(anchor));
    is_missing.then(|| format!("{}: there is no heading for {target}", page.display()))
}

#[test]
fn every_link_between_pages_leads_somewhere() {
    let pages: Vec<_> = ["", "docs", "tests", "fuzz"].into_iter().flat_map(pages_in).collect();
    let mut count = 0;
    let mut faults = Vec::new();
    for page in &pages {
        let text = fs::read_to_string(page).unwrap();
        let targets = targets(&text);
        count += targets.len();
        faults.extend(targets.iter().filter_map(|target| fault(page, &text, target)));
    }
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(count > 60, "links were found: {count}");
}

#[test]
fn the_readme_is_short_and_leads_to_every_page() {
    let readme = fs::read_to_string(README).unwrap();
    let lines = readme.lines().count();
    assert!(lines <= LONGEST_README, "README.md has {lines} lines, at most {LONGEST_README}");
    let targets = targets(&readme);
    for page in pages_in("docs") {
        let page = format!("docs/{}", page.file_name().unwrap().to_str().unwrap());
        assert!(targets.contains(&page), "README.md has no link to {page}");
    }
}
