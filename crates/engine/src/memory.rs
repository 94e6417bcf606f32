//! Memory of a server's processes: the rule by which the simulation counts it, and by which a run is refused
//! that would need more than there is.
//!
//! ```text
//!   loaded by each worker                preloaded: forked pages stay shared until they are written
//!   arbiter   ▏                          arbiter   ┌─────────────┐
//!   worker A  ▏ application │ cache      worker A  │ application │ cache
//!   worker B  ▏ application │ cache      worker B  └─────────────┘ cache
//! ```
//!
//! A page that n processes share counts 1/n in the proportional set size (PSS) of each, so their sum is what the
//! machine gives.

use concsim_model::scenario::{Request, Scenario, Server, Step};

/// Private memory of a process without an application: stacks, heap, written pages of the program. As measured on
/// Linux with an idle worker, rounded.
pub const PROCESS_BYTES: u64 = 256 << 10;

/// Memory that a real process may need besides the application and its cache, for the check before a run: with
/// its ring of telemetry.
const MOST_BESIDES: u64 = 4 << 20;

/// Memory of one process, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProcessMemory {
    /// Pages of this process alone.
    pub private: u64,
    /// Pages that it shares with the arbiter and all workers.
    pub shared: u64,
}

impl ProcessMemory {
    /// Returns the memory of a worker whose requests have filled a cache of `cache` bytes.
    #[must_use]
    pub fn of_worker(server: &Server, cache: u64) -> Self {
        let own = PROCESS_BYTES.saturating_add(cache);
        if server.preload {
            return Self {
                private: own,
                shared: server.app,
            };
        }
        Self {
            private: own.saturating_add(server.app),
            shared: 0,
        }
    }

    /// Returns the memory of the arbiter.
    #[must_use]
    pub fn of_arbiter(server: &Server) -> Self {
        Self {
            private: PROCESS_BYTES,
            shared: if server.preload { server.app } else { 0 },
        }
    }

    /// Returns its proportional set size, if `processes` share the shared pages, the arbiter included.
    #[must_use]
    pub fn proportional(self, processes: u64) -> u64 {
        self.private + self.shared / processes.max(1)
    }
}

/// Returns the size of the cache that the requests of a scenario fill in a worker, in bytes.
fn cache(scenario: &Scenario) -> u64 {
    let steps = scenario.requests.iter().flat_map(Request::reached_steps);
    steps.map(Step::touched).max().unwrap_or(0)
}

/// True if a scenario states memory: that of an application, or of a cache.
#[must_use]
pub fn is_stated(scenario: &Scenario) -> bool {
    scenario.server.app > 0 || cache(scenario) > 0
}

/// Returns the memory that a server needs, in bytes, at the most and without interventions.
#[must_use]
pub fn needed(scenario: &Scenario) -> u64 {
    let server = &scenario.server;
    let worker = ProcessMemory::of_worker(server, cache(scenario));
    let each = worker.private.saturating_add(MOST_BESIDES);
    let all = each.saturating_mul(server.workers as u64);
    all.saturating_add(worker.shared)
}

#[cfg(test)]
mod tests {
    use super::*;
    use concsim_model::scenario::{Overrides, read};

    fn scenario(text: &str) -> Scenario {
        let text =
            format!("{text}\nload.clients = 1\nrequests.a.steps = ['touch 20MB', 'touch 5MB']");
        let plan = read(&text, "a.toml", &Overrides::default()).expect("a valid file");
        plan.variants[0].scenario.clone()
    }

    #[test]
    fn three_workers_and_the_arbiter_share_a_preloaded_application() {
        let preloaded = scenario("server = { app = '40MB', preload = true, workers = 3 }").server;
        let worker = ProcessMemory::of_worker(&preloaded, 0);
        assert_eq!(worker.proportional(4) - PROCESS_BYTES, 10_000_000);
        let all =
            3 * worker.proportional(4) + ProcessMemory::of_arbiter(&preloaded).proportional(4);
        assert_eq!(
            all - 4 * PROCESS_BYTES,
            40_000_000,
            "the machine gives it once"
        );
    }

    #[test]
    fn each_of_three_workers_loads_an_application_that_is_not_preloaded() {
        let server = scenario("server = { app = '40MB', workers = 3 }").server;
        let worker = ProcessMemory::of_worker(&server, 7);
        assert_eq!(worker.proportional(4) - PROCESS_BYTES, 40_000_007);
        assert_eq!(ProcessMemory::of_arbiter(&server).shared, 0);
    }

    #[test]
    fn a_run_needs_the_largest_cache_in_each_worker() {
        let scenario = scenario("server = { app = '1MB', workers = 2 }");
        assert!(needed(&scenario) >= 2 * 21_000_000);
        assert!(is_stated(&scenario));
    }
}
