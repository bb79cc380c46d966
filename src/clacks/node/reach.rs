//! Where a node lets strangers send it.

use std::{
    collections::{BTreeMap, HashSet},
    error::Error,
    fmt,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::{core::Scope, protocol::Address};

use super::lookup::Lookups;

/// How long what was found out about this machine's addresses is taken for true.
const GOOD_FOR: Duration = Duration::from_secs(60);
/// How long after a look-up of the own hostname failed the next one begins.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// How long a port stays known at which another node was found on this machine.
const PORT_GOOD_FOR: Duration = Duration::from_secs(3600);

/// Which addresses are contacted that only strangers named: public ones and those of the scope that this node is itself
/// found at, but none of this machine's own, or all.
#[derive(Debug)]
pub(super) struct Reach {
    all: bool,
    /// Where this node is found.
    address: Address,
    /// Whether it listens to this machine only.
    is_inner: bool,
    lookups: Arc<Lookups>,
    own: Mutex<Own>,
}

/// What is known of this machine's addresses.
#[derive(Debug, Default)]
struct Own {
    /// What the hostname leads to, once it could be looked up.
    scope: Option<Scope>,
    named: Vec<IpAddr>,
    interfaces: HashSet<IpAddr>,
    /// Ports at which other nodes were found on this machine, and until when each is taken for that of a node.
    ports: BTreeMap<u16, Instant>,
    /// When this is to be found out anew; none while that is under way.
    due: Option<Instant>,
}

/// An address is not contacted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotAllowed(pub(super) Scope);

impl fmt::Display for NotAllowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not contacted: it is {}", self.0)
    }
}

impl Error for NotAllowed {}

impl Reach {
    /// For a node that is found at `address` and listens on these sockets. With `all`, addresses of every kind are
    /// contacted.
    pub(super) fn new(
        address: Address,
        listens_on: &[SocketAddr],
        all: bool,
        lookups: Arc<Lookups>,
    ) -> Arc<Self> {
        let is_inner = listens_on.iter().all(|socket| socket.ip().is_loopback());
        let own = Own {
            scope: Scope::of_hostname(address.hostname()),
            interfaces: interfaces(),
            due: Some(Instant::now()),
            ..Own::default()
        };
        let reach = Arc::new(Self { all, address, is_inner, lookups, own: Mutex::new(own) });
        reach.refresh();
        reach
    }

    /// Whether an address that only strangers named may be contacted. Waits for nothing: what is not known yet is not
    /// allowed.
    pub(super) fn check(self: &Arc<Self>, to: SocketAddr) -> Result<(), NotAllowed> {
        if self.all {
            return Ok(());
        }
        self.refresh();
        let scope = Scope::of(to.ip());
        let own = self.own();
        let is_node = to.port() == self.address.port() || own.is_node_at(to.port(), Instant::now());
        if scope != Scope::Loopback && own.has(to.ip()) && !is_node {
            // What a firewall keeps from others is often open from the machine itself.
            return Err(NotAllowed(Scope::Loopback));
        }
        let own_scope = own.scope.filter(|scope| *scope != Scope::Loopback || self.is_inner);
        if scope.is_open_to_strangers(own_scope) { Ok(()) } else { Err(NotAllowed(scope)) }
    }

    /// A payload came from `remote` that names this sender. If both are this machine's, a node was found on it: who can
    /// connect from here needs no node to connect to here.
    pub(super) fn note_sender(&self, sender: &Address, remote: IpAddr) {
        let remote = remote.to_canonical();
        let is_here = match sender.ip() {
            Some(ip) => ip == remote,
            None => sender.canonical().hostname() == self.address.canonical().hostname(),
        };
        if is_here && !remote.is_loopback() {
            let mut own = self.own();
            if own.has(remote) {
                let now = Instant::now();
                own.ports.retain(|_, until| *until > now);
                own.ports.insert(sender.port(), now + PORT_GOOD_FOR);
            }
        }
    }

    /// Finds out about this machine's addresses beside all else, if it is time to.
    fn refresh(self: &Arc<Self>) {
        {
            let mut own = self.own();
            if own.due.is_none_or(|due| Instant::now() < due) {
                return;
            }
            own.due = None;
        }
        if let Some(ip) = self.address.ip() {
            return self.learn(Some(vec![ip]));
        }
        if Scope::of_hostname(self.address.hostname()).is_some() {
            return self.learn(Some(Vec::new()));
        }
        let reach = Arc::clone(self);
        let then = move |found: std::io::Result<Vec<IpAddr>>| reach.learn(found.ok());
        if self.lookups.in_thread(self.address.hostname(), then).is_err() {
            self.own().due = Some(Instant::now() + TRY_AGAIN_AFTER);
        }
    }

    fn learn(&self, found: Option<Vec<IpAddr>>) {
        let interfaces = interfaces();
        let mut own = self.own();
        own.interfaces = interfaces;
        own.due = Some(Instant::now() + if found.is_some() { GOOD_FOR } else { TRY_AGAIN_AFTER });
        let Some(found) = found else { return };
        own.named = found.into_iter().map(|ip| ip.to_canonical()).collect();
        if Scope::of_hostname(self.address.hostname()).is_none() {
            // Many a machine finds itself under a public name at a loopback address, which others don't.
            let first = own.named.first().map(|ip| Scope::of(*ip));
            own.scope = first.filter(|scope| *scope != Scope::Loopback);
        }
    }

    fn own(&self) -> MutexGuard<'_, Own> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Own {
    fn has(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.interfaces.contains(&address) || self.named.contains(&address)
    }

    fn is_node_at(&self, port: u16, now: Instant) -> bool {
        self.ports.get(&port).is_some_and(|until| *until > now)
    }
}

/// The addresses of this machine's interfaces; none where the system does not say.
fn interfaces() -> HashSet<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    interfaces.into_iter().map(|interface| interface.ip().to_canonical()).collect()
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        net::{Ipv4Addr, Ipv6Addr},
        sync::atomic::{AtomicUsize, Ordering},
    };

    use super::*;

    fn nowhere() -> Arc<Lookups> {
        Arc::new(Lookups::with(|_| Err(io::Error::other("no such name"))))
    }

    fn leads_to(address: &str) -> Arc<Lookups> {
        let address: IpAddr = address.parse().unwrap();
        Arc::new(Lookups::with(move |_| Ok(vec![address])))
    }

    fn reach(hostname: &str, listens_on: IpAddr, lookups: Arc<Lookups>) -> Arc<Reach> {
        let sockets = [SocketAddr::new(listens_on, 8080)];
        Reach::new(Address::new(hostname, 8080).unwrap(), &sockets, false, lookups)
    }

    fn allows(reach: &Arc<Reach>, address: &str) -> bool {
        reach.check(SocketAddr::new(address.parse().unwrap(), 22)).is_ok()
    }

    /// Waits until the hostname has been looked up.
    fn learned(reach: &Arc<Reach>) {
        while reach.own().due.is_none() {
            std::thread::yield_now();
        }
    }

    const INNER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const OUTER: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

    #[test]
    fn strangers_send_a_node_to_public_addresses_and_to_those_of_its_own_kind() {
        let addresses = ["8.8.8.8", "127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00::1"];
        for (hostname, listens_on, expected) in [
            ("8.8.4.4", OUTER, [true, false, false, false, false, false]),
            ("LocalHost", INNER, [true, true, false, false, true, false]),
            ("Tower.LocalHost", INNER, [true, true, false, false, true, false]),
            ("::1", INNER, [true, true, false, false, true, false]),
            ("127.0.0.9", INNER, [true, true, false, false, true, false]),
            // Found by others than this machine's own.
            ("localhost", OUTER, [true, false, false, false, false, false]),
            ("tower.localhost", OUTER, [true, false, false, false, false, false]),
            ("127.0.0.1", [192, 168, 0, 7].into(), [true, false, false, false, false, false]),
            ("192.168.0.7", OUTER, [true, false, true, false, false, true]),
            ("169.254.0.7", OUTER, [true, false, false, false, false, false]),
            // Where no node is: nothing is its own kind.
            ("0.0.0.0", OUTER, [true, false, false, false, false, false]),
            ("169.254.169.254", OUTER, [true, false, false, false, false, false]),
            ("no-such-name.invalid", OUTER, [true, false, false, false, false, false]),
        ] {
            let reach = reach(hostname, listens_on, nowhere());
            learned(&reach);
            for (address, expected) in addresses.into_iter().zip(expected) {
                assert_eq!(allows(&reach, address), expected, "{address} from {hostname} on {listens_on}");
            }
            for address in ["0.0.0.0", "::", "224.0.0.1", "240.0.0.1", "192.0.2.1"] {
                assert!(!allows(&reach, address), "{address} from {hostname}");
            }
            let all = Reach::new(Address::new(hostname, 8080).unwrap(), &[], true, nowhere());
            assert!(addresses.iter().all(|address| allows(&all, address)));
        }
    }

    #[test]
    fn a_name_is_of_the_kind_that_it_leads_to_but_never_of_this_machine() {
        for (leads, address, expected) in [
            ("192.168.0.7", "192.168.0.8", true),
            ("192.168.0.7", "127.0.0.1", false),
            ("127.0.1.1", "127.0.0.1", false),
            ("8.8.4.4", "10.0.0.1", false),
            ("0.0.0.0", "0.0.0.0", false),
        ] {
            let reach = reach("tower.example.org", OUTER, leads_to(leads));
            learned(&reach);
            assert_eq!(allows(&reach, address), expected, "{address} from {leads}");
        }
    }

    #[test]
    fn strangers_do_not_send_a_node_to_its_own_machine_by_whichever_address() {
        for (hostname, lookups) in
            [("8.8.4.4", leads_to("8.8.4.4")), ("tower.example.org", leads_to("8.8.4.4"))]
        {
            let reach = reach(hostname, OUTER, lookups);
            learned(&reach);
            let interface = IpAddr::from([9, 9, 9, 9]);
            reach.own().interfaces.insert(interface);
            let check = |ip, port| reach.check(SocketAddr::new(ip, port));
            for own in [[8, 8, 4, 4].into(), interface, "::ffff:8.8.4.4".parse().unwrap()] {
                for port in [22, 25, 3306] {
                    assert_eq!(check(own, port), Err(NotAllowed(Scope::Loopback)), "{own} {port}");
                }
                assert_eq!(check(own, 8080), Ok(()), "the node itself");
            }
            assert_eq!(check([8, 8, 8, 8].into(), 22), Ok(()));
            // A node beside this one makes itself known; one elsewhere only says that it is here.
            let sender = |hostname, port| Address::new(hostname, port).unwrap();
            reach.note_sender(&sender("9.9.9.9", 8081), interface);
            reach.note_sender(&sender(hostname, 8082), [8, 8, 4, 4].into());
            reach.note_sender(&sender("9.9.9.9", 22), [8, 8, 8, 8].into());
            reach.note_sender(&sender("9.9.9.9", 22), Ipv4Addr::LOCALHOST.into());
            reach.note_sender(&sender("127.0.0.1", 22), Ipv4Addr::LOCALHOST.into());
            let is_open = [8081, 8082, 22].map(|port| check(interface, port).is_ok());
            assert_eq!(is_open, [true, true, false], "{hostname}");
            // Each ends by itself, and one that is heard of again stays.
            let now = Instant::now();
            let is_open_after = |time| [8081, 8082].map(|port| reach.own().is_node_at(port, now + time));
            assert_eq!(is_open_after(PORT_GOOD_FOR / 2), [true, true]);
            assert_eq!(is_open_after(PORT_GOOD_FOR), [false, false]);
            reach.own().ports.values_mut().for_each(|until| *until = now);
            assert!(check(interface, 8081).is_err() && check(interface, 8082).is_err());
            reach.note_sender(&sender("9.9.9.9", 8081), interface);
            assert!(check(interface, 8081).is_ok() && reach.own().ports.len() == 1);
        }
    }

    #[test]
    fn the_own_hostname_is_looked_up_once_at_a_time_and_nobody_waits() {
        let (began, open) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(())));
        let closed = open.lock().unwrap();
        let lookups = {
            let (began, open) = (Arc::clone(&began), Arc::clone(&open));
            Lookups::with(move |_| {
                began.fetch_add(1, Ordering::SeqCst);
                drop(open.lock());
                Err(io::Error::other("no such name"))
            })
        };
        let reach = reach("tower.example.org", OUTER, Arc::new(lookups));
        for _ in 0..100 {
            assert!(!allows(&reach, "10.0.0.1"), "what is not known is not allowed");
        }
        drop(closed);
        learned(&reach);
        for _ in 0..100 {
            assert!(!allows(&reach, "10.0.0.1"));
        }
        assert_eq!(began.load(Ordering::SeqCst), 1, "a failure is remembered");
        reach.own().due = Some(Instant::now());
        allows(&reach, "10.0.0.1");
        learned(&reach);
        assert_eq!(began.load(Ordering::SeqCst), 2, "for some time");
    }

    #[test]
    fn the_own_hostname_is_looked_up_again_sooner_if_that_failed() {
        for (lookups, again) in [(nowhere(), TRY_AGAIN_AFTER), (leads_to("8.8.4.4"), GOOD_FOR)] {
            let before = Instant::now();
            let reach = reach("tower.example.org", OUTER, lookups);
            learned(&reach);
            let due = reach.own().due.unwrap();
            assert!((before + again..=Instant::now() + again).contains(&due), "{again:?}");
        }
    }
}
