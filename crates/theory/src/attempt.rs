//! One request by itself: the time that it needs of each resource when it waits for nothing, and its possible
//! ends: an answer, the heartbeat, the clients' patience, a panic, an overflow.
//!
//! ```text
//!   compute 10ms   sleep 30s                        timeout = 2s: killed after 2 s at the least,
//!   ├──┼───────────────┤- - - - - - - - - -┤        and lost; its worker was taken for 2 s
//! ```
//!
//! All times are lower limits: queues make a request longer, never shorter. A bound that divides by their
//! mean therefore holds for every run that is long enough for the mean.

use super::demand::{DemandPart, Moments, spent_on};
use super::quantile;
use concsim_model::scenario::{Arrivals, Draw, Request, Scenario, Step, WaitMode, WorkerKind};

/// Interval at which the arbiter checks the heartbeats, in seconds.
pub const TICK: f64 = 1.0;
/// Points of the lattice over which random demands are averaged; a prime.
const POINTS: usize = 1_021;
/// Multiplier of the lattice (Korobov): a primitive root of [`POINTS`].
const MULTIPLIER: usize = 76;
/// Share of draws that is ignored as too long.
const RARE: f64 = 1e-6;
/// Quantile of a long draw: one of 1 000 is longer.
const RARE_QUANTILE: f64 = 0.999;

/// Time that one request needs of each resource, in seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResourceUse {
    /// Time on its worker, or on one of its threads, during which that serves no other request.
    pub held: f64,
    /// Time on a core.
    pub computing: f64,
    /// Time in a slot among the begun requests.
    pub inside: f64,
    /// Time of its client's round, without think time.
    pub round: f64,
    /// Time on a thread in the worker's pool.
    pub in_threads: f64,
    /// Time on a connection to each service, in the scenario's order.
    pub calls: Vec<f64>,
    /// 1 if a good answer is possible; in a mean, the share of such requests.
    pub good: f64,
    /// 1 if its worker dies with it; in a mean, the share of such requests.
    pub kills: f64,
    /// 1 if its worker may die with it: the arbiter checks the heartbeat once a second.
    pub may_kill: f64,
}

impl ResourceUse {
    fn add(&mut self, other: &Self, share: f64) {
        self.held += share * other.held;
        self.computing += share * other.computing;
        self.inside += share * other.inside;
        self.round += share * other.round;
        self.in_threads += share * other.in_threads;
        self.good += share * other.good;
        self.kills += share * other.kills;
        self.may_kill += share * other.may_kill;
        self.calls.resize(other.calls.len(), 0.0);
        for (sum, call) in self.calls.iter_mut().zip(&other.calls) {
            *sum += share * call;
        }
    }
}

/// Returns the mean over a scenario's mix of requests.
#[must_use]
pub fn mean(scenario: &Scenario) -> ResourceUse {
    let mut mean = ResourceUse::default();
    for (share, alone) in mix(scenario) {
        mean.add(&alone.mean(), share);
    }
    // The rest is rounding of a sum of shares.
    if mean.good > 1.0 - 1e-9 {
        mean.good = 1.0;
    }
    mean
}

/// Returns sample requests that represent a scenario's mix, each with its share.
#[must_use]
pub fn points(scenario: &Scenario) -> Vec<(f64, ResourceUse)> {
    let all = mix(scenario).flat_map(|(share, alone)| {
        let points = alone.points();
        let each = share / points.len() as f64;
        points.into_iter().map(move |point| (each, point))
    });
    all.collect()
}

/// Returns the 99.9th percentile of the time that a request keeps its worker silent, in seconds: the longest
/// over all kinds.
#[must_use]
pub fn longest_silence(scenario: &Scenario) -> f64 {
    let silences = mix(scenario).map(|(_, alone)| alone.at(RARE_QUANTILE).1);
    silences.fold(0.0, f64::max)
}

/// Returns the requests of the mix, each with its share.
fn mix(scenario: &Scenario) -> impl Iterator<Item = (f64, UnloadedRequest<'_>)> {
    let weights: f64 = scenario.requests.iter().map(|request| request.weight).sum();
    scenario.drawn().map(move |request| {
        (
            request.weight / weights,
            UnloadedRequest { scenario, request },
        )
    })
}

/// Returns the heartbeat timeout that requests can exceed, in seconds; `None` for workers with several
/// threads, because a thread that serves no requests sends their heartbeat.
#[must_use]
pub fn heartbeat(scenario: &Scenario) -> Option<f64> {
    let server = &scenario.server;
    let is_watched = server.threads_of_a_worker() == 1;
    let timeout = server.timeout.filter(|_| is_watched)?;
    Some(timeout.as_secs_f64())
}

/// True if a request meets the heartbeat alone and may miss it beside others.
#[must_use]
pub fn may_be_silent_among_others(scenario: &Scenario, cores: usize) -> bool {
    let Some(timeout) = heartbeat(scenario) else {
        return false;
    };
    let server = &scenario.server;
    let computing = server.parallelism_limit_of(server.workers) as f64;
    let slower = (computing / cores as f64).max(1.0);
    let queue = scenario.services.iter().map(|service| {
        let callers = blocking_callers(scenario) as f64;
        service
            .capacity
            .map_or(1.0, |capacity| callers / capacity as f64)
    });
    let slower = queue.fold(slower, f64::max);
    let silence = longest_silence(scenario);
    slower > 1.0 && silence <= timeout + TICK && silence * (slower + 1.0) > timeout
}

/// Returns the number of blocking calls that can be in flight at once.
fn blocking_callers(scenario: &Scenario) -> usize {
    scenario.server.workers * scenario.server.threads_of_a_worker()
}

/// A request of a scenario with no other request beside it.
struct UnloadedRequest<'a> {
    scenario: &'a Scenario,
    request: &'a Request,
}

impl UnloadedRequest<'_> {
    /// Returns the exact mean if nothing cuts the request short, else the mean over the points.
    fn mean(&self) -> ResourceUse {
        if self.is_random() && self.may_end_early() {
            return mean_of(&self.points());
        }
        let lengths = self.lengths(|draw| Moments::of(draw).mean);
        self.play(&lengths).0
    }

    fn is_random(&self) -> bool {
        let mut draws = self.request.script.iter().filter_map(Step::duration);
        draws.any(quantile::is_random)
    }

    /// True if a long draw cuts the request short and a short one does not.
    fn may_end_early(&self) -> bool {
        let [(short, _), (long, silent)] = [RARE, 1.0 - RARE].map(|share| self.at(share));
        let patience = self.scenario.load.patience.as_secs_f64();
        let timeout = heartbeat(self.scenario).unwrap_or(f64::INFINITY);
        let is_cut = long.round >= patience || silent >= timeout;
        is_cut || (long.good, long.kills) != (short.good, short.kills)
    }

    /// Returns the request with every draw at the same quantile, and its longest silence in seconds.
    fn at(&self, share: f64) -> (ResourceUse, f64) {
        self.play(&self.lengths(|draw| quantile::of(draw, share)))
    }

    fn lengths(&self, of: impl Fn(&Draw) -> f64) -> Vec<f64> {
        let steps = self.request.script.iter();
        steps.map(|step| step.duration().map_or(0.0, &of)).collect()
    }

    /// Returns a lattice over the quantiles of all draws (Korobov); one point if nothing is random.
    fn points(&self) -> Vec<ResourceUse> {
        let count = if self.is_random() { POINTS } else { 1 };
        (0..count).map(|point| self.point(point)).collect()
    }

    fn point(&self, point: usize) -> ResourceUse {
        let factor = std::cell::Cell::new(1);
        let lengths = self.lengths(|draw| {
            let place = (point * factor.get()) % POINTS;
            if quantile::is_random(draw) {
                factor.set(factor.get() * MULTIPLIER % POINTS);
            }
            quantile::of(draw, (place as f64 + 0.5) / POINTS as f64)
        });
        self.play(&lengths).0
    }

    /// Plays a request with these step lengths. Returns its times, and the longest silence of its worker in
    /// seconds.
    fn play(&self, lengths: &[f64]) -> (ResourceUse, f64) {
        let mut playing = RequestProgress::new(self.scenario);
        for (step, length) in self.request.script.iter().zip(lengths) {
            if !playing.step(step, *length) {
                break;
            }
        }
        playing.into_use()
    }
}

fn mean_of(points: &[ResourceUse]) -> ResourceUse {
    let mut mean = ResourceUse::default();
    for point in points {
        mean.add(point, 1.0 / points.len() as f64);
    }
    mean
}

/// A request in progress.
struct RequestProgress<'a> {
    scenario: &'a Scenario,
    kind: WorkerKind,
    timeout: f64,
    used: ResourceUse,
    /// Time since the worker's last sign of life, in seconds; and the longest such time.
    silence: f64,
    silent: f64,
    /// Time since its beginning, in seconds.
    elapsed: f64,
    /// The same if the heartbeat ends it at the earliest possible time.
    least: f64,
    is_good: bool,
}

impl<'a> RequestProgress<'a> {
    fn new(scenario: &'a Scenario) -> Self {
        Self {
            scenario,
            kind: scenario.server.kind,
            timeout: heartbeat(scenario).unwrap_or(f64::INFINITY),
            used: ResourceUse {
                calls: vec![0.0; scenario.services.len()],
                ..ResourceUse::default()
            },
            silence: 0.0,
            silent: 0.0,
            elapsed: 0.0,
            least: 0.0,
            is_good: true,
        }
    }

    /// Plays a step; returns true if the request goes on after it.
    fn step(&mut self, step: &Step, length: f64) -> bool {
        let has_loop = self.kind.has_a_loop();
        match step {
            Step::Compute { slice, .. } => {
                let slice = slice.map_or(f64::INFINITY, |slice| slice.0 as f64 / 1e9);
                if has_loop && slice > 0.0 && length > slice {
                    return self.computes_in_slices(length, slice);
                }
                self.is_silent(length, |taken, spent| {
                    taken.held += spent;
                    taken.computing += spent;
                })
            }
            // The pool's processes have a core for it; the worker waits.
            Step::Offload { .. } => self.add_wait(step, length, |_, _| {}),
            Step::Call { service, .. } => {
                let service = *service;
                self.add_wait(step, length, move |taken, spent| {
                    taken.calls[service] += spent;
                })
            }
            Step::Sleep { .. } => self.add_wait(step, length, |_, _| {}),
            Step::Yield | Step::Write { .. } | Step::Touch { .. } | Step::Count { .. } => {
                if has_loop && step.yields() {
                    self.silence = 0.0;
                }
                true
            }
            Step::Panic => {
                self.is_good = false;
                false
            }
            Step::Overflow => {
                self.dies();
                false
            }
        }
    }

    /// Returns the part of a length that is certain: 0 once the heartbeat may have ended the request.
    fn certain_part(&self, length: f64) -> f64 {
        if self.used.may_kill > 0.0 {
            0.0
        } else {
            length
        }
    }

    /// Computes in slices, with a heartbeat after each.
    fn computes_in_slices(&mut self, length: f64, slice: f64) -> bool {
        let holds = |taken: &mut ResourceUse, spent| {
            taken.held += spent;
            taken.computing += spent;
        };
        if !self.is_silent(slice, holds) {
            return false;
        }
        let rest = length - slice;
        let sure = self.certain_part(rest);
        holds(&mut self.used, sure);
        self.passes(rest, sure);
        self.silence = rest.min(slice);
        true
    }

    fn passes(&mut self, length: f64, least: f64) {
        self.used.inside += least;
        self.elapsed += length;
        self.least += least;
    }

    fn add_wait(&mut self, step: &Step, length: f64, also: impl Fn(&mut ResourceUse, f64)) -> bool {
        if spent_on(step, self.kind) == Some(DemandPart::Parked) {
            let is_in_threads = step.wait_mode() == Some(WaitMode::InThreads);
            let sure = self.certain_part(length);
            also(&mut self.used, sure);
            self.used.in_threads += if is_in_threads { sure } else { 0.0 };
            self.passes(length, sure);
            self.silence = 0.0;
            return true;
        }
        self.is_silent(length, |taken, spent| {
            taken.held += spent;
            also(taken, spent);
        })
    }

    /// Adds a time without a sign of life from the worker. The heartbeat certainly ends the request one tick
    /// after the timeout, and may end it at the timeout: only the time up to there is counted.
    fn is_silent(&mut self, length: f64, takes: impl Fn(&mut ResourceUse, f64)) -> bool {
        let spent = self.certain_part(length.min((self.timeout - self.silence).max(0.0)));
        takes(&mut self.used, spent);
        self.passes(length, spent);
        self.silence += length;
        self.silent = self.silent.max(self.silence);
        if self.silence > self.timeout {
            self.used.may_kill = 1.0;
        }
        if self.silence <= self.timeout + TICK {
            return true;
        }
        self.dies();
        false
    }

    fn dies(&mut self) {
        self.is_good = false;
        (self.used.kills, self.used.may_kill) = (1.0, 1.0);
    }

    fn into_use(mut self) -> (ResourceUse, f64) {
        let patience = self.scenario.load.patience.as_secs_f64();
        self.used.round = self.least.min(patience);
        let is_good = self.is_good && self.elapsed <= patience;
        self.used.good = f64::from(u8::from(is_good));
        (self.used, self.silent)
    }
}

/// Returns the mean time for which an idle connection keeps its slot between two requests of its client, in
/// seconds; 0 if connections are closed, or if no client sends a second request.
#[must_use]
pub fn kept_idle(scenario: &Scenario) -> f64 {
    let Arrivals::Closed { think, .. } = &scenario.load.arrivals else {
        return 0.0;
    };
    let keepalive = scenario.server.keepalive.as_secs_f64();
    if !quantile::is_random(think) {
        return Moments::of(think).mean.min(keepalive);
    }
    let points = (0..POINTS).map(|point| {
        let share = (point as f64 + 0.5) / POINTS as f64;
        quantile::of(think, share).min(keepalive)
    });
    points.sum::<f64>() / POINTS as f64
}
