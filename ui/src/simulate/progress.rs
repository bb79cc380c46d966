//! Progress of a simulation, on standard error.

use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

use clacks_p2p::simulation::Simulation;
use clacks_text::format::grouped;

use super::table::span;

/// Minimum run time before progress is shown.
const WORTH_A_WORD: Duration = Duration::from_millis(500);
/// Minimum time between two updates.
const APART: Duration = Duration::from_millis(200);
/// Width of the bar in columns.
const BAR: usize = 20;

/// A line that is rewritten in place if standard error is a terminal.
#[derive(Debug)]
pub(crate) struct Progress {
    began: Instant,
    next: Duration,
    is_seen: bool,
    is_shown: bool,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self {
            began: Instant::now(),
            next: WORTH_A_WORD,
            is_seen: io::stderr().is_terminal(),
            is_shown: false,
        }
    }

    pub(crate) fn show(&mut self, simulation: &Simulation) {
        let elapsed = self.began.elapsed();
        if !self.is_seen || elapsed < self.next {
            return;
        }
        self.next = elapsed + APART;
        let rate = simulation.deliveries() as f64 / elapsed.as_secs_f64();
        let at = span(simulation.now().as_secs_f64());
        let line =
            format!("{}  {at}, {} deliveries a second", bar(simulation.progress()), grouped(rate as u64));
        // A write error only means that nobody sees the progress.
        let _ = write!(io::stderr(), "\r{line:70}");
        self.is_shown = true;
    }

    pub(crate) fn end(&self) {
        if self.is_shown {
            let _ = write!(io::stderr(), "\r{:70}\r", "");
        }
    }
}

fn bar(part: f64) -> String {
    let full = ((part * BAR as f64) as usize).min(BAR);
    format!("[{}{}] {:3.0} %", "#".repeat(full), ".".repeat(BAR - full), part * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_fills() {
        assert_eq!(bar(0.0), "[....................]   0 %");
        assert_eq!(bar(0.5), "[##########..........]  50 %");
        assert_eq!(bar(1.0), "[####################] 100 %");
    }
}
