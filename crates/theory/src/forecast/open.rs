//! An open load: random arrivals that do not depend on the state of the queue.

use super::door::{self, RandomArrivals};
use super::patience::NEGLIGIBLE_SHARE;
use super::work::{Bursts, Law, ServiceOrder, Work};
use super::{Forecast, Model, Times, counted, percentiles, slots, workers_of};
use crate::demand::{DemandPart, Moments};
use crate::open::Laws;
use crate::open::constant::Md1;
use crate::open::finite::Mmck;
use crate::open::many::Mmc;
use crate::queues;
use crate::tokens::returning::{MOST_USED, ZeroTurnPool};
use crate::tokens::{Pool, Steady, Tokens};
use concsim_model::scenario::Scenario;

/// Maximal number of tokens: more would take too long for a screen, since the work grows with the fourth
/// power.
const MOST_TOKENS: usize = 32;

/// Returns the prediction; `rate` is λ, in requests per second.
pub(super) fn of(work: &Work<'_>, rate: f64) -> Result<Forecast, String> {
    if work.scenario.server.kind.has_a_loop() {
        return of_loops(work, rate);
    }
    let slots = slots(work.scenario);
    if work.contends_for_cores(slots) {
        return of_tokens(work, rate, slots);
    }
    begun_in_turn(work, rate, slots)
}

/// Requests that wait before they begin, and occupy no server meanwhile.
fn begun_in_turn(work: &Work<'_>, rate: f64, slots: usize) -> Result<Forecast, String> {
    let coming = RandomArrivals {
        servers: slots,
        rate,
        service: work.unloaded,
    };
    let turns = match work.law(|_| true) {
        Law::Exponential => return of_exponential(work, coming),
        Law::Md1 if slots == 1 => SerialService::constant(rate, work.unloaded.mean),
        _ => SerialService::of_any_law(slots, rate, work.unloaded),
    };
    let forecast = turns.into_forecast(work, rate, slots as f64);
    let response = forecast.times.as_ref().map(|times| times.mean);
    coming.check_queue_at_door(work.scenario, response)?;
    Ok(forecast)
}

/// Requests that are served one after the other, each to its end.
struct SerialService {
    model: Model,
    assumes: Vec<String>,
    /// Mean wait in seconds; `None` if the queue grows without limit.
    wait: Option<f64>,
    percentiles: Option<[f64; 3]>,
}

impl SerialService {
    fn constant(rate: f64, service: f64) -> Self {
        let steady = Md1 { rate, service }.steady();
        Self {
            model: Model::Md1,
            assumes: Vec::new(),
            wait: steady.as_ref().map(|steady| steady.means().wait),
            percentiles: steady
                .map(|steady| percentiles(|share| steady.response_percentile(share))),
        }
    }

    fn exponential(servers: usize, rate: f64, service: f64) -> Self {
        let queue = Mmc {
            servers,
            rate,
            service,
        };
        let steady = queue.steady();
        Self {
            model: Model::Mmc(servers),
            assumes: Vec::new(),
            wait: steady.map(|steady| steady.means().wait),
            percentiles: steady
                .map(|steady| percentiles(|share| steady.response_percentile(share))),
        }
    }

    fn of_any_law(servers: usize, rate: f64, service: Moments) -> Self {
        let (model, wait) = match servers {
            1 => (Model::General, queues::wait_in_turn(rate, service)),
            _ => (
                Model::ManyGeneral(servers),
                queues::wait_of_many_in_turn(servers, rate, service),
            ),
        };
        let about = "the law of service matters through its variance alone (Allen and Cunneen), by which the mean is \
                     right within 5 %";
        Self {
            model,
            assumes: (servers > 1)
                .then(|| about.to_owned())
                .into_iter()
                .collect(),
            wait,
            percentiles: None,
        }
    }

    /// For requests that wait once and then take as long as they do alone.
    fn into_forecast(self, work: &Work<'_>, rate: f64, servers: f64) -> Forecast {
        let times = self.wait.map(|wait| Times {
            mean: wait + work.unloaded.mean,
            wait,
            percentiles: self.percentiles,
            by_kind: Some(work.alone_by_kind().map(|alone| wait + alone).collect()),
        });
        Forecast {
            model: self.model,
            assumes: self.assumes,
            utilisation: rate * work.held.mean / servers,
            throughput: rate.min(servers / work.unloaded.mean),
            times,
        }
    }
}

/// Exponential (memoryless) service: everything is known, even with a limited queue.
fn of_exponential(work: &Work<'_>, coming: RandomArrivals) -> Result<Forecast, String> {
    let RandomArrivals { servers, rate, .. } = coming;
    let endless = SerialService::exponential(servers, rate, work.unloaded.mean);
    let response = endless.wait.map(|wait| wait + work.unloaded.mean);
    let is_let_in = coming.check_queue_at_door(work.scenario, response);
    if is_let_in.is_ok() || door::tries_again(work.scenario) {
        return is_let_in.map(|()| endless.into_forecast(work, rate, servers as f64));
    }
    let queue = Mmck {
        servers,
        places: servers + work.scenario.server.places_at_the_door(),
        rate,
        service: work.unloaded.mean,
    };
    let steady = queue.steady();
    let patience = work.scenario.load.patience;
    if steady.response_tail(patience.as_secs_f64()) > NEGLIGIBLE_SHARE {
        return Err(format!("clients give up after {patience}"));
    }
    let means = steady.means();
    Ok(Forecast {
        model: Model::Mmck(queue.servers, queue.places),
        assumes: vec![
            "an arrival that finds the queue full is lost; times are those of the others".into(),
        ],
        utilisation: steady.utilisation(),
        throughput: steady.throughput(),
        times: Some(Times {
            mean: means.response,
            wait: means.wait,
            // A run includes lost requests with their clients' patience, so its percentiles differ.
            percentiles: None,
            by_kind: None,
        }),
    })
}

/// More processes than cores: a token is a process.
fn of_tokens(work: &Work<'_>, rate: f64, tokens: usize) -> Result<Forecast, String> {
    let pool = pool_of(work, rate, tokens, (work.cores, work.cpu.mean))?;
    let times = pool.steady().map(|steady| times_of(work, &steady));
    check_token_queue(work, rate, pool.capacity(), times.as_ref())?;
    let utilisation = rate * work.cpu.mean / work.cores as f64;
    Ok(Forecast {
        model: Model::Tokens(tokens),
        assumes: of_demands(work).collect(),
        utilisation,
        throughput: rate.min(pool.capacity()),
        times,
    })
}

/// Fails if the queue before the tokens is full too often. All tokens are taken while a request waits, so the
/// queue is served at the total answer rate, at random.
fn check_token_queue(
    work: &Work<'_>,
    rate: f64,
    capacity: f64,
    times: Option<&Times>,
) -> Result<(), String> {
    let mean = 1.0 / capacity;
    let square = 2.0 * mean * mean;
    let coming = RandomArrivals {
        servers: 1,
        rate,
        service: Moments { mean, square },
    };
    coming.check_queue_at_door(work.scenario, times.map(|times| times.mean))
}

/// Loops, each with its share of the load: a token is a connection.
fn of_few_connections(work: &Work<'_>, rate: f64, bursts: &Bursts) -> Result<Forecast, String> {
    let server = &work.scenario.server;
    let (own, workers) = (rate / server.workers as f64, server.workers as f64);
    let pool = ZeroTurnPool {
        pool: pool_of(work, own, server.connections, (1, work.held.mean))?,
        turns: bursts.empty,
        burst: work.held.mean / (bursts.each - bursts.empty).max(1.0),
    };
    let used = own / pool.capacity();
    let times = pool.steady().map(|steady| times_of(work, &steady));
    check_token_queue(work, rate, workers * pool.capacity(), times.as_ref())?;
    if bursts.empty > 0.0 && (MOST_USED..1.0).contains(&used) {
        let percent = (used * 100.0).round();
        return Err(format!(
            "{percent} % of what the connections can take: so near to that, the order in the hub's \
             queue decides"
        ));
    }
    let turns = "each wait ends in one more turn of the hub, of average length";
    let turns = (bursts.empty > 0.0).then(|| turns.to_owned());
    let model = match turns {
        Some(_) => Model::Returning(server.connections),
        None => Model::Tokens(server.connections),
    };
    Ok(Forecast {
        model,
        assumes: of_demands(work)
            .chain(turns)
            .chain(evenly(work, server.workers))
            .collect(),
        utilisation: own * work.held.mean,
        throughput: rate.min(workers * pool.capacity()),
        times,
    })
}

/// Returns a pool of `tokens` tokens around `cores` servers. A request occupies one for `busy` seconds.
fn pool_of(
    work: &Work<'_>,
    rate: f64,
    tokens: usize,
    (cores, busy): (usize, f64),
) -> Result<Pool, String> {
    if !work.is_of_one_kind() {
        let kinds = counted(work.kinds().count(), "kind");
        return Err(format!(
            "{kinds} of requests, and more of them begun than cores: no closed form has both"
        ));
    }
    if tokens > MOST_TOKENS {
        return Err(format!(
            "{tokens} tokens make a chain of too many states to be solved beside a run \
             (`concsim theory tokens` takes its time)"
        ));
    }
    Ok(Pool {
        rate,
        tokens: Tokens::Some(tokens),
        cores,
        compute: busy,
        wait: work.unloaded.mean - busy,
    })
}

fn times_of(work: &Work<'_>, steady: &Steady) -> Times {
    Times {
        mean: steady.means.response,
        wait: steady.means.response - work.unloaded.mean,
        ..Times::default()
    }
}

/// Caveat that the chain assumes exponential times.
fn of_demands(work: &Work<'_>) -> impl Iterator<Item = String> + use<> {
    let is_exponential = [
        DemandPart::Computing,
        DemandPart::Blocked,
        DemandPart::Parked,
    ]
    .into_iter()
    .all(|part| work.law(|spent| spent == part) != Law::Other)
        && work.law(|spent| spent == DemandPart::Computing) == Law::Exponential;
    let text = "computing and waiting take exponential times; less random ones wait less";
    (!is_exponential).then(|| text.to_owned()).into_iter()
}

fn evenly(work: &Work<'_>, workers: usize) -> impl Iterator<Item = String> + use<> {
    let workers_said = workers_of(work.scenario);
    let text =
        (workers > 1).then(|| format!("arrivals spread evenly and at random over {workers_said}"));
    text.into_iter()
}

/// Coroutines, or callbacks: a loop in each worker selects the request that runs next.
fn of_loops(work: &Work<'_>, rate: f64) -> Result<Forecast, String> {
    let workers = work.scenario.server.workers;
    if work.contends_for_cores(workers) {
        let workers = workers_of(work.scenario);
        let cores = counted(work.cores, "core");
        return Err(format!(
            "{workers} share {cores}: turns and cores queue at once"
        ));
    }
    if work.held.mean == 0.0 {
        return never_held(work, rate);
    }
    match work.sharing() {
        ServiceOrder::InTurn => {}
        ServiceOrder::Shared => return shared(work, rate, workers),
        ServiceOrder::Between => return Err(BETWEEN.into()),
    }
    let bursts = Bursts::of(work.scenario);
    if !has_room(work, rate) {
        return of_few_connections(work, rate, &bursts);
    }
    let turns = turns_of_bursts(work, rate / workers as f64, &bursts);
    let wait = turns.wait.map(|wait| wait * bursts.each);
    let shared_queue = queues::wait_of_many_in_turn(workers, rate * bursts.each, bursts.length);
    is_spread_alike(work, wait, shared_queue.map(|wait| wait * bursts.each))?;
    RandomArrivals {
        servers: workers,
        rate,
        service: work.held,
    }
    .check_queue_at_door(work.scenario, wait.map(|wait| wait + work.unloaded.mean))?;
    let by_kind = turns.wait.map(|wait| {
        let kinds = work.alone_by_kind().zip(&bursts.by_kind);
        kinds.map(|(alone, bursts)| alone + bursts * wait).collect()
    });
    let independent = "bursts of one request come as if they were of different ones";
    let independent = (bursts.each > 1.0).then(|| independent.to_owned());
    Ok(Forecast {
        model: turns.model,
        assumes: turns
            .assumes
            .into_iter()
            .chain(independent)
            .chain(evenly(work, workers))
            .collect(),
        utilisation: rate * work.held.mean / workers as f64,
        throughput: rate.min(workers as f64 / work.held.mean),
        times: wait.map(|wait| Times {
            mean: wait + work.unloaded.mean,
            wait,
            percentiles: turns.percentiles.filter(|_| workers == 1),
            by_kind,
        }),
    })
}

/// Returns one worker's queue for its core: requests take turns for each burst. `rate` is the arrival rate at
/// this worker.
fn turns_of_bursts(work: &Work<'_>, rate: f64, bursts: &Bursts) -> SerialService {
    let holds = |spent| spent != DemandPart::Parked;
    match (work.law(holds), bursts.each <= 1.0) {
        (Law::Exponential, true) => SerialService::exponential(1, rate, bursts.length.mean),
        (Law::Md1, true) => SerialService::constant(rate, bursts.length.mean),
        _ => SerialService::of_any_law(1, rate * bursts.each, bursts.length),
    }
}

/// Reason against a form if requests yield their worker but hold it for long in between.
pub(super) const BETWEEN: &str = "requests let go of their worker, but hold it for a large part of their time in between: they neither \
     take turns to the end nor share it";

/// True if connections are free for all arrivals at one worker. If no request is parked, a begun request
/// waits as it would at the door.
fn has_room(work: &Work<'_>, rate: f64) -> bool {
    let server = &work.scenario.server;
    let parked = work.unloaded.mean - work.held.mean;
    let used = rate / server.workers as f64 * work.held.mean;
    let present = used.min(1.0) / work.held.mean * parked;
    parked <= 0.0 || door::has_room(server.connections, present, used)
}

/// A busy worker leaves arrivals to idle ones. Waits are therefore at most those of random assignment to
/// workers, and at least those of one common queue. Fails if the two differ.
fn is_spread_alike(
    work: &Work<'_>,
    apart: Option<f64>,
    together: Option<f64>,
) -> Result<(), String> {
    let Some((apart, together)) = apart.zip(together) else {
        return Ok(());
    };
    if apart - together <= EQUAL_TIMES * (together + work.unloaded.mean) {
        return Ok(());
    }
    Err(spread(work))
}

/// Largest difference between times that count as equal, as a share.
pub(super) const EQUAL_TIMES: f64 = 0.05;

pub(super) fn spread(work: &Work<'_>) -> String {
    let workers = workers_of(work.scenario);
    format!(
        "which of {workers} takes a request decides how long it waits, and a busy one leaves it to others"
    )
}

/// Requests that only wait, and are parked meanwhile: they compete for connections only.
fn never_held(work: &Work<'_>, rate: f64) -> Result<Forecast, String> {
    let places = work.scenario.server.concurrency_limit();
    if door::has_room(places, rate * work.unloaded.mean, 0.0) {
        return Ok(unhindered(work, rate));
    }
    if door::keeps_connections(work.scenario) {
        return Err("connections are kept, and there are too few of them".into());
    }
    let mut forecast = begun_in_turn(work, rate, places)?;
    let places = counted(places, "connection");
    forecast
        .assumes
        .insert(0, format!("{places} are the servers"));
    Ok(forecast)
}

/// Requests that need a worker only for a negligible time.
fn unhindered(work: &Work<'_>, rate: f64) -> Forecast {
    let mean = work.unloaded.mean;
    let is_constant = work.law(|_| true) == Law::Md1;
    Forecast {
        model: Model::Unhindered,
        assumes: vec!["there is a connection for every request".into()],
        utilisation: 0.0,
        throughput: rate,
        times: Some(Times {
            mean,
            wait: 0.0,
            percentiles: is_constant.then_some([mean; 3]),
            by_kind: Some(work.alone_by_kind().collect()),
        }),
    }
}

/// Computing in slices: all runnable requests share their worker.
fn shared(work: &Work<'_>, rate: f64, workers: usize) -> Result<Forecast, String> {
    if work.held.mean > work.cpu.mean {
        return Err("computing is cut into slices, waits that block the worker are not".into());
    }
    let own = rate / workers as f64;
    let is_begun = door::has_room(
        work.scenario.server.connections,
        own * (work.unloaded.mean - work.held.mean),
        own * work.held.mean,
    );
    if !is_begun {
        return Err(
            "too few connections for all that share a worker: others wait at the door".into(),
        );
    }
    let stretch = queues::stretch_when_shared(own, work.held.mean);
    let longer = |stretch: f64| work.held.mean * (stretch - 1.0);
    let together = queues::stretch_on_cores(workers, rate, work.held.mean);
    is_spread_alike(work, stretch.map(longer), together.map(longer))?;
    RandomArrivals {
        servers: workers,
        rate,
        service: work.held,
    }
    .check_queue_at_door(
        work.scenario,
        stretch.map(|it| work.unloaded.mean + longer(it)),
    )?;
    let by_kind = |stretch: f64| {
        let held = by_kind_held(work.scenario);
        let kinds = work.alone_by_kind().zip(held);
        kinds
            .map(|(alone, held)| alone + held * (stretch - 1.0))
            .collect()
    };
    Ok(Forecast {
        model: Model::Shared,
        assumes: ["slices are short".to_owned()]
            .into_iter()
            .chain(evenly(work, workers))
            .collect(),
        utilisation: own * work.held.mean,
        throughput: rate.min(workers as f64 / work.held.mean),
        times: stretch.map(|stretch| Times {
            mean: work.unloaded.mean + longer(stretch),
            wait: longer(stretch),
            percentiles: None,
            by_kind: Some(by_kind(stretch)),
        }),
    })
}

fn by_kind_held(scenario: &Scenario) -> impl Iterator<Item = f64> + use<'_> {
    let kind = scenario.server.kind;
    let requests = scenario.requests.iter();
    requests.map(move |request| {
        let held = |spent| spent != DemandPart::Parked;
        crate::demand::of_script(&request.script, kind, held).mean
    })
}
