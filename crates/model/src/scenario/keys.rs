//! Every key of the scenario file: its shape, its default and its description. Reading, suggestions, `check
//! --expand` and `schema` all use this table.

use std::fmt;

use super::boot::FAILS;
use super::key_word::{KeyWord, words};
use super::problem::one_of;
use super::quantity::{DRAWS, LENGTHS, SIZE, Time};
use super::rate::RATE;
use super::step::POOL_SLOTS;
use super::{Accept, ConnectionMode, Process, WorkerKind};

/// Shape of a value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    /// Any text.
    Text,
    /// One of a few words.
    Word(&'static [KeyWord]),
    Whole {
        least: u64,
        most: u64,
    },
    /// A whole number of processes, or `cores`.
    Workers {
        most: u64,
    },
    /// A share of the mix.
    Share {
        most: f64,
    },
    Flag,
    /// `true`, `false` or `returns`.
    Lock,
    /// A length of time, bounds in nanoseconds.
    Length {
        least: u64,
        most: u64,
    },
    /// `never`, or at least this many nanoseconds.
    NeverOr {
        least: u64,
        most: u64,
    },
    /// A length of CPU time, or `fails`.
    Boot {
        most: u64,
    },
    /// A length of time, or a distribution of it.
    Draw,
    Rate,
    /// A number of bytes.
    Size,
    /// A length of time, or its quantiles.
    Quantiles,
    Steps,
    /// An intervention of the timeline, as a sentence.
    Intervention,
    /// Texts with their ranges.
    Choices,
    /// Settings of the command line.
    Settings,
}

pub(super) const ACCEPTS: [(Accept, KeyWord); 4] = [
    (
        Accept::Shared,
        KeyWord::described("shared", "wakes all that sleep"),
    ),
    (
        Accept::Exclusive,
        KeyWord::described("exclusive", "wakes the one that has watched longest"),
    ),
    (
        Accept::Blocking,
        KeyWord::described("blocking", "lets sync workers sleep in accept(2)"),
    ),
    (
        Accept::Reuseport,
        KeyWord::described("reuseport", "has a queue for each"),
    ),
];

pub(super) const ARRIVALS: [(Process, KeyWord); 2] = [
    (Process::Poisson, KeyWord::of_both("poisson")),
    (Process::Constant, KeyWord::of_both("constant")),
];

pub(super) const CONNECTIONS: [(ConnectionMode, KeyWord); 2] = [
    (ConnectionMode::PerRequest, KeyWord::of_both("per-request")),
    (ConnectionMode::KeepAlive, KeyWord::of_both("keep-alive")),
];

/// One key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    /// In TOML. `None`: required, or its absence has a meaning of its own.
    pub(super) default: Option<&'static str>,
    /// Description: a fragment.
    pub(super) description: &'static str,
}

/// A table of the file and its keys, in the order in which they are written.
#[derive(Debug)]
pub(super) struct Section {
    /// Description: a fragment.
    pub(super) description: &'static str,
    pub(super) keys: &'static [Key],
    /// Tables within it, which have sections of their own.
    pub(super) tables: &'static [&'static str],
}

impl Section {
    pub(super) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// Returns the names of everything that may stand in it.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> + Clone {
        let keys = self.keys.iter().map(|key| key.name);
        keys.chain(self.tables.iter().copied())
    }
}

/// Maximum number of clients of a load.
pub(super) const MOST_CLIENTS: u64 = 100_000;
/// Maximum number of clients that send nothing.
pub(super) const MOST_SILENT: u64 = 10_000;
/// Maximum number of jobs of a load.
pub(super) const MOST_JOBS: u64 = 1_000_000;

pub(super) const SECOND: u64 = 1_000_000_000;
const HOUR: u64 = 3600 * SECOND;
pub(super) const DAY: u64 = 24 * HOUR;

/// Any length up to an hour, including zero.
const ANY_LENGTH: Shape = Shape::Length {
    least: 0,
    most: HOUR,
};
/// Any part of a run, up to a day.
const ANY_PART: Shape = Shape::Length {
    least: 0,
    most: DAY,
};
/// Any length up to an hour, above zero.
const SOME_LENGTH: Shape = Shape::Length {
    least: 1_000_000,
    most: HOUR,
};

pub(super) const fn key(name: &'static str, shape: Shape, description: &'static str) -> Key {
    Key {
        name,
        shape,
        default: None,
        description,
    }
}

impl Key {
    /// Returns the description, with those of its words.
    pub(super) fn description(&self) -> String {
        let words = match self.shape {
            Shape::Word(words) => words,
            _ => &[],
        };
        let described = words.iter().filter(|it| !it.description.is_empty());
        let described: Vec<String> = described
            .map(|it| format!("{} {}", it.word, it.description))
            .collect();
        format!("{} {}", self.description, described.join(", "))
            .trim_end()
            .to_owned()
    }

    pub(super) const fn by_default(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }
}

pub(super) const fn whole(least: u64, most: u64) -> Shape {
    Shape::Whole { least, most }
}

pub(super) const TOP: Section = Section {
    description: "a scenario: a server, the steps of its requests, and the load on it",
    keys: &[
        key(
            "title",
            Shape::Text,
            "claim of the scenario, as a sentence; by default the file's name",
        ),
        key("about", Shape::Text, "text shown before the run"),
        key("seed", whole(0, u64::MAX), "seed of all random draws").by_default("1"),
        key(
            "warmup",
            ANY_PART,
            "time before the counted window; by default until every client has an answer, 1 s to 10 s",
        ),
        key(
            "duration",
            Shape::Length {
                least: 1_000_000,
                most: DAY,
            },
            "the counted window",
        )
        .by_default("\"5s\""),
    ],
    tables: &[
        "server", "services", "requests", "load", "jobs", "machine", "timeline", "variants",
        "expect", "ask",
    ],
};

pub(super) const SERVER: Section = Section {
    description: "the processes that answer requests",
    keys: &[
        key(
            "kind",
            Shape::Word(&words(&WorkerKind::WORDS)),
            "kind of worker: in a wait,",
        )
        .by_default("\"sync\""),
        key(
            "workers",
            Shape::Workers { most: 256 },
            "number of worker processes, or \"cores\"",
        )
        .by_default("1"),
        key(
            "connections",
            whole(1, 100_000),
            "maximum of open connections of a worker; sync: one",
        )
        .by_default("1000"),
        key("threads", whole(1, 1000), "threads: number per worker").by_default("4"),
        key(
            "gil",
            Shape::Lock,
            "threads: one lock around computing; \"returns\": a build without it whose extension turns it on again",
        )
        .by_default("true"),
        key(
            "threadpool",
            whole(1, 1000),
            "coroutine, callback: threads of a worker for waits `in threads`",
        )
        .by_default("10"),
        key(
            "backlog",
            whole(1, 65_535),
            "maximum length of the listener's queue",
        )
        .by_default("2048"),
        key(
            "accept",
            Shape::Word(&words(&ACCEPTS)),
            "sharing of the listener between workers:",
        )
        .by_default("\"shared\""),
        key(
            "keepalive",
            ANY_LENGTH,
            "maximum idle time of a kept connection; 0s closes after each response",
        )
        .by_default("\"2s\""),
        key(
            "timeout",
            Shape::NeverOr {
                least: 2 * SECOND,
                most: HOUR,
            },
            "heartbeat: a worker silent for longer is aborted, then killed; 0s: never",
        )
        .by_default("\"30s\""),
        key(
            "graceful_timeout",
            ANY_LENGTH,
            "maximum time for a stopping worker to finish",
        )
        .by_default("\"30s\""),
        key(
            "max_requests",
            whole(0, u64::MAX),
            "requests after which a worker is replaced; 0: never",
        )
        .by_default("0"),
        key(
            "max_requests_jitter",
            whole(0, u64::MAX),
            "random addition to max_requests, from 0 to this number",
        )
        .by_default("0"),
        key(
            "boot",
            Shape::Boot { most: HOUR },
            "CPU time of a new worker before it accepts, as for loading an application; fails: the server ends",
        )
        .by_default("\"0s\""),
        key(
            "processes",
            whole(1, POOL_SLOTS),
            "number of processes beside the workers for steps `compute … in processes`; none without such a step",
        )
        .by_default("1"),
        key(
            "app",
            Shape::Size,
            "memory of the loaded application in each worker; shared by all if preloaded",
        )
        .by_default("\"0B\""),
        key(
            "preload",
            Shape::Flag,
            "load the application before the fork",
        )
        .by_default("false"),
        key(
            "nice",
            whole(0, 19),
            "workers yield cores to load and services by this much (nice(2)); no effect in a simulation",
        )
        .by_default("5"),
        key(
            "command",
            Shape::Text,
            "command of a foreign server, started in place of concsim's: gunicorn --bind {address} --workers {workers} …",
        ),
    ],
    tables: &[],
};

pub(super) const SERVICE: Section = Section {
    description: "a slow outside service; a call step creates it",
    keys: &[
        key(
            "capacity",
            whole(0, 1_000_000),
            "maximum of calls served at the same time; 0: no limit",
        )
        .by_default("0"),
        key(
            "pool",
            whole(0, 1_000_000),
            "maximum of connections of one worker process to it; 0: no limit",
        )
        .by_default("0"),
        key(
            "connect",
            ANY_LENGTH,
            "time to set up a new connection to it; connections are kept, and used again",
        )
        .by_default("\"0ms\""),
    ],
    tables: &[],
};

pub(super) const REQUEST: Section = Section {
    description: "the request that GET /name plays",
    keys: &[
        key(
            "weight",
            Shape::Share { most: 1e6 },
            "share of the mix; 0: only if requested by name",
        )
        .by_default("1"),
        key("steps", Shape::Steps, "steps in order, one sentence each"),
    ],
    tables: &[],
};

/// Keys of `[load]` for clients, for a rate and for a trace: one sort excludes the others.
pub(super) const CLOSED: [&str; 3] = ["clients", "think", "ramp"];
pub(super) const OPEN: [&str; 2] = ["rate", "arrivals"];
pub(super) const TRACE: [&str; 1] = ["trace"];

pub(super) const LOAD: Section = Section {
    description: "the load: a number of clients, or requests at a rate; without both, a trace or [[jobs]]",
    keys: &[
        key(
            "clients",
            whole(1, MOST_CLIENTS),
            "closed load: number of clients; each waits for its answer before the next request",
        ),
        key(
            "think",
            Shape::Draw,
            "closed load: pause between an answer and the next request",
        )
        .by_default("\"0ms\""),
        key(
            "ramp",
            ANY_LENGTH,
            "closed load: time over which the clients start",
        )
        .by_default("\"500ms\""),
        key(
            "rate",
            Shape::Rate,
            "open load: requests come at this rate, independent of the answers",
        ),
        key(
            "arrivals",
            Shape::Word(&words(&ARRIVALS)),
            "open load: distribution of the gaps between requests",
        )
        .by_default("\"poisson\""),
        key(
            "trace",
            Shape::Text,
            "CSV file of requests beside the scenario: a line `at,kind`, then instants in seconds and names of requests",
        ),
        key(
            "requests",
            whole(0, 1_000_000_000),
            "number of requests, all counted; 0: until the end of the duration",
        )
        .by_default("0"),
        key(
            "connection",
            Shape::Word(&words(&CONNECTIONS)),
            "a new connection for each request, or kept connections",
        )
        .by_default("\"per-request\""),
        key(
            "silent",
            whole(0, MOST_SILENT),
            "number of clients besides that connect and send nothing; they connect again when they are closed",
        )
        .by_default("0"),
        key(
            "patience",
            SOME_LENGTH,
            "time without a complete answer after which a request fails",
        )
        .by_default("\"30s\""),
    ],
    tables: &[],
};

pub(super) const JOB: Section = Section {
    description: "a request at a given time; all jobs together are the load",
    keys: &[
        key("at", ANY_PART, "time since the start of the load"),
        key(
            "class",
            Shape::Text,
            "name of its request; may be left out if the file has one request",
        ),
        key("count", whole(1, MOST_JOBS), "number of such requests").by_default("1"),
    ],
    tables: &[],
};

pub(super) const ASK: Section = Section {
    description: "a question, asked before the run and answered by its measurement",
    keys: &[
        key(
            "before",
            Shape::Text,
            "variant before which it is asked; by default the first",
        ),
        key("question", Shape::Text, "text of the question"),
        key(
            "measure",
            Shape::Text,
            "measured number that answers it: coroutine.throughput / sync.throughput",
        ),
        key(
            "choices",
            Shape::Choices,
            "two to four choices: a text and its range",
        ),
        key("why", Shape::Text, "explanation, shown with the answer"),
        key(
            "misconception",
            Shape::Text,
            "misconception behind wrong guesses",
        ),
        key(
            "change",
            Shape::Settings,
            "settings to try next; a lesson offers them after the explanation",
        ),
    ],
    tables: &[],
};

pub(super) const TIMELINE: Section = Section {
    description: "an intervention during the run",
    keys: &[
        key(
            "at",
            ANY_PART,
            "time since the start of the load, warm-up included",
        ),
        key(
            "do",
            Shape::Intervention,
            "add, remove, kill, stop or continue a worker, reload, set rate or clients, send NAME",
        ),
        key(
            "caption",
            Shape::Text,
            "caption on the screen; by default the action",
        ),
    ],
    tables: &[],
};

pub(super) const EXPECT: Section = Section {
    description: "an expectation of the run",
    keys: &[
        key(
            "claim",
            Shape::Text,
            "text of the claim; by default the comparison",
        ),
        key(
            "that",
            Shape::Text,
            "comparison such as coroutine.throughput >= 25 * sync.throughput",
        ),
    ],
    tables: &[],
};

/// Keys that a variant may set: all but those that are common to all variants.
pub(super) const VARIANT: Section = Section {
    description: "keys that replace those of the file",
    keys: &[key("name", Shape::Text, "name of the variant")],
    tables: &["server", "services", "requests", "load", "jobs", "timeline"],
};

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Text => f.write_str("a text in quotes"),
            Self::Word(words) => f.write_str(&one_of(words.iter().map(|it| it.word))),
            Self::Whole { least, most } if most >= u64::from(u32::MAX) => {
                write!(f, "a whole number, {least} or more")
            }
            Self::Whole { least, most } => write!(f, "a whole number from {least} to {most}"),
            Self::Workers { most } => write!(f, "a whole number from 1 to {most}, or \"cores\""),
            Self::Share { most } => write!(f, "a number from 0 to {most}"),
            Self::Flag => f.write_str("true or false"),
            Self::Lock => f.write_str("true, false or \"returns\""),
            Self::Length { least: 0, most } => {
                write!(f, "{LENGTHS}, at most {}", Time(most))
            }
            Self::Length { least, most } => {
                write!(f, "{LENGTHS}, from {} to {}", Time(least), Time(most))
            }
            Self::Boot { most } => {
                write!(f, "{LENGTHS}, at most {}, or \"{FAILS}\"", Time(most))
            }
            Self::NeverOr { least, .. } => {
                write!(f, "{LENGTHS}, at least {}; or `0s`", Time(least))
            }
            Self::Draw => f.write_str(DRAWS),
            Self::Rate => f.write_str(RATE),
            Self::Size => f.write_str(SIZE),
            Self::Quantiles => f.write_str(
                "a length of time such as `60us`, or a list such as [\"p50 60us\", \"p99 200us\"]",
            ),
            Self::Steps => f.write_str("a list of sentences such as [\"compute 1ms\"]"),
            Self::Intervention => {
                f.write_str("a sentence such as `add a worker` or `set rate 400/s`")
            }
            Self::Choices => {
                f.write_str("a list, for example [[\"the same\", \"..2\"], [\"more\", \"2..\"]]")
            }
            Self::Settings => f.write_str("a list of settings such as [\"load.clients=2\"]"),
        }
    }
}
