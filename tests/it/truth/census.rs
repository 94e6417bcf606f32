//! Number of requests in each state at an instant. A core runs one process, so each request's own account
//! is checked against those of the others.

use std::collections::BTreeMap;

use super::events::{Account, Ns, Request, State};
use super::tables::{Row, number};

/// Requests of each worker in each state; without a worker those at the door.
pub(super) type Census = BTreeMap<(Option<u16>, State), usize>;

/// A run of a worker for a connection whose request has no number yet.
#[derive(Clone, Debug)]
pub(super) struct UnreadRun {
    pub(super) worker: u16,
    pub(super) from: Ns,
    pub(super) to: Ns,
    /// True if the worker died in it, so that a sample alone shows it.
    pub(super) is_cut_short: bool,
    core: Option<u64>,
    /// Blocked or preempted intervals in it, with the core that was lost.
    breaks: Vec<(Ns, Ns, Option<u64>)>,
}

impl UnreadRun {
    /// Reads all of a table of switches.
    pub(super) fn all(switches: &[Row]) -> Vec<Self> {
        let edge = |row: &Row, name: &str| number(row, name).unwrap_or(0);
        let mut all: Vec<Self> = Vec::new();
        let mut breaks: BTreeMap<u16, Vec<_>> = BTreeMap::new();
        for row in switches.iter().filter(|row| row["request"].is_empty()) {
            let (from, to) = (edge(row, "from_ns"), edge(row, "to_ns"));
            let (worker, core) = (edge(row, "worker") as u16, number(row, "core"));
            let own = breaks.entry(worker).or_default();
            // Breaks precede the run that contains them.
            if row["what"] == "ran" {
                all.push(Self {
                    worker,
                    from,
                    to,
                    is_cut_short: false,
                    core,
                    breaks: std::mem::take(own),
                });
            } else {
                own.push((from, to, core));
            }
        }
        all
    }

    /// Returns a run that ended with its worker; `blocked` is the start of a call in which it slept.
    pub(super) fn cut_short(
        worker: u16,
        core: Option<u64>,
        (from, to): (Ns, Ns),
        blocked: Option<Ns>,
    ) -> Self {
        let breaks = blocked.map(|since| (since.max(from), to, None));
        Self {
            worker,
            from,
            to,
            is_cut_short: true,
            core,
            breaks: breaks.into_iter().collect(),
        }
    }

    /// True if it includes an instant.
    pub(super) fn is_at(&self, at: Ns) -> bool {
        self.from <= at && at < self.to
    }

    /// Returns the start of its unbroken time on a core at an instant, with worker and core.
    pub(super) fn claim(&self, at: Ns) -> Option<(Ns, Option<u16>, Option<u64>)> {
        let mut breaks = self.breaks.iter();
        if !self.is_at(at) || breaks.any(|it| it.0 <= at && at < it.1) {
            return None;
        }
        let over = self.breaks.iter().filter(|it| it.1 <= at);
        let since = over.map(|it| it.1).max().unwrap_or(0).max(self.from);
        let lost = self.breaks.iter().filter(|it| at < it.0).min();
        let core = lost.map_or(self.core, |it| it.2.or(self.core));
        Some((since, Some(self.worker), core))
    }
}

impl Account {
    /// Returns the number of requests in each state at an instant: of one worker, or at the door. A core
    /// runs one process: of several that claim it the last to come runs, even for a request that is over or
    /// not read yet. The others, which have not detected the loss yet, want a core.
    pub(super) fn census(&self, at: Ns) -> Census {
        let mut census = Census::new();
        for request in &self.requests {
            let state = match self.state(request, at) {
                None => continue,
                Some(State::Running) if self.has_lost_its_core(request, at) => State::WantsACore,
                Some(state) => state,
            };
            let worker = request.worker.filter(|_| state != State::AtTheDoor);
            *census.entry((worker, state)).or_default() += 1;
        }
        census
    }

    /// Returns the workers that run something other than an open request: a connection whose request is not
    /// read yet, or the end of one whose last byte is written.
    pub(super) fn besides(&self, at: Ns) -> usize {
        let unread = self.unread.iter().filter(|it| it.is_at(at));
        let over = self.requests.iter();
        let over = over.filter(|it| self.state(it, at).is_none() && it.claim(at).is_some());
        unread.count() + over.count()
    }

    /// True if another worker came later to the core that a request claims at an instant: a process detects
    /// the loss of its core when it gets one again.
    pub(super) fn has_lost_its_core(&self, request: &Request, at: Ns) -> bool {
        let Some((since, worker, core)) = request.claim(at) else {
            return false;
        };
        let claims = self.requests.iter().filter_map(|it| it.claim(at));
        let unread = self.unread.iter().filter_map(|it| it.claim(at));
        let others = claims.chain(unread);
        let mut others = others.filter(|it| it.1 != worker && it.2.is_some() && it.2 == core);
        others.any(|other| (other.0, other.1) > (since, worker))
    }
}
