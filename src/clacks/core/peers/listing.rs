//! The list of peers: sorted by status and then by address.

use std::ops::Bound;

use crate::{
    core::{Peer, Status},
    protocol::Address,
};

use super::Peers;

impl Peers {
    /// All peers, by status and then by address.
    pub(in crate::core) fn iter(&self) -> impl Iterator<Item = Peer> {
        Status::ALL.into_iter().flat_map(|status| self.listed(status, Bound::Unbounded))
    }

    /// The peers after this position, whether or not there is a peer at it; all peers for `None`.
    pub(in crate::core) fn after<'a>(
        &'a self,
        place: Option<(Status, &'a Address)>,
    ) -> impl Iterator<Item = Peer> + use<'a> {
        let first = place.map_or(Status::ALL[0], |(status, _)| status);
        Status::ALL.into_iter().filter(move |status| *status >= first).flat_map(move |status| {
            let from = place.filter(|(of, _)| *of == status);
            self.listed(status, from.map_or(Bound::Unbounded, |(_, address)| Bound::Excluded(address)))
        })
    }

    /// The peers from this position on, whether or not there is a peer at it; all peers for `None`.
    pub(in crate::core) fn from<'a>(
        &'a self,
        place: Option<(Status, &'a Address)>,
    ) -> impl Iterator<Item = Peer> + use<'a> {
        let first = place.map_or(Status::ALL[0], |(status, _)| status);
        Status::ALL.into_iter().filter(move |status| *status >= first).flat_map(move |status| {
            let from = place.filter(|(of, _)| *of == status);
            self.listed(status, from.map_or(Bound::Unbounded, |(_, address)| Bound::Included(address)))
        })
    }

    /// The peers with this status or a later one.
    pub(in crate::core) fn of_status_or_later(&self, first: Status) -> impl Iterator<Item = Peer> {
        let statuses = Status::ALL.into_iter().filter(move |status| *status >= first);
        statuses.flat_map(|status| self.listed(status, Bound::Unbounded))
    }

    /// The peers with an earlier status than this, the last first.
    pub(in crate::core) fn of_earlier_status(&self, end: Status) -> impl Iterator<Item = Peer> {
        let statuses = Status::ALL.into_iter().rev().filter(move |status| *status < end);
        statuses.flat_map(|status| self.listed_backwards(status, Bound::Unbounded))
    }

    /// The peers before this position, the nearest first; all peers, the last first, for `None`.
    pub(in crate::core) fn before<'a>(
        &'a self,
        place: Option<(Status, &'a Address)>,
    ) -> impl Iterator<Item = Peer> + use<'a> {
        let last = place.map_or(Status::Ignored, |(status, _)| status);
        Status::ALL.into_iter().rev().filter(move |status| *status <= last).flat_map(move |status| {
            let to = place.filter(|(of, _)| *of == status);
            self.listed_backwards(
                status,
                to.map_or(Bound::Unbounded, |(_, address)| Bound::Excluded(address)),
            )
        })
    }

    /// Up to `before` peers before `anchor`, then `anchor` itself and the peers after it, up to `after` in total.
    pub(in crate::core) fn window(&self, anchor: &Address, before: usize, after: usize) -> Vec<Peer> {
        let Some(status) = self.status(anchor) else {
            return self.iter().take(before.saturating_add(after)).collect();
        };
        let earlier = Status::ALL.into_iter().filter(|other| *other < status).rev();
        let mut peers: Vec<Peer> = self
            .listed_backwards(status, Bound::Excluded(anchor))
            .chain(earlier.flat_map(|earlier| self.listed_backwards(earlier, Bound::Unbounded)))
            .take(before)
            .collect();
        peers.reverse();
        let later = Status::ALL.into_iter().filter(|other| *other > status);
        peers.extend(
            self.listed(status, Bound::Included(anchor))
                .chain(later.flat_map(|later| self.listed(later, Bound::Unbounded)))
                .take(after),
        );
        peers
    }

    /// The last `count` peers of the list.
    pub(in crate::core) fn last(&self, count: usize) -> Vec<Peer> {
        let backwards = Status::ALL.into_iter().rev();
        let mut peers: Vec<Peer> = backwards
            .flat_map(|status| self.listed_backwards(status, Bound::Unbounded))
            .take(count)
            .collect();
        peers.reverse();
        peers
    }

    fn listed<'a>(&'a self, status: Status, from: Bound<&'a Address>) -> impl Iterator<Item = Peer> + 'a {
        let listed = self.eviction_order.listed(&self.table, status, (from, Bound::Unbounded));
        listed.filter_map(|address| self.get(address))
    }

    fn listed_backwards<'a>(
        &'a self,
        status: Status,
        to: Bound<&'a Address>,
    ) -> impl Iterator<Item = Peer> + 'a {
        let listed = self.eviction_order.listed(&self.table, status, (Bound::Unbounded, to)).rev();
        listed.filter_map(|address| self.get(address))
    }
}
