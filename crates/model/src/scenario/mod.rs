//! Scenarios: a [`Scenario`] is valid by construction.
//!
//! A file becomes a [`Plan`]: its text is read into spanned TOML (`file`), every mistake in it is collected
//! with its place (`problem`), and the rest is laid over the defaults once for each variant. Draws (`draw`) are
//! pure functions of the seed, so that the n-th request has the same demands in every variant and under every
//! engine. Nothing here touches a clock, a socket or a process.

mod assemble;
mod boot;
pub mod builtin;
pub mod command;
pub mod draw;
mod encoding;
mod expand;
pub mod expectation;
mod fields;
mod file;
mod fingerprint;
mod hog;
mod intervention;
mod jobs;
mod key_text;
mod key_word;
mod keys;
mod limits;
mod machine;
mod overrides;
mod overshoot;
mod played_by;
pub mod problem;
mod quantity;
mod question;
mod rate;
mod schema;
mod sentence;
mod setting;
mod step;
mod stream;
mod timeline;
mod trace;
pub mod tree;
mod typical;
mod variant;
mod word_offers;
mod words;
mod worker_kind;

pub use boot::Boot;
pub use encoding::text_of;
pub use expand::expand;
pub use file::{read, read_machine};
pub use hog::Hog;
pub use intervention::{Intervention, Steer};
pub use jobs::Job;
pub use key_text::{KeyText, key_texts};
pub use machine::{Machine, Scheduler};
pub use overrides::Overrides;
pub use overshoot::Overshoot;
pub use played_by::Engine;
pub use problem::Problems;
pub use quantity::UNITS as TIME_UNITS;
pub use question::{Choice, Question};
pub use schema::schema;
pub use sentence::Sentence;
pub use step::{Script, Step, WaitMode};
pub use timeline::TimelineEvent;
pub use trace::ReadFile;
pub use worker_kind::{RequestCapacity, WorkerKind};

use serde::{Deserialize, Serialize};

use crate::units::Elapsed;

/// Parses a length of time as a scenario writes it: `3.2s`, `150ms`. [`None`] if it is none.
#[must_use]
pub fn length(text: &str) -> Option<Elapsed> {
    let nanoseconds = quantity::length(&words::Word::only(text)).ok()?;
    Some(Elapsed(nanoseconds))
}

/// Content of a file: its scenario, once for each variant, and its claims.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// The sentence that the file claims; by default the file's name.
    pub title: String,
    /// Shown before it plays.
    pub about: Option<String>,
    /// Origin: a path, or the name of a built-in scenario.
    pub file: String,
    /// The text as read.
    pub text: String,
    /// SHA-256 of `text` in hexadecimal.
    pub sha256: String,
    /// In the order in which they are played; at least one.
    pub variants: Vec<Variant>,
    /// Judged at the end.
    pub expectations: Vec<Expectation>,
    /// Asked before variants are played, and answered when all have been.
    pub questions: Vec<Question>,
    /// Settings of the command line, word for word: `--set`, `server.workers=4`.
    #[serde(rename = "laid_over", default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<String>,
    /// The file with a `[machine]` that was laid over this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine_file: Option<MachineFile>,
}

/// A file that holds a `[machine]` alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MachineFile {
    /// A path from the command line; a bare name for a file among the program's state.
    pub name: String,
    /// As read.
    pub text: String,
}

impl Plan {
    /// Returns the file's name without folder and ending: `io_bound`.
    #[must_use]
    pub fn name(&self) -> &str {
        file::stem(&self.file)
    }

    /// Returns the number by which the variants differ in this scenario, as a path in the summary: that of its
    /// first question, else that of its first claim about two variants.
    #[must_use]
    pub fn subject(&self) -> Option<String> {
        let variants: Vec<&str> = self.variants.iter().map(|it| it.name.as_str()).collect();
        let of_two = |names: &[&expectation::Name]| {
            let mut split = names.iter().map(|name| name.split(&variants));
            let (first, path) = split.next()?;
            let is_another = |(other, same): (Option<&str>, &str)| other != first && same == path;
            split.any(is_another).then(|| path.to_owned())
        };
        let asked = self.questions.iter().map(Question::expression);
        let asked = asked.map_while(Result::ok);
        let claimed = self
            .expectations
            .iter()
            .map(|it| expectation::parse(&it.that));
        let claimed = claimed.map_while(Result::ok);
        let mut asked = asked.filter_map(|it| of_two(&it.names()));
        let mut claimed = claimed.filter_map(|it| of_two(&it.names()));
        asked.next().or_else(|| claimed.next())
    }
}

/// One run of a file: a scenario with its name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Variant {
    /// `sync`, `workers_4`, or the name that the file gives.
    pub name: String,
    /// The scenario.
    pub scenario: Scenario,
}

/// A claim, and the comparison that decides it. The comparison is parsed and checked with the file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Expectation {
    /// The claim in words.
    pub claim: String,
    /// `coroutine.throughput >= 25 * sync.throughput`.
    pub that: String,
}

/// A valid scenario: a server, what its requests do, and the load on it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scenario {
    /// Seed of all draws.
    pub seed: u64,
    /// Warm-up, before the counted window.
    pub warmup: Warmup,
    /// The counted window.
    pub duration: Elapsed,
    /// The server's processes.
    pub server: Server,
    /// The slow outside world, in the order in which the steps first name it.
    pub services: Vec<Service>,
    /// The names of counters, in the order in which the steps first name them.
    pub counters: Vec<String>,
    /// Requests that may be sent; `Script`s by name, in the file's order. At least one.
    pub requests: Vec<Request>,
    /// The load.
    pub load: Load,
    /// The timeline, in order of time.
    #[serde(default)]
    pub timeline: Vec<TimelineEvent>,
    /// The simulated machine; real processes have the machine that they run on.
    #[serde(default)]
    pub machine: Machine,
}

/// Length of the warm-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Warmup {
    /// Until every client was answered once (closed load), at least 1 s, at most 10 s.
    UntilEveryoneWasAnswered,
    /// Exactly this long.
    For(Elapsed),
}

/// The server: an arbiter and its workers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Server {
    /// Kind of each worker.
    pub kind: WorkerKind,
    /// Worker processes; 1 to 256.
    pub workers: usize,
    /// Maximum number of open connections of a coroutine worker.
    pub connections: usize,
    /// Length of the listener's queue.
    pub backlog: u32,
    /// Longest time that an idle connection stays open; zero closes after each response.
    pub keepalive: Elapsed,
    /// Heartbeat: a worker that is silent for longer is aborted, then killed. `None`: no limit.
    pub timeout: Option<Elapsed>,
    /// Time that a stopping worker has to finish begun requests.
    pub graceful_timeout: Elapsed,
    /// Threads of each worker that has threads.
    #[serde(default = "one")]
    pub threads: usize,
    /// True if the threads compute one at a time, behind one lock.
    #[serde(default)]
    pub gil: bool,
    /// True if the build has no such lock, and an extension that is not ready for that has turned it on again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gil_returns: bool,
    /// Threads of the pool to which each worker with a loop hands its waits `in threads`.
    #[serde(default = "ten")]
    pub threadpool: usize,
    /// Sharing of the listener among workers.
    #[serde(default)]
    pub accept: Accept,
    /// Number of requests after which a worker is replaced. `None`: no limit.
    #[serde(default)]
    pub max_requests: Option<u64>,
    /// Maximum number of extra requests, drawn for each worker.
    #[serde(default)]
    pub max_requests_jitter: u64,
    /// Processes for computations outside of the workers; 0 if no step needs one.
    #[serde(default, skip_serializing_if = "no_processes")]
    pub processes: usize,
    /// Memory of the loaded application, in bytes: each worker's own, or shared if it was loaded before the fork.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub app: u64,
    /// Time for which the application is loaded, by each worker or once by the arbiter.
    #[serde(default, skip_serializing_if = "Boot::is_immediate")]
    pub boot: Boot,
    /// True if the arbiter loads the application before it forks the workers.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub preload: bool,
    /// Niceness of the workers' processes, 0 to 19: load and services have 0, and so get a core first, as from
    /// machines of their own. No effect in a simulation, whose load takes no core time unless its costs say so.
    #[serde(default)]
    pub nice: u8,
    /// Command of a foreign server, which is started in place of concsim's; see [`command`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

/// Value in recordings of the time before threads.
fn one() -> usize {
    1
}

/// True for a server without a pool, which a recording may omit.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn no_processes(processes: &usize) -> bool {
    *processes == 0
}

/// True for a number that a recording may omit.
fn is_zero<N: Default + PartialEq>(number: &N) -> bool {
    *number == N::default()
}

/// Size of the pools in recordings of the time before `server.threadpool`; gevent's default.
fn ten() -> usize {
    10
}

/// Sharing of the listener among workers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Accept {
    /// All workers watch it, and the first takes the connection: the others find none.
    #[default]
    Shared,
    /// The kernel wakes one worker: always the sleeper that has watched longest (`EPOLLEXCLUSIVE`).
    Exclusive,
    /// Workers sleep in accept itself: the longest sleeper is woken.
    Blocking,
    /// Each worker has a queue of its own, and the kernel chooses by the connection (`SO_REUSEPORT`).
    Reuseport,
}

/// An outside service that `call` steps talk to over real sockets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// As written in the steps.
    pub name: String,
    /// Maximum number of calls that it serves at once; the others wait. `None`: no limit.
    #[serde(default)]
    pub capacity: Option<usize>,
    /// Maximum number of connections that one worker process has open to it. `None`: no limit.
    #[serde(default)]
    pub pool: Option<usize>,
    /// Time to set up a new connection to it.
    #[serde(default, skip_serializing_if = "Elapsed::is_zero")]
    pub connect: Elapsed,
}

/// Behaviour of one path of the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The path: `GET /name`.
    pub name: String,
    /// Share of the mix; 0 = only when asked for by name.
    pub weight: f64,
    /// Its steps, in order.
    pub script: Script,
}

/// A length of time, or its distribution. All lengths in nanoseconds; draws are capped at an hour.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Draw {
    /// `99ms`
    Fixed(u64),
    /// `90ms..110ms`
    Uniform {
        /// The least.
        low: u64,
        /// The most.
        high: u64,
    },
    /// `~99ms`
    Exponential {
        /// The mean.
        mean: u64,
    },
    /// `lognormal(50ms, p99 400ms)`
    Lognormal {
        /// The median.
        median: u64,
        /// The 99th percentile.
        p99: u64,
    },
    /// `pareto(5ms, shape 1.5, max 2s)`
    Pareto {
        /// The least.
        least: u64,
        /// The tail index; a smaller one has a heavier tail.
        shape: f64,
        /// The most: larger draws are cut to this.
        most: u64,
    },
}

/// The load: its arrivals and its patience.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Load {
    /// Closed, open or scheduled.
    pub arrivals: Arrivals,
    /// Requests of a scheduled load, in order of time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<Job>,
    /// Number of requests after which the run stops, all counted. `None`: the duration ends it.
    pub requests: Option<u64>,
    /// Reuse of connections.
    pub connection: ConnectionMode,
    /// Number of clients besides, which connect and send nothing, and connect again when they are closed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub silent: usize,
    /// Timeout of a request, after which it has failed.
    pub patience: Elapsed,
}

/// Origin of requests.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Arrivals {
    /// A number of clients, each of which waits for its answer before it asks again.
    Closed {
        /// Number of clients.
        clients: usize,
        /// The pause between an answer and the next request.
        think: Draw,
        /// Time over which the clients' first requests are spread.
        ramp: Elapsed,
    },
    /// Requests come at this rate, independent of answers.
    Open {
        /// Requests per second.
        rate: f64,
        /// Distribution of the gaps between arrivals.
        process: Process,
    },
    /// Requests come at the instants of [`Load::jobs`], independent of answers.
    Scheduled,
}

/// Distribution of the gaps between arrivals of an open load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Process {
    /// Exponential gaps: arrivals are independent.
    Poisson,
    /// Equal gaps.
    Constant,
}

/// Reuse of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectionMode {
    /// A new one for each request.
    PerRequest,
    /// Until the server closes it.
    KeepAlive,
}

#[cfg(test)]
mod tests;
