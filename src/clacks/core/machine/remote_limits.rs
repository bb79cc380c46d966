//! Remote addresses: ignored ones, and rate limits.

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use clacks_transport::{RateLimiter, rate_limit_key};

use crate::core::{Event, Limit, Now, Options};

use super::{Core, Response};

/// Minimum interval between two events about refused payloads of the rate limit.
const RATE_EVENT_INTERVAL: Duration = Duration::from_secs(1);

/// Minimum interval between two [`Event::LimitsMet`].
const LIMIT_EVENT_INTERVAL: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct RemoteLimits {
    /// Ignored addresses as the user wrote them, by rate-limit key.
    ignored: BTreeMap<IpAddr, IpAddr>,
    payloads: RateLimiter,
    introductions: RateLimiter,
    /// Uptime from which the next event about the rate limit may be emitted.
    next_rate_event: Duration,
}

impl RemoteLimits {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            ignored: BTreeMap::new(),
            payloads: limiter_of_payloads(options),
            introductions: limiter_of_introductions(options),
            next_rate_event: Duration::ZERO,
        }
    }

    /// Applies the rates of other options. A rate that is unchanged is not begun again.
    pub(super) fn set_options(&mut self, old: &Options, new: &Options) {
        let of_payloads = |of: &Options| (of.payload_rate.to_bits(), of.payload_burst);
        if of_payloads(old) != of_payloads(new) {
            self.payloads = limiter_of_payloads(new);
        }
        let of_introductions = |of: &Options| (of.introductions_per_minute, of.introductions_burst);
        if of_introductions(old) != of_introductions(new) {
            self.introductions = limiter_of_introductions(new);
        }
    }

    /// The ignored address with the same rate-limit key, as the user wrote it.
    pub(super) fn ignored(&self, remote: IpAddr) -> Option<IpAddr> {
        self.ignored.get(&rate_limit_key(remote)).copied()
    }

    /// Whether this remote address may introduce one more peer.
    pub(super) fn may_introduce(&mut self, remote: IpAddr, now: Now) -> bool {
        self.introductions.try_acquire(remote, now.uptime).is_ok()
    }
}

fn limiter_of_payloads(options: &Options) -> RateLimiter {
    RateLimiter::new(options.payload_rate, options.payload_burst.into())
}

fn limiter_of_introductions(options: &Options) -> RateLimiter {
    let rate = f64::from(options.introductions_per_minute) / 60.0;
    RateLimiter::new(rate, options.introductions_burst.into())
}

impl Core {
    /// Checks whether a payload from this remote address is accepted now. The error is the response: 403 if the address
    /// is ignored, 429 above the rate limit. Call it before reading the body. At most one event per second is emitted
    /// for the rate limit.
    pub fn allow_payload(&mut self, remote: IpAddr, now: Now) -> Result<(), Response> {
        if self.is_remote_ignored(remote) {
            let answer = self.refuse(403, "ignored", None, None, Some(remote));
            self.record_limit_hit(Limit::IgnoredRemotes, now);
            return Err(answer);
        }
        let Err(wait) = self.remotes().payloads.try_acquire(remote, now.uptime) else { return Ok(()) };
        let reason = "too many payloads from your address";
        let answer = if self.remotes().next_rate_event <= now.uptime {
            self.remotes().next_rate_event = now.uptime + RATE_EVENT_INTERVAL;
            self.refuse(429, reason, None, None, Some(remote))
        } else {
            self.count(|counters| counters.refused += 1);
            Response::refused(429, reason)
        };
        self.record_limit_hit(Limit::Payloads, now);
        Err(answer.with_header("retry-after", &wait.as_secs_f64().ceil().to_string()))
    }

    /// Counts a hit of a limit. At most one event per second is emitted.
    pub fn record_limit_hit(&mut self, limit: Limit, now: Now) {
        self.count(|counters| counters.limits.count(limit));
        self.has_unreported_limits = self.is_watched;
        self.report_limits(now);
    }

    /// Emits an event about hits of limits, unless one was emitted within the last second.
    pub(super) fn report_limits(&mut self, now: Now) {
        if self.next_limit_report().is_some_and(|next| next <= now.uptime) {
            self.has_unreported_limits = false;
            self.next_limit_event = now.uptime + LIMIT_EVENT_INTERVAL;
            let met = self.counters().limits;
            self.emit(|_| Event::LimitsMet { met });
        }
    }

    /// Uptime of the next event about limits, if there are unreported hits.
    pub(super) fn next_limit_report(&self) -> Option<Duration> {
        self.has_unreported_limits.then_some(self.next_limit_event)
    }

    /// Ignores a remote address, or the /64 network of an IPv6 address: its connections are closed, whatever sender
    /// they name. Returns whether it was not ignored before.
    pub fn ignore_remote(&mut self, remote: IpAddr) -> bool {
        let remote = remote.to_canonical();
        let is_news = !self.is_remote_ignored(remote);
        if is_news {
            self.remotes().ignored.insert(rate_limit_key(remote), remote);
            self.emit(|_| Event::RemoteIgnored { remote });
        }
        is_news
    }

    /// Stops ignoring a remote address. Returns whether it was ignored.
    pub fn unignore_remote(&mut self, remote: IpAddr) -> bool {
        let ignored = self.remotes().ignored.remove(&rate_limit_key(remote));
        ignored.into_iter().for_each(|remote| self.emit(|_| Event::RemoteUnignored { remote }));
        ignored.is_some()
    }

    /// Whether a remote address is ignored. Call it before the TLS handshake.
    pub fn is_remote_ignored(&self, remote: IpAddr) -> bool {
        self.remotes.as_ref().is_some_and(|remotes| remotes.ignored.contains_key(&rate_limit_key(remote)))
    }

    /// The ignored remote addresses, sorted.
    pub fn ignored_remotes(&self) -> impl Iterator<Item = IpAddr> {
        self.remotes.iter().flat_map(|remotes| remotes.ignored.values().copied())
    }

    /// Restores the ignored remote addresses of an earlier run.
    pub fn restore_remotes(&mut self, remotes: impl IntoIterator<Item = IpAddr>) {
        self.remotes()
            .ignored
            .extend(remotes.into_iter().map(|remote| (rate_limit_key(remote), remote.to_canonical())));
    }
}
