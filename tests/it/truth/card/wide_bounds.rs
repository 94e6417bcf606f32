//! Bounds on the card against the summary.

use serde_json::Value;

use super::Card;

/// Width of the name of a variant above its bounds, and of a number's bounds.
const NAME: usize = 12;
const CELL: usize = 17;
/// Numbers that have bounds on a card, by their paths.
const HEADLINES: [&str; 4] = [
    "throughput_per_s",
    "latency_ms.mean",
    "latency_ms.p50",
    "latency_ms.p99",
];

/// Returns the bounds of a headline number in units of the card, if they are wider than a twentieth of it and, of a
/// latency, than 0.1 ms; the upper one may be unknown.
fn wide(run: &Value, path: &str) -> Option<(f64, Option<f64>)> {
    let value = run
        .pointer(&format!("/{}", path.replace('.', "/")))?
        .as_f64()?;
    let bounds = run["bounds"].get(path)?;
    let (low, high) = (bounds["low"].as_f64()?, bounds["high"].as_f64());
    let width = high.map_or(f64::INFINITY, |high| high - low);
    let is_latency = path.starts_with("latency");
    let is_wide = width > 0.05 * value && !(is_latency && width <= 0.1);
    let unit = if is_latency { 1e-3 } else { 1.0 };
    is_wide.then_some((low * unit, high.map(|high| high * unit)))
}

impl Card<'_> {
    /// Checks `sync        20.1 to 24.0    3.10 to 3.64 s`: the headline numbers with bounds of more than a twentieth.
    pub(super) fn check_wide_bounds(&mut self) {
        let (mut above, mut rows) = (String::new(), 0);
        for line in self.table(&["may be", "mean", "p50", "p99"]) {
            if !line.contains(" to ") && !line.contains(" or more") {
                line.trim().clone_into(&mut above);
                continue;
            }
            let columns = |from: usize, count: usize| -> String {
                let columns: String = line.chars().skip(from).take(count).collect();
                columns.trim().to_owned()
            };
            let name = if line.starts_with(' ') {
                std::mem::take(&mut above)
            } else {
                columns(0, NAME)
            };
            let Some(run) = self.runs.get(&name).copied() else {
                self.findings
                    .lacks(&self.place, &format!("bounds of {name}"));
                continue;
            };
            rows += 1;
            for (place, path) in HEADLINES.iter().enumerate() {
                let cell = columns(NAME + CELL * place, CELL);
                self.check_wide_bound(&format!("{name}: {path} may be"), &cell, wide(run, path));
            }
        }
        let is_wide = |run: &&&Value| HEADLINES.iter().any(|path| wide(run, path).is_some());
        let right = self.runs.values().filter(is_wide).count();
        let place = format!("{}: rows of bounds", self.place);
        self.findings.number(&place, rows, right, rows == right);
    }

    fn check_wide_bound(&mut self, what: &str, cell: &str, right: Option<(f64, Option<f64>)>) {
        let Some((low, high)) = right else {
            let place = format!("{}: {what}", self.place);
            let holds = cell.is_empty();
            self.findings
                .number(&place, cell.len(), "no wide bounds", holds);
            return;
        };
        let (from, to) = match cell.split_once(" to ") {
            Some((from, to)) => (from, Some(to)),
            None => (cell.strip_suffix(" or more").unwrap_or(cell), None),
        };
        // The unit of both ends stands once.
        let unit = to.and_then(|to| to.rsplit_once(' '));
        let from = unit.map_or_else(|| from.to_owned(), |(_, unit)| format!("{from} {unit}"));
        self.near(what, &from, Some(low));
        self.near(what, to.unwrap_or("–"), high);
    }
}
