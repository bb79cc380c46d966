//! Recordings of version 1 as lines of the feed: the rows that each event changed are those of the state that follows.

use std::{net::IpAddr, sync::Arc};

use clacks_feed::{
    Event, Key, Label, Now, Row, Run, TypedEvent, Value,
    description::{Description, ListId},
    json::{Change, EventLine, Gauges, Hello, ListState, NodeLine, State},
    mirror::{Decoder, Format},
};
use clacks_p2p::{Address, core, node::Overview};

use super::{
    MAX_LINE, ReplayedNode,
    line::Behaviour,
    parse::{self, BEGINNING, Holdings, Line, LineError},
};
use crate::{
    ClacksEvent,
    description::{HELD, PEERS, QUEUE, REMOTES, describe},
    figures::{Figures, figures_of_overview, gauges_of},
    rows::{Context, held_row, message_id, message_row, peer_row, remote_row},
};

/// The lists that are recorded. Such a recording does not say which address a message came from when it leaves.
const LISTS: [ListId; 4] = [PEERS, QUEUE, HELD, REMOTES];

/// The form of recordings of version 1.
#[derive(Debug, Clone, Copy)]
pub struct Version1;

/// A recording that is read.
struct Reading {
    address: Address,
    context: Context,
    node: ReplayedNode,
    /// Events so far. They have no numbers in the file.
    events: u64,
    /// The lengths of the lists at the last line.
    totals: [u64; LISTS.len()],
    settings: Vec<Value>,
}

impl Format for Version1 {
    fn is_begun_by(&self, line: &str) -> bool {
        line.starts_with(BEGINNING)
    }

    fn max_line(&self) -> usize {
        MAX_LINE
    }

    fn open(&self, line: &str) -> Result<(Hello, Box<dyn Decoder>), String> {
        let (now, address, holdings) = header(line).map_err(|error| error.to_string())?;
        let hello = hello(&address, now);
        let settings = settings(&hello.description, holdings.options.as_ref());
        let started_unix_ms = now.unix_ms.saturating_sub(millis(now));
        let context = Context { started_unix_ms };
        let node = ReplayedNode::new(address.clone(), holdings, now);
        let totals = totals(&node);
        Ok((hello, Box::new(Reading { address, context, node, events: 0, totals, settings })))
    }
}

fn header(line: &str) -> Result<(core::Now, Address, Holdings), LineError> {
    let (now, Line::Header(mut holdings)) = parse::header(line)? else {
        return Err(LineError::NotAHeader);
    };
    let address = holdings.address.take().ok_or(LineError::NoAddress)?;
    Ok((now, address, *holdings))
}

/// Two files of one recording have the same address. No line says the run.
fn hello(address: &Address, now: core::Now) -> Hello {
    let label = Label::new(&address.to_string()).unwrap_or_else(|_| "a node with a very long name".into());
    Hello { run: Run(0), process: None, now: feed_time(now), description: Arc::new(describe(label)) }
}

fn feed_time(core::Now { uptime, unix_ms }: core::Now) -> Now {
    Now { uptime, unix_ms }
}

fn millis(now: core::Now) -> u64 {
    u64::try_from(now.uptime.as_millis()).unwrap_or(u64::MAX)
}

impl Decoder for Reading {
    fn lines(&mut self, line: &str) -> Result<Vec<NodeLine>, String> {
        let (now, read) = parse::line(line).map_err(|error| error.to_string())?;
        Ok(match read {
            Line::Header(mut holdings) => {
                let address = holdings.address.take().ok_or_else(|| LineError::NoAddress.to_string())?;
                let hello = hello(&address, now);
                if address == self.address {
                    vec![NodeLine::Hello(hello), self.state(*holdings, now)]
                } else {
                    vec![NodeLine::Hello(hello)]
                }
            }
            Line::Snapshot(holdings) => vec![self.state(*holdings, now)],
            Line::Event(core::Event::Lagged(missed)) => {
                self.events = self.events.saturating_add(missed);
                vec![NodeLine::Lagged { missed, seq: self.events }, self.gauges(now)]
            }
            Line::Event(event) => self.event(event, now),
            Line::Unknown => vec![NodeLine::Other, self.gauges(now)],
            Line::End => vec![NodeLine::End(feed_time(now))],
        })
    }

    fn jump(&mut self, events: u64) {
        self.events = events;
    }
}

impl Reading {
    fn state(&mut self, holdings: Holdings, now: core::Now) -> NodeLine {
        self.node = self.node.replaced(holdings, now);
        self.totals = totals(&self.node);
        let rows = |list| match list {
            PEERS => {
                self.node.first_peers(usize::MAX).iter().map(|peer| peer_row(peer, self.context)).collect()
            }
            QUEUE => self.node.queue_window(0..usize::MAX).iter().map(message_row).collect(),
            HELD => self.node.held_window(0..usize::MAX).iter().map(held_row).collect(),
            _ => self.node.ignored_remotes().into_iter().map(remote_row).collect::<Vec<Row>>(),
        };
        let lists = LISTS.into_iter().zip(self.totals);
        NodeLine::State(State {
            seq: self.events,
            now: feed_time(now),
            lists: lists.map(|(list, total)| ListState { list, total, rows: rows(list) }).collect(),
            gauges: gauges(&self.node),
            settings: self.settings.clone(),
        })
    }

    fn event(&mut self, event: core::Event, now: core::Now) -> Vec<NodeLine> {
        self.node.apply(&event, now);
        self.events += 1;
        let event = ClacksEvent(event);
        let touched = event.touched().rows.into_iter().filter(|(list, _)| LISTS.contains(list));
        let rows = touched.map(|(list, key)| {
            let row = self.row(list, &key);
            Change { list, key, row, kept: 0 }
        });
        let rows = rows.collect();
        let before = std::mem::replace(&mut self.totals, totals(&self.node));
        let totals = LISTS.into_iter().zip(before).zip(self.totals);
        let totals = totals.filter(|((_, before), total)| before != total);
        let totals = totals.map(|((list, _), total)| (list, total)).collect();
        let event: Event = event.numbered(self.events, now);
        let line = EventLine { event, rows, totals, settings: None };
        vec![NodeLine::Event(Box::new(line)), self.gauges(now)]
    }

    fn gauges(&self, now: core::Now) -> NodeLine {
        NodeLine::Gauges(Gauges { now: Some(feed_time(now)), values: gauges(&self.node) })
    }

    fn row(&self, list: ListId, key: &Key) -> Option<Row> {
        match list {
            PEERS => {
                let peer = self.node.peer(&key.untrusted().parse().ok()?)?;
                Some(peer_row(&peer, self.context))
            }
            QUEUE => self.node.queued_message(message_id(key)?).as_ref().map(message_row),
            HELD => {
                let position = self.node.held_position(message_id(key)?)?;
                self.node.held_window(position..position + 1).first().map(held_row)
            }
            _ => {
                let remote: IpAddr = key.untrusted().parse().ok()?;
                self.node.ignored_remotes().contains(&remote).then(|| remote_row(remote))
            }
        }
    }
}

/// The lengths of the lists, with those items that are not listed.
fn totals(node: &ReplayedNode) -> [u64; LISTS.len()] {
    let Overview { peers, queued, held, .. } = node.overview();
    [peers.total(), queued, held, node.ignored_remotes().len()].map(|length| length as u64)
}

fn gauges(node: &ReplayedNode) -> Vec<Value> {
    let overview = node.overview();
    gauges_of(&Figures {
        hold_rule: node.hold_rule().map(Into::into),
        verified_only: None,
        draining: None,
        ..figures_of_overview(&overview, None)
    })
}

/// The settings that a header names. The others are unknown.
fn settings(description: &Description, options: Option<&Behaviour>) -> Vec<Value> {
    let value = |name: &str| {
        let options = options?;
        Some(match name {
            // A limit of 0 is none.
            "payload-rate" if options.payload_rate > 0.0 => Value::Number(options.payload_rate),
            "payload-burst" => Value::Count(options.payload_burst.into()),
            "max-queue-messages" => Value::Count(options.max_queue_messages as u64),
            "max-queue-bytes" => Value::Count(options.max_queue_bytes as u64),
            "introductions-per-minute" if options.introductions_per_minute > 0 => {
                Value::Count(options.introductions_per_minute.into())
            }
            "introductions-burst" => Value::Count(options.introductions_burst.into()),
            "max-new-peers" => Value::Count(options.max_new_peers as u64),
            "max-peers" => Value::Count(options.max_peers as u64),
            "max-in-flight" => Value::Count(options.max_in_flight as u64),
            "max-in-flight-per-peer" => Value::Count(options.max_in_flight_per_peer as u64),
            _ => return None,
        })
    };
    let names = description.settings.iter().map(|setting| setting.field.name.as_str());
    names.map(|name| value(name).unwrap_or_default()).collect()
}
