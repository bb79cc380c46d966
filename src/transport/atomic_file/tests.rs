use tempfile::TempDir;

use super::*;

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = entries.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn only_temporary_files_of_the_target_are_removed() {
    let directory = TempDir::new().unwrap();
    let at = |name: &str| directory.path().join(name);
    for name in ["a.json", "a.json.x1.unfinished", "b.json.x1.unfinished", "a.json.old", "unfinished"] {
        fs::write(at(name), name).unwrap();
    }
    remove_unfinished(&at("a.json"));
    assert_eq!(names(directory.path()), ["a.json", "a.json.old", "b.json.x1.unfinished", "unfinished"]);
}

#[cfg(unix)]
#[test]
fn a_failed_sync_of_the_directory_is_an_error() {
    let directory = TempDir::new().unwrap();
    sync_parent(&directory.path().join("a.json")).unwrap();
    sync_parent(Path::new("a.json")).unwrap();
    assert!(sync_parent(&directory.path().join("nowhere").join("a.json")).is_err());
}

#[test]
fn a_new_file_never_replaces_an_existing_one() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("a.pem");
    let write =
        |text: &'static str| write_new(&path, Access::Private, |file| file.write_all(text.as_bytes()));
    write("first").unwrap();
    assert_eq!(write("second").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(fs::read(&path).unwrap(), b"first");
    assert_eq!(names(directory.path()), ["a.pem"]);
}

#[test]
fn an_incomplete_write_leaves_the_file_unchanged() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("a.json");
    write_whole(&path, Access::Private, |file| file.write_all(b"old")).unwrap();
    let half = |file: &mut dyn Write| file.write_all(b"ha").and(Err(io::Error::other("the disk is full")));
    assert!(write_whole(&path, Access::Private, half).is_err());
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(names(directory.path()), ["a.json"]);
}

#[test]
fn an_error_does_not_name_the_temporary_file() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("nowhere").join("a.json");
    let error = write_whole(&path, Access::Shared, |_| Ok(())).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    assert!(!error.to_string().contains("a.json"), "{error}");
}

#[test]
fn a_file_with_the_longest_name_can_be_written() {
    let directory = TempDir::new().unwrap();
    let name = format!("{}ä", "a".repeat(199));
    for name in [name.clone() + &"b".repeat(50), name + "ä"] {
        write_whole(&directory.path().join(&name), Access::Shared, |file| file.write_all(b"new")).unwrap();
        assert!(names(directory.path()).contains(&name));
    }
}

#[cfg(unix)]
mod links {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    const BOTH: [Access; 2] = [Access::Private, Access::Shared];

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn write(path: &Path, access: Access) -> io::Result<()> {
        write_whole(path, access, |file| file.write_all(b"new"))
    }

    /// A directory with `here/link`, and the file at the end of the links `chain`, from the last to the first.
    fn linked(chain: &[&str], exists: bool) -> (TempDir, PathBuf, PathBuf) {
        let directory = TempDir::new().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::create_dir(at("here")).unwrap();
        fs::create_dir(at("there")).unwrap();
        let target = at("there/file");
        if exists {
            fs::write(&target, "old").unwrap();
            fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).unwrap();
        }
        for (number, leads_to) in chain.iter().enumerate() {
            let leads_to = leads_to.replace("ROOT", directory.path().to_str().unwrap());
            let name =
                if number + 1 == chain.len() { "here/link".to_owned() } else { format!("link{number}") };
            symlink(leads_to, at(&name)).unwrap();
        }
        let link = at("here/link");
        (directory, link, target)
    }

    #[test]
    fn writing_to_a_link_keeps_the_link_and_writes_its_target() {
        let chains = [
            &["../there/file"][..],
            &["ROOT/there/file"],
            &["there/file", "../link0"],
            &["there/file", "link0", "ROOT/link1"],
        ];
        for chain in chains {
            for (exists, access) in
                [true, false].into_iter().flat_map(|exists| BOTH.map(|access| (exists, access)))
            {
                let (directory, link, target) = linked(chain, exists);
                write(&link, access).unwrap();
                assert!(fs::symlink_metadata(&link).unwrap().is_symlink(), "{chain:?} {access:?}");
                assert_eq!(fs::read(&target).unwrap(), b"new", "{chain:?} {access:?}");
                assert_eq!(names(&directory.path().join("there")), ["file"]);
                assert_eq!(names(&directory.path().join("here")), ["link"]);
                match (access, exists) {
                    (Access::Private, _) => assert_eq!(mode(&target), 0o600),
                    (Access::Shared, true) => assert_eq!(mode(&target), 0o640),
                    (Access::Shared, false) => assert_eq!(mode(&target) & 0o600, 0o600),
                }
            }
        }
    }

    #[test]
    fn a_link_to_a_link_in_a_linked_directory_is_followed() {
        let (directory, _, target) = linked(&["../there/file"], true);
        symlink("here", directory.path().join("also here")).unwrap();
        let link = directory.path().join("also here/link");
        write(&link, Access::Shared).unwrap();
        assert_eq!(fs::read(target).unwrap(), b"new");
        assert!(fs::symlink_metadata(link).unwrap().is_symlink());
    }

    #[test]
    fn a_link_into_a_missing_directory_is_an_error_unless_it_is_created() {
        let (directory, link, _) = linked(&["../nowhere/file"], false);
        assert_eq!(write(&link, Access::Shared).unwrap_err().kind(), io::ErrorKind::NotFound);
        write(&link, Access::Private).unwrap();
        assert_eq!(fs::read(directory.path().join("nowhere/file")).unwrap(), b"new");
    }

    #[test]
    fn links_in_a_circle_are_an_error() {
        let directory = TempDir::new().unwrap();
        let at = |name: &str| directory.path().join(name);
        symlink("b", at("a")).unwrap();
        symlink("a", at("b")).unwrap();
        for access in BOTH {
            assert!(write(&at("a"), access).unwrap_err().to_string().contains("without end"));
        }
    }

    #[test]
    fn a_special_file_is_not_replaced() {
        let directory = TempDir::new().unwrap();
        symlink("/dev/null", directory.path().join("device")).unwrap();
        fs::create_dir(directory.path().join("directory")).unwrap();
        for (name, kind) in [("device", "a device"), ("directory", "a directory")] {
            for access in BOTH {
                let error = write(&directory.path().join(name), access).unwrap_err().to_string();
                assert_eq!(error, format!("it is {kind}, not a regular file"));
            }
        }
    }

    #[test]
    fn a_link_to_another_file_system_is_followed() {
        let (here, there) = (TempDir::new().unwrap(), TempDir::new_in("/dev/shm"));
        // Without another file system the case is the same as above.
        let Ok(there) = there else { return };
        let link = here.path().join("link");
        symlink(there.path().join("file"), &link).unwrap();
        write(&link, Access::Private).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(there.path().join("file")).unwrap(), b"new");
    }
}
