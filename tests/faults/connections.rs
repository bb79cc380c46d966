//! One message between two nodes over a faulty connection.

use clacks_p2p::core::{Failure, HoldRule, Status};

use crate::{
    support::{Fault, Watch, assert_no_task_panicked, enqueue},
    tower::Tower,
};

/// Bytes of the message. A TLS handshake has less than half of that.
const LENGTH: usize = 8000;
/// A number of bytes that ends in the middle of the first body.
const MID_BODY: u64 = LENGTH as u64 / 2;

/// A node that keeps its messages. The first connection to it has a fault, later ones have none.
async fn receiver(fault: Fault) -> Tower {
    let mut plan = vec![fault];
    let receiver = Tower::start(1.0, move || plan.pop().unwrap_or(Fault::None)).await;
    receiver.node.set_hold_rule(Some(HoldRule::new("everything", |_| true)));
    receiver
}

/// Sends one message through a proxy with a fault on the first connection. Returns the cause of the first failed
/// delivery, and the number of times that the other node accepted the message.
async fn send_through(fault: Fault) -> (Failure, usize) {
    let receiver = receiver(fault).await;
    let sender = Tower::start(100.0, || Fault::None).await;
    let mut watch = Watch::of(&sender.node);
    sender.node.add_peer(&receiver.address());
    let message = "x".repeat(LENGTH);
    enqueue(&sender.node, &message);
    let failure = watch.failure().await;
    receiver.proxy.until_done(fault, 1).await;

    watch.delivered().await;
    sender.until_empty().await;
    let status = sender.node.peer(&receiver.address()).map(|peer| peer.status);
    assert_eq!(status, Some(Status::Alive), "it is alive again");
    let copies = receiver.node.held_window(0..usize::MAX);
    assert!(copies.iter().all(|copy| copy.queued.message.as_text().as_ref() == Some(&message)));
    assert!(sender.stop().await.is_empty());
    receiver.stop().await;
    assert_no_task_panicked();
    (failure, copies.len())
}

#[tokio::test]
async fn a_message_arrives_once_after_a_refused_connection() {
    let (failure, taken) = send_through(Fault::HangUp).await;
    assert!(matches!(failure, Failure::Connection(_)), "{failure:?}");
    assert_eq!(taken, 1);
}

#[tokio::test]
async fn a_message_arrives_once_after_a_cut_connection() {
    let (failure, taken) = send_through(Fault::Cut(MID_BODY)).await;
    assert!(matches!(failure, Failure::Connection(_)), "{failure:?}");
    assert_eq!(taken, 1);
}

#[tokio::test]
async fn a_late_response_duplicates_the_message() {
    let (failure, taken) = send_through(Fault::Late(MID_BODY)).await;
    assert_eq!((failure, taken), (Failure::TimedOut, 2));
}

#[tokio::test]
async fn a_lost_response_duplicates_the_message() {
    let (failure, taken) = send_through(Fault::Lost(MID_BODY)).await;
    assert!(matches!(failure, Failure::Connection(_)), "{failure:?}");
    assert_eq!(taken, 2);
}
