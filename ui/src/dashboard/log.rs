//! The traffic log: what happened, row by row, bounded in number and in bytes.

use std::{borrow::Cow, collections::VecDeque, net::IpAddr};

use clacks_p2p::{
    Address, DEFAULT_MAX_DEPTH, Message,
    core::{Event, Failure, HeldBy, HeldMessage, Introduction, Origin, Peer, QueuedMessage, Refusal, Status},
    node::CertificateFingerprint,
};

use crate::{
    command::Party,
    filter::{Filter, Subject, Type},
    glyphs::glyphs,
};

/// Rows kept at most.
const MAX_ROWS: usize = 10_000;
/// Bytes of messages kept alive by rows at most. Messages are shared, so this counts some twice.
const MAX_BYTES: usize = 16 << 20;

/// How far back remote addresses that were refused are looked for, and how many of them are told at most.
const LOOKED_BACK: usize = 1000;
const MAX_REMOTES: usize = 9;

/// Which way something went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    In,
    Out,
    /// Typed here.
    Own,
    /// Nothing travelled: a status changed, a peer became known.
    Note,
}

impl Direction {
    /// The word for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
            Self::Own => "own",
            Self::Note => "peer",
        }
    }
}

/// How something went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Good,
    Bad,
    Plain,
}

/// One row. What it shows of a peer's writing goes through [`crate::untrusted`] when it is drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// Counts up; names the row for selection.
    pub(crate) number: u64,
    pub(crate) unix_ms: u64,
    pub(crate) direction: Direction,
    /// What a filter takes it for.
    pub(crate) types: &'static [Type],
    pub(crate) peer: Option<Address>,
    /// The status of the peer at that time, where it was known.
    pub(crate) status: Option<Status>,
    /// The remote address that it came from, where it is known; of a message that is here already its place.
    pub(crate) remote: Option<IpAddr>,
    pub(crate) message: Option<Message>,
    /// What happened, where there is no message to show.
    pub(crate) what: String,
    pub(crate) outcome: String,
    pub(crate) mood: Mood,
}

/// The rows, and which of them the filter lets through.
#[derive(Debug, Default)]
pub(crate) struct Log {
    rows: VecDeque<Row>,
    /// Numbers of the rows that are shown, in order.
    shown: VecDeque<u64>,
    next_number: u64,
    bytes: usize,
    filter: Option<Filter>,
    /// Events that the node did not wait for us to take.
    pub(crate) missed: u64,
}

impl Log {
    /// Notes an event, and returns whether it makes a row. Those that say what another says already make none.
    pub(crate) fn note(&mut self, event: &Event, unix_ms: u64) -> bool {
        if let Event::Lagged(missed) = event {
            self.missed = self.missed.saturating_add(*missed);
        }
        if let Event::MessageHeld { held, origin: Some(Origin::Received(_)) } = event {
            self.amend_last(&held.queued.message, "held");
        }
        let row = row(event);
        let is_row = row.is_some();
        row.into_iter().for_each(|row| self.push(Row { unix_ms, ..row }));
        is_row
    }

    /// Adds a row for something that is no event of the node.
    pub(crate) fn note_text(&mut self, text: String, unix_ms: u64) {
        self.push(Row { unix_ms, ..note(None).saying(text) });
    }

    /// The row that came last, shown or not.
    pub(crate) fn newest(&self) -> Option<&Row> {
        self.rows.back()
    }

    /// Puts another outcome into the row that was just pushed, if it is about this message.
    fn amend_last(&mut self, message: &Message, outcome: &str) {
        if !self.rows.back().is_some_and(|row| row.message.as_ref() == Some(message)) {
            return;
        }
        let Some(last) = self.rows.pop_back() else { return };
        self.bytes -= size(&last);
        if self.shown.back() == Some(&last.number) {
            self.shown.pop_back();
        }
        self.next_number = last.number;
        self.push(last.ended(outcome, Mood::Plain));
    }

    /// Where what was refused of late came from, the last first, each once.
    pub(crate) fn refused_remotes(&self) -> Vec<IpAddr> {
        let mut remotes = Vec::new();
        let refused =
            self.rows.iter().rev().take(LOOKED_BACK).filter(|row| row.types.contains(&Type::Refused));
        for remote in refused.filter_map(|row| row.remote) {
            let remote = remote.to_canonical();
            if remotes.len() < MAX_REMOTES && !remotes.contains(&remote) {
                remotes.push(remote);
            }
        }
        remotes
    }

    /// The number of the row that comes next.
    pub(crate) fn next_number(&self) -> u64 {
        self.next_number
    }

    fn push(&mut self, mut row: Row) {
        row.number = self.next_number;
        self.next_number += 1;
        self.bytes += size(&row);
        if self.filter.as_ref().is_none_or(|filter| filter.admits(&row.subject())) {
            self.shown.push_back(row.number);
        }
        self.rows.push_back(row);
        while self.rows.len() > MAX_ROWS || self.bytes > MAX_BYTES {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        let Some(oldest) = self.rows.pop_front() else { return };
        self.bytes -= size(&oldest);
        if self.shown.front() == Some(&oldest.number) {
            self.shown.pop_front();
        }
    }

    /// What the shown rows have in common, if not all are shown.
    pub(crate) fn filter(&self) -> Option<&Filter> {
        self.filter.as_ref()
    }

    /// Forgets every row; the filter stays.
    pub(crate) fn clear(&mut self) {
        *self = Self { filter: self.filter.take(), ..Self::default() };
    }

    /// Shows only the rows that the filter admits; all of them without one.
    pub(crate) fn set_filter(&mut self, filter: Option<Filter>) {
        self.filter = filter;
        let filter = &self.filter;
        let admits = |row: &&Row| filter.as_ref().is_none_or(|filter| filter.admits(&row.subject()));
        let admitted = self.rows.iter().filter(admits);
        self.shown = admitted.map(|row| row.number).collect();
    }

    /// How many rows are shown, were there room.
    pub(crate) fn len(&self) -> usize {
        self.shown.len()
    }

    /// How many rows there are, shown or not.
    pub(crate) fn total(&self) -> usize {
        self.rows.len()
    }

    /// The rows that are shown, oldest first.
    pub(crate) fn shown(&self) -> impl Iterator<Item = &Row> {
        self.shown.iter().filter_map(|number| self.row(*number))
    }

    /// The row at a position among those that are shown.
    pub(crate) fn at(&self, position: usize) -> Option<&Row> {
        self.shown.get(position).and_then(|number| self.row(*number))
    }

    /// The position of a row among those that are shown; of the next one if it is gone or hidden.
    pub(crate) fn position(&self, number: u64) -> usize {
        self.shown.partition_point(|shown| *shown < number)
    }

    pub(crate) fn row(&self, number: u64) -> Option<&Row> {
        let oldest = self.rows.front()?.number;
        self.rows.get(usize::try_from(number.checked_sub(oldest)?).ok()?)
    }
}

fn size(row: &Row) -> usize {
    row.message.as_ref().map_or(0, Message::size) + row.what.len() + row.outcome.len()
}

fn row(event: &Event) -> Option<Row> {
    match event {
        Event::MessageReceived { peer, message, id, visits, remote } => {
            Some(received(peer, message, id.is_some(), *visits).at(*remote))
        }
        Event::MessageQueued { message, origin: Origin::Local, .. } => {
            Some(own(message).ended("queued", Mood::Plain))
        }
        Event::MessageQueued { message, origin: Origin::TakenBack(from), place, .. } => {
            Some(own_or_from(from.as_ref(), message).at(*place).ended("taken back", Mood::Plain))
        }
        Event::MessageDelivered { peer, message, round_trip, .. } => {
            let outcome = format!("200 {}", super::format::round_trip(*round_trip));
            Some(sent(peer, message).ended(&outcome, Mood::Good))
        }
        Event::DeliveryFailed { peer, message, failure, .. } => {
            let row = sent(peer, message);
            Some(
                match failure {
                    Failure::NotContacted(_) => {
                        row.of(&[Type::Out, Type::Message, Type::Failed, Type::Refused])
                    }
                    _ => row.of(&[Type::Out, Type::Message, Type::Failed]),
                }
                .failed(failure),
            )
        }
        Event::MessageDropped { message, from, .. } => {
            let types: &[_] = match from {
                None => &[Type::Own, Type::Message, Type::Dropped],
                Some(_) => &[Type::Note, Type::Message, Type::Dropped],
            };
            Some(own_or_from(from.as_ref(), message).of(types).ended("dropped", Mood::Bad))
        }
        Event::MessageHeld { held, origin } => held_row(held, origin.as_ref()),
        Event::MessageReleased { queued, .. } => Some(of_queued(queued).ended("released", Mood::Plain)),
        Event::MessageChanged { queued, .. } => Some(of_queued(queued).ended("changed", Mood::Plain)),
        Event::HoldRuleChanged { rule: Some(rule) } => {
            Some(note(None).saying(format!("held from now on: {rule}")))
        }
        Event::HoldRuleChanged { rule: None } => Some(note(None).saying("nothing more is held by a rule")),
        Event::Refused(refusal) => Some(refused(refusal)),
        Event::Lagged(missed) => Some(note(None).saying(format!("{missed} events were missed"))),
        peer_event => peer_row(peer_event),
    }
}

fn peer_row(event: &Event) -> Option<Row> {
    let row = match event {
        Event::PeerDiscovered { peer, introduction, remote } => {
            let row = note_about(peer).at(*remote).saying(introduced(introduction));
            row.ended(&super::format::status(peer), Mood::Plain)
        }
        Event::PeerUpdated { peer, from } => {
            note_about(peer).saying(format!("{from} {} {}", glyphs().becomes, super::format::status(peer)))
        }
        Event::ClaimConfirmed { peer } => {
            let row = note_about(peer).saying("answered us at its address");
            row.ended(&super::format::status(peer), Mood::Good)
        }
        Event::PeerForgotten { peer } => note_about(peer).saying("forgotten"),
        Event::AnnounceReceived { peer, remote } => {
            let row = about(Direction::In, &peer.address).with_status(peer).at(*remote);
            row.of(&[Type::In, Type::Announce]).saying("announce").ended("200", Mood::Plain)
        }
        Event::Announced { peer, round_trip } => {
            let outcome = format!("200 {}", super::format::round_trip(*round_trip));
            about(Direction::Out, peer)
                .of(&[Type::Out, Type::Announce])
                .saying("announce")
                .ended(&outcome, Mood::Good)
        }
        Event::AnnounceFailed { peer, failure } => {
            let row = about(Direction::Out, peer).of(&[Type::Out, Type::Announce, Type::Failed]);
            row.saying("announce").failed(failure)
        }
        Event::RemoteIgnored { remote } => note_of_remote(*remote, "ignored"),
        Event::RemoteUnignored { remote } => note_of_remote(*remote, "unignored"),
        Event::FoundOurselves { address } => note(Some(address)).saying("is this node itself"),
        _ => return None,
    };
    Some(row)
}

/// Of what the rule finds in the queue or holds as it comes back there is no row: it can be all of the queue, and the row
/// of the failed delivery is there.
fn held_row(held: &HeldMessage, origin: Option<&Origin>) -> Option<Row> {
    let is_asked_for =
        held.by == HeldBy::Hand || matches!(origin, Some(Origin::Local | Origin::TakenBack(_)));
    if held.by == HeldBy::Refused && matches!(origin, Some(Origin::Returned(_))) {
        return Some(of_queued(&held.queued).ended("set aside", Mood::Bad));
    }
    is_asked_for.then(|| of_queued(&held.queued).ended("held", Mood::Plain))
}

fn of_queued(queued: &QueuedMessage) -> Row {
    own_or_from(queued.from.as_ref(), &queued.message).at(queued.place)
}

/// What became of a message here, whoever it is from.
fn own_or_from(from: Option<&Address>, message: &Message) -> Row {
    match from {
        None => own(message),
        peer => note(peer).of(&[Type::Note, Type::Message]).with_message(message),
    }
}

fn own(message: &Message) -> Row {
    blank(Direction::Own).of(&[Type::Own, Type::Message]).with_message(message)
}

fn sent(peer: &Peer, message: &Message) -> Row {
    let row = about(Direction::Out, &peer.address).with_status(peer);
    row.of(&[Type::Out, Type::Message]).with_message(message)
}

fn note(peer: Option<&Address>) -> Row {
    Row { peer: peer.cloned(), ..blank(Direction::Note) }.of(&[Type::Note])
}

/// Short, as it stands where messages do: the command has it in the same words.
fn note_of_remote(remote: IpAddr, outcome: &str) -> Row {
    note(None).saying(Party::Remote(remote).to_string()).ended(outcome, Mood::Plain)
}

fn note_about(peer: &Peer) -> Row {
    note(Some(&peer.address)).with_status(peer)
}

fn received(peer: &Peer, message: &Message, is_queued: bool, visits: u32) -> Row {
    let row = about(Direction::In, &peer.address).with_status(peer);
    let row = row.of(&[Type::In, Type::Message]).with_message(message);
    match visits {
        _ if !is_queued => row.ended("not queued", Mood::Plain),
        0 | 1 => row.ended("queued", Mood::Plain),
        visits => row.ended(&format!("visit {visits}"), Mood::Plain),
    }
}

fn refused(refusal: &Refusal) -> Row {
    let from = refusal.remote.map(|remote| format!(" (from {remote})")).unwrap_or_default();
    // Cut text is no JSON; it is shown as it is.
    let message = refusal.preview.as_deref().map(|preview| {
        Message::from_json(preview, DEFAULT_MAX_DEPTH).unwrap_or_else(|_| Message::text(preview))
    });
    let row = Row { peer: refusal.sender.clone(), message, ..blank(Direction::In) }.at(refusal.remote);
    let row = row.of(&[Type::In, Type::Refused]);
    row.saying(format!("{}{from}", refusal.reason)).ended(&format!("{} refused", refusal.status), Mood::Bad)
}

fn introduced(introduction: &Introduction) -> String {
    match introduction {
        Introduction::ByHand => "added by hand".to_owned(),
        Introduction::Sender => "made itself known".to_owned(),
        Introduction::Announced => "accepted our announce".to_owned(),
        Introduction::Friend(by) => format!("friend of {by}"),
    }
}

fn blank(direction: Direction) -> Row {
    Row {
        number: 0,
        unix_ms: 0,
        direction,
        types: &[],
        peer: None,
        status: None,
        remote: None,
        message: None,
        what: String::new(),
        outcome: String::new(),
        mood: Mood::Plain,
    }
}

fn about(direction: Direction, peer: &Address) -> Row {
    Row { peer: Some(peer.clone()), ..blank(direction) }
}

impl Row {
    /// What a filter looks at.
    pub(crate) fn subject(&self) -> Subject<'_> {
        let peer = self.peer.as_ref();
        let subject = match self.direction {
            Direction::In => Subject::new(self.types).from(peer),
            Direction::Out => Subject::new(self.types).to(peer),
            Direction::Own | Direction::Note => Subject::new(self.types).about(peer),
        };
        let subject = subject.with_status(self.status).with_remote(self.remote);
        let subject = subject.with_message(self.message.as_ref());
        subject.with_texts(&self.what, &self.outcome)
    }

    fn of(self, types: &'static [Type]) -> Self {
        Self { types, ..self }
    }

    fn at(self, remote: Option<IpAddr>) -> Self {
        Self { remote, ..self }
    }

    fn with_status(self, peer: &Peer) -> Self {
        Self { status: Some(peer.status), ..self }
    }

    fn with_message(self, message: &Message) -> Self {
        Self { message: Some(message.clone()), ..self }
    }

    fn saying(self, what: impl Into<String>) -> Self {
        Self { what: what.into(), ..self }
    }

    fn ended(self, outcome: &str, mood: Mood) -> Self {
        Self { outcome: outcome.to_owned(), mood, ..self }
    }

    fn failed(self, failure: &Failure) -> Self {
        let whole = match failure {
            Failure::CertificateChanged { pinned, presented } => {
                let (pinned, presented) =
                    (CertificateFingerprint(*pinned), CertificateFingerprint(*presented));
                format!("certificate changed from {pinned} to {presented}; :trust HOST:PORT accepts it")
            }
            failure => failure.to_string(),
        };
        let what = if self.what.is_empty() { whole.clone() } else { format!("{}: {whole}", self.what) };
        self.saying(what).ended(&brief(failure), Mood::Bad)
    }
}

/// A failure in a word, which stands beside the whole reason or where there is no room for that. "Refused" is what a node
/// does to a request, and no word for a connection that there was none of.
fn brief(failure: &Failure) -> Cow<'static, str> {
    match failure {
        Failure::Status(status) => status.to_string().into(),
        Failure::TimedOut => "no answer".into(),
        Failure::NotContacted(_) | Failure::NoResources => "not tried".into(),
        Failure::CertificateChanged { .. } => "certificate!".into(),
        Failure::Connection(reason) if BROKEN.iter().any(|word| reason.contains(word)) => {
            "disconnected".into()
        }
        Failure::Connection(_) => "unreachable".into(),
        Failure::NoRoom => "no room".into(),
        other => other.to_string().into(),
    }
}

/// Words of the system for a connection that there was.
const BROKEN: [&str; 5] = ["reset", "closed", "broke", "aborted", "ended"];

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clacks_p2p::core::Now;

    use super::*;

    fn say(log: &mut Log, text: &str) {
        log.push(blank(Direction::Own).with_message(&Message::text(text)));
    }

    #[test]
    fn is_bounded_in_rows_and_in_bytes() {
        let mut log = Log::default();
        for number in 0..MAX_ROWS + 10 {
            say(&mut log, &number.to_string());
        }
        assert_eq!((log.total(), log.len()), (MAX_ROWS, MAX_ROWS));
        assert_eq!(log.at(0).map(|row| row.number), Some(10));
        let large = "x".repeat(1 << 20);
        (0..40).for_each(|_| say(&mut log, &large));
        assert!(log.total() < 40 && log.bytes <= MAX_BYTES, "{} rows, {} bytes", log.total(), log.bytes);
    }

    #[test]
    fn a_failure_has_a_word_that_fits_and_is_not_its_reason_again() {
        for (failure, word) in [
            (Failure::Status(503), "503"),
            (Failure::TimedOut, "no answer"),
            (Failure::Connection("connection refused".to_owned()), "unreachable"),
            (Failure::Connection("failed to lookup address information".to_owned()), "unreachable"),
            (Failure::Connection("connection reset by peer".to_owned()), "disconnected"),
            (Failure::NoResources, "not tried"),
            (Failure::Stopped, "stopped"),
            (Failure::NoRoom, "no room"),
        ] {
            let row = blank(Direction::Out).saying("announce").failed(&failure);
            assert_eq!(row.outcome, word);
            assert_eq!(row.what, format!("announce: {failure}"));
            assert!(word.len() <= 12, "{word}");
        }
    }

    #[test]
    fn what_the_rule_holds_as_it_comes_is_one_row() {
        let now = Now { uptime: Duration::ZERO, unix_ms: 0 };
        let peer = Peer::new("tower-3:8443".parse().unwrap(), Status::Alive, now);
        let (id, message) = ("7".parse().unwrap(), Message::text("red"));
        let from = Some(peer.address.clone());
        let queued =
            QueuedMessage { id, message: message.clone(), since_ms: 0, visits: 1, from, place: None };
        let held = HeldMessage { queued, by: HeldBy::Rule };
        let origin = Some(Origin::Received(peer.address.clone()));
        let mut log = Log::default();
        say(&mut log, "red");
        assert!(
            log.note(&Event::MessageReceived { peer, message, id: Some(id), visits: 1, remote: None }, 5)
        );
        assert!(!log.note(&Event::MessageHeld { held, origin }, 5));
        let rows: Vec<_> = (0..log.len()).filter_map(|at| log.at(at)).collect();
        let shown: Vec<_> = rows.iter().map(|row| (row.number, row.outcome.as_str(), row.unix_ms)).collect();
        assert_eq!(shown, [(0, "", 0), (1, "held", 5)]);
        assert_eq!(log.bytes, rows.into_iter().map(size).sum::<usize>());
    }

    #[test]
    fn what_becomes_of_a_message_is_own_only_if_it_was_written_here() {
        let (id, tower) = ("7".parse().unwrap(), "tower-3:8443".parse::<Address>().unwrap());
        for (from, direction, kind) in
            [(None, Direction::Own, Type::Own), (Some(tower), Direction::Note, Type::Note)]
        {
            let message = Message::text("GNU");
            let queued = QueuedMessage {
                id,
                message: message.clone(),
                since_ms: 0,
                visits: 1,
                from: from.clone(),
                place: None,
            };
            let held = HeldMessage { queued: queued.clone(), by: HeldBy::Hand };
            let origin = Origin::TakenBack(from.clone());
            for (event, outcome) in [
                (Event::MessageHeld { held: held.clone(), origin: None }, "held"),
                (Event::MessageHeld { held, origin: Some(origin.clone()) }, "held"),
                (Event::MessageReleased { was: id, queued: queued.clone() }, "released"),
                (Event::MessageChanged { before: message.clone(), queued }, "changed"),
                (Event::MessageDropped { id, message: message.clone(), from: from.clone() }, "dropped"),
                (
                    Event::MessageQueued {
                        id,
                        message: message.clone(),
                        origin,
                        since_ms: 0,
                        visits: 1,
                        place: None,
                    },
                    "taken back",
                ),
            ] {
                let row = row(&event).unwrap();
                assert_eq!((row.direction, &row.peer, &*row.outcome), (direction, &from, outcome));
                assert!(row.types.contains(&kind) && row.types.contains(&Type::Message), "{:?}", row.types);
                assert_eq!(
                    (row.types.contains(&Type::Dropped), row.message),
                    (outcome == "dropped", Some(message.clone()))
                );
            }
        }
    }

    #[test]
    fn a_filter_hides_and_gives_back() {
        let mut log = Log::default();
        ["red fish", "blue fish", "red bird"].iter().for_each(|text| say(&mut log, text));
        log.set_filter(Filter::parse("RED").ok());
        say(&mut log, "red sun");
        say(&mut log, "blue sky");
        let shown: Vec<u64> =
            (0..log.len()).filter_map(|position| log.at(position)).map(|row| row.number).collect();
        assert_eq!(shown, [0, 2, 3]);
        assert_eq!(log.position(1), 1, "a hidden row stands where the next one does");
        log.set_filter(None);
        assert_eq!(log.len(), 5);
    }
}
