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
