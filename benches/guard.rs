//! Detects slowdowns. It measures the cost of a message relative to a yardstick in the same run, and the cost with
//! 100,000 peers or a million messages relative to that with a hundred.
//!
//!     cargo bench -p clacks-p2p --features simulation --bench guard
//!
//! It fails if a ratio is more than [`MARGIN`] times its known value. No absolute times are compared: both sides of a
//! ratio take turns, and the fastest turn of each counts, because it was disturbed least. The known ratios of large to
//! small are the maximum that a machine with small caches may need. They detect linear searches, not slowdowns by half.

#![allow(clippy::disallowed_methods, reason = "tests and benchmarks measure time")]

mod cores;

use std::{
    hint::black_box,
    process::ExitCode,
    time::{Duration, Instant},
};

use clacks_p2p::{
    Kind, Message, Payload,
    core::{Core, MessageId, Now},
    simulation::{Scenario, Simulation},
};
use rand::{SeedableRng, rngs::StdRng};

use cores::{at, end, peer, with_peers};

/// Factor by which a ratio may exceed its known value.
const MARGIN: f64 = 1.5;
/// Number of turns, of which the fastest counts.
const TURNS: u32 = 25;
/// Repetitions of the work in one turn.
const TIMES: u32 = 2000;

/// Maximum measurements of a ratio that is too high at first, because the machine may have been busy.
const TRIES: u32 = 3;

/// A ratio with its known value.
struct Figure {
    name: &'static str,
    known: f64,
    measure: fn() -> f64,
}

const FIGURES: [Figure; 8] = [
    Figure { name: "a payload of 64 B decoded", known: 1.45, measure: || ratio(decoding(64), yardstick) },
    Figure { name: "a payload of 4 KiB decoded", known: 2.9, measure: || ratio(decoding(4096), yardstick) },
    Figure { name: "a payload of 64 B encoded", known: 0.15, measure: || ratio(encoding(), yardstick) },
    Figure {
        name: "a payload taken and its message sent on",
        known: 1.0,
        measure: || ratio(passing_on(), yardstick),
    },
    Figure { name: "a delivery in the simulation", known: 3.9, measure: || ratio(simulating(), yardstick) },
    Figure {
        name: "the next of 100,000 peers, beside 100",
        known: 8.5,
        measure: || ratio(picking(100_000), picking(100)),
    },
    Figure {
        name: "an ignore and its undoing among 100,000 peers, beside 100",
        known: 20.0,
        measure: || ratio(changing(100_000), changing(100)),
    },
    Figure {
        name: "a look into a queue of a million, beside 100",
        known: 4.0,
        measure: || ratio(looking(1_000_000), looking(100)),
    },
];

fn main() -> ExitCode {
    // All ratios are measured, even if one is too high.
    let slower = FIGURES.iter().filter(|figure| !figure.is_met()).count();
    if slower == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Figure {
    fn is_met(&self) -> bool {
        let Self { name, known, measure } = self;
        for _ in 0..TRIES {
            let measured = measure();
            let is_met = measured <= known * MARGIN;
            println!("{} {name}: {measured:.2}, known: {known:.2}", if is_met { "ok    " } else { "SLOWER" });
            if is_met {
                return true;
            }
        }
        false
    }
}

/// How many times longer `one` takes than `other`.
fn ratio(mut one: impl FnMut(), mut other: impl FnMut()) -> f64 {
    let fastest = |fastest: Duration, work: &mut dyn FnMut()| {
        let began = Instant::now();
        (0..TIMES).for_each(|_| work());
        fastest.min(began.elapsed())
    };
    let (mut one_took, mut other_took) = (Duration::MAX, Duration::MAX);
    for _ in 0..TURNS {
        one_took = fastest(one_took, &mut one);
        other_took = fastest(other_took, &mut other);
    }
    one_took.as_secs_f64() / other_took.as_secs_f64()
}

/// Work that does not change with this project: a library parses a JSON text into numbers, strings and a list.
fn yardstick() {
    const TEXT: &str = r#"{"name":"tower","ports":[8443,8080,443],"open":true,"rate":12.5,"of":{"a":"b"}}"#;
    black_box(serde_json::from_str::<serde_json::Value>(black_box(TEXT)).is_ok());
}

fn payload(bytes: usize) -> Payload {
    let message = Message::text(&"x".repeat(bytes - 2));
    Payload { message, kind: Kind::Message, sender: peer(1), friend: Some(peer(2)) }
}

fn decoding(bytes: usize) -> impl FnMut() {
    let body = payload(bytes).encode();
    move || drop(black_box(Payload::decode(black_box(&body), 128)))
}

fn encoding() -> impl FnMut() {
    let payload = payload(64);
    move || drop(black_box(payload.encode()))
}

/// Sends the message that is due and accepts it.
fn send(core: &mut Core, now: Now, rng: &mut StdRng) {
    core.handle_timeout(now, rng);
    end(core, now);
}

fn passing_on() -> impl FnMut() {
    let (mut core, mut rng, mut second) = (with_peers(100), StdRng::seed_from_u64(1), 0);
    let payload = payload(64);
    move || {
        second += 1;
        black_box(core.receive(payload.clone(), None, at(second)));
        send(&mut core, at(second), &mut rng);
    }
}

fn picking(peers: u32) -> impl FnMut() {
    let (mut core, mut rng, mut second) = (with_peers(peers), StdRng::seed_from_u64(1), 0);
    let message = Message::text("GNU Terry Pratchett");
    move || {
        second += 1;
        core.enqueue(message.clone(), at(second)).expect("there is room");
        send(&mut core, at(second), &mut rng);
    }
}

/// A peer is ignored and unignored.
fn changing(peers: u32) -> impl FnMut() {
    let mut core = with_peers(peers);
    let addresses: Vec<_> = (0..peers).map(peer).collect();
    let mut number = 0;
    move || {
        // Far apart, so that neighbouring peers do not share a cache line.
        number = (number + 7919) % addresses.len();
        core.ignore(&addresses[number], at(1));
        core.unignore(&addresses[number], at(1));
        while core.poll_event().is_some() {}
    }
}

/// One screen of messages from the middle of the queue.
fn looking(messages: u32) -> impl FnMut() {
    let mut core = with_peers(0);
    let mut ids: Vec<MessageId> = Vec::new();
    for number in 0..messages {
        ids.push(core.enqueue(Message::text(&format!("message {number}")), at(0)).expect("there is room"));
        while core.poll_event().is_some() {}
    }
    move || {
        let middle = core.queue_position(ids[ids.len() / 2]).unwrap_or_default();
        black_box(core.queue(middle..middle + 40).map(|queued| queued.message.size()).sum::<usize>());
    }
}

/// A complete delivery, in a network that fits in the caches.
fn simulating() -> impl FnMut() {
    let scenario = Scenario { messages: 400, duration: 1e7, ..Scenario::default() };
    let mut simulation = Simulation::new(scenario).expect("a scenario that may be");
    move || {
        black_box(simulation.run(Duration::MAX, 1));
    }
}
