//! User paths: `~` at their start is the home directory.

use std::{
    borrow::Cow,
    ffi::OsStr,
    ops::Deref,
    path::{Path, PathBuf},
};

use clap::builder::{PathBufValueParser, TypedValueParser, ValueParser, ValueParserFactory};
use directories::BaseDirs;
use serde::{Deserialize, Deserializer, de::Error};

/// The reason why a path that starts with `~` cannot be expanded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HomeError {
    /// No home directory is known.
    #[error("{0}: no home directory is known; set HOME, or write the whole path")]
    Unknown(String),
    #[error(
        "{0}: only ~ and ~/ stand for a home directory; write the whole path, or ./{0} for a file of that name"
    )]
    /// The path starts with `~name`, which a shell expands to another user's home directory.
    OtherUser(String),
}

/// Expands `~` and `~/` at the start of a path to the home directory. Other paths stay as they are.
///
/// # Errors
///
/// Fails if no home directory is known, or if the path starts with `~name`.
pub fn expand(path: &Path) -> Result<Cow<'_, Path>, HomeError> {
    expand_in(path, BaseDirs::new().map(|directories| directories.home_dir().to_owned()))
}

fn expand_in(path: &Path, home: Option<PathBuf>) -> Result<Cow<'_, Path>, HomeError> {
    let Some(first) = path.iter().next().map(OsStr::to_string_lossy).filter(|first| first.starts_with('~'))
    else {
        return Ok(Cow::Borrowed(path));
    };
    let written = || path.display().to_string();
    match (path.strip_prefix("~"), home) {
        _ if first != "~" => Err(HomeError::OtherUser(written())),
        (Ok(rest), Some(home)) if rest.as_os_str().is_empty() => Ok(Cow::Owned(home)),
        (Ok(rest), Some(home)) => Ok(Cow::Owned(home.join(rest))),
        _ => Err(HomeError::Unknown(written())),
    }
}

/// An expanded path from an option, a variable or the configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserPath(PathBuf);

impl UserPath {
    /// Expands a path as [`expand`] does.
    ///
    /// # Errors
    ///
    /// Fails as [`expand`] does.
    pub fn new(path: impl AsRef<Path>) -> Result<Self, HomeError> {
        expand(path.as_ref()).map(|path| Self(path.into_owned()))
    }
}

impl Deref for UserPath {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl ValueParserFactory for UserPath {
    type Parser = ValueParser;

    fn value_parser() -> ValueParser {
        PathBufValueParser::new().try_map(Self::new).into()
    }
}

impl<'de> Deserialize<'de> for UserPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let path = PathBuf::deserialize(deserializer)?;
        if path.as_os_str().is_empty() {
            return Err(D::Error::custom("a path is missing between the quotes"));
        }
        Self::new(path).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: &str = "/home/tower";

    #[test]
    fn a_tilde_is_the_home_directory() {
        for (written, meant) in [
            ("~", "/home/tower"),
            ("~/", "/home/tower"),
            ("~/notes", "/home/tower/notes"),
            ("~//notes/./a", "/home/tower/notes/./a"),
            ("~/~", "/home/tower/~"),
        ] {
            assert_eq!(
                expand_in(Path::new(written), Some(HOME.into())).unwrap(),
                Path::new(meant),
                "{written}"
            );
        }
        for path in ["", "a~", "/a/~", "./~", "./~other", "a/~/b", "a b", "$HOME/a", " ~/a"] {
            assert_eq!(expand_in(Path::new(path), Some(HOME.into())).unwrap(), Path::new(path));
            assert_eq!(expand_in(Path::new(path), None).unwrap(), Path::new(path));
        }
        assert_eq!(expand(Path::new("~")).unwrap(), BaseDirs::new().unwrap().home_dir());
    }

    #[test]
    fn an_unknown_home_directory_is_an_error() {
        for path in ["~", "~/", "~/notes"] {
            let error = expand_in(Path::new(path), None).unwrap_err();
            assert!(
                matches!(error, HomeError::Unknown(_)) && error.to_string().contains("set HOME"),
                "{error}"
            );
        }
        for path in ["~other", "~other/notes", "~~", "~ /notes"] {
            let error = expand_in(Path::new(path), Some(HOME.into())).unwrap_err();
            assert!(matches!(&error, HomeError::OtherUser(written) if written == path), "{error}");
        }
    }

    #[test]
    fn a_path_in_a_file_is_expanded_and_an_empty_one_is_an_error() {
        #[derive(Debug, Deserialize)]
        struct Table {
            path: UserPath,
        }
        let read = |text: &str| toml::from_str::<Table>(&format!("path = '{text}'")).map(|table| table.path);
        assert_eq!(*read("~/a").unwrap(), *expand(Path::new("~/a")).unwrap());
        assert_eq!(*read("a b/c").unwrap(), *Path::new("a b/c"));
        for wrong in ["", "~other/a"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
