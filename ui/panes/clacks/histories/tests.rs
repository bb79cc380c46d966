use clacks_p2p::{
    Message,
    core::{Event, Now, Peer, Status},
};

use super::*;

fn pane(texts: &[&str]) -> HistoriesPane {
    let mut pane = HistoriesPane::default();
    texts.iter().for_each(|text| receive(&mut pane, text));
    pane
}

fn receive(pane: &mut HistoriesPane, text: &str) {
    let now = Now { uptime: std::time::Duration::ZERO, unix_ms: 0 };
    let (id, message) = ("1".parse().ok(), Message::text(text));
    let peer = Peer::new("tower:1".parse().unwrap(), Status::Alive, now);
    let event = Event::MessageReceived { peer, message, id, visits: 1, remote: None, held: None };
    pane.histories.note(&event, now);
}

#[test]
fn the_selection_follows_its_message() {
    let mut pane = pane(&["a", "a", "a", "b", "b", "c", "c"]);
    let message = |pane: &HistoriesPane, cursor| pane.selected(cursor).map(|life| life.message.clone());
    let cursor = pane.moved(&Cursor::default(), 1, 2).unwrap();
    assert_eq!(message(&pane, &cursor), Some(Message::text("c")));
    (0..3).for_each(|_| receive(&mut pane, "c"));
    assert_eq!((pane.position(&cursor), message(&pane, &cursor)), (0, Some(Message::text("c"))));
    let cursor = pane.moved(&cursor, isize::MAX, 2).unwrap();
    assert_eq!((message(&pane, &cursor), top_of(cursor.top, 2, 2)), (Some(Message::text("b")), 1));
    let cursor = pane.moved(&cursor, isize::MIN, 2).unwrap();
    assert_eq!((pane.position(&cursor), top_of(cursor.top, 0, 2)), (0, 0));
}
