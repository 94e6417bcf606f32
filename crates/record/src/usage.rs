//! Resource use in a run: cores, workers, services.

use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::accounting::Edges;
use super::latency::Sorted;
use super::named::NamedValues;
use super::rounding::rounded;
use super::{CoreSample, Counted, Header, Origin, Recording, Sample, Window, WorkerSample};
use concsim_engine::telemetry::{Event, Phase, Stage};
use concsim_model::units::{CpuTime, Elapsed, Stamp, letter};

/// Use of a core, as shares of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Core {
    /// Number of the core in the operating system.
    pub core: usize,
    /// Share of time not idle.
    pub busy: f64,
    /// Share used by workers.
    pub workers: f64,
    /// Share used by load.
    pub load: f64,
    /// Share used by the services.
    pub services: f64,
    /// Share stolen by the machine's other virtual machines while a process here wanted the core.
    pub steal: f64,
    /// Share used by other programs: `busy` less the attributed shares.
    pub other: f64,
}

/// Numbers of worker processes alive at once in the window, by their forks and deaths: the minimum and the
/// maximum. A recording without forks is counted by its samples. Both are 0 if no worker was seen, as with
/// a foreign server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WorkersAlive {
    /// Minimum.
    pub least: usize,
    /// Maximum.
    pub most: usize,
}

impl WorkersAlive {
    pub(super) fn of(recording: &Recording) -> Self {
        let counts = match recording.header.window {
            Some(window) => alive_by_events(recording, window),
            None => Vec::new(),
        };
        let counts = if counts.is_empty() {
            alive_by_samples(recording)
        } else {
            counts
        };
        Self {
            least: counts.iter().copied().min().unwrap_or(0),
            most: counts.iter().copied().max().unwrap_or(0),
        }
    }
}

/// Numbers of workers alive, one for each instant of the window at which it changed; empty without forks.
/// If the last answer ends the window, workers are told to exit at that same instant, which does not count.
fn alive_by_events(recording: &Recording, window: Window) -> Vec<usize> {
    let change = |event: &Event| match event {
        Event::Forked { at, .. } => Some((*at, 1)),
        Event::Died { at, .. } => Some((*at, -1)),
        _ => None,
    };
    let changes = recording.events.iter().filter_map(|(_, it)| change(it));
    let mut changes: Vec<(Stamp, isize)> = changes.collect();
    changes.sort_by_key(|(at, _)| *at);
    let (mut alive, mut counts) = (0_isize, Vec::new());
    for together in changes.chunk_by(|one, next| one.0 == next.0) {
        let at = together[0].0;
        if at >= window.end {
            break;
        }
        if at <= window.begin {
            counts.clear();
        }
        alive += together.iter().map(|(_, change)| change).sum::<isize>();
        // Deaths without forks belong to a recording without forks.
        counts.extend(usize::try_from(alive));
    }
    counts
}

/// Numbers of workers alive, one for each sample of the window.
fn alive_by_samples(recording: &Recording) -> Vec<usize> {
    let window = recording.header.window;
    let samples = recording.samples.iter();
    let counted = samples.filter(|sample| {
        sample.stage == Stage::Counting
            && window.is_some_and(|window| (window.begin..=window.end).contains(&sample.at))
    });
    let alive = |workers: &[WorkerSample]| {
        let alive = workers.iter().filter(|it| it.phase != Phase::Gone);
        alive.count()
    };
    counted.map(|sample| alive(&sample.workers)).collect()
}

/// The shares of all cores over the window.
pub(super) fn cores(edges: &Edges<'_>) -> Vec<Core> {
    let before = |core: usize| {
        let samples = edges.begin.cores.iter();
        let found = samples.copied().find(|sample| sample.core == core);
        found.unwrap_or_default()
    };
    let end = edges.end.cores.iter();
    end.map(|end| Core::between(&before(end.core), end, edges.length()))
        .collect()
}

impl Core {
    fn between(begin: &CoreSample, end: &CoreSample, length: f64) -> Self {
        let share = |sum: fn(&CoreSample) -> CpuTime| (sum(end) - sum(begin)).0 as f64 / length;
        let [workers, load, services] = [
            share(|core| core.workers),
            share(|core| core.load),
            share(|core| core.services),
        ];
        let busy = share(|core| core.busy);
        Self {
            core: end.core,
            busy: rounded(busy, 4),
            workers: rounded(workers, 4),
            load: rounded(load, 4),
            services: rounded(services, 4),
            steal: rounded(share(|core| core.steal), 4),
            other: rounded((busy - workers - load - services).max(0.0), 4),
        }
    }
}

/// One worker over its whole life, with all processes that had its slot.
#[derive(Clone, Debug, Serialize)]
pub struct Worker {
    /// Slot of the worker.
    pub index: usize,
    /// Letter of the slot, as on the screen.
    pub name: String,
    /// Pid of its process; none in a simulation.
    pub pid: Option<u32>,
    /// Connections taken.
    pub accepted: u64,
    /// Responses written.
    pub requests: u64,
    /// Coroutines begun.
    pub tasks: u64,
    /// Waits and yields.
    pub waits: u64,
    /// Switches from the hub to a task and back.
    pub coroutine_switches: u64,
    /// Coroutine switches per response.
    pub coroutine_switches_per_request: Option<f64>,
    /// Number of switches that its coroutines would still have made, had their process not died.
    pub half_done: u64,
    /// The kernel's process switches.
    pub process_switches: ProcessSwitches,
    /// CPU time.
    pub cpu_s: f64,
    /// Longest time that one coroutine had the worker without yielding, in milliseconds.
    pub longest_run_ms: f64,
    /// Maximum number of requests begun at once.
    pub peak_concurrency: u64,
    /// Accepts that found no connection: another worker was faster.
    pub accept_eagain: u64,
    /// Number of earlier processes in its slot.
    pub respawns: u64,
    /// Requests lost with a process that died.
    pub lost_tasks: u64,
    /// Proportional set size in KiB; none if not read.
    pub pss_kib: Option<u64>,
    /// Pages of its process alone, in KiB; none if not read.
    pub private_kib: Option<u64>,
    /// True if it is a worker of a foreign server, of which only the operating system tells: what a worker itself
    /// reports is then unknown, and null in the summary.
    #[serde(skip)]
    pub is_foreign: bool,
    /// Numbers of such a worker that its application counts.
    #[serde(skip)]
    pub counted: Counted,
}

/// A process of the pool that computes for the workers.
#[derive(Clone, Debug, Serialize)]
pub struct PoolProcess {
    /// Name, as on the screen: `p1`.
    pub name: String,
    /// Pid of its process; none in a simulation.
    pub pid: Option<u32>,
    /// Computations that it has finished.
    pub jobs: u64,
    /// CPU time.
    pub cpu_s: f64,
    /// Number of earlier processes in its place.
    pub respawns: u64,
    /// Proportional set size in KiB; none if not read.
    pub pss_kib: Option<u64>,
}

impl PoolProcess {
    pub(super) fn all(recording: &Recording) -> Vec<Self> {
        let last = recording.samples.last();
        let processes = last.into_iter().flat_map(|sample| &sample.processes);
        let origin = recording.header.origin;
        let each = processes.map(|process| Self {
            name: letter(process.index),
            pid: (origin == Origin::Measured).then_some(process.pid),
            jobs: process.requests,
            cpu_s: rounded(process.cpu.as_secs_f64(), 6),
            respawns: process.respawns,
            pss_kib: (process.pss_kib > 0).then_some(process.pss_kib),
        });
        each.collect()
    }
}

/// Numbers of a worker that itself reports them.
const REPORTED: [&str; 11] = [
    "accepted",
    "requests",
    "tasks",
    "waits",
    "coroutine_switches",
    "coroutine_switches_per_request",
    "half_done",
    "longest_run_ms",
    "peak_concurrency",
    "accept_eagain",
    "lost_tasks",
];

/// Writes workers; unknown numbers of foreign ones are null.
pub(super) fn with_unknowns<S: Serializer>(
    workers: &[Worker],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let one = |worker: &Worker| {
        let mut numbers = serde_json::to_value(worker).map_err(S::Error::custom)?;
        for name in REPORTED {
            let is_counted = match name {
                "requests" => worker.counted.has_answers(),
                "coroutine_switches" | "coroutine_switches_per_request" => {
                    worker.counted.has_switches()
                }
                _ => false,
            };
            if !is_counted {
                numbers[name] = Value::Null;
            }
        }
        Ok(numbers)
    };
    if workers.iter().any(|worker| worker.is_foreign) {
        let all: Vec<Value> = workers.iter().map(one).collect::<Result<_, S::Error>>()?;
        return all.serialize(serializer);
    }
    workers.serialize(serializer)
}

/// Process switches of a worker, by the kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ProcessSwitches {
    /// Switches because it went to sleep.
    pub voluntary: u64,
    /// Switches because it was preempted.
    pub involuntary: u64,
}

impl Worker {
    /// Returns all workers; `memory` is the sample that has their memory.
    pub(super) fn all(
        workers: &[WorkerSample],
        header: &Header,
        memory: Option<&Sample>,
    ) -> Vec<Self> {
        let is_foreign = header.scenario.server.is_foreign();
        let read = |kib: u64| (kib > 0).then_some(kib);
        let memory_of = |index: usize| {
            let mut then = memory.into_iter().flat_map(|sample| &sample.workers);
            then.find(|worker| worker.index == index)
        };
        let each = workers.iter().map(|worker| {
            let memory = memory_of(worker.index);
            Self {
                is_foreign,
                pss_kib: memory.and_then(|it| read(it.pss_kib)),
                private_kib: memory.and_then(|it| read(it.private_kib)),
                ..Self::of(worker, header.origin)
            }
        });
        each.collect()
    }

    pub(super) fn of(worker: &WorkerSample, origin: Origin) -> Self {
        let switches = worker.coroutine_switches as f64;
        Self {
            index: worker.index,
            name: letter(worker.index),
            pid: (origin == Origin::Measured).then_some(worker.pid),
            accepted: worker.accepted,
            requests: worker.requests,
            tasks: worker.tasks,
            waits: worker.waits,
            coroutine_switches: worker.coroutine_switches,
            coroutine_switches_per_request: (worker.requests > 0)
                .then(|| rounded(switches / worker.requests as f64, 3)),
            half_done: worker.half_done,
            process_switches: ProcessSwitches {
                voluntary: worker.voluntary,
                involuntary: worker.involuntary,
            },
            cpu_s: rounded(worker.cpu.as_secs_f64(), 6),
            longest_run_ms: worker.longest_run.as_millis_f64(),
            peak_concurrency: worker.peak_concurrency,
            accept_eagain: worker.accept_eagain,
            respawns: worker.respawns,
            lost_tasks: worker.lost_tasks,
            pss_kib: (worker.pss_kib > 0).then_some(worker.pss_kib),
            private_kib: (worker.private_kib > 0).then_some(worker.private_kib),
            is_foreign: false,
            counted: worker.counted,
        }
    }

    /// Returns a count that the worker itself reports; [`None`] for a worker of a foreign server.
    #[must_use]
    pub fn reported<T>(&self, count: T) -> Option<T> {
        (!self.is_foreign).then_some(count)
    }

    /// Returns the number of answers; [`None`] if it is unknown.
    #[must_use]
    pub fn known_requests(&self) -> Option<u64> {
        let is_known = !self.is_foreign || self.counted.has_answers();
        is_known.then_some(self.requests)
    }

    /// Returns the number of coroutine switches; [`None`] if it is unknown.
    #[must_use]
    pub fn known_switches(&self) -> Option<u64> {
        let is_known = !self.is_foreign || self.counted.has_switches();
        is_known.then_some(self.coroutine_switches)
    }

    /// Returns true if the switch law holds: two switches for each task and each wait, less those that
    /// coroutines lacked when their process died. Its three counts are taken in three places.
    #[must_use]
    pub fn law_holds(&self) -> bool {
        self.coroutine_switches + self.half_done == 2 * (self.waits + self.tasks)
    }
}

/// A service, with the lateness of its answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Service {
    /// Share of one core that it used. All services are one process, whose CPU time is split by answers.
    pub cpu: Option<f64>,
    /// Lateness of its answers: the median …
    pub late_p50_ms: Option<f64>,
    /// … and the 99th percentile, of any number of answers.
    pub late_p99_ms: Option<f64>,
    /// Maximum number of calls that it held at once.
    pub peak: u64,
}

/// One answer of a service.
#[derive(Clone, Copy, Debug)]
struct Answer {
    asked: Stamp,
    due: Stamp,
    written: Stamp,
}

/// Answers of one service that were due in the window; without a window, in the whole run.
#[derive(Debug, Default)]
pub(super) struct ServiceAnswers(Vec<Answer>);

impl ServiceAnswers {
    /// Returns the lateness of the answers, sorted.
    pub(super) fn late(&self) -> Sorted {
        let late = |answer: &Answer| answer.written.since(answer.due);
        Sorted::of(self.0.iter().map(late))
    }

    /// Returns the maximum number of calls held at once.
    fn peak(&self) -> u64 {
        let in_order = |of: fn(&Answer) -> Stamp| {
            let mut stamps: Vec<Stamp> = self.0.iter().map(of).collect();
            stamps.sort_unstable();
            stamps
        };
        let (asked, written) = (in_order(|it| it.asked), in_order(|it| it.written));
        let (mut over, mut peak) = (0, 0);
        for (place, at) in asked.iter().enumerate() {
            // Calls that end at an instant are over before calls that begin then.
            over += written[over..].iter().take_while(|end| *end <= at).count();
            peak = peak.max((place + 1).saturating_sub(over));
        }
        peak as u64
    }
}

/// The answers of each service, in the scenario's order.
pub(super) fn answers(recording: &Recording) -> Vec<ServiceAnswers> {
    let services = recording.header.scenario.services.len();
    let mut all: Vec<ServiceAnswers> = (0..services).map(|_| ServiceAnswers::default()).collect();
    let counted = |at: Stamp| {
        recording
            .header
            .window
            .is_none_or(|window| window.contains(at))
    };
    for event in &recording.answers {
        if let Event::Answered {
            service,
            asked,
            due,
            written,
            ..
        } = *event
            && counted(due)
            && let Some(answers) = all.get_mut(service as usize)
        {
            answers.0.push(Answer {
                asked,
                due,
                written,
            });
        }
    }
    all
}

/// All services of the scenario.
pub(super) fn services(recording: &Recording, edges: Option<&Edges<'_>>) -> NamedValues<Service> {
    let answers = answers(recording);
    let all: usize = answers.iter().map(|answers| answers.0.len()).sum();
    let cpu = edges.map(|edges| {
        let used = edges.end.services_cpu - edges.begin.services_cpu;
        used.0 as f64 / edges.length()
    });
    let names = recording.header.scenario.services.iter();
    names
        .zip(&answers)
        .map(|(service, answers)| {
            let share = answers.0.len() as f64 / all.max(1) as f64;
            let late = answers.late();
            let numbers = Service {
                cpu: cpu.map(|cpu| rounded(cpu * share, 4)),
                late_p50_ms: late.quantile(500).map(Elapsed::as_millis_f64),
                late_p99_ms: late.quantile(990).map(Elapsed::as_millis_f64),
                peak: answers.peak(),
            };
            (service.name.clone(), numbers)
        })
        .collect()
}
