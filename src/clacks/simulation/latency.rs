//! The latency of the network.

use rand::{Rng, RngExt};
use rand_distr::{Distribution, Normal};
use serde::{Deserialize, Serialize};

use super::{ScenarioError, scenario::in_range};

/// The latency of a payload and of its response. Each is drawn anew.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Latency {
    /// Constant.
    Constant {
        /// Seconds.
        seconds: f64,
    },
    /// Uniform between two bounds.
    Uniform {
        /// Minimum in seconds.
        from: f64,
        /// Maximum in seconds.
        to: f64,
    },
    /// Log-normal: mostly near the median, sometimes much longer, as on the internet.
    LogNormal {
        /// Median in seconds.
        median: f64,
        /// Standard deviation of the natural logarithm. At 0.5, one latency in twenty is 2.3 medians or more.
        sigma: f64,
    },
}

impl Latency {
    pub(super) fn check(self) -> Result<(), ScenarioError> {
        match self {
            Self::Constant { seconds } => in_range("latency.seconds", seconds, 0.0, 3600.0),
            Self::Uniform { from, to } => {
                in_range("latency.from", from, 0.0, 3600.0)?;
                in_range("latency.to", to, from, 3600.0)
            }
            Self::LogNormal { median, sigma } => {
                in_range("latency.median", median, 1e-9, 3600.0)?;
                in_range("latency.sigma", sigma, 0.0, 5.0)
            }
        }
    }

    /// The distribution to draw from.
    pub(super) fn sampler(self) -> LatencySampler {
        match self {
            Self::Constant { seconds } => LatencySampler::Constant(seconds),
            Self::Uniform { from, to } => LatencySampler::Uniform(from, to - from),
            // std's logarithm is the platform's, and platforms round differently. The same is true of the distribution
            // if another crate enables its std. The distribution accepts every sigma that the scenario check accepts.
            Self::LogNormal { median, sigma } => Normal::new(libm::log(median), sigma)
                .map_or(LatencySampler::Constant(median), LatencySampler::LogNormal),
        }
    }
}

/// A latency distribution, ready to draw from.
#[derive(Debug, Clone, Copy)]
pub(super) enum LatencySampler {
    Constant(f64),
    /// The minimum, and the difference of maximum and minimum.
    Uniform(f64, f64),
    /// The distribution of the logarithm.
    LogNormal(Normal<f64>),
}

impl LatencySampler {
    /// One latency in seconds.
    pub(super) fn draw(self, rng: &mut impl Rng) -> f64 {
        match self {
            Self::Constant(seconds) => seconds,
            Self::Uniform(from, longer) => from + longer * rng.random::<f64>(),
            Self::LogNormal(logarithm) => libm::exp(logarithm.sample(rng)),
        }
    }
}
