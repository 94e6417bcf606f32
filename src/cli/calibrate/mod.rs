//! `concsim calibrate`: the costs of this machine, measured with the program's own processes, as a table to
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
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use serde::Serialize;

pub(super) use self::engine::play;
use self::finding::Findings;
pub(super) use self::place::{CALIBRATED, MachineFile, find};
use crate::cli::steps::Steps;
use crate::cli::talk;
use concsim_os::sys::{child, clock, files, interrupt, processes};
use concsim_record;

/// Measures the costs of this machine.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: concsim calibrate && concsim sim io_bound --machine calibrated")]
pub struct Args {
    /// Output file of the [machine]; by default in the folder for the state of programs
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Measure for half a minute instead of one and a half, with wider intervals
    #[arg(long)]
    quick: bool,
    /// Print JSON alone on standard output
    #[arg(long)]
    json: bool,
}

/// Length of the measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effort {
    Full,
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

/// The result, for programs.
#[derive(Serialize)]
struct Calibration<'a> {
    schema: &'static str,
    method: &'static str,
    host: &'a concsim_record::Machine,
    findings: &'a Findings,
    /// As it was written.
    machine: &'a concsim_model::scenario::Machine,
    file: String,
}

/// Measures everything, prints it, and writes the machine.
///
/// # Errors
/// A process that cannot be started, or a file that cannot be written.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let effort = if args.quick {
        Effort::Quick
    } else {
        Effort::Full
    };
    let path = args.out.clone().map_or_else(place::usual, Ok)?;
    // Processes that cannot be started, and a folder that is not writable, are reported before the minutes
    // of measuring.
    child::own_file()?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("{}", folder.display()))?;
    }
    files::check_writable(&path).with_context(|| format!("failed to write {}", path.display()))?;
    let (findings, timers) = measure(effort)?;
    let cores = processes::cores_allowed().len();
    let machine = machine::machine(&findings, &timers, cores);
    let host = recorder::this_machine();
    let text = machine::toml(&machine, &about(&host, &findings));
    files::write_whole(&path, text.as_bytes())
        .with_context(|| format!("failed to write {}", path.display()))?;
    let file = path.display().to_string();
    let wanted = if args.out.is_some() {
        file.as_str()
    } else {
        CALIBRATED
    };
    if args.json {
        let calibration = Calibration {
            schema: "concsim.calibration/1",
            method: interval::METHOD,
            host: &host,
            findings: &findings,
            machine: &machine,
            file,
        };
        let text = serde_json::to_string_pretty(&calibration)?;
        talk::print(&format!("{text}\n"))?;
    } else {
        let where_it_is = format!(
            "\nThe machine is written to {file}.\nSimulate on it: concsim sim io_bound --machine {wanted}"
        );
        talk::print(&format!("{}{where_it_is}\n", findings.table()))?;
    }
    Ok(ExitCode::SUCCESS)
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
fn about(host: &concsim_record::Machine, findings: &Findings) -> Vec<String> {
    let since_1970 = clock::date().0.duration_since(std::time::UNIX_EPOCH);
    let seconds = since_1970.map_or(0, |since| since.as_secs());
    let rough = findings.0.iter().filter(|finding| finding.rough).count();
    let mut about = vec![
        format!(
            "What things cost on {} cores of {}, {}.",
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
            "rough: during {rough} of {all} measurements other programs used the cores."
        ));
    }
    about
}
