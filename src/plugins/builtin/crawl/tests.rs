use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;
use crate::builtin::testing::{Surroundings, message, name, verdict};

struct Node {
    address: HostPort,
    peers: Vec<HostPort>,
}

impl Crawled for Node {
    fn this_node(&self) -> HostPort {
        self.address.clone()
    }

    fn peers(&self, limit: usize) -> Vec<HostPort> {
        self.peers[..self.peers.len().min(limit)].to_vec()
    }
}

fn address(text: &str) -> HostPort {
    HostPort::parse(text).expect("an address")
}

fn node(at: &str, peers: &[&str]) -> Arc<Node> {
    Arc::new(Node { address: address(at), peers: peers.iter().map(|peer| address(peer)).collect() })
}

fn crawl(options: CrawlOptions, node: Arc<Node>) -> (Crawl, Surroundings) {
    let surroundings = Surroundings::default();
    (Crawl::new(name(), options, surroundings.context(), node).expect("valid options"), surroundings)
}

fn from(sender: &str, json: &str) -> Incoming {
    let mut payload = message(json);
    payload.sender.address = address(sender);
    payload
}

fn sent(crawl: &Crawl) -> Vec<Arc<str>> {
    match crawl.tick() {
        Ticking::Now(messages) => messages,
        Ticking::Later(_) => panic!("it waits"),
    }
}

/// The message that a node passes on. `None` if it ends there.
fn passed_on(crawl: &Crawl, payload: &Incoming) -> Option<Value> {
    match verdict(crawl, payload) {
        Verdict::Change(json) => Some(serde_json::from_str(&json).unwrap()),
        Verdict::Swallow { .. } => None,
        other => panic!("{other:?}"),
    }
}

fn pairs(crawl: &Crawl) -> BTreeSet<String> {
    crawl.links().iter().map(|link| format!("{} {}", link.from, link.to)).collect()
}

#[test]
fn a_node_sends_its_own_address_once_an_hour() {
    let (crawl, surroundings) = crawl(CrawlOptions::default(), node("a:1", &["secret:1"]));
    let wanted = json!({ "class": "clacks-crawl", "hops": 0, "peers": ["a:1"] });
    assert_eq!(serde_json::from_str::<Value>(&sent(&crawl)[0]).unwrap(), wanted);
    surroundings.pass(Duration::from_millis(3_599_999));
    assert!(sent(&crawl).is_empty());
    surroundings.pass(Duration::from_millis(1));
    assert_eq!(sent(&crawl).len(), 1);
}

#[test]
fn a_node_adds_itself_and_learns_the_way() {
    let (crawl, _) = crawl(CrawlOptions::default(), node("c:3", &["secret:1"]));
    let came = r#"{"class":"clacks-crawl","hops":1,"peers":["a:1","b:2"]}"#;
    let wanted = json!({ "class": "clacks-crawl", "hops": 2, "peers": ["a:1", "b:2", "c:3"] });
    assert_eq!(passed_on(&crawl, &from("b:2", came)), Some(wanted));
    assert_eq!(pairs(&crawl), ["a:1 b:2", "b:2 c:3"].map(String::from).into());
}

#[test]
fn nodes_that_do_not_crawl_are_a_gap() {
    let (crawl, _) = crawl(CrawlOptions::default(), node("d:4", &[]));
    let came = r#"{"class":"clacks-crawl","hops":2,"peers":["a:1",null,"b:2"]}"#;
    let passed = passed_on(&crawl, &from("c:3", came)).unwrap();
    assert_eq!(passed["peers"], json!(["a:1", null, "b:2", null, "d:4"]), "c:3 is not named");
    assert_eq!(pairs(&crawl), ["c:3 d:4".to_owned()].into());
}

#[test]
fn peers_are_named_only_if_the_user_says_so() {
    let options = CrawlOptions { name_peers: true, ..CrawlOptions::default() };
    let (crawl, _) = crawl(options, node("a:1", &["[::1]:7", "y:8"]));
    let json = sent(&crawl);
    let wanted = json!([{ "at": "a:1", "knows": ["[::1]:7", "y:8"] }]);
    assert_eq!(serde_json::from_str::<Value>(&json[0]).unwrap()["peers"], wanted);
    let (other, _) = self::crawl(CrawlOptions::default(), node("b:2", &[]));
    assert!(passed_on(&other, &from("a:1", &json[0])).is_some());
    assert_eq!(pairs(&other), ["a:1 [::1]:7", "a:1 b:2", "a:1 y:8"].map(String::from).into());
}

#[test]
fn a_message_ends_after_sixty_four_addresses() {
    let at = |index: usize| format!("\"n{index}:1\"");
    let walk = |count: usize, hops: u32| {
        let peers: Vec<String> = (1..=count).map(at).collect();
        format!(r#"{{"class":"clacks-crawl","hops":{hops},"peers":[{}]}}"#, peers.join(","))
    };
    for (addresses, hops, goes_on) in
        [(62, 0, true), (63, 0, false), (64, 0, false), (2, 62, true), (2, 63, false), (2, u32::MAX, false)]
    {
        let (crawl, _) = crawl(CrawlOptions::default(), node("a:1", &[]));
        let payload = from(&format!("n{addresses}:1"), &walk(addresses, hops));
        assert_eq!(passed_on(&crawl, &payload).is_some(), goes_on, "{addresses} {hops}");
    }
    let (crawl, _) = crawl(CrawlOptions::default(), node("a:1", &[]));
    assert_eq!(verdict(&crawl, &message(&walk(65, 0))), Verdict::Pass, "no message of ours");
    assert_eq!(pairs(&crawl).len(), 0);
}

#[test]
fn what_is_no_crawl_passes() {
    let (crawl, _) = crawl(CrawlOptions::default(), node("a:1", &[]));
    let of = |peers: &str| format!(r#"{{"class":"clacks-crawl","hops":0,"peers":{peers}}}"#);
    for json in [
        "1".to_owned(),
        r#"{"class":"other","hops":0,"peers":[]}"#.to_owned(),
        of("[1]"),
        of(r#"["no port"]"#),
        of(r#"["a:0"]"#),
        of(r#"["\u001b[2J:1"]"#),
        of(&format!("[{}null]", "null,".repeat(200))),
    ] {
        assert_eq!(verdict(&crawl, &message(&json)), Verdict::Pass, "{json}");
    }
    let mut payload = from("b:2", &of(r#"["b:2"]"#));
    payload.sender.status = "ignored";
    assert_eq!(verdict(&crawl, &payload), Verdict::Pass, "the node refuses it");
    assert_eq!(pairs(&crawl).len(), 0);
}

#[test]
fn the_table_is_bounded_and_the_oldest_pair_goes() {
    let (crawl, surroundings) =
        crawl(CrawlOptions { max_links: 3, ..CrawlOptions::default() }, node("x:9", &[]));
    for index in 1..=5 {
        surroundings.pass(Duration::from_millis(1));
        let json = format!(r#"{{"class":"clacks-crawl","hops":0,"peers":["n{index}:1"]}}"#);
        passed_on(&crawl, &from(&format!("n{index}:1"), &json));
    }
    let from: Vec<_> = crawl.links().iter().map(|link| link.from.to_string()).collect();
    assert_eq!(from, ["n5:1", "n4:1", "n3:1"]);
    let wanted = Link { from: "n5:1".into(), to: "x:9".into(), first_seen: 5, last_seen: 5, times: 1 };
    assert_eq!(crawl.links()[0], wanted);
}

/// Each node knows its neighbours, and passes a message on to one of them at random, as the nodes of a network do.
#[test]
fn a_chain_of_six_is_known_whole_after_three_rounds() {
    let at = |index: usize| format!("n{index}:1");
    let nodes: Vec<_> = (0..6).map(|index| crawl(CrawlOptions::default(), node(&at(index), &[]))).collect();
    let mut random = 1_u32;
    for _ in 0..3 {
        for start in 0..6 {
            let (mut here, mut json) = (start, sent(&nodes[start].0)[0].to_string());
            loop {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let to = match here {
                    0 => 1,
                    5 => 4,
                    inner if random >> 31 == 0 => inner - 1,
                    inner => inner + 1,
                };
                let passed = passed_on(&nodes[to].0, &from(&at(here), &json));
                let Some(passed) = passed else { break };
                (here, json) = (to, passed.to_string());
            }
        }
        nodes.iter().for_each(|(_, surroundings)| surroundings.pass(Duration::from_secs(3600)));
    }
    let both_ways = (0..5).flat_map(|index| {
        let (one, other) = (at(index), at(index + 1));
        [format!("{one} {other}"), format!("{other} {one}")]
    });
    let chain: BTreeSet<String> = both_ways.collect();
    for (index, (crawl, _)) in nodes.iter().enumerate() {
        assert_eq!(pairs(crawl), chain, "of node {index}");
    }
}

#[test]
fn the_time_between_messages_has_a_minimum() {
    let options = CrawlOptions { every: Duration::from_secs(59), ..CrawlOptions::default() };
    let context = Surroundings::default().context();
    let error = Crawl::new(name(), options, context, node("a:1", &[])).err().expect("an error");
    assert_eq!(error.to_string(), "every must be at least a minute");
}
