//! The answer of `concsim theory usl`: scalability of measured throughputs, and their maximum.

use super::{Answer, Column, NumberOrReason, Section, Unit, Value, of};
use crate::usl::Law;
use crate::usl::fit::{Fit, Point};

/// Measured points, the law fitted to them, and loads of interest.
#[derive(Clone, Debug)]
pub struct Question {
    /// Measured points.
    pub points: Vec<Point>,
    /// The fitted law.
    pub fit: Fit,
    /// Loads whose throughput is asked for.
    pub at: Vec<f64>,
}

const LOAD: Column = Column {
    key: "load",
    label: "load",
    unit: Unit::Plain,
};

/// Returns the fitted law and its residuals.
#[must_use]
pub fn answer(question: &Question) -> Answer {
    let about = "contention, coherence and the throughput of one, by least squares; in the unit of the data";
    let mut answer = Answer::new("usl", "universal scalability law", about);
    let points = question.points.iter();
    let rows = points.map(|point| row(&[point.load, point.throughput]));
    let columns = [LOAD, throughput("throughput")];
    answer.given.table("points", "", &columns, rows.collect());
    let results = &mut answer.results;
    add_law(results, &question.fit);

    let law = question.fit.law;
    let rows = question.points.iter().map(|point| {
        let fitted = law.throughput(point.load);
        row(&[point.load, fitted, point.throughput - fitted])
    });
    let residual = Column {
        key: "residual",
        label: "measured is more by",
        unit: Unit::Plain,
    };
    let columns = [LOAD, throughput("fitted"), residual];
    results.table("points", "", &columns, rows.collect());
    if !question.at.is_empty() {
        let rows = question.at.iter();
        let rows = rows.map(|load| row(&[*load, law.throughput(*load)]));
        let columns = [LOAD, throughput("expected")];
        results.table("expected", "", &columns, rows.collect());
    }
    answer
}

fn throughput(label: &'static str) -> Column {
    Column {
        key: "throughput",
        label,
        unit: Unit::Plain,
    }
}

/// Returns a row without a name.
fn row(numbers: &[f64]) -> (String, Vec<NumberOrReason>) {
    (String::new(), numbers.iter().copied().map(Ok).collect())
}

/// Returns the reason for the absence of a number that a coefficient of 0 makes infinite.
fn at_limit(is_held: bool, name: &str, so: &str) -> String {
    if is_held {
        format!(
            "{name} would be below 0 and is held there: the points scale better than the law can"
        )
    } else {
        format!("{name} is 0: {so}")
    }
}

/// Returns 1/alpha, if the throughput has not begun to fall before.
fn optimal_load(law: &Law, no_alpha: impl Fn() -> String) -> NumberOrReason {
    let load = law.optimal_load().ok_or_else(no_alpha)?;
    match law.peak() {
        Some(peak) if peak.load < load => {
            Err("1/alpha lies beyond the peak, where more load is less throughput".to_owned())
        }
        _ => Ok(load),
    }
}

fn add_law(results: &mut Section, fit: &Fit) {
    let law = fit.law;
    let held = [("alpha", fit.held.alpha), ("beta", fit.held.beta)];
    let held: Vec<&str> = held.iter().filter(|(_, is)| *is).map(|it| it.0).collect();
    if !held.is_empty() {
        results.add(
            "held",
            "held at 0, a limit of the fit",
            Value::Text(held.join(", ")),
        );
    }
    let exact = || "three points are met exactly".to_owned();
    let no_beta = || at_limit(fit.held.beta, "beta", "it never falls");
    let no_alpha = || at_limit(fit.held.alpha, "alpha", "nothing contends");
    let peak = law.peak().ok_or_else(no_beta);
    for (key, label, known) in [
        ("alpha", "alpha: contention", Ok(law.alpha)),
        ("beta", "beta: coherence", Ok(law.beta)),
        ("gamma", "gamma: throughput of one", Ok(law.gamma)),
        (
            "standard_error",
            "residual standard error",
            fit.standard_error.ok_or_else(exact),
        ),
        (
            "peak_load",
            "load of the peak (N*)",
            of(&peak, |it| it.load),
        ),
        (
            "peak_throughput",
            "throughput there",
            of(&peak, |it| it.throughput),
        ),
        (
            "limit_throughput",
            "limit by contention alone",
            law.limit().ok_or_else(no_alpha),
        ),
        (
            "optimal_load",
            "optimal load (1/alpha)",
            optimal_load(&law, no_alpha),
        ),
    ] {
        results.known(key, label, Unit::Plain, known);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usl::fit::fit;

    /// Returns the answer for these points, as text.
    fn answered(points: &[(f64, f64)]) -> String {
        let points: Vec<Point> = points
            .iter()
            .map(|(load, throughput)| Point {
                load: *load,
                throughput: *throughput,
            })
            .collect();
        let fit = fit(&points).expect("enough points");
        let at = Vec::new();
        crate::answer::table::of(&answer(&Question { points, fit, at }))
    }

    #[test]
    fn an_optimum_beyond_the_peak_is_left_out_with_the_reason() {
        // By least squares elsewhere (scipy, and R): alpha 0.012318, beta 0.003549, gamma 61.373, and the
        // maximum at 16.68; 1/alpha is 81.18, where 198 are expected.
        let text = answered(&[
            (1.0, 60.0),
            (2.0, 120.0),
            (4.0, 220.0),
            (8.0, 400.0),
            (12.0, 440.0),
            (16.0, 490.0),
        ]);
        for part in ["0.0123", "0.00354", "61.37", "16.68", "beyond the peak"] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        assert!(!text.contains("81.18"), "{text}");
    }

    #[test]
    fn a_fit_that_was_held_at_a_limit_says_so() {
        // Without limits alpha is -0.018: more than linear.
        let text = answered(&[
            (1.0, 1_000.0),
            (2.0, 2_100.0),
            (4.0, 4_400.0),
            (8.0, 9_200.0),
            (16.0, 19_500.0),
        ]);
        assert!(text.contains("held at 0"), "{text}");
        assert!(text.contains("alpha would be below 0"), "{text}");
        assert!(!text.contains("nothing contends"), "{text}");
    }

    #[test]
    fn a_line_that_is_met_exactly_is_held_nowhere() {
        let line: Vec<(f64, f64)> = (1..7)
            .map(|n| (f64::from(n), f64::from(n) * 10.0))
            .collect();
        let text = answered(&line);
        assert!(!text.contains("held"), "{text}");
        assert!(text.contains("alpha is 0: nothing contends"), "{text}");
    }
}
