//! Lines of the card that compare a blind prediction with the measurement.

use super::words::{NONE, labelled, millis};
use concsim_model::units::three_digits;
use concsim_model::words::mean;
use concsim_record::comparison::percent;
use concsim_record::prediction::{ErrorInterval, Figure, Prediction, RequestComparison};
use concsim_record::summary::Run;

/// Returns one paragraph for each predicted run.
pub(super) fn predictions(runs: &[Run]) -> String {
    let text = |run: &Run| {
        let prediction = run.prediction.as_ref()?;
        Some(labelled(
            "predicted",
            &format!("{}: {}", run.variant, sentence(prediction)),
        ))
    };
    runs.iter().filter_map(text).collect()
}

/// Returns all numbers, each as simulated, followed by the measured one and the error.
fn sentence(prediction: &Prediction) -> String {
    let per_second = |value: f64| format!("{} answers/s", three_digits(value));
    let parts = [
        Some(figure(&prediction.throughput_per_s, "", per_second)),
        Some(figure(&prediction.mean_ms, "mean ", millis)),
        Some(figure(&prediction.p50_ms, "p50 ", millis)),
        Some(figure(&prediction.p99_ms, "p99 ", millis)),
        prediction
            .coroutine_switches_per_request
            .as_ref()
            .map(|each| figure(each, "coroutine switches a request ", three_digits)),
        prediction.coroutine_switches_of_each.map(of_each),
        Some(figure(&prediction.concurrency, "concurrency ", mean)),
        Some(figure(
            &prediction.parallelism,
            "parallelism ",
            three_digits,
        )),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let intervals = [&prediction.throughput_per_s, &prediction.mean_ms].map(|it| it.interval);
    let (when, brackets) = if intervals.iter().any(Option::is_some) {
        let brackets = "measured, error, its interval of 95 %, and 0 inside or outside of that";
        ("before each repeat", brackets)
    } else {
        ("before the run", "measured")
    };
    format!(
        "simulated {when}, with costs of {}; in brackets: {brackets}: {}",
        prediction.machine,
        parts.join("; ")
    )
}

/// Returns `the same in 598 of 600 requests`.
fn of_each(compared: RequestComparison) -> String {
    let RequestComparison { requests, same } = compared;
    format!("the same in {same} of {requests} requests")
}

/// Returns `mean 101 ms (124 ms: -18.8 %)`, of repeats `mean 101 ms (102 ms: -0.8 %, -1.9 % to +0.3 %, inside)`.
fn figure(figure: &Figure, name: &str, report: impl Fn(f64) -> String) -> String {
    let or_none = |value: Option<f64>| value.map_or_else(|| NONE.to_owned(), &report);
    let [predicted, measured] = [figure.predicted, figure.measured].map(or_none);
    match figure.error {
        Some(error) => {
            let interval = figure.interval.map(interval_text).unwrap_or_default();
            let error = error * 100.0;
            format!("{name}{predicted} ({measured}: {error:+.1} %{interval})")
        }
        None => format!("{name}{predicted} ({measured})"),
    }
}

fn interval_text(interval: ErrorInterval) -> String {
    let [low, high] = [interval.low, interval.high].map(percent);
    let side = if interval.contains_0() {
        "inside"
    } else {
        "outside"
    };
    format!(", {low} to {high}, {side}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prediction_of_repeats_is_inside_if_the_interval_of_its_error_contains_0() {
        let said = |low, high| {
            let mean = Figure {
                interval: Some(ErrorInterval { low, high }),
                ..Figure::of(Some(99.0), Some(100.0))
            };
            figure(&mean, "mean ", millis)
        };
        assert_eq!(
            said(-0.021, 0.001),
            "mean 99.0 ms (100 ms: -1.0 %, -2.1 % to +0.1 %, inside)"
        );
        assert_eq!(
            said(-0.019, -0.001),
            "mean 99.0 ms (100 ms: -1.0 %, -1.9 % to -0.1 %, outside)"
        );
    }
}
