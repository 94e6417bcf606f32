//! Fit of the law to measured throughputs: least squares over all three coefficients, by the method of
//! Levenberg and Marquardt.
//!
//! No coefficient may be negative: one that a step would make negative stays at zero, and takes part again as
//! soon as the gradient makes it positive. The start is the best point of a coarse grid, since other starts
//! may lead to a local minimum.
//!
//! Older methods divide by the throughput at N = 1 first, which gives that one measurement all the weight.

use super::Law;

/// Throughput measured at a load.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// N: processors, threads or clients; at least 1.
    pub load: f64,
    /// X: per second, or in any unit; positive.
    pub throughput: f64,
}

/// A fitted law and the quality of the fit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// Coefficients; γ in the unit of the throughputs.
    pub law: Law,
    /// Sum of squared differences.
    pub squares: f64,
    /// Residual standard error, √(squares ÷ (points − 3)), in the unit of the throughputs. `None` with three
    /// points, which any law fits.
    pub standard_error: Option<f64>,
    /// Coefficients that the fit would have made negative, and held at 0.
    pub held: HeldCoefficients,
}

/// Coefficients held at a limit: the law cannot follow the points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeldCoefficients {
    /// Contention below 0: more than linear.
    pub alpha: bool,
    /// Coherence below 0.
    pub beta: bool,
}

impl HeldCoefficients {
    /// True for coefficients at 0 whose squares decrease just below it.
    fn of(points: &[Point], law: &Law) -> Self {
        const BELOW: f64 = 1e-4;
        let least = squares(points, law);
        // Rounding noise, if the law meets all points.
        let falls = |tried: Law| squares(points, &tried) < least * (1.0 - 1e-6) - 1e-12;
        Self {
            alpha: law.alpha == 0.0
                && falls(Law {
                    alpha: -BELOW,
                    ..*law
                }),
            beta: law.beta == 0.0
                && falls(Law {
                    beta: -BELOW * BELOW,
                    ..*law
                }),
        }
    }
}

/// Returns the best law for these points; `None` if fewer than three loads differ.
#[must_use]
pub fn fit(points: &[Point]) -> Option<Fit> {
    let mut loads: Vec<f64> = points.iter().map(|point| point.load).collect();
    loads.sort_by(f64::total_cmp);
    loads.dedup();
    if loads.len() < 3 {
        return None;
    }
    // Throughputs in units of the largest, so that sizes do not matter.
    let largest = points.iter().map(|point| point.throughput);
    let largest = largest.fold(0.0, f64::max);
    let scaled: Vec<Point> = points
        .iter()
        .map(|point| Point {
            throughput: point.throughput / largest,
            ..*point
        })
        .collect();
    let best = without_dust(descend(&scaled));
    let law = Law {
        gamma: best.gamma * largest,
        ..best
    };
    let squares = squares(points, &law);
    let spare = points.len().saturating_sub(3);
    Some(Fit {
        held: HeldCoefficients::of(&scaled, &best),
        law,
        squares,
        standard_error: (spare > 0).then(|| (squares / spare as f64).sqrt()),
    })
}

/// Replaces coefficients below the rounding error of a sum by 0.
fn without_dust(law: Law) -> Law {
    let or_nothing = |number: f64, least: f64| if number < least { 0.0 } else { number };
    Law {
        alpha: or_nothing(law.alpha, 1e-12),
        beta: or_nothing(law.beta, 1e-15),
        gamma: law.gamma,
    }
}

fn squares(points: &[Point], law: &Law) -> f64 {
    let differences = points
        .iter()
        .map(|point| point.throughput - law.throughput(point.load));
    differences.map(|difference| difference * difference).sum()
}

/// Returns the derivatives of the throughput at a load with respect to α, β and γ.
fn slopes(law: &Law, load: f64) -> [f64; 3] {
    let slowdown = law.slowdown(load);
    let by_slowdown = -law.gamma * load / (slowdown * slowdown);
    [
        by_slowdown * (load - 1.0),
        by_slowdown * load * (load - 1.0),
        load / slowdown,
    ]
}

/// Descends from the best point of the grid until nothing is gained.
fn descend(points: &[Point]) -> Law {
    const MOST_STEPS: usize = 10_000;
    let mut law = best_of_grid(points);
    let mut best = squares(points, &law);
    // Weight of the gradient's direction against the Gauss–Newton step.
    let mut damping = 1e-3;
    for _ in 0..MOST_STEPS {
        let step = step(points, &law, damping);
        let tried = Law {
            alpha: (law.alpha + step[0]).max(0.0),
            beta: (law.beta + step[1]).max(0.0),
            gamma: law.gamma + step[2],
        };
        let reached = squares(points, &tried);
        if tried.gamma > 0.0 && reached < best {
            (law, best) = (tried, reached);
            damping = (damping / 10.0).max(1e-12);
        } else {
            damping *= 10.0;
        }
        if damping > 1e12 {
            break;
        }
    }
    law
}

/// Returns the best law of a grid over orders of magnitude of α and β, each with its best γ.
fn best_of_grid(points: &[Point]) -> Law {
    let magnitudes = |least: i32| {
        let powers = (least..=0).map(|power| libm::pow(10.0, f64::from(power)));
        std::iter::once(0.0).chain(powers)
    };
    let laws = magnitudes(-5).flat_map(|alpha| {
        magnitudes(-10).map(move |beta| {
            let law = Law {
                alpha,
                beta,
                gamma: 1.0,
            };
            // X is proportional to γ.
            let (mut both, mut square) = (0.0, 0.0);
            for point in points {
                let alone = law.throughput(point.load);
                both += alone * point.throughput;
                square += alone * alone;
            }
            Law {
                gamma: both / square,
                ..law
            }
        })
    });
    let better = |one: &Law, other: &Law| squares(points, one).total_cmp(&squares(points, other));
    laws.min_by(better).expect("the grid is not empty")
}

/// Returns the step that solves `(JᵀJ + damping·diag JᵀJ)·step = Jᵀ·differences`; J holds the slopes at all
/// points. A coefficient that is zero and would become negative takes no part.
fn step(points: &[Point], law: &Law, damping: f64) -> [f64; 3] {
    let mut normal = [[0.0; 4]; 3];
    for point in points {
        let slopes = slopes(law, point.load);
        let difference = point.throughput - law.throughput(point.load);
        for row in 0..3 {
            for column in 0..3 {
                normal[row][column] += slopes[row] * slopes[column];
            }
            normal[row][3] += slopes[row] * difference;
        }
    }
    for (at, coefficient) in [law.alpha, law.beta, law.gamma].into_iter().enumerate() {
        if coefficient > 0.0 || normal[at][3] > 0.0 {
            normal[at][at] *= 1.0 + damping;
        } else {
            for other in &mut normal {
                other[at] = 0.0;
            }
            normal[at] = [0.0; 4];
            normal[at][at] = 1.0;
        }
    }
    solve(normal)
}

/// Solves three equations, scaled to a unit diagonal: coefficients differ by orders of magnitude.
fn solve(mut rows: [[f64; 4]; 3]) -> [f64; 3] {
    let scale = [0, 1, 2].map(|at| rows[at][at].sqrt());
    for (row, by) in rows.iter_mut().zip(scale) {
        for (cell, across) in row.iter_mut().zip([scale[0], scale[1], scale[2], 1.0]) {
            *cell /= by * across;
        }
    }
    // The matrix is symmetric and positive on the diagonal: no exchange of rows is needed.
    for at in 0..3 {
        let pivot_row = rows[at];
        for row in &mut rows[at + 1..] {
            let factor = row[at] / pivot_row[at];
            for (cell, above) in row.iter_mut().zip(pivot_row) {
                *cell -= factor * above;
            }
        }
    }
    let mut solution = [0.0; 3];
    for at in (0..3).rev() {
        let known: f64 = (at + 1..3).map(|it| rows[at][it] * solution[it]).sum();
        solution[at] = (rows[at][3] - known) / rows[at][at];
    }
    [0, 1, 2].map(|at| solution[at] / scale[at])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::close;

    fn points(measured: &[(f64, f64)]) -> Vec<Point> {
        let points = measured
            .iter()
            .map(|&(load, throughput)| Point { load, throughput });
        points.collect()
    }

    /// SPEC SDM91 on a Sun, from Gunther's books and packages.
    const SDM91: [(f64, f64); 7] = [
        (1.0, 64.9),
        (18.0, 995.9),
        (36.0, 1_652.4),
        (72.0, 1_853.2),
        (108.0, 1_828.9),
        (144.0, 1_775.0),
        (216.0, 1_702.2),
    ];

    #[test]
    fn the_published_fit_of_sdm91() {
        let fit = fit(&points(&SDM91)).unwrap();
        close(fit.law.alpha, 0.027_728_5, 1e-7);
        close(fit.law.beta, 0.000_104_365, 1e-9);
        close(fit.law.gamma, 89.9952, 1e-4);
        close(fit.standard_error.unwrap(), 82.85, 1e-2);
        let peak = fit.law.peak().unwrap();
        close(peak.load, 96.5, 0.1);
        close(peak.throughput, 1_884.0, 1.0);
        close(fit.law.optimal_load().unwrap(), 36.06, 0.01);
        close(fit.law.limit().unwrap(), 3_246.0, 1.0);
    }

    #[test]
    fn made_up_points_give_back_what_they_are_made_of() {
        let printed = [
            (1.0, 1.0),
            (2.0, 1.8868),
            (4.0, 3.0769),
            (6.0, 3.5294),
            (8.0, 3.5398),
            (10.0, 3.3557),
        ];
        let fit = fit(&points(&printed)).unwrap();
        close(fit.law.alpha, 0.02, 1e-4);
        close(fit.law.beta, 0.02, 1e-4);
        close(fit.law.gamma, 1.0, 1e-3);
    }

    #[test]
    fn points_that_scale_perfectly_have_neither_contention_nor_coherence() {
        let fit = fit(&points(&[
            (1.0, 7.0),
            (2.0, 14.0),
            (4.0, 28.0),
            (8.0, 56.0),
        ]))
        .unwrap();
        assert_eq!((fit.law.alpha, fit.law.beta), (0.0, 0.0));
        close(fit.law.gamma, 7.0, 1e-12);
    }

    #[test]
    fn points_that_scale_better_than_perfectly_are_kept_at_zero() {
        let fit = fit(&points(&[(1.0, 1.0), (2.0, 2.2), (4.0, 5.0), (8.0, 11.0)])).unwrap();
        assert_eq!((fit.law.alpha, fit.law.beta), (0.0, 0.0));
        // The law is then a line through the origin: Σ NX ÷ Σ N².
        close(fit.law.gamma, 113.4 / 85.0, 1e-12);
    }

    #[test]
    fn three_points_are_met_and_have_no_standard_error() {
        let law = Law {
            alpha: 0.1,
            beta: 0.001,
            gamma: 42.0,
        };
        let three = [1.0, 5.0, 30.0].map(|load| (load, law.throughput(load)));
        let fit = fit(&points(&three)).unwrap();
        assert_eq!(fit.standard_error, None);
        close(fit.law.alpha, 0.1, 1e-9);
        close(fit.law.beta, 0.001, 1e-10);
        close(fit.law.gamma, 42.0, 1e-6);
    }

    #[test]
    fn two_loads_are_not_enough() {
        assert_eq!(fit(&points(&[(1.0, 1.0), (2.0, 1.9), (2.0, 1.8)])), None);
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(128))]

        #[test]
        fn any_law_is_found_again_from_its_own_points(
            alpha in 0.0_f64..0.5, beta in 0.0_f64..0.01, gamma in 1e-3_f64..1e6,
        ) {
            let law = Law { alpha, beta, gamma };
            let made: Vec<Point> = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]
                .map(|load| Point { load, throughput: law.throughput(load) })
                .to_vec();
            let found = fit(&made).expect("enough points").law;
            proptest::prop_assert!((found.alpha - alpha).abs() < 1e-5, "{found:?}");
            proptest::prop_assert!((found.beta - beta).abs() < 1e-6, "{found:?}");
            proptest::prop_assert!((found.gamma / gamma - 1.0).abs() < 1e-5, "{found:?}");
        }

        #[test]
        fn whatever_was_measured_no_coefficient_is_negative_and_no_neighbour_fits_better(
            measured in proptest::collection::vec((1.0_f64..500.0, 0.1_f64..1e4), 3..12),
        ) {
            let points = points(&measured);
            let fit = fit(&points).expect("three loads that differ");
            let law = fit.law;
            proptest::prop_assert!(law.alpha >= 0.0 && law.beta >= 0.0 && law.gamma > 0.0);
            for factor in [0.99, 1.01] {
                for other in [
                    Law { alpha: law.alpha * factor, ..law },
                    Law { beta: law.beta * factor, ..law },
                    Law { gamma: law.gamma * factor, ..law },
                    // From zero too.
                    Law { alpha: law.alpha + 1e-4, ..law },
                    Law { beta: law.beta + 1e-6, ..law },
                ] {
                    let worse = squares(&points, &other) * (1.0 + 1e-9);
                    proptest::prop_assert!(worse >= fit.squares, "{law:?} {other:?}");
                }
            }
        }
    }
}
