//! `concsim calibrate`: measures the costs of this machine, prints them, and writes a `[machine]` to simulate on.

use std::path::PathBuf;
use std::process::ExitCode;

use super::talk;
use concsim_lab::calibrate::{CALIBRATED, Calibration, Effort};

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
    let calibration = Calibration::measure(effort, args.out.as_deref())?;
    if args.json {
        talk::print(&format!("{}\n", calibration.json()?))?;
        return Ok(ExitCode::SUCCESS);
    }
    let file = calibration.file();
    let wanted = if args.out.is_some() { file } else { CALIBRATED };
    let where_it_is = format!(
        "\nThe machine is written to {file}.\nSimulate on it: concsim sim io_bound --machine {wanted}"
    );
    talk::print(&format!("{}{where_it_is}\n", calibration.table()))?;
    Ok(ExitCode::SUCCESS)
}
