use std::collections::HashSet;

use serde_json::{Value, json};

use crate::process::{Home, Process};

fn demo(home: &Home, arguments: &[&str]) -> Process {
    Process::start(&mut home.clacks(&[&["demo", "--no-screen"], arguments].concat()))
}

#[test]
fn the_demo_has_traffic_at_once_and_leaves_nothing_behind() {
    let home = Home::new();
    let mut demo = demo(&home, &["--nodes", "5"]);
    let received = demo.until_event("message_received");
    assert_eq!(received["peer"]["hostname"], "127.0.0.1");
    demo.until_event("message_delivered");
    demo.say(":quit");
    demo.stopped();
    let left: Vec<_> = std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left, [home.temporary()]);
    assert_eq!(std::fs::read_dir(home.temporary()).unwrap().count(), 0);
}

#[test]
fn a_demo_that_is_killed_leaves_nothing_behind() {
    let home = Home::new();
    drop(demo(&home, &["--nodes", "3"]));
    assert_eq!(std::fs::read_dir(home.temporary()).unwrap().count(), 0);
}

#[test]
fn the_demo_shows_every_status_and_dead_peers_return() {
    let home = Home::new();
    let mut demo = demo(&home, &["--nodes", "5", "--speed", "20"]);
    let ignored = demo.ask(":peers");
    assert_eq!(ignored["peers"].as_array().unwrap().last().unwrap()["status"], "ignored");
    let becomes = |status: &'static str| move |line: &Value| line["peer"]["status"] == status;
    demo.until(becomes("new"));
    demo.until(becomes("alive"));
    demo.until(becomes("lost"));
    let dead = demo.until(becomes("dead"));
    let port = &dead["peer"]["port"];
    let back = demo.until(|line| line["event"] == "peer_updated" && line["peer"]["port"] == *port);
    assert_eq!((&back["from"], &back["peer"]["status"]), (&json!("dead"), &json!("alive")));
    // It is the same node, so its certificate is trusted.
    let delivered = |line: &Value| line["event"] == "message_delivered" && line["peer"]["port"] == *port;
    demo.until(delivered);
}

#[test]
fn a_message_of_the_user_returns_in_the_demo() {
    let home = Home::new();
    let mut demo = demo(&home, &["--nodes", "2", "--speed", "20"]);
    demo.say("hello from the monitor");
    for visits in 2..5 {
        let again =
            |line: &Value| line["event"] == "message_received" && line["message"] == "hello from the monitor";
        assert_eq!(demo.until(again)["visits"], visits);
    }
}

#[test]
fn the_demo_limits_the_number_of_messages() {
    let home = Home::new();
    let mut demo = demo(&home, &["--nodes", "3", "--speed", "20"]);
    let mut queued = HashSet::new();
    for _ in 0..400 {
        queued.insert(demo.until_event("message_received")["message"].to_string());
    }
    assert!(queued.len() > 4, "{queued:?}");
    let queue = demo.ask(":queue");
    assert!(queue["queue"].as_array().unwrap().len() <= 12, "{queue}");
}

#[test]
fn the_demo_ignores_the_options_of_a_node() {
    let home = Home::new();
    let mut command = home.clacks(&["demo", "--no-screen", "--nodes", "1"]);
    let demo = Process::start(command.env("CLACKS_PORT", "eighty").env("CLACKS_SEND_RATE", "fast"));
    assert_ne!(demo.port(), 8080);
}
