//! Work for clients that have left, and what would cure it.

use super::Notice;
use super::scene::{Scene, per_cent};
use crate::recording::dead_work::{Account, Spent};
use crate::scenario::{Arrivals, Scenario};
use crate::theory::bounds;
use crate::theory::demand::Moments;
use crate::units::{Elapsed, letter};
use crate::words::{counted, grouped, length};

/// Workers spend their time on requests whose clients have given up.
pub(super) struct DeadWork {
    account: Account,
    all: Spent,
    share: f64,
}

impl<'a> Notice<'a> for DeadWork {
    fn notice(scene: &Scene<'a>) -> Option<Self> {
        /// Of one worker's time.
        const MUCH: f64 = 0.1;
        /// In the queue.
        const MANY: u64 = 10;
        let account = scene.dead_work();
        let of_one = |spent: &Spent| spent.share().is_some_and(|share| share >= MUCH);
        let applies = account.workers.values().any(of_one) || account.in_queue >= MANY;
        let all = account.all();
        applies.then(|| Self {
            share: all.share().unwrap_or(0.0),
            account,
            all,
        })
    }

    fn sentences(&self, scene: &Scene<'a>) -> Vec<String> {
        let first = match self.only_one(scene) {
            Some((slot, spent)) => format!(
                "Worker {} spent {} of its busy time {} on requests whose clients had already left.",
                letter(usize::from(slot)),
                per_cent(spent.share().unwrap_or(0.0)),
                scene.when()
            ),
            None => format!(
                "The workers spent {} of their busy time {} on requests whose clients had already left.",
                per_cent(self.share),
                scene.when()
            ),
        };
        let then = match scene.run {
            Some(run) if run.window_s > 0.0 => "At its end",
            Some(_) | None => "Now",
        };
        let queue = match self.account.in_queue {
            0 => format!("{then} the listener's queue holds none of them."),
            1 => format!("{then} the listener's queue holds 1 more of them."),
            many => format!(
                "{then} the listener's queue holds {} more of them.",
                grouped(many)
            ),
        };
        vec![first, queue]
    }

    fn evidence(&self, scene: &Scene<'a>) -> String {
        format!(
            "{} of {} busy or blocked after the client had given up (workers' log and load's log); patience \
             is {}",
            self.all.dead,
            self.all.busy,
            length(scene.scenario().load.patience)
        )
    }

    fn advice(&self, scene: &Scene<'a>) -> Option<String> {
        if !scene.past.markers().is_empty() {
            return None;
        }
        let cures = cures(scene.scenario(), scene.cores());
        (!cures.is_empty())
            .then(|| format!("A cure: {} (computed from means).", cures.join(", or ")))
    }
}

impl DeadWork {
    /// The one worker of several that has dead work.
    fn only_one(&self, scene: &Scene<'_>) -> Option<(u16, Spent)> {
        let mut some = self.account.workers.iter();
        let mut some = some
            .by_ref()
            .filter(|(_, spent)| spent.dead > Elapsed::ZERO);
        let (slot, spent) = some.next()?;
        let is_alone = some.next().is_none() && scene.living().count() > 1;
        is_alone.then_some((*slot, *spent))
    }
}

/// What would let each request be answered while its client waits: each alone, computed from the mean
/// demand of a request.
fn cures(scenario: &Scenario, cores: usize) -> Vec<String> {
    let patience = scenario.load.patience.as_secs_f64();
    let workers = scenario.server.workers;
    let mut found = Vec::new();
    if let Some(capacity) = capacity(scenario, cores) {
        // With all places taken the last one is answered after those before it, and one that is served; a
        // client that found no place has tried again by then.
        let left = patience - latest_try(patience);
        let places = (left * capacity).floor() as usize;
        if let Some(backlog) = places.checked_sub(2).filter(|it| *it >= 1) {
            let now = scenario.server.backlog as usize;
            if backlog < now {
                found.push(format!(
                    "`server.backlog` {} or less",
                    grouped(backlog as u64)
                ));
            }
        }
    }
    if let Some(longest) = longest_answer(scenario, cores, workers)
        && longest > patience
    {
        let longest = Elapsed((longest * 1e9).ceil() as u64);
        found.push(format!("clients that wait longer than {}", length(longest)));
    }
    let enough = (workers + 1..=256).find(|more| answers_in_time(scenario, cores, *more));
    found.extend(enough.map(|more| counted(more as u64, "worker")));
    found
}

/// When a client that waits for so long, in seconds, tries for the last time to connect to a listener whose
/// queue is full: the kernel sends its first segment again 1, 3, 7 … s after the first.
fn latest_try(patience: f64) -> f64 {
    let tries = (0..6).map(|doublings| f64::from((1 << doublings) - 1));
    tries.filter(|at| *at < patience).fold(0.0, f64::max)
}

/// Answers per second that the server gives at most to clients that wait for them; `None` if nothing in it
/// bounds them.
fn capacity(scenario: &Scenario, cores: usize) -> Option<f64> {
    const LONG: Elapsed = Elapsed::from_secs(3_600);
    let mut patient = scenario.clone();
    patient.load.patience = LONG;
    let bounds = bounds::of(&patient, cores);
    let tightest = bounds.iter().find(|it| !it.of.is_the_load());
    tightest.map(bounds::Bound::per_s).filter(|it| *it > 0.0)
}

/// The longest that a client of a closed load waits, in seconds, with so many workers: all clients ask at
/// once, and the server answers them in rounds. `None` for an open load, which has no such bound.
fn longest_answer(scenario: &Scenario, cores: usize, workers: usize) -> Option<f64> {
    let Arrivals::Closed { clients, think, .. } = &scenario.load.arrivals else {
        return None;
    };
    let mut with = scenario.clone();
    with.server.workers = workers;
    let capacity = capacity(&with, cores)?;
    let at_once = workers.min(*clients).max(1);
    let rounds = clients.div_ceil(at_once) as f64;
    let think = Moments::of(think).mean;
    Some((rounds * at_once as f64 / capacity - think).max(workers as f64 / capacity))
}

/// Whether so many workers would answer every request while its client waits.
fn answers_in_time(scenario: &Scenario, cores: usize, workers: usize) -> bool {
    /// Of the capacity: above it an open load waits long.
    const USED: f64 = 0.9;
    let patience = scenario.load.patience.as_secs_f64();
    match &scenario.load.arrivals {
        Arrivals::Closed { .. } => {
            let longest = longest_answer(scenario, cores, workers);
            longest.is_some_and(|longest| longest <= patience)
        }
        Arrivals::Open { rate, .. } => {
            let mut with = scenario.clone();
            with.server.workers = workers;
            let capacity = capacity(&with, cores);
            capacity.is_some_and(|it| *rate <= USED * it && workers as f64 / it <= patience)
        }
    }
}
