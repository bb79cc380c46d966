//! The ends of axes.

/// Levels that a cell of a bar can have.
const LEVELS: u16 = 8;

/// What a bar must have at least to be seen.
pub fn least_seen(scale: u64, height: u16) -> u64 {
    scale.div_ceil(u64::from(height.max(1) * LEVELS))
}

/// The next number with which a scale is easily read.
pub fn nice(value: f64) -> f64 {
    if value <= 0.0 || !value.is_finite() {
        return 0.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0];
    steps.into_iter().map(|step| step * power).find(|step| *step >= value * 0.999).unwrap_or(value)
}
