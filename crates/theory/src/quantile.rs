//! Quantiles of a draw: the length that a given share of draws does not exceed.

use concsim_model::scenario::Draw;

/// Cap of a draw, in seconds: one hour.
const HOUR: f64 = 3_600.0;
/// The standard normal's 99th percentile.
const NORMAL_P99: f64 = 2.326_347_874_040_841;

/// True if draws differ.
#[must_use]
pub fn is_random(draw: &Draw) -> bool {
    match *draw {
        Draw::Fixed(_) => false,
        Draw::Uniform { low, high } => low < high,
        Draw::Lognormal { median, p99 } => median < p99,
        Draw::Pareto { least, most, .. } => least < most,
        Draw::Exponential { .. } => true,
    }
}

/// Returns the length in seconds that this share of draws does not exceed; the share is between 0 and 1.
#[must_use]
pub fn of(draw: &Draw, share: f64) -> f64 {
    let seconds = |nanoseconds: u64| nanoseconds as f64 / 1e9;
    let length = match *draw {
        Draw::Fixed(length) => seconds(length),
        Draw::Uniform { low, high } => seconds(low) + share * (seconds(high) - seconds(low)),
        Draw::Exponential { mean } => -seconds(mean) * libm::log1p(-share),
        Draw::Lognormal { median, p99 } => {
            let spread = libm::log(p99 as f64 / median as f64) / NORMAL_P99;
            seconds(median) * libm::exp(spread * normal(share))
        }
        Draw::Pareto { least, shape, most } => {
            let tail = libm::pow(1.0 - share, -1.0 / shape);
            (seconds(least) * tail).min(seconds(most))
        }
    };
    length.min(HOUR)
}

/// Returns the share of draws that would exceed the cap of an hour.
#[must_use]
pub fn beyond_the_hour(draw: &Draw) -> f64 {
    let hour = HOUR * 1e9;
    match *draw {
        Draw::Exponential { mean } => libm::exp(-hour / mean as f64),
        Draw::Lognormal { median, p99 } if p99 > median => {
            let spread = libm::log(p99 as f64 / median as f64) / NORMAL_P99;
            let deviation = libm::log(hour / median as f64) / spread;
            0.5 * libm::erfc(deviation / std::f64::consts::SQRT_2)
        }
        Draw::Fixed(_) | Draw::Uniform { .. } | Draw::Lognormal { .. } | Draw::Pareto { .. } => 0.0,
    }
}

/// Returns the standard normal's quantile, accurate to nine digits (Acklam's rational approximation).
fn normal(share: f64) -> f64 {
    const MIDDLE: [f64; 6] = [
        -39.696_830_286_653_76,
        220.946_098_424_520_5,
        -275.928_510_446_968_7,
        138.357_751_867_269,
        -30.664_798_066_147_16,
        2.506_628_277_459_239,
    ];
    const UNDER: [f64; 6] = [
        -54.476_098_798_224_06,
        161.585_836_858_040_9,
        -155.698_979_859_886_6,
        66.801_311_887_719_72,
        -13.280_681_552_885_72,
        1.0,
    ];
    const TAIL: [f64; 6] = [
        -0.007_784_894_002_430_293,
        -0.322_396_458_041_136_5,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const UNDER_TAIL: [f64; 5] = [
        0.007_784_695_709_041_462,
        0.322_467_129_070_039_8,
        2.445_134_137_142_996,
        3.754_408_661_907_416,
        1.0,
    ];
    const EDGE: f64 = 0.024_25;
    let tail = |share: f64| {
        let length = libm::sqrt(-2.0 * libm::log(share));
        polynomial(&TAIL, length) / polynomial(&UNDER_TAIL, length)
    };
    if share < EDGE {
        return tail(share);
    }
    if share > 1.0 - EDGE {
        return -tail(1.0 - share);
    }
    let from_middle = share - 0.5;
    let square = from_middle * from_middle;
    polynomial(&MIDDLE, square) * from_middle / polynomial(&UNDER, square)
}

/// Evaluates a polynomial; coefficients of the highest power first.
fn polynomial(coefficients: &[f64], at: f64) -> f64 {
    let sum = |sum: f64, coefficient: &f64| sum * at + coefficient;
    coefficients.iter().fold(0.0, sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demand::Moments;

    #[test]
    fn the_mean_over_all_quantiles_is_the_mean_of_the_law() {
        for draw in [
            Draw::Fixed(3_000_000),
            Draw::Uniform {
                low: 1_000_000,
                high: 5_000_000,
            },
            Draw::Exponential { mean: 4_000_000 },
            Draw::Lognormal {
                median: 2_000_000,
                p99: 9_000_000,
            },
            Draw::Pareto {
                least: 1_000_000,
                shape: 1.5,
                most: 50_000_000,
            },
        ] {
            let points = 10_000;
            let shares = (0..points).map(|point| (f64::from(point) + 0.5) / f64::from(points));
            let mean = shares.map(|share| of(&draw, share)).sum::<f64>() / f64::from(points);
            let expected = Moments::of(&draw).mean;
            assert!(
                (mean / expected - 1.0).abs() < 2e-3,
                "{draw:?}: {mean} instead of {expected}"
            );
        }
    }

    #[test]
    fn a_quantile_of_the_normal_law_is_that_of_tables() {
        for (share, expected) in [(0.5, 0.0), (0.975, 1.959_964), (0.01, -2.326_348)] {
            assert!((normal(share) - expected).abs() < 1e-6, "{share}");
        }
    }

    #[test]
    fn one_in_four_hundred_of_ten_minutes_would_be_longer_than_an_hour() {
        // e^-6 = 0.002479.
        let draw = Draw::Exponential {
            mean: 600_000_000_000,
        };
        assert!((beyond_the_hour(&draw) - 0.002_479).abs() < 1e-6);
    }
}
