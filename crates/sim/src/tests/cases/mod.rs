//! Cases with a known closed form: the simulation plays each, and must come within 1 %.
//!
//! ```text
//!   a text ─▶ the simulation ─▶ ledger: 52 batches; the first is warm-up, in the last it empties
//!                                  └─▶ found ± standard error   beside   what `theory` computes
//! ```
//!
//! The significance of 1 % depends on the length of the run. The standard error of each number is estimated
//! from the scatter of 50 batches, and a case with more than 0.4 % fails as too short: so 1 % is at least
//! two and a half standard errors. (One printed case would take an hour, and is compared roughly.) The
//! necessary length is from Whitt (1989): in an M/M/1 queue a relative standard error ε of the mean takes
//! 2(1 + ρ) ÷ (ρ(1 − ρ)²ε²) service times, 7 million for 0.4 % at ρ = 0.8 and 26 million at ρ = 0.9. The
//! runs are that long; a closed network takes far less.
//!
//! All numbers of a printed source are checked in `theory`; here its functions are compared with the
//! simulation. Cases that take seconds in a debug build are always played, and the rest by
//!
//! ```sh
//! cargo test --release -p concsim-sim --lib tests::cases -- --ignored --nocapture
//! ```
//!
//! which also prints the table of all cases.
//!
//! Cases of the literature that are not here, with the reason:
//!
//! - M/M/c/c, without waiting: a listener's queue has room for at least one, as in the kernel.
//! - A hub whose tasks compute *and* wait, as a pool of tokens. In theory a request leaves at the end of
//!   its wait. In a hub, simulated or real, it leaves at the next poll, after one more turn in the hub's
//!   queue. The same pool is played with processes that share one core.
//! - The delay that a lock around computing causes to a waiting thread, the order of real servers in
//!   published tables, and Little's law on these tables: they are measurements, and no theory computes
//!   them. Fits of Amdahl's, Gustafson's and Gunther's laws begin from measured speeds.
//! - Percentiles from the 99th on, at high utilisation: the standard error of such rare events needs
//!   several times longer runs. The median and the 90th are compared, and one 99th with a single client.
//! - A pause that a load generator's manual shows in its own output: a measurement, good to 20 %. The
//!   effect of a stopped server on all requests is played in `frozen`.

mod closed;
mod crowded;
mod dead_work;
mod frozen;
mod laws;
mod many;
mod network;
mod one;
mod shared;
mod tokens;

use super::*;
use concsim_engine::telemetry::Outcome;
use concsim_model::units::Elapsed;
use concsim_theory::demand::{self, Moments};

/// Number of batches, for the standard error.
const BATCHES: u64 = 50;
/// Maximum standard error, as a share of the number.
const SCATTER: f64 = 0.004;
/// Maximum deviation from theory, as a share.
const WITHIN: f64 = 0.01;

/// A machine that shares its cores evenly, and a listener that wakes one worker at a time.
const TEXTBOOK: &str = "server.timeout = '0s'\nserver.accept = 'blocking'\n\
                        machine.scheduler = 'ideal'\n";

/// Workers that serve a request to its end, and cores for them.
fn processes(workers: usize, cores: usize) -> String {
    format!("{TEXTBOOK}server.workers = {workers}\nmachine.cores = {cores}\n")
}

/// Poisson arrivals, with room for all.
fn at_random(rate: f64) -> String {
    format!("server.backlog = 4095\nload.patience = '10min'\nload.rate = '{rate}/s'\n")
}

/// Clients that think for `think_ms` on average, in ms.
fn clients(count: usize, think_ms: f64) -> String {
    let think = match think_ms {
        0.0 => "0ms".to_owned(),
        mean => format!("~{mean}ms"),
    };
    format!(
        "server.backlog = 4095\nload.patience = '10min'\nload.ramp = '0s'\n\
         load.clients = {count}\nload.think = '{think}'\n"
    )
}

/// One kind of request, with these steps.
fn steps(steps: &[&str]) -> String {
    format!("requests.it.steps = {steps:?}\n")
}

/// Moments of the demand of a text's mix, all steps together.
fn moments(text: &str) -> Moments {
    demand::of_mix(&plan(text, &[]).variants[0].scenario, |_| true)
}

/// A number of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Number {
    /// The mean latency, in seconds.
    Latency,
    /// The mean latency of the requests of one class, of the first two.
    LatencyOf(usize),
    /// Answers per second.
    Throughput,
    /// The share of requests that failed.
    Lost,
    /// The share of answers that took longer than the first mark.
    Late,
    /// The share of answers that took more than the second mark in addition to their demand.
    Waited,
    /// The mean time of a call to this service, in seconds.
    Residence(usize),
}

/// Latency and wait above which answers are counted.
#[derive(Clone, Copy, Debug, Default)]
struct Marks {
    late: Option<Elapsed>,
    waited: Option<Elapsed>,
}

/// Sums over one batch of requests.
#[derive(Clone, Debug, Default)]
struct Batch {
    good: [f64; 2],
    latency: [f64; 2],
    lost: f64,
    late: f64,
    waited: f64,
    seconds: f64,
    calls: Vec<f64>,
    residence: Vec<f64>,
}

impl Batch {
    /// Returns a number of the batch, as a sum and its divisor.
    fn parts(&self, number: Number) -> (f64, f64) {
        let good = self.good[0] + self.good[1];
        match number {
            Number::Latency => (self.latency[0] + self.latency[1], good),
            Number::LatencyOf(class) => (self.latency[class], self.good[class]),
            Number::Throughput => (good, self.seconds),
            Number::Lost => (self.lost, self.lost + good),
            Number::Late => (self.late, good),
            Number::Waited => (self.waited, good),
            Number::Residence(service) => (self.residence[service], self.calls[service]),
        }
    }
}

/// Observer of the ends of requests, and with `STATIONS` also of the answers of services.
struct EndObserver<'a, const STATIONS: bool> {
    scenario: &'a Scenario,
    marks: Marks,
    /// Number of requests in a batch.
    size: u64,
    batches: Vec<Batch>,
    batch: Batch,
    ended: u64,
    began: Stamp,
}

impl<const STATIONS: bool> EndObserver<'_, STATIONS> {
    fn count(&mut self, outcome: &Outcome) {
        if outcome.failure.is_some() {
            self.batch.lost += 1.0;
            return;
        }
        let latency = outcome.done.since(outcome.due);
        let class = usize::from(outcome.class).min(1);
        self.batch.good[class] += 1.0;
        self.batch.latency[class] += latency.as_secs_f64();
        let longer = |mark: Option<Elapsed>, length| f64::from(mark.is_some_and(|it| length > it));
        self.batch.late += longer(self.marks.late, latency);
        if self.marks.waited.is_some() {
            let wait = latency.0.saturating_sub(self.asked_for(outcome));
            self.batch.waited += longer(self.marks.waited, Elapsed(wait));
        }
    }

    /// Returns the time of a request without others, in nanoseconds.
    fn asked_for(&self, outcome: &Outcome) -> u64 {
        let (class, number) = (usize::from(outcome.class), u64::from(outcome.request));
        scenario::draw::demands(self.scenario, class, number)
            .iter()
            .sum()
    }

    fn close_the_batch(&mut self, at: Stamp) {
        self.batch.seconds = at.since(self.began).as_secs_f64();
        self.began = at;
        let services = self.scenario.services.len();
        let next = Batch {
            calls: vec![0.0; services],
            residence: vec![0.0; services],
            ..Batch::default()
        };
        self.batches.push(std::mem::replace(&mut self.batch, next));
    }
}

impl<const STATIONS: bool> Observer for EndObserver<'_, STATIONS> {
    const WANTS_EVENTS: bool = STATIONS;
    const WANTS_SWITCHES: bool = false;

    fn event(&mut self, _: RecordSource, event: &Event) {
        match event {
            Event::Answered {
                service,
                asked,
                written,
                ..
            } => {
                let service = *service as usize;
                self.batch.calls[service] += 1.0;
                self.batch.residence[service] += written.since(*asked).as_secs_f64();
            }
            Event::Ended(outcome) => self.ended(outcome),
            _ => {}
        }
    }

    fn ended(&mut self, outcome: &Outcome) {
        self.count(outcome);
        self.ended += 1;
        if self.ended.is_multiple_of(self.size) {
            self.close_the_batch(outcome.done);
        }
    }

    fn sample(&mut self, _: concsim_record::Sample) {}
}

/// Result of a run, without its warm-up and its end.
struct Results {
    name: String,
    batches: Vec<Batch>,
}

/// Plays `requests` requests of a text.
fn play_it(name: &str, text: &str, requests: u64) -> Results {
    play_marked(name, text, requests, Marks::default())
}

/// Plays requests of a text, and counts answers that take longer than a mark.
fn play_marked(name: &str, text: &str, requests: u64, marks: Marks) -> Results {
    play_with::<false>(name, text, requests, marks)
}

/// Plays requests of a text, and measures the times of calls.
fn play_stations(name: &str, text: &str, requests: u64) -> Results {
    play_with::<true>(name, text, requests, Marks::default())
}

fn play_with<const STATIONS: bool>(name: &str, text: &str, requests: u64, marks: Marks) -> Results {
    let plan = plan(&format!("{text}load.requests = {requests}\n"), &[]);
    let scenario = &plan.variants[0].scenario;
    let mut ledger = EndObserver::<STATIONS> {
        scenario,
        marks,
        size: requests / (BATCHES + 2),
        batches: Vec::new(),
        batch: Batch::default(),
        ended: 0,
        began: Stamp(BEGIN),
    };
    ledger.close_the_batch(Stamp(BEGIN));
    ledger.batches.clear();
    play(scenario, &mut ledger);
    let batches = ledger.batches.drain(1..=BATCHES as usize).collect();
    Results {
        name: name.to_owned(),
        batches,
    }
}

impl Results {
    /// Returns a number, and its standard error.
    fn number(&self, number: Number) -> (f64, f64) {
        let parts = || self.batches.iter().map(|batch| batch.parts(number));
        let (sum, over) = parts().fold((0.0, 0.0), |all, it| (all.0 + it.0, all.1 + it.1));
        let ratio = sum / over;
        let squares: f64 = parts()
            .map(|(sum, over)| (sum - ratio * over).powi(2))
            .sum();
        let batches = BATCHES as f64;
        let error = (squares * batches / (batches - 1.0)).sqrt() / over;
        (ratio, error)
    }

    /// Compares a number with theory: within 1 %, in a run long enough for that.
    #[track_caller]
    fn check(&self, number: Number, theory: f64) -> &Self {
        self.compare(number, theory, SCATTER, WITHIN)
    }

    /// Compares roughly, if no run of minutes is long enough: within three standard errors of 1.5 % at
    /// most.
    #[track_caller]
    fn check_roughly(&self, number: Number, theory: f64) -> &Self {
        let (found, error) = self.number(number);
        self.compare(number, theory, 0.015, 3.0 * error / found)
    }

    #[track_caller]
    fn compare(&self, number: Number, theory: f64, scatter_most: f64, within: f64) -> &Self {
        let (found, error) = self.number(number);
        let (difference, scatter) = (found / theory - 1.0, error / found);
        let (name, percent) = (&self.name, [difference * 100.0, scatter * 100.0]);
        println!(
            "| {name} | {number:?} | {theory:.6} | {found:.6} | {:+.2} % | {:.2} % |",
            percent[0], percent[1]
        );
        assert!(
            scatter <= scatter_most,
            "{name}, {number:?}: too short: {found} ± {error}"
        );
        assert!(
            difference.abs() < within,
            "{name}, {number:?}: {found} ± {error} instead of {theory}"
        );
        self
    }

    /// Fails if a number is above a bound by more than the end of a run explains.
    #[track_caller]
    fn never_above(&self, number: Number, bound: f64) -> &Self {
        let (found, error) = self.number(number);
        println!(
            "| {} | {number:?} | at most {bound:.6} | {found:.6} | | |",
            self.name
        );
        assert!(found <= bound + 3.0 * error, "{found} is above {bound}");
        self
    }

    /// Fails if a number is below a bound by more than the end of a run explains.
    #[track_caller]
    fn never_below(&self, number: Number, bound: f64) -> &Self {
        let (found, error) = self.number(number);
        println!(
            "| {} | {number:?} | at least {bound:.6} | {found:.6} | | |",
            self.name
        );
        assert!(found >= bound - 3.0 * error, "{found} is below {bound}");
        self
    }
}
