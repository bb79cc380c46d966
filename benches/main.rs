//! How fast the node is, side by side in one run with the npm package `clacks-p2p` 0.3.3 and with a bare hyper + rustls
//! server that answers 200 and does nothing else, which is the limit.
//!
//!     cargo bench --bench speed
//!
//! Everything runs on 127.0.0.1 for a bounded time. Each server is a process of its own that uses one core. The figures
//! are ratios, as machines differ and are never idle: what is measured takes turns, and each ratio is the median of its
//! rounds. The processor time that a server takes for a payload is told as well: other programs disturb it least.
//!
//! With `-- NAME` it runs only what has NAME in its name; `-- --seconds N` sets how long a round lasts.

mod cores;
#[path = "../tests/soak/figures.rs"]
mod figures;
#[path = "../tests/npm/install.rs"]
mod install;
mod load;
mod memory;
mod micro;
mod monitor;
mod payloads;
#[path = "../tests/terminal/screen.rs"]
#[allow(dead_code, clippy::unwrap_used, reason = "the tests ask for more")]
mod screen;
mod sending;
mod server;
#[path = "../tests/terminal/session.rs"]
#[allow(dead_code, clippy::unwrap_used, reason = "the tests ask for more")]
mod session;
mod simulator;
mod state;
mod table;
#[path = "../tests/support/tls.rs"]
mod tls;

use std::time::Duration;

use table::Table;

/// How long a round lasts unless it is told otherwise.
const ROUND: Duration = Duration::from_secs(3);
/// Rounds of which the median is taken.
const ROUNDS: usize = 3;

/// What was asked for on the command line.
struct Wanted {
    name: String,
    round: Duration,
}

impl Wanted {
    fn is(&self, name: &str) -> bool {
        name.contains(&self.name)
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(role) = arguments.first().and_then(|role| role.strip_prefix("--serve=")) {
        return server::serve(role);
    }
    if arguments.first().is_some_and(|role| role.starts_with("--measure=")) {
        return memory::measure(&arguments);
    }
    let wanted = wanted(&arguments);
    let mut table = Table::default();
    payloads::run(&wanted, &mut table);
    sending::run(&wanted, &mut table);
    memory::run(&wanted, &mut table);
    micro::run(&wanted, &mut table);
    monitor::run(&wanted, &mut table);
    simulator::run(&wanted, &mut table);
    table.print();
}

fn wanted(arguments: &[String]) -> Wanted {
    let after = |name: &str| {
        let mut rest = arguments.iter().skip_while(|argument| *argument != name).skip(1);
        rest.next().cloned()
    };
    let seconds = after("--seconds").and_then(|seconds| seconds.parse().ok());
    let round = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).unwrap_or(ROUND);
    // cargo adds --bench.
    let is_name = |argument: &&String| !argument.starts_with("--") && argument.parse::<f64>().is_err();
    Wanted { name: arguments.iter().find(is_name).cloned().unwrap_or_default(), round }
}

/// Tells what is under way.
fn note(text: &str) {
    eprintln!("  {text}");
}
