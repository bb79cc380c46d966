//! The process of a package node.

use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, ChildStdin, Command, Stdio},
    thread,
};

use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::install;

/// What a process tells about its node: a line of JSON for each.
pub(crate) trait Told: DeserializeOwned + Send + 'static {
    /// A line for people: a warning, or an error that the package caught.
    fn printed(line: String) -> Self;
}

/// The process, which runs until this is dropped.
pub(crate) struct Process {
    child: Child,
    commands: ChildStdin,
}

impl Process {
    /// Runs a script with the package and these variables.
    pub(crate) fn spawn<T: Told>(script: &str, variables: &[(&str, &str)]) -> (Self, UnboundedReceiver<T>) {
        let mut child = Command::new("node")
            .arg(script)
            .env("NODE_PATH", install::node_modules())
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("node ran when it was asked for its version");
        let (told_to, told) = unbounded_channel();
        read(child.stdout.take().expect("piped"), told_to.clone(), told_or_printed);
        read(child.stderr.take().expect("piped"), told_to, T::printed);
        let commands = child.stdin.take().expect("piped");
        (Self { child, commands }, told)
    }

    /// Sends a command. If the process has ended, whoever waits for the result notices.
    pub(crate) fn command(&mut self, command: &Value) {
        let _ = writeln!(self.commands, "{command}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Passes every line on, in a thread that ends with the process.
fn read<T: Told>(stream: impl Read + Send + 'static, to: UnboundedSender<T>, interpret: fn(String) -> T) {
    thread::spawn(move || {
        let lines = BufReader::new(stream).lines().map_while(Result::ok);
        // An error means that the test has ended.
        lines.map(interpret).try_for_each(|told| to.send(told))
    });
}

fn told_or_printed<T: Told>(line: String) -> T {
    serde_json::from_str(&line).unwrap_or_else(|_| T::printed(line))
}
