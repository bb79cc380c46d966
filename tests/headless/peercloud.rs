//! `clacks peercloud node` and `clacks peercloud demo --no-screen` as processes.

use std::io::{BufRead, Write};

use rand::{SeedableRng, rngs::StdRng};
use rsa::{
    PrivateKey,
    pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding},
};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::process::{DEADLINE, Home, Process};

/// A member on a free port, with its name as data.
fn member(home: &Home, name: &str, arguments: &[&str]) -> Process {
    let data = json!({ "name": name }).to_string();
    let any = ["peercloud", "node", "--port", &free_port(), "--data", &data];
    Process::start(&mut home.clacks(&[&any, arguments].concat()))
}

/// A port that nobody listens on. Port 0 would be 9338 for one of the nodes that start at the same time.
fn free_port() -> String {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string()
}

fn address(process: &Process) -> String {
    process.ready["address"].as_str().unwrap().to_owned()
}

/// Two members of one cloud.
fn cloud(home: &Home, arguments: &[&str]) -> (Process, Process) {
    let mut one = member(home, "one", arguments);
    one.until_event("alone");
    let mut two = member(home, "two", &["--peer", &address(&one)]);
    let joined = two.until_event("joined");
    assert_eq!((&joined["via"], &joined["members"]), (&json!(address(&one)), &json!(1)));
    let added = one.until_event("member_added");
    assert_eq!(added["member"]["data"]["name"], "two");
    (one, two)
}

#[test]
fn a_line_of_text_is_broadcast_and_its_replies_are_gathered() {
    let home = Home::new();
    let (mut one, mut two) = cloud(&home, &["--reply", "echo"]);
    assert_eq!(two.ask("hello all")["text"], "sent to 1 member");
    let message = json!({ "message": "hello all" });
    let received = one.until_event("message_received");
    assert_eq!((&received["message"], &received["reply"]), (&message, &message));
    assert_eq!(received["member"]["data"]["name"], "two");
    let replies = two.until_event("replies");
    assert_eq!(replies["replies"][0]["value"], message);
    assert_eq!(replies["replies"][0]["member"]["data"]["name"], "one");
    one.say(":json [1, {\"b\": 2}]");
    assert_eq!(two.until_event("message_received")["message"], json!([1, { "b": 2 }]));
    let id = two.ready["id"].as_str().unwrap().to_owned();
    one.say(&format!(":to {id} {{\"only\":\"you\"}}"));
    assert_eq!(two.until_event("message_received")["message"], json!({ "only": "you" }));
    assert_eq!(one.until_event("replies")["replies"][0]["value"], json!({}), "two replies nothing");
}

#[test]
fn ready_is_the_first_line_although_commands_wait() {
    let home = Home::new();
    let mut command = home.clacks(&["peercloud", "node", "--port", &free_port()]);
    let mut child = command.spawn().unwrap();
    // The lines are there before the node begins.
    writeln!(child.stdin.take().unwrap(), ":limits\n:quit").unwrap();
    let output = child.wait_with_output().unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    let events = output.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["event"].clone());
    let events: Vec<_> = events.collect();
    assert_eq!((&events[0], events.last().unwrap()), (&json!("ready"), &json!("stopped")), "{events:?}");
}

#[test]
fn a_node_that_ends_says_goodbye() {
    let home = Home::new();
    let (mut one, mut two) = cloud(&home, &[]);
    two.say(":quit");
    assert_eq!(one.until_event("member_removed")["reason"], "said_goodbye");
    two.stopped();
    let mut three = member(&home, "three", &["--peer", &address(&one)]);
    three.until_event("joined");
    three.signal(Signal::TERM);
    assert_eq!(one.until_event("member_removed")["reason"], "said_goodbye");
    three.stopped();
}

#[test]
fn a_member_that_is_killed_is_found_gone() {
    let home = Home::new();
    let limits = ["--check-interval", "100ms", "--recheck-after", "100ms", "--request-timeout", "500ms"];
    let (mut one, two) = cloud(&home, &limits);
    two.kill();
    let removed = one.until_event("member_removed");
    assert_eq!(
        (&removed["reason"], &removed["member"]["data"]["name"]),
        (&json!("no_answer"), &json!("two"))
    );
    one.until_event("alone");
}

#[test]
fn lists_limits_and_commands_can_be_asked_for() {
    let home = Home::new();
    let (mut one, mut two) = cloud(&home, &[]);
    one.ask(":json [8128]");
    one.until_event("replies");
    let members = one.ask(":peers");
    let [listed] = &members["members"].as_array().unwrap()[..] else { panic!("{members}") };
    assert_eq!((&listed["name"], &listed["data"]), (&json!("two"), &json!({ "name": "two" })));
    assert_eq!(listed["address"], address(&two));
    assert_eq!((&listed["key"], &listed["id"]), (&two.ready["id"], &two.ready["id"]));
    assert!(listed["added"].as_i64().unwrap() >= one.ready["time"].as_i64().unwrap() - 1000, "{listed}");
    let requests = one.ask(":queue");
    let [request] = &requests["requests"].as_array().unwrap()[..] else { panic!("{requests}") };
    assert_eq!((&request["text"], &request["status"]), (&json!([8128]), &json!(["done"])));
    let limits = one.ask(":limits");
    assert_eq!(limits["limits"]["max-members"], 1000);
    assert_eq!((&limits["used"]["max-members"], &limits["met"]["max-members"]), (&json!(1), &json!(0)));
    let help = one.ask(":help");
    let has = |name: &str| {
        let commands = help["commands"].as_array().unwrap();
        commands.iter().any(|command| command["command"].as_str().unwrap().starts_with(name))
    };
    assert!(has(":broadcast ") && has(":reply ") && has(":record ") && !has(":announce "), "{help}");
    assert!(!has(":held") && !has(":peers-from") && !has(":map") && !has(":edit-in-editor"), "{help}");
    assert_eq!(one.ask(":held")["reason"], "peercloud has no :held");
    assert_eq!(one.ask(":peers-from peers.txt")["reason"], "peercloud has no :peers-from");
    assert_eq!(one.ask(":list door")["door"], json!([]));
    assert_eq!(one.ask(":list members")["members"][0]["key"], two.ready["id"]);
    assert_eq!(one.ask(":list replies")["reason"], "peercloud has no list replies");
    assert!(one.ask(":theme dark")["reason"].as_str().unwrap().contains("for the dashboard"));
    two.say(":quit");
    two.stopped();
}

#[test]
fn lines_behind_a_join_wait_for_it() {
    let home = Home::new();
    let mut one = member(&home, "one", &[]);
    let mut two = member(&home, "two", &[]);
    two.say(&format!(":join {}\nhello", address(&one)));
    // A goodbye can overtake a message.
    assert_eq!(one.until_event("message_received")["message"], json!({ "message": "hello" }));
    two.say(":leave\n:data {\"name\":\"two again\"}");
    let mut told = Vec::new();
    while told.len() < 4 {
        let line = two.until(|line| line["event"] == "reply" || line["event"] == "error");
        told.push((line["line"].as_u64().unwrap(), line["text"].as_str().unwrap_or("refused").to_owned()));
    }
    let expected = ["joined a cloud of 1 member", "sent to 1 member", "left the cloud; 1 member told"];
    let expected = expected.map(str::to_owned);
    assert_eq!(told[..3].iter().map(|(_, text)| text.clone()).collect::<Vec<_>>(), expected, "{told:?}");
}

#[test]
fn options_come_from_flags_variables_and_the_file() {
    let home = Home::new();
    let mut one = member(&home, "one", &[]);
    let file = "with = 'peercloud'\nport = 1\n[peercloud]\ndata = { name = 'of the file' }\n\
        reply = '{\"of\":\"the file\"}'\npeers = ['127.0.0.1:1']\n[peercloud.limits]\nmax-members = 7";
    let file = home.write("config.toml", file);
    let mut command = home.clacks(&["peercloud", "node", "--config", &file, "--port", &free_port()]);
    command.env("CLACKS_PEERCLOUD_PEERS", address(&one)).env("CLACKS_PORT", "eighty");
    let mut two = Process::start(command.env("CLACKS_PEERCLOUD_MAX_MEMBERS", "8"));
    assert_eq!(two.until_event("joined")["via"], address(&one), "the variable, not the file");
    assert_eq!(one.until_event("member_added")["member"]["data"]["name"], "of the file");
    one.ask("hello");
    assert_eq!(one.until_event("replies")["replies"][0]["value"], json!({ "of": "the file" }));
    assert_eq!(two.ask(":limits")["limits"]["max-members"], 8);
}

#[test]
fn an_invalid_start_is_reported_in_one_line() {
    let home = Home::new();
    let one = member(&home, "one", &[]);
    let port = address(&one).rsplit(':').next().unwrap().to_owned();
    let invalid = home.write("invalid.toml", "[peercloud]\nprot = 1");
    for (arguments, expected) in [
        (&["--port", &port][..], "; stop what listens there, or give another --port"),
        (&["--config", &invalid], "line 2: unknown field `prot`"),
        (&["--key", "none.pem", "--accepted-key", "none.pem"], "cannot read the key none.pem: "),
        (&["--data", "{"], "the data of a node is JSON"),
        (&["--log-level", "debug"], "--log-level has no effect without --log-file"),
        (&["--theme", "dark"], "--theme has no effect with clacks peercloud node"),
        (&["--max-depth", "4"], "the maximum depth must be at least 8"),
    ] {
        let command = &mut home.clacks(&[&["peercloud", "node"], arguments].concat());
        let (status, output, complaint) = Process::start_unread(command).read().ended();
        assert!(!status.success() && output.is_empty(), "{arguments:?}: {output:?}");
        assert!(complaint.contains(expected) && complaint.lines().count() == 1, "{arguments:?}: {complaint}");
    }
}

#[test]
fn a_peer_elsewhere_that_could_not_check_the_node_is_reported() {
    let home = Home::new();
    // No packet leaves: the node refuses the address.
    let arguments = ["peercloud", "node", "--port", &free_port(), "--peer", "10.1.2.3:9338"];
    let mut node = Process::start(&mut home.clacks(&arguments));
    node.until_event("alone");
    node.say(":quit");
    let (status, _, complaints) = node.ended();
    assert!(status.success());
    assert!(
        complaints.starts_with("clacks: warning: --peer 10.1.2.3:9338 is another machine"),
        "{complaints}"
    );
    assert!(complaints.contains("give --listen"), "{complaints}");
}

/// The files of a key: the private one and the public one.
fn key(home: &Home, name: &str, seed: u64) -> [String; 2] {
    let key = PrivateKey::new(&mut StdRng::seed_from_u64(seed), 2048).unwrap();
    let private = key.to_pkcs8_pem(LineEnding::LF).unwrap();
    let public = key.to_public_key().to_public_key_pem(LineEnding::LF).unwrap();
    [home.write(&format!("{name}.pem"), &private), home.write(&format!("{name}.pub.pem"), &public)]
}

#[test]
fn only_nodes_whose_keys_are_accepted_join_a_signed_cloud() {
    let home = Home::new();
    let ([one_key, one_public], [two_key, two_public]) = (key(&home, "one", 1), key(&home, "two", 2));
    let mut one = member(&home, "one", &["--key", &one_key, "--accepted-key", &two_public]);
    let mut stranger = member(&home, "stranger", &["--peer", &address(&one)]);
    assert_eq!(stranger.until_event("alone")["failure"]["code"], 401);
    assert_eq!(one.until_event("refused")["refusal"], "signature");
    // Commas separate the keys in the variable.
    let arguments =
        ["peercloud", "node", "--port", &free_port(), "--peer", &address(&one), "--key", &two_key];
    let mut command = home.clacks(&arguments);
    let mut two =
        Process::start(command.env("CLACKS_PEERCLOUD_ACCEPTED_KEYS", format!("{one_public},{two_public}")));
    assert_eq!(two.until_event("joined")["members"], 1);
    two.ask("signed");
    assert_eq!(one.until_event("message_received")["message"], json!({ "message": "signed" }));
    two.say(":quit");
    let (status, _, complaints) = two.ended();
    assert!(status.success());
    assert!(complaints.contains("our own key is among the accepted ones"), "{complaints}");
}

#[test]
fn a_recording_and_a_log_are_written_and_the_recording_is_told() {
    let home = Home::new();
    let mut one = member(&home, "one", &[]);
    let arguments = ["--peer", &address(&one), "--record", "r.jsonl", "--log-file", "l"];
    let mut two = member(&home, "two", &arguments);
    two.until_event("joined");
    one.ask("hello from one");
    two.until_event("message_received");
    two.say(":quit");
    two.stopped();
    let log = std::fs::read_to_string(home.path().join("l")).unwrap();
    for line in ["ready", "joined", "stopped"] {
        assert!(log.contains(line), "{line}: {log}");
    }
    let replayed = home.clacks(&["replay", "r.jsonl", "--accessible"]).output().unwrap();
    let told = String::from_utf8(replayed.stdout).unwrap();
    assert!(replayed.status.success(), "{}", String::from_utf8_lossy(&replayed.stderr));
    assert!(told.contains("hello from one"), "{told}");
}

#[test]
fn the_demo_cloud_talks_loses_members_and_leaves_nothing_behind() {
    let home = Home::new();
    let arguments = ["peercloud", "demo", "--no-screen", "--nodes", "4", "--speed", "10"];
    let mut demo = Process::start(&mut home.clacks(&arguments));
    demo.until_event("joined");
    demo.until_event("message_received");
    demo.say("hello from the monitor");
    let answered = |line: &Value| {
        line["event"] == "replies"
            && line["replies"].as_array().unwrap().iter().any(|reply| reply["value"]["reply"].is_string())
    };
    demo.until(answered);
    demo.until_event("member_updated");
    let gone = |line: &Value| {
        line["event"] == "member_removed"
            && ["no_answer", "found_gone"].iter().any(|reason| line["reason"] == *reason)
    };
    let name = demo.until(gone)["member"]["data"]["name"].clone();
    demo.until(|line| line["event"] == "member_added" && line["member"]["data"]["name"] == name);
    demo.until(|line| line["event"] == "member_removed" && line["reason"] == "said_goodbye");
    demo.say(":quit");
    demo.stopped();
    let left: Vec<_> = std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left, [home.temporary()]);
}

#[test]
fn a_node_is_told_in_sentences() {
    let home = Home::new();
    let one = member(&home, "one", &["--reply", "echo"]);
    let port = free_port();
    let arguments = ["peercloud", "--accessible", "--port", &port, "--peer", &address(&one), "--data", "{}"];
    let mut child = home.clacks(&arguments).spawn().unwrap();
    let (to_test, lines) = std::sync::mpsc::channel();
    let reader = std::io::BufReader::new(child.stdout.take().unwrap());
    std::thread::spawn(move || reader.lines().map_while(Result::ok).try_for_each(|line| to_test.send(line)));
    let until = |text: &str| {
        let mut told: Vec<String> = Vec::new();
        while !told.last().is_some_and(|line| line.contains(text)) {
            match lines.recv_timeout(DEADLINE) {
                Ok(line) => told.push(line),
                Err(error) => panic!("no {text:?} ({error}): {told:#?}"),
            }
        }
    };
    until(&format!("peercloud 127.0.0.1:{port} is running."));
    until("let in by");
    let mut stdin = child.stdin.take().unwrap();
    let mut say = |line: &str| writeln!(stdin, "{line}").unwrap();
    say("hello");
    until("ent to 1 member");
    say(":peers");
    until("1 member");
    until("one");
    say(":limits");
    until("Members (503): 1000; 1 used.");
    say(":peers-from");
    until("peercloud has no :peers-from");
    say(":leave");
    until("eft the cloud");
    say(":quit");
    assert!(child.wait().unwrap().success());
}
