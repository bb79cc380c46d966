//! Searches for completion at the nodes of the fixture.

use std::task::{Context, Poll, Waker};

use clacks_feed::{Answer, Find, Near, News, Request, Row, Source as _, Value, description::Description};

/// What a search finds at a node.
pub(crate) fn found_at(node: &mut Near, find: &Find) -> Vec<Row> {
    let number = node.request(Request::Find(find.clone()));
    loop {
        match node.poll_news(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Some(News::Answer(answered, Answer::Found { rows, .. }))) if answered == number => {
                return rows;
            }
            Poll::Ready(None) => panic!("the node has ended"),
            // The search goes on with the next poll.
            Poll::Ready(Some(_)) | Poll::Pending => {}
        }
    }
}

/// Whether a search finds a row: its key has what was typed, or its letters in this order.
pub(crate) fn is_found(network: &Description, find: &Find, row: &Row) -> bool {
    let only: Vec<_> = find.only.iter().filter_map(|name| network.status_id(name.as_str())).collect();
    let has_one = |cell: &Value| matches!(cell, Value::Status(statuses) if only.iter().any(|status| statuses.contains(*status)));
    let mut letters = row.key.untrusted().chars();
    let has_letters = find.typed.untrusted().chars().all(|wanted| letters.any(|letter| letter == wanted));
    has_letters && (only.is_empty() || row.cells.iter().any(has_one))
}
