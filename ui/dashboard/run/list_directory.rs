//! Directory listings for the completion of paths.

use std::{
    fs::{self, DirEntry},
    path::Path,
};

use clacks_text::paths::expand;

/// Maximum entries read from a directory.
const MAX_ENTRIES: usize = 10_000;

/// Returns the names in a directory that begin with `begun`, sorted. At most `most` names. A directory ends in `/`.
/// Hidden files are included only if `begun` starts with a dot. Empty if the directory cannot be read.
pub fn list_names(directory: &str, begun: &str, most: usize) -> Vec<String> {
    let path = Path::new(if directory.is_empty() { "." } else { directory });
    let Ok(path) = expand(path) else { return Vec::new() };
    let Ok(entries) = fs::read_dir(path) else { return Vec::new() };
    let entries = entries.take(MAX_ENTRIES).filter_map(Result::ok);
    let mut names: Vec<_> = entries.filter_map(|entry| entry_name(&entry, begun)).collect();
    names.sort_unstable();
    names.truncate(most);
    names
}

/// Returns the name of an entry if it begins with `begun`. Names that are not UTF-8 cannot be typed and are skipped.
fn entry_name(entry: &DirEntry, begun: &str) -> Option<String> {
    let name = entry.file_name().into_string().ok()?;
    let is_wanted = name.starts_with(begun) && (begun.starts_with('.') || !name.starts_with('.'));
    // A link to a directory counts as a directory.
    is_wanted.then(|| if entry.path().is_dir() { name + "/" } else { name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_the_prefix_and_hidden_files_need_a_dot() {
        let place = tempfile::tempdir().unwrap();
        for name in ["notes.jsonl", "notes.csv", "other", ".hidden"] {
            fs::write(place.path().join(name), "").unwrap();
        }
        fs::create_dir(place.path().join("nodes")).unwrap();
        let directory = place.path().to_str().unwrap();
        assert_eq!(list_names(directory, "no", 64), ["nodes/", "notes.csv", "notes.jsonl"]);
        assert_eq!(list_names(directory, "", 64).len(), 4);
        assert_eq!(list_names(directory, "", 2).len(), 2);
        assert_eq!(list_names(directory, ".", 64), [".hidden"]);
        assert_eq!(list_names("no such directory", "", 64), [""; 0]);
    }
}
