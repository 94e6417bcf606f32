//! concsim's own server beside another one that plays the same: a table in Markdown.

use serde::Serialize;

use super::words::NONE;
use concsim_record::comparison::percent;
use concsim_record::trust::Trust;
use concsim_stats::{Interval, paired};

/// Level of the intervals.
const LEVEL: f64 = 0.95;

/// Differences up to which the servers agree.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Limits {
    /// Answers per second: share.
    pub throughput: f64,
    /// Median latency: share.
    pub p50: f64,
    /// Jain's index of the answers of each worker: difference.
    pub jain: f64,
}

/// The limits.
pub const LIMITS: Limits = Limits {
    throughput: 0.05,
    p50: 0.10,
    jain: 0.1,
};

/// Numbers of one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Numbers {
    /// Answers per second.
    pub throughput_per_s: Option<f64>,
    /// Median latency.
    pub p50_ms: Option<f64>,
    /// Jain's index of the answers of each worker.
    pub jain: Option<f64>,
    /// Coroutine switches per answer.
    pub switches_per_request: Option<f64>,
    /// Trust in the run.
    pub trust: Trust,
}

/// A scenario with one kind of workers: the runs of both servers, in pairs.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Name of the scenario.
    pub scenario: String,
    /// Class of workers, in the other server's words.
    pub class: String,
    /// Runs of concsim's server …
    pub own: Vec<Numbers>,
    /// … and of the other one, played with the same seeds.
    pub other: Vec<Numbers>,
}

/// How far concsim's server is from the other one.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Difference {
    /// The difference.
    pub estimate: f64,
    /// Lower end of the interval of 95 %. Omitted for a single pair.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Upper end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// True if it is within the limit, or its interval contains 0.
    pub agrees: bool,
}

impl Difference {
    fn of(estimate: f64, interval: Option<Interval>, shift: f64, limit: f64) -> Self {
        let low = interval.map(|it| it.low - shift);
        let high = interval.map(|it| it.high - shift);
        let may_be_0 = low
            .zip(high)
            .is_some_and(|(low, high)| low <= 0.0 && high >= 0.0);
        Self {
            estimate,
            low,
            high,
            agrees: estimate.abs() <= limit || may_be_0,
        }
    }
}

/// A number of both servers.
type Number = fn(&Numbers) -> Option<f64>;

impl Row {
    /// Returns the values of both servers; [`None`] unless every run has one.
    fn values(&self, number: Number) -> Option<[Vec<f64>; 2]> {
        let all = |runs: &[Numbers]| runs.iter().map(number).collect::<Option<Vec<f64>>>();
        let [own, other] = [all(&self.own)?, all(&self.other)?];
        (!own.is_empty() && own.len() == other.len()).then_some([own, other])
    }

    /// Returns by what share a number is larger than that of the other server.
    fn share(&self, number: Number, limit: f64) -> Option<Difference> {
        let [own, other] = self.values(number)?;
        let interval = paired::ratio(&own, &other, LEVEL).ok();
        let single = own[0] / other[0];
        let estimate = interval.map_or(single, |it| it.estimate) - 1.0;
        estimate
            .is_finite()
            .then(|| Difference::of(estimate, interval, 1.0, limit))
    }

    /// Returns by how much a number is larger than that of the other server.
    fn distance(&self, number: Number, limit: f64) -> Option<Difference> {
        let [own, other] = self.values(number)?;
        let interval = paired::difference(&own, &other, LEVEL).ok();
        let estimate = interval.map_or(own[0] - other[0], |it| it.estimate);
        Some(Difference::of(estimate, interval, 0.0, limit))
    }

    /// Returns the difference of the throughputs.
    #[must_use]
    pub fn throughput(&self) -> Option<Difference> {
        self.share(|run| run.throughput_per_s, LIMITS.throughput)
    }

    /// Returns the difference of the median latencies.
    #[must_use]
    pub fn p50(&self) -> Option<Difference> {
        self.share(|run| run.p50_ms, LIMITS.p50)
    }

    /// Returns the difference of Jain's indices.
    #[must_use]
    pub fn jain(&self) -> Option<Difference> {
        self.distance(|run| run.jain, LIMITS.jain)
    }

    /// Returns the means of a number over the runs of each server, `1.00, 1.02`.
    fn both(&self, number: Number, digits: usize) -> String {
        let mean = |runs: &[Numbers]| {
            let values: Vec<f64> = runs.iter().filter_map(number).collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            if values.is_empty() {
                NONE.to_owned()
            } else {
                format!("{mean:.digits$}")
            }
        };
        format!("{}, {}", mean(&self.own), mean(&self.other))
    }

    /// Returns the least trust in any of its runs.
    fn trust(&self) -> Trust {
        let runs = self.own.iter().chain(&self.other);
        runs.map(|run| run.trust).max().unwrap_or_default()
    }

    fn line(&self) -> String {
        let doubt = match self.trust() {
            Trust::Ok => "",
            Trust::Rough => " (rough)",
            Trust::ProvesNothing => " (proves nothing)",
        };
        let cells = [
            self.scenario.clone(),
            format!("{}{doubt}", self.class),
            self.both(|run| run.throughput_per_s, 1),
            text(self.throughput(), percent),
            self.both(|run| run.p50_ms, 1),
            text(self.p50(), percent),
            self.both(|run| run.jain, 3),
            text(self.jain(), |off| format!("{off:+.3}")),
            self.both(|run| run.switches_per_request, 2),
        ];
        format!("| {} |\n", cells.join(" | "))
    }
}

/// Returns a difference with its interval; bold unless it agrees.
fn text(difference: Option<Difference>, number: fn(f64) -> String) -> String {
    let Some(difference) = difference else {
        return NONE.to_owned();
    };
    let estimate = number(difference.estimate);
    let estimate = if difference.agrees {
        estimate
    } else {
        format!("**{estimate}**")
    };
    match difference.low.zip(difference.high) {
        Some((low, high)) => format!("{estimate} ({} to {})", number(low), number(high)),
        None => estimate,
    }
}

/// Returns the table, with differences above their limits in bold.
#[must_use]
pub fn markdown(server: &str, rows: &[Row]) -> String {
    let Limits {
        throughput,
        p50,
        jain,
    } = LIMITS;
    let mut table = format!(
        "| scenario | workers | answers/s: concsim, {server} | difference, ≤ {:.0} % | p50 in ms | difference, ≤ {:.0} % | Jain | difference, ≤ {jain} | switches of a request |\n\
         |---|---|---|---|---|---|---|---|---|\n",
        throughput * 100.0,
        p50 * 100.0,
    );
    for row in rows {
        table += &row.line();
    }
    let pairs = rows.iter().map(|row| row.own.len()).max().unwrap_or(0);
    let (from, bold) = (
        format!("\nDifference of concsim's server from {server}, in"),
        "bold: above the limit",
    );
    let explained = if pairs > 1 {
        format!(
            "{from} {pairs} pairs of runs with the same seeds, with its interval of 95 %; {bold}, and 0 is outside of the interval.\n"
        )
    } else {
        format!("{from} one pair of runs; {bold}.\n")
    };
    table + &explained
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(own: &[(f64, f64, f64)], other: &[(f64, f64, f64)]) -> Row {
        let numbers = |runs: &[(f64, f64, f64)]| {
            let runs = runs.iter().map(|(throughput, p50, jain)| Numbers {
                throughput_per_s: Some(*throughput),
                p50_ms: Some(*p50),
                jain: Some(*jain),
                switches_per_request: None,
                trust: Trust::Ok,
            });
            runs.collect()
        };
        Row {
            scenario: "mixed".into(),
            class: "sync".into(),
            own: numbers(own),
            other: numbers(other),
        }
    }

    #[test]
    fn one_pair_has_differences_and_no_interval() {
        let row = row(&[(104.0, 120.0, 0.9)], &[(100.0, 100.0, 0.75)]);
        assert_eq!(
            row.line(),
            "| mixed | sync | 104.0, 100.0 | +4.0 % | 120.0, 100.0 | **+20.0 %** | 0.900, 0.750 | **+0.150** | –, – |\n"
        );
    }

    #[test]
    fn a_large_difference_agrees_if_its_interval_contains_0() {
        let noisy = row(
            &[(80.0, 10.0, 1.0), (130.0, 10.0, 1.0), (120.0, 10.0, 1.0)],
            &[(100.0, 10.0, 1.0), (100.0, 10.0, 1.0), (100.0, 10.0, 1.0)],
        );
        let difference = noisy.throughput().unwrap();
        // The cube root of 0.8 · 1.3 · 1.2.
        assert!((difference.estimate - (1.248_f64.cbrt() - 1.0)).abs() < 1e-12);
        assert!(difference.agrees && difference.estimate > LIMITS.throughput);
        let steady = row(
            &[(110.0, 10.0, 1.0), (111.0, 10.0, 1.0)],
            &[(100.0, 10.0, 1.0), (101.0, 10.0, 1.0)],
        );
        assert!(!steady.throughput().unwrap().agrees);
    }

    #[test]
    fn a_number_that_a_run_lacks_is_not_compared() {
        let mut row = row(&[(1.0, 1.0, 1.0)], &[(1.0, 1.0, 1.0)]);
        row.other[0].jain = None;
        assert!(row.jain().is_none());
        assert!(row.line().contains("1.000, – | – |"), "{}", row.line());
    }

    #[test]
    fn a_row_says_the_least_trust_in_its_runs() {
        let mut row = row(&[(1.0, 1.0, 1.0)], &[(1.0, 1.0, 1.0)]);
        assert!(row.line().starts_with("| mixed | sync |"));
        row.own[0].trust = Trust::Rough;
        assert!(row.line().starts_with("| mixed | sync (rough) |"));
        row.other[0].trust = Trust::ProvesNothing;
        assert!(row.line().starts_with("| mixed | sync (proves nothing) |"));
    }
}
