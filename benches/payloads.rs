//! Accepted payloads: rate and latency.

use std::time::Duration;

use crate::{
    ROUNDS, Wanted,
    load::{self, Way},
    note,
    server::{Kind, Server},
    table::{Table, median},
};

/// The results of one server in each round.
#[derive(Default)]
struct Did {
    rates: Vec<f64>,
    /// Processor time per payload in microseconds.
    costs: Vec<f64>,
}

pub(crate) fn run(wanted: &Wanted, table: &mut Table) {
    for (bytes, way, name, least) in [
        (64, Way::KeptAlive, "payloads of 64 B, kept alive", 0.9),
        (4096, Way::KeptAlive, "payloads of 4 KiB, kept alive", 0.9),
        (64, Way::Anew, "payloads of 64 B, a connection each", 0.95),
    ] {
        if wanted.is(name) {
            throughput(name, bytes, way, least, wanted.round, table);
        }
    }
    if wanted.is("latency at half of the highest rate") {
        latency(wanted.round, table);
    }
}

fn throughput(name: &str, bytes: usize, way: Way, least: f64, round: Duration, table: &mut Table) {
    note(name);
    let mut did = Kind::ALL.map(|_| Did::default());
    for _ in 0..ROUNDS {
        for (kind, did) in Kind::ALL.into_iter().zip(&mut did) {
            // A new server for each round, because a queue would grow from round to round.
            let server = Server::start(kind);
            load::send(server.address, bytes, way, round / 4, None);
            let before = server.figures().cpu;
            let sent = load::send(server.address, bytes, way, round, None);
            let cost = server.figures().cpu.saturating_sub(before);
            did.rates.push(sent.rate());
            did.costs.push(cost.as_secs_f64() * 1e6 / sent.taken as f64);
            note(&format!(
                "{kind:?}: {:.0}/s, {:.1} µs each",
                did.rates[did.rates.len() - 1],
                did.costs[did.costs.len() - 1]
            ));
        }
    }
    let [bare, clacks, package] = did;
    let of = |one: &[f64], other: &[f64]| {
        median(&one.iter().zip(other).map(|(one, other)| one / other).collect::<Vec<_>>())
    };
    let (of_bare, of_package) = (of(&clacks.rates, &bare.rates), of(&clacks.rates, &package.rates));
    let costs = [&clacks, &bare, &package].map(|did| median(&did.costs));
    let figure = format!(
        "{:.0}/s: {of_bare:.2} × bare, {of_package:.1} × package; {:.1} µs of processor time, bare {:.1}, package {:.1}",
        median(&clacks.rates),
        costs[0],
        costs[1],
        costs[2]
    );
    let is_met = of_bare >= least && (way == Way::Anew || of_package >= 3.0);
    let wanted =
        if way == Way::Anew { format!("{least} × bare") } else { format!("{least} × bare, 3 × package") };
    table.row(name, figure, &wanted, is_met);
}

fn latency(round: Duration, table: &mut Table) {
    let name = "latency at half of the highest rate";
    note(name);
    let mut ratios = Vec::new();
    let mut last = (0.0, 0.0);
    for _ in 0..ROUNDS {
        let [bare, clacks] = [Kind::Bare, Kind::Clacks].map(Server::start);
        load::send(bare.address, 64, Way::KeptAlive, round / 2, None);
        let highest = load::send(clacks.address, 64, Way::KeptAlive, round / 2, None).rate();
        let p99 = |server: &Server| {
            load::send(server.address, 64, Way::KeptAlive, round, Some(highest / 2.0)).p99() * 1e6
        };
        last = (p99(&bare), p99(&clacks));
        note(&format!("bare {:.0} µs, clacks {:.0} µs at {:.0}/s", last.0, last.1, highest / 2.0));
        ratios.push(last.1 / last.0);
    }
    let ratio = median(&ratios);
    let figure = format!("p99 {:.0} µs in the last round: {ratio:.2} × bare", last.1);
    table.row(name, figure, "under 2 × bare", ratio < 2.0);
}
