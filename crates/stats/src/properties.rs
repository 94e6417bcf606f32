//! Laws that hold for any values.

use proptest::prelude::*;

use crate::{Interval, StatsError, batch, mean, paired, percentile, warm_up};

type Method = fn(&[f64]) -> Result<Interval, StatsError>;

/// Every interval of one sample that moves and grows with its values.
const METHODS: [Method; 6] = [
    |values| mean::interval(values, 0.95),
    |values| mean::skewed(values, 0.95),
    |values| percentile::median(values, 0.95),
    |values| percentile::of_independent(values, 0.9, 0.95),
    |values| percentile::of_replications(&values.chunks(7).collect::<Vec<_>>(), 0.9, 0.95),
    |values| batch::of_series(values, 0.95),
];

fn samples() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(-1e3..1e3, 8..200)
}

/// True if two numbers are equal but for rounding of numbers up to `size`.
#[expect(clippy::float_cmp, reason = "infinite ends are equal")]
fn is_close(one: f64, other: f64, size: f64) -> bool {
    one == other || (one - other).abs() <= 1e-9 * size
}

proptest! {
    #[test]
    fn the_estimate_lies_in_its_interval(values in samples()) {
        for method in METHODS {
            let Ok(found) = method(&values) else { continue };
            prop_assert!(found.low <= found.estimate && found.estimate <= found.high, "{found:?}");
            prop_assert!(found.level > 0.0 && found.level < 1.0);
        }
    }

    #[test]
    fn other_units_and_another_zero_give_the_same_interval(
        values in samples(), scale in 0.01..100.0, shift in -1e3..1e3,
    ) {
        let moved: Vec<f64> = values.iter().map(|value| value * scale + shift).collect();
        let size = 1e3 * scale + 1e3;
        for method in METHODS {
            let (Ok(before), Ok(after)) = (method(&values), method(&moved)) else { continue };
            for (one, other) in [
                (before.estimate, after.estimate), (before.low, after.low), (before.high, after.high),
            ] {
                prop_assert!(is_close(one * scale + shift, other, size), "{before:?} {after:?}");
            }
            prop_assert!(is_close(before.level, after.level, 1.0));
        }
    }

    #[test]
    fn a_ratio_does_not_depend_on_the_unit(
        pairs in prop::collection::vec((1.0..1e3, 1.0..1e3), 2..40), scale in 0.01..100.0,
    ) {
        let (first, second): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
        let scaled = |values: &[f64]| -> Vec<f64> { values.iter().map(|value| value * scale).collect() };
        let before = paired::ratio(&first, &second, 0.95).unwrap();
        let after = paired::ratio(&scaled(&first), &scaled(&second), 0.95).unwrap();
        prop_assert!(0.0 < before.low && before.low <= before.estimate && before.estimate <= before.high);
        prop_assert!(is_close(after.low / before.low, 1.0, 1.0));
        prop_assert!(is_close(after.high / before.high, 1.0, 1.0));
    }

    #[test]
    fn a_higher_level_is_never_narrower(values in samples(), low in 0.5..0.99, more in 0.0..0.009) {
        for method in [mean::interval, percentile::median] {
            let narrow = method(&values, low).unwrap();
            let wide = method(&values, low + more).unwrap();
            prop_assert!(wide.low <= narrow.low && narrow.high <= wide.high, "{narrow:?} {wide:?}");
        }
    }

    #[test]
    fn a_warm_up_is_whole_batches_of_at_most_half(values in prop::collection::vec(-1e3..1e3, 50..400)) {
        if let Ok(truncated) = warm_up::mser5(&values) {
            prop_assert!(truncated % 5 == 0 && 2 * truncated <= values.len());
        }
    }
}
