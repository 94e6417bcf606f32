//! `concsim demo`: demonstrations of coroutines without a server.

use std::process::ExitCode;

use clap::Subcommand;

use super::talk;
use concsim_lab::demo::{Isolation, PingPong, Rules};

/// Demonstrates coroutines without a server.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: concsim demo ping-pong")]
pub struct Args {
    #[command(subcommand)]
    demo: Demo,
}

#[derive(Debug, Subcommand)]
enum Demo {
    /// Hand control over between two coroutines, and measure what a hand-over costs
    #[command(after_help = "Example: concsim demo ping-pong --lines 2 --json")]
    PingPong {
        /// Number of lines that each coroutine prints
        #[arg(long, value_name = "COUNT", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=100))]
        lines: u8,
        /// Print JSON alone on standard output
        #[arg(long)]
        json: bool,
    },
    /// Run two threads with a hub each, and refuse a resume across threads
    #[command(after_help = "Example: concsim demo thread-isolation")]
    ThreadIsolation {
        /// Print JSON alone on standard output
        #[arg(long)]
        json: bool,
    },
    /// Show the rules of a hub: sleep(0), kills, time limits, and a hub that is blocked for ever
    #[command(after_help = "Example: concsim demo hub-rules")]
    HubRules {
        /// Print JSON alone on standard output
        #[arg(long)]
        json: bool,
    },
}

/// Plays a demonstration, and prints it.
///
/// # Errors
/// A process, thread or poller that the system refuses.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    match args.demo {
        Demo::PingPong { lines, json } => {
            print(&PingPong::play(lines.into())?, json, PingPong::text)?;
        }
        Demo::ThreadIsolation { json } => print(&Isolation::play()?, json, Isolation::text)?,
        Demo::HubRules { json } => print(&Rules::play()?, json, Rules::text)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn print<T: serde::Serialize>(
    findings: &T,
    json: bool,
    text: impl FnOnce(&T) -> String,
) -> anyhow::Result<()> {
    let printed = if json {
        serde_json::to_string_pretty(findings)? + "\n"
    } else {
        text(findings)
    };
    Ok(talk::print(&printed)?)
}
