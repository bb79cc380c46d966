//! File errors in words, without the system's error numbers, equal in every interface.

use std::io::{self, ErrorKind};

/// Rewords an error of reading a file. Keeps its kind.
pub fn reading(error: io::Error) -> io::Error {
    in_words(error, "there is no such file")
}

/// Rewords an error of creating or writing a file. Keeps its kind.
pub fn writing(error: io::Error) -> io::Error {
    in_words(error, "there is no such directory")
}

/// Rewords an error. `missing` is the text for [`ErrorKind::NotFound`].
fn in_words(error: io::Error, missing: &'static str) -> io::Error {
    // An error with words of its own says more than its kind does.
    let has_words = error.get_ref().is_some() && !error.to_string().contains(NUMBER);
    if has_words {
        return error;
    }
    let kind = error.kind();
    let words = match kind {
        ErrorKind::NotFound => missing.to_owned(),
        ErrorKind::IsADirectory => "it is a directory".to_owned(),
        ErrorKind::NotADirectory => "a part of its path is not a directory".to_owned(),
        ErrorKind::ReadOnlyFilesystem => "its file system is read-only".to_owned(),
        ErrorKind::StorageFull => "there is no room on its file system".to_owned(),
        _ => without_number(&error.to_string()),
    };
    io::Error::new(kind, words)
}

/// The suffix that the standard library adds to the system's message.
const NUMBER: &str = " (os error ";

/// Removes the ` (os error N)` that the standard library adds to the system's messages.
pub fn without_number(text: &str) -> String {
    let mut parts = text.split(NUMBER);
    let mut words = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        words.push_str(part.split_once(')').map_or(part, |(_, behind)| behind));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_errors_have_no_number() {
        for number in 1..=133 {
            let error = || io::Error::from_raw_os_error(number);
            for told in [reading(error()), writing(error())] {
                assert_eq!(told.kind(), error().kind(), "{number}");
                let text = told.to_string();
                assert!(!text.contains("os error") && !text.is_empty(), "{number}: {text}");
            }
        }
        assert_eq!(reading(ErrorKind::NotFound.into()).to_string(), "there is no such file");
        assert_eq!(writing(ErrorKind::NotFound.into()).to_string(), "there is no such directory");
        assert_eq!(
            without_number("a: No such file (os error 2); b (os error 13) (c)"),
            "a: No such file; b (c)"
        );
    }

    #[test]
    fn custom_error_texts_are_unchanged() {
        let error = io::Error::new(ErrorKind::InvalidData, "the file is not UTF-8 text");
        assert_eq!(reading(error).to_string(), "the file is not UTF-8 text");
        let wrapped = io::Error::new(ErrorKind::NotFound, io::Error::from_raw_os_error(2));
        assert_eq!(writing(wrapped).to_string(), "there is no such directory");
    }
}
