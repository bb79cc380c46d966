use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::Value;

/// A running process `clacks node`.
pub(crate) struct NodeProcess {
    pub(crate) child: Child,
    pub(crate) stdin: ChildStdin,
    /// Its output after the first line.
    pub(crate) stdout: BufReader<ChildStdout>,
    /// The address on which it listens.
    pub(crate) address: SocketAddr,
}

impl NodeProcess {
    /// Runs `clacks node` on a free port in this directory, with the data directory `data` in it. `program` is
    /// `clacks`, or a program that runs its arguments as `clacks`.
    pub(crate) fn start(mut program: Command, home: &Path, arguments: &[&str]) -> Self {
        let mut child = program
            .args(["node", "--port", "0", "--data-dir", "data"])
            .args(arguments)
            .current_dir(home)
            .env_clear()
            .env("HOME", home)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{program:?}: {error}"));
        let stdin = child.stdin.take().expect("a pipe");
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut ready = String::new();
        stdout.read_line(&mut ready).expect("a first line");
        let ready: Value = serde_json::from_str(&ready).expect("JSON");
        let address = ready["listens_on"][0].as_str().and_then(|address| address.parse().ok());
        Self { child, stdin, stdout, address: address.expect("where it listens") }
    }
}
