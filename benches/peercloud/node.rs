//! The compared nodes, each in a process of its own.

use std::{
    io::{BufRead, BufReader, Lines, Write},
    net::{SocketAddr, TcpListener},
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use clacks_peercloud::{Json, Node};

use crate::{figures::Figures, install};

/// The text of a broadcast.
const TEXT: &str = "0123456789012345678901234567890123456789012345678901";
const PACKAGE_JS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../benches/peercloud/package.js");

/// The kind of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Ours,
    /// The npm package.
    Package,
}

/// The process of a node that is alone and echoes messages. It is ended when this is dropped.
pub(crate) struct Process {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    pub(crate) address: SocketAddr,
}

impl Process {
    pub(crate) fn start(kind: Kind) -> Self {
        let mut command = if kind == Kind::Ours { ourselves() } else { package() };
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the node starts");
        let mut lines = BufReader::new(child.stdout.take().expect("it is a pipe")).lines();
        let line = lines.next().and_then(Result::ok).expect("the node says where it listens");
        let address = line.parse().unwrap_or_else(|_| panic!("{kind:?} said: {line}"));
        Self { child, lines, address }
    }

    /// The processor time that it has used.
    pub(crate) fn processor(&self) -> Duration {
        Figures::of(self.child.id()).cpu
    }

    /// Broadcasts so often, each after the replies to the former one.
    pub(crate) fn broadcast(&mut self, count: usize) {
        let input = self.child.stdin.as_mut().expect("it is a pipe");
        writeln!(input, "{count}").expect("the node listens");
        let line = self.lines.next().and_then(Result::ok);
        assert_eq!(line.as_deref(), Some("sent"));
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It fails if the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// This program in another role.
fn ourselves() -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program is a file"));
    command.arg("--serve");
    command
}

/// A node of the package on a port that was free a moment ago.
fn package() -> Command {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let mut command = Command::new("node");
    command.arg(PACKAGE_JS).env("NODE_PATH", install::node_modules()).env("NO_PROXY", "*");
    command.env("PORT", free.expect("a free port").port().to_string()).env("TEXT", TEXT);
    command
}

/// The role of our node.
pub(crate) fn serve() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let builder = Node::builder().on_message(|_, message| async move { Ok(message) });
        // One member sends everything here.
        let builder = builder.options(|options| options.message_rate = 0.0);
        let node = builder.start().await.expect("a free port");
        println!("{}", node.listens_on());
        let (to_node, mut counts) = tokio::sync::mpsc::unbounded_channel::<usize>();
        std::thread::spawn(move || {
            for line in std::io::stdin().lock().lines().map_while(Result::ok) {
                let _ = to_node.send(line.parse().expect("a number"));
            }
            std::process::exit(0);
        });
        let message = Json::of(&std::collections::BTreeMap::from([("text", TEXT)])).expect("JSON");
        while let Some(count) = counts.recv().await {
            for _ in 0..count {
                for reply in node.broadcast(&message).expect("a message").all().await {
                    reply.result.expect("a reply");
                }
            }
            println!("sent");
        }
    });
}
