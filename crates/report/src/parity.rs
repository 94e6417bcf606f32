//! Errors of blind predictions, as a table in Markdown.

use serde::{Deserialize, Serialize};

use super::words::NONE;
use concsim_record::comparison::percent;
use concsim_record::prediction::{Figure, Prediction};
pub use concsim_record::prediction::{LIMITS, Limits};
use concsim_record::repeats::Rule;
use concsim_record::trust::Trust;

/// A predicted run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    /// Name of the scenario.
    pub scenario: String,
    /// Name of the variant.
    pub variant: String,
    /// Trust in the measurement.
    pub trust: Trust,
    /// The prediction with the measurement.
    pub prediction: Prediction,
    /// Number of repeats that the numbers rest on. Omitted if it was played once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<usize>,
    /// Rule that ended the repeats. Omitted if their number was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Rule>,
}

/// Returns the table, with errors above their limits in bold.
#[must_use]
pub fn markdown(rows: &[Row]) -> String {
    let percent = |limit: f64| format!("≤ {:.0} %", limit * 100.0);
    let mut text = format!(
        "| scenario | kind | answers/s, {} | mean, {} | p50, {} | p99, {} | switches of each request | of connections | connections | resets | respawns |\n\
         |---|---|---|---|---|---|---|---|---|---|---|\n",
        percent(LIMITS.throughput),
        percent(LIMITS.mean),
        percent(LIMITS.p50),
        percent(LIMITS.p99)
    );
    for row in rows {
        text += &line(row);
    }
    text += if rows.iter().any(|row| row.repeats.is_some()) {
        "\nError of the blind simulation relative to the measurement, in pairs of repeats, with its interval of 95 %; bold: above the limit, and 0 is outside of the interval.\n"
    } else {
        "\nError of the blind simulation relative to the measurement; bold: above the limit.\n"
    };
    text
}

fn line(row: &Row) -> String {
    let prediction = &row.prediction;
    let doubt = match row.trust {
        Trust::Ok => "",
        Trust::Rough => " (rough)",
        Trust::ProvesNothing => " (proves nothing)",
    };
    let cells = [
        error(&prediction.throughput_per_s, LIMITS.throughput),
        error(&prediction.mean_ms, LIMITS.mean),
        error(&prediction.p50_ms, LIMITS.p50),
        error(&prediction.p99_ms, LIMITS.p99),
        switches(prediction),
        count_text(prediction.coroutine_switches_of_connections),
        count_text(Some(prediction.connections)),
        count_text(Some(prediction.resets)),
        count_text(Some(prediction.respawns)),
    ];
    format!(
        "| {} | {}{doubt} | {} |\n",
        row.scenario,
        row.variant,
        cells.join(" | ")
    )
}

fn error(figure: &Figure, limit: f64) -> String {
    if let Some((error, interval)) = figure.error.zip(figure.interval) {
        let [low, high] = [interval.low, interval.high].map(percent);
        let said = format!("{:+.1} %", error * 100.0);
        let said = if figure.agrees(limit) {
            said
        } else {
            format!("**{said}**")
        };
        return format!("{said} ({low} to {high})");
    }
    // Computed from the numbers themselves: rounding an already rounded error may change a digit.
    match Figure::of(figure.predicted, figure.measured).error {
        None => NONE.to_owned(),
        Some(error) if error.abs() > limit => format!("**{:+.1} %**", error * 100.0),
        Some(error) => format!("{:+.1} %", error * 100.0),
    }
}

/// Returns a comparison of the number of switches of each request.
fn switches(prediction: &Prediction) -> String {
    let Some(each) = prediction.coroutine_switches_of_each else {
        return NONE.to_owned();
    };
    match (each.requests, each.requests - each.same) {
        (0, _) => NONE.to_owned(),
        (requests, 0) => format!("exact in {requests} requests"),
        (requests, differ) => format!("{differ} of {requests} requests differ"),
    }
}

/// Returns a count, with the measured one if it differs. The number of requests of closed clients depends on
/// their latencies, and so does the number of their connections.
fn count_text(figure: Option<Figure>) -> String {
    let Some(figure) = figure else {
        return NONE.to_owned();
    };
    let or_none = |value: Option<f64>| value.map_or_else(|| NONE.to_owned(), |it| it.to_string());
    let (predicted, measured) = (or_none(figure.predicted), or_none(figure.measured));
    if predicted == measured {
        return predicted;
    }
    format!("{predicted} (measured: {measured})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use concsim_record::Origin;
    use concsim_record::prediction::{ErrorInterval, RequestComparison};

    #[test]
    fn an_error_of_repeats_agrees_within_its_limit_or_if_its_interval_contains_0() {
        let said = |error, low, high| {
            let figure = Figure {
                error: Some(error),
                interval: Some(ErrorInterval { low, high }),
                ..Figure::default()
            };
            super::error(&figure, 0.05)
        };
        assert_eq!(said(0.04, 0.03, 0.05), "+4.0 % (+3.0 % to +5.0 %)");
        assert_eq!(said(0.08, -0.01, 0.17), "+8.0 % (-1.0 % to +17.0 %)");
        assert_eq!(said(0.08, 0.01, 0.15), "**+8.0 %** (+1.0 % to +15.0 %)");
        assert_eq!(said(-0.9, -0.99, 1e6), "-90.0 % (-99.0 % to far)");
    }

    #[test]
    fn the_table_says_what_is_above_its_limit() {
        let figure = |predicted, measured| Figure::of(Some(predicted), Some(measured));
        let prediction = Prediction {
            origin: Origin::Simulated,
            machine: "machine.toml".into(),
            throughput_per_s: figure(598.0, 600.0),
            mean_ms: figure(107.0, 100.0),
            p50_ms: figure(99.0, 100.0),
            p99_ms: Figure::of(None, Some(1.0)),
            coroutine_switches: Some(figure(2400.0, 2400.0)),
            coroutine_switches_per_request: Some(figure(4.0, 4.0)),
            coroutine_switches_of_each: Some(RequestComparison {
                requests: 600,
                same: 600,
            }),
            coroutine_switches_of_connections: Some(figure(0.0, 2.0)),
            concurrency: figure(60.0, 60.0),
            parallelism: figure(0.6, 0.6),
            connections: figure(600.0, 598.0),
            resets: figure(0.0, 0.0),
            respawns: figure(0.0, 0.0),
        };
        let row = Row {
            scenario: "io-bound".into(),
            variant: "coroutine".into(),
            trust: Trust::Rough,
            prediction,
            repeats: None,
            until: None,
        };
        insta::assert_snapshot!(markdown(&[row]));
    }
}
