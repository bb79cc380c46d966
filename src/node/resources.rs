//! When this machine has no more of something that every connection takes.

use std::io;

/// What the system says where this process, or the whole system, has too many files open: `EMFILE` and `ENFILE`, which
/// have one number on every Unix, and `WSAEMFILE`.
const TOO_MANY_FILES: [i32; 3] = [24, 23, 10024];

/// Whether something failed for want of files or memory here, of which nobody else is to blame.
pub(super) fn are_used_up(error: &io::Error) -> bool {
    let is_too_many = |code| TOO_MANY_FILES.contains(&code);
    error.kind() == io::ErrorKind::OutOfMemory || error.raw_os_error().is_some_and(is_too_many)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lack_of_files_is_ours_and_a_refusal_is_not() {
        for (code, is_ours) in [(23, true), (24, true), (12, true), (111, false), (104, false), (2, false)] {
            assert_eq!(are_used_up(&io::Error::from_raw_os_error(code)), is_ours, "{code}");
        }
    }
}
