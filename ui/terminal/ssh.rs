//! Detection of ssh.

use std::{env, ffi::OsString};

/// Whether the program runs in an ssh session: `SSH_CONNECTION` or `SSH_TTY` is set and not empty.
pub fn is_over_ssh() -> bool {
    is_ssh_session(env::var_os)
}

pub(crate) fn is_ssh_session(variable: impl Fn(&'static str) -> Option<OsString>) -> bool {
    ["SSH_CONNECTION", "SSH_TTY"]
        .into_iter()
        .any(|name| variable(name).is_some_and(|value| !value.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ssh_is_detected_by_either_variable_unless_empty() {
        for (set, value, is_remote) in [
            ("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22", true),
            ("SSH_TTY", "/dev/pts/3", true),
            ("SSH_TTY", "", false),
            ("SSH_AGENT_PID", "17", false),
        ] {
            assert_eq!(
                is_ssh_session(|name| (name == set).then(|| value.into())),
                is_remote,
                "{set}={value}"
            );
        }
    }
}
