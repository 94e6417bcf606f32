//! Faults of a server and of a generator, each as a script of services, a load, and a disturbance of the generator.

use concsim::scenario::{Overrides, Scenario, read};
use concsim::units::Elapsed;

use super::truth::{Script, Service};

/// Kind of load.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Load {
    Open,
    Closed,
    /// Closed loads of other programs.
    Wrk,
    Hey,
}

pub(crate) const LOADS: [Load; 4] = [Load::Open, Load::Closed, Load::Wrk, Load::Hey];

impl Load {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Wrk => "closed, wrk",
            Self::Hey => "closed, hey",
        }
    }
}

/// Disturbance of the generator.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disturbance {
    None,
    /// Busy loops on its core.
    BusyLoops,
    /// It is stopped for 20 to 80 ms, three times a second.
    Stops,
    /// It may have few open files.
    FewFiles,
}

/// A fault.
pub(crate) struct Pathology {
    pub(crate) name: &'static str,
    pub(crate) warmup: &'static str,
    /// Lines of the scenario's `[load]`, and what follows: of an open load …
    open: &'static str,
    /// … and of a closed one.
    closed: &'static str,
    change: fn(usize, Service) -> Service,
    pub(crate) disturbance: Disturbance,
    /// Codes of remarks that name it.
    pub(crate) names: &'static [&'static str],
}

/// Length of the counted window: long enough for the thousand requests of a p99.
pub(crate) const SECONDS: u32 = 6;
/// Patience of the clients, in ms: the latency of a failed request.
pub(crate) const PATIENCE_MS: f64 = 10_000.0;

/// Clients of other programs.
const FOUR: &str = "clients = 4\nramp = '0ms'";

/// Ordinary load of a server that serves 400 requests a second.
const QUIET: Pathology = Pathology {
    name: "none",
    warmup: "1s",
    open: "rate = '200/s'",
    closed: FOUR,
    change: |_, ordinary| ordinary,
    disturbance: Disturbance::None,
    names: &[],
};

pub(crate) const PATHOLOGIES: [Pathology; 10] = [
    QUIET,
    Pathology {
        name: "stalls",
        change: |k, ordinary| match k % 200 {
            199 => lasting(Elapsed::from_millis(200), ordinary),
            _ => ordinary,
        },
        ..QUIET
    },
    Pathology {
        name: "slow start",
        change: |k, ordinary| {
            if k < 300 {
                times(3.0, ordinary)
            } else {
                ordinary
            }
        },
        names: &["not-stationary", "short-warmup"],
        ..QUIET
    },
    Pathology {
        name: "growing queue",
        open: "rate = '250/s'",
        change: |k, ordinary| times(1.0 + k as f64 / 1_000.0, ordinary),
        names: &["not-stationary", "queue-grows"],
        ..QUIET
    },
    Pathology {
        name: "two phases",
        change: |k, ordinary| times(if k % 600 < 300 { 0.5 } else { 1.7 }, ordinary),
        names: &["not-stationary"],
        ..QUIET
    },
    Pathology {
        name: "burst at the start",
        warmup: "0s",
        open: "rate = '2000/s'\n[[timeline]]\nat = '100ms'\ndo = 'set rate 200/s'",
        closed: "clients = 32\nramp = '0ms'\nthink = '160ms'",
        names: &["short-warmup"],
        ..QUIET
    },
    Pathology {
        name: "resets",
        change: |k, ordinary| Service {
            is_reset: k % 40 == 7,
            ..ordinary
        },
        names: &["failures"],
        ..QUIET
    },
    Pathology {
        name: "generator short of CPU",
        disturbance: Disturbance::BusyLoops,
        names: &["clients-late", "clients-starved"],
        ..QUIET
    },
    Pathology {
        name: "generator stopped at times",
        disturbance: Disturbance::Stops,
        names: &["clients-late", "clients-starved"],
        ..QUIET
    },
    Pathology {
        name: "too few connections",
        closed: "clients = 16",
        change: |k, ordinary| match k % 200 {
            199 => lasting(Elapsed::from_millis(200), ordinary),
            _ => ordinary,
        },
        disturbance: Disturbance::FewFiles,
        ..QUIET
    },
];

fn lasting(time: Elapsed, ordinary: Service) -> Service {
    Service { time, ..ordinary }
}

fn times(factor: f64, ordinary: Service) -> Service {
    let time = Elapsed((ordinary.time.0 as f64 * factor) as u64);
    Service { time, ..ordinary }
}

impl Pathology {
    /// True if the load has the row's clients: other programs have no others than most rows.
    pub(crate) fn has(&self, load: Load) -> bool {
        matches!(load, Load::Open | Load::Closed) || self.closed == FOUR
    }

    pub(crate) fn script(&self, seed: u64) -> Script {
        let change = self.change;
        Script { seed, change }
    }

    /// Returns the text of its scenario.
    pub(crate) fn text(&self, load: Load, seed: u64) -> String {
        let warmup = match load {
            Load::Open | Load::Closed => self.warmup,
            // The others count all of their requests.
            Load::Wrk | Load::Hey => "0s",
        };
        let lines = match load {
            Load::Open => self.open,
            Load::Closed => self.closed,
            Load::Wrk | Load::Hey => FOUR,
        };
        format!(
            "warmup = '{warmup}'\nduration = '{SECONDS}s'\nseed = {seed}\n[server]\nkind = 'sync'\n\
             [requests.ask]\nsteps = ['write 2B']\n[load]\nconnection = 'keep-alive'\npatience = '{PATIENCE_MS}ms'\n{lines}\n"
        )
    }

    pub(crate) fn scenario(&self, load: Load, seed: u64) -> Scenario {
        let plan = read(&self.text(load, seed), "liars", &Overrides::default());
        let plan = plan.unwrap_or_else(|problems| panic!("{}", problems.render(false)));
        plan.variants[0].scenario.clone()
    }
}
