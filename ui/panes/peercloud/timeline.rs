//! Who joined and left, when, and why.

use std::collections::VecDeque;

use clacks_feed::{Key, Now, description::Tone};
use clacks_panes::Context;
use clacks_peercloud::{
    Id,
    core::{Event, Removal, Source},
    protocol::Record,
};
use clacks_text::{
    fit::{clock, entry},
    format,
    value::PeerNames,
};
use jiff::tz::TimeZone;
use ratatui::{style::Style, text::Line};

use crate::sentences::MOST;

/// Maximum entries. The oldest is forgotten for another.
const MAX_ENTRIES: usize = 512;
/// Maximum members found gone that the picture of checks names.
const MAX_FOUND_GONE: usize = 8;
/// Columns of the time.
const TIME_COLUMNS: usize = 10;

/// The last 512 joins and leaves, newest last.
#[derive(Debug, Clone, Default)]
pub(crate) struct Timeline {
    entries: VecDeque<Entry>,
    /// The last members that somebody found gone, newest last.
    found_gone: VecDeque<FoundGone>,
    names: PeerNames,
    joined: u64,
    left: u64,
}

/// One entry.
#[derive(Debug, Clone)]
struct Entry {
    now: Now,
    /// Whom it is about. It can be hostile.
    who: String,
    what: String,
    tone: Tone,
}

/// A member that another one found gone.
#[derive(Debug, Clone)]
pub(crate) struct FoundGone {
    pub(crate) now: Now,
    pub(crate) gone: String,
    pub(crate) by: String,
}

impl Timeline {
    /// Records an event. Ignores events that are not about joining and leaving.
    pub(crate) fn record(&mut self, event: &Event, now: Now) {
        match event {
            Event::MemberAdded { member, source } => {
                self.joined += 1;
                self.know(member);
                let what = self.added(source);
                self.push(now, self.label(member), what, Tone::New);
            }
            Event::MemberUpdated { member } => self.know(member),
            // This node left them, which is one entry of this node.
            Event::MemberRemoved { reason: Removal::Left | Removal::Repair, .. } => {}
            Event::MemberRemoved { member, reason } => {
                self.left += 1;
                self.know(member);
                let (what, tone) = self.removed(member, reason, now);
                self.push(now, self.label(member), what, tone);
            }
            Event::DoesNotKnowUs { member } => {
                self.know(member);
                self.push(now, self.label(member), "does not know this node".to_owned(), Tone::Doubtful);
            }
            event => {
                if let Some((what, tone)) = of_this_node(event) {
                    self.push(now, "this node".to_owned(), what, tone);
                }
            }
        }
    }

    pub(crate) fn lagged(&mut self, missed: u64) {
        if let Some(last) = self.entries.back() {
            let what = format!("{missed} events were missed here");
            self.push(last.now, "this screen".to_owned(), what, Tone::Doubtful);
        }
    }

    /// The members that somebody found gone, newest first.
    pub(crate) fn found_gone(&self) -> impl Iterator<Item = &FoundGone> {
        self.found_gone.iter().rev()
    }

    fn know(&mut self, member: &Record) {
        let name = member.name();
        self.names.learn_name(&key(&member.id), name.as_deref().unwrap_or_default());
    }

    /// The name of a member with its id, or else its id.
    fn name_of(&self, id: &Id) -> String {
        self.names.get(&key(id)).unwrap_or(id.as_str()).to_owned()
    }

    /// What a member is called: its name with its id, or else its address, which has no space.
    fn label(&self, member: &Record) -> String {
        self.names.get(&key(&member.id)).map_or_else(|| member.address.to_string(), str::to_owned)
    }

    fn added(&self, source: &Source) -> String {
        match source {
            Source::LetIn => "joined; we let it in".to_owned(),
            Source::Via => "let us in".to_owned(),
            Source::Answer(by) => format!("was there; in the list of {}", self.name_of(by)),
            Source::Told(by) => format!("joined; {} let it in", self.name_of(by)),
            Source::Disputed(by) => {
                format!("is back: it answers, although {} found it gone", self.name_of(by))
            }
        }
    }

    fn removed(&mut self, member: &Record, reason: &Removal, now: Now) -> (String, Tone) {
        let what = match reason {
            Removal::SaidGoodbye => return ("left; said goodbye".to_owned(), Tone::Plain),
            Removal::Dropped => return ("ignored by the user".to_owned(), Tone::Off),
            Removal::FoundGoneBy(by) => {
                let by = self.name_of(by);
                self.found_gone.push_back(FoundGone { now, gone: self.label(member), by: by.clone() });
                if self.found_gone.len() > MAX_FOUND_GONE {
                    self.found_gone.pop_front();
                }
                format!("gone; {by} found it gone")
            }
            reason => format!("gone; {reason}"),
        };
        (what, Tone::Bad)
    }

    fn push(&mut self, now: Now, who: String, what: String, tone: Tone) {
        self.entries.push_back(Entry { now, who, what, tone });
        if self.entries.len() > MAX_ENTRIES {
            self.entries.pop_front();
        }
    }

    /// The entries, newest first, wrapped to a width in columns.
    pub(crate) fn lines(&self, context: &Context<'_>, columns: usize) -> Vec<Line<'static>> {
        let theme = context.theme;
        if self.entries.is_empty() {
            return vec![Line::styled("nobody joined or left since this screen began", theme.quiet)];
        }
        let lines = self.entries.iter().rev().flat_map(|of| {
            let time = clock(of.now.unix_ms, context.zone);
            let style = match of.tone {
                Tone::Plain | Tone::Off => theme.quiet,
                tone => Style::new().patch(theme.status_tone(tone)),
            };
            let value = format!("{}  {}", of.who, of.what);
            entry(style, TIME_COLUMNS, &time, &value, columns, theme.charset)
        });
        lines.collect()
    }

    /// The counts and the latest entries as sentences, newest first.
    pub(crate) fn sentences(&self, zone: &TimeZone) -> Vec<String> {
        let said = self
            .entries
            .iter()
            .rev()
            .take(MOST)
            .map(|of| format!("At {}, {}: {}", clock(of.now.unix_ms, zone), of.who, of.what));
        let more = self.entries.len().saturating_sub(MOST);
        [self.title_note()]
            .into_iter()
            .chain(said)
            .chain((more > 0).then(|| format!("And {} before", format::count(more))))
            .collect()
    }

    pub(crate) fn title_note(&self) -> String {
        let count = |count: u64| format::grouped(count);
        format!("{} joined, {} left", count(self.joined), count(self.left))
    }
}

fn key(id: &Id) -> Key {
    id.as_str().into()
}

fn of_this_node(event: &Event) -> Option<(String, Tone)> {
    Some(match event {
        Event::Joined { via, members, .. } => (format!("let in by {via}; {}", count(*members)), Tone::Good),
        Event::Alone { failure: None } => ("in no cloud".to_owned(), Tone::Doubtful),
        Event::Alone { failure: Some(failure) } => {
            (format!("in no cloud: nobody let it in; the last reason: {failure}"), Tone::Doubtful)
        }
        Event::Left { members } => (format!("left the cloud of {}", count(*members)), Tone::Plain),
        Event::Repairing { unknown_to } => {
            (format!("repairs: {} do not know it, so it joins again", count(*unknown_to)), Tone::Doubtful)
        }
        Event::Repaired { via, members } => {
            (format!("repaired: let in again by {via}; {}", count(*members)), Tone::Good)
        }
        _ => return None,
    })
}

fn count(members: usize) -> String {
    if members == 1 { "1 member".to_owned() } else { format!("{} members", format::count(members)) }
}
