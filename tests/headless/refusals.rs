use crate::process::{Home, Process};

/// The error of a failed start: one line, without standard output or files left behind.
fn complaint(home: &Home, arguments: &[&str]) -> String {
    let before = files(home);
    let process = Process::start_unread(&mut home.clacks(arguments)).read();
    let (status, output, complaint) = process.ended();
    assert!(!status.success() && status.code().is_some(), "{arguments:?}: {status}");
    assert!(output.is_empty(), "{output:?}");
    let line = complaint.strip_suffix('\n').unwrap_or_else(|| panic!("{arguments:?}: {complaint:?}"));
    assert!(!line.contains(|character: char| character.is_control()), "{complaint:?}");
    assert_eq!(files(home), before, "{arguments:?}");
    line.strip_prefix("clacks: ").unwrap_or_else(|| panic!("{line}")).to_owned()
}

fn files(home: &Home) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(home.path()).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn assert_complaint(home: &Home, arguments: &[&str], expected: &str) {
    let complaint = complaint(home, &[&["node"], arguments].concat());
    assert!(complaint.contains(expected), "{arguments:?}: {complaint}");
}

#[test]
fn invalid_options_of_the_dashboard_are_reported() {
    let home = Home::new();
    for (arguments, expected) in [
        (&["--port", "eighty"], "invalid value 'eighty' for '--port <PORT>'"),
        (&["--config", "missing.toml"], "cannot read missing.toml: "),
    ] {
        assert!(complaint(&home, arguments).contains(expected), "{arguments:?}");
    }
}

#[test]
fn a_port_in_use_is_reported_with_advice() {
    let home = Home::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let in_use = format!("cannot listen on 127.0.0.1:{port}: ");
    assert_complaint(&home, &["--port", &port], &in_use);
    assert_complaint(&home, &["--port", &port], "; stop what listens there, or give another --port");
}

#[test]
fn an_invalid_certificate_is_reported() {
    let home = Home::new();
    let garbage = home.write("garbage.pem", "not a certificate");
    assert_complaint(&home, &["--cert", "missing.pem", "--key", "missing.pem"], "cannot read missing.pem: ");
    assert_complaint(
        &home,
        &["--cert", &garbage, "--key", &garbage],
        "garbage.pem holds no certificate in PEM form",
    );
    assert_complaint(&home, &["--cert", &garbage], "give --key as well");
}

#[test]
fn invalid_options_are_reported() {
    let home = Home::new();
    for (arguments, expected) in [
        (&["--frobnicate"][..], "unexpected argument '--frobnicate' found"),
        (&["--port", "eighty"], "invalid value 'eighty' for '--port <PORT>'"),
        (&["--send-rate", "0"], "a send rate is a number from 0.001 to 100000 messages a second"),
        (&["--send-rate", "-1"], "a send rate is a number from 0.001 to 100000 messages a second"),
        (
            &["--kill-timeout", "soon"],
            "a kill timeout is a number of milliseconds, or a time such as 90s, 5m or 1h",
        ),
        (
            &["--max-queue-bytes", "0"],
            "a size is a number of bytes, or with a unit as in 512K, 64M, 2G; at least 1",
        ),
        (&["--hostname", "a b\u{1b}[2J"], "a hostname is a name or an IP address without a port"),
        (&["--peer", "tower"], "an address is written host:port"),
        (&["--log-file", "no/such/directory/log"], "cannot write the log file no/such/directory/log: "),
    ] {
        assert_complaint(&home, arguments, expected);
    }
}

#[test]
fn an_invalid_configuration_is_reported_with_file_and_line() {
    let home = Home::new();
    let wrong = home.write("wrong.toml", "port = 0\n\nprot = 8080\n");
    assert_complaint(
        &home,
        &["--config", &wrong],
        "wrong.toml: line 3: unknown field `prot`, expected one of",
    );
    assert_complaint(&home, &["--config", "missing.toml"], "cannot read missing.toml: ");
    let broken = home.write("broken.toml", "port = = 1");
    assert_complaint(&home, &["--config", &broken], "broken.toml: line 1: ");
}

#[test]
fn an_invalid_environment_variable_is_named() {
    let home = Home::new();
    let process = Process::start_unread(home.clacks(&["node"]).env("CLACKS_PORT", "eighty")).read();
    let (status, _, complaint) = process.ended();
    assert!(!status.success());
    assert!(complaint.ends_with("(from the environment variable CLACKS_PORT)\n"), "{complaint}");
}
