//! The hidden subcommands by which the driver starts this program again as a process of a run.

use std::os::fd::RawFd;

/// Numbers of the inherited descriptors.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[arg(hide = true)]
    pub(super) descriptors: Vec<RawFd>,
}

/// Terminal modes to restore.
#[derive(Debug, clap::Args)]
pub struct KeeperArgs {
    #[arg(hide = true)]
    pub(super) modes: String,
}
