//! Compares the speed of the node, in one run, with the npm package `clacks-p2p` 0.3.3 and with a bare hyper + rustls
//! server that only responds 200, which is the upper limit.
//!
//!     cargo bench --bench speed
//!
//! Everything runs on 127.0.0.1 for a bounded time. Each server is a process that uses one core. The figures are
//! ratios, because machines differ and are never idle: the servers take turns, and each ratio is the median of the
//! rounds. The processor time per payload is printed as well, because other programs disturb it least.
//!
//! `-- NAME` runs only benchmarks with NAME in their name. `-- --seconds N` sets the duration of a round.

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

/// Default duration of a round.
const ROUND: Duration = Duration::from_secs(3);
/// Number of rounds, of which the median is used.
const ROUNDS: usize = 3;

/// The arguments of the command line.
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
    // cargo adds `--bench`.
    let is_name = |argument: &&String| !argument.starts_with("--") && argument.parse::<f64>().is_err();
    Wanted { name: arguments.iter().find(is_name).cloned().unwrap_or_default(), round }
}

/// Prints the current step.
fn note(text: &str) {
    eprintln!("  {text}");
}
