use std::ops::Bound;

use clacks_feed::{
    Order, Page, Row, Statuses, Text, Value, Window,
    paging::{self, Place, RowsByPlace},
};
use clacks_peercloud::{
    Id,
    core::{CheckResult, Core, Listed, Member},
};

use super::member_key;
use crate::description::Status;

/// The statuses that are counted, in the order of the description.
const COUNTED: [Status; 10] = [
    Status::Unchecked,
    Status::Here,
    Status::Failing,
    Status::Ignored,
    Status::DoesNotKnowUs,
    Status::SaysNotJoined,
    Status::Disputed,
    Status::Double,
    Status::Unsigned,
    Status::ClockOff,
];

pub(super) fn page(core: &Core, window: &Window) -> Page {
    // Of a cloud with its 1,000 members this takes some microseconds.
    let mut counts = [0; COUNTED.len()];
    for listed in core.listed_from(Bound::Unbounded) {
        let statuses = statuses_of(&listed);
        for (count, status) in counts.iter_mut().zip(COUNTED) {
            *count += u64::from(statuses.contains(status.into()));
        }
    }
    let total = core.members().len() + core.dropped().len();
    paging::page(window, total as u64, counts.to_vec(), &Members(core))
}

pub(super) fn row(core: &Core, id: &Id) -> Option<Row> {
    let listed = |member, is_dropped| row_of(&Listed { member, is_dropped });
    let member = core.member(id).map(|member| listed(member, false));
    member.or_else(|| core.dropped_member(id).map(|member| listed(member, true)))
}

/// The statuses of a member.
pub(crate) fn statuses_of(listed: &Listed<'_>) -> Statuses {
    let Listed { member, is_dropped } = listed;
    if *is_dropped {
        return Statuses::only(Status::Ignored.into());
    }
    let marks = [
        (member.unknown_since.is_some(), Status::DoesNotKnowUs),
        (member.says_not_joined, Status::SaysNotJoined),
        (member.disputed_by.is_some(), Status::Disputed),
        (member.is_double, Status::Double),
        (member.is_unsigned, Status::Unsigned),
        (member.clock_off_ms.is_some(), Status::ClockOff),
    ];
    let marks = marks.into_iter().filter(|(is_marked, _)| *is_marked).map(|(_, status)| status.into());
    marks.fold(Statuses::only(main_status(member).into()), Statuses::with)
}

fn main_status(member: &Member) -> Status {
    match &member.last_check {
        None => Status::Unchecked,
        Some(check) if check.result == CheckResult::Here && member.failures == 0 => Status::Here,
        Some(_) => Status::Failing,
    }
}

fn row_of(listed: &Listed<'_>) -> Row {
    let Listed { member, .. } = listed;
    let record = &member.record;
    let at = |at: Option<std::time::Duration>| at.map_or(Value::None, Value::at);
    let text = |text: Option<&str>| text.map_or(Value::None, |text| Value::text(Text::new(text)));
    let check = member.last_check.as_ref();
    let cells = [
        text(member.name.as_deref()),
        Value::text(record.address.to_string().into()),
        Value::Status(statuses_of(listed)),
        check.map_or(Value::None, |check| Value::Took(check.took)),
        at(check.map(|check| check.at)),
        at(member.heard),
        at(member.checked_us),
        Value::Count(member.received),
        Value::Count(member.sent),
        Value::text(member.source.to_string().into()),
        Value::text(record.data.shared_text().into()),
        text(Some(record.id.as_str())),
        Value::at(member.added),
        check.map_or(Value::None, |check| Value::text(result_text(&check.result).into())),
    ];
    Row { key: member_key(&record.id), order: order_of(&record.id), cells: cells.into() }
}

/// The result of a check in words.
pub(crate) fn result_text(result: &CheckResult) -> String {
    match result {
        CheckResult::Here => "it is here".to_owned(),
        CheckResult::OtherId(Some(id)) => format!("another node is there: {id}"),
        CheckResult::OtherId(None) => "it says no id".to_owned(),
        CheckResult::Offline => "it says that it is going offline".to_owned(),
        CheckResult::Failed(failure) => failure.to_string(),
    }
}

fn order_of(id: &Id) -> Order {
    Order { rank: 0, text: Some(Text::new(id.as_str())) }
}

/// Members and dropped members, by id.
struct Members<'a>(&'a Core);

/// The first possible id from a place on. `None`: the place is behind all members.
fn first_id((order, key): Place<'_>) -> Option<Bound<&str>> {
    if order.rank > 0 {
        return None;
    }
    // The key of each row is the text of its order, but an anchor can be anything.
    Some(match &order.text {
        None => Bound::Unbounded,
        Some(text) if text.untrusted() < key.untrusted() => Bound::Excluded(text.untrusted()),
        Some(text) => Bound::Included(text.untrusted()),
    })
}

impl Members<'_> {
    fn rows<'a>(listed: impl Iterator<Item = Listed<'a>>, count: usize) -> Vec<Row> {
        listed.take(count).map(|listed| row_of(&listed)).collect()
    }
}

impl RowsByPlace for Members<'_> {
    fn rows_from(&self, place: Option<Place<'_>>, count: usize) -> Vec<Row> {
        let start = place.map_or(Some(Bound::Unbounded), first_id);
        start.map_or_else(Vec::new, |start| Self::rows(self.0.listed_from(start), count))
    }

    fn rows_before(&self, place: Option<Place<'_>>, count: usize) -> Vec<Row> {
        let start = place.and_then(first_id);
        Self::rows(self.0.listed_before(start), count)
    }
}
