//! Results of the calibration: one number each, with its interval and a sentence that explains it, and all
//! results as a table.

use serde::Serialize;

use super::interval::{METHOD, Median};
use concsim_model::units::{Elapsed, three_digits};

/// Unit of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Unit {
    /// Nanoseconds.
    Ns,
    /// A share of 1.
    Share,
}

impl Unit {
    fn format(self, value: f64) -> String {
        match self {
            Self::Ns if value < 0.5 => "0 ns".into(),
            Self::Ns => Elapsed(value.round() as u64).to_string(),
            Self::Share => format!("{} %", three_digits(value * 100.0)),
        }
    }
}

/// One measured quantity.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Finding {
    /// Stable name, for programs.
    pub(super) name: &'static str,
    /// Name in the table.
    pub(super) what: String,
    /// Median and interval.
    pub(super) median: Median,
    pub(super) unit: Unit,
    /// Share of the cores that other programs used meanwhile; `None` where the platform does not report it.
    pub(super) others: Option<f64>,
    /// True if that was too much.
    pub(super) rough: bool,
    /// Explanation, in one sentence.
    pub(super) means: String,
}

/// All findings.
#[derive(Debug, Default, Serialize)]
pub(super) struct Findings(pub(super) Vec<Finding>);

const NAME: usize = 34;
const VALUE: usize = 10;
const INTERVAL: usize = 24;
const WIDTH: usize = 80;

impl Findings {
    /// Returns the value of the finding `name`.
    pub(super) fn value(&self, name: &str) -> Option<f64> {
        let found = self.0.iter().find(|finding| finding.name == name);
        found.map(|finding| finding.median.value)
    }

    /// Returns the findings as a table to read.
    pub(super) fn table(&self) -> String {
        let mut text = format!(
            "{:<NAME$}{:>VALUE$}{:>INTERVAL$}{:>7}\n",
            "what", "median", "95 % interval", "times"
        );
        for finding in &self.0 {
            text += &finding.lines();
        }
        text += &[
            "
", METHOD, ".
",
        ]
        .concat();
        if self.0.iter().any(|finding| finding.rough) {
            text += "rough: other programs used the cores. Close them and calibrate again.\n";
        }
        text
    }
}

impl Finding {
    fn lines(&self) -> String {
        let report = |value| self.unit.format(value);
        let interval = self.median.interval.map_or_else(
            || "–".to_owned(),
            |[low, high]| format!("{} to {}", report(low), report(high)),
        );
        let line = format!(
            "{:<NAME$}{:>VALUE$}{interval:>INTERVAL$}{:>7}",
            self.what,
            report(self.median.value),
            self.median.values
        );
        let rough = if self.rough { "  rough" } else { "" };
        format!("{line}{rough}\n{}", indented(&self.means))
    }
}

/// Returns the text with its lines indented.
fn indented(text: &str) -> String {
    let mut lines = String::new();
    let mut line = String::from("   ");
    for word in text.split(' ') {
        if line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines += &line;
            lines.push('\n');
            line = String::from("   ");
        }
        line.push(' ');
        line += word;
    }
    lines + &line + "\n"
}

#[cfg(test)]
pub(super) fn made_up() -> Findings {
    let finding = |name, what: &str, value, unit, means: &str| Finding {
        name,
        what: what.into(),
        median: Median {
            value,
            interval: Some([value * 0.96, value * 1.05]),
            values: 21,
        },
        unit,
        others: Some(0.01),
        rough: name == "slice",
        means: means.into(),
    };
    Findings(vec![
        finding(
            "process-switch",
            "process switch",
            1_620.0,
            Unit::Ns,
            "a core switches to another process: as much as 41 coroutine switches.",
        ),
        finding(
            "slice",
            "time slice",
            2.8e6,
            Unit::Ns,
            "time that a process keeps a core that it shares with another computing process.",
        ),
        finding(
            "efficiency",
            "a core while all are busy",
            0.98,
            Unit::Share,
            "speed of such a core, relative to its speed alone.",
        ),
        Finding {
            median: Median {
                value: 0.2,
                interval: None,
                values: 3,
            },
            ..finding(
                "accept",
                "connection",
                0.2,
                Unit::Ns,
                "too few values for an interval.",
            )
        },
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_made_up_numbers_in_full() {
        insta::assert_snapshot!(made_up().table());
    }
}
