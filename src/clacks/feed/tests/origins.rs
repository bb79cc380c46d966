use clacks_feed::{
    Network, Value,
    conformance::{
        Specimen, contents, copies_follow_the_events, the_cost_does_not_depend_on_the_length_of_lists,
    },
    description::ListId,
};
use clacks_p2p::{Message, core::Limit};
use rand::rngs::StdRng;

use super::{Quiet, payload};
use crate::description::ORIGINS;

/// A node that many addresses send messages to.
struct Crowded(Quiet);

impl Specimen for Crowded {
    fn network(&self) -> std::sync::Arc<dyn Network> {
        self.0.network()
    }

    fn disturb(&mut self, random: &mut StdRng) {
        self.0.disturb(random);
    }

    fn receive(&mut self, text: &str) -> bool {
        self.0.receive(text)
    }

    fn fill(&mut self, items: usize) {
        let here = self.0.node.places(0).1;
        for number in here..items {
            // Few of them are in one network.
            let remote = std::net::Ipv4Addr::from_bits((number as u32).wrapping_mul(0x9e37_79b1));
            let sender = "stranger.example.org:1".parse().unwrap();
            let message = Message::text("GNU Terry Pratchett");
            self.0.node.receive(payload(sender, message), Some(remote.into()));
        }
    }
}

fn rows(network: &dyn Network, list: ListId) -> Vec<clacks_feed::Row> {
    contents(network)[&list].clone()
}

#[test]
fn a_page_of_origins_costs_the_same_in_a_crowd() {
    let mut crowd = Crowded(Quiet::new());
    the_cost_does_not_depend_on_the_length_of_lists(&mut crowd);
    assert!(crowd.0.node.places(0).1 > 90_000);
}

#[test]
fn each_change_of_a_share_is_an_event_also_where_the_queue_is_full() {
    let mut small = Quiet::with_room_for(20);
    copies_follow_the_events(&mut small);
    assert!(small.node.overview().counters.limits.of(Limit::QueueShares) > 0, "no message was refused");
}

#[test]
fn the_origins_are_the_shares_of_addresses_the_largest_first() {
    let quiet = Quiet::with_room_for(100);
    for (host, messages) in [(1, 1), (2, 7), (3, 1), (4, 3)] {
        for number in 0..messages {
            let message = Message::text(&format!("{host} {number}"));
            let payload = payload("stranger.example.org:1".parse().unwrap(), message);
            quiet.node.receive(payload, Some([198, 51, 100, host].into()));
        }
    }
    let first = quiet.node.read(|core| core.queue(0..1).next()).unwrap().id;
    quiet.node.hold(first);
    let shown = rows(&*quiet.network, ORIGINS);
    let shown = shown.iter().map(|row| (row.key.untrusted().to_owned(), row.cells[1..].to_vec()));
    let row = |host: u8, messages: u64, bytes, held| {
        let share = Value::Number(messages as f64 / 100.0);
        let [messages, bytes, held, refused] = [messages, bytes, held, 0].map(Value::Count);
        (format!("198.51.100.{host}"), vec![messages, bytes, share, held, refused])
    };
    assert!(shown.eq([row(2, 7, 35, 0), row(4, 3, 15, 0), row(1, 1, 5, 1), row(3, 1, 5, 0)]));
}
