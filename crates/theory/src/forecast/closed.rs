//! A closed load: a fixed number of clients, each of which waits for its answer before it sends again.

use super::door;
use super::open::{BETWEEN, EQUAL_TIMES, spread};
use super::work::{Bursts, Law, ServiceOrder, Work};
use super::{Forecast, Model, Times, counted, slots, workers_of};
use crate::closed::{Network, Station, solve};
use crate::demand::{DemandPart, Moments};
use crate::tokens::returning::settled;
use concsim_model::scenario::Draw;

/// Caveat of means that hold for exponential times only.
pub(super) const RANDOM: &str =
    "times are exponential; less random ones wait less, and may go in step";

/// Caveat of the answering turn, whose length is neglected.
const RETURNS: &str = "each wait ends in one more turn of the hub, of average length";

pub(super) fn of(work: &Work<'_>, clients: usize, think: Draw) -> Result<Forecast, String> {
    let round = Round {
        clients,
        think: Moments::of(&think).mean,
    };
    if work.scenario.server.kind.has_a_loop() {
        return of_loops(work, round);
    }
    let slots = slots(work.scenario);
    have_places(work, clients, slots)?;
    if work.contends_for_cores(slots.min(clients)) {
        return at_the_cores(work, round, slots);
    }
    in_turn(work, round, slots)
}

/// Fails if more clients may be at the door at once than its queue has places, in addition to the `begun`
/// requests.
fn have_places(work: &Work<'_>, clients: usize, begun: usize) -> Result<(), String> {
    let places = begun + work.scenario.server.places_at_the_door();
    if clients <= places {
        return Ok(());
    }
    Err(format!(
        "more clients than places: {}",
        door::TRIES_AGAIN_LATER
    ))
}

/// Circulating clients.
#[derive(Clone, Copy, Debug)]
struct Round {
    clients: usize,
    /// Mean time between an answer and the next request, in seconds.
    think: f64,
}

impl Round {
    /// R = N ÷ X − Z, with the share of time for which each server is occupied.
    fn forecast(self, work: &Work<'_>, throughput: f64, utilisation: f64) -> Forecast {
        let mean = self.clients as f64 / throughput - self.think;
        Forecast {
            model: Model::Closed,
            assumes: Vec::new(),
            utilisation,
            throughput,
            times: Some(Times {
                mean,
                wait: (mean - work.unloaded.mean).max(0.0),
                ..Times::default()
            }),
        }
    }

    /// Holds for any law: a client sends again as soon as it is answered, so that a request is always
    /// waiting.
    fn always_busy(self, work: &Work<'_>, throughput: f64) -> Forecast {
        let mut forecast = self.forecast(work, throughput, 1.0);
        let text = "a request always waits for a worker, so that no worker is ever idle; this holds for any law";
        forecast.assumes.push(text.into());
        forecast
    }

    /// No request delays another.
    fn unhindered(self, work: &Work<'_>, utilisation: impl Fn(f64) -> f64) -> Forecast {
        let throughput = self.clients as f64 / (work.unloaded.mean + self.think);
        let mut forecast = self.forecast(work, throughput, utilisation(throughput));
        let is_constant = work.law(|_| true) == Law::Md1;
        forecast.times = Some(Times {
            mean: work.unloaded.mean,
            wait: 0.0,
            percentiles: is_constant.then_some([work.unloaded.mean; 3]),
            by_kind: Some(work.alone_by_kind().collect()),
        });
        forecast
    }

    fn solve(self, stations: Vec<Station>) -> f64 {
        solve(&self.network(stations), self.clients).throughput
    }

    /// Returns the mean number of requests that a client finds at the first station on its return: those
    /// present in a network without it (arrival theorem).
    fn seen(self, stations: Vec<Station>) -> f64 {
        let others = self.clients - 1;
        solve(&self.network(stations), others).stations[0].present
    }

    fn network(self, stations: Vec<Station>) -> Network {
        Network {
            stations: stations.into_iter().filter(|it| it.demand > 0.0).collect(),
            think: self.think,
        }
    }
}

/// Workers, or threads, that keep a request to its end, with a core for each.
fn in_turn(work: &Work<'_>, round: Round, slots: usize) -> Result<Forecast, String> {
    let (service, servers) = (work.unloaded.mean, slots as f64);
    let busy = |throughput: f64| throughput * service / servers;
    if round.clients <= slots {
        return Ok(round.unhindered(work, busy));
    }
    if round.think == 0.0 {
        return Ok(round.always_busy(work, servers / service));
    }
    if !work.is_of_one_kind() {
        return Err(several_kinds(work));
    }
    let throughput = round.solve(vec![Station::queue(slots, service)]);
    let mut forecast = round.forecast(work, throughput, busy(throughput));
    if work.law(|_| true) != Law::Exponential {
        forecast.assumes.push(RANDOM.into());
    }
    Ok(forecast)
}

fn several_kinds(work: &Work<'_>) -> String {
    let kinds = counted(work.kinds().count(), "kind");
    let workers = workers_of(work.scenario);
    format!("{kinds} of requests, in turn at {workers}: no product form has that")
}

/// More begun requests than cores: the requests that have a worker share the cores.
fn at_the_cores(work: &Work<'_>, round: Round, slots: usize) -> Result<Forecast, String> {
    let cores = work.cores;
    let inside = vec![
        Station::queue(cores, work.cpu.mean),
        Station::delay(work.unloaded.mean - work.cpu.mean),
    ];
    // Without think time all workers are occupied at all times, as if they circulated themselves.
    let inner = match (round.clients <= slots, round.think == 0.0) {
        (true, _) => round,
        (false, true) => Round {
            clients: slots,
            think: 0.0,
        },
        (false, false) => {
            let workers = workers_of(work.scenario);
            let cores = counted(cores, "core");
            return Err(format!(
                "clients think, and {workers} share {cores}: workers and cores queue at once"
            ));
        }
    };
    let throughput = inner.solve(inside);
    let used = throughput * work.cpu.mean / cores as f64;
    let mut forecast = round.forecast(work, throughput, used);
    let shares = "processes share the cores in short slices, and do not go in step";
    forecast.assumes.push(shares.into());
    Ok(forecast)
}

/// Coroutines, or callbacks: requests take turns for each burst, or share their worker slice by slice.
fn of_loops(work: &Work<'_>, round: Round) -> Result<Forecast, String> {
    let server = &work.scenario.server;
    let workers = server.workers;
    let busy = |throughput: f64| throughput * work.held.mean / workers as f64;
    if round.clients > server.concurrency_limit() {
        return Err("more clients than connections: those beyond stand at the door".into());
    }
    if work.held.mean == 0.0 || round.clients == 1 {
        return Ok(round.unhindered(work, busy));
    }
    // A busy worker polls the door when its work is done.
    if !door::keeps_connections(work.scenario) {
        have_places(work, round.clients, workers)?;
    }
    if work.contends_for_cores(workers) {
        let cores = counted(work.cores, "core");
        let workers = workers_of(work.scenario);
        return Err(format!(
            "{workers} share {cores}: turns and cores queue at once"
        ));
    }
    let parked = work.unloaded.mean - work.held.mean;
    if workers == 1 && parked == 0.0 && round.think == 0.0 {
        return Ok(round.always_busy(work, 1.0 / work.held.mean));
    }
    let shares = match work.sharing() {
        ServiceOrder::InTurn => false,
        ServiceOrder::Shared => true,
        ServiceOrder::Between => return Err(BETWEEN.into()),
    };
    if !shares && !work.is_of_one_kind() {
        return Err(several_kinds(work));
    }
    let bursts = Bursts::of(work.scenario);
    let turns = if shares { 0.0 } else { bursts.empty };
    let burst = work.held.mean / (bursts.each - bursts.empty).max(1.0);
    let stations = |extra: f64| {
        let each = work.held.mean / workers as f64;
        let mut stations = vec![Station::queue(1, each); workers];
        stations.push(Station::delay(parked + extra));
        stations
    };
    let extra = settled(|extra| Some(turns * burst * round.seen(stations(extra))));
    let throughput = round.solve(stations(extra.unwrap_or_default()));
    let together = vec![
        Station::queue(workers, work.held.mean),
        Station::delay(parked + extra.unwrap_or_default()),
    ];
    if round.solve(together) > throughput * (1.0 + EQUAL_TIMES) {
        return Err(spread(work));
    }
    let mut forecast = round.forecast(work, throughput, busy(throughput));
    forecast.assumes = loops_assume(work, shares);
    if turns > 0.0 && parked > 0.0 {
        forecast.assumes.push(RETURNS.into());
    }
    Ok(forecast)
}

fn loops_assume(work: &Work<'_>, shares: bool) -> Vec<String> {
    let is_random = work.law(|spent| spent != DemandPart::Parked) == Law::Exponential;
    let law = match (shares, is_random) {
        (true, _) => Some("slices are short".to_owned()),
        (false, true) => None,
        (false, false) => Some(RANDOM.to_owned()),
    };
    let workers = workers_of(work.scenario);
    let spread = (work.scenario.server.workers > 1)
        .then(|| format!("requests go to {workers} evenly and at random"));
    law.into_iter().chain(spread).collect()
}
