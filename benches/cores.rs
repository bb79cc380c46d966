//! State machines with many peers, for the benchmarks.

use std::time::Duration;

use clacks_p2p::{
    Address,
    core::{Core, DeliveryResult, Now, Options},
};

/// A peer with a hostname of its own.
pub(crate) fn peer(number: u32) -> Address {
    Address::new(&format!("tower-{number}.example.org"), 8080).expect("an address")
}

/// The time of a message: one second apart, so that each message is due.
pub(crate) fn at(second: u64) -> Now {
    Now { uptime: Duration::from_secs(second), unix_ms: second * 1000 }
}

/// A state machine without limits and with this many peers, sorted as the dashboard lists them.
pub(crate) fn with_peers(count: u32) -> Core {
    let mut options = Options::new(Address::new("here.example.org", 1).expect("an address"));
    (options.max_queue_messages, options.max_queue_bytes) = (usize::MAX, usize::MAX);
    (options.max_peers, options.max_new_peers) = (usize::MAX, usize::MAX);
    let mut core = Core::new(options).expect("options that may be");
    for number in 0..count {
        core.record_contact(&peer(number), None, at(0));
        while core.poll_event().is_some() {}
    }
    core.last_peers(1);
    core
}

/// Accepts the message that was just sent.
pub(crate) fn end(core: &mut Core, now: Now) {
    let delivery = core.poll_delivery().expect("a message was due");
    core.handle_delivery(delivery.id, DeliveryResult::accepted(Duration::ZERO), now);
    while core.poll_event().is_some() {}
}
