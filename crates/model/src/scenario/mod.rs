//! What to play: a [`Scenario`] is a valid one, by construction.
//!
//! A file becomes a [`Plan`]: its text is read into spanned TOML (`file`), every mistake in it is
//! collected with its place (`problem`), and what is left is laid over the defaults once for each
//! variant. Draws (`draw`) are pure functions of the seed, so that the n-th request asks for the same
//! in every variant and under every engine. Nothing here touches a clock, a socket or a process.

mod assemble;
pub mod builtin;
pub mod draw;
mod encoding;
mod expand;
pub mod expectation;
mod fields;
mod file;
mod keys;
mod limits;
mod machine;
mod overrides;
mod played_by;
pub mod problem;
mod quantity;
mod question;
mod rate;
mod schema;
mod step;
mod stream;
mod timeline;
mod trade;
pub mod tree;
mod variant;
mod words;

pub use encoding::text_of;
pub use expand::expand;
pub use file::{read, read_machine};
pub use machine::{Machine, Overshoot, Scheduler};
pub use overrides::Overrides;
pub use played_by::Engine;
pub use problem::Problems;
pub use quantity::UNITS as TIME_UNITS;
pub use question::{Choice, Question};
pub use schema::schema;
pub use step::{POOL_THREADS, Sentence};
pub use timeline::{TimelineAction, TimelineEvent};

use serde::{Deserialize, Serialize};

use crate::units::{CpuTime, Elapsed};

/// A length of time as a scenario writes it: `3.2s`, `150ms`. [`None`] if it is none.
#[must_use]
pub fn length(text: &str) -> Option<Elapsed> {
    let nanoseconds = quantity::length(&words::Word::only(text)).ok()?;
    Some(Elapsed(nanoseconds))
}

/// What a file asks for: its scenario, once for each variant, and what it claims of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// The sentence that the file claims; by default the file's name.
    pub title: String,
    /// Shown before it plays.
    pub about: Option<String>,
    /// Where it came from: a path, or the name of a built-in scenario.
    pub file: String,
    /// The text as read, and its SHA-256 in hexadecimal.
    pub text: String,
    /// Fingerprint of `text`.
    pub sha256: String,
    /// In the order in which they are played; at least one.
    pub variants: Vec<Variant>,
    /// Judged at the end.
    pub expectations: Vec<Expectation>,
    /// Asked before variants are played, and answered when all have been.
    pub questions: Vec<Question>,
    /// What the command line said besides the file, word for word: `--set`, `server.workers=4`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub laid_over: Vec<String>,
    /// The file with a `[machine]` that was laid over it, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine_file: Option<MachineFile>,
}

/// A file that holds a `[machine]` alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MachineFile {
    /// A path that the command line named; a bare name for one that is kept with the program's state.
    pub name: String,
    /// As read.
    pub text: String,
}

impl Plan {
    /// The file's name without folder and ending: `io_bound`.
    #[must_use]
    pub fn name(&self) -> &str {
        file::stem(&self.file)
    }

    /// The number by which the variants differ as far as this scenario is concerned, as a path in the
    /// summary: of what it asks first, else of what it first claims about two of them.
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

/// One playing of a file: a scenario with its name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Variant {
    /// `sync`, `workers_4`, or the name that the file gives.
    pub name: String,
    /// What is played.
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
    /// All draws depend on this alone.
    pub seed: u64,
    /// What is played before anything is counted.
    pub warmup: Warmup,
    /// The counted window.
    pub duration: Elapsed,
    /// The processes that answer.
    pub server: Server,
    /// The slow outside world, in the order in which the steps first name it.
    pub services: Vec<Service>,
    /// The names of counters, in the order in which the steps first name them.
    pub counters: Vec<String>,
    /// What may be asked for; `Script`s by name, in the file's order. At least one.
    pub requests: Vec<Request>,
    /// Who asks.
    pub load: Load,
    /// What happens meanwhile, in the order of time.
    #[serde(default)]
    pub timeline: Vec<TimelineEvent>,
    /// What it is simulated on; real processes have the machine that they run on.
    #[serde(default)]
    pub machine: Machine,
}

/// How long the run warms up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Warmup {
    /// Until every client was answered once (closed load), at least 1 s, at most 10 s.
    UntilEveryoneWasAnswered,
    /// Exactly this long.
    For(Elapsed),
}

/// The kind of a worker: how many requests one process may have begun, and how it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkerKind {
    /// One request at a time; a wait blocks the process.
    Sync,
    /// Many requests; a wait parks the coroutine.
    Coroutine,
    /// One request for each thread; a wait blocks the thread.
    Threads,
    /// Many requests; what comes after a wait is a function that the loop calls.
    Callback,
}

impl WorkerKind {
    /// The word for it, in files, summaries and on screens.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Coroutine => "coroutine",
            Self::Threads => "threads",
            Self::Callback => "callback",
        }
    }

    /// Whether a loop in the process decides which of its requests goes on, and a wait leaves the
    /// process to the others.
    #[must_use]
    pub fn has_a_loop(self) -> bool {
        match self {
            Self::Sync | Self::Threads => false,
            Self::Coroutine | Self::Callback => true,
        }
    }
}

/// The server: an arbiter and its workers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Server {
    /// What each worker is.
    pub kind: WorkerKind,
    /// Worker processes; 1 to 256.
    pub workers: usize,
    /// Open connections that a coroutine worker holds at most.
    pub connections: usize,
    /// Length of the listener's queue.
    pub backlog: u32,
    /// How long an idle kept connection may stay; zero closes after each response.
    pub keepalive: Elapsed,
    /// Heartbeat: a worker that is silent for longer is aborted, then killed. `None`: never.
    pub timeout: Option<Elapsed>,
    /// How long a stopping worker may take to finish what it began.
    pub graceful_timeout: Elapsed,
    /// Threads of each worker that has threads.
    #[serde(default = "one")]
    pub threads: usize,
    /// Whether they compute one at a time, behind one lock.
    #[serde(default)]
    pub gil: bool,
    /// How workers share the listener.
    #[serde(default)]
    pub accept: Accept,
    /// A worker is replaced after so many requests. `None`: never.
    #[serde(default)]
    pub max_requests: Option<u64>,
    /// At most so many more, drawn for each worker.
    #[serde(default)]
    pub max_requests_jitter: u64,
}

/// What recordings of the time before threads had.
fn one() -> usize {
    1
}

/// How workers share the listener.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Accept {
    /// All of them watch it, and whoever comes first takes: the others find nothing.
    #[default]
    Shared,
    /// The kernel wakes one, and of those that are idle always the first (`EPOLLEXCLUSIVE`).
    Exclusive,
    /// They sleep in accept itself: whoever has slept longest is woken.
    Blocking,
    /// Each has a queue of its own, and the kernel chooses by the connection (`SO_REUSEPORT`).
    Reuseport,
}

/// An outside service that `call` steps talk to over real sockets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// As written in the steps.
    pub name: String,
    /// Calls that it serves at once; the others wait. `None`: no limit.
    #[serde(default)]
    pub capacity: Option<usize>,
    /// Connections that one worker process may have open to it. `None`: no limit.
    #[serde(default)]
    pub pool: Option<usize>,
}

/// What one path of the server does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// `GET /name` plays it.
    pub name: String,
    /// Share of the mix; 0 = only when asked for by name.
    pub weight: f64,
    /// In order.
    pub script: Script,
}

/// What one request does, in order.
pub type Script = Vec<Step>;

/// One thing that a request does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Step {
    /// Uses a core for this much CPU time, letting go between slices if there are any.
    Compute {
        /// How much.
        cpu: Draw,
        /// Slice length: lets go ⌈cpu ÷ slice⌉ − 1 times. `None`: in one piece.
        slice: Option<CpuTime>,
    },
    /// A real request to a service, which answers after `wait`.
    Call {
        /// Index into [`Scenario::services`].
        service: usize,
        /// How long the service takes.
        wait: Draw,
        /// Whether the worker may do something else meanwhile.
        manner: WaitMode,
    },
    /// A timer without a socket.
    Sleep {
        /// How long.
        wait: Draw,
        /// Whether the worker may do something else meanwhile.
        manner: WaitMode,
    },
    /// Lets go once, stays ready.
    Yield,
    /// Part of the response's body.
    Write {
        /// How much.
        bytes: u64,
    },
    /// Reads a counter of this process and writes back one more.
    Count {
        /// Index into [`Scenario::counters`].
        counter: usize,
        /// Lets go between reading and writing: the lost-update experiment.
        with_yield: bool,
    },
    /// Panics: an experiment on failure.
    Panic,
    /// Overflows the stack: an experiment on failure.
    Overflow,
}

impl Step {
    /// The draw of a step that has a duration, in the order of the request's `d=` list.
    #[must_use]
    pub fn duration(&self) -> Option<&Draw> {
        match self {
            Self::Compute { cpu: draw, .. }
            | Self::Call { wait: draw, .. }
            | Self::Sleep { wait: draw, .. } => Some(draw),
            Self::Yield
            | Self::Write { .. }
            | Self::Count { .. }
            | Self::Panic
            | Self::Overflow => None,
        }
    }
}

/// How a wait is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WaitMode {
    /// As the worker's kind does it: a coroutine is parked.
    Patched,
    /// Blocks the whole worker, as an unpatched library does under gevent.
    Unpatched,
    /// Handed to the worker's pool of threads: blocks one of those.
    InThreads,
}

/// A length of time, or what it is drawn from. All lengths in nanoseconds; draws are capped at an
/// hour.
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

/// Who asks, and how long they are willing to wait.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Load {
    /// Closed or open.
    pub arrivals: Arrivals,
    /// Stop after so many requests, all counted. `None`: when the duration is over.
    pub requests: Option<u64>,
    /// A connection for each request, or kept connections.
    pub connection: ConnectionMode,
    /// A request unanswered for longer has failed.
    pub patience: Elapsed,
}

/// What makes a request due.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Arrivals {
    /// So many clients, each waits for its answer before it asks again.
    Closed {
        /// How many.
        clients: usize,
        /// The pause between an answer and the next request.
        think: Draw,
        /// Clients begin spread over this.
        ramp: Elapsed,
    },
    /// Requests come at this rate, whatever happens.
    Open {
        /// Per second.
        rate: f64,
        /// The gaps between them.
        process: Process,
    },
}

/// The law of the gaps between arrivals of an open load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Process {
    /// Exponential gaps: arrivals know nothing of one another.
    Poisson,
    /// Equal gaps.
    Constant,
}

/// How long a client keeps its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectionMode {
    /// A new one for each request.
    PerRequest,
    /// As long as the server lets it.
    KeepAlive,
}

#[cfg(test)]
mod tests;
