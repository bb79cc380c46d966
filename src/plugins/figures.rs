//! Figures of plugins.

use std::{sync::Arc, time::Duration};

use crate::{Fault, Verdict};

/// The figures of a plugin since it came into its pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginFigures {
    /// The plugin.
    pub name: Arc<str>,
    /// Payloads that it was asked about.
    pub payloads: u64,
    /// Its verdicts by kind.
    pub verdicts: Verdicts,
    /// Payloads about which it failed to decide.
    pub faults: u64,
    /// The last of these faults.
    pub last_fault: Option<Fault>,
    /// Median of the time until the verdict, with an error of at most a fifth.
    pub median: Duration,
    /// The time that 99 in 100 verdicts do not exceed, with an error of at most a fifth.
    pub p99: Duration,
}

/// What a pipeline counts for a plugin.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    payloads: u64,
    verdicts: Verdicts,
    faults: u64,
    last_fault: Option<Fault>,
    times: Histogram,
}

impl Counted {
    pub(crate) fn add(&mut self, verdict: &Result<Verdict, Fault>, took: Duration) {
        self.payloads += 1;
        self.times.add(took);
        match verdict {
            Ok(verdict) => self.verdicts.count(verdict),
            Err(fault) => {
                self.faults += 1;
                self.last_fault = Some(fault.clone());
            }
        }
    }

    pub(crate) fn figures(&self, name: &Arc<str>) -> PluginFigures {
        PluginFigures {
            name: Arc::clone(name),
            payloads: self.payloads,
            verdicts: self.verdicts,
            faults: self.faults,
            last_fault: self.last_fault.clone(),
            median: self.times.quantile(0.5),
            p99: self.times.quantile(0.99),
        }
    }
}

/// Verdicts by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Verdicts {
    /// [`Verdict::Pass`].
    pub pass: u64,
    /// [`Verdict::Change`].
    pub change: u64,
    /// [`Verdict::Replace`].
    pub replace: u64,
    /// [`Verdict::Swallow`].
    pub swallow: u64,
    /// [`Verdict::Refuse`].
    pub refuse: u64,
    /// [`Verdict::Hold`].
    pub hold: u64,
}

impl Verdicts {
    pub(crate) fn count(&mut self, verdict: &Verdict) {
        let counter = match verdict {
            Verdict::Pass => &mut self.pass,
            Verdict::Change(_) => &mut self.change,
            Verdict::Replace(_) => &mut self.replace,
            Verdict::Swallow { .. } => &mut self.swallow,
            Verdict::Refuse(_) => &mut self.refuse,
            Verdict::Hold { .. } => &mut self.hold,
        };
        *counter += 1;
    }
}

/// Counts of durations, four buckets for each doubling.
#[derive(Debug)]
pub(crate) struct Histogram {
    counts: [u64; Self::BUCKETS],
    total: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: [0; Self::BUCKETS], total: 0 }
    }
}

impl Histogram {
    /// Up to 2^40 nanoseconds, which are 18 minutes.
    const BUCKETS: usize = 160;

    pub(crate) fn add(&mut self, time: Duration) {
        let nanoseconds = (time.as_nanos() as f64).max(1.0);
        let bucket = ((nanoseconds.log2() * 4.0) as usize).min(Self::BUCKETS - 1);
        self.counts[bucket] += 1;
        self.total += 1;
    }

    pub(crate) fn quantile(&self, share: f64) -> Duration {
        let wanted = (self.total as f64 * share).ceil() as u64;
        let mut counted = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            counted += count;
            if counted >= wanted && counted > 0 {
                return Duration::from_nanos(((bucket as f64 + 0.5) / 4.0).exp2() as u64);
            }
        }
        Duration::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_a_fifth() {
        let mut times = Histogram::default();
        assert_eq!(times.quantile(0.5), Duration::ZERO);
        for microseconds in 1..=1000 {
            times.add(Duration::from_micros(microseconds));
        }
        for (share, expected) in [(0.5, 500.0), (0.99, 990.0), (0.001, 1.0)] {
            let found = times.quantile(share).as_nanos() as f64 / 1000.0;
            assert!((found / expected - 1.0).abs() < 0.2, "{share}: {found} instead of {expected}");
        }
        times.add(Duration::MAX);
        times.add(Duration::ZERO);
    }
}
