//! Random inputs of the node.

use super::*;

#[derive(Debug, Clone)]
pub(super) enum Input {
    Payload {
        sender: Name,
        kind: Kind,
        message: Text,
        friend: Option<Name>,
        is_discarded: bool,
        from: Option<u8>,
    },
    Enqueue(Text),
    Dequeue,
    Drop(Index),
    AddPeer(Name),
    Ignore(Name),
    Unignore(Name),
    Forget(Name),
    Announce(Name),
    /// Time passes without a timeout call.
    Wait(u64),
    /// The shell calls the timeout handler, due or not.
    Wake,
    /// The shell sleeps until the next timeout.
    WakeWhenDue,
    End(Index, DeliveryResult),
    /// A delivery that ended or was reclaimed ends again.
    EndAgain(Index),
    Reclaim,
    SetRate(f64),
    Hold(Index),
    Release(Index),
    ReleaseAll,
    Replace(Index, Text),
    /// The rule, if any, and whether the queue is searched at once.
    SetRule(Option<Rule>, bool),
    HandOn(bool),
}

/// Holds the messages whose size modulo three is this.
pub(super) type Rule = usize;

pub(super) fn holds(rule: Rule, message: &Message) -> bool {
    message.size() % 3 == rule
}

#[derive(Debug, Clone)]
pub(super) enum Text {
    Falsy(usize),
    /// A unique message with this many bytes beside its number.
    Padded(usize),
}

pub(super) fn text() -> impl Strategy<Value = Text> {
    prop_oneof![1 => (0..FALSY.len()).prop_map(Text::Falsy), 6 => (0_usize..12).prop_map(Text::Padded)]
}

pub(super) fn payloads() -> impl Strategy<Value = Input> {
    let name = 0..NAMES.len();
    let kind = prop_oneof![5 => Just(Kind::Message), 1 => Just(Kind::Announce), 1 => Just(Kind::Other)];
    let from = proptest::option::of(0_u8..3);
    (name.clone(), kind, text(), proptest::option::of(name), proptest::bool::weighted(0.1), from).prop_map(
        |(sender, kind, message, friend, is_discarded, from)| Input::Payload {
            sender,
            kind,
            message,
            friend,
            is_discarded,
            from,
        },
    )
}

/// One of three addresses, two of them in one network.
pub(super) fn remote(place: u8) -> IpAddr {
    IpAddr::from([192, 0, place / 2, place])
}

/// A peer accepts something, with or without a body, from a known or unknown address.
pub(super) fn acceptances() -> impl Strategy<Value = DeliveryResult> {
    (proptest::option::of(0_u8..3), any::<bool>(), 1_u64..50).prop_map(|(place, has_body, millis)| {
        let reply = Reply::new(200, Duration::from_millis(millis));
        DeliveryResult::Answered(Reply { remote: place.map(remote), has_body, ..reply })
    })
}

pub(super) fn outcomes() -> impl Strategy<Value = DeliveryResult> {
    prop_oneof![
        3 => Just(accepted()),
        4 => acceptances(),
        5 => Just(failed()),
        1 => Just(DeliveryResult::SelfConnection),
        2 => Just(DeliveryResult::Failed(Failure::NoResources)),
        4 => prop_oneof![Just(413), Just(500), Just(503), Just(403)].prop_map(DeliveryResult::refused),
    ]
}

pub(super) fn inputs() -> impl Strategy<Value = Input> {
    let name = || 0..NAMES.len();
    prop_oneof![
        8 => payloads(),
        5 => text().prop_map(Input::Enqueue),
        1 => Just(Input::Dequeue),
        1 => any::<Index>().prop_map(Input::Drop),
        4 => name().prop_map(Input::AddPeer),
        2 => name().prop_map(Input::Ignore),
        2 => name().prop_map(Input::Unignore),
        2 => name().prop_map(Input::Forget),
        2 => name().prop_map(Input::Announce),
        4 => (0_u64..15_000).prop_map(Input::Wait),
        4 => Just(Input::Wake),
        8 => Just(Input::WakeWhenDue),
        10 => (any::<Index>(), outcomes()).prop_map(|(which, outcome)| Input::End(which, outcome)),
        1 => any::<Index>().prop_map(Input::EndAgain),
        1 => Just(Input::Reclaim),
        1 => (0.5_f64..1000.0).prop_map(Input::SetRate),
        2 => any::<Index>().prop_map(Input::Hold),
        3 => any::<Index>().prop_map(Input::Release),
        1 => Just(Input::ReleaseAll),
        3 => (any::<Index>(), text()).prop_map(|(which, text)| Input::Replace(which, text)),
        2 => (proptest::option::of(0_usize..3), any::<bool>())
            .prop_map(|(rule, looks)| Input::SetRule(rule, looks)),
        1 => any::<bool>().prop_map(Input::HandOn),
    ]
}

pub(super) fn options() -> impl Strategy<Value = Options> {
    (1_usize..5, 1_usize..4, 1_usize..8, 1_usize..5, 1_usize..8, 10_usize..80, 0.5_f64..100_000.0).prop_map(
        |(in_flight, per_peer, peers, new_peers, messages, bytes, send_rate)| Options {
            send_rate,
            kill_timeout: KILL_TIMEOUT,
            max_in_flight: in_flight,
            max_in_flight_per_peer: per_peer,
            max_peers: peers,
            max_new_peers: new_peers,
            max_queue_messages: messages,
            max_queue_bytes: bytes,
            introductions_per_minute: 0,
            ..Options::new(ourselves())
        },
    )
}

pub(super) fn named(name: Name) -> Address {
    address(NAMES[name])
}
