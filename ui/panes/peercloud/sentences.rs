//! Who checks whom, in sentences.

use std::time::Duration;

use clacks_panes::PaneLook;
use clacks_text::format;

use crate::{
    checks::marks_of,
    members::{Member, Members},
    timeline::Timeline,
};

/// Maximum sentences about members, and about joins and leaves.
pub(crate) const MOST: usize = 30;

/// The number of members, each member, and those that were found gone.
pub(crate) fn of_checks(members: &Members, timeline: &Timeline, look: &PaneLook<'_>) -> Vec<String> {
    let silent = match members.silent() {
        0 => String::new(),
        silent => format!(", {} silent", format::count(silent)),
    };
    let count = match members.total {
        0 => "There is no other member".to_owned(),
        1 => "1 member".to_owned(),
        total => format!("{} members", format::grouped(total)),
    };
    let member = |member: &Member| of_member(member, look);
    let more = members.len().saturating_sub(MOST);
    let gone = timeline.found_gone().map(|found| {
        let age = format::age(look.now.uptime.saturating_sub(found.now.uptime));
        format!("{} was found gone by {} {age} ago", found.gone, found.by)
    });
    [format!("{count}{silent}")]
        .into_iter()
        .chain(members.iter().take(MOST).map(member))
        .chain((more > 0).then(|| format!("And {} more members", format::count(more))))
        .chain(gone)
        .collect()
}

/// `tower 47db: here, checked 3 s ago in 4.1 ms, it checked this node 12 s ago`.
fn of_member(member: &Member, look: &PaneLook<'_>) -> String {
    let status = member.statuses.main().and_then(|status| look.description.status(status));
    let ago = |age: Duration| format!("{} ago", format::age(age));
    let took = member.took.filter(|_| !member.is_failing());
    let took = took.map(|took| format!(" in {}", format::round_trip(took))).unwrap_or_default();
    let failure = if member.is_failing() { format!(": {}", member.result) } else { String::new() };
    let checked = match member.checked {
        Some(age) => format!("checked {}{took}{failure}", ago(age)),
        None => "never checked".to_owned(),
    };
    let checked_us = match member.checked_us {
        Some(age) => format!("it checked this node {}", ago(age)),
        None => "it never checked this node".to_owned(),
    };
    let silent = member.is_silent.then(|| format!("silent for {}", format::age(member.unheard)));
    let status = status.map(|status| status.name.as_str().replace('-', " "));
    let marks = marks_of(look.description, member);
    let parts: Vec<_> = status.into_iter().chain(marks).chain([checked, checked_us]).chain(silent).collect();
    format!("{}: {}", member.label, parts.join(", "))
}
