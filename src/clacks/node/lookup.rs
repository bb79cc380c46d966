//! Look-ups of hostnames, each in a thread of its own.
//!
//! The system's look-up can take minutes and cannot be ended. So their number is bounded, and those for whom nobody
//! vouches leave room for others. A thread that cannot be started is an error here and not a panic.

use std::{
    fmt, io,
    net::{IpAddr, ToSocketAddrs},
    sync::Arc,
    thread,
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    time::timeout,
};

use super::resources::Lack;

/// Look-ups at once.
const MAX_LOOKUPS: usize = 48;
/// Of these, for peers that the user did not name.
const MAX_FOR_OTHERS: usize = 32;
/// Of these, for peers that were never reached.
const MAX_FOR_STRANGERS: usize = 16;
/// How long a look-up waits for one of the others to end. Then it fails, which is not the peer's fault.
const MAX_WAIT: Duration = Duration::from_secs(2);

/// Addresses of each version of IP that are tried of those that a name leads to. Whoever owns it may list any number.
const MAX_OF_VERSION: usize = 4;

/// Why a name is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// The user named the peer.
    Named,
    /// The peer was reached before.
    Reached,
    /// Only strangers named the peer.
    Stranger,
}

type LookUp = dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync;

pub(super) struct Lookups {
    all: Arc<Semaphore>,
    for_others: Arc<Semaphore>,
    for_strangers: Arc<Semaphore>,
    look_up: Arc<LookUp>,
}

impl fmt::Debug for Lookups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} look-ups left", self.all.available_permits())
    }
}

/// Why there are no addresses.
#[derive(Debug)]
pub(super) enum LookupError {
    /// This machine has nothing left to look it up with.
    Lack(Lack),
    /// The system's answer.
    Failed(io::Error),
}

impl Default for Lookups {
    fn default() -> Self {
        Self::with(|name| Ok((name, 0).to_socket_addrs()?.map(|address| address.ip()).collect()))
    }
}

impl Lookups {
    /// With another way to look names up than the system's.
    pub(super) fn with(look_up: impl Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static) -> Self {
        Self {
            all: Arc::new(Semaphore::new(MAX_LOOKUPS)),
            for_others: Arc::new(Semaphore::new(MAX_FOR_OTHERS)),
            for_strangers: Arc::new(Semaphore::new(MAX_FOR_STRANGERS)),
            look_up: Arc::new(look_up),
        }
    }

    /// The first addresses of a hostname of each version of IP, at most [`MAX_OF_VERSION`], in the order in which they are
    /// to be tried.
    pub(super) async fn addresses(&self, name: &str, standing: Standing) -> Result<Vec<IpAddr>, LookupError> {
        let permits = timeout(MAX_WAIT, self.permits(standing)).await;
        let permits = permits.map_err(|_| LookupError::Lack(Lack::LookUps))?;
        let (found_to, found) = oneshot::channel();
        self.in_thread(name, move |addresses| {
            drop(permits);
            // An error means that nobody waits any more.
            let _ = found_to.send(addresses.map(first_of_each_version));
        })
        .map_err(|_| LookupError::Lack(Lack::Threads))?;
        let addresses = found.await.unwrap_or_else(|_| Err(io::Error::other("the look-up broke off")));
        // That no file could be opened for it is not among the errors of a look-up.
        addresses.map_err(|error| Lack::now().map_or(LookupError::Failed(error), LookupError::Lack))
    }

    async fn permits(&self, standing: Standing) -> Vec<OwnedSemaphorePermit> {
        let bounds = [&self.for_strangers, &self.for_others, &self.all];
        let first = match standing {
            Standing::Stranger => 0,
            Standing::Reached => 1,
            Standing::Named => 2,
        };
        let mut permits = Vec::with_capacity(bounds.len());
        for bound in &bounds[first..] {
            // An error means that it was closed, which nobody does.
            permits.extend(Arc::clone(bound).acquire_owned().await);
        }
        permits
    }

    /// Looks a hostname up beside all others, and hands over what it found.
    pub(super) fn in_thread(
        &self,
        name: &str,
        then: impl FnOnce(io::Result<Vec<IpAddr>>) + Send + 'static,
    ) -> io::Result<()> {
        let (look_up, name) = (Arc::clone(&self.look_up), name.to_owned());
        thread::Builder::new().name("look-up".to_owned()).spawn(move || then(look_up(&name)))?;
        Ok(())
    }
}

fn first_of_each_version(mut addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    let (mut v4, mut v6) = (0, 0);
    addresses.retain(|address| {
        let count = if address.is_ipv4() { &mut v4 } else { &mut v6 };
        *count += 1;
        *count <= MAX_OF_VERSION
    });
    addresses
}

#[cfg(test)]
mod tests {
    use std::{
        net::Ipv4Addr,
        sync::{Condvar, Mutex},
    };

    use super::*;

    /// Names that begin with `slow` hang until the returned function is called.
    fn lookups() -> (Arc<Lookups>, impl Fn()) {
        let gate = Arc::new((Mutex::new(false), Condvar::new()));
        let opened = Arc::clone(&gate);
        let lookups = Lookups::with(move |name| {
            let (is_open, changed) = &*gate;
            if name.starts_with("slow") {
                drop(changed.wait_while(is_open.lock().unwrap(), |is_open| !*is_open).unwrap());
            }
            Ok(vec![Ipv4Addr::LOCALHOST.into()])
        });
        let open = move || {
            *opened.0.lock().unwrap() = true;
            opened.1.notify_all();
        };
        (Arc::new(lookups), open)
    }

    #[tokio::test(start_paused = true)]
    async fn names_of_strangers_that_hang_leave_room_for_others_and_for_few_threads() {
        use Standing::{Named, Reached, Stranger};

        let (lookups, open) = lookups();
        for (standing, taken) in
            [(Stranger, MAX_FOR_STRANGERS), (Reached, MAX_FOR_OTHERS), (Named, MAX_LOOKUPS)]
        {
            // Those of lower standing have what they may have.
            let slow = |number| {
                let lookups = Arc::clone(&lookups);
                tokio::spawn(async move { lookups.addresses(&format!("slow{number}"), standing).await })
            };
            assert!(lookups.addresses("quick", standing).await.is_ok(), "{standing:?}");
            let slow: Vec<_> = (0..100).map(slow).collect();
            tokio::time::sleep(MAX_WAIT / 2).await;
            assert_eq!(lookups.all.available_permits(), MAX_LOOKUPS - taken, "{standing:?}");
            let one_too_many = lookups.addresses("quick", standing).await;
            assert!(matches!(one_too_many, Err(LookupError::Lack(Lack::LookUps))), "{standing:?}");
            drop(slow);
        }
        open();
    }

    #[tokio::test]
    async fn a_look_up_that_nobody_waits_for_any_more_counts_until_it_ends() {
        let (lookups, open) = lookups();
        assert!(
            timeout(Duration::from_millis(20), lookups.addresses("slow", Standing::Named)).await.is_err()
        );
        assert_eq!(lookups.all.available_permits(), MAX_LOOKUPS - 1);
        open();
        while lookups.all.available_permits() < MAX_LOOKUPS {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_look_up_that_panics_is_an_error() {
        let lookups = Lookups::with(|_| panic!("as a test wants"));
        assert!(matches!(lookups.addresses("name", Standing::Stranger).await, Err(LookupError::Failed(_))));
        assert_eq!(lookups.all.available_permits(), MAX_LOOKUPS);
    }

    #[tokio::test]
    async fn of_many_addresses_the_first_of_each_version_are_tried_in_their_order() {
        for (v4, v6) in [(0, 0), (1, 0), (0, 4), (4, 4), (5, 1), (1, 5), (1000, 1000)] {
            let found: Vec<IpAddr> = (0..v4.max(v6))
                .flat_map(|number| {
                    let each = [IpAddr::from([10, 0, 0, number as u8]), IpAddr::from([number as u16; 8])];
                    each.into_iter().zip([v4, v6]).filter(move |(_, count)| number < *count)
                })
                .map(|(address, _)| address)
                .collect();
            let is_first = |address: &&IpAddr| match address {
                IpAddr::V4(v4) => usize::from(v4.octets()[3]) < MAX_OF_VERSION,
                IpAddr::V6(v6) => usize::from(v6.segments()[0]) < MAX_OF_VERSION,
            };
            let first: Vec<IpAddr> =
                found.iter().take(2 * MAX_OF_VERSION).filter(is_first).copied().collect();
            let lookups = Lookups::with(move |_| Ok(found.clone()));
            let addresses = lookups.addresses("name", Standing::Stranger).await.unwrap();
            assert_eq!(addresses, first, "{v4} and {v6}");
        }
    }
}
