//! Memory of the server's processes together: what the machine gives for them.
//!
//! Pages that n processes share count 1/n in the proportional set size (PSS) of each, so the sum over processes
//! counts each page once.

use serde::Serialize;

use super::{Recording, Sample};

/// Memory of the arbiter and all workers, when it was largest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ServerMemory {
    /// Sum of the proportional set sizes, in KiB.
    pub pss_kib: u64,
    /// Sum of the pages of one process alone, in KiB; none if they were not read.
    pub private_kib: Option<u64>,
}

impl ServerMemory {
    /// Returns the memory at a sample; [`None`] if it was not read.
    #[must_use]
    pub fn of(sample: &Sample) -> Option<Self> {
        let sum = |numbers: &mut dyn Iterator<Item = u64>| numbers.fold(0, u64::saturating_add);
        let all = || sample.workers.iter().chain(&sample.processes);
        let pss = sum(&mut all().map(|process| process.pss_kib));
        let private = sum(&mut all().map(|process| process.private_kib));
        (pss > 0).then(|| Self {
            pss_kib: pss.saturating_add(sample.arbiter_pss_kib),
            private_kib: (private > 0).then(|| private.saturating_add(sample.arbiter_private_kib)),
        })
    }

    /// Returns the pages that processes share, in KiB, each counted once.
    #[must_use]
    pub fn shared_kib(self) -> Option<u64> {
        Some(self.pss_kib.saturating_sub(self.private_kib?))
    }
}

/// Returns the sample in which the server had the most memory, the last of equals; [`None`] if it was never read.
pub(super) fn largest(recording: &Recording) -> Option<&Sample> {
    let read = recording.samples.iter();
    let read = read.filter_map(|sample| Some((ServerMemory::of(sample)?, sample)));
    read.max_by_key(|(memory, _)| memory.pss_kib)
        .map(|(_, sample)| sample)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::WorkerSample;
    use crate::synthetic::Synthetic;
    use concsim_model::scenario::WorkerKind;

    fn sample(pss: &[u64], arbiter: u64) -> Sample {
        let worker = |(index, pss): (usize, &u64)| WorkerSample {
            index,
            pss_kib: *pss,
            private_kib: pss / 2,
            ..WorkerSample::default()
        };
        Sample {
            workers: pss.iter().enumerate().map(worker).collect(),
            arbiter_pss_kib: arbiter,
            arbiter_private_kib: arbiter,
            ..Sample::default()
        }
    }

    #[test]
    fn the_memory_of_a_server_is_that_of_its_workers_and_its_arbiter() {
        let memory = ServerMemory::of(&sample(&[100, 60], 7)).expect("it was read");
        assert_eq!((memory.pss_kib, memory.private_kib), (167, Some(87)));
        assert_eq!(memory.shared_kib(), Some(80));
        assert_eq!(
            ServerMemory::of(&sample(&[0, 0], 7)),
            None,
            "no worker was read"
        );
    }

    #[test]
    fn a_run_has_the_largest_memory_of_its_samples() {
        let mut recording = Synthetic::io_bound(WorkerKind::Sync).recording();
        let sizes = [[100, 0], [100, 200], [0, 0]];
        recording.samples = sizes.map(|sizes| sample(&sizes, 1)).to_vec();
        let found = largest(&recording).and_then(ServerMemory::of);
        assert_eq!(found.map(|memory| memory.pss_kib), Some(301));
    }
}
