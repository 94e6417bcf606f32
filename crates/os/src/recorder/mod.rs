//! The recorder of real runs: reads shared memory and the operating system into a recording, in memory and
//! on disk.

mod cpu_attribution;
mod folder;
mod live;
mod memory;
#[cfg(test)]
mod tests;

pub use folder::{Folder, is_of_a_run};
pub use live::{Live, ProcessIds, WorkerSampler, this_machine};
