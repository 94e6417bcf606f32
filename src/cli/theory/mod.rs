//! `concsim theory`: predictions of queueing models. A model is a file with its
//! description (`model.rs`) and an entry in `MODELS`.
//!
//! The formulas are in [`concsim_theory`]; nothing here is measured, and every answer says so.

mod amdahl;
mod arguments;
mod bounds;
mod classes;
mod closed;
mod little;
mod md1;
mod mg1;
mod mm1;
mod mmc;
mod mmck;
mod model;
mod parameter;
mod parts;
mod ps;
mod quantity;
mod stations;
mod tokens;
mod usl;

use std::process::ExitCode;

use self::model::{Chosen, Model};
use crate::cli::talk;
use concsim_theory::answer::{json, table};

/// Computes the prediction of a queueing model, of bounds or of a scaling law.
///
/// Closed forms to compare with measurements. All times are means unless stated otherwise, and an answer
/// has percentiles only where the distribution of a time is known exactly.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: concsim theory mmc --arrival-rate 13/s --service-rate 4/s --servers 5",
    after_long_help = HELP
)]
pub struct Args {
    #[command(subcommand)]
    model: Chosen,
    /// Print JSON instead of a table
    #[arg(long, global = true)]
    json: bool,
}

const HELP: &str = "\
Units: a time is 10ms, 1.5s, 2min or 500us; a rate is 13/s, 0.35/min or 30/h; a plain number is a rate per second.

JSON: --json prints one object of the schema concsim.theory/1 with model, name, origin (always \"computed\"), \
given, results and reasons. Times are in seconds (keys end in _s), rates per second (_per_s), shares are parts \
of 1. A missing number is null, and reasons has its cause under the same path. A queue that grows without \
limit is a valid answer: the exit status is 0, and the rate must stay below capacity_per_s.

Models for workers: mmc for sync workers that mostly wait (md1 or mg1 for other distributions of service times); \
tokens for sync workers that contend for cores, and for coroutine workers with limited connections; mg1 for a \
coroutine worker that computes in long bursts; ps for more processes than cores; usl for threads that share locks.

Example: concsim theory mmc --arrival-rate 13/s --service-rate 4/s --servers 5";

/// All models, in the order of the help.
static MODELS: [Model; 12] = [
    mm1::MODEL,
    mmc::MODEL,
    md1::MODEL,
    mg1::MODEL,
    ps::MODEL,
    mmck::MODEL,
    closed::MODEL,
    bounds::MODEL,
    tokens::MODEL,
    usl::MODEL,
    amdahl::MODEL,
    little::MODEL,
];

/// Prints the answer. The status is 2 if the command line has mistakes.
///
/// # Errors
/// Standard output that cannot be written.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    match args.model.answer() {
        Ok(answer) if args.json => talk::print(&json::of(&answer))?,
        Ok(answer) => talk::print(&table::of(&answer))?,
        Err(mistakes) => {
            talk::raw(format_args!("{mistakes}\n"));
            return Ok(ExitCode::from(2));
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests;
