//! Options of commands that play a scenario several times.

use concsim_os::sys::processes;

/// Number of repeats.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct RepeatArgs {
    /// Number of repeats, each with the next seed; numbers get intervals of 95 %
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=100_000))]
    pub(super) repeat: Option<u32>,
    /// Number of repeats played at once; by default the number of cores
    #[arg(long, value_name = "N", requires = "repeat")]
    jobs: Option<std::num::NonZeroUsize>,
}

impl RepeatArgs {
    /// True if a scenario is to be played several times.
    pub(super) fn are_asked(self) -> bool {
        self.repeat.is_some()
    }

    /// Returns the number of threads.
    pub(super) fn jobs(self) -> usize {
        let cores = || processes::cores_allowed().len();
        self.jobs.map_or_else(cores, std::num::NonZeroUsize::get)
    }
}
