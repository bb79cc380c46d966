//! Bounds of time and memory.

use std::{sync::Arc, time::Duration};

use clacks_transport::event_ring::RingEvent;

use crate::{
    core::{CheckResult, Event, Failure, Refusal, Reply, SendId, SendKind},
    protocol::{Address, Id, Json, Record},
};

#[test]
fn the_texts_of_failures_count_as_memory_of_an_event() {
    let member = Record {
        id: Id::new("a").unwrap(),
        address: Address::new("127.0.0.1", 1).unwrap(),
        data: Json::empty_object(),
    };
    let text: Arc<str> = "x".repeat(1000).into();
    let failure = Failure::BadAnswer(text.clone());
    let reply = Reply::new(member.clone(), Err(failure.clone()), Duration::ZERO);
    let events = [
        Event::Refused {
            refusal: Refusal::Body,
            from: [127, 0, 0, 1].into(),
            sender: None,
            status: 400,
            reason: text,
            is_repeated: false,
        },
        Event::Checked { member, took: Duration::ZERO, result: CheckResult::Failed(failure.clone()) },
        Event::Alone { failure: Some(failure) },
        Event::Replied { id: SendId::from(1), kind: SendKind::Message, reply },
    ];
    for event in events {
        assert!(event.size() >= 1000, "{} bytes of {event:?}", event.size());
    }
}
