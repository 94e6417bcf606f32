//! Calibration: the costs of this machine, measured with the program's own processes, as a table to
//! read and as a `[machine]` to simulate on.
//!
//! Nothing is fitted to latencies that are to be predicted later. Each cost is measured by itself, several
//! times, and given with its median and interval.

mod engine;
mod finding;
mod interval;
mod machine;
mod place;
mod quiet;
mod spin;
mod switch;

use concsim_os::recorder;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde::Serialize;

pub use self::engine::play;
use self::finding::Findings;
pub use self::place::{CALIBRATED, MachineFile, find};
use crate::steps::Steps;
use concsim_os::sys::{child, clock, files, interrupt, processes};

/// Length of the measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// A minute and a half.
    Full,
    /// Half a minute, with wider intervals.
    Quick,
}

impl Effort {
    fn of(self, full: u64, quick: u64) -> u64 {
        match self {
            Self::Full => full,
            Self::Quick => quick,
        }
    }

    /// Returns the seconds that each step of [`measure`] takes on an idle machine of two cores.
    fn expected_s(self) -> [f64; 5] {
        match self {
            Self::Full => [30.0, 8.0, 28.0, 15.0, 9.0],
            Self::Quick => [10.0, 3.0, 10.0, 3.0, 4.0],
        }
    }

    fn seconds(self, full: f64) -> f64 {
        match self {
            Self::Full => full,
            Self::Quick => full / 4.0,
        }
    }
}

/// Costs that were measured, and the machine that was written of them.
#[derive(Debug)]
pub struct Calibration {
    host: concsim_record::Machine,
    findings: Findings,
    machine: concsim_model::scenario::Machine,
    file: String,
}

/// The result, for programs.
#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    method: &'static str,
    host: &'a concsim_record::Machine,
    findings: &'a Findings,
    /// As it was written.
    machine: &'a concsim_model::scenario::Machine,
    file: &'a str,
}

impl Calibration {
    /// Measures everything, and writes the machine to `out`, or to the usual place.
    ///
    /// # Errors
    /// A process that cannot be started, or a file that cannot be written.
    pub fn measure(effort: Effort, out: Option<&Path>) -> anyhow::Result<Self> {
        let path = out.map_or_else(place::default_path, |out| Ok(out.to_owned()))?;
        // Processes that cannot be started, and a folder that is not writable, are reported before the minutes
        // of measuring.
        child::own_file()?;
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(|| format!("{}", folder.display()))?;
        }
        let failed = || format!("failed to write {}", path.display());
        files::check_writable(&path).with_context(failed)?;
        let (findings, timers) = measure(effort)?;
        let cores = processes::cores_allowed().len();
        let machine = machine::machine(&findings, &timers, cores);
        let host = recorder::this_machine();
        let text = machine::toml(&machine, &table_comment(&host, &findings));
        files::write_whole(&path, text.as_bytes()).with_context(failed)?;
        let file = path.display().to_string();
        Ok(Self {
            host,
            findings,
            machine,
            file,
        })
    }

    /// Path of the written machine.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Returns the findings as a table.
    #[must_use]
    pub fn table(&self) -> String {
        self.findings.table()
    }

    /// Returns everything as JSON.
    ///
    /// # Errors
    /// A value that JSON does not have.
    pub fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(&Report {
            schema: "concsim.calibration/1",
            method: interval::METHOD,
            host: &self.host,
            findings: &self.findings,
            machine: &self.machine,
            file: &self.file,
        })
    }
}

/// Measures everything, in reading order; returns the overshoots of timers too, ascending.
fn measure(effort: Effort) -> anyhow::Result<(Findings, Vec<f64>)> {
    let mut steps = Steps::expected(effort.expected_s().to_vec());
    let mut findings = Findings::default();
    // These fork, and therefore come first, before any signal handler is installed.
    steps.begin("measuring the cores");
    findings.0.extend(spin::findings(effort)?);
    steps.begin("measuring switches");
    findings.0.extend(switch::findings(effort)?);
    interrupt::listen()?;
    steps.begin("measuring the costs of a request");
    findings.0.extend(engine::request_costs(effort)?);
    steps.begin("measuring how late waits end");
    let overshoots = engine::overshoots(effort)?;
    findings.0.extend(overshoots.findings);
    steps.begin("measuring how connections are shared");
    findings.0.extend(engine::accept_shares(effort)?);
    Ok((findings, overshoots.timers))
}

/// Returns the comment above a machine's table.
fn table_comment(host: &concsim_record::Machine, findings: &Findings) -> Vec<String> {
    let since_1970 = clock::date().0.duration_since(std::time::UNIX_EPOCH);
    let seconds = since_1970.map_or(0, |since| since.as_secs());
    let rough = findings.0.iter().filter(|finding| finding.rough).count();
    let mut about = vec![
        format!(
            "Costs of {} cores of {}, {}.",
            host.cores, host.cpu, host.kernel
        ),
        format!(
            "Written by concsim {} calibrate, {seconds} s after 1970 began; {}.",
            env!("CARGO_PKG_VERSION"),
            if cfg!(debug_assertions) {
                "a debug build"
            } else {
                "a release build"
            }
        ),
        format!("Each number is a {}.", interval::METHOD),
    ];
    if rough > 0 {
        let all = findings.0.len();
        about.push(format!(
            "rough: other programs used the cores during {rough} of {all} measurements."
        ));
    }
    about
}
