//! Properties of whole clouds, and of one core with any input.

use std::time::Duration;

use proptest::{prelude::*, test_runner::RngSeed};

use super::bench::{Bench, id, ms, record};
use crate::{
    core::{Failure, SignatureCheck},
    protocol::{Address, Id, Json, Path},
    simulation::Cloud,
};

const MINUTES: u64 = 60_000;

#[test]
fn nodes_that_join_at_once_reach_one_complete_list() {
    for seed in 0..20 {
        let mut cloud = Cloud::new(seed);
        let first = cloud.start(&[]);
        (0..11).for_each(|_| _ = cloud.start(&[first]));
        let took = cloud.run_until_complete(ms(10_000));
        assert!(took.is_some(), "seed {seed}:\n{}", cloud.lists());
    }
}

#[test]
fn nodes_that_join_at_once_through_two_members_reach_one_complete_list() {
    for seed in 0..40 {
        let mut cloud = Cloud::new(seed);
        cloud.latency = 1..100;
        let first = cloud.start(&[]);
        let second = cloud.start(&[first]);
        cloud.run(ms(5000));
        (0..6).for_each(|number| _ = cloud.start(&[[first, second][number % 2]]));
        let took = cloud.run_until_complete(ms(10_000));
        assert!(took.is_some(), "seed {seed}:\n{}", cloud.lists());
    }
}

#[test]
fn nodes_that_list_each_other_and_start_together_reach_one_complete_list() {
    for seed in 0..40 {
        let mut cloud = Cloud::new(seed);
        cloud.start(&[1]);
        cloud.start(&[0]);
        let took = cloud.run_until_complete(ms(40_000));
        assert!(took.is_some(), "seed {seed}:\n{}", cloud.lists());
    }
}

#[test]
fn a_quiet_cloud_changes_nothing_and_repairs_nothing() {
    let mut cloud = Cloud::new(3);
    let first = cloud.start(&[]);
    (0..7).for_each(|_| _ = cloud.start(&[first]));
    assert!(cloud.run_until_complete(ms(10_000)).is_some());
    cloud.run(ms(5000));
    cloud.events.clear();
    cloud.run(ms(30 * MINUTES));
    let changes = cloud.events.iter().filter(|(_, event)| {
        use crate::core::Event::{Alone, DoesNotKnowUs, MemberAdded, MemberRemoved, Refused, Repairing};
        matches!(
            event,
            Alone { .. }
                | DoesNotKnowUs { .. }
                | MemberAdded { .. }
                | MemberRemoved { .. }
                | Refused { .. }
                | Repairing { .. }
        )
    });
    assert_eq!(changes.collect::<Vec<_>>(), Vec::<&(usize, crate::core::Event)>::new());
}

#[test]
fn the_parts_of_a_cloud_that_was_split_find_each_other() {
    for seed in 0..20 {
        let mut cloud = Cloud::new(seed);
        let first = cloud.start(&[]);
        (0..7).for_each(|_| _ = cloud.start(&[first]));
        assert!(cloud.run_until_complete(ms(10_000)).is_some());
        cloud.split = Some(3);
        let lists = |cloud: &Cloud| cloud.is_consistent() && !cloud.is_complete();
        assert!(cloud.run_until(ms(10 * MINUTES), lists).is_some(), "each part is a cloud");
        cloud.run(ms(MINUTES));
        cloud.split = None;
        let took = cloud.run_until_complete(ms(5 * MINUTES));
        assert!(took.is_some(), "seed {seed}:\n{}", cloud.lists());
    }
}

/// What happens to a cloud.
#[derive(Debug, Clone)]
enum Step {
    Join(usize),
    Leave(usize),
    Kill(usize),
    Broadcast(usize),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => any::<usize>().prop_map(Step::Join),
        1 => any::<usize>().prop_map(Step::Leave),
        1 => any::<usize>().prop_map(Step::Kill),
        2 => any::<usize>().prop_map(Step::Broadcast),
        4 => (0_u64..4000).prop_map(Step::Wait),
    ]
}

/// Starts node 0, then takes the steps. Requests and answers are lost until the last one.
fn play(steps: &[Step], seed: u64, loss: f64) -> Cloud {
    let mut cloud = Cloud::new(seed);
    let first = cloud.start(&[]);
    cloud.loss = loss;
    for step in steps {
        let alive = cloud.alive();
        let other = |number: usize| alive[number % alive.len()];
        match step {
            Step::Join(_) if alive.len() >= 9 => {}
            Step::Join(number) => _ = cloud.start(&[other(*number), first]),
            Step::Leave(number) if other(*number) != first => cloud.leave(other(*number)),
            Step::Kill(number) if other(*number) != first => cloud.kill(other(*number)),
            Step::Leave(_) | Step::Kill(_) => {}
            Step::Broadcast(number) => cloud.with(other(*number), |core, now, _| {
                _ = core.broadcast(&Json::empty_object(), now);
            }),
            Step::Wait(time) => cloud.run(ms(*time)),
        }
    }
    cloud.loss = 0.0;
    cloud
}

/// A case of the property below that failed once.
#[test]
fn a_node_that_let_somebody_in_before_its_seeds_did_finds_them() {
    use Step::{Broadcast, Join, Wait};
    let steps = [Join(0), Join(1), Wait(715), Broadcast(0), Join(2), Wait(2)];
    let mut cloud = play(&steps, 12_685_779_285_148_776_506, 0.119_241_668_984_933_78);
    assert!(cloud.run_until_complete(ms(15 * MINUTES)).is_some(), "{}", cloud.lists());
}

proptest! {
    // The same cases in every run.
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1983), ..ProptestConfig::with_cases(64) })]

    /// Node 0 stays. Requests and answers are lost for a while; then the network is good again.
    #[test]
    fn after_joins_leaves_and_losses_each_list_is_complete(
        steps in prop::collection::vec(step(), 1..24),
        seed: u64,
        loss in prop_oneof![Just(0.0), 0.0..0.3],
    ) {
        let mut cloud = play(&steps, seed, loss);
        let took = cloud.run_until_complete(ms(15 * MINUTES));
        prop_assert!(took.is_some(), "{}", cloud.lists());
    }
}

/// Any input to one core.
#[derive(Debug, Clone)]
enum Input {
    Post { sender: u8, path: usize, body: String, remote: u8 },
    Answer { which: usize, status: u16, body: String },
    Fail { which: usize, failure: u8 },
    Timer(u64),
    Command(u8, u8),
}

fn some_body() -> impl Strategy<Value = String> {
    let field = |name: &'static str| (0_u8..6).prop_map(move |number| format!("\"{name}\":\"{number}\""));
    let record = (0_u8..6, 1_u16..6).prop_map(|(id, port)| record(&id.to_string(), port));
    let joined = (0_u8..6, prop::collection::vec(record.clone(), 0..4)).prop_map(|(id, peers)| {
        format!(r#"{{"status":"joined","self":{{"id":"{id}"}},"peers":[{}]}}"#, peers.join(","))
    });
    prop_oneof![
        4 => record,
        2 => field("id").prop_map(|id| format!("{{{id}}}")),
        2 => joined,
        1 => Just("{\"id\":\"1\",\"joined\":false}".to_owned()),
        1 => Just("{}".to_owned()),
        1 => ".{0,12}",
    ]
}

fn input() -> impl Strategy<Value = Input> {
    let status = prop::sample::select(vec![200_u16, 200, 200, 204, 302, 404, 429, 500]);
    prop_oneof![
        6 => (0_u8..7, 0_usize..6, some_body(), 0_u8..3)
            .prop_map(|(sender, path, body, remote)| Input::Post { sender, path, body, remote }),
        6 => (any::<usize>(), status, some_body())
            .prop_map(|(which, status, body)| Input::Answer { which, status, body }),
        2 => (any::<usize>(), any::<u8>()).prop_map(|(which, failure)| Input::Fail { which, failure }),
        3 => (0_u64..40_000).prop_map(Input::Timer),
        2 => (any::<u8>(), 0_u8..6).prop_map(|(command, member)| Input::Command(command, member)),
    ]
}

fn command(bench: &mut Bench, command: u8, member: u8) {
    let (id, now) = (id(&member.to_string()), bench.now);
    let (core, rng) = (&mut bench.core, &mut bench.rng);
    match command % 10 {
        0 => drop(core.broadcast(&Json::empty_object(), now)),
        1 => drop(core.send(&id, &Json::empty_object(), now)),
        2 => drop(core.leave(now, rng)),
        3 => drop(core.join(&[Address::new("127.0.0.1", 5).unwrap()], now, rng)),
        4 => drop(core.check(&id, now)),
        5 => drop(core.drop_member(&id, now)),
        6 => drop(core.undrop_member(&id)),
        7 => drop(core.repair(now, rng)),
        8 => drop(core.update(Json::of(&member).unwrap(), now)),
        _ => core.set_check_interval(Some(Duration::from_secs(u64::from(member))), now),
    }
}

proptest! {
    #[test]
    fn no_input_panics_and_memory_is_bounded(inputs in prop::collection::vec(input(), 0..120)) {
        let mut bench = Bench::with(|options| {
            options.seeds = vec![Address::new("127.0.0.1", 5).unwrap()];
            (options.bodies.max_members, options.max_sends, options.max_remembered) = (4, 3, 8);
        });
        let mut open = Vec::new();
        for input in inputs {
            match input {
                Input::Post { sender, path, body, remote } => {
                    bench.remote = [[127, 0, 0, 1], [10, 0, 0, 1], [8, 8, 8, 8]][usize::from(remote)].into();
                    let own = bench.core.id().to_string();
                    let sender = if sender == 6 { own } else { sender.to_string() };
                    bench.signature = SignatureCheck::Unchecked;
                    bench.post(Some(&sender), Path::ALL[path], &body);
                }
                Input::Answer { which, status, body } if !open.is_empty() => {
                    let request = open.swap_remove(which % open.len());
                    bench.answer(&request, status, &body);
                }
                Input::Fail { which, failure } if !open.is_empty() => {
                    let request = open.swap_remove(which % open.len());
                    let failures = [Failure::TimedOut, Failure::Cut, Failure::Refused("".into()), Failure::TooLong(1)];
                    bench.fail(&request, failures[usize::from(failure) % 4].clone());
                }
                Input::Answer { .. } | Input::Fail { .. } => {}
                Input::Timer(time) => bench.advance(ms(time)),
                Input::Command(number, member) => command(&mut bench, number, member),
            }
            open.extend(bench.requests());
            bench.completions();
            bench.events();
            let own: Id = bench.core.id().clone();
            let sizes = bench.core.sizes();
            prop_assert!(bench.core.member(&own).is_none());
            prop_assert!(bench.core.members().count() <= 4);
            prop_assert!(sizes.iter().all(|(_, size, max)| size <= max), "{:?}", sizes);
        }
    }
}
