//! Figures with a limit: each is printed with it, and one above it fails the bench.

#![expect(clippy::print_stdout, reason = "a bench tells its result")]

use std::process::ExitCode;

/// Counter of figures above their limits.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    broken: usize,
}

impl Limits {
    /// Adds a figure, in this unit.
    pub(crate) fn at_most(&mut self, what: &str, measured: f64, limit: f64, unit: &str) {
        let verdict = if measured <= limit { "" } else { "   TOO MUCH" };
        println!("{what}: {measured:.3} {unit} (at most {limit} {unit}){verdict}");
        self.broken += usize::from(measured > limit);
    }

    /// Returns the exit status of the bench.
    pub(crate) fn exit_status(&self) -> ExitCode {
        if self.broken == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

/// Returns the value that this share of all does not exceed.
pub(crate) fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * share).round() as usize]
}
