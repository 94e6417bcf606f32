//! Prediction of a run from its scenario alone: by the closed form that applies, or the reason why none does.
//!
//! The form depends on a worker's behaviour while it has a request. If it keeps the request to its end, all
//! others wait in turn, and a long one delays every other. If computing is cut into slices, all requests
//! share the worker, and each is slowed down in proportion to its own length. If waits are parked, requests
//! take turns for each burst of computing.

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
use concsim_model::scenario::{Arrivals, Process, Scenario};

/// A closed form, with the parameters of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// M/M/c: several servers in turn, exponential service. Exact, with percentiles.
    Mmc(usize),
    /// M/D/1: one server in turn, constant service. Exact, with percentiles.
    Md1,
    /// M/G/1: one server in turn, any law (Pollaczek–Khinchine). The mean is exact.
    General,
    /// M/G/c: several servers in turn, any law. Approximate (Allen–Cunneen).
    ManyGeneral(usize),
    /// M/G/1-PS: one server, shared by all requests. Exact in the limit of short slices.
    Shared,
    /// M/M/c/K: several servers in turn, and a limited number of places.
    Mmck(usize, usize),
    /// M/G/∞: no request delays another.
    Unhindered,
    /// An open load on a limited number of tokens: the exact chain for exponential times.
    Tokens(usize),
    /// The same for a coroutine worker, whose requests queue for their hub after each wait. Approximate.
    Returning(usize),
    /// Clients that circulate between stations: a product form.
    Closed,
}

impl Model {
    /// Returns the name in textbooks.
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

    /// Returns the model of `concsim theory` whose `--help` has its assumptions and source.
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

/// Prediction of a run. Times are in seconds; `None` if the model does not yield it, or the queue grows.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecast {
    /// Model of the prediction.
    pub model: Model,
    /// Assumptions, as sentences without capital and period.
    pub assumes: Vec<String>,
    /// Utilisation of each worker, or of each core if cores are the limit.
    pub utilisation: f64,
    /// Throughput in answers per second.
    pub throughput: f64,
    /// Means, if there is a steady state: otherwise the queue grows without limit.
    pub times: Option<Times>,
}

/// Times in steady state, in seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Times {
    /// Mean time from due to answered.
    pub mean: f64,
    /// Part of the mean that is queueing: at the door, for a turn, for a core.
    pub wait: f64,
    /// p50, p90 and p99, if the law is known exactly.
    pub percentiles: Option<[f64; 3]>,
    /// Mean of each request of the scenario, in its order, if known.
    pub by_kind: Option<Vec<f64>>,
}

/// Returns p50, p90 and p99 of a known law.
fn percentiles(of: impl Fn(f64) -> f64) -> [f64; 3] {
    let [p50, p90, p99, _] = PERCENTILES;
    [p50, p90, p99].map(of)
}

/// Returns the prediction for a scenario on a machine with `cores` cores.
///
/// # Errors
/// Returns the reason why no closed form applies, as a sentence without capital and period.
pub fn of(scenario: &Scenario, cores: usize) -> Result<Forecast, String> {
    applicability::to(scenario, cores)?;
    let work = Work::of(scenario, cores);
    let mut forecast = match scenario.load.arrivals {
        Arrivals::Open {
            process: Process::Constant,
            ..
        } => Err("arrivals are not Poisson: they come at equal distances".into()),
        Arrivals::Scheduled => Err("arrivals are not Poisson: their instants are given".into()),
        Arrivals::Open { rate, .. } => open::of(&work, rate),
        Arrivals::Closed { clients, think, .. } => closed::of(&work, clients, think),
    }?;
    law::check_variation(&forecast, &work)?;
    patience::lasts(&forecast, &work)?;
    settling::is_over(&forecast, &work)?;
    forecast
        .assumes
        .extend(applicability::ends_at_an_hour(scenario));
    Ok(forecast)
}

/// Returns `1 core`, `4 cores`.
fn counted(count: usize, thing: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{plural}")
}

/// Returns `4 sync workers`.
fn workers_of(scenario: &Scenario) -> String {
    let server = &scenario.server;
    counted(server.workers, &format!("{} worker", server.kind.word()))
}

/// Returns the number of requests that can each have a worker, or one of its threads.
fn slots(scenario: &Scenario) -> usize {
    scenario.server.workers * scenario.server.threads_of_a_worker()
}

#[cfg(test)]
mod tests;
