//! Scales of axes.

/// Number of heights that a bar can have within a cell.
const LEVELS: u16 = 8;

/// The smallest value that makes a bar visible: an eighth of a cell, in a chart of `height` rows that ends at `scale`.
pub fn min_visible(scale: u64, height: u16) -> u64 {
    scale.div_ceil(u64::from(height.max(1) * LEVELS))
}

/// Rounds up to a number that makes a readable scale: 1, 1.5, 2, 3, 4, 5, 6 or 8 times a power of ten. 0 for values
/// that are not positive or not finite.
pub fn round_up_to_scale(value: f64) -> f64 {
    if value <= 0.0 || !value.is_finite() {
        return 0.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0];
    steps.into_iter().map(|step| step * power).find(|step| *step >= value * 0.999).unwrap_or(value)
}
