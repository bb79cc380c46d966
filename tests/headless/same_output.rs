//! The output of `clacks node`, byte for byte, because programs parse it.

use regex::Regex;

use crate::process::{Home, Process};

/// The lines of a process, as they were written.
struct Told {
    process: Process,
    lines: Vec<String>,
}

impl Told {
    fn new(process: Process) -> Self {
        let lines = vec![process.last_line().to_owned()];
        Self { process, lines }
    }

    /// Waits for an event, unless it came already. The order of answers and events is random.
    fn until(&mut self, event: &str) {
        while !has(&self.lines, event) {
            self.read_line();
        }
    }

    fn read_line(&mut self) {
        self.process.next();
        self.lines.push(self.process.last_line().to_owned());
    }

    /// Writes a line, and waits for its answer and for this event, in either order.
    fn say(&mut self, line: &str, event: Option<&str>) {
        let before = self.lines.len();
        self.process.say(line);
        let is_told = |lines: &[String]| {
            (has(lines, "reply") || has(lines, "error")) && event.is_none_or(|event| has(lines, event))
        };
        while !is_told(&self.lines[before..]) {
            self.read_line();
        }
    }

    /// The answers and the other lines, each in their order. The order between them is random.
    fn sorted(self, ports: &[(u16, &str)]) -> String {
        let is_answer = |line: &&String| {
            ["reply", "error"].iter().any(|name| line.starts_with(&format!("{{\"event\":\"{name}\"")))
        };
        let (answers, others): (Vec<_>, Vec<_>) = self.lines.iter().partition(is_answer);
        let lines = others.into_iter().chain(answers).map(|line| without_chance(line, ports));
        lines.collect::<Vec<_>>().join("\n")
    }
}

fn has(lines: &[String], event: &str) -> bool {
    lines.iter().any(|line| line.starts_with(&format!("{{\"event\":\"{event}\"")))
}

/// The line without values that differ in each run: times, ports, values derived from ports, and random draws.
fn without_chance(line: &str, ports: &[(u16, &str)]) -> String {
    let times = Regex::new(r#""(time|draw|[a-z_]+_ms)":[0-9.]+"#).unwrap();
    let hashes = Regex::new(r#""[0-9a-f]{64}""#).unwrap();
    let line = times.replace_all(line, "\"$1\":0").into_owned();
    let line = hashes.replace_all(&line, "\"HASH\"").into_owned();
    ports.iter().fold(line, |line, (port, name)| line.replace(&format!(":{port}"), &format!(":{name}")))
}

#[test]
fn the_output_of_a_session_is_reproducible() {
    let home = Home::new();
    let mut other = Told::new(home.node(&[]));
    other.say(":hold size>0", Some("hold_rule_changed"));
    let mut node = Told::new(home.node(&["--max-in-flight", "1"]));
    let ports = [(node.process.port(), "NODE"), (other.process.port(), "OTHER")];
    for (line, event) in [
        ("nobody is here \u{202e}\u{1b}]0;x\u{7}", Some("message_queued")),
        (":drop 1", Some("message_dropped")),
        (":hold GNU", Some("hold_rule_changed")),
        ("GNU Terry Pratchett", Some("message_held")),
        (":edit 2 GNU John Dearheart", Some("message_changed")),
        (":release 2", Some("message_released")),
        (":unhold", Some("hold_rule_changed")),
        (":hold 3", Some("message_held")),
        (r#":json { "a":  [1.0e+2, "\u202e\u0007"] }"#, Some("message_queued")),
        (":ignore tower.example.org:80", Some("peer_discovered")),
        (":forget tower.example.org:80", Some("peer_forgotten")),
        (":ignore ip:192.0.2.7", Some("remote_ignored")),
        (":unignore ip:192.0.2.7", Some("remote_unignored")),
        (":rate 50", Some("send_rate_changed")),
        (":announce 127.0.0.1:1", Some("announce_failed")),
        (":frobnicate", None),
        (":held", None),
    ] {
        node.say(line, event);
    }
    other.say(&format!(":announce {}", node.process.address()), Some("announced"));
    node.until("message_delivered");
    other.until("message_held");
    let address = other.process.address();
    node.say(&format!(":ignore {address}"), Some("peer_updated"));
    other.say(&format!(":announce {}", node.process.address()), Some("announce_failed"));
    node.until("refused");
    node.say(":peers", None);
    for told in [&mut node, &mut other] {
        told.process.say(":quit!");
        told.until("stopped");
    }
    let told = format!("{}\n\n{}", node.sorted(&ports), other.sorted(&ports));
    insta::assert_snapshot!(told);
}
