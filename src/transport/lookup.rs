//! Hostname lookups, each in a thread of its own.
//!
//! The system's lookup can take minutes and cannot be cancelled. So the number of threads is bounded, and names that only
//! strangers gave leave room for others. A thread that cannot be started is an error, not a panic.

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

use crate::descriptors::Shortage;

/// Maximum lookups at once.
const MAX_LOOKUPS: usize = 48;
/// Maximum of these for peers that the user did not add.
const MAX_FOR_OTHERS: usize = 32;
/// Maximum of these for peers that never responded.
const MAX_FOR_STRANGERS: usize = 16;
/// Maximum time that a lookup waits for a free thread. Then it fails, which says nothing about the peer.
const MAX_WAIT: Duration = Duration::from_secs(2);

/// Maximum addresses of each version of IP that are used of one name, because its owner can list any number.
const MAX_OF_VERSION: usize = 4;

/// How trustworthy the source of a name is. It decides how many lookups may run at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameSource {
    /// The user added the peer: 48 lookups.
    UserAdded,
    /// The peer responded before: 32 lookups.
    Responded,
    /// Only strangers named the peer: 16 lookups.
    Unverified,
}

type LookUp = dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync;

/// The lookups of a node.
pub struct Lookups {
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

/// Why a lookup failed.
#[derive(Debug)]
pub enum LookupError {
    /// This machine lacks a resource for it.
    Shortage(Shortage),
    /// The system's error.
    Failed(io::Error),
}

impl Default for Lookups {
    fn default() -> Self {
        Self::with(|name| Ok((name, 0).to_socket_addrs()?.map(|address| address.ip()).collect()))
    }
}

impl Lookups {
    /// Look-ups by a function other than the system's, for tests.
    pub fn with(look_up: impl Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static) -> Self {
        Self {
            all: Arc::new(Semaphore::new(MAX_LOOKUPS)),
            for_others: Arc::new(Semaphore::new(MAX_FOR_OTHERS)),
            for_strangers: Arc::new(Semaphore::new(MAX_FOR_STRANGERS)),
            look_up: Arc::new(look_up),
        }
    }

    /// Looks a hostname up. Returns at most 4 addresses of each version of IP, in the system's order of preference.
    ///
    /// # Errors
    /// The lookup failed, or waited 2 seconds for a free thread.
    pub async fn addresses(&self, name: &str, source: NameSource) -> Result<Vec<IpAddr>, LookupError> {
        let permits = timeout(MAX_WAIT, self.permits(source)).await;
        let permits = permits.map_err(|_| LookupError::Shortage(Shortage::LookUps))?;
        let (found_to, found) = oneshot::channel();
        self.in_thread(name, move |addresses| {
            drop(permits);
            // An error means that the caller no longer waits.
            let _ = found_to.send(addresses.map(first_of_each_version));
        })
        .map_err(|_| LookupError::Shortage(Shortage::Threads))?;
        let addresses = found.await.unwrap_or_else(|_| Err(io::Error::other("the look-up broke off")));
        // The error of a lookup does not say that there were too few file descriptors.
        addresses.map_err(|error| Shortage::now().map_or(LookupError::Failed(error), LookupError::Shortage))
    }

    async fn permits(&self, source: NameSource) -> Vec<OwnedSemaphorePermit> {
        let bounds = [&self.for_strangers, &self.for_others, &self.all];
        let first = match source {
            NameSource::Unverified => 0,
            NameSource::Responded => 1,
            NameSource::UserAdded => 2,
        };
        let mut permits = Vec::with_capacity(bounds.len());
        for bound in &bounds[first..] {
            // An error means that the semaphore was closed, which never happens.
            permits.extend(Arc::clone(bound).acquire_owned().await);
        }
        permits
    }

    /// Looks a hostname up in a new thread, outside of the bounds above, and calls `then` there with the result.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn in_thread(
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
    async fn hanging_lookups_of_strangers_leave_threads_for_others() {
        use NameSource::{Responded, Unverified, UserAdded};

        let (lookups, open) = lookups();
        for (source, used) in
            [(Unverified, MAX_FOR_STRANGERS), (Responded, MAX_FOR_OTHERS), (UserAdded, MAX_LOOKUPS)]
        {
            // Names with less trusted sources use all their lookups.
            let slow = |number| {
                let lookups = Arc::clone(&lookups);
                tokio::spawn(async move { lookups.addresses(&format!("slow{number}"), source).await })
            };
            assert!(lookups.addresses("quick", source).await.is_ok(), "{source:?}");
            let slow: Vec<_> = (0..100).map(slow).collect();
            tokio::time::sleep(MAX_WAIT / 2).await;
            assert_eq!(lookups.all.available_permits(), MAX_LOOKUPS - used, "{source:?}");
            let one_too_many = lookups.addresses("quick", source).await;
            assert!(matches!(one_too_many, Err(LookupError::Shortage(Shortage::LookUps))), "{source:?}");
            drop(slow);
        }
        open();
    }

    #[tokio::test]
    async fn an_abandoned_lookup_counts_until_it_ends() {
        let (lookups, open) = lookups();
        assert!(
            timeout(Duration::from_millis(20), lookups.addresses("slow", NameSource::UserAdded))
                .await
                .is_err()
        );
        assert_eq!(lookups.all.available_permits(), MAX_LOOKUPS - 1);
        open();
        while lookups.all.available_permits() < MAX_LOOKUPS {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_lookup_that_panics_is_an_error() {
        let lookups = Lookups::with(|_| panic!("as a test wants"));
        assert!(matches!(
            lookups.addresses("name", NameSource::Unverified).await,
            Err(LookupError::Failed(_))
        ));
        assert_eq!(lookups.all.available_permits(), MAX_LOOKUPS);
    }

    #[tokio::test]
    async fn only_the_first_addresses_of_each_version_are_returned_in_order() {
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
            let addresses = lookups.addresses("name", NameSource::Unverified).await.unwrap();
            assert_eq!(addresses, first, "{v4} and {v6}");
        }
    }
}
