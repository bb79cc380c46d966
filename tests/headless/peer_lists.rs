//! Lists of peers, from files and over HTTPS.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::Arc,
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{ServerConfig, ServerConnection, StreamOwned, crypto::ring, pki_types::PrivateKeyDer};
use serde_json::{Value, json};

use crate::process::{Home, Process, eventually};

/// A line without its time.
fn timeless(mut line: Value) -> Value {
    line.as_object_mut().unwrap().remove("time");
    line
}

fn fields(line: &Value, names: &[&str]) -> Vec<Value> {
    names.iter().map(|name| line[name].clone()).collect()
}

/// Whether the node on this port is a peer, and added by the user or not.
fn is_peer(node: &mut Process, port: u16, by_user: bool) -> bool {
    let peers = node.ask(":peers");
    peers["peers"].as_array().unwrap().iter().any(|peer| peer["port"] == port && peer["by_user"] == by_user)
}

#[test]
fn a_peer_list_is_read_at_the_start_and_on_command() {
    let home = Home::new();
    let (mut one, mut two) = (home.node(&[]), home.node(&[]));
    let list = home.write("list", &format!("# known nodes\n{} # one\nnonsense\n", one.address()));
    let mut node = home.node(&["--peers-from", &list, "--peers-from", "missing"]);
    let refused = json!({
        "event": "peers_refused_line", "source": list, "line": 3,
        "reason": "an address is written host:port, or [host]:port for IPv6",
    });
    let read = json!({ "event": "peers_read", "source": list, "read": 1, "new": 1, "bad": 1 });
    let not_read = "peers_not_read";
    let mut lines: Vec<_> = std::iter::from_fn(|| Some(timeless(node.next())))
        .filter(|line| line["event"].as_str().unwrap().starts_with("peers_"))
        .take(3)
        .collect();
    let missing = lines.iter().position(|line| line["event"] == not_read).unwrap();
    assert_eq!(lines.remove(missing)["source"], "missing");
    assert_eq!(lines, [refused, read]);
    one.until_event("announce_received");
    eventually("it is a peer", || is_peer(&mut node, one.port(), true));

    home.write("list", &format!("{}\r\n{}\r\n{}\r\n", one.address(), two.address(), node.address()));
    node.say(":peers-from");
    let read = node.until_event("peers_read");
    assert_eq!(fields(&read, &["read", "new", "bad"]), [json!(2), json!(1), json!(0)]);
    let answer = node.until_event("error");
    let reason = answer["reason"].as_str().unwrap();
    assert!(
        reason.starts_with(
            "1 of 2 lists: 2 addresses read, 1 new; missing was not read: there is no such file"
        ),
        "{reason}"
    );
    two.until_event("announce_received");
    let other = home.write("other", "tower.invalid:1\n");
    let answer = node.ask(&format!(":peers-from {other}"));
    assert_eq!(answer["text"], format!("{other}: 1 address read, 1 new"));
    assert_eq!(node.ask(":peers-from http://127.0.0.1/").as_object().unwrap()["event"], "error");
}

#[test]
fn without_a_list_the_command_says_how_to_configure_one() {
    let home = Home::new();
    let mut node = home.node(&[]);
    let answer = node.ask(":peers-from");
    assert!(answer["reason"].as_str().unwrap().contains("or set --peers-from"), "{answer}");
}

#[test]
fn lists_are_configured_in_every_way_and_a_tilde_is_expanded() {
    let home = Home::new();
    home.write("one", "a.invalid:1\n");
    home.write("two", "b.invalid:1\nc.invalid:1\n");
    let file = home.write("lists.toml", "port = 0\npeers-from = [\"~/one\", \"~/two\"]\n");
    let read_by = |mut node: Process| {
        let mut read: Vec<_> =
            (0..2).map(|_| node.until_event("peers_read")["read"].as_u64().unwrap()).collect();
        read.sort_unstable();
        read
    };
    assert_eq!(read_by(home.node(&["--peers-from", "~/one", "--peers-from=~/two"])), [1, 2]);
    assert_eq!(read_by(home.node(&["--config", &file])), [1, 2]);
    let mut from_environment = home.clacks(&["node", "--port", "0"]);
    assert_eq!(read_by(Process::start(from_environment.env("CLACKS_PEERS_FROM", "~/one,two"))), [1, 2]);
}

#[test]
fn a_silent_list_server_delays_neither_the_node_nor_its_stop() {
    let home = Home::new();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/list", silent.local_addr().unwrap());
    let authority = home.write("authority.pem", &authority().0);
    let node = ["node", "--hostname", "127.0.0.1", "--port", "0", "--peers-from", &url];
    let mut node = Process::start(home.clacks(&node).env("SSL_CERT_FILE", &authority));
    let (_open, _) = silent.accept().unwrap();
    node.say(&format!(":peers-from {url}"));
    let (_open, _) = silent.accept().unwrap();
    assert_eq!(node.ask("hello")["text"], "queued as 1");
    assert_eq!(node.ask(":drop 1")["text"], "dropped 1");
    node.say(":quit");
    node.stopped();
}

#[test]
fn the_input_is_answered_while_many_lists_are_fetched() {
    let home = Home::new();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let urls = (0..100).map(|number| format!("https://{}/{number}", silent.local_addr().unwrap()));
    let mut arguments = vec!["node".to_owned(), "--hostname".to_owned(), "127.0.0.1".to_owned()];
    arguments.extend(["--port".to_owned(), "0".to_owned()]);
    arguments.extend(urls.flat_map(|url| ["--peers-from".to_owned(), url]));
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let authority = home.write("authority.pem", &authority().0);
    let mut node = Process::start(home.clacks(&arguments).env("SSL_CERT_FILE", &authority));
    let (_open, _) = silent.accept().unwrap();
    node.say("hello");
    let before_the_answer = node.until(|line| line["event"] == "reply" || line["event"] == "peers_not_read");
    assert_eq!(before_the_answer["text"], "queued as 1");
    node.say(":drop 1");
    node.say(":quit");
    node.stopped();
}

#[test]
fn commas_separate_lists_only_in_the_environment() {
    let home = Home::new();
    for (name, text) in [("one,two", "a.invalid:1\n"), ("one", "b.invalid:1\n"), ("two", "c.invalid:1\n")] {
        home.write(name, text);
    }
    let sources = |mut node: Process, count: usize| {
        let source = |_| node.until_event("peers_read")["source"].as_str().unwrap().to_owned();
        let mut sources: Vec<_> = (0..count).map(source).collect();
        sources.sort_unstable();
        sources
    };
    assert_eq!(sources(home.node(&["--peers-from", "one,two"]), 1), ["one,two"]);
    let mut from_environment = home.clacks(&["node", "--port", "0"]);
    from_environment.env("CLACKS_PEERS_FROM", "one,two");
    assert_eq!(sources(Process::start(&mut from_environment), 2), ["one", "two"]);
}

/// A certificate authority for this machine's address: its certificate, and the configuration of a server.
fn authority() -> (String, ServerConfig) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap();
    (authority, config)
}

/// Responds with this list, or with a redirect to plain HTTP.
fn serve(stream: TcpStream, config: &Arc<ServerConfig>, list: &str) -> std::io::Result<()> {
    let connection = ServerConnection::new(Arc::clone(config)).unwrap();
    let mut stream = BufReader::new(StreamOwned::new(connection, stream));
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        stream.read_line(&mut head)?;
    }
    let answer = if head.starts_with("GET /list ") {
        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{list}", list.len())
    } else {
        "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1/list\r\ncontent-length: 0\r\n\r\n".to_owned()
    };
    stream.get_mut().write_all(answer.as_bytes())?;
    stream.get_mut().conn.send_close_notify();
    stream.get_mut().flush()
}

#[test]
fn a_list_is_fetched_from_a_server_that_the_system_trusts() {
    let home = Home::new();
    let mut other = home.node(&[]);
    let (authority, config) = authority();
    let trusted = home.write("authority.pem", &authority);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("https://{}", listener.local_addr().unwrap());
    let list = format!("{}\nnonsense\n", other.address());
    std::thread::spawn(move || {
        let config = Arc::new(config);
        // A client that does not trust it closes the connection.
        listener.incoming().flatten().for_each(|stream| drop(serve(stream, &config, &list)));
    });
    let url = format!("{server}/list");
    let arguments = ["node", "--hostname", "127.0.0.1", "--port", "0", "--peers-from", &url];
    let mut node = Process::start(home.clacks(&arguments).env("SSL_CERT_FILE", &trusted));
    assert_eq!(node.until_event("peers_refused_line")["line"], 2);
    assert_eq!(node.until_event("peers_read")["source"], url);
    other.until_event("announce_received");
    eventually("it is a peer, but not by the user's word", || is_peer(&mut node, other.port(), false));
    let refused = node.ask(&format!(":peers-from {server}/redirect"));
    assert!(
        refused["reason"].as_str().unwrap().ends_with("redirects to a URL that is not https"),
        "{refused}"
    );
    let mut distrustful = home.node(&["--peers-from", &url]);
    let reason = distrustful.until_event("peers_not_read")["reason"].clone();
    let reason = reason.as_str().unwrap();
    assert!(reason.contains("invalid peer certificate") || reason.contains("authorities"), "{reason}");
}
