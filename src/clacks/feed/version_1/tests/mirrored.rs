//! A recording of version 1 in a mirror: at each line it has the rows of the state that follows from the events.

use std::sync::Arc;

use clacks_feed::{
    Network, Row, Value,
    conformance::contents,
    description::ListId,
    json::{EventLine, NodeLine},
    mirror::{Format, Mirror},
};
use clacks_p2p::core::Status;
use proptest::prelude::*;

use super::before::RECORDINGS;
use crate::{
    ClacksEvent,
    description::{HELD, PEERS, QUEUE, REMOTES},
    rows::{Context, held_row, message_row, peer_row, remote_row},
    version_1::{
        ReplayedNode, Version1,
        parse::{self, Line},
        scripted::Recording,
    },
};

/// A recording that is read in both ways.
struct Both {
    mirror: Arc<Mirror>,
    node: ReplayedNode,
    context: Context,
}

impl Both {
    /// Plays a recording, and compares after each line. Returns the number of events, with those that it misses.
    fn play(text: &str) -> u64 {
        let header = text.lines().next().unwrap();
        let (hello, mut decoder) = Version1.open(header).unwrap();
        let Ok((now, Line::Header(mut held))) = parse::header(header) else { panic!("{header}") };
        let mut both = Self {
            mirror: Mirror::new(hello.description, hello.run),
            node: ReplayedNode::new(held.address.take().unwrap(), *held, now),
            context: Context { started_unix_ms: now.unix_ms - now.uptime.as_millis() as u64 },
        };
        let mut events = 0;
        for line in text.lines() {
            let (now, read_line) = parse::line(line).unwrap();
            for read in decoder.lines(line).unwrap() {
                match read {
                    NodeLine::Hello(_) => {}
                    NodeLine::State(state) => both.mirror.restore(state),
                    NodeLine::Gauges(gauges) => both.mirror.set_gauges(gauges.values),
                    NodeLine::End(now) => both.mirror.set_now(now),
                    NodeLine::Lagged { missed, .. } => events += missed,
                    NodeLine::Event(event) => {
                        events += 1;
                        let EventLine { event: of_feed, .. } = &*event;
                        let typed = of_feed.get::<ClacksEvent>().map(|ClacksEvent(event)| event.clone());
                        assert_eq!((of_feed.seq, typed.map(Line::Event)), (events, Some(read_line.clone())));
                        both.mirror.apply(*event);
                    }
                    other => panic!("{other:?}"),
                }
            }
            match read_line {
                Line::Event(event) => both.node.apply(&event, now),
                _ => both.node.pass(now),
            }
            both.compare(line);
        }
        events
    }

    fn compare(&self, line: &str) {
        let mirrored = contents(&*self.mirror);
        let Self { node, context, .. } = self;
        let mut peers: Vec<Row> =
            node.first_peers(usize::MAX).iter().map(|peer| peer_row(peer, *context)).collect();
        let mut remotes: Vec<Row> = node.ignored_remotes().into_iter().map(remote_row).collect();
        for rows in [&mut peers, &mut remotes] {
            rows.sort_by(|a, b| a.place().cmp(&b.place()));
        }
        let queue = node.queue_window(0..usize::MAX).iter().map(message_row).collect();
        let held = node.held_window(0..usize::MAX).iter().map(held_row).collect();
        for (list, rows) in [(PEERS, peers), (QUEUE, queue), (HELD, held), (REMOTES, remotes)] {
            assert_eq!(mirrored[&list], rows, "{list:?} after {line}");
        }
        let overview = node.overview();
        let now = self.mirror.now();
        assert_eq!((now.uptime, now.unix_ms), (node.now().uptime, node.now().unix_ms));
        for (list, total) in
            [(PEERS, overview.peers.total()), (QUEUE, overview.queued), (HELD, overview.held)]
        {
            assert_eq!(self.total(list), total as u64, "{list:?} after {line}");
        }
        assert_eq!(self.gauge("delivered"), Value::Count(overview.counters.delivered));
        assert_eq!(self.gauge("send_rate"), Value::Number(overview.send_rate));
        assert_eq!(self.gauge("free_alive"), Value::Count(overview.free_peers.of(Status::Alive) as u64));
        assert_eq!(self.gauge("connections"), Value::None);
    }

    fn total(&self, list: ListId) -> u64 {
        self.mirror.page(&clacks_feed::Window::first(list, 0)).total
    }

    fn gauge(&self, name: &str) -> Value {
        self.mirror.gauges()[self.mirror.description().gauge(name).unwrap()].clone()
    }
}

#[test]
fn recordings_made_before_have_the_rows_that_they_had_then() {
    for before in RECORDINGS {
        assert!(Both::play(before.recording) > 0, "{}", before.name);
    }
}

#[test]
fn a_header_says_the_options_of_the_node() {
    let recording = Recording::make(1, 1);
    let (hello, mut decoder) = Version1.open(recording.text().lines().next().unwrap()).unwrap();
    let lines = decoder.lines(recording.text().lines().next().unwrap()).unwrap();
    let Some(NodeLine::State(state)) = lines.into_iter().nth(1) else { panic!("no state") };
    let position = |name: &str| {
        hello.description.settings.iter().position(|setting| setting.field.name == name).unwrap()
    };
    assert_eq!(state.settings[position("max-peers")], Value::Count(6));
    assert_eq!(state.settings[position("max-connections")], Value::None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    #[test]
    fn at_every_event_the_mirror_has_the_rows_of_the_state(seed in any::<u64>(), steps in 1_usize..200) {
        Both::play(&Recording::make(seed, steps).text());
    }
}
