//! Cumulative columns of the tables of samples and workers never fall.

use std::collections::BTreeMap;

use super::summary::Against;
use super::tables::{Row, number};
use super::window::LATE;

/// Cumulative columns of the samples.
const SUMS: [&str; 9] = [
    "sent",
    "ended",
    "good",
    "dropped",
    "begun_integral_ns",
    "workers_cpu_ns",
    "load_cpu_ns",
    "services_cpu_ns",
    "arbiter_cpu_ns",
];
/// Cumulative columns of the workers.
const SUMS_OF_A_WORKER: [&str; 10] = [
    "cpu_ns",
    "accepted",
    "requests",
    "tasks",
    "waits",
    "coroutine_switches",
    "voluntary",
    "involuntary",
    "peak_concurrency",
    "longest_run_ns",
];

impl Against<'_> {
    /// Checks that counts never fall, even after the process that counted has ended.
    pub(super) fn check_sums(&mut self, samples: &[Row], workers: &[Row]) {
        let mut slots: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
        for row in workers {
            slots.entry(&row["worker"]).or_default().push(row);
        }
        let of_run = [("", samples.iter().collect(), &SUMS[..])].into_iter();
        let of_slots = slots
            .into_iter()
            .map(|(slot, rows)| (slot, rows, &SUMS_OF_A_WORKER[..]));
        for (slot, rows, columns) in of_run.chain(of_slots) {
            let rows: Vec<&Row> = rows;
            for column in columns {
                // A worker stamps the end of a request, and updates its gauge a moment later: a sample in
                // between adds the time from the stamp on, which the update takes back. The simulation
                // does both at one instant.
                let is_measured = rows[0]["origin"] == "measured";
                let doubt = if is_measured && *column == "begun_integral_ns" {
                    LATE
                } else {
                    0
                };
                let falls = rows.windows(2).find(|pair| {
                    let [before, now] =
                        [pair[0], pair[1]].map(|it| number(it, column).unwrap_or(0));
                    now + doubt < before
                });
                let at = falls.map(|pair| &pair[1]["at_ns"]);
                let place = format!("{}: {column} {slot} falls", self.place);
                self.findings.number(&place, at, "never", at.is_none());
            }
        }
    }
}
