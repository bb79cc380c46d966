//! The rows of the lists.

mod door;
mod members;
mod requests;

use clacks_feed::{Key, Page, Row, Window, description::ListId};
use clacks_peercloud::{
    Id,
    core::{Core, History},
};

use crate::description::{DOOR, MEMBERS, REPLIES, REQUESTS};

pub(crate) use door::door_key;
pub(crate) use members::result_text;
pub(crate) use requests::reply_key;

/// The page of a window.
pub(crate) fn page_of(core: &Core, history: &History, window: &Window) -> Page {
    match window.list {
        MEMBERS => members::page(core, window),
        REQUESTS => requests::page(history.messages(), window),
        REPLIES => requests::replies_page(history.messages(), window),
        DOOR => door::page(history.door(), window),
        _ => Page::empty(window),
    }
}

/// The items with these keys.
pub(crate) fn rows_of(core: &Core, history: &History, list: ListId, keys: &[Key]) -> Vec<Option<Row>> {
    keys.iter().map(|key| row_of(core, history, list, key)).collect()
}

fn row_of(core: &Core, history: &History, list: ListId, key: &Key) -> Option<Row> {
    let row = match list {
        MEMBERS => members::row(core, &id_of(key)?)?,
        REQUESTS => requests::row(history.messages(), number_of(key)?)?,
        REPLIES => requests::reply_row(history.messages(), key)?,
        DOOR => door::row(history.door(), key)?,
        _ => return None,
    };
    // One item has one key, although its address can be spelt in several ways.
    (row.key == *key).then_some(row)
}

/// The key of a member.
pub(crate) fn member_key(id: &Id) -> Key {
    Key::new(id.as_str())
}

/// The id of a member.
pub(crate) fn id_of(key: &Key) -> Option<Id> {
    Id::new(key.untrusted()).ok()
}

/// The key of a message.
pub(crate) fn message_key(number: u64) -> Key {
    number.to_string().into()
}

/// The number of a message in its only spelling.
fn number_of(key: &Key) -> Option<u64> {
    key.untrusted().parse().ok().filter(|number: &u64| number.to_string() == key.untrusted())
}
