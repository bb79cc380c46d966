//! The list of remote addresses whose messages are here.

use std::{
    net::{IpAddr, Ipv4Addr},
    ops::Bound,
};

use clacks_feed::{
    Key, Order, Page, Row, Text, Value, Window,
    paging::{Place, RowsByPlace, page},
};
use clacks_p2p::core::{Core, PlaceRank, PlaceShare};

/// The smallest address, which comes first among equal shares.
const SMALLEST: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// The page of a window.
pub(crate) fn origins_page(core: &Core, window: &Window) -> Page {
    page(window, core.places_len() as u64, Vec::new(), &Origins(core))
}

/// The row of a remote address with messages here.
pub(crate) fn origin_row_of(core: &Core, place: IpAddr) -> Option<Row> {
    core.place(place).map(|(rank, share)| origin_row(rank, &share))
}

/// The row of a remote address and its share.
pub fn origin_row(rank: PlaceRank, share: &PlaceShare) -> Row {
    let PlaceShare { place, messages, bytes, held, refused, .. } = *share;
    let key = Key::from(place.to_string());
    let count = |count: usize| Value::Count(count as u64);
    let cells = [
        Value::text(key.0.clone()),
        count(messages),
        count(bytes),
        Value::Number(rank.share()),
        count(held),
        Value::Count(refused),
    ];
    let order = Order { rank: rank.rest.into(), text: Some(order_text(place)) };
    Row { key, order, cells: cells.into() }
}

/// Sorted as addresses: the family, then the bytes in hexadecimal.
fn order_text(ip: IpAddr) -> Text {
    match ip {
        IpAddr::V4(ip) => format!("4 {:032x}", ip.to_bits()),
        IpAddr::V6(ip) => format!("6 {:032x}", ip.to_bits()),
    }
    .into()
}

fn address_of(order_text: &str) -> Option<IpAddr> {
    let (family, bytes) = order_text.split_once(' ')?;
    let bytes = u128::from_str_radix(bytes, 16).ok()?;
    match family {
        "4" => Some(Ipv4Addr::from_bits(bytes.try_into().ok()?).into()),
        "6" => Some(IpAddr::V6(bytes.into())),
        _ => None,
    }
}

/// The remote addresses with messages at a node whose core is locked.
struct Origins<'a>(&'a Core);

/// The rank at a place, and whether the place names its address. `None`: it is behind all ranks.
fn rank_at((order, _): Place<'_>) -> Option<(PlaceRank, bool)> {
    let rest = u32::try_from(order.rank).ok()?;
    let place = order.text.as_ref().and_then(|text| address_of(text.untrusted()));
    Some((PlaceRank { rest, place: place.unwrap_or(SMALLEST) }, place.is_some()))
}

impl RowsByPlace for Origins<'_> {
    fn rows_from(&self, place: Option<Place<'_>>, count: usize) -> Vec<Row> {
        let (start, after) = match place.map(|place| (place, rank_at(place))) {
            None => (Bound::Unbounded, None),
            Some((place, Some((rank, true)))) => (Bound::Included(rank), Some(place)),
            Some((_, Some((rank, false)))) => (Bound::Included(rank), None),
            Some((_, None)) => return Vec::new(),
        };
        let rows = self.0.ranked_places((start, Bound::Unbounded));
        let rows = rows.map(|(rank, share)| origin_row(rank, &share));
        rows.skip_while(|row| after.is_some_and(|after| row.place() < after)).take(count).collect()
    }

    fn rows_before(&self, place: Option<Place<'_>>, count: usize) -> Vec<Row> {
        let (end, before) = match place.map(|place| (place, rank_at(place))) {
            Some((place, Some((rank, true)))) => (Bound::Included(rank), Some(place)),
            Some((_, Some((rank, false)))) => (Bound::Excluded(rank), None),
            None | Some((_, None)) => (Bound::Unbounded, None),
        };
        let rows = self.0.ranked_places((Bound::Unbounded, end)).rev();
        let rows = rows.map(|(rank, share)| origin_row(rank, &share));
        rows.skip_while(|row| before.is_some_and(|before| row.place() >= before)).take(count).collect()
    }
}
