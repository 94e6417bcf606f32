//! The independent account of a run: state of each request and worker at any instant, computed from the
//! exported tables alone, one row after the other, without an index. It shares no code with the screen.

use std::collections::BTreeMap;

use super::census::UnreadRun;
use super::tables::{Row, Tables, number};
use super::unreported;
use super::workers::WorkerCounts;

/// Nanoseconds of the run's clock.
pub(super) type Ns = u64;

/// State of a request at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    Running,
    Blocked,
    Ready,
    WantsACore,
    Parked,
    AtTheDoor,
    /// Parked or blocked, in lanes alone: waits for a connection or a thread …
    ForThePool,
    /// … or in a service's queue.
    InAQueue,
}

impl State {
    /// Returns the glyph of the legend.
    pub(super) fn glyph(self) -> char {
        match self {
            Self::Running => '█',
            Self::Blocked => '!',
            Self::Ready | Self::WantsACore => '▒',
            Self::Parked => '·',
            Self::AtTheDoor => '○',
            Self::ForThePool => '┄',
            Self::InAQueue => '┆',
        }
    }
}

/// One row of the table of requests.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) number: u32,
    pub(super) opened: bool,
    pub(super) due: Ns,
    pub(super) sent: Ns,
    pub(super) accepted: Option<Ns>,
    pub(super) written: Option<Ns>,
    /// Time at which it ended with its worker's process, which did not write its last byte.
    pub(super) lost_at: Option<Ns>,
    pub(super) done: Option<Ns>,
    pub(super) good: bool,
    /// Kind of its failure; empty if it was answered.
    pub(super) failure: String,
    pub(super) class: String,
    /// True if it was due in the counted window.
    pub(super) counted: bool,
    /// Time from due to done; for a failed request at least its client's patience.
    pub(super) latency: Option<Ns>,
    /// Time from sent to done, in the same way.
    pub(super) from_send: Option<Ns>,
    /// Times that its worker reported at its end.
    pub(super) reported: Option<ReportedTimes>,
    pub(super) worker: Option<u16>,
    pub(super) slices: Vec<Slice>,
    /// Blocked or preempted intervals, inside a slice.
    pub(super) breaks: Vec<(Ns, Ns, State)>,
    /// Times at which a wait of it entered another part, with the part.
    parts: Vec<(Ns, String)>,
    /// Times at which it lost a core, with the core.
    lost_cores: Vec<(Ns, Option<u64>)>,
}

/// Times of a request in its worker, by state.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ReportedTimes {
    /// Ready times until its head was first read, and after its waits: the table's `ready_ns` is the
    /// latter.
    pub(super) ready: Ns,
    pub(super) core_wait: Ns,
    pub(super) cpu: Ns,
    pub(super) waited: Ns,
    /// Parts of its waits: for a thread, for a connection, in a service's queue.
    pub(super) queues: [Ns; 3],
    /// All parts: these, then for the answer, for a timer and for the client.
    pub(super) waits: [Ns; 6],
}

#[derive(Clone, Debug)]
pub(super) struct Slice {
    pub(super) worker: Option<u16>,
    pub(super) core: Option<u64>,
    pub(super) ready: Ns,
    pub(super) from: Ns,
    pub(super) to: Ns,
    pub(super) then: String,
}

/// One variant of a run.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) variant: String,
    pub(super) kind: String,
    /// True if threads of a worker compute one at a time, behind one lock.
    has_a_lock: bool,
    pub(super) origin: String,
    /// True if the run's own grade is that it proves nothing.
    pub(super) proves_nothing: bool,
    pub(super) began: Ns,
    pub(super) end: Ns,
    /// The counted window.
    pub(super) window: (Ns, Ns),
    /// Instants of the samples.
    pub(super) samples: Vec<Ns>,
    /// Stages of the run at the samples.
    stages: Vec<String>,
    /// Core time of all workers, at each sample.
    pub(super) workers_cpu: Vec<Ns>,
    pub(super) requests: Vec<Request>,
    pub(super) looks: Vec<WorkerCounts>,
    pub(super) unread: Vec<UnreadRun>,
}

impl Account {
    /// Reads the tables of a variant.
    pub(super) fn read(tables: &Tables, variant: &str) -> Self {
        let of = |name| tables.of(variant, name);
        let run = &of("runs")[0];
        let samples = of("samples");
        let mut requests: Vec<Request> = of("requests").iter().map(request).collect();
        let places: BTreeMap<u32, usize> = requests
            .iter()
            .enumerate()
            .map(|(place, request)| (request.number, place))
            .collect();
        for row in of("switches") {
            let Some(place) = number(row, "request").and_then(|it| places.get(&(it as u32))) else {
                continue;
            };
            let worker = number(row, "worker").map(|it| it as u16);
            requests[*place].add(row, worker);
        }
        let connections = of("requests").iter().map(|row| number(row, "connection"));
        let connections: Vec<Option<u64>> = connections.collect();
        let reported = (of("events"), of("workers"));
        let mut unread = UnreadRun::all(of("switches"));
        unread.extend(unreported::complete(&mut requests, &connections, reported));
        let column = |name: &str| -> Vec<Ns> {
            let values = samples.iter().map(|row| number(row, name).unwrap_or(0));
            values.collect()
        };
        let at = column("at_ns");
        Self {
            variant: variant.into(),
            kind: run["kind"].clone(),
            has_a_lock: run["gil"] == "true",
            origin: run["origin"].clone(),
            proves_nothing: run["trust"] == "proves-nothing",
            began: number(run, "began_ns").unwrap_or(0),
            end: *at.last().expect("a run has samples"),
            workers_cpu: column("workers_cpu_ns"),
            window: (
                number(run, "window_begin_ns").unwrap_or(Ns::MAX),
                number(run, "window_end_ns").unwrap_or(Ns::MAX),
            ),
            samples: at,
            stages: samples.iter().map(|row| row["stage"].clone()).collect(),
            requests,
            looks: of("workers").iter().map(WorkerCounts::read).collect(),
            unread,
        }
    }

    /// True if the counted window has begun by the last sample before an instant.
    pub(super) fn counts_by(&self, at: Ns) -> bool {
        let known = self.samples.partition_point(|sample| *sample <= at);
        let stage = self.stages.get(known.saturating_sub(1));
        stage.is_some_and(|stage| !matches!(stage.as_str(), "preparing" | "warm-up"))
    }

    /// Returns the requests that had ended by an instant: of the counted window, once that has begun.
    pub(super) fn ended_by(&self, at: Ns) -> Vec<&Request> {
        let counts_all = !self.counts_by(at);
        let ended = self.requests.iter().filter(|it| it.is_over(at));
        ended.filter(|it| counts_all || it.counted).collect()
    }

    /// Returns the state of a request at an instant; `None` before it was sent and after its end.
    pub(super) fn state(&self, request: &Request, at: Ns) -> Option<State> {
        request.state(at, self.has_a_loop(), self.has_a_lock)
    }

    /// Returns the state as lanes draw it, which distinguish the queues of a wait.
    pub(super) fn drawn(&self, request: &Request, at: Ns) -> Option<State> {
        let state = self.state(request, at)?;
        let queue = request.queue(at);
        let waits = matches!(state, State::Parked | State::Blocked);
        Some(queue.filter(|_| waits).unwrap_or(state))
    }

    /// Returns the mean number of requests for which `span` gives an interval, over [from, to).
    pub(super) fn mean(
        &self,
        (from, to): (Ns, Ns),
        span: impl Fn(&Request) -> Option<(Ns, Ns)>,
    ) -> f64 {
        let spans = self.requests.iter().filter_map(span);
        let inside = spans.map(|(a, b)| b.min(to).saturating_sub(a.max(from)) as f64);
        inside.sum::<f64>() / (to - from).max(1) as f64
    }

    /// Returns the interval whose means the screen shows at `at`: from the last sample that is a second old
    /// to the newest, as far as there was load.
    pub(super) fn last_second(&self, at: Ns) -> (Ns, Ns) {
        let known = self.samples.partition_point(|sample| *sample <= at);
        let newest = self.samples[known.saturating_sub(1)];
        let old = self.samples[..known].iter().rev();
        let from = old
            .copied()
            .find(|sample| newest - sample >= 1_000_000_000)
            .unwrap_or(self.samples[0]);
        // Before the first request there is no mean.
        let begun = self.samples.iter().copied().find(|it| *it >= self.began);
        let begun = begun.filter(|begun| *begun <= newest);
        (from.max(begun.unwrap_or(from)), newest)
    }
}

fn request(row: &Row) -> Request {
    Request {
        number: number(row, "request").expect("a request has a number") as u32,
        opened: row["opened"] != "false",
        due: number(row, "due_ns").unwrap_or(0),
        sent: number(row, "sent_ns").unwrap_or(Ns::MAX),
        accepted: number(row, "accepted_ns"),
        written: number(row, "written_ns"),
        lost_at: None,
        done: number(row, "done_ns"),
        good: row["failure"].is_empty() && !row["done_ns"].is_empty(),
        failure: row["failure"].clone(),
        class: row["class"].clone(),
        counted: row["counted"] == "true",
        latency: number(row, "latency_ns"),
        from_send: number(row, "from_send_ns"),
        reported: number(row, "written_ns").map(|_| reported_times(row)),
        worker: number(row, "worker").map(|it| it as u16),
        slices: Vec::new(),
        breaks: Vec::new(),
        parts: Vec::new(),
        lost_cores: Vec::new(),
    }
}

fn reported_times(row: &Row) -> ReportedTimes {
    let of = |column: &str| number(row, column).unwrap_or(0);
    let taken = of("accepted_ns").max(of("sent_ns"));
    let queues = ["thread_wait_ns", "pool_wait_ns", "service_queue_ns"].map(of);
    let [thread, connection, queue] = queues;
    let [call, sleep, client] = ["call_ns", "sleep_ns", "client_wait_ns"].map(of);
    ReportedTimes {
        ready: of("ready_ns") + of("first_read_ns").saturating_sub(taken),
        core_wait: of("core_wait_ns"),
        cpu: of("cpu_ns"),
        waited: of("waited_ns"),
        queues,
        waits: [thread, connection, queue, call, sleep, client],
    }
}

impl Request {
    fn add(&mut self, row: &Row, worker: Option<u16>) {
        let from = number(row, "from_ns").unwrap_or(0);
        let to = number(row, "to_ns").unwrap_or(0);
        self.worker = self.worker.or(worker);
        match row["what"].as_str() {
            "ran" => self.slices.push(Slice {
                worker,
                core: number(row, "core"),
                ready: number(row, "ready_ns").unwrap_or(from),
                from,
                to,
                then: row["then"].clone(),
            }),
            "blocked" => self.breaks.push((from, to, State::Blocked)),
            "preempted" => {
                self.breaks.push((from, to, State::WantsACore));
                self.lost_cores.push((from, number(row, "core")));
            }
            "awaits" => self.parts.push((from, row["then"].clone())),
            other => panic!("a switch of an unknown kind: {other}"),
        }
    }

    /// Returns the interval in which its worker had it: from its accept to its last byte.
    pub(super) fn begun(&self) -> Option<(Ns, Ns)> {
        let end = self.end();
        self.taken().map(|taken| (taken.max(self.sent), end))
    }

    /// Returns the instants at which its state may change.
    pub(super) fn edges(&self) -> Vec<Ns> {
        let slices = self.slices.iter().flat_map(|it| [it.ready, it.from, it.to]);
        let breaks = self.breaks.iter().flat_map(|it| [it.0, it.1]);
        let parts = self.parts.iter().map(|it| it.0);
        let stamps = [
            Some(self.sent),
            self.accepted,
            self.written,
            self.done,
            self.lost_at,
        ];
        let stamps = stamps.into_iter().flatten();
        slices.chain(breaks).chain(parts).chain(stamps).collect()
    }

    /// True if the end of the run cut it off before its client's patience was over.
    pub(super) fn is_cut_off(&self, patience: Ns) -> bool {
        let done = self.done.unwrap_or(Ns::MAX);
        self.failure == "timeout" && done - self.due < patience
    }

    /// True if it has ended for its client.
    pub(super) fn is_over(&self, at: Ns) -> bool {
        self.done.is_some_and(|done| done <= at)
    }

    /// Returns the time at which its last byte was written, its worker died, or its client left.
    pub(super) fn end(&self) -> Ns {
        let done = self.done.unwrap_or(Ns::MAX);
        match (self.written, self.lost_at) {
            (Some(written), _) => written,
            // A worker goes on after a client has left.
            (None, Some(lost)) if self.failure == "timeout" => lost,
            (None, Some(lost)) => lost.min(done),
            (None, None) => done,
        }
    }

    /// Returns the time at which a worker first had it, if one reported that.
    pub(super) fn taken(&self) -> Option<Ns> {
        self.accepted
            .or_else(|| self.slices.first().map(|it| it.ready))
    }

    /// Returns the time at the door: it had opened its connection, no worker had taken it, and its client
    /// had not left.
    pub(super) fn at_the_door(&self) -> Option<(Ns, Ns)> {
        let ends = [self.taken(), self.done];
        let until = ends.into_iter().flatten().min().unwrap_or(Ns::MAX);
        (self.opened && self.sent < until).then_some((self.sent, until))
    }

    /// Returns the start of its unbroken time on a core, with worker and core. It may be over for its
    /// client while its worker closes the connection.
    pub(super) fn claim(&self, at: Ns) -> Option<(Ns, Option<u16>, Option<u64>)> {
        let slice = self.slices.iter().find(|it| it.from <= at && at < it.to)?;
        if self.breaks.iter().any(|it| it.0 <= at && at < it.1) {
            return None;
        }
        let breaks = self.breaks.iter().map(|it| it.1);
        let since = breaks.filter(|over| *over <= at).max().unwrap_or(0);
        // A slice ends on the core of its last part; before that it was on the core that each break lost.
        let lost = self
            .lost_cores
            .iter()
            .filter(|lost| at < lost.0 && lost.0 < slice.to);
        let core = lost.min().map_or(slice.core, |lost| lost.1);
        Some((since.max(slice.from), slice.worker, core))
    }

    /// Returns the queue that its wait is in at an instant: by the newest part that began since its worker
    /// had it last.
    fn queue(&self, at: Ns) -> Option<State> {
        let had = self.slices.iter().map(|it| it.from);
        let since = had.filter(|from| *from <= at).max()?;
        let parts = self.parts.iter();
        let newest = parts.filter(|it| since <= it.0 && it.0 <= at);
        // Of two that begin at one instant the later one is reported later.
        match newest.max_by_key(|it| it.0)?.1.as_str() {
            "thread" | "connection" => Some(State::ForThePool),
            "queue" => Some(State::InAQueue),
            _ => None,
        }
    }

    fn state(&self, at: Ns, has_a_loop: bool, has_a_lock: bool) -> Option<State> {
        let end = self.end();
        if at < self.sent || at >= end {
            return None;
        }
        let waits = if has_a_loop {
            State::Parked
        } else {
            State::Blocked
        };
        // Another request has the worker, or its lock.
        let ready = if has_a_loop || has_a_lock {
            State::Ready
        } else {
            State::WantsACore
        };
        let taken = self.taken();
        if taken.is_none_or(|taken| at < taken) {
            // A client that has left is in no state; a worker may take its connection later.
            if self.done.is_some_and(|done| done <= at) {
                return None;
            }
            return Some(if self.opened { State::AtTheDoor } else { ready });
        }
        let next = self.slices.partition_point(|slice| slice.to <= at);
        if let Some(slice) = self.slices.get(next) {
            if slice.from <= at {
                let inside = self.breaks.iter().find(|it| it.0 <= at && at < it.1);
                return Some(inside.map_or(State::Running, |it| it.2));
            }
            let could = slice.ready <= at;
            return Some(match next.checked_sub(1).map(|last| &self.slices[last]) {
                _ if could => ready,
                None => ready,
                Some(last) if last.then == "yielded" => ready,
                Some(_) => waits,
            });
        }
        // After its last known slice: a wait that never ended, or the end of the record.
        let Some(last) = self.slices.last() else {
            return Some(ready);
        };
        match last.then.as_str() {
            "ended" => None,
            "yielded" => Some(ready),
            _ => Some(waits),
        }
    }
}

impl Account {
    /// Returns the states of a request at the edges of its slices within an interval, which may be shorter
    /// than the steps of the check.
    pub(super) fn states_within(&self, request: &Request, from: Ns, to: Ns) -> Vec<Option<State>> {
        let edges = request.edges().into_iter();
        let inside = edges.filter(|edge| from <= *edge && *edge <= to);
        inside.map(|edge| self.drawn(request, edge)).collect()
    }

    /// True if a worker is between two slices that follow each other within a millisecond, in its hub, or
    /// runs a connection whose request is not read yet or is over: no row of the tables has the hub's own
    /// time, and a worker closes a connection after the last byte of its request. The simulated hub takes
    /// no time.
    pub(super) fn is_between(&self, worker: u16, at: Ns) -> bool {
        let own = self.requests.iter().filter(|it| it.worker == Some(worker));
        let mut over = own.clone().filter(|it| self.state(it, at).is_none());
        if over.any(|it| it.claim(at).is_some()) {
            return true;
        }
        let slices = own.flat_map(|it| &it.slices);
        let mut unread = self.unread.iter();
        if unread.any(|it| it.worker == worker && it.is_at(at)) {
            return true;
        }
        let between = if self.origin == "measured" {
            1_000_000
        } else {
            1
        };
        let near = |edge: Ns| edge.abs_diff(at) < between;
        slices.into_iter().any(|it| near(it.from) || near(it.to))
    }
}

impl Account {
    pub(super) fn has_a_loop(&self) -> bool {
        self.kind == "coroutine" || self.kind == "callback"
    }

    /// Returns the core time that all workers used between two samples, in seconds.
    pub(super) fn cpu_between(&self, from: Ns, to: Ns) -> f64 {
        let at = |at: Ns| {
            let place = self.samples.partition_point(|sample| *sample < at);
            self.workers_cpu[place.min(self.workers_cpu.len() - 1)] as f64
        };
        (at(to) - at(from)) / 1e9
    }
}

impl Account {
    /// Returns the time since which a request has had a worker, if it has it at this instant.
    pub(super) fn runs(&self, request: u32, worker: u16, at: Ns) -> Option<Ns> {
        let request = self.requests.iter().find(|it| it.number == request)?;
        let slice = request
            .slices
            .iter()
            .find(|it| it.from <= at && at < it.to)?;
        (request.worker == Some(worker)).then_some(slice.from)
    }
}
