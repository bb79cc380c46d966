//! Shortages of resources: each is reported in one line, and running work continues.

use std::{
    fs::OpenOptions,
    process::{Command, Stdio},
};
#[cfg(target_os = "linux")]
use std::{
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::PathBuf,
};

use crate::process::{Home, Process, eventually};

/// A user and a group without privileges, with the numbers that most systems use.
#[cfg(target_os = "linux")]
const NOBODY: u32 = 65534;

/// A copy of the program that every user can execute.
#[cfg(target_os = "linux")]
fn for_others(home: &Home) -> PathBuf {
    let program = home.path().join("clacks");
    std::fs::copy(env!("CARGO_BIN_EXE_clacks"), &program).unwrap();
    std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    program
}

/// A `clacks` with a resource limit of the shell's `ulimit`.
fn limited(home: &Home, limit: &str, arguments: &[&str]) -> Command {
    let mut shell = home.command("/bin/sh");
    let script = format!("ulimit {limit}; exec \"$@\"");
    shell.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_clacks")]).args(arguments);
    shell
}

const NODE: [&str; 5] = ["node", "--hostname", "127.0.0.1", "--port", "0"];

/// Asserts a failure with one line on standard error that contains the text.
fn assert_told(command: &mut Command, expected: &str) {
    let (status, _, complaint) = Process::start_unread(command).read().ended();
    assert!(status.code().is_some_and(|code| code > 0), "{expected}: {status} {complaint}");
    let line = complaint.lines().last().unwrap_or_default();
    assert!(line.starts_with("clacks: ") && line.contains(expected), "{expected}: {complaint}");
    assert!(!complaint.contains("panicked") && complaint.lines().count() <= 2, "{complaint}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_write_error_of_the_output_fails_but_a_closed_pipe_does_not() {
    let home = Home::new();
    let full = || Stdio::from(OpenOptions::new().write(true).open("/dev/full").unwrap());
    for arguments in [
        &NODE[..],
        &["demo", "--no-screen"],
        &["--accessible", "--port", "0"],
        &["config"],
        &["--help"],
        &["--version"],
        &["simulate", "--list"],
        &["simulate", "grid", "--no-screen", "--set", "deliveries=10"],
    ] {
        let output =
            |stdout: Stdio| home.clacks(arguments).stdin(Stdio::null()).stdout(stdout).output().unwrap();
        let told = output(full());
        let complaint = String::from_utf8_lossy(&told.stderr).into_owned();
        assert_eq!(told.status.code(), Some(1), "{arguments:?}: {complaint}");
        let last = complaint.lines().last().unwrap_or_default();
        assert_eq!(
            last, "clacks: cannot write the output: No space left on device (os error 28)",
            "{arguments:?}"
        );

        let (read, write) = std::io::pipe().unwrap();
        drop(read);
        let closed = output(write.into());
        let complaint = String::from_utf8_lossy(&closed.stderr).into_owned();
        assert!(closed.status.success() && !complaint.contains("cannot"), "{arguments:?}: {complaint}");
    }
}

#[test]
fn a_file_size_limit_acts_like_a_full_disk() {
    let home = Home::new();
    // In blocks of 512 or 1024 bytes.
    let arguments =
        [&NODE[..], &["--send-rate", "100", "--record", "recording", "--log-file", "log"]].concat();
    let mut node = Process::start(&mut limited(&home, "-f 64", &arguments));
    for number in 0..400 {
        node.say(&format!(
            "message {number}, long enough to fill a small file some time soon, as many of them do"
        ));
    }
    let failed = node
        .until(|line| line["reason"].as_str().is_some_and(|reason| reason.contains("recording has stopped")));
    assert!(failed["reason"].as_str().unwrap().contains("File too large"), "{failed}");
    node.ask("still there");
    assert!(node.is_running());
}

#[cfg(target_os = "linux")]
#[test]
fn with_few_descriptors_a_node_starts_or_reports_it_in_one_line() {
    let home = Home::new();
    let mut refused = 0;
    for files in 3..40 {
        let mut command = limited(&home, &format!("-n {files}"), &NODE);
        let mut process = Process::start_unread(command.stdin(Stdio::null())).read();
        let mut starts = false;
        eventually("it starts or ends", || {
            starts = process.try_next().is_some_and(|line| line["event"] == "ready");
            starts || !process.is_running()
        });
        if starts {
            process.kill();
            continue;
        }
        refused += 1;
        let (status, _, complaint) = process.ended();
        assert!(status.code().is_some_and(|code| code > 0), "{files}: {status} {complaint}");
        // Errors of the system's loader are not ours.
        if !complaint.contains("shared librar") {
            assert!(
                complaint.starts_with("clacks: ") && complaint.lines().count() == 1,
                "{files}: {complaint}"
            );
        }
    }
    assert!((1..37).contains(&refused), "{refused}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_shortage_of_threads_is_reported_in_one_line() {
    let home = Home::new();
    // The limit does not apply to root, so the program then runs as another user, who must be able to find it.
    let is_root = rustix::process::geteuid().is_root();
    let program = if is_root { for_others(&home) } else { env!("CARGO_BIN_EXE_clacks").into() };
    let mut command = home.command("/bin/sh");
    // The limit of processes and threads is `-u` in most shells, and `-p` in dash.
    let script = "ulimit -u 3 2>/dev/null || ulimit -p 3; exec \"$@\"";
    command.args(["-c", script, "sh"]).arg(program).args(NODE).arg("--no-state").stdin(Stdio::null());
    if is_root {
        command.uid(NOBODY).gid(NOBODY);
    }
    assert_told(&mut command, "threads");
}

#[cfg(unix)]
#[test]
fn a_special_file_is_refused_in_one_line_wherever_a_file_is_read() {
    let home = Home::new();
    assert!(home.command("mkfifo").arg("pipe.toml").status().unwrap().success());
    std::os::unix::fs::symlink("/dev/zero", home.path().join("zero.toml")).unwrap();
    std::fs::create_dir(home.path().join("directory.toml")).unwrap();
    for (file, kind) in
        [("pipe.toml", "a named pipe"), ("zero.toml", "a device"), ("directory.toml", "a directory")]
    {
        for arguments in [
            &["node", "--port", "0", "--config", file][..],
            &["simulate", file, "--no-screen"],
            &["replay", "--accessible", file],
            &["node", "--port", "0", "--cert", file, "--key", file],
        ] {
            // A pipe given as configuration file is read.
            if kind == "a named pipe" && arguments.contains(&"--config") {
                continue;
            }
            let expected = format!("{file}: it is {kind}, not a regular file");
            assert_told(home.clacks(arguments).stdin(Stdio::null()), &expected);
        }
    }
    std::fs::create_dir(home.path().join("data")).unwrap();
    std::os::unix::fs::symlink("../pipe.toml", home.path().join("data/peers.json")).unwrap();
    let kept = [&NODE[..], &["--data-dir", "data"]].concat();
    assert_told(
        home.clacks(&kept).stdin(Stdio::null()),
        "peers.json: it is a named pipe, not a regular file",
    );
}

#[test]
fn a_data_directory_in_use_is_reported_with_the_process_id() {
    let home = Home::new();
    let kept = [&NODE[..], &["--data-dir", "data"]].concat();
    let first = Process::start(&mut home.clacks(&kept));
    let expected = format!("the data directory data is in use by another node, process {};", first.id());
    assert_told(home.clacks(&kept).stdin(Stdio::null()), &expected);
    // However it ends, the next process can use the directory.
    first.kill();
    Process::start(&mut home.clacks(&kept));
}
