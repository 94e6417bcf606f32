//! Bounds of the numbers in a recording. A file may be broken or forged, and readers of a recording
//! allocate an entry for each number up to the highest and iterate over its time: a request 4 billion would
//! take all memory. So every number in records, samples and headers is listed here, and each kind of number
//! has one bound.
//!
//! Numbers of tasks have no bound: they are names, and no reader allocates an entry for each.

use super::chunk::Corruption;
use crate::{Header, RecordSource, Sample, Window};
use concsim_engine::telemetry::{
    Event, HIGHEST_REQUEST, Marker, NO_REQUEST, Outcome, RunSlice, SLOTS, SentRequest, Served,
    WORKER_SLOTS,
};
use concsim_model::scenario::{Arrivals, Scenario};
use concsim_model::units::{Elapsed, Stamp};

/// Maximum length of a run: warm-up and window last a day at most each, the longest request an hour.
const LONGEST_RUN: Stamp = Stamp(72 * 3_600 * 1_000_000_000);
/// Maximum number of cores that Linux can be built for (`NR_CPUS`).
const CORES: u64 = 8_192;
/// Maximum number of clients of a load.
const CLIENTS: u64 = 100_000;

/// A number in a recording, with its kind.
#[derive(Clone, Copy, Debug)]
enum Name {
    /// A request, by its number.
    Request(u32),
    /// A request, by its number, or [`NO_REQUEST`].
    AnyRequest(u32),
    /// A kind of requests, by index.
    Class(u64),
    /// A worker, by its slot.
    Worker(u64),
    /// A service, by index.
    Service(u64),
    /// A counter, by index.
    Counter(u64),
    /// A core, by its number.
    Core(u64),
    /// An entry of the timeline, by index.
    TimelineEvent(u16),
    /// A number of workers.
    WorkerCount(u64),
    /// A number of processes beside the workers.
    ProcessCount(u64),
    /// A number of cores.
    CoreCount(u64),
    /// A number of clients.
    ClientCount(u64),
    /// An instant of the run.
    At(Stamp),
    /// A length of time in the run, in nanoseconds.
    For(u64),
}

/// Fails if a record of `who` contains a number that no run of the scenario has.
pub(super) fn check_event(
    scenario: &Scenario,
    source: RecordSource,
    event: &Event,
) -> Result<(), Corruption> {
    let writer = match source {
        RecordSource::Worker(slot) => Some(Name::Worker(slot.into())),
        RecordSource::Load
        | RecordSource::Services
        | RecordSource::Arbiter
        | RecordSource::Driver => None,
    };
    check(scenario, writer.into_iter().chain(names_of(event)))
}

/// Fails if a sample contains a number that no run of the scenario has.
pub(super) fn check_sample(scenario: &Scenario, sample: &Sample) -> Result<(), Corruption> {
    let cores = sample.cores.iter();
    let cores = cores.map(|core| Name::Core(core.core as u64));
    let all = sample.workers.iter().chain(&sample.processes);
    let workers = all.flat_map(|worker| {
        let since = [worker.running_since, worker.running_ready];
        let since = since.into_iter().flatten().map(Name::At);
        let request = worker.running_request.map(Name::AnyRequest);
        let names = [
            Name::Worker(worker.index as u64),
            Name::Core(worker.core as u64),
            Name::At(worker.phase_since),
            Name::For(worker.longest_run.0),
        ];
        names.into_iter().chain(since).chain(request)
    });
    let own = [
        Name::At(sample.at),
        Name::WorkerCount(sample.workers.len() as u64),
        Name::ProcessCount(sample.processes.len() as u64),
        Name::CoreCount(sample.cores.len() as u64),
    ];
    let names = own.into_iter().chain(window(sample.window));
    check(scenario, names.chain(cores).chain(workers))
}

/// Fails if a header contains a number that no run of its scenario has, or another scenario than the header
/// before it.
pub(super) fn check_header(header: &Header, before: Option<&Header>) -> Result<(), Corruption> {
    let scenario = &header.scenario;
    if before.is_some_and(|before| before.scenario != *scenario) {
        return Err(impossible_number("a second scenario".into()));
    }
    let stamps = [header.began, header.drained];
    let stamps = stamps.into_iter().chain(header.log_full).map(Name::At);
    let cores = Name::CoreCount(header.machine.cores as u64);
    let names = stamps.chain(window(header.window)).chain([cores]);
    check(scenario, names)?;
    check_scenario(scenario)
}

/// Fails if a scenario refers to something that it lacks, or exceeds a bound.
pub(super) fn check_scenario(scenario: &Scenario) -> Result<(), Corruption> {
    let clients = match scenario.load.arrivals {
        Arrivals::Closed { clients, .. } => clients as u64,
        Arrivals::Open { .. } | Arrivals::Scheduled => 0,
    };
    let counts = [
        Name::WorkerCount(scenario.server.workers as u64),
        Name::CoreCount(scenario.machine.cores as u64),
        Name::ClientCount(clients),
        Name::For(scenario.duration.0),
    ];
    let steps = scenario.requests.iter().flat_map(|it| &it.script);
    let steps = steps.flat_map(|step| {
        let service = step.service().map(|it| Name::Service(it as u64));
        let counter = step.counter().map(|it| Name::Counter(it as u64));
        service.into_iter().chain(counter)
    });
    let jobs = scenario.load.jobs.iter().flat_map(|job| {
        let class = job.class.map(|it| Name::Class(it as u64));
        class.into_iter().chain([Name::For(job.at.0)])
    });
    check(scenario, counts.into_iter().chain(steps).chain(jobs))
}

fn check(scenario: &Scenario, names: impl IntoIterator<Item = Name>) -> Result<(), Corruption> {
    let mut wrong = names.into_iter().filter_map(|name| name.mistake(scenario));
    wrong
        .next()
        .map_or(Ok(()), |what| Err(impossible_number(what)))
}

/// The caller, which reads the chunk, adds the position.
fn impossible_number(what: String) -> Corruption {
    Corruption::Impossible {
        description: what,
        at: 0,
    }
}

impl Name {
    /// Returns a description if a run of the scenario cannot have this number.
    fn mistake(self, scenario: &Scenario) -> Option<String> {
        let (what, number, bound) = match self {
            Self::AnyRequest(NO_REQUEST) => return None,
            Self::Request(number) | Self::AnyRequest(number) => {
                let bound = u64::from(HIGHEST_REQUEST) + 1;
                ("request", number.into(), bound)
            }
            Self::Class(index) => ("request kind", index, scenario.requests.len() as u64),
            Self::Worker(slot) => ("worker", slot, SLOTS as u64),
            Self::Service(index) => ("service", index, scenario.services.len() as u64),
            Self::Counter(index) => ("counter", index, scenario.counters.len() as u64),
            Self::Core(number) => ("core", number, CORES),
            Self::TimelineEvent(index) => (
                "timeline event",
                index.into(),
                scenario.timeline.len() as u64,
            ),
            Self::WorkerCount(count) => ("a worker count of", count, WORKER_SLOTS as u64 + 1),
            Self::ProcessCount(count) => {
                let slots = SLOTS - WORKER_SLOTS;
                ("a process count of", count, slots as u64 + 1)
            }
            Self::CoreCount(count) => ("a core count of", count, CORES + 1),
            Self::ClientCount(count) => ("a client count of", count, CLIENTS + 1),
            Self::At(Stamp(at)) => ("an instant of", at, LONGEST_RUN.0 + 1),
            Self::For(length) => ("a length of time of", length, LONGEST_RUN.0 + 1),
        };
        let unit = match self {
            Self::At(_) | Self::For(_) => " ns",
            _ => "",
        };
        let is_wrong = number >= bound;
        is_wrong.then(|| format!("{what} {number}{unit}, not below {bound}{unit},"))
    }
}

fn window(window: Option<Window>) -> impl Iterator<Item = Name> {
    let edges = window.map(|window| [Name::At(window.begin), Name::At(window.end)]);
    edges.into_iter().flatten()
}

/// All bounded numbers in an event.
fn names_of(event: &Event) -> Vec<Name> {
    let optional_core = |core: Option<u32>| core.map(|core| Name::Core(core.into()));
    match *event {
        Event::Accepted { at, .. } => vec![Name::At(at)],
        Event::RunSlice(RunSlice {
            ready,
            from,
            to,
            request,
            due,
            core,
            ..
        }) => {
            let stamps = [ready, from, to].into_iter().chain(due).map(Name::At);
            let names = stamps.chain(optional_core(core));
            names.chain([Name::AnyRequest(request)]).collect()
        }
        Event::Preempted {
            from,
            to,
            request,
            core,
            ..
        } => {
            let names = [Name::At(from), Name::At(to), Name::AnyRequest(request)];
            names.into_iter().chain(optional_core(core)).collect()
        }
        Event::BlockedIn {
            from, to, request, ..
        } => vec![Name::At(from), Name::At(to), Name::AnyRequest(request)],
        Event::Awaits { at, request, .. } => vec![Name::At(at), Name::AnyRequest(request)],
        Event::Waited(parts) => {
            let lengths = parts.parts().map(|Elapsed(length)| Name::For(length));
            let own = [Name::At(parts.at), Name::AnyRequest(parts.request)];
            own.into_iter().chain(lengths).collect()
        }
        Event::Served(served) => of_served(&served),
        Event::Sent(SentRequest {
            request,
            class,
            due,
            sent,
            ..
        }) => {
            let names = [Name::Request(request), Name::Class(class.into())];
            let stamps = [due, sent].map(Name::At);
            names.into_iter().chain(stamps).collect()
        }
        Event::Ended(outcome) => of_outcome(&outcome),
        Event::Answered {
            service,
            request,
            asked,
            due,
            written,
        } => {
            let names = [Name::Service(service.into()), Name::AnyRequest(request)];
            let stamps = [asked, due, written].map(Name::At);
            names.into_iter().chain(stamps).collect()
        }
        Event::Forked { at, worker, .. } | Event::Died { at, worker, .. } => {
            vec![Name::At(at), Name::Worker(worker.into())]
        }
        Event::Marked(marker) => of_marker(marker),
    }
}

fn of_served(served: &Served) -> Vec<Name> {
    let stamps = [served.accepted, served.first_read, served.written];
    let lengths = [
        served.waited.0,
        served.ready.0,
        served.core_wait.0,
        served.cpu.0,
    ];
    let names = [Name::AnyRequest(served.request)].into_iter();
    let names = names.chain(stamps.map(Name::At));
    names.chain(lengths.map(Name::For)).collect()
}

fn of_outcome(outcome: &Outcome) -> Vec<Name> {
    let stamps = [outcome.due, outcome.sent, outcome.first_byte, outcome.done];
    let names = [
        Name::Request(outcome.request),
        Name::Class(outcome.class.into()),
    ];
    let names = names.into_iter().chain(stamps.map(Name::At));
    let unread = outcome.unread.map(|unread| Name::For(unread.0));
    names.chain(unread).collect()
}

fn of_marker(marker: Marker) -> Vec<Name> {
    let class = marker.intervention.class();
    let class = class.map(|class| Name::Class(class as u64));
    let worker = marker.worker.map(|slot| Name::Worker(slot.into()));
    let event = marker.timeline_event.map(Name::TimelineEvent);
    let names = [Some(Name::At(marker.at)), worker, class, event];
    names.into_iter().flatten().collect()
}
