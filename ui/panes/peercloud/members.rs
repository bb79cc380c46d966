//! The members, as their rows say.

use std::{cmp::Reverse, time::Duration};

use clacks_feed::{Key, Now, Page, Row, Statuses, Value, description::Description};
use clacks_peercloud_feed::description::Status;
use clacks_text::value::PeerNames;

/// Time without a contact from which a member of a small cloud is silent.
const SILENT_AFTER: Duration = Duration::from_secs(30);
/// The same for each member of the cloud, as a multiple of the time between two checks. A member checks one other at random
/// each time, and so does this node, so in a cloud of `n` the time to the next contact with one member is half of that
/// time, `n` times, on average, and in one of a hundred cases longer than 2.3 times that time, `n` times.
const SILENT_FOR_EACH: f64 = 2.3;
/// The time between two checks where it is not known, or this node checks nobody: the usual one of the others.
const USUAL_INTERVAL: Duration = Duration::from_secs(5);

/// Members of the cloud: those that are silent first, then as in their list.
#[derive(Debug, Clone, Default)]
pub(crate) struct Members {
    members: Vec<Member>,
    /// Number of members, also of those that are not among `members`.
    pub(crate) total: u64,
}

/// A member.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) key: Key,
    /// What a member is called: its name with its id, or else its address. It can be hostile.
    pub(crate) label: String,
    pub(crate) statuses: Statuses,
    /// How long the last check took.
    pub(crate) took: Option<Duration>,
    /// What the last check said.
    pub(crate) result: String,
    /// The time since this node checked it.
    pub(crate) checked: Option<Duration>,
    /// The time since it checked this node.
    pub(crate) checked_us: Option<Duration>,
    /// The time since it was last heard, or since it was added.
    pub(crate) unheard: Duration,
    /// Whether it was not heard for so long that it stands out.
    pub(crate) is_silent: bool,
}

impl Members {
    /// Reads the rows of the list `members`. `interval` is the time between two checks of this node, if it checks.
    pub(crate) fn read(description: &Description, page: &Page, now: Now, interval: Option<Duration>) -> Self {
        let silent_after = silent_after(interval.unwrap_or(USUAL_INTERVAL), page.total);
        let columns = description.list(page.list);
        let mut names = PeerNames::default();
        columns.into_iter().for_each(|list| names.learn(list, &page.rows));
        let read = |row: &Row| {
            let cell =
                |name| columns.and_then(|list| list.column(name)).and_then(|column| row.cells.get(column));
            Member::read((&row.key, names.get(&row.key)), cell, now, silent_after)
        };
        let mut members: Vec<Member> = page.rows.iter().map(read).collect();
        // The sort is stable, so the others stay in the order of the list.
        members.sort_by_key(|member| Reverse(member.is_silent.then_some(member.unheard)));
        Self { members, total: page.total }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Member> {
        self.members.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub(crate) fn get(&self, index: usize) -> Option<&Member> {
        self.members.get(index)
    }

    /// Number of silent members.
    pub(crate) fn silent(&self) -> usize {
        self.members.iter().filter(|member| member.is_silent).count()
    }

    pub(crate) fn position(&self, key: Option<&Key>) -> Option<usize> {
        self.members.iter().position(|member| Some(&member.key) == key)
    }

    /// The member that is `by` rows from the selected one.
    pub(crate) fn stepped(&self, selected: Option<&Key>, by: isize) -> Option<&Key> {
        let last = self.members.len().checked_sub(1)?;
        let to = self.position(selected).map_or(0, |at| at.saturating_add_signed(by).min(last));
        self.members.get(to).map(|member| &member.key)
    }

    pub(crate) fn all_text(&self) -> Vec<String> {
        self.members.iter().map(|member| member.label.clone()).collect()
    }
}

/// The time without a contact from which a member of a cloud of so many is silent.
fn silent_after(interval: Duration, members: u64) -> Duration {
    let seconds = interval.as_secs_f64() * SILENT_FOR_EACH * members as f64;
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX).max(SILENT_AFTER)
}

impl Member {
    fn read<'a>(
        (key, name): (&Key, Option<&str>),
        cell: impl Fn(&'static str) -> Option<&'a Value>,
        now: Now,
        silent_after: Duration,
    ) -> Self {
        let text = |name| match cell(name) {
            Some(Value::Text(text, _)) => Some(text.untrusted().to_owned()),
            _ => None,
        };
        let since = |name| match cell(name) {
            Some(Value::At(at)) => {
                let at = Duration::from_millis(u64::try_from(*at).unwrap_or(0));
                Some(now.uptime.saturating_sub(at))
            }
            _ => None,
        };
        let statuses = match cell("status") {
            Some(Value::Status(statuses)) => *statuses,
            _ => Statuses::NONE,
        };
        let took = match cell("check") {
            Some(Value::Took(took)) => Some(*took),
            _ => None,
        };
        let unheard = since("heard").or_else(|| since("added")).unwrap_or_default();
        let is_ignored = statuses.contains(Status::Ignored.into());
        Self {
            key: key.clone(),
            label: name
                .map(str::to_owned)
                .or_else(|| text("address"))
                .unwrap_or_else(|| key.untrusted().to_owned()),
            statuses,
            took,
            result: text("result").unwrap_or_default(),
            checked: since("checked"),
            checked_us: since("checked_us"),
            unheard,
            is_silent: !is_ignored && unheard >= silent_after,
        }
    }

    /// Whether it did not answer the last check.
    pub(crate) fn is_failing(&self) -> bool {
        self.statuses.contains(Status::Failing.into())
    }
}
