use std::net::IpAddr;

use clacks_feed::{
    Key, Order, Page, Row, Value, Window,
    paging::{self, Place, RowsByPlace},
};
use clacks_peercloud::core::{Door, Visitor};

/// Maximum bytes of a reason that are shown.
const MAX_REASON: usize = 256;

pub(super) fn page(door: &Door, window: &Window) -> Page {
    paging::page(window, door.len() as u64, Vec::new(), &Visitors(door))
}

pub(super) fn row(door: &Door, key: &Key) -> Option<Row> {
    let text = key.untrusted();
    let address: IpAddr = text.strip_suffix(NETWORK).unwrap_or(text).parse().ok()?;
    door.get(address).map(visitor_row)
}

/// The suffix of the network of an IPv6 address.
const NETWORK: &str = "/64";

/// The key of a visitor: its address.
pub(crate) fn door_key(address: IpAddr) -> Key {
    let is_network = address.is_ipv6() && !address.is_loopback();
    format!("{address}{}", if is_network { NETWORK } else { "" }).into()
}

fn visitor_row(visitor: &Visitor) -> Row {
    let key = door_key(visitor.address);
    let cells = [
        Value::text(key.0.clone()),
        Value::text((&*visitor.reason).into()).cut(MAX_REASON),
        Value::Count(visitor.joins),
        Value::Count(visitor.unknown),
        Value::Count(visitor.signatures),
        Value::Count(visitor.clocks),
        Value::Count(visitor.others),
        Value::at(visitor.last),
    ];
    Row { key, order: Order::rank(u64::MAX - visitor.number), cells: cells.into() }
}

/// Whoever was refused last comes first.
struct Visitors<'a>(&'a Door);

/// The highest [`Visitor::number`] from a place on. `None`: the place is behind all visitors.
fn highest(door: &Door, place: Place<'_>) -> Option<u64> {
    let (order, _) = place;
    let number = u64::MAX - order.rank;
    let is_before = |visitor: &&Visitor| {
        let row = visitor_row(visitor);
        row.place() < place
    };
    // The visitor with this number may stand just before the place.
    let same = door.down_from(Some(number)).next().filter(|visitor| visitor.number == number);
    if order.text.is_some() || same.as_ref().is_some_and(is_before) {
        number.checked_sub(1)
    } else {
        Some(number)
    }
}

impl RowsByPlace for Visitors<'_> {
    fn rows_from(&self, place: Option<Place<'_>>, count: usize) -> Vec<Row> {
        let rows = |highest| self.0.down_from(highest).take(count).map(visitor_row).collect();
        match place.map(|place| highest(self.0, place)) {
            None => rows(None),
            Some(Some(number)) => rows(Some(number)),
            Some(None) => Vec::new(),
        }
    }

    fn rows_before(&self, place: Option<Place<'_>>, count: usize) -> Vec<Row> {
        let highest = place.and_then(|place| highest(self.0, place));
        self.0.up_from(highest).take(count).map(visitor_row).collect()
    }
}
