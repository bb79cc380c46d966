//! A command that is undone at once leaves the node unchanged.

use super::*;
use crate::core::{MessageState, PeerState};

/// A command. Numbers in it are indices modulo the number of existing items.
#[derive(Debug, Clone)]
enum Undone {
    Add(Name),
    Ignore(Name),
    Unignore(Name),
    Forget(Name),
    Drop(Index),
    DropAll,
    Hold(Index),
    Release(Index),
    ReleaseAll,
    Replace(Index),
    SetRule(Option<Rule>, bool),
    SetRate(f64),
    IgnoreRemote(u8),
    UnignoreRemote(u8),
    HandOn,
}

fn undone() -> impl Strategy<Value = Undone> {
    let name = || 0..NAMES.len();
    let index = any::<Index>;
    prop_oneof![
        name().prop_map(Undone::Add),
        name().prop_map(Undone::Ignore),
        name().prop_map(Undone::Unignore),
        name().prop_map(Undone::Forget),
        index().prop_map(Undone::Drop),
        Just(Undone::DropAll),
        index().prop_map(Undone::Hold),
        index().prop_map(Undone::Release),
        Just(Undone::ReleaseAll),
        index().prop_map(Undone::Replace),
        (proptest::option::of(0_usize..3), any::<bool>())
            .prop_map(|(rule, looks)| Undone::SetRule(rule, looks)),
        (0.5_f64..1000.0).prop_map(Undone::SetRate),
        (0_u8..3).prop_map(Undone::IgnoreRemote),
        (0_u8..3).prop_map(Undone::UnignoreRemote),
        Just(Undone::HandOn),
    ]
}

/// Everything that a command can change.
#[derive(Debug, PartialEq)]
struct Picture {
    /// Peers with all stored data.
    peers: Vec<(Peer, String)>,
    waiting: Vec<MessageState>,
    held: Vec<MessageState>,
    /// The rule, its number, and the messages that it passed.
    rule: (Option<String>, u64, Vec<MessageId>),
    rate: f64,
    remotes: Vec<IpAddr>,
    bytes: usize,
    free: PeerCounts,
}

fn picture(core: &mut Core) -> Picture {
    let ids: Vec<_> = core.queue(0..usize::MAX).map(|queued| queued.id).collect();
    let kept = |peer: &Peer| format!("{:?}", core.peer_state(&peer.address));
    let peers = core.peers().map(|peer| (peer.clone(), kept(&peer))).collect();
    let rule = core.hold_state();
    Picture {
        peers,
        waiting: ids.iter().map(|id| core.message_state(*id).unwrap()).collect(),
        held: core.held_states(),
        rule: (rule.rule.map(|rule| rule.text().to_owned()), rule.rule_number, rule.passed),
        rate: core.options().send_rate,
        remotes: core.ignored_remotes().collect(),
        bytes: core.held_bytes(),
        free: core.free_peers(),
    }
}

/// Executes a command and undoes it.
fn do_and_undo(core: &mut Core, undone: &Undone, now: Now) {
    let later = Now { uptime: now.uptime + Duration::from_secs(1), unix_ms: now.unix_ms + 1000 };
    let waiting: Vec<_> = core.queue(0..usize::MAX).map(|queued| queued.id).collect();
    let held: Vec<_> = core.held(0..usize::MAX).map(|held| held.queued.id).collect();
    let here: Vec<_> = waiting.iter().chain(&held).copied().collect();
    let pick = |ids: &[MessageId], index: &Index| (!ids.is_empty()).then(|| ids[index.index(ids.len())]);
    let peer = |name: Name, command: &dyn Fn(&mut Core, &Address), core: &mut Core| {
        let state = core.peer_state(&named(name));
        command(core, &named(name));
        assert!(core.restore_peer(state, later));
    };
    match undone {
        Undone::Add(name) => {
            let before = core.add_peer_undoable(&named(*name), now).unwrap_or_default();
            before.into_iter().rev().for_each(|state| assert!(core.restore_peer(state, later)));
        }
        Undone::Ignore(name) => peer(*name, &|core, peer| _ = core.ignore(peer, now), core),
        Undone::Unignore(name) => peer(*name, &|core, peer| _ = core.unignore(peer, now), core),
        Undone::Forget(name) => peer(*name, &|core, peer| _ = core.forget(peer), core),
        Undone::Drop(index) => {
            let dropped = core.drop_these(&pick(&here, index).into_iter().collect::<Vec<_>>());
            assert_eq!(core.restore_messages(dropped).error, None);
        }
        Undone::DropAll => {
            let dropped = core.drop_these(&here);
            assert_eq!(core.restore_messages(dropped).error, None);
        }
        Undone::Hold(index) => on_message(core, pick(&waiting, index), |core, id| _ = core.hold(id)),
        Undone::Release(index) => on_message(core, pick(&held, index), |core, id| _ = core.release(id)),
        Undone::ReleaseAll => {
            let states = core.held_states();
            core.release_all();
            assert_eq!(core.restore_messages(states).error, None);
        }
        Undone::Replace(index) => {
            let changed = |core: &mut Core, id| _ = core.replace(id, Message::text("changed"));
            on_message(core, pick(&here, index), changed);
        }
        Undone::SetRule(rule, looks) => {
            let state = core.hold_state();
            let rule = rule.map(|rule| {
                HoldRule::new(rule.to_string(), move |queued: &QueuedMessage| holds(rule, &queued.message))
            });
            core.set_hold_rule(rule);
            if *looks {
                core.hold_matching();
            }
            core.restore_hold(state);
        }
        Undone::SetRate(rate) => {
            let before = core.options().send_rate;
            core.set_send_rate(*rate, now).unwrap();
            core.set_send_rate(before, now).unwrap();
        }
        Undone::IgnoreRemote(place) => {
            let state = core.remote_state(remote(*place));
            core.ignore_remote(remote(*place));
            core.restore_remote(state);
        }
        Undone::UnignoreRemote(place) => {
            let state = core.remote_state(remote(*place));
            core.unignore_remote(remote(*place));
            core.restore_remote(state);
        }
        Undone::HandOn => {
            core.drain_with_held();
            core.set_draining(false);
        }
    }
}

fn on_message(core: &mut Core, id: Option<MessageId>, command: impl Fn(&mut Core, MessageId)) {
    let Some(id) = id else { return };
    let state = core.message_state(id).unwrap();
    command(core, id);
    assert_eq!(core.restore_messages(vec![state]).error, None);
}

proptest! {
    #[test]
    fn undoing_a_command_restores_the_node(
        options in options(), seed in any::<u64>(), inputs in vec(inputs(), 1..100), commands in vec(undone(), 1..6),
    ) {
        let mut world = World::new(options, seed);
        for place in 0..2 {
            world.core.ignore_remote(remote(place));
        }
        inputs.iter().for_each(|input| world.give(input));
        world.core.set_draining(false);
        for command in commands {
            let before = picture(&mut world.core);
            do_and_undo(&mut world.core, &command, world.model.now);
            prop_assert_eq!(picture(&mut world.core), before, "{:?}", command);
            // The observer knows the same.
            while let Some(event) = world.core.poll_event() {
                world.watcher.watch(event);
            }
            let known: Vec<_> = world.core.queue(0..usize::MAX).map(|queued| (queued.id, queued.message)).collect();
            prop_assert_eq!(known, world.watcher.queue.clone().into_iter().collect::<Vec<_>>());
            let known: Vec<_> = world.core.held(0..usize::MAX).map(|held| (held.queued.id, held.queued.message.clone())).collect();
            prop_assert_eq!(known, world.watcher.held.clone().into_iter().collect::<Vec<_>>());
            let known: Vec<_> = world.core.peers().map(|peer| (peer.address.clone(), peer)).collect();
            let watched: BTreeMap<_, _> = known.into_iter().collect();
            prop_assert_eq!(&watched, &world.watcher.peers);
        }
    }
}

#[test]
fn undoing_an_ignore_removes_a_formerly_unknown_peer() {
    let mut core = core();
    let stranger = address("stranger:1");
    let state: PeerState = core.peer_state(&stranger);
    assert!(core.ignore(&stranger, at(1)) && core.restore_peer(state, at(2)));
    assert_eq!(core.peer(&stranger), None);
}

#[test]
fn undoing_an_addition_restores_the_evicted_peer() {
    let mut core = core_with(|options| options.max_peers = 2);
    let (old, new) = (address("old:1"), address("new:1"));
    core.restore(
        [Peer { ever_responded: true, ..Peer::new(old.clone(), Status::Lost, at(0)) }.into()],
        at(1),
    );
    assert!(core.add_peer(&address("named:1"), at(1)));
    let before = core.peer_state(&old);
    assert!(core.has_room_for_peer());
    let states = core.add_peer_undoable(&new, at(2)).unwrap();
    assert_eq!((core.peer(&old), states.len()), (None, 2));
    assert!(!core.has_room_for_peer() && core.add_peer_undoable(&address("other:1"), at(2)).is_none());
    states.into_iter().rev().for_each(|state| assert!(core.restore_peer(state, at(3))));
    assert_eq!((core.peer_state(&old), core.peer(&new)), (before, None));
}
