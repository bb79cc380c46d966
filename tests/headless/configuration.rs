use serde_json::{Value, json};

use crate::process::{Home, Process};

const FILE: &str = "hostname = \"file.example\"\nport = 0\nlisten = \"127.0.0.1\"\nmax-queue-messages = 1\n";

/// The hostname that a node sends to others.
fn hostname(process: &Process) -> &str {
    process.ready["address"]["hostname"].as_str().unwrap()
}

#[test]
fn a_flag_overrides_the_environment_which_overrides_the_file() {
    let home = Home::new();
    let file = home.write("clacks.toml", FILE);
    let from_file = || home.clacks(&["node", "--config", &file]);
    assert_eq!(hostname(&Process::start(&mut from_file())), "file.example");
    let from_environment = Process::start(from_file().env("CLACKS_HOSTNAME", "environment.example"));
    assert_eq!(hostname(&from_environment), "environment.example");
    let by_flag = Process::start(
        from_file().env("CLACKS_HOSTNAME", "environment.example").args(["--hostname", "flag.example"]),
    );
    assert_eq!(hostname(&by_flag), "flag.example");
    assert_eq!(by_flag.ready["listens_on"], json!([by_flag.address()]), "the rest is still the file's");
}

#[test]
fn the_environment_can_name_the_file_and_its_limits_apply() {
    let home = Home::new();
    let file = home.write("clacks.toml", FILE);
    let mut node = Process::start(home.clacks(&["node"]).env("CLACKS_CONFIG", &file));
    assert_eq!(node.ask("one")["text"], "queued as 1");
    let full = node.ask("two");
    assert!(full["reason"].as_str().unwrap().starts_with("the queue is full (1 messages, "), "{full}");
}

#[cfg(unix)]
#[test]
fn the_configuration_can_be_a_pipe_of_bounded_size() {
    let home = Home::new();
    assert!(home.command("mkfifo").arg("pipe").status().unwrap().success());
    let pipe = home.path().join("pipe");
    // Opening a pipe for writing waits for the reader.
    let write = |text: Vec<u8>| {
        let pipe = pipe.clone();
        std::thread::spawn(move || std::fs::write(pipe, text))
    };
    let writer = write(FILE.into());
    let node = Process::start(&mut home.clacks(&["node", "--config", "pipe"]));
    assert_eq!(hostname(&node), "file.example");
    writer.join().unwrap().unwrap();
    let writer = write(vec![b'#'; 2 << 20]);
    let output = home.clacks(&["node", "--config", "pipe"]).output().unwrap();
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert_eq!(complaint, "clacks: cannot read pipe: it has more than 1048576 bytes\n");
    assert!(!output.status.success() && writer.join().unwrap().is_err());
}

#[cfg(target_os = "linux")]
#[test]
fn a_pipe_in_the_platform_s_directory_is_refused() {
    let home = Home::new();
    std::fs::create_dir_all(home.path().join("config/clacks")).unwrap();
    assert!(home.command("mkfifo").arg("config/clacks/config.toml").status().unwrap().success());
    let output = home
        .clacks(&["node", "--port", "0"])
        .env("XDG_CONFIG_HOME", home.path().join("config"))
        .output()
        .unwrap();
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(complaint.ends_with("it is a named pipe, not a regular file\n"), "{complaint}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_in_the_platform_s_directory_is_found() {
    let home = Home::new();
    home.write("config/clacks/config.toml", FILE);
    let node = Process::start(home.clacks(&["node"]).env("XDG_CONFIG_HOME", home.path().join("config")));
    assert_eq!(hostname(&node), "file.example");
}

#[test]
fn several_peers_can_be_configured_in_every_way() {
    let home = Home::new();
    let (mut one, mut two) = (home.node(&[]), home.node(&[]));
    let (first, second) = (one.address(), two.address());
    let file = home.write("peers.toml", &format!("port = 0\npeers = [\"{first}\", \"{second}\"]\n"));
    let by_flags = home.node(&["--peer", &first, "--peer", &second]);
    let from_environment = Process::start(
        home.clacks(&["node", "--port", "0"]).env("CLACKS_PEERS", format!("{first},{second}")),
    );
    let from_file = Process::start(&mut home.clacks(&["node", "--config", &file]));
    for tower in [&mut one, &mut two] {
        let mut heard: Vec<_> =
            (0..3).map(|_| tower.until_event("announce_received")["peer"]["port"].clone()).collect();
        heard.sort_by_key(Value::as_u64);
        let mut expected = [&by_flags, &from_environment, &from_file].map(Process::port);
        expected.sort_unstable();
        assert_eq!(heard, expected);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn only_a_node_with_a_fixed_port_saves_state() {
    let home = Home::new();
    let data = home.path().join("data");
    let start = |port: u16| {
        let mut command = home.clacks(&["node", "--port", &port.to_string()]);
        Process::start(command.env("XDG_DATA_HOME", &data))
    };
    let mut any = start(0);
    let port = any.port();
    any.say(":quit");
    any.stopped();
    assert!(!data.exists());
    let mut fixed = start(port);
    fixed.say(":quit");
    fixed.stopped();
    assert!(data.join(format!("clacks/{port}/certificate.pem")).exists());
}

#[test]
fn the_default_configuration_is_printed_and_can_be_used() {
    let home = Home::new();
    let output = home.clacks(&["config"]).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("#send-rate = 1.0"), "{text}");
    let file = home.write("printed.toml", &text);
    Process::start(&mut home.clacks(&["node", "--port", "0", "--config", &file]));
}

/// The error of the program when it ends before it starts a node.
fn complaint(home: &Home, arguments: &[&str]) -> String {
    let output = home.clacks(arguments).output().unwrap();
    assert!(!output.status.success(), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn an_invalid_option_is_reported_by_the_program_itself() {
    let home = Home::new();
    let file = home.write("rate.toml", "# a comment\nsend-rate = 0\n");
    let port = home.write("port.toml", "port = 70000\n");
    for (arguments, words) in [
        (&["node", "--port", "abc"][..], "a port is a whole number from 0 to 65535, such as 8080"),
        (&["node", "--port", "-1"], "a port is a whole number"),
        (&["node", "--send-rate", "abc"], "0.001 to 100000 messages a second, such as 0.5"),
        (&["node", "--introductions-per-minute", "-1"], "whole, such as 10; 0 is for no limit"),
        (&["node", "--max-queue-bytes", "64X"], "as in 512K, 64M, 2G"),
        (&["node", "--port", "0", "--data-dir", "/dev/null"], "/dev/null: it is a device, not a directory"),
        (&["node", "--config", &file], "rate.toml: line 2: a send rate is a number"),
        (&["node", "--config", &port], "port.toml: line 1: a port is a whole number"),
        (&["node", "--theme", "dark"], "--theme has no effect with clacks node"),
    ] {
        let complaint = complaint(&home, arguments);
        assert!(complaint.contains(words) && complaint.lines().count() == 1, "{arguments:?}: {complaint}");
    }
}

#[test]
fn a_peer_option_with_the_own_address_is_reported() {
    let home = Home::new();
    let port = home.node(&[]).port();
    let peer = format!("127.0.0.1:{port}");
    let mut node = home.node_at(port, &["--hostname", "127.0.0.1", "--peer", &peer]);
    node.say(":quit");
    let (_, _, said) = node.ended();
    assert!(said.contains(&format!("--peer {peer} is this node itself and is left out")), "{said}");
}
