use clacks_p2p::{Address, core::Options};

use super::*;

/// Why the line would be refused, as long as that does not change by more characters.
fn refusal(network: &ClacksNetwork, line: &str) -> Option<String> {
    match typed(network, line)? {
        Check::Wrong(reason) => Some(reason.untrusted().to_owned()),
        Check::Begun => Some(String::new()),
        Check::Works => None,
    }
}

/// Command lines, and whether the node refuses them. The node knows `tower:1`, ignores `rude:1` and 192.0.2.7, has
/// message 1 in the queue and holds message 2.
fn lines(here: &Address) -> Vec<(String, bool)> {
    let largest = clacks_p2p::Message::MAX_SIZE - 2;
    let fine =
        ["hello", ":json [1]", ":rate 2", ":add new:1", ":trust a:1", ":hold gnu", ":hold", ":edit 1 x"];
    let fine = fine.map(str::to_owned).into_iter().chain(["x".repeat(largest)]);
    let wrong = [
        ":json null",
        ":json {",
        ":rate",
        ":rate 0",
        ":rate nan",
        ":rate x",
        ":rate 100001",
        ":add",
        ":add x",
        ":add tower:1",
        ":ignore x",
        ":ignore rude:1",
        ":ignore ip:x",
        ":ignore ip:192.0.2.7",
        ":unignore tower:1",
        ":unignore ip:192.0.2.8",
        ":announce rude:1",
        ":forget other:1",
        ":drop",
        ":drop 99",
        ":drop (",
        ":drop status:lost",
        ":hold 99",
        ":hold 2",
        ":hold type:refused",
        ":hold gnu !gnu",
        ":unhold",
        ":unhold x",
        ":release",
        ":release 1",
        ":release x",
        ":edit",
        ":edit x",
        ":edit 99 x",
        ":edit 1 :json null",
        ":edit 1 :quit",
        ":trust x",
    ];
    let wrong = wrong.map(str::to_owned).into_iter().chain([
        "x".repeat(largest + 1),
        format!(":edit 1 {}", "x".repeat(largest + 1)),
        format!(":add {here}"),
        format!(":ignore {here}"),
        format!(":announce {here}"),
    ]);
    fine.map(|line| (line, false)).chain(wrong.map(|line| (line, true))).collect()
}

#[tokio::test]
async fn a_line_is_said_to_be_refused_exactly_if_it_is_and_in_the_same_words() {
    let (first, _) = start(builder()).await;
    for (line, is_refused) in lines(&first.address()) {
        let (node, network) = start(builder().send_rate(0.001)).await;
        for line in [":add tower:1", ":ignore rude:1", ":ignore ip:192.0.2.7", "one", "two", ":hold 2"] {
            assert!(words(&network, line).await.is_ok(), "{line}");
        }
        let line = line.replace(&first.address().to_string(), &node.address().to_string());
        let said = refusal(&network, &line);
        let short: String = line.chars().take(40).collect();
        assert_eq!(said.is_some(), is_refused, "{short:?}: {said:?}");
        let refused = words(&network, &line).await.err();
        assert_eq!(refused.is_some(), is_refused, "{short:?}: {refused:?}");
        // What is begun has its reason only when it is called.
        let begun = said.as_deref() == Some("");
        assert!(begun || refused == said, "{short:?}: {said:?} and then {refused:?}");
    }
}

#[tokio::test]
async fn wrong_arguments_have_a_reason() {
    let (_node, network) = start(builder()).await;
    for (line, reason) in [
        (":announce", ":announce takes HOST:PORT"),
        (":announce localhost", "an address is written host:port, or [host]:port for IPv6"),
        (":ignore", ":ignore takes HOST:PORT/ip:ADDRESS"),
        (":ignore ip:tower", "a remote address is an IP address, as in ip:192.0.2.7 or ip:2001:db8::7"),
        (":ignore tower:99999", "the port is not a whole number from 1 to 65535"),
        (":add tower:99999", "the port is not a whole number from 1 to 65535"),
        (":forget tower:99999", "the port is not a whole number from 1 to 65535"),
        (":forget other:1", "other:1: no such peer"),
        (":rate fast", "the send rate is a number from 0.001 to 100000 messages a second, such as 0.5"),
        (":rate 0", "the send rate is a number from 0.001 to 100000 messages a second, such as 0.5"),
        (":json 0", "an empty message (null, false, 0 or \"\") is never queued"),
        (":drop", ":drop takes NUMBER/FILTER/all"),
        (":drop (", "something to look for is missing here; a | in quotes is text"),
        (":hold (", "something to look for is missing here; a | in quotes is text"),
        (":drop 99", "99 neither waits nor is held; a message that comes back has a new number"),
        (":edit it", "a message is named by its number, which Tab offers and :queue lists"),
        (":edit 99 x", "99 neither waits nor is held; a message that comes back has a new number"),
        (":release", "release a message by its number, or all"),
        (":release it", "release a message by its number, or all"),
        (":release 9", "9 is not held"),
        (":unhold x", ":unhold takes nothing behind it"),
    ] {
        assert_eq!(words(&network, line).await, Err(reason.to_owned()), "{line:?}");
    }
    assert!(words(&network, ":json {broken").await.unwrap_err().starts_with("not JSON: "));
    assert_eq!(words(&network, "x").await, Ok("queued as 1".to_owned()));
    let not_a_text = "the new text of a message is a line of text, or :json VALUE";
    for line in [":edit 1 :quit", ":edit 1 :js"] {
        assert_eq!(words(&network, line).await, Err(not_a_text.to_owned()), "{line}");
    }
}

#[tokio::test]
async fn nothing_can_be_released_or_dropped_where_nothing_is() {
    let (_node, network) = start(builder()).await;
    for line in [":release all", ":drop all", ":unhold"] {
        let said = refusal(&network, line);
        assert!(said.is_some(), "{line}");
        assert_eq!(words(&network, line).await.err(), said, "{line}");
    }
}

#[tokio::test]
async fn a_message_for_which_the_queue_has_no_room_is_refused_before_it_is_sent() {
    let full = |options: &mut Options| (options.max_queue_messages, options.max_queue_bytes) = (2, 10);
    let (node, network) = start(builder().send_rate(0.001).options(full)).await;
    for (line, is_refused) in [
        ("one", false),
        ("far too long", true),
        ("2", false),
        ("3", true),
        (":edit 1 two", false),
        (":edit 1 far too long", true),
        (":json [3]", true),
        (":drop 2", false),
        ("3", false),
    ] {
        let said = refusal(&network, line);
        assert_eq!(said.is_some(), is_refused, "{line}: {said:?}");
        assert_eq!(words(&network, line).await.err(), said, "{line}");
    }
    node.drop_matching(|_| true);
    node.drain(std::time::Duration::from_secs(60)).await.unwrap();
    let said = refusal(&network, "4");
    assert!(said.is_some(), "it hands on");
    assert_eq!(words(&network, "4").await.err(), said);
}
