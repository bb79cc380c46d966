use clacks_feed::{Call, Key, Network, Run};
use clacks_p2p::{MAX_WHOLE_MESSAGE, Message};

use super::*;
use crate::description::{PEERS, QUEUE, REMOTES};

#[tokio::test]
async fn messages_are_queued_under_a_number_and_dropped_by_it() {
    let (node, network) = start(builder()).await;
    assert_eq!(words(&network, "hello").await, Ok("queued as 1".into()));
    assert_eq!(words(&network, ":drop 1").await, Ok("dropped 1".into()));
    assert!(words(&network, ":drop 1").await.unwrap_err().starts_with("1 neither waits nor is held"));
    assert!(node.is_empty());
}

#[tokio::test]
async fn messages_are_held_changed_and_released() {
    let (node, network) = start(builder()).await;
    for (line, said) in [
        ("red one", Ok("queued as 1")),
        (":unhold", Err("no filter holds messages")),
        (":hold red", Ok("what comes is held if red; 1 message is held")),
        ("red two", Ok("held as 2")),
        ("blue", Ok("queued as 3")),
        (":hold 3", Ok("held 3")),
        (":hold 3", Err("3 is held already")),
        (":hold 9", Err("9 is not in the queue; in quotes it is text to look for: :hold \"9\"")),
        (":edit 1 green", Ok("changed 1")),
        (":release 1", Ok("released 1; it is queued as 4")),
        (":release 1", Err("1 is not held")),
        (":drop 3", Ok("dropped 3")),
        (":unhold", Ok("no longer held: red; 1 message stays held until it is released")),
        (":hold", Ok("1 message is held; no filter holds what comes")),
        (":drop ip:192.0.2.7", Err("no queued or held message matches")),
        (":release all", Ok("released 1 message")),
        (":release all", Err("nothing is held")),
    ] {
        let said = said.map(str::to_owned).map_err(str::to_owned);
        assert_eq!(words(&network, line).await, said, "{line}");
    }
    assert_eq!(node.peek(), ["green", "red two"].map(Message::text));
}

#[tokio::test]
async fn a_message_too_long_for_the_package_is_queued_with_a_warning() {
    let (node, network) = start(builder()).await;
    let longest = "x".repeat(MAX_WHOLE_MESSAGE - 2);
    assert_eq!(words(&network, &longest).await, Ok("queued as 1".into()));
    let warning = words(&network, &format!("{longest}x")).await.unwrap();
    let bytes = MAX_WHOLE_MESSAGE + 1;
    assert!(warning.starts_with(&format!("queued as 2, but its {bytes} bytes")), "{warning}");
    assert_eq!(node.queue_len(), 2);
}

#[tokio::test]
async fn every_command_on_a_peer_says_what_it_did() {
    let (_node, network) = start(builder()).await;
    for (line, said) in [
        (":add tower:8080", Ok("added tower:8080")),
        (":add tower:8080", Err("tower:8080 is known already; it is new")),
        (":unignore tower:8080", Err("tower:8080 is not ignored")),
        (":ignore tower:8080", Ok("ignored tower:8080")),
        (":ignore tower:8080", Err("tower:8080 is ignored already")),
        (":announce tower:8080", Err("tower:8080 is ignored; :unignore it first")),
        (":unignore tower:8080", Ok("tower:8080 is no longer ignored")),
        (":unignore ip:192.0.2.7", Err("connections from 192.0.2.7 are not ignored")),
        (":ignore ip:192.0.2.7", Ok("connections from 192.0.2.7 are ignored")),
        (":ignore ip:[::ffff:192.0.2.7]", Err("connections from 192.0.2.7 are ignored already")),
        (":unignore ip:192.0.2.7", Ok("connections from 192.0.2.7 are no longer ignored")),
        (":ignore ip:8080", Ok("ignored ip:8080")),
        (":forget tower:8080", Ok("forgot tower:8080")),
        (":forget tower:8080", Err("tower:8080: no such peer")),
        (
            ":trust tower:8080",
            Ok("tower:8080 showed no other certificate; the first that it shows is trusted"),
        ),
        (":rate 2.5", Ok("sends 2.5 messages a second at most")),
    ] {
        let said = said.map(str::to_owned).map_err(str::to_owned);
        assert_eq!(words(&network, line).await, said, "{line}");
    }
}

#[tokio::test]
async fn announcing_reaches_another_node_but_not_this_one() {
    let ((node, network), (other, _)) = (start(builder()).await, start(builder()).await);
    let (here, there) = (node.address(), other.address());
    let announced = words(&network, &format!(":announce {there}")).await;
    assert_eq!(announced, Ok(format!("announced to {there}")));
    let itself = Err(format!("{here} is this node itself"));
    for name in ["announce", "add", "ignore"] {
        assert_eq!(words(&network, &format!(":{name} {here}")).await, itself, "{name}");
    }
    let nobody = words(&network, ":announce 127.0.0.1:1").await.unwrap_err();
    assert!(nobody.starts_with("could not announce to 127.0.0.1:1: "), "{nobody}");
    other.stop().await;
}

#[tokio::test]
async fn a_node_that_knows_all_it_may_adds_nobody() {
    let (_node, network) = start(builder().options(|options| options.max_peers = 1)).await;
    assert_eq!(words(&network, ":add tower:8080").await, Ok("added tower:8080".into()));
    let full = "keep:8080 was not added: the limit on known peers is reached (max-peers)";
    assert_eq!(words(&network, ":add keep:8080").await, Err(full.into()));
}

#[tokio::test]
async fn a_command_on_several_items_counts_them_and_names_the_reason_for_the_others() {
    let (node, network) = start(builder()).await;
    for line in [":add a:1", ":add b:1", ":ignore rude:1", ":ignore ip:192.0.2.7", ":ignore ip:192.0.2.8"] {
        assert!(words(&network, line).await.is_ok(), "{line}");
    }
    let ids = ["one", "two", "three"].map(|text| node.enqueue(Message::text(text)).unwrap().to_string());
    node.drop_message(ids[0].parse().unwrap());
    let [gone, two, three] = ids.each_ref().map(String::as_str);
    let left_two = format!(
        "dropped 2 of 3 messages; {gone} neither waits nor is held; a message that comes back has a new number"
    );
    for (name, list, keys, said, left) in [
        (
            "ignore",
            PEERS,
            &["a:1", "rude:1"][..],
            "ignored 1 of 2 peers; rude:1 is ignored already",
            &["rude:1"][..],
        ),
        ("unignore", PEERS, &["a:1", "rude:1"], "unignored 2 peers", &[]),
        ("unignore", REMOTES, &["192.0.2.7", "192.0.2.8"], "unignored 2 remote addresses", &[]),
        (
            "forget",
            PEERS,
            &["a:1", "gone:1", "b:1"],
            "forgot 2 of 3 peers; gone:1: no such peer",
            &["gone:1"],
        ),
        ("trust", PEERS, &["rude:1", "c:1"], "trusted 2 peers", &[]),
        ("drop", QUEUE, &[gone, two, three, two], &left_two, &[gone]),
    ] {
        let keys = keys.iter().map(|key| Key::new(key));
        let call = Call::new(Run(7), name.into(), "").on(list, keys);
        let outcome = network.clone().call(call).await.unwrap();
        assert_eq!(outcome.text.untrusted(), said, "{name}");
        assert!(outcome.left.iter().map(Key::untrusted).eq(left.iter().copied()), "{name}: {outcome:?}");
    }
    let all_gone = Call::new(Run(7), "drop".into(), "").on(QUEUE, [Key::new(two)]);
    let reason = words_of(network.clone().call(all_gone).await).unwrap_err();
    assert!(reason.starts_with(&format!("{two} neither waits nor is held")), "{reason}");
}

#[tokio::test]
async fn a_filter_sees_the_text_the_sender_and_the_size() {
    let (node, network) = start(builder().send_rate(0.001)).await;
    for (filter, text, is_held) in [
        ("gnu", "GNU Terry Pratchett", true),
        ("gnu", "hello", false),
        ("from:rude", "rude", false),
        ("size>10", "a long message", true),
        ("size>10", "short", false),
        ("type:own", "x", true),
        ("type:in", "x", false),
    ] {
        assert!(words(&network, &format!(":hold {filter}")).await.is_ok(), "{filter}");
        let said = words(&network, text).await.unwrap();
        assert_eq!(said.starts_with("held as"), is_held, "{filter}: {said}");
        node.drop_matching(|_| true);
    }
}
