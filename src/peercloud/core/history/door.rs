use std::{collections::BTreeMap, net::IpAddr, ops::Bound, sync::Arc, time::Duration};

use clacks_transport::rate_limit_key;

use crate::core::{Event, Refusal};

/// Time within which a second refusal of one address is not reported.
const REPORTED_ONCE_IN: Duration = Duration::from_secs(60);

/// The addresses whose requests were refused lately.
#[derive(Debug, Default)]
pub struct Door {
    visitors: BTreeMap<IpAddr, Visitor>,
    /// Addresses by [`Visitor::number`].
    order: BTreeMap<u64, IpAddr>,
    next: u64,
}

/// An address whose requests were refused.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Visitor {
    /// The address. Of an IPv6 address the /64 network, because one host has all of its addresses.
    pub address: IpAddr,
    /// Number of its last refusal among all. Who was refused last has the highest.
    pub number: u64,
    /// When it was last refused.
    pub last: Duration,
    /// Why it was last refused.
    pub reason: Arc<str>,
    /// Refused joins.
    pub joins: u64,
    /// Requests with an id that is not that of a member.
    pub unknown: u64,
    /// Missing, wrong and repeated signatures.
    pub signatures: u64,
    /// Signatures of another time.
    pub clocks: u64,
    /// All other refused requests.
    pub others: u64,
    /// When a refusal of it was last reported.
    reported: Duration,
}

impl Visitor {
    /// The address of a visitor from this remote address.
    pub fn address_of(remote: IpAddr) -> IpAddr {
        let remote = remote.to_canonical();
        if remote.is_loopback() { remote } else { rate_limit_key(remote) }
    }

    fn count(&mut self, refusal: Refusal) {
        let count = match refusal {
            Refusal::Join | Refusal::IdTaken | Refusal::Newcomers | Refusal::Full => &mut self.joins,
            Refusal::UnknownId | Refusal::Dropped => &mut self.unknown,
            Refusal::Signature | Refusal::Replay => &mut self.signatures,
            Refusal::Clock => &mut self.clocks,
            _ => &mut self.others,
        };
        *count += 1;
    }
}

impl Door {
    pub(super) fn record(&mut self, event: &mut Event, now: Duration) {
        let Event::Refused { refusal, from, reason, is_repeated, .. } = event else { return };
        let (address, number) = (Visitor::address_of(*from), self.next);
        self.next += 1;
        *is_repeated = true;
        let visitor = self.visitors.entry(address).or_insert_with(|| {
            *is_repeated = false;
            Visitor {
                address,
                number,
                last: now,
                reason: Arc::clone(reason),
                joins: 0,
                unknown: 0,
                signatures: 0,
                clocks: 0,
                others: 0,
                reported: now,
            }
        });
        if now.saturating_sub(visitor.reported) >= REPORTED_ONCE_IN {
            (visitor.reported, *is_repeated) = (now, false);
        }
        visitor.count(*refusal);
        (visitor.last, visitor.reason) = (now, Arc::clone(reason));
        self.order.remove(&visitor.number);
        visitor.number = number;
        self.order.insert(number, address);
    }

    /// Forgets those that were refused the longest ago, if there are too many.
    pub(super) fn trim(&mut self, max: usize) -> Vec<IpAddr> {
        let mut forgotten = Vec::new();
        while self.order.len() > max {
            let Some((_, address)) = self.order.pop_first() else { break };
            self.visitors.remove(&address);
            forgotten.push(address);
        }
        forgotten
    }

    /// Number of addresses.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether nobody was refused.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The visitor with this address, as [`Visitor::address_of`] gives it.
    pub fn get(&self, address: IpAddr) -> Option<&Visitor> {
        self.visitors.get(&address)
    }

    /// The visitors whose [`Visitor::number`] is at most this, the highest first; `None`: from the last one on.
    pub fn down_from(&self, number: Option<u64>) -> impl Iterator<Item = &Visitor> {
        let end = number.map_or(Bound::Unbounded, Bound::Included);
        self.order.range((Bound::Unbounded, end)).rev().filter_map(|(_, address)| self.get(*address))
    }

    /// The visitors whose [`Visitor::number`] is more than this, the lowest first; `None`: from the first one on.
    pub fn up_from(&self, number: Option<u64>) -> impl Iterator<Item = &Visitor> {
        let start = number.map_or(Bound::Unbounded, Bound::Excluded);
        self.order.range((start, Bound::Unbounded)).filter_map(|(_, address)| self.get(*address))
    }
}
