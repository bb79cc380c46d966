//! Building blocks of a peer-to-peer node on tokio, independent of its protocol.
//!
//! - Limits: a [`RateLimiter`] by remote address, a limit on open connections ([`connections`]), a memory budget for
//!   request bodies ([`body_budget`]) and a limit on open files ([`descriptors`]).
//! - Address policy: which addresses a node contacts on a stranger's word ([`address_policy`], [`Scope`]), and bounded
//!   hostname lookups ([`lookup`]).
//! - Events: a broadcast channel that is bounded in events and in bytes ([`event_ring`]), and what its
//!   subscribers receive ([`subscription`]).
//! - Files: written atomically, read with an upper bound ([`files`]).
//! - Enums: a list of all variants that the compiler checks ([`all_variants!`]).
//!
//! [`RateLimiter`], [`Scope`], [`Now`], [`rate_limit_key`], [`network`], [`event_ring`] and [`subscription`] are
//! pure: no clock, socket, thread or tokio.
//! Files need the feature `files`. Everything else needs the feature `tokio`, which is on by default and includes it.

#[cfg(feature = "tokio")]
#[expect(clippy::disallowed_methods, reason = "it reads the clock")]
pub mod address_policy;
#[cfg(feature = "files")]
mod atomic_file;
#[cfg(feature = "tokio")]
pub mod body_budget;
#[cfg(feature = "tokio")]
#[expect(clippy::disallowed_methods, reason = "it reads the clock")]
mod clock;
#[cfg(feature = "tokio")]
mod connection_shares;
#[cfg(feature = "tokio")]
#[expect(clippy::disallowed_methods, reason = "it reads the clock")]
pub mod connections;
#[cfg(feature = "tokio")]
pub mod descriptors;
pub mod event_ring;
#[cfg(feature = "files")]
pub mod files;
#[cfg(feature = "tokio")]
pub mod lookup;
mod now;
mod rate_limiter;
mod remote;
mod scope;
pub mod subscription;
mod variants;

#[cfg(feature = "tokio")]
pub use clock::Clock;
pub use now::Now;
pub use rate_limiter::RateLimiter;
pub use remote::{network, rate_limit_key};
pub use scope::Scope;
