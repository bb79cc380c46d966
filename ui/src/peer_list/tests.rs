use std::{collections::BTreeSet, path::Path};

use clacks_language::list_source::ListSource;
use clacks_p2p::{Builder, Node, core::Event};

use super::*;

fn no_lists(node: &Node) -> PeerLists {
    PeerLists::new(Introducer::new(node), &[])
}

fn builder() -> Builder {
    Node::builder().hostname("127.0.0.1").port(0)
}

fn list(path: &Path, text: &str) -> ListSource {
    std::fs::write(path, text).unwrap();
    ListSource::File(path.to_owned())
}

fn contents(reading: &Reading) -> (usize, usize, usize) {
    let contents = reading.result.as_ref().unwrap();
    (contents.read, contents.new, contents.bad)
}

#[tokio::test]
async fn a_list_is_read_told_and_announced_to() {
    let home = tempfile::tempdir().unwrap();
    let (node, one, two) = (
        builder().start().await.unwrap(),
        builder().start().await.unwrap(),
        builder().start().await.unwrap(),
    );
    let (here, first, second) = (node.address(), one.address(), two.address());
    let mut events = node.subscribe();
    let source = list(
        &home.path().join("list"),
        &format!("{first} # one\r\n{here}\r\n{second}\r\n{first}\r\ntower\r\n"),
    );
    let lists = PeerLists::new(Introducer::new(&node), std::slice::from_ref(&source));
    let readings = lists.read_all(None).await.unwrap();
    assert_eq!(contents(&readings[0]), (2, 2, 1));
    let path = home.path().join("list");
    let told = summary(&readings).unwrap();
    assert_eq!(told, format!("{}: 2 addresses read, 2 new, 1 bad line", path.display()));
    let bad =
        format!("line 5: an address is written host:port, or [host]:port for IPv6 ({})", path.display());
    assert_eq!(readings[0].bad_lines(), [bad]);
    let mut announced = BTreeSet::new();
    while announced.len() < 2 {
        let event = timeout(Duration::from_secs(30), events.next()).await.expect("both are announced to");
        if let Some(Event::Announced { peer, .. }) = event {
            announced.insert(peer);
        }
    }
    assert_eq!(announced, BTreeSet::from([first.clone(), second]));
    assert!(node.peer(&first).unwrap().added_by_user, "the file is the user's word");
    assert_eq!(contents(&lists.read_all(None).await.unwrap()[0]), (2, 0, 1));
}

#[tokio::test]
async fn a_list_that_is_asked_for_is_read_instead_of_those_that_are_configured() {
    let home = tempfile::tempdir().unwrap();
    let node = builder().start().await.unwrap();
    let [one, two, other] = ["one", "two", "other"].map(|name| home.path().join(name));
    let configured = [list(&one, "a:1\n"), ListSource::File(two.clone())];
    let lists = PeerLists::new(Introducer::new(&node), &configured);
    let read =
        |readings: Vec<Reading>| readings.into_iter().map(|reading| reading.source).collect::<Vec<_>>();
    let both = lists.read_all(None).await.unwrap();
    let told = summary(&both).unwrap_err().to_string();
    assert!(told.starts_with("1 of 2 lists: 1 address read, 1 new; "), "{told}");
    assert!(told.contains("two was not read: there is no such file"), "{told}");
    assert_eq!(read(both), configured);
    let other = list(&other, "b:1\nc:1\n");
    assert_eq!(read(lists.read_all(Some(other.clone())).await.unwrap()), [other]);
    assert!(matches!(no_lists(&node).read_all(None).await, Err(PeerListsError::NotConfigured)));
}

#[tokio::test]
async fn what_takes_too_long_is_given_up() {
    let node = builder().start().await.unwrap();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/list", silent.local_addr().unwrap()).parse().unwrap();
    let lists = PeerLists { timeout: Duration::from_millis(50), ..no_lists(&node) };
    let reading = lists.read(ListSource::Url(url)).await;
    let told = summary(&[reading]).unwrap_err().to_string();
    // A system without certificate authorities fails before.
    let is_given_up = told.ends_with("it took longer than 0.05 seconds") || told.contains("authorities");
    assert!(is_given_up, "{told}");
}

#[tokio::test]
async fn bad_lines_beyond_those_that_are_reported_are_counted() {
    let home = tempfile::tempdir().unwrap();
    let node = builder().start().await.unwrap();
    let source = list(&home.path().join("list"), &"bad\n".repeat(1000));
    let reading = no_lists(&node).read(source).await;
    assert_eq!(contents(&reading), (0, 0, 1000));
    let lines = reading.bad_lines();
    assert_eq!(lines.len(), parse::MAX_REPORTED + 1);
    assert!(lines.last().unwrap().starts_with("900 more bad lines ("), "{lines:?}");
}

#[test]
fn a_summary_counts_in_plain_words() {
    for ((read, new, bad), text) in [
        ((0, 0, 0), "0 addresses read, 0 new"),
        ((1, 1, 1), "1 address read, 1 new, 1 bad line"),
        ((12, 3, 2), "12 addresses read, 3 new, 2 bad lines"),
    ] {
        assert_eq!(Contents { read, new, bad, reported: Vec::new() }.to_string(), text);
    }
}

#[test]
fn a_file_that_cannot_be_read_is_refused_before_it_is_read() {
    let home = tempfile::tempdir().unwrap();
    let list = |name: &str| ListSource::File(home.path().join(name));
    std::fs::write(home.path().join("peers.txt"), "one:1").unwrap();
    assert_eq!(why_not(&list("peers.txt")), None);
    let missing = why_not(&list("nowhere")).unwrap();
    assert!(missing.ends_with("nowhere was not read: there is no such file"), "{missing}");
    let directory = why_not(&list("")).unwrap();
    assert!(directory.ends_with("no regular file"), "{directory}");
}
