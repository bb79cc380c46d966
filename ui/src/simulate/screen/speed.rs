//! The speed of a simulation.

/// Virtual seconds per second, slowest first. The speed above the last one is unlimited.
const STEPS: [f64; 16] =
    [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0, 10_000.0];
/// Duration in seconds that the default speed aims at.
const PLEASANT: f64 = 60.0;

/// An index into [`STEPS`]; one past the end means unlimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Speed(usize);

impl Speed {
    /// Unlimited speed.
    pub(crate) const MOST: Self = Self(STEPS.len());

    /// The speed at which a scenario of this number of seconds takes about a minute.
    pub(crate) fn pleasant(duration: f64) -> Self {
        let wanted = duration / PLEASANT;
        let off = |step: usize| (STEPS[step] / wanted).ln().abs();
        Self((0..STEPS.len()).min_by(|one, other| off(*one).total_cmp(&off(*other))).unwrap_or_default())
    }

    /// Virtual seconds per second; `None` for unlimited.
    pub(crate) fn factor(self) -> Option<f64> {
        STEPS.get(self.0).copied()
    }

    pub(crate) fn faster(self) -> Self {
        Self((self.0 + 1).min(Self::MOST.0))
    }

    pub(crate) fn slower(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_takes_about_a_minute() {
        let factors = [1.0, 40.0, 60.0, 3600.0, 1e9].map(|duration| Speed::pleasant(duration).factor());
        assert_eq!(factors, [Some(0.1), Some(0.5), Some(1.0), Some(50.0), Some(10_000.0)]);
    }

    #[test]
    fn speeds_range_from_slow_motion_to_unlimited() {
        let mut speed = Speed::pleasant(1.0).slower();
        assert_eq!(speed.factor(), Some(0.1));
        for _ in 0..30 {
            speed = speed.faster();
        }
        assert_eq!(speed, Speed::MOST);
        assert_eq!(speed.slower().factor(), Some(10_000.0));
    }
}
