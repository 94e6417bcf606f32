//! Rounding of the numbers of a summary, so that claims are judged by the displayed numbers.

/// Rounds to `digits` digits after the point.
pub(super) fn rounded(value: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}

/// Rounds a rate per second: a low rate keeps enough digits for what is computed from it.
pub(super) fn rounded_rate(per_s: f64) -> f64 {
    let digits = match per_s {
        ..1.0 => 9,
        ..100.0 => 6,
        _ => 3,
    };
    rounded(per_s, digits)
}
