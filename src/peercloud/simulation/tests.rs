use std::{fs, time::Duration};

use super::{Rules, Scenario, Span};

/// Ten minutes of twenty nodes that join one after the other.
fn quiet(seed: u64) -> Scenario {
    let between_starts = Duration::from_millis(500);
    Scenario { nodes: 20, between_starts, seconds: 600, seed, ..Scenario::default() }
}

fn last(scenario: &Scenario, rules: Rules) -> f64 {
    *scenario.run(rules).last().unwrap()
}

#[test]
fn with_both_rules_nodes_that_join_one_after_the_other_know_each_other() {
    for rules in [Rules::Ours, Rules::Package] {
        assert!((last(&quiet(1), rules) - 1.0).abs() < f64::EPSILON, "{rules:?}");
    }
}

#[test]
fn a_seed_gives_the_same_run_again() {
    let loss = Some((Span { from: 0, to: 60 }, 0.02));
    let scenario = || Scenario { nodes: 10, loss, ..Scenario::default() };
    assert_eq!(scenario().run(Rules::Ours), scenario().run(Rules::Ours));
}

/// Trouble of a minute, and without any time between the joins.
fn scenarios(seed: u64) -> [(&'static str, Scenario); 4] {
    let span = Span { from: 30, to: 90 };
    let quiet = || quiet(seed);
    [
        ("all join at once", Scenario { between_starts: Duration::ZERO, ..quiet() }),
        ("a partition, 8 nodes and 12", Scenario { partition: Some(span), ..quiet() }),
        ("5 % of requests and of answers are lost", Scenario { loss: Some((span, 0.05)), ..quiet() }),
        (
            "each node stands still for 1.6 s in 30 s",
            Scenario { stalls: Some((span, Duration::from_millis(1600))), ..quiet() },
        ),
    ]
}

/// The mean shares at some seconds, over three seeds.
fn shares(scenario: usize, rules: Rules) -> Vec<f64> {
    let runs = [1, 2, 3].map(|seed| scenarios(seed)[scenario].1.run(rules));
    let mean = |second: usize| runs.iter().map(|run| run[second - 1]).sum::<f64>() / runs.len() as f64;
    SECONDS.map(mean).to_vec()
}

/// The seconds in the table.
const SECONDS: [usize; 5] = [30, 60, 90, 150, 600];
/// The start of the table in `docs/dynamics.md`.
const HEADER: &str =
    "| what happens | rules | 30 s | 60 s | 90 s | 150 s | 600 s |\n|---|---|---|---|---|---|---|\n";

#[test]
fn lists_that_the_package_never_completes_are_complete_by_our_rules() {
    let mut table = HEADER.to_owned();
    for (number, (what, _)) in scenarios(1).iter().enumerate() {
        let (ours, package) = (shares(number, Rules::Ours), shares(number, Rules::Package));
        assert!((ours[4] - 1.0).abs() < f64::EPSILON, "{what}: {ours:?}");
        assert!(package[4] < 1.0, "{what}: {package:?}");
        for (rules, shares) in [("ours", ours), ("the package's", package)] {
            let cells = shares.iter().map(|share| format!(" {:.0} % |", share * 100.0)).collect::<Vec<_>>();
            table += &["| ", what, " | ", rules, " |", &cells.concat(), "\n"].concat();
        }
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/dynamics.md");
    let page = fs::read_to_string(path).unwrap();
    let start = page.find(HEADER).expect("the page has the table");
    let end = start + page[start..].find("\n\n").expect("a paragraph follows") + 1;
    if page[start..end] != table {
        let is_wanted = std::env::var_os("UPDATE_README").is_some();
        assert!(
            is_wanted,
            "it is behind: run `UPDATE_README=1 cargo test -p clacks-peercloud simulation`\n{table}"
        );
        fs::write(path, page[..start].to_owned() + &table + &page[end..]).unwrap();
    }
}
