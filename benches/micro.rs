//! The work of the state machine per message.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use clacks_p2p::Message;
use rand::{SeedableRng, rngs::StdRng};

use crate::{
    Wanted,
    cores::{at, end, peer, with_peers},
    note,
    table::Table,
};

const PEERS: u32 = 100_000;
/// Repetitions.
const TIMES: u32 = 200_000;

pub(crate) fn run(wanted: &Wanted, table: &mut Table) {
    if wanted.is("picking the next of 100,000 peers") {
        note("picking the next of 100,000 peers");
        picking(table);
    }
    if wanted.is("a status change among 100,000 peers") {
        note("a status change among 100,000 peers");
        changing(table);
    }
}

fn row(name: &str, each: f64, table: &mut Table) {
    table.row(name, format!("{:.0} ns", each * 1e9), "under 1 µs", each < 1e-6);
}

/// From a due message to its delivery and the result.
fn picking(table: &mut Table) {
    let mut core = with_peers(PEERS);
    let mut rng = StdRng::seed_from_u64(1);
    let message = Message::text("GNU Terry Pratchett");
    let mut spent = Duration::ZERO;
    for number in 0..TIMES {
        let now = at(u64::from(number) + 1);
        core.enqueue(message.clone(), now).expect("there is room");
        let began = Instant::now();
        core.handle_timeout(now, &mut rng);
        spent += began.elapsed();
        end(&mut core, now);
    }
    row("picking the next of 100,000 peers", spent.as_secs_f64() / f64::from(TIMES), table);
}

/// A payload makes each new peer alive.
fn changing(table: &mut Table) {
    let mut core = with_peers(PEERS);
    let peers: Vec<_> = (0..PEERS).map(peer).collect();
    let began = Instant::now();
    for (number, peer) in peers.iter().enumerate() {
        black_box(core.record_contact(peer, None, at(number as u64 + 1)));
        while core.poll_event().is_some() {}
    }
    row("a status change among 100,000 peers", began.elapsed().as_secs_f64() / f64::from(PEERS), table);
}
