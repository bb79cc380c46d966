//! All choices for a slot, before they are matched with the typed text.

use std::net::IpAddr;

use clacks_p2p::core::{Peer, QueuedMessage, Status};
use clacks_text::fit::preview;

use super::{
    Candidates, Choice,
    slot::{FieldValues, Slot, WordAtCursor},
};
use crate::{
    command::{
        Argument, PeerFilter,
        table::{Availability, COMMANDS, Spec},
        target::IgnoreTarget,
    },
    filter::{
        domain::{Domain, Type},
        field::{FIELDS, Values},
    },
};

/// All choices for the slot, from the command table and the candidates.
pub(crate) fn choices(written: &WordAtCursor<'_>, candidates: Candidates<'_>) -> Vec<Choice> {
    match written.slot {
        // Commands for key bindings are not offered.
        Slot::Name => {
            COMMANDS.iter().filter(|spec| spec.scope != Availability::KeyOnly).map(command).collect()
        }
        Slot::Argument(spec) => of_argument(spec.argument, candidates),
        Slot::Station => {
            let clear = choice("clear", "free the number");
            let bell = Choice { goes_on: true, ..choice("bell", "ring for what the filter admits") };
            [clear, bell].into_iter().chain(fields_of_traffic(candidates)).collect()
        }
        Slot::FieldOrAll => fields(written.domain).chain([all()]).collect(),
        Slot::Field if written.domain == Domain::Traffic => fields_of_traffic(candidates).collect(),
        Slot::Field => fields(written.domain).collect(),
        Slot::Value(FieldValues::Words(words)) => {
            words.iter().map(|word| choice(word.as_str(), "")).collect()
        }
        Slot::Value(FieldValues::Peers | FieldValues::OfMessages(Values::Peers)) => {
            candidates.peers.iter().map(peer).collect()
        }
        Slot::Value(FieldValues::OfMessages(Values::Statuses)) => {
            let statuses = Status::ALL.iter().filter(|_| written.domain.has_status());
            statuses.map(|status| choice(status.name(), "")).collect()
        }
        Slot::Value(FieldValues::OfMessages(Values::Types)) => {
            let types = Type::ALL.iter().filter(|kind| written.domain.has_type(**kind));
            types.map(|kind| choice(kind.name(), "")).collect()
        }
        Slot::Value(FieldValues::OfMessages(Values::Unknown) | FieldValues::Anything) => Vec::new(),
    }
}

fn of_argument(argument: Argument, candidates: Candidates<'_>) -> Vec<Choice> {
    let Candidates { peers, remotes, messages, held, files, themes, networks, lists, columns, .. } =
        candidates;
    let waiting_or_held = || messages.iter().map(message).chain(held.iter().map(held_message));
    match argument {
        Argument::Nothing
        | Argument::Json
        | Argument::Rate
        | Argument::Filter
        | Argument::RowFilter
        | Argument::Line => Vec::new(),
        Argument::Address(known) => peers.iter().filter(|peer| known.is_for(peer.status)).map(peer).collect(),
        Argument::Party(known) => {
            let wanted = peers.iter().filter(|peer| known.is_for(peer.status));
            wanted.map(peer).chain(remotes.iter().map(remote)).collect()
        }
        Argument::MessageId | Argument::Edit => waiting_or_held().collect(),
        Argument::Hold => messages.iter().map(message).chain(fields(Domain::Queue)).collect(),
        Argument::Drop => waiting_or_held().chain([all()]).chain(fields(Domain::Queue)).collect(),
        Argument::Held => held.iter().map(message).chain([choice("all", "all that are held")]).collect(),
        Argument::File | Argument::FileOrNothing | Argument::ListOrNothing => {
            files.iter().map(|name| choice(name, "")).collect()
        }
        Argument::Theme => themes.iter().map(|name| choice(name, "")).collect(),
        Argument::NetworkOrNothing => networks.iter().map(|name| choice(name, "")).collect(),
        Argument::Column => columns.iter().map(|name| choice(name, "")).collect(),
        Argument::List => lists.iter().map(|name| choice(name, "")).collect(),
        Argument::Station => (1..=9).map(station).collect(),
        Argument::Choice(_, words) => words.iter().map(|word| choice(word, "")).collect(),
    }
}

/// The fields of a filter of the traffic.
fn fields_of_traffic(candidates: Candidates<'_>) -> impl Iterator<Item = Choice> {
    candidates.fields.iter().map(|field| choice(&field.start, &field.does))
}

/// The fields of a filter in this domain.
fn fields(domain: Domain) -> impl Iterator<Item = Choice> {
    let of_domain = FIELDS.iter().filter(move |field| domain.has_field(field.name));
    of_domain.map(|field| choice(field.start, field.help))
}

fn all() -> Choice {
    choice("all", "all that wait or are held")
}

/// A choice after which the line needs no more text.
pub(crate) fn choice(text: &str, note: &str) -> Choice {
    Choice { text: text.to_owned(), note: note.to_owned(), goes_on: false }
}

fn command(spec: &Spec) -> Choice {
    let note = match spec.argument {
        Argument::Nothing => spec.help.to_owned(),
        argument => format!("{argument}: {}", spec.help),
    };
    Choice { text: spec.name.to_owned(), note, goes_on: spec.argument != Argument::Nothing }
}

fn peer(peer: &Peer) -> Choice {
    choice(&peer.address.to_string(), &peer.status_word())
}

fn remote(remote: &IpAddr) -> Choice {
    choice(&IgnoreTarget::Remote(*remote).to_string(), "connections from there")
}

fn station(number: u8) -> Choice {
    choice(&number.to_string(), "")
}

fn message(queued: &QueuedMessage) -> Choice {
    choice(&queued.id.to_string(), &preview(queued.message.as_json()))
}

fn held_message(queued: &QueuedMessage) -> Choice {
    choice(&queued.id.to_string(), &format!("held: {}", preview(queued.message.as_json())))
}

impl PeerFilter {
    /// Whether completion offers a peer of this status.
    pub fn is_for(self, status: Status) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Ignored => status == Status::Ignored,
            Self::NotIgnored => status != Status::Ignored,
        }
    }
}
