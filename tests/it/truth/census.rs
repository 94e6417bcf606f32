//! The number of requests in each state at an instant. A core runs one process, so what each request says of
//! itself is held against what the others say.

use std::collections::BTreeMap;

use super::events::{Account, Ns, Request, State};

/// Requests of each worker in each state; of no worker at the door.
pub(super) type Census = BTreeMap<(Option<u16>, State), usize>;

impl Account {
    /// The number of requests in each state at an instant: of one worker, or at the door. A core runs one
    /// process: of several that say to run on it the one that came last does, and the others, which have not
    /// learned yet that they lost it, want a core.
    pub(super) fn census(&self, at: Ns) -> Census {
        let mut census = Census::new();
        let mut running = Vec::new();
        for request in &self.requests {
            let Some(state) = self.state(request, at) else {
                continue;
            };
            if let Some(claim) = request.claim(at).filter(|_| state == State::Running) {
                running.push(claim);
            } else {
                let worker = request.worker.filter(|_| state != State::AtTheDoor);
                *census.entry((worker, state)).or_default() += 1;
            }
        }
        running.sort_unstable();
        for (place, (_, worker, core)) in running.iter().enumerate() {
            let mut later = running[place + 1..].iter();
            let is_lost = core.is_some() && later.any(|other| other.2 == *core);
            let state = if is_lost {
                State::WantsACore
            } else {
                State::Running
            };
            *census.entry((*worker, state)).or_default() += 1;
        }
        census
    }

    /// Workers that run something else than an open request: a connection whose request is not read yet, or
    /// the end of one whose last byte is written.
    pub(super) fn besides(&self, at: Ns) -> usize {
        let unread = self.anonymous.iter();
        let unread = unread.filter(|(_, from, to)| *from <= at && at < *to);
        let over = self.requests.iter();
        let over = over.filter(|it| self.state(it, at).is_none() && it.claim(at).is_some());
        unread.count() + over.count()
    }

    /// True if another worker that came later was on the core on which a request says to run at an instant: a
    /// process learns that it lost its core when it gets one again.
    pub(super) fn has_lost_its_core(&self, request: &Request, at: Ns) -> bool {
        let Some((since, worker, core)) = request.claim(at) else {
            return false;
        };
        let claims = self.requests.iter().filter_map(|it| it.claim(at));
        let others = claims.filter(|it| it.1 != worker && it.2.is_some() && it.2 == core);
        others.into_iter().any(|other| other.0 > since)
    }
}
