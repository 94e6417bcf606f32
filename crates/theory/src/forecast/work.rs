//! Demands of a scenario's requests on its workers, in the terms of queueing theory.

use crate::demand::{self, DemandPart, Moments};
use crate::quantile;
use concsim_model::scenario::{Draw, Request, Scenario, Step, WorkerKind};

/// Law of a duration, as far as the formulas distinguish laws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Law {
    Md1,
    Exponential,
    Other,
}

/// Demands of the requests of a mix. Moments are in seconds.
#[derive(Clone, Debug)]
pub(super) struct Work<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) cores: usize,
    /// Duration of a whole request that is alone.
    pub(super) unloaded: Moments,
    /// Time for which it holds its worker.
    pub(super) held: Moments,
    /// Time for which it needs a core.
    pub(super) cpu: Moments,
}

impl<'a> Work<'a> {
    pub(super) fn of(scenario: &'a Scenario, cores: usize) -> Self {
        Self {
            scenario,
            cores,
            unloaded: demand::of_mix(scenario, |_| true),
            held: demand::of_mix(scenario, |spent| spent != DemandPart::Parked),
            cpu: demand::of_mix(scenario, |spent| spent == DemandPart::Computing),
        }
    }

    /// Returns the requests that are in the mix.
    pub(super) fn kinds(&self) -> impl Iterator<Item = &'a Request> + use<'a> {
        self.scenario.drawn()
    }

    /// True if all requests are of one kind.
    pub(super) fn is_of_one_kind(&self) -> bool {
        self.kinds().count() == 1
    }

    /// Returns the law of the parts of a request for which `counts` is true: exponential only for a single
    /// part.
    pub(super) fn law(&self, counts: impl Fn(DemandPart) -> bool) -> Law {
        if !self.is_of_one_kind() {
            return Law::Other;
        }
        let kind = self.scenario.server.kind;
        let steps = self.kinds().flat_map(|request| &request.script);
        let parts = steps.filter(|step| demand::spent_on(step, kind).is_some_and(&counts));
        let draws: Vec<&Draw> = parts.filter_map(Step::duration).collect();
        match draws.as_slice() {
            [Draw::Exponential { .. }] => Law::Exponential,
            draws if draws.iter().all(|it| matches!(it, Draw::Fixed(_))) => Law::Md1,
            _ => Law::Other,
        }
    }

    /// Returns the order in which a loop serves runnable requests.
    pub(super) fn sharing(&self) -> ServiceOrder {
        let kind = self.scenario.server.kind;
        let (mut bursts, mut pieces) = (Moments::default(), Moments::default());
        let mut yields = false;
        for request in self.kinds() {
            for burst in pieces_of(request, kind) {
                yields |= burst.len() > 1 || burst.iter().any(|piece| piece.is_sliced);
                let whole = burst.iter().map(|piece| piece.whole);
                bursts.add(
                    whole.fold(Moments::default(), Moments::then),
                    request.weight,
                );
                for piece in burst {
                    pieces.add(piece.cut, request.weight);
                }
            }
        }
        // Lengths as seen by an arrival: it meets long bursts more often, in proportion to their length.
        let found = |lengths: Moments| lengths.square / lengths.mean;
        match yields {
            false => ServiceOrder::InTurn,
            true if found(pieces) <= SHORT * found(bursts) => ServiceOrder::Shared,
            true => ServiceOrder::Between,
        }
    }

    /// True if a request yields its worker while it is runnable.
    pub(super) fn yields(&self) -> bool {
        self.sharing() != ServiceOrder::InTurn
    }

    /// True if this number of begun requests has to share cores.
    pub(super) fn contends_for_cores(&self, begun: usize) -> bool {
        self.cpu.mean > 0.0 && begun > self.cores
    }

    /// Returns the mean time of each request of the scenario alone, in its order, in seconds.
    pub(super) fn alone_by_kind(&self) -> impl Iterator<Item = f64> + use<'_> {
        let requests = self.scenario.requests.iter();
        let kind = self.scenario.server.kind;
        requests.map(move |request| demand::of_script(&request.script, kind, |_| true).mean)
    }
}

/// Order in which a loop serves runnable requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ServiceOrder {
    /// Each burst runs to its end.
    InTurn,
    /// In pieces that are short beside whole bursts: all runnable requests share the worker.
    Shared,
    /// In pieces that are not short: neither of the two.
    Between,
}

/// Largest part of a burst that counts as short: the mean of constant bursts in 20 slices is 5 % below that
/// of bursts that share the worker, at a utilisation of 80 %.
const SHORT: f64 = 0.05;

/// Computing of a request between two points where it yields its worker and stays runnable.
#[derive(Clone, Copy, Debug, Default)]
struct Piece {
    /// The whole, including slices.
    whole: Moments,
    /// The same per slice: sums over all slices.
    cut: Moments,
    is_sliced: bool,
}

/// Returns the pieces of each burst of a request; one per burst if it never yields.
fn pieces_of(request: &Request, kind: WorkerKind) -> Vec<Vec<Piece>> {
    let mut bursts = vec![vec![Piece::default()]];
    for step in &request.script {
        let burst = bursts.last_mut().expect("at least one");
        let piece = burst.last_mut().expect("at least one");
        match (step, demand::spent_on(step, kind), step.duration()) {
            (_, Some(DemandPart::Parked), _) => bursts.push(vec![Piece::default()]),
            (
                Step::Compute {
                    slice: Some(slice), ..
                },
                _,
                Some(draw),
            ) if slice.0 > 0 && quantile::of(draw, LONG_QUANTILE) > slice.0 as f64 / 1e9 => {
                let sliced = Piece::in_slices(Moments::of(draw), slice.0 as f64 / 1e9);
                burst.extend([sliced, Piece::default()]);
            }
            (_, Some(DemandPart::Computing | DemandPart::Blocked), Some(draw)) => {
                piece.whole = piece.whole.then(Moments::of(draw));
                piece.cut = piece.whole;
            }
            _ if step.yields() => burst.push(Piece::default()),
            _ => {}
        }
    }
    for (place, burst) in bursts.iter_mut().enumerate() {
        // A request that yields before it has done any work keeps its place among simultaneous arrivals.
        let keeps_its_place = place == 0 && burst.iter().any(|piece| piece.whole.mean > 0.0);
        let idle = burst
            .iter()
            .take_while(|piece| piece.whole.mean == 0.0)
            .count();
        let idle = if keeps_its_place { idle } else { 0 };
        burst.drain(..idle);
    }
    bursts
}

/// Quantile of a draw that is compared with a slice: a draw with a shorter one is not cut.
const LONG_QUANTILE: f64 = 0.999;

impl Piece {
    fn in_slices(whole: Moments, slice: f64) -> Self {
        let cut = Moments {
            mean: whole.mean,
            square: whole.square.min(slice * whole.mean),
        };
        Self {
            whole,
            cut,
            is_sliced: true,
        }
    }
}

/// The time for which requests hold a worker between two waits that free it: they take turns burst by burst.
/// A burst may have no length, for example if only the answer is left, and still waits for its turn.
#[derive(Clone, Debug)]
pub(super) struct Bursts {
    /// Mean number of bursts per request.
    pub(super) each: f64,
    /// Mean number of bursts without length per request.
    pub(super) empty: f64,
    /// Number of bursts of each request of the scenario, in its order.
    pub(super) by_kind: Vec<f64>,
    /// Moments of a burst's length over all bursts, in seconds.
    pub(super) length: Moments,
}

impl Bursts {
    pub(super) fn of(scenario: &Scenario) -> Self {
        let weights: f64 = scenario.requests.iter().map(|request| request.weight).sum();
        let mut found = Self {
            each: 0.0,
            empty: 0.0,
            by_kind: Vec::new(),
            length: Moments::default(),
        };
        for request in &scenario.requests {
            let bursts = bursts_of(request, scenario);
            let share = request.weight / weights;
            for burst in &bursts {
                found.length.mean += share * burst.mean;
                found.length.square += share * burst.square;
            }
            found.each += share * bursts.len() as f64;
            let empty = bursts.iter().filter(|burst| burst.mean == 0.0).count();
            found.empty += share * empty as f64;
            found.by_kind.push(bursts.len() as f64);
        }
        if found.each > 0.0 {
            found.length.mean /= found.each;
            found.length.square /= found.each;
        }
        found
    }
}

/// Returns the bursts: consecutive steps that hold the worker form one.
fn bursts_of(request: &Request, scenario: &Scenario) -> Vec<Moments> {
    let mut bursts = vec![Moments::default()];
    for step in &request.script {
        match (
            demand::spent_on(step, scenario.server.kind),
            step.duration(),
        ) {
            (Some(DemandPart::Parked), _) => bursts.push(Moments::default()),
            (Some(DemandPart::Computing | DemandPart::Blocked), Some(draw)) => {
                let last = bursts.len() - 1;
                bursts[last] = bursts[last].then(Moments::of(draw));
            }
            _ => {}
        }
    }
    bursts
}
