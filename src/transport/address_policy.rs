//! Address policy: which addresses a node contacts on a stranger's word.

use std::{
    collections::{BTreeMap, HashSet},
    error::Error,
    fmt,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::{Scope, lookup::Lookups};

/// How long the addresses of this machine are cached.
const CACHE_TIME: Duration = Duration::from_secs(60);
/// Time from a failed lookup of the node's own hostname to the next.
const RETRY_AFTER_FAILURE: Duration = Duration::from_secs(5);

/// How long the port of another node on this machine is remembered.
const PORT_CACHE_TIME: Duration = Duration::from_secs(3600);

/// Decides which addresses a node contacts on a stranger's word: public ones, and those of the [`Scope`] of the node's own
/// address, but not the addresses of this machine itself.
#[derive(Debug)]
pub struct AddressPolicy {
    allow_private: bool,
    /// The node's own hostname, in canonical spelling, and port.
    hostname: String,
    port: u16,
    /// Whether the node listens on loopback addresses only.
    is_local_only: bool,
    lookups: Arc<Lookups>,
    own: Mutex<OwnAddresses>,
}

/// The addresses of this machine, as far as known.
#[derive(Debug, Default)]
struct OwnAddresses {
    /// The scope of the hostname, once it is looked up.
    scope: Option<Scope>,
    named: Vec<IpAddr>,
    interfaces: HashSet<IpAddr>,
    /// Ports of other nodes on this machine, and when each entry expires.
    ports: BTreeMap<u16, Instant>,
    /// Time of the next refresh; `None` while one is running.
    due: Option<Instant>,
}

/// The policy forbids to contact an address, because of its scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressForbidden(pub Scope);

impl fmt::Display for AddressForbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not contacted: it is {}", self.0)
    }
}

impl Error for AddressForbidden {}

impl AddressPolicy {
    /// The policy of a node with this hostname, in canonical spelling (lower case, without brackets), and port, which
    /// listens on these sockets. With `allow_private` every address is allowed.
    pub fn new(
        (hostname, port): (&str, u16),
        listens_on: &[SocketAddr],
        allow_private: bool,
        lookups: Arc<Lookups>,
    ) -> Arc<Self> {
        let is_local_only = listens_on.iter().all(|socket| socket.ip().is_loopback());
        let own = OwnAddresses {
            scope: Scope::of_hostname(hostname),
            interfaces: interfaces(),
            due: Some(Instant::now()),
            ..OwnAddresses::default()
        };
        let hostname = hostname.to_owned();
        let policy = Self { allow_private, hostname, port, is_local_only, lookups, own: Mutex::new(own) };
        let policy = Arc::new(policy);
        policy.refresh();
        policy
    }

    /// Checks an address that only strangers named. Never waits: while the node's own hostname is being looked up, only
    /// public addresses are allowed.
    ///
    /// # Errors
    /// The address is forbidden.
    pub fn check(self: &Arc<Self>, to: SocketAddr) -> Result<(), AddressForbidden> {
        if self.allow_private {
            return Ok(());
        }
        self.refresh();
        let scope = Scope::of(to.ip());
        let own = self.own();
        let is_node = to.port() == self.port || own.is_node_at(to.port(), Instant::now());
        if scope != Scope::Loopback && own.contains(to.ip()) && !is_node {
            // Ports that a firewall closes to others are often open from the machine itself.
            return Err(AddressForbidden(Scope::Loopback));
        }
        let own_scope = own.scope.filter(|scope| *scope != Scope::Loopback || self.is_local_only);
        if scope.is_open_to_strangers(own_scope) { Ok(()) } else { Err(AddressForbidden(scope)) }
    }

    /// Records that a payload from `remote` named a sender with this hostname, in canonical spelling, and port. If both are
    /// addresses of this machine, another node runs on it, and its port may be contacted for the next hour: whoever can
    /// connect from this machine gains nothing by having a node connect to it.
    pub fn record_sender(&self, (hostname, port): (&str, u16), remote: IpAddr) {
        let remote = remote.to_canonical();
        let is_same_machine = match hostname.parse::<IpAddr>() {
            Ok(ip) => ip.to_canonical() == remote,
            Err(_) => hostname == self.hostname,
        };
        if is_same_machine && !remote.is_loopback() {
            let mut own = self.own();
            if own.contains(remote) {
                let now = Instant::now();
                own.ports.retain(|_, until| *until > now);
                own.ports.insert(port, now + PORT_CACHE_TIME);
            }
        }
    }

    /// Refreshes the addresses of this machine in the background, if it is time to.
    fn refresh(self: &Arc<Self>) {
        {
            let mut own = self.own();
            if own.due.is_none_or(|due| Instant::now() < due) {
                return;
            }
            own.due = None;
        }
        if let Ok(ip) = self.hostname.parse() {
            return self.set_addresses(Some(vec![ip]));
        }
        if Scope::of_hostname(&self.hostname).is_some() {
            return self.set_addresses(Some(Vec::new()));
        }
        let policy = Arc::clone(self);
        let then = move |found: std::io::Result<Vec<IpAddr>>| policy.set_addresses(found.ok());
        if self.lookups.in_thread(&self.hostname, then).is_err() {
            self.own().due = Some(Instant::now() + RETRY_AFTER_FAILURE);
        }
    }

    fn set_addresses(&self, found: Option<Vec<IpAddr>>) {
        let interfaces = interfaces();
        let mut own = self.own();
        own.interfaces = interfaces;
        own.due = Some(Instant::now() + if found.is_some() { CACHE_TIME } else { RETRY_AFTER_FAILURE });
        let Some(found) = found else { return };
        own.named = found.into_iter().map(|ip| ip.to_canonical()).collect();
        if Scope::of_hostname(&self.hostname).is_none() {
            // Many machines resolve their own public name to a loopback address, which others do not.
            let first = own.named.first().map(|ip| Scope::of(*ip));
            own.scope = first.filter(|scope| *scope != Scope::Loopback);
        }
    }

    fn own(&self) -> MutexGuard<'_, OwnAddresses> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OwnAddresses {
    fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.interfaces.contains(&address) || self.named.contains(&address)
    }

    fn is_node_at(&self, port: u16, now: Instant) -> bool {
        self.ports.get(&port).is_some_and(|until| *until > now)
    }
}

/// The addresses of this machine's interfaces; empty if the system does not say.
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

    fn policy(hostname: &str, listens_on: IpAddr, lookups: Arc<Lookups>) -> Arc<AddressPolicy> {
        let sockets = [SocketAddr::new(listens_on, 8080)];
        AddressPolicy::new((&hostname.to_ascii_lowercase(), 8080), &sockets, false, lookups)
    }

    fn allows(policy: &Arc<AddressPolicy>, address: &str) -> bool {
        policy.check(SocketAddr::new(address.parse().unwrap(), 22)).is_ok()
    }

    /// Waits until the hostname has been looked up.
    fn learned(policy: &Arc<AddressPolicy>) {
        while policy.own().due.is_none() {
            std::thread::yield_now();
        }
    }

    const INNER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const OUTER: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

    #[test]
    fn strangers_may_name_public_addresses_and_those_of_the_own_scope() {
        let addresses = ["8.8.8.8", "127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00::1"];
        for (hostname, listens_on, expected) in [
            ("8.8.4.4", OUTER, [true, false, false, false, false, false]),
            ("LocalHost", INNER, [true, true, false, false, true, false]),
            ("Tower.LocalHost", INNER, [true, true, false, false, true, false]),
            ("::1", INNER, [true, true, false, false, true, false]),
            ("127.0.0.9", INNER, [true, true, false, false, true, false]),
            // Scopes known to others than this machine itself.
            ("localhost", OUTER, [true, false, false, false, false, false]),
            ("tower.localhost", OUTER, [true, false, false, false, false, false]),
            ("127.0.0.1", [192, 168, 0, 7].into(), [true, false, false, false, false, false]),
            ("192.168.0.7", OUTER, [true, false, true, false, false, true]),
            ("169.254.0.7", OUTER, [true, false, false, false, false, false]),
            // No node can be there, so no scope is its own.
            ("0.0.0.0", OUTER, [true, false, false, false, false, false]),
            ("169.254.169.254", OUTER, [true, false, false, false, false, false]),
            ("no-such-name.invalid", OUTER, [true, false, false, false, false, false]),
        ] {
            let policy = policy(hostname, listens_on, nowhere());
            learned(&policy);
            for (address, expected) in addresses.into_iter().zip(expected) {
                assert_eq!(allows(&policy, address), expected, "{address} from {hostname} on {listens_on}");
            }
            for address in ["0.0.0.0", "::", "224.0.0.1", "240.0.0.1", "192.0.2.1"] {
                assert!(!allows(&policy, address), "{address} from {hostname}");
            }
            let all = AddressPolicy::new((hostname, 8080), &[], true, nowhere());
            assert!(addresses.iter().all(|address| allows(&all, address)));
        }
    }

    #[test]
    fn a_hostname_has_the_scope_it_resolves_to_except_loopback() {
        for (leads, address, expected) in [
            ("192.168.0.7", "192.168.0.8", true),
            ("192.168.0.7", "127.0.0.1", false),
            ("127.0.1.1", "127.0.0.1", false),
            ("8.8.4.4", "10.0.0.1", false),
            ("0.0.0.0", "0.0.0.0", false),
        ] {
            let policy = policy("tower.example.org", OUTER, leads_to(leads));
            learned(&policy);
            assert_eq!(allows(&policy, address), expected, "{address} from {leads}");
        }
    }

    #[test]
    fn strangers_cannot_name_any_address_of_this_machine() {
        for (hostname, lookups) in
            [("8.8.4.4", leads_to("8.8.4.4")), ("tower.example.org", leads_to("8.8.4.4"))]
        {
            let policy = policy(hostname, OUTER, lookups);
            learned(&policy);
            let interface = IpAddr::from([9, 9, 9, 9]);
            policy.own().interfaces.insert(interface);
            let check = |ip, port| policy.check(SocketAddr::new(ip, port));
            for own in [[8, 8, 4, 4].into(), interface, "::ffff:8.8.4.4".parse().unwrap()] {
                for port in [22, 25, 3306] {
                    assert_eq!(check(own, port), Err(AddressForbidden(Scope::Loopback)), "{own} {port}");
                }
                assert_eq!(check(own, 8080), Ok(()), "the node itself");
            }
            assert_eq!(check([8, 8, 8, 8].into(), 22), Ok(()));
            // Another node on this machine announces itself. A remote node only claims to be on this machine.
            policy.record_sender(("9.9.9.9", 8081), interface);
            policy.record_sender((hostname, 8082), [8, 8, 4, 4].into());
            policy.record_sender(("9.9.9.9", 22), [8, 8, 8, 8].into());
            policy.record_sender(("9.9.9.9", 22), Ipv4Addr::LOCALHOST.into());
            policy.record_sender(("127.0.0.1", 22), Ipv4Addr::LOCALHOST.into());
            let is_open = [8081, 8082, 22].map(|port| check(interface, port).is_ok());
            assert_eq!(is_open, [true, true, false], "{hostname}");
            // Each entry expires by itself, and a repeated announce renews it.
            let now = Instant::now();
            let is_open_after = |time| [8081, 8082].map(|port| policy.own().is_node_at(port, now + time));
            assert_eq!(is_open_after(PORT_CACHE_TIME / 2), [true, true]);
            assert_eq!(is_open_after(PORT_CACHE_TIME), [false, false]);
            policy.own().ports.values_mut().for_each(|until| *until = now);
            assert!(check(interface, 8081).is_err() && check(interface, 8082).is_err());
            policy.record_sender(("9.9.9.9", 8081), interface);
            assert!(check(interface, 8081).is_ok() && policy.own().ports.len() == 1);
        }
    }

    #[test]
    fn the_own_hostname_is_looked_up_once_at_a_time_in_the_background() {
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
        let policy = policy("tower.example.org", OUTER, Arc::new(lookups));
        for _ in 0..100 {
            assert!(!allows(&policy, "10.0.0.1"), "what is not known is not allowed");
        }
        drop(closed);
        learned(&policy);
        for _ in 0..100 {
            assert!(!allows(&policy, "10.0.0.1"));
        }
        assert_eq!(began.load(Ordering::SeqCst), 1, "a failure is remembered");
        policy.own().due = Some(Instant::now());
        allows(&policy, "10.0.0.1");
        learned(&policy);
        assert_eq!(began.load(Ordering::SeqCst), 2, "for some time");
    }

    #[test]
    fn a_failed_lookup_of_the_own_hostname_is_repeated_sooner() {
        for (lookups, again) in [(nowhere(), RETRY_AFTER_FAILURE), (leads_to("8.8.4.4"), CACHE_TIME)] {
            let before = Instant::now();
            let policy = policy("tower.example.org", OUTER, lookups);
            learned(&policy);
            let due = policy.own().due.unwrap();
            assert!((before + again..=Instant::now() + again).contains(&due), "{again:?}");
        }
    }
}
