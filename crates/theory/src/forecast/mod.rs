//! What a run should show, from its scenario alone: by the closed form that applies, or the reason why
//! none does.
//!
//! What matters is what a worker does while a request has it. If it keeps the request to its end, all
//! others wait in turn, and a long one is in everybody's way; if computing is cut into slices, all that
//! are there share the worker, and each is slowed down in proportion to its own length; if waits are
//! parked, requests take turns for each burst of computing alone.

mod applicability;
mod closed;
mod door;
mod law;
mod open;
mod patience;
mod settling;
mod work;

pub use self::applicability::ends_at_an_hour;
use self::work::Work;
use super::open::PERCENTILES;
use concsim_model::scenario::{Arrivals, Process, Scenario, WorkerKind};

/// A closed form, with what it needs to be named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// M/M/c: several servers in turn, exponential service. Exact, with percentiles.
    Mmc(usize),
    /// M/D/1: one server in turn, constant service. Exact, with percentiles.
    Md1,
    /// M/G/1: one server in turn, any law (Pollaczek–Khinchine). The mean is exact.
    General,
    /// M/G/c: several servers in turn, any law, about (Allen–Cunneen).
    ManyGeneral(usize),
    /// M/G/1-PS: one server, shared by all that are there. Exact in the limit of short slices.
    Shared,
    /// M/M/c/K: several servers in turn, and so many places in all.
    Mmck(usize, usize),
    /// M/G/∞: nobody is in anybody's way.
    Unhindered,
    /// An open load on so many tokens: the exact chain of exponential times.
    Tokens(usize),
    /// The same for a coroutine worker, whose requests queue for their hub after each wait, about.
    Returning(usize),
    /// Clients who go round between stations: a product form.
    Closed,
}

impl Model {
    /// As textbooks name it.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Mmc(servers) => format!("M/M/{servers}"),
            Self::Md1 => "M/D/1".into(),
            Self::General => "M/G/1".into(),
            Self::ManyGeneral(servers) => format!("M/G/{servers}, about"),
            Self::Shared => "M/G/1-PS".into(),
            Self::Mmck(servers, places) => format!("M/M/{servers}/{places}"),
            Self::Unhindered => "M/G/inf".into(),
            Self::Tokens(1) => "1 token".into(),
            Self::Tokens(tokens) => format!("{tokens} tokens"),
            Self::Returning(tokens) => format!("{}, about", Self::Tokens(tokens).name()),
            Self::Closed => "closed network".into(),
        }
    }

    /// The model of `concsim theory` whose `--help` says what it assumes and where it is from.
    #[must_use]
    pub fn command(self) -> &'static str {
        match self {
            Self::Mmc(1) => "mm1",
            Self::Mmc(_) | Self::ManyGeneral(_) => "mmc",
            Self::Md1 => "md1",
            Self::General => "mg1",
            Self::Shared => "ps",
            Self::Mmck(..) => "mmck",
            Self::Unhindered | Self::Tokens(_) | Self::Returning(_) => "tokens",
            Self::Closed => "closed",
        }
    }
}

/// What a run should show. Times are in seconds; `None`: this model does not say, or the queue grows.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecast {
    /// By which model.
    pub model: Model,
    /// What has to be so for it to be right, in sentences without capital and period.
    pub assumes: Vec<String>,
    /// The share of time for which each worker is kept, or each core where there are too few of them.
    pub utilisation: f64,
    /// Answers per second.
    pub throughput: f64,
    /// The means, if there is a steady state: otherwise the queue grows for ever.
    pub times: Option<Times>,
}

/// Times in the steady state, in seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Times {
    /// The mean, from due to answered.
    pub mean: f64,
    /// What of that nobody computes or waits for an answer: at the door, for a turn, for a core.
    pub wait: f64,
    /// The longest time of half, nine of ten and 99 of 100 requests, where the law is known exactly.
    pub percentiles: Option<[f64; 3]>,
    /// The mean of each request of the scenario, in its order, where it is known.
    pub by_kind: Option<Vec<f64>>,
}

/// p50, p90, p99 of a law that is known.
fn percentiles(of: impl Fn(f64) -> f64) -> [f64; 3] {
    let [p50, p90, p99, _] = PERCENTILES;
    [p50, p90, p99].map(of)
}

/// What a scenario should show on a machine with so many cores.
///
/// # Errors
/// The reason why no closed form applies, a sentence without capital and period.
pub fn of(scenario: &Scenario, cores: usize) -> Result<Forecast, String> {
    applicability::to(scenario, cores)?;
    let work = Work::of(scenario, cores);
    let mut forecast = match scenario.load.arrivals {
        Arrivals::Open {
            process: Process::Constant,
            ..
        } => Err("arrivals are not Poisson: they come at equal distances".into()),
        Arrivals::Open { rate, .. } => open::of(&work, rate),
        Arrivals::Closed { clients, think, .. } => closed::of(&work, clients, think),
    }?;
    law::is_tame(&forecast, &work)?;
    patience::lasts(&forecast, &work)?;
    settling::is_over(&forecast, &work)?;
    forecast
        .assumes
        .extend(applicability::ends_at_an_hour(scenario));
    Ok(forecast)
}

/// `1 core`, `4 cores`
fn counted(count: usize, thing: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{plural}")
}

/// `4 sync workers`
fn workers_of(scenario: &Scenario) -> String {
    let server = &scenario.server;
    counted(server.workers, &format!("{} worker", server.kind.word()))
}

/// How many requests can have a worker, or one of its threads, to themselves.
fn slots(scenario: &Scenario) -> usize {
    match scenario.server.kind {
        WorkerKind::Sync | WorkerKind::Threads => scenario.server.concurrency_limit(),
        WorkerKind::Coroutine | WorkerKind::Callback => scenario.server.workers,
    }
}

#[cfg(test)]
mod tests;
