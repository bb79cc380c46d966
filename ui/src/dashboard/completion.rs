//! What can stand where the cursor is, for every command from its row of the table alone.
//!
//! [`complete()`] is pure. What only the node or the disk knows is fetched first: [`need()`] says what.

use std::{fmt::Write, net::IpAddr, ops::Range};

use clacks_p2p::core::{Peer, QueuedMessage, Status};

use super::{format, view::preview};
use crate::{
    command::{Argument, COMMANDS, Known, Party, Scope, Spec, spec},
    filter::Type,
};

/// Choices that are offered at once.
pub(crate) const MOST_CHOICES: usize = 64;

/// What there is to choose from, beside the commands themselves.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Candidates<'a> {
    pub(crate) peers: &'a [Peer],
    /// Remote addresses to ignore, or of those that are.
    pub(crate) remotes: &'a [IpAddr],
    /// Messages that wait, and messages that are held.
    pub(crate) messages: &'a [QueuedMessage],
    pub(crate) held: &'a [QueuedMessage],
    /// Names in the directory that is being written, those of directories with a `/` at the end.
    pub(crate) files: &'a [String],
    pub(crate) themes: &'a [&'a str],
}

/// What has to be asked for before a line can be completed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Need {
    /// Peers of this kind that match what is written.
    Peers(Known, String),
    /// Messages whose numbers begin so, and whether only those that are held.
    Messages { begun: String, held_only: bool },
    /// Names in a directory that begin with what is written of them.
    Files { directory: String, begun: String },
}

/// What a line can be completed to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Completion {
    /// The bytes of the line that a choice takes the place of.
    pub(crate) replaces: Range<usize>,
    pub(crate) choices: Vec<Choice>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Choice {
    pub(crate) text: String,
    /// What there is to say of it.
    pub(crate) note: String,
    /// Something has to follow behind a space.
    pub(crate) goes_on: bool,
}

/// The words that a filter begins a term with.
const FIELDS: &[(&str, &str, Values)] = &[
    ("from:", "what came from a peer", Values::Peers),
    ("to:", "what went to a peer", Values::Peers),
    ("peer:", "either, or what is told of it", Values::Peers),
    ("status:", "where the peer has this status", Values::Statuses),
    ("type:", "in, out, message, announce and so on", Values::Types),
    ("size>", "messages of more bytes than this", Values::Unknown),
    ("size<", "messages of fewer bytes than this", Values::Unknown),
    ("re:/", "where a regular expression matches, up to the next /", Values::Unknown),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Values {
    Peers,
    Statuses,
    Types,
    Unknown,
}

/// What is being written at the cursor.
enum Place<'a> {
    Name,
    Argument(&'a Spec),
    /// The name of a field of a filter.
    Field,
    /// What stands behind the name of a field.
    Value(Values),
}

/// What is being written, where it stands, and where it begins to be replaced.
struct Written<'a> {
    place: Place<'a>,
    replaces: Range<usize>,
    /// As far as the cursor.
    typed: &'a str,
}

/// What can stand at the cursor, best first: what begins as written if there is any, else what holds its letters.
/// Empty where the line is no command. The cursor counts bytes; one within a character or behind the end is moved
/// back.
pub(crate) fn complete(line: &str, cursor: usize, candidates: Candidates<'_>) -> Completion {
    let Some(written) = written(line, cursor) else { return Completion::default() };
    let all = choices(&written, candidates);
    let typed = match written.place {
        Place::Argument(Spec {
            argument: Argument::File | Argument::FileOrNothing | Argument::ListOrNothing,
            ..
        }) => split_path(written.typed).1,
        _ => written.typed,
    };
    let skipped = written.typed.len() - typed.len();
    let replaces = written.replaces.start + skipped..written.replaces.end;
    Completion { replaces, choices: fitting(all, typed) }
}

/// What has to be known to complete this line.
pub(crate) fn need(line: &str, cursor: usize) -> Option<Need> {
    let written = written(line, cursor)?;
    match written.place {
        Place::Argument(Spec { argument: Argument::Address(Known::None), .. }) => None,
        Place::Argument(Spec { argument: Argument::Address(known) | Argument::Party(known), .. }) => {
            Some(Need::Peers(*known, written.typed.to_owned()))
        }
        Place::Argument(Spec {
            argument: argument @ (Argument::MessageId | Argument::Drop | Argument::Held | Argument::Edit),
            ..
        }) if !written.typed.contains(char::is_whitespace) => {
            Some(Need::Messages { begun: written.typed.to_owned(), held_only: *argument == Argument::Held })
        }
        Place::Argument(Spec {
            argument: Argument::File | Argument::FileOrNothing | Argument::ListOrNothing,
            ..
        }) => {
            let (directory, begun) = split_path(written.typed);
            Some(Need::Files { directory: directory.to_owned(), begun: begun.to_owned() })
        }
        Place::Value(Values::Peers) => Some(Need::Peers(Known::All, written.typed.to_owned())),
        _ => None,
    }
}

/// The command whose argument is being written, or would be behind a space, and what there is of it so far.
pub(crate) fn argument(line: &str) -> Option<(&'static Spec, Option<&str>)> {
    let (name, end) = name(line)?;
    let spec = spec(&line[name])?;
    let rest = &line[end..];
    Some((spec, rest.starts_with(char::is_whitespace).then(|| rest.trim_start())))
}

impl Completion {
    /// The line with a choice in its place, and where the cursor stands then.
    pub(crate) fn apply(&self, line: &str, choice: &Choice) -> (String, usize) {
        let (before, behind) = (&line[..self.replaces.start], &line[self.replaces.end..]);
        let space = if choice.goes_on && !behind.starts_with(' ') { " " } else { "" };
        let begun = format!("{before}{}{space}", choice.text);
        let cursor = begun.len() + usize::from(choice.goes_on && space.is_empty());
        (begun + behind, cursor)
    }

    /// What all choices begin with, if that is longer than what is written and begins with it.
    pub(crate) fn common(&self, line: &str, cursor: usize) -> Option<&str> {
        let typed = line.get(self.replaces.start..cursor)?;
        let (first, others) = self.choices.split_first()?;
        let ends = |at: &usize| {
            let begun = first.text.get(..*at);
            begun.is_some_and(|begun| others.iter().all(|other| other.text.starts_with(begun)))
        };
        let common = &first.text[..(0..=first.text.len()).rev().find(ends)?];
        (common.len() > typed.len() && begins(common, typed)).then_some(common)
    }
}

// === What is being written ===

/// Where the name of the command stands, and where it ends; `None` for a message.
fn name(line: &str) -> Option<(Range<usize>, usize)> {
    let rest = line.strip_prefix(':').filter(|rest| !rest.starts_with(':'))?;
    let start = line.len() - rest.trim_start().len();
    let end = line[start..].find(char::is_whitespace).map_or(line.len(), |length| start + length);
    Some((start..end, end))
}

fn written(line: &str, cursor: usize) -> Option<Written<'_>> {
    let cursor = (0..=cursor.min(line.len())).rev().find(|at| line.is_char_boundary(*at))?;
    let (name, end) = name(line)?;
    if cursor < name.start {
        return None;
    }
    if cursor <= end {
        return Some(Written { place: Place::Name, typed: &line[name.start..cursor], replaces: name });
    }
    let spec = spec(&line[name])?;
    let start = line.len() - line[end..].trim_start().len();
    let start = start.min(cursor);
    let has_number = spec.argument == Argument::Station && line[start..cursor].contains(char::is_whitespace);
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_filter = spec.argument == Argument::Filter
        || spec.argument == Argument::Drop && !is_number(&line[start..cursor]);
    if is_filter || has_number {
        return Some(written_filter(line, start, cursor));
    }
    let end = start + line[start..].trim_end().len();
    let typed = &line[start..cursor];
    Some(Written { place: Place::Argument(spec), replaces: start..end.max(cursor), typed })
}

/// The term of a filter at the cursor.
fn written_filter(line: &str, start: usize, cursor: usize) -> Written<'_> {
    let parts = |c: char| c.is_whitespace() || matches!(c, '!' | '(' | ')' | '|');
    let start = line[start..cursor].trim_end_matches(|c| !parts(c)).len() + start;
    let end = line[cursor..].find(parts).map_or(line.len(), |length| cursor + length);
    let typed = &line[start..cursor];
    let field = FIELDS.iter().find(|(field, ..)| begins(typed, field));
    match field {
        Some((field, _, values)) => {
            let value = start + field.len();
            Written {
                place: Place::Value(*values),
                replaces: value..end.max(cursor),
                typed: &line[value..cursor],
            }
        }
        None => Written { place: Place::Field, replaces: start..end, typed },
    }
}

/// The directory of a path, with the `/`, and the name in it.
fn split_path(path: &str) -> (&str, &str) {
    path.split_at(path.rfind('/').map_or(0, |slash| slash + 1))
}

// === What could stand there ===

fn choices(written: &Written<'_>, candidates: Candidates<'_>) -> Vec<Choice> {
    match written.place {
        // Those for keys do to the line itself what a key does.
        Place::Name => COMMANDS.iter().filter(|spec| spec.scope != Scope::Key).map(command).collect(),
        Place::Argument(spec) => match spec.argument {
            Argument::Nothing | Argument::Json | Argument::Rate | Argument::Filter | Argument::Line => {
                Vec::new()
            }
            Argument::Address(known) => {
                let wanted = candidates.peers.iter().filter(|peer| known.is_for(peer.status));
                wanted.map(peer).collect()
            }
            Argument::Party(known) => {
                let wanted = candidates.peers.iter().filter(|peer| known.is_for(peer.status));
                wanted.map(peer).chain(candidates.remotes.iter().map(remote)).collect()
            }
            // Its new text is the user's.
            Argument::Edit if written.typed.contains(char::is_whitespace) => Vec::new(),
            Argument::MessageId | Argument::Edit => {
                candidates.messages.iter().map(message).chain(candidates.held.iter().map(held)).collect()
            }
            Argument::Drop => {
                let messages =
                    candidates.messages.iter().map(message).chain(candidates.held.iter().map(held));
                messages.chain([choice("all", "all that wait or are held")]).collect()
            }
            Argument::Held => {
                let all = choice("all", "all that are held");
                candidates.held.iter().map(message).chain([all]).collect()
            }
            Argument::File | Argument::FileOrNothing | Argument::ListOrNothing => {
                candidates.files.iter().map(|name| choice(name, "")).collect()
            }
            Argument::Theme => candidates.themes.iter().map(|name| choice(name, "")).collect(),
            Argument::Station => (1..=9).map(station).collect(),
            Argument::Choice(_, words) => words.iter().map(|word| choice(word, "")).collect(),
        },
        Place::Field => FIELDS.iter().map(|(field, does, _)| choice(field, does)).collect(),
        Place::Value(Values::Peers) => candidates.peers.iter().map(peer).collect(),
        Place::Value(Values::Statuses) => {
            Status::ALL.iter().map(|status| choice(status.name(), "")).collect()
        }
        Place::Value(Values::Types) => Type::ALL.iter().map(|kind| choice(kind.name(), "")).collect(),
        Place::Value(Values::Unknown) => Vec::new(),
    }
}

fn choice(text: &str, note: &str) -> Choice {
    Choice { text: text.to_owned(), note: note.to_owned(), goes_on: false }
}

fn command(spec: &Spec) -> Choice {
    let note = match spec.argument {
        Argument::Nothing => spec.does.to_owned(),
        argument => format!("{argument}: {}", spec.does),
    };
    Choice { text: spec.name.to_owned(), note, goes_on: spec.argument != Argument::Nothing }
}

fn peer(peer: &Peer) -> Choice {
    choice(&peer.address.to_string(), &format::status(peer))
}

fn remote(remote: &IpAddr) -> Choice {
    choice(&Party::Remote(*remote).to_string(), "connections from there")
}

fn station(number: u8) -> Choice {
    choice(&number.to_string(), "")
}

fn message(queued: &QueuedMessage) -> Choice {
    choice(&queued.id.to_string(), &preview(&queued.message))
}

fn held(queued: &QueuedMessage) -> Choice {
    choice(&queued.id.to_string(), &format!("held: {}", preview(&queued.message)))
}

impl Known {
    /// Whether a peer of this status is worth offering.
    pub(crate) fn is_for(self, status: Status) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Ignored => status == Status::Ignored,
            Self::NotIgnored => status != Status::Ignored,
        }
    }
}

// === What matches ===

/// The choices that begin with what is typed, if there are any; otherwise those that hold its letters in this order.
fn fitting(all: Vec<Choice>, typed: &str) -> Vec<Choice> {
    let (begun, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|choice| begins(&choice.text, typed));
    let mut fitting = if begun.is_empty() {
        let mut ranked: Vec<_> =
            others.into_iter().filter_map(|choice| Some((spread(&choice.text, typed)?, choice))).collect();
        ranked.sort_by_key(|(spread, _)| *spread);
        ranked.into_iter().map(|(_, choice)| choice).collect()
    } else {
        begun
    };
    fitting.truncate(MOST_CHOICES);
    fitting
}

/// Whether a text begins so, in any case of letters.
pub(crate) fn begins(text: &str, begun: &str) -> bool {
    let mut letters = text.chars();
    begun.chars().all(|wanted| letters.next().is_some_and(|letter| letter.eq_ignore_ascii_case(&wanted)))
}

/// Over how many characters the letters of `typed` are spread in a text that holds them in this order: from the first
/// that fits to the last.
pub(crate) fn spread(text: &str, typed: &str) -> Option<usize> {
    let mut letters = text.chars().enumerate();
    let mut found = typed
        .chars()
        .map(|wanted| letters.find(|(_, letter)| letter.eq_ignore_ascii_case(&wanted)).map(|(at, _)| at));
    let Some(first) = found.next() else { return Some(0) };
    let first = first?;
    found.try_fold(first, |_, at| at).map(|last| last - first)
}

/// Tells which peers match what is typed, without an allocation for each.
#[derive(Debug, Default)]
pub(crate) struct PeerMatcher {
    address: String,
}

impl PeerMatcher {
    pub(crate) fn begins(&mut self, peer: &Peer, typed: &str) -> bool {
        begins(self.written(peer), typed)
    }

    pub(crate) fn holds(&mut self, peer: &Peer, typed: &str) -> bool {
        spread(self.written(peer), typed).is_some()
    }

    fn written(&mut self, peer: &Peer) -> &str {
        self.address.clear();
        // Writing to a string can't fail.
        let _ = write!(self.address, "{}", peer.address);
        &self.address
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clacks_p2p::{Message, core::Now};
    use proptest::prelude::*;

    use super::*;

    fn peers() -> Vec<Peer> {
        let peer = |address: &str, status| {
            let now = Now { uptime: Duration::ZERO, unix_ms: 0 };
            Peer { answers: status == Status::Alive, ..Peer::new(address.parse().unwrap(), status, now) }
        };
        vec![
            peer("tower-3:8443", Status::Alive),
            peer("tower-9.example.org:8080", Status::New),
            peer("grand-trunk.example.org:443", Status::Alive),
            peer("rude-tower:8081", Status::Ignored),
        ]
    }

    fn messages() -> Vec<QueuedMessage> {
        let queued = |id: &str, text| QueuedMessage {
            id: id.parse().unwrap(),
            message: Message::text(text),
            since_ms: 0,
            visits: 1,
            from: None,
            place: None,
        };
        vec![queued("11", "GNU Terry Pratchett"), queued("12", "lamp oil"), queued("20", "clacks")]
    }

    fn held() -> Vec<QueuedMessage> {
        vec![QueuedMessage { id: "13".parse().unwrap(), ..messages().remove(0) }]
    }

    /// What is found with the cursor where the `|` is, or at the end; and the line without it.
    fn completed(line: &str) -> (String, Completion) {
        let cursor = line.find('|').unwrap_or(line.len());
        let (peers, messages) = (peers(), messages());
        let files = ["notes/".to_owned(), "notes.jsonl".to_owned()];
        let candidates = Candidates {
            peers: &peers,
            messages: &messages,
            held: &held(),
            files: &files,
            ..Candidates::default()
        };
        let line = line.replacen('|', "", 1);
        let completion = complete(&line, cursor, candidates);
        (line, completion)
    }

    /// What is offered.
    fn offered(line: &str) -> Vec<String> {
        completed(line).1.choices.into_iter().map(|choice| choice.text).collect()
    }

    /// The line after the first choice was taken.
    fn taken(line: &str) -> String {
        let (line, completion) = completed(line);
        let (mut line, cursor) = completion.apply(&line, &completion.choices[0]);
        line.insert(cursor, '|');
        line
    }

    #[test]
    fn commands_are_completed_by_their_beginning() {
        assert_eq!(offered(":uni"), ["unignore"]);
        assert_eq!(offered(":q"), ["queue", "quit", "quit!"]);
        assert!(offered(":").contains(&"announce".to_owned()) && !offered(":").contains(&"say".to_owned()));
        assert_eq!(offered(":FIL"), ["filter"]);
        assert_eq!(
            offered(":anc"),
            ["announce"],
            "no command begins so, but one has the letters in this order"
        );
        for message in ["", "hello :ig", "::ig", ":nonsense x"] {
            assert_eq!(offered(message), [""; 0], "{message:?}");
        }
    }

    #[test]
    fn every_argument_is_completed_by_what_it_is() {
        assert_eq!(offered(":ignore tow"), ["tower-3:8443", "tower-9.example.org:8080"]);
        assert_eq!(offered(":announce "), offered(":ignore "));
        assert_eq!(offered(":unignore "), ["rude-tower:8081"], "nobody else can be unignored");
        assert_eq!(offered(":forget ").len(), 4);
        assert_eq!(offered(":ignore trunk"), ["grand-trunk.example.org:443"]);
        assert_eq!(offered(":ignore t9org"), ["tower-9.example.org:8080"]);
        assert_eq!(offered(":add "), [""; 0], "whoever is known need not be added");
        assert_eq!(offered(":drop 1"), ["11", "12", "13"], "waiting or held");
        assert_eq!(offered(":edit 1"), offered(":drop 1"));
        assert_eq!(offered(":release "), ["13", "all"]);
        assert_eq!(offered(":quit "), [""; 0]);
    }

    #[test]
    fn a_filter_is_completed_term_by_term() {
        assert_eq!(offered(":filter fr"), ["from:"]);
        assert_eq!(offered(":filter gnu !st"), ["status:"]);
        assert_eq!(offered(":filter gnu |status:"), offered(":filter "), "at the start of a term");
        assert_eq!(offered(":filter status:l"), ["lost"]);
        assert_eq!(offered(":filter (type:a"), ["announce"]);
        assert_eq!(offered(":filter from:rude"), ["rude-tower:8081"]);
        assert_eq!(offered(":filter size>"), [""; 0]);
        assert_eq!(offered(":station 3 status:al"), ["alive"]);
        assert_eq!(offered(":station ").len(), 9);
    }

    #[test]
    fn a_choice_takes_the_place_of_what_it_completes() {
        assert_eq!(taken(":ann"), ":announce |");
        assert_eq!(taken(":ann| tower:1"), ":announce |tower:1");
        assert_eq!(taken(":an|nx tower:1"), ":announce |tower:1");
        assert_eq!(taken(":qui"), ":quit|");
        assert_eq!(taken(":ignore tower-3|:1  "), ":ignore tower-3:8443|  ");
        assert_eq!(taken(":filter a status:lo| b"), ":filter a status:lost| b");
    }

    #[test]
    fn what_choices_have_in_common_is_known_by_the_character() {
        let completion = |texts: &[&str]| Completion {
            replaces: 0..0,
            choices: texts.iter().map(|text| choice(text, "")).collect(),
        };
        assert_eq!(completion(&["tower-3", "tower-9"]).common("", 0), Some("tower-"));
        assert_eq!(completion(&["t\u{fc}r", "t\u{f6}r"]).common("", 0), Some("t"));
        assert_eq!(completion(&["tower", "grand"]).common("", 0), None);
        assert_eq!(completion(&["tower-3"]).common("tower-3", 7), None);
        assert_eq!(completion(&["grand-trunk"]).common("trunk", 5), None);
        assert_eq!(completion(&[]).common("", 0), None);
    }

    #[test]
    fn what_has_to_be_fetched_is_told() {
        let need_at_end = |line: &str| need(line, line.len());
        assert_eq!(need_at_end(":ignore tow"), Some(Need::Peers(Known::NotIgnored, "tow".to_owned())));
        assert_eq!(need_at_end(":filter a to:b"), Some(Need::Peers(Known::All, "b".to_owned())));
        let messages = |held_only| Some(Need::Messages { begun: "1".to_owned(), held_only });
        assert_eq!((need_at_end(":drop 1"), need_at_end(":release 1")), (messages(false), messages(true)));
        for line in [":add tow", ":ign", ":edit 1 x", "tower", "::ignore tow"] {
            assert_eq!(need_at_end(line), None, "{line:?}");
        }
        assert_eq!(split_path("~/notes/ja"), ("~/notes/", "ja"));
        assert_eq!(split_path("ja"), ("", "ja"));
    }

    proptest! {
        #[test]
        fn no_line_and_cursor_is_too_much(line in "(?s):?(filter |ignore |drop )?.*", cursor in 0..40usize) {
            let (peers, messages) = (peers(), messages());
            let files = ["\u{1f5fc}/".to_owned()];
            let candidates =
            Candidates { peers: &peers, messages: &messages, held: &held(), files: &files, ..Candidates::default() };
            let completion = complete(&line, cursor, candidates);
            for choice in &completion.choices {
                let (line, cursor) = completion.apply(&line, choice);
                prop_assert!(line.is_char_boundary(cursor), "{line:?} at {cursor}");
            }
            let _ = (completion.common(&line, cursor), need(&line, cursor), argument(&line));
        }
    }
}
