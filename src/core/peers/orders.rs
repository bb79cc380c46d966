//! Orders of the peers that only some ask for: each is made when it is first asked for, and kept from then on. A node
//! that nobody watches and that has room enough needs none of them.

use std::{cell::OnceCell, collections::BTreeSet, ops::Bound};

use crate::{core::Status, protocol::Address};

use super::{
    record::{Class, Record},
    table::{Known, Table},
};

/// The orders that there are.
#[derive(Debug, Default)]
pub(super) struct Orders {
    listed: OnceCell<Box<Listed>>,
    leaving: OnceCell<Box<Leaving>>,
}

/// The addresses of each status, as they are listed.
#[derive(Debug, Default, PartialEq, Eq)]
struct Listed([BTreeSet<Address>; 5]);

/// Who makes room for others first.
#[derive(Debug, Default, PartialEq, Eq)]
struct Leaving {
    /// Those that never answered and that the user did not name, by since when they are known.
    unanswered: BTreeSet<(u64, Address)>,
    /// The new ones among them.
    new: BTreeSet<(u64, Address)>,
    /// Those that answered once and are lost or dead and not named by the user, by when they last answered.
    gone: BTreeSet<(u64, Address)>,
}

impl Orders {
    /// A peer stands somewhere now.
    pub(super) fn insert(&mut self, address: &Address, record: &Record) {
        self.listed.get_mut().into_iter().for_each(|listed| listed.insert(address, record));
        self.leaving.get_mut().into_iter().for_each(|leaving| leaving.insert(address, record));
    }

    /// A peer does not stand there any more.
    pub(super) fn remove(&mut self, address: &Address, record: &Record) {
        self.listed.get_mut().into_iter().for_each(|listed| listed.remove(address, record));
        self.leaving.get_mut().into_iter().for_each(|leaving| leaving.remove(address, record));
    }

    /// The addresses of a status from one on, in order.
    pub(super) fn listed<'a>(
        &'a self,
        table: &Table,
        status: Status,
        range: (Bound<&'a Address>, Bound<&'a Address>),
    ) -> impl DoubleEndedIterator<Item = &'a Address> {
        self.listed.get_or_init(|| Box::new(Listed::of(table))).0[status as usize].range(range)
    }

    /// Who is forgotten first when there are too many peers.
    pub(super) fn first_to_go(&self, table: &Table) -> Option<&Address> {
        let Leaving { unanswered, gone, .. } = self.leaving(table);
        unanswered.first().or_else(|| gone.first()).map(|(_, address)| address)
    }

    /// The same among the new ones only.
    pub(super) fn first_new_to_go(&self, table: &Table) -> Option<&Address> {
        self.leaving(table).new.first().map(|(_, address)| address)
    }

    fn leaving(&self, table: &Table) -> &Leaving {
        self.leaving.get_or_init(|| Box::new(Leaving::of(table)))
    }

    /// Whether the orders that are kept are those that would be made now.
    #[cfg(test)]
    pub(super) fn are_of(&self, table: &Table) -> bool {
        self.listed.get().is_none_or(|listed| **listed == Listed::of(table))
            && self.leaving.get().is_none_or(|leaving| **leaving == Leaving::of(table))
    }
}

impl Listed {
    fn of(table: &Table) -> Self {
        let mut listed = Self::default();
        table.iter().for_each(|Known { address, record }| listed.insert(address, record));
        listed
    }

    fn insert(&mut self, address: &Address, record: &Record) {
        self.0[record.status() as usize].insert(address.clone());
    }

    fn remove(&mut self, address: &Address, record: &Record) {
        self.0[record.status() as usize].remove(address);
    }
}

impl Leaving {
    fn of(table: &Table) -> Self {
        let mut leaving = Self::default();
        table.iter().for_each(|Known { address, record }| leaving.insert(address, record));
        leaving
    }

    fn insert(&mut self, address: &Address, record: &Record) {
        if record.makes_room() {
            let key = (record.known_since, address.clone());
            if record.class == Class::New {
                self.new.insert(key.clone());
            }
            self.unanswered.insert(key);
        } else if record.makes_room_at_last() {
            self.gone.insert((record.answered, address.clone()));
        }
    }

    fn remove(&mut self, address: &Address, record: &Record) {
        if record.makes_room() {
            let key = (record.known_since, address.clone());
            self.new.remove(&key);
            self.unanswered.remove(&key);
        } else if record.makes_room_at_last() {
            self.gone.remove(&(record.answered, address.clone()));
        }
    }
}
