//! `:stop` while the session goes on.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_executed_while_a_stop_hands_on() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut heard = Heard::start().await;
    heard.node().enqueue(Message::text("one")).unwrap();
    heard.node().add_peer(&silent.local_addr().unwrap().to_string().parse().unwrap());
    let stop = Some(Ok(":stop hand-on 1h".to_owned()));
    assert_eq!(heard.session.on_line(stop, &mut heard.recorder).await, [""; 0]);
    let is_draining = || heard.node().read(core::Core::is_draining);
    while !is_draining() {
        tokio::task::yield_now().await;
    }
    let refused = heard.say(":stop").await;
    assert!(refused.join(" ").contains("already"), "{refused:?}");
    let cancelled = heard.say(":cancel").await;
    assert!(cancelled.join(" ").contains("as before"), "{cancelled:?}");
    let Some(Reply::Sentences(stopped)) = heard.replies.recv().await else { panic!("no answer to :stop") };
    assert!(stopped.join(" ").contains("as before"), "{stopped:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_to_a_stop_comes_before_the_session_ends() {
    let mut heard = Heard::start().await;
    assert_eq!(heard.session.on_line(Some(Ok(":stop".to_owned())), &mut heard.recorder).await, [""; 0]);
    let parts = heard.session.after_node_stopped(&mut heard.replies).await;
    let said = |part: &OutputPart| matches!(part, OutputPart::Sentence(text) if text.contains("has stopped"));
    assert!(heard.session.is_leaving && parts.iter().any(said), "{parts:?}");
}

/// As for a network that the session knows nothing of, a node of clacks is asked by its `stop`.
#[tokio::test(flavor = "multi_thread")]
async fn quitting_any_network_asks_if_its_node_may_not_be_stopped() {
    let mut heard = Heard::start().await;
    let node = heard.node().clone();
    heard.session.clacks = None;
    node.enqueue(Message::text("one")).unwrap();
    let asked = heard.say(":quit").await.join(" ");
    assert!(
        asked.ends_with("no other node is known. Leave? Type y to leave, anything else to stay."),
        "{asked}"
    );
    assert!(heard.say("no").await.join(" ").contains("Staying") && !heard.session.is_leaving);
    heard.say(":quit").await;
    heard.say("y").await;
    assert!(heard.session.is_leaving);
    let mut heard = Heard::start().await;
    heard.session.clacks = None;
    assert_eq!(heard.say(":quit").await, [""; 0]);
    assert!(heard.session.is_leaving, "nothing would be lost");
}
