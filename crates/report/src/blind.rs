//! Lines of the card that compare a blind prediction with the measurement.

use super::words::{NONE, labelled, millis};
use concsim_model::units::three_digits;
use concsim_model::words::mean;
use concsim_record::prediction::{Figure, Prediction, RequestComparison};
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
    format!(
        "simulated before the run, with costs of {}; measured in brackets: {}",
        prediction.machine,
        parts.join("; ")
    )
}

/// Returns `the same in 598 of 600 requests`.
fn of_each(compared: RequestComparison) -> String {
    let RequestComparison { requests, same } = compared;
    format!("the same in {same} of {requests} requests")
}

/// Returns `mean 101 ms (124 ms: -18.8 %)`.
fn figure(figure: &Figure, name: &str, report: impl Fn(f64) -> String) -> String {
    let or_none = |value: Option<f64>| value.map_or_else(|| NONE.to_owned(), &report);
    let [predicted, measured] = [figure.predicted, figure.measured].map(or_none);
    match figure.error {
        Some(error) => format!("{name}{predicted} ({measured}: {:+.1} %)", error * 100.0),
        None => format!("{name}{predicted} ({measured})"),
    }
}
