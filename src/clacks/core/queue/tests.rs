//! The shares of the queue: no set of rate-limit keys can use up the room of the others.

use std::{net::Ipv4Addr, ops::Bound};

use clacks_transport::rate_limit_key;
use proptest::{collection::vec, prelude::*, sample::Index};

use super::*;
use crate::core::{PlaceShare, shares::Load};

fn queue(messages: usize, bytes: usize) -> Queue {
    let mut options = Options::new(Address::new("tower", 1).unwrap());
    (options.max_queue_messages, options.max_queue_bytes) = (messages, bytes);
    Queue::new(&options)
}

fn message(size: usize) -> Message {
    Message::from_json(&"1".repeat(size), 1).unwrap()
}

/// Offers a message of this size from a rate-limit key.
fn offer(queue: &mut Queue, remote: IpAddr, text: &Message) -> Result<(), NoRoom> {
    let place = Some(rate_limit_key(remote));
    queue.check_share(place, Load::of(text.size()))?;
    let from = Some(Address::new("sender", 1).unwrap());
    let entry = queue.add(text.clone(), 0, 1, from, place);
    queue.append(entry);
    Ok(())
}

/// Fills the queue from these keys in turn, until none of them has room for one byte.
fn fill(queue: &mut Queue, remotes: &[IpAddr], mut size: usize) {
    while size > 0 {
        let text = message(size);
        let offers = remotes.iter().filter(|remote| offer(queue, **remote, &text).is_ok());
        if offers.count() == 0 {
            size /= 2;
        }
    }
}

/// Fills the queue from these keys one after the other; each takes all that it can.
fn fill_in_turn(queue: &mut Queue, remotes: &[IpAddr], size: usize) {
    remotes.iter().for_each(|remote| fill(queue, &[*remote], size));
}

/// Writes a message of this size as the user. Returns whether there was room.
fn write(queue: &mut Queue, size: usize) -> bool {
    let has_room = queue.check_room(size).is_ok();
    if has_room {
        let entry = queue.add(message(size), 0, 1, None, None);
        queue.append(entry);
    }
    has_room
}

fn v4(network: u32, host: u32) -> IpAddr {
    Ipv4Addr::from_bits(0x0a00_0000 | network << 8 | host).into()
}

const MIB: usize = 1 << 20;

#[test]
fn one_address_alone_gets_most_of_the_queue() {
    for (size, part) in [(MIB, 0.78), (10_000, 0.81), (100, 0.81)] {
        let mut queue = queue(10_000, 64 * MIB);
        fill(&mut queue, &[v4(1, 1)], size);
        let Load { messages, bytes } = queue.room.all;
        let most = (messages as f64 / 1e4).max(bytes as f64 / (64 * MIB) as f64);
        assert!((part..0.84).contains(&most), "{size}: {messages} messages, {bytes} bytes");
    }
}

#[test]
fn addresses_that_fill_the_queue_leave_room_for_others_and_the_user() {
    let one_network: Vec<_> = (1..=16).map(|host| v4(1, host)).collect();
    let networks: Vec<_> = (1..=16).map(|network| v4(network, 1)).collect();
    let both: Vec<_> = one_network.iter().chain(&networks).copied().collect();
    for attackers in [&one_network[..1], &one_network, &networks, &both] {
        for (size, fill) in [(MIB, fill as fn(&mut _, &_, _)), (MIB, fill_in_turn), (100, fill_in_turn)] {
            let mut queue = queue(100_000, 64 * MIB);
            fill(&mut queue, attackers, size);
            let honest = [v4(1, 200), v4(90, 1), v4(90, 2), "2001:db8::1".parse().unwrap()];
            for number in 0..20 {
                let remote = honest[number % honest.len()];
                let free = queue.room.free_for_received();
                let offered = offer(&mut queue, remote, &message(300));
                assert_eq!(offered, Ok(()), "{number} of {remote}, {} at {size}: {free:?}", attackers.len());
            }
            (0..500).for_each(|_| assert!(write(&mut queue, 300)));
        }
    }
}

#[test]
fn one_address_can_fill_a_queue_of_a_few_messages() {
    for most in 1..=14 {
        let mut queue = queue(most, 64 * MIB);
        let accepted = (0..20).filter(|_| offer(&mut queue, v4(1, 1), &message(10)).is_ok()).count();
        assert_eq!(accepted, most);
        assert_eq!(offer(&mut queue, v4(1, 2), &message(10)), Err(NoRoom::Full));
    }
}

#[test]
fn a_sixteenth_of_the_queue_is_reserved_for_the_user() {
    let mut queue = queue(160, 64 * MIB);
    let remotes: Vec<_> = (0..200).map(|network| v4(network, 1)).collect();
    fill(&mut queue, &remotes, 10);
    let strangers = queue.room.all.messages;
    assert!((140..=150).contains(&strangers), "{strangers}");
    (0..160 - strangers).for_each(|_| assert!(write(&mut queue, 10)));
    assert!(!write(&mut queue, 10));
    assert_eq!(offer(&mut queue, v4(1, 1), &message(10)), Err(NoRoom::Full));
    // The room of received messages that have left is free for others, although the user uses more than the reserve.
    (0..strangers).for_each(|_| _ = queue.pop().map(|entry| queue.release(&entry.queued)));
    assert!(offer(&mut queue, v4(1, 1), &message(10)).is_ok());
}

/// The largest shares, and the number of all of them.
fn largest_shares(queue: &Queue, most: usize) -> (Vec<PlaceShare>, usize) {
    let all = queue.shares((Bound::Unbounded, Bound::Unbounded));
    (all.take(most).map(|(_, share)| share).collect(), queue.shares_len())
}

#[test]
fn the_largest_shares_are_listed_first_with_held_and_refused_messages() {
    let mut queue = queue(1000, MIB);
    // The first has more bytes than the second, but its share of the bytes is smaller than the second's share of the
    // messages.
    for (host, count, size) in [(1, 3, 1000), (2, 5, 10), (3, 1, 10)] {
        (0..count).for_each(|_| offer(&mut queue, v4(1, host), &message(size)).unwrap());
    }
    offer(&mut queue, v4(1, 3), &message(100_000)).unwrap();
    let first = queue.head().unwrap().id();
    queue.hold(first, HeldBy::Hand);
    queue.count_refused(v4(1, 2));
    let (largest, count) = largest_shares(&queue, 2);
    let share = |host, messages, bytes, held, refused| PlaceShare {
        place: v4(1, host),
        messages,
        bytes,
        held,
        refused,
    };
    assert_eq!((largest, count), (vec![share(3, 2, 100_010, 0, 0), share(2, 5, 50, 0, 1)], 3));
    assert_eq!(largest_shares(&queue, 9).0[2], share(1, 3, 3000, 1, 0));
    assert_eq!(largest_shares(&queue, 0), (vec![], 3));
}

/// One step of a random sequence: an offer, or the removal of the head, a queued or a held message.
#[derive(Debug, Clone)]
enum Step {
    Offer { network: u32, host: u32, size: usize },
    Own(usize),
    Send,
    Return,
    Remove(Index),
    RemoveSome(Index, usize),
    Hold(Index),
    Release,
    Exchange(Index, usize),
}

fn steps() -> impl Strategy<Value = Step> {
    let size = prop_oneof![1_usize..100, 1_usize..10_000, Just(MIB / 8)];
    prop_oneof![
        12 => (0_u32..6, 0_u32..6, size.clone())
            .prop_map(|(network, host, size)| Step::Offer { network, host, size }),
        1 => (1_usize..100).prop_map(Step::Own),
        1 => Just(Step::Send),
        1 => Just(Step::Return),
        1 => any::<Index>().prop_map(Step::Remove),
        1 => (any::<Index>(), 0_usize..5).prop_map(|(from, count)| Step::RemoveSome(from, count)),
        1 => any::<Index>().prop_map(Step::Hold),
        1 => Just(Step::Release),
        1 => (any::<Index>(), 1_usize..1000).prop_map(|(which, size)| Step::Exchange(which, size)),
    ]
}

fn pick(queue: &Queue, which: Index) -> Option<MessageId> {
    let length = queue.len();
    (length > 0).then(|| queue.window(which.index(length)..usize::MAX).next().unwrap().id)
}

fn apply(queue: &mut Queue, in_flight: &mut Vec<Entry>, step: &Step) {
    match *step {
        Step::Offer { network, host, size } => _ = offer(queue, v4(network, host), &message(size)),
        Step::Own(size) => _ = write(queue, size),
        Step::Send => in_flight.extend(queue.pop()),
        Step::Return => {
            if let Some(entry) = in_flight.pop() {
                let entry = queue.with_new_id(entry);
                queue.append(entry);
            }
        }
        Step::Remove(which) => _ = pick(queue, which).and_then(|id| queue.remove(id)),
        Step::RemoveSome(from, count) => {
            let ids: Vec<_> = pick(queue, from)
                .into_iter()
                .flat_map(|id| (id.0..id.0 + count as u64).map(MessageId))
                .collect();
            queue.remove_all(&ids);
        }
        Step::Hold(which) => _ = pick(queue, which).map(|id| queue.hold(id, HeldBy::Hand).is_some()),
        Step::Release => {
            for queued in queue.drain_held() {
                let entry = queue.with_new_id(Entry { queued, passed: 0 });
                queue.append(entry);
            }
        }
        Step::Exchange(which, size) => {
            if let Some(id) = pick(queue, which) {
                let before = queue.get(id).unwrap().message.size();
                if queue.check_replacement(before, size).is_ok() {
                    queue.replace_message(id, message(size), 1);
                }
            }
        }
    }
}

/// Compares the counts with sums over the messages.
fn assert_consistent(queue: &Queue, in_flight: &[Entry]) {
    let held: Vec<_> = queue.held().window(0..usize::MAX).map(|held| held.queued.clone()).collect();
    let mut all: Vec<_> = queue.window(0..usize::MAX).collect();
    all.extend(held.iter().cloned());
    all.extend(in_flight.iter().map(|entry| entry.queued.clone()));
    let bytes = |of: &[&QueuedMessage]| of.iter().map(|queued| queued.message.size()).sum::<usize>();
    assert_eq!(queue.room.all, Load { messages: all.len(), bytes: bytes(&all.iter().collect::<Vec<_>>()) });
    let (shares, count) = largest_shares(queue, usize::MAX);
    assert_eq!(shares.len(), count);
    for share in &shares {
        let is_of = |queued: &&QueuedMessage| queued.place == Some(share.place);
        let of: Vec<_> = all.iter().filter(is_of).collect();
        let held = held.iter().filter(is_of).count();
        assert_eq!((share.messages, share.bytes, share.held), (of.len(), bytes(&of), held));
    }
    let placed = all.iter().filter(|queued| queued.place.is_some()).count();
    assert_eq!(shares.iter().map(|share| share.messages).sum::<usize>(), placed);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_sequence_of_steps_leaves_room_for_others_and_the_user(steps in vec(steps(), 1..200)) {
        let (mut queue, mut in_flight) = (queue(2000, MIB), Vec::new());
        for step in &steps {
            apply(&mut queue, &mut in_flight, step);
        }
        assert_consistent(&queue, &in_flight);
        fill(&mut queue, &[v4(0, 0), v4(0, 1), v4(1, 0), v4(2, 7)], MIB / 8);
        assert_consistent(&queue, &in_flight);
        // In a network of its own, and in the network of the keys that fill the queue.
        for remote in [v4(77, 1), v4(0, 200), v4(1, 200), "2001:db8::7".parse().unwrap()] {
            prop_assert_eq!(offer(&mut queue, remote, &message(300)), Ok(()), "{}", remote);
        }
        (0..60).for_each(|_| assert!(write(&mut queue, 300)));
    }
}
