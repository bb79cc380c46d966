use std::{
    io::Read,
    net::TcpStream,
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};

use crate::process::{Home, Process, Unread, acquainted, eventually};

#[test]
fn two_nodes_exchange_a_message() {
    let home = Home::new();
    let (mut tower, mut other) = acquainted(&home);
    assert_eq!(tower.until_event("announce_received")["peer"]["port"], other.port());
    assert_eq!(tower.ask("GNU Terry Pratchett")["text"], "queued as 1");
    let received = other.until_event("message_received");
    assert_eq!(received["message"], "GNU Terry Pratchett");
    assert_eq!(received["visits"], 1);
    let peer = received["peer"].as_object().unwrap();
    assert_eq!((&peer["hostname"], &peer["port"]), (&json!("127.0.0.1"), &json!(tower.port())));
    assert_eq!(peer["identifier"].as_str().unwrap().len(), 64);
    assert!(["new", "alive"].contains(&peer["status"].as_str().unwrap()));
    let delivered = tower.until_event("message_delivered");
    assert_eq!((&delivered["id"], &delivered["peer"]["port"]), (&json!(1), &json!(other.port())));
    assert!(delivered["round_trip_ms"].as_f64().unwrap() > 0.0);
}

#[test]
fn the_first_line_has_the_address_of_the_node() {
    let home = Home::new();
    let node = home.node(&[]);
    let port = node.port();
    assert_ne!(port, 0);
    assert_eq!(node.ready["address"], json!({ "hostname": "127.0.0.1", "port": port }));
    assert_eq!(node.ready["listens_on"], json!([format!("127.0.0.1:{port}")]));
    assert_eq!(node.ready["certificate"].as_str().unwrap().len(), 64);
}

#[test]
fn every_line_gets_an_answer_in_order_and_an_invalid_one_changes_nothing() {
    let home = Home::new();
    let mut node = home.node(&[]);
    for (line, answer) in [
        ("hello", "queued as 1"),
        (":frobnicate", "there is no command :frobnicate; :help lists them"),
        ("", "nothing to send: the line is empty"),
        (":ignore tower:80", "ignored tower:80"),
        (":add tower:80", "tower:80 is known already; it is ignored"),
        (":traffic", "that is for the dashboard; here every event is a line"),
        (":filter words", "that is for the dashboard; here every event is a line"),
    ] {
        let said = node.ask(line);
        assert_eq!(said.get("text").or(said.get("reason")).unwrap(), answer, "{line:?}");
    }
    let queue = node.ask(":queue");
    let since = queue["queue"][0]["since_ms"].clone();
    assert!(since.as_u64().is_some(), "{queue}");
    let expected =
        json!([{ "id": 1, "message": "hello", "visits": 1, "from": null, "place": null, "since_ms": since }]);
    assert_eq!(queue["queue"], expected);
    let peers = node.ask(":peers");
    assert_eq!((&peers["line"], &peers["peers"][0]["hostname"]), (&json!(9), &json!("tower")));
    assert_eq!(peers["peers"][0]["status"], "ignored");
    assert!(node.ask(":help")["commands"].as_array().unwrap().len() > 10);
}

#[test]
fn later_lines_are_executed_while_a_stop_hands_on() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let home = Home::new();
    let mut node = home.node(&[]);
    node.ask("hello");
    node.ask(&format!(":add {}", silent.local_addr().unwrap()));
    node.say(":stop hand-on 1h");
    eventually("the handing on is cancelled", || {
        let said = node.ask(":cancel");
        said.get("text").is_some_and(|text| text.as_str().unwrap().contains("as before"))
    });
}

#[test]
fn an_ignored_ip_address_gets_no_handshake_and_limits_lists_it() {
    let home = Home::new();
    let mut node = home.node(&["--max-connections", "7", "--body-timeout", "9s"]);
    assert_eq!(node.ask(":ignore ip:127.0.0.1")["text"], "connections from 127.0.0.1 are ignored");
    assert_eq!(node.until_event("remote_ignored")["remote"], "127.0.0.1");
    assert_eq!(node.ask(":peers")["ignored_remotes"], json!(["127.0.0.1"]));
    let mut refused = TcpStream::connect(node.address()).unwrap();
    assert_eq!(refused.read(&mut [0; 1]).unwrap_or(0), 0, "it is closed without a word");
    let limits = node.ask(":limits");
    assert_eq!((&limits["met"]["ignored_remotes"], &limits["met"]["peers"]), (&json!(1), &json!(0)));
    assert_eq!(limits["limits"]["max_connections"], 7);
    assert_eq!(limits["limits"]["body_timeout_ms"], 9000.0);
    assert_eq!((&limits["used"]["connections"], &limits["used"]["peers"]), (&json!(0), &json!(0)));
    assert_eq!(limits["ignored_remotes"], json!(["127.0.0.1"]));
    assert_eq!(
        node.ask(":unignore ip:127.0.0.1")["text"],
        "connections from 127.0.0.1 are no longer ignored"
    );
    assert_eq!(node.until_event("remote_unignored")["remote"], "127.0.0.1");
}

#[test]
fn a_slow_announce_does_not_block_other_lines() {
    let home = Home::new();
    // The connections are established but get no response.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut node = home.node(&[]);
    node.say(&format!(":announce {}", silent.local_addr().unwrap()));
    let answer = node.ask("hello");
    assert_eq!((&answer["line"], &answer["text"]), (&json!(2), &json!("queued as 1")));
    node.say(":quit");
    let announced = node.until(|line| line["line"] == 1);
    assert_eq!(announced["event"], "error");
    assert_eq!(node.stopped()["event"], "stopped");
}

#[test]
fn an_invalid_line_is_refused_and_the_next_is_accepted() {
    let home = Home::new();
    let mut node = home.node(&[]);
    let too_long = node.ask(&"x".repeat((1 << 20) + 1));
    assert_eq!((&too_long["event"], &too_long["line"]), (&json!("error"), &json!(1)));
    // With its quotes it has the maximum length of a message.
    let longest = node.ask(&"x".repeat(clacks_p2p::Message::MAX_SIZE - 2));
    assert!(longest["text"].as_str().unwrap().starts_with("queued as 1, but "), "{longest}");
    assert_eq!(node.ask("hello")["text"], "queued as 2");
}

#[test]
fn quitting_reports_lost_messages() {
    let home = Home::new();
    let mut node = home.node(&[]);
    node.ask("nobody hears this");
    node.ask(":json {\"nor\":\n");
    node.ask(":json [1, 2]");
    node.say(":quit");
    let stopped = node.stopped();
    let queue = stopped["queue"].as_array().unwrap();
    let messages: Vec<_> = queue.iter().map(|queued| &queued["message"]).collect();
    assert_eq!(messages, [&json!("nobody hears this"), &json!([1, 2])]);
}

#[test]
fn quitting_drains_own_messages() {
    let home = Home::new();
    let mut tower = home.node(&[]);
    let slow = ["node", "--hostname", "127.0.0.1", "--port", "0", "--send-rate", "0.001"];
    let mut node = Process::start(&mut home.clacks(&slow));
    for message in ["one", "two", "three"] {
        node.ask(message);
    }
    node.ask(&format!(":add {}", tower.address()));
    node.say(":quit");
    let begun = node.until_event("handing_on");
    assert!(begun["messages"].as_u64() >= Some(2), "one is on its way already: {begun}");
    assert_eq!(node.until_event("handed_on")["left"], 0);
    assert_eq!(node.stopped()["queue"], json!([]));
    (0..3).for_each(|_| drop(tower.until_event("message_received")));
}

/// The peer accepts the connection and never sends anything.
#[cfg(unix)]
#[test]
fn a_drain_ends_in_time_or_at_once() {
    use rustix::process::Signal;

    let home = Home::new();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let begin = |ends: &dyn Fn(&mut Process)| {
        let mut node = home.node(&[]);
        node.ask("nobody takes this");
        node.ask(&format!(":add {}", silent.local_addr().unwrap()));
        ends(&mut node);
        node.until_event("handing_on");
        node
    };
    let mut node = begin(&|node| node.signal(Signal::TERM));
    // Either the time of the drain or the time-out of the peer ends first.
    let told = node.until_event("handed_on");
    assert_eq!((&told["messages"], &told["left"]), (&json!(0), &json!(1)));
    assert_eq!(node.stopped()["queue"][0]["message"], "nobody takes this");

    let mut node = begin(&|node| node.say(":quit"));
    node.say(":quit!");
    assert_eq!(node.stopped()["queue"][0]["message"], "nobody takes this");

    let node = begin(&|node| node.say(":quit"));
    node.signal(Signal::TERM);
    let (status, _, complaint) = node.ended();
    assert_eq!(
        (status.code(), &*complaint),
        (Some(0), "clacks: 1 message was still in the queue and is lost\n")
    );

    let mut node = home.node(&[]);
    node.ask("nobody takes this");
    node.ask(&format!(":add {}", silent.local_addr().unwrap()));
    node.say(":quit!");
    let (_, told, _) = node.ended();
    assert!(told.iter().all(|line| line["event"] != "handing_on"), "{told:?}");
}

#[test]
fn the_end_of_the_input_does_not_stop_the_node() {
    let home = Home::new();
    let (mut tower, mut other) = acquainted(&home);
    tower.end_input();
    other.say("still there?");
    assert_eq!(tower.until_event("message_received")["message"], "still there?");
    assert_eq!(other.until_event("message_delivered")["message"], "still there?");
}

#[cfg(unix)]
#[test]
fn signals_stop_the_node_cleanly() {
    use rustix::process::Signal;

    let home = Home::new();
    for signal in [Signal::TERM, Signal::INT] {
        let mut node = home.node(&[]);
        node.ask("unsent");
        node.signal(signal);
        assert_eq!(node.stopped()["queue"][0]["message"], "unsent");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_closed_terminal_stops_the_node_unless_sighup_is_ignored() {
    use rustix::process::Signal;

    let home = Home::new();
    // The signal has its default action, whatever started this test.
    let mut heeding = home.command("env");
    heeding.args(["--default-signal=HUP", env!("CARGO_BIN_EXE_clacks")]);
    let mut node = Process::start(heeding.args(["node", "--hostname", "127.0.0.1", "--port", "0"]));
    node.ask("unsent");
    node.signal(Signal::HUP);
    assert_eq!(node.stopped()["queue"][0]["message"], "unsent");

    let node = home.clacks(&["node", "--port", "0"]);
    let mut shell = home.command("/bin/sh");
    shell.args(["-c", "trap '' HUP; exec \"$@\"", "sh"]).arg(node.get_program()).args(node.get_args());
    let mut stays = Process::start(&mut shell);
    stays.signal(Signal::HUP);
    stays.ask("still there");
    stays.say(":quit");
    stays.stopped();
}

/// A node whose output is not read, and the port that it announced to `tower`.
fn stuck(home: &Home, tower: &mut Process) -> (Unread, u16) {
    let any_port = ["node", "--hostname", "127.0.0.1", "--port", "0", "--send-rate", "10000", "--peer"];
    let stuck = Process::start_unread(&mut home.clacks(&[&any_port[..], &[&tower.address()]].concat()));
    let port = tower.until_event("announce_received")["peer"]["port"].as_u64().unwrap();
    (stuck, port.try_into().unwrap())
}

#[test]
fn a_blocked_reader_slows_nothing_and_learns_what_it_missed() {
    let home = Home::new();
    let mut tower = home.node(&[]);
    let (stuck, _) = stuck(&home, &mut tower);
    tower.ask(":rate 10000");
    for number in 0..10 {
        tower.say(&format!("to and fro {number}"));
    }
    // Each message returns after four events. That is more than the pipe and the subscription hold.
    for _ in 0..1500 {
        tower.until_event("message_received");
    }
    let begins_to_read = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let mut read = stuck.read();
    assert_eq!(read.next()["event"], "ready");
    // That is more than the pipe holds.
    for _ in 0..800 {
        let happened = read.next()["time"].as_u64().unwrap();
        assert!(u128::from(happened) <= begins_to_read, "it is told when it happened, not when it was read");
    }
    assert!(read.until_event("lagged")["missed"].as_u64().unwrap() > 0);
    read.until_event("message_received");
}

#[cfg(unix)]
#[test]
fn a_blocked_reader_does_not_prevent_a_stop() {
    use rustix::process::Signal;

    let home = Home::new();
    let mut tower = home.node(&[]);
    let (mut stuck, port) = stuck(&home, &mut tower);
    // It has this message queued before it sends it, and its line is larger than any pipe.
    stuck.process.say(&"x".repeat(500_000));
    tower.until_event("message_received");
    stuck.process.signal(Signal::TERM);
    eventually("it stops to listen", || TcpStream::connect(("127.0.0.1", port)).is_err());
    // A second signal ends the wait for the reader.
    stuck.process.signal(Signal::TERM);
    assert_eq!(stuck.process.exit_status().code(), Some(0));
}

#[cfg(unix)]
#[test]
fn lost_messages_without_a_reader_are_counted() {
    use rustix::process::Signal;

    let home = Home::new();
    let any_port = ["node", "--hostname", "127.0.0.1", "--port", "0"];
    let mut closed = home.node(&[]);
    closed.ask("nobody hears this");
    closed.hang_up();
    let (status, _, complaint) = closed.ended();
    assert!(status.success());
    assert_eq!(complaint, "clacks: 1 message was still in the queue and is lost\n");

    // The line of the second message is larger than any pipe.
    let mut stuck = Process::start_unread(&mut home.clacks(&any_port));
    stuck.process.say("nor this");
    stuck.process.say(&"x".repeat(500_000));
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    stuck.process.say(&format!(":announce {}", silent.local_addr().unwrap()));
    let (_connection, _) = silent.accept().unwrap();
    stuck.process.signal(Signal::TERM);
    // The node stops first.
    std::thread::sleep(std::time::Duration::from_millis(200));
    stuck.process.signal(Signal::TERM);
    assert_eq!(stuck.process.exit_status().code(), Some(0));
    let (_, _, complaint) = stuck.close().ended();
    assert_eq!(complaint, "clacks: 2 messages were still in the queue and are lost\n");
}

#[test]
fn a_closed_output_ends_the_node_without_an_error() {
    let home = Home::new();
    let unheard = Process::start_unread(&mut home.clacks(&["node", "--port", "0"])).close();
    let (status, _, complaints) = unheard.ended();
    assert_eq!((status.code(), complaints.as_str()), (Some(0), ""));
}

#[test]
fn text_of_peers_is_escaped_for_a_terminal_without_loss() {
    let home = Home::new();
    let (mut tower, mut other) = acquainted(&home);
    let hostile = "\u{1b}]0;x\u{7}\u{9b}2J\u{202e}\u{200b}\u{7f} plain";
    tower.say(hostile);
    assert_eq!(other.until_event("message_received")["message"], hostile);
    assert!(other.last_line().is_ascii() && !other.last_line().contains(|c: char| c.is_control()));
}

/// The peers of a node, by port and status.
fn known(node: &mut Process) -> Vec<(Value, Value)> {
    let peers = node.ask(":peers");
    let peers = peers["peers"].as_array().unwrap();
    peers.iter().map(|peer| (peer["port"].clone(), peer["status"].clone())).collect()
}

#[test]
fn peers_and_certificate_are_saved_unless_disabled() {
    let home = Home::new();
    let tower = home.node(&[]);
    let in_data = ["--data-dir", "data"];
    let mut first = home.node(&in_data);
    first.ask(&format!(":announce {}", tower.address()));
    let certificate = first.ready["certificate"].clone();
    first.say(":quit");
    first.stopped();

    let mut second = home.node(&in_data);
    assert_eq!(second.ready["certificate"], certificate);
    assert_eq!(known(&mut second), [(json!(tower.port()), json!("lost"))]);
    second.say(":quit");
    second.stopped();

    let mut third = home.node(&["--data-dir", "data", "--no-state"]);
    assert_eq!(third.ready["certificate"], certificate);
    assert_eq!(known(&mut third), []);
    third.say(":quit");
    third.stopped();
    assert_eq!(known(&mut home.node(&in_data)).len(), 1, "what was kept before is still there");
}

#[test]
fn announces_to_a_peer_repeat_until_it_responds() {
    let home = Home::new();
    let mut tower = home.node(&[]);
    let port = tower.port();
    let address = tower.address();
    tower.say(":quit");
    tower.stopped();

    let mut node = home.node(&["--peer", &address]);
    let failed = node.until_event("announce_failed");
    assert_eq!((&failed["peer"]["port"], &failed["failure"]), (&json!(port), &json!("connection refused")));
    let mut tower = home.node_at(port, &["--data-dir", "tower"]);
    assert_eq!(tower.until_event("announce_received")["peer"]["port"], node.port());
    assert_eq!(node.until_event("announced")["peer"]["port"], port);
}

#[test]
fn the_log_reports_events_and_is_safe_on_a_terminal() {
    let home = Home::new();
    let mut tower = home.node(&["--log-file", "tower.log", "--log-level", "debug"]);
    let mut other = home.node(&[]);
    other.ask(&format!(":announce {}", tower.address()));
    other.say("a\u{202e}b\u{9b}c");
    tower.until_event("message_received");
    tower.say(":quit");
    tower.stopped();
    let log = std::fs::read_to_string(home.path().join("tower.log")).unwrap();
    for told in ["INFO", "started", "announce received", "peer discovered", "DEBUG", "a\\u202eb\\u009bc"] {
        assert!(log.contains(told), "{told} is not in {log}");
    }
    let raw = |character: char| character != '\n' && (character.is_control() || character == '\u{202e}');
    assert!(!log.contains(raw), "{log}");
}

#[test]
fn the_log_is_written_to_its_end_before_the_program_ends() {
    let home = Home::new();
    let mut tower = home.node(&["--log-file", "tower.log", "--log-level", "debug"]);
    (0..3000).for_each(|number| tower.say(&format!("message {number}")));
    tower.until(|line| line["event"] == "message_queued" && line["message"] == "message 2999");
    // Thousands of events at once, and the program ends while they are written.
    tower.say(":drop message");
    tower.until_event("message_dropped");
    tower.hang_up();
    let log = std::fs::read_to_string(home.path().join("tower.log")).unwrap();
    let last = log.lines().last().unwrap_or_default();
    assert!(last.ends_with(" stopped"), "{last}");
}
