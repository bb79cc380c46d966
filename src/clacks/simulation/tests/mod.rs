use std::time::Duration;

use super::*;
use crate::core::NewPeerPolicy;

const GRID: Topology = Topology::Grid { width: 20, height: 20 };

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Runs a whole scenario, with a sample at least every second.
fn run(scenario: Scenario) -> (Vec<Sample>, Report) {
    let mut simulation = Simulation::new(scenario).unwrap();
    let mut samples = Vec::new();
    for second in 1.. {
        let goes_on = simulation.run_until(seconds(second));
        samples.push(simulation.sample());
        if !goes_on {
            break;
        }
    }
    (samples, simulation.report())
}

/// The measurement of the protocol's author: one message in a grid, 3,000 deliveries at 500 per second.
fn grid(newcomers: NewPeerPolicy) -> Scenario {
    Scenario {
        topology: GRID,
        announces: false,
        send_rate: 500.0,
        deliveries: 3000,
        newcomers,
        latency: Latency::Constant { seconds: 0.01 },
        ..Scenario::default()
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let troubled = |seed| Scenario {
        seed,
        duration: 60.0,
        messages: 30,
        origin: MessagePlacement::Spread,
        loss: 0.02,
        answer_loss: 0.02,
        timeout: 2.0,
        churn: Some(Churn { mean_up: 100.0, mean_down: 10.0 }),
        ..Scenario::default()
    };
    assert_eq!(run(troubled(7)), run(troubled(7)));
    assert_ne!(run(troubled(7)), run(troubled(8)));
}

#[test]
fn without_faults_each_message_visits_all_nodes_without_loss_or_copies() {
    let (samples, report) = run(Scenario {
        duration: 2000.0,
        until_visited: 1.0,
        messages: 10,
        origin: MessagePlacement::Spread,
        ..Scenario::default()
    });
    assert_eq!((report.end.lost, report.end.duplicates, report.end.failures), (0, 0, 0));
    assert_eq!(report.end.up, 100);
    let [half, most, almost_all, all] = report.reached.map(Option::unwrap);
    assert!(half < most && most < almost_all && almost_all <= all, "{report:?}");
    assert!(report.returned.is_some());
    assert!(samples.is_sorted_by_key(|sample| sample.deliveries));
    assert!(samples.is_sorted_by(|one, next| one.visited <= next.visited && one.known <= next.known));
}

#[test]
fn a_message_sent_to_the_oldest_new_peer_travels_less_far_than_at_random() {
    let end = |newcomers| run(grid(newcomers)).1.end;
    let (oldest, always) = (end(NewPeerPolicy::Oldest), end(NewPeerPolicy::Always));
    assert!(oldest.deliveries == 3000 && always.deliveries == 3000);
    assert!(oldest.visited < 0.8 && always.visited > 0.9, "{oldest:?} {always:?}");
    assert!(oldest.distance < always.distance, "{oldest:?} {always:?}");
}

/// A run of 60 nodes with as many messages.
fn busy(change: impl FnOnce(&mut Scenario)) -> (Vec<Sample>, Report) {
    let mut scenario = Scenario {
        topology: Topology::Random { nodes: 60, degree: 4 },
        duration: 300.0,
        messages: 60,
        origin: MessagePlacement::Spread,
        timeout: 5.0,
        ..Scenario::default()
    };
    change(&mut scenario);
    run(scenario)
}

#[test]
fn a_lost_payload_is_sent_again_and_a_lost_response_duplicates_the_message() {
    let lost_on_the_way = busy(|scenario| scenario.loss = 0.1).1.end;
    assert!(lost_on_the_way.failures > 100);
    assert_eq!((lost_on_the_way.lost, lost_on_the_way.duplicates), (0, 0));
    let unconfirmed = busy(|scenario| scenario.answer_loss = 0.01).1.end;
    assert!(unconfirmed.failures > 10 && unconfirmed.lost == 0);
    assert!(
        unconfirmed.duplicates > 10 && unconfirmed.duplicates < unconfirmed.failures + 30,
        "{unconfirmed:?}"
    );
}

#[test]
fn a_response_after_the_time_out_counts_as_a_failure() {
    let slow = busy(|scenario| scenario.latency = Latency::Constant { seconds: 3.0 }).1.end;
    assert_eq!(slow.deliveries, 0, "{slow:?}");
    assert!(slow.failures > 0 && slow.duplicates > 0 && slow.lost == 0, "{slow:?}");
}

#[test]
fn announces_do_not_count_as_deliveries() {
    let quiet = busy(|scenario| scenario.messages = 0).1.end;
    assert_eq!((quiet.deliveries, quiet.failures), (0, 0));
    assert!(quiet.least_known > 0);
}

#[test]
fn a_failed_announce_is_repeated() {
    let (samples, report) = busy(|scenario| {
        // Without messages only announces spread addresses.
        scenario.topology = Topology::Ring { nodes: 60, each_side: 1 };
        (scenario.messages, scenario.loss) = (0, 0.5);
    });
    assert!(samples[1].least_known < 2, "half of the first announces never arrive");
    assert!(report.end.least_known >= 2, "{report:?}");
}

#[test]
fn a_simulation_ends_exactly_at_its_duration() {
    let mut simulation = Simulation::new(Scenario { duration: 1.0 / 3.0, ..Scenario::default() }).unwrap();
    assert!(!simulation.run_until(seconds(1)) && simulation.has_ended());
}

#[test]
fn failed_nodes_lose_their_messages_and_return() {
    let (samples, report) = busy(|scenario| scenario.churn = Some(Churn { mean_up: 100.0, mean_down: 25.0 }));
    assert!(report.end.lost > 10, "{report:?}");
    let up: Vec<_> = samples.iter().map(|sample| sample.up).skip(100).collect();
    // Four fifths of 60, within four standard deviations.
    assert!(up.iter().all(|up| (35..60).contains(up)), "{up:?}");
}

#[test]
fn a_failed_node_is_forgotten_and_found_again() {
    let (_, report) = busy(|scenario| {
        scenario.outage = Some(Outages { node: 7, from: 20.0, until: 450.0 });
        scenario.duration = 500.0;
    });
    let outage = report.outage.unwrap();
    assert!(outage.known_by > 10, "{outage:?}");
    assert!(outage.forgotten.is_some_and(|after| after < 430.0), "{outage:?}");
    assert!(outage.found.is_some() && outage.known_again.is_some(), "{outage:?}");
}

#[test]
fn no_payload_crosses_a_partition() {
    let (_, cut) = busy(|scenario| {
        (scenario.messages, scenario.origin) = (1, MessagePlacement::First);
        scenario.topology = Topology::Grid { width: 10, height: 10 };
        scenario.announces = false;
        scenario.partition = Some(Partition { from: 0.0, until: 300.0, share: 0.5 });
    });
    assert!(cut.end.visited <= 0.5 && cut.end.failures > 0, "{cut:?}");
}

#[test]
fn made_up_friends_do_not_stop_deliveries() {
    let (before, during) = busy(|scenario| {
        scenario.flood = Some(Flood { from: 100.0, until: 300.0, rate: 600.0 });
    })
    .1
    .flood
    .unwrap();
    assert!(before > 30.0, "{before}");
    assert!(during > before * 0.4, "{before} {during}");
    assert!(during < before, "{before} {during}");
}

#[test]
fn invalid_scenarios_are_refused_with_advice() {
    let refused = |change: fn(&mut Scenario)| {
        let mut scenario = Scenario::default();
        change(&mut scenario);
        Simulation::new(scenario).unwrap_err().to_string()
    };
    for (change, told) in [
        (
            (|scenario| scenario.topology = Topology::Seed { nodes: 1 }) as fn(&mut Scenario),
            "1 nodes: there must be 2 to 4000000",
        ),
        (
            |scenario| scenario.topology = Topology::Ring { nodes: 6, each_side: 3 },
            "each of 6 nodes would know 6 others: make it fewer, 1000 at most",
        ),
        (|scenario| scenario.loss = f64::NAN, "`loss` is NaN; it must be 0 to 1"),
        (
            |scenario| scenario.latency = Latency::Uniform { from: 2.0, to: 1.0 },
            "`latency.to` is 1; it must be 2 to 3600",
        ),
        (
            |scenario| scenario.outage = Some(Outages { node: 100, from: 1.0, until: 2.0 }),
            "`outage.node` is 100, and the last node is 99",
        ),
        (
            |scenario| {
                scenario.churn = Some(Churn { mean_up: 1.0, mean_down: 1.0 });
                scenario.outage = Some(Outages { node: 1, from: 1.0, until: 2.0 });
            },
            "`churn` and `outage` can't be simulated together; leave one out",
        ),
        (
            |scenario| scenario.partition = Some(Partition { from: 2.0, until: 2.0, share: 0.5 }),
            "`partition` begins after its end: make `from` less than `until`",
        ),
    ] {
        assert_eq!(refused(change), told);
    }
}

#[test]
fn a_sender_times_out_whatever_the_latency() {
    let mut simulation = Simulation::new(Scenario {
        topology: Topology::Random { nodes: 2, degree: 1 },
        announces: false,
        latency: Latency::Constant { seconds: 20.0 },
        timeout: 5.0,
        send_rate: 0.01,
        ..Scenario::default()
    })
    .unwrap();
    let mut failures_at = |seconds| {
        simulation.run_until(Duration::from_secs(seconds));
        let sample = simulation.sample();
        (sample.failures, sample.duplicates, sample.lost)
    };
    assert_eq!(failures_at(4), (0, 0, 0));
    assert_eq!(failures_at(6), (1, 0, 0));
    assert_eq!(failures_at(19), (1, 0, 0));
    // It arrives nevertheless, as from a sender that does not wait.
    assert_eq!(failures_at(21), (1, 1, 0));
}

#[cfg(feature = "node")]
#[test]
fn the_simulated_time_out_equals_that_of_a_node() {
    let node = crate::node::Limits::default().request_timeout;
    assert_eq!(Duration::from_secs_f64(Scenario::default().timeout), node);
}

/// Scenarios with each number in its range.
fn too_large() -> Vec<Scenario> {
    let nodes = |topology| Scenario { topology, ..Scenario::default() };
    let flood = |rate, latency| Scenario {
        flood: Some(Flood { from: 0.0, until: 600.0, rate }),
        latency,
        ..Scenario::default()
    };
    let busy = |change: fn(&mut Scenario)| {
        let topology = Topology::Random { nodes: 1_000_000, degree: 1 };
        let mut scenario = Scenario { topology, messages: 1_000_000, duration: 60.0, ..Scenario::default() };
        change(&mut scenario);
        scenario
    };
    let internet = Scenario::default().latency;
    vec![
        nodes(Topology::Grid { width: 2000, height: 2000 }),
        nodes(Topology::Random { nodes: 100_000, degree: 1000 }),
        nodes(Topology::Ring { nodes: 100_000, each_side: 400 }),
        nodes(Topology::SmallWorld { nodes: 1_000_000, each_side: 100, rewired: 0.5 }),
        flood(1e9, internet),
        flood(1e6, Latency::Constant { seconds: 3600.0 }),
        flood(1e5, Latency::LogNormal { median: 0.5, sigma: 5.0 }),
        flood(1e6, Latency::Uniform { from: 0.0, to: 3600.0 }),
        busy(|scenario| scenario.send_rate = 100_000.0),
        busy(|scenario| scenario.duration = 1e6),
        busy(|scenario| {
            scenario.latency = Latency::Constant { seconds: 3600.0 };
            scenario.duration = 3600.0;
        }),
    ]
}

#[test]
fn a_scenario_that_needs_too_much_memory_is_refused_before_it_allocates() {
    for scenario in too_large() {
        let error = Simulation::new(scenario.clone()).unwrap_err();
        assert!(matches!(error, ScenarioError::Memory(_)), "{error}: {scenario:?}");
        let text = error.to_string();
        assert!(text.starts_with("it would take about ") && text.contains("4295 MB are the most"), "{text}");
    }
    let million = Topology::Grid { width: 1000, height: 1000 };
    assert_eq!(Scenario { topology: million, ..Scenario::default() }.check(), Ok(()));
}
