//! Resources and waits of one connection's requests, one after the other. Each worker's World keeps the
//! account; it goes to the scoreboard when a request ends, and to the client in the default body.

use super::compute::burn_until;
use super::wire::Answer;
use crate::handler::RequestTimes;
use crate::sys::processes;
use crate::telemetry::{
    Event, NO_REQUEST, Phase, Probe, RunSlice, Served, SwitchReason, WaitParts, WaitPurpose,
    stated_request,
};
use concsim_model::units::{CpuTime, Elapsed, Stamp};

/// Shortest time from a call's sending to its service's beginning that counts as a wait in the service's
/// queue, and is published. A service that is awake begins within a tenth of it.
const LEAST_QUEUE: Elapsed = Elapsed::from_millis(1);

/// Purpose of a wait.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wait {
    /// A new connection to a service.
    Connection,
    /// A service's answer.
    Call {
        /// Instant at which the call had a connection.
        connected: Stamp,
        /// Instant at which the service began to serve it.
        served: Stamp,
    },
    /// A timer.
    Timer,
    /// Bytes from the client, or room for bytes to it.
    Client,
}

impl Wait {
    /// Returns the end and the purpose of the wait for an answer, on a connection that was there at
    /// `connected`. `wait` is the service time that the call asked for; the answer says when it was due.
    pub(super) fn for_answer(connected: Stamp, answer: &Answer, wait: Elapsed) -> (Stamp, Self) {
        let served = Stamp(answer.due.0.saturating_sub(wait.0));
        (answer.written, Self::Call { connected, served })
    }

    /// Returns the purpose of a wait for a part of an answer, in which the service served the call since
    /// `begun`.
    pub(super) fn part_of_answer(begun: Stamp) -> Self {
        Self::Call {
            connected: begun,
            served: begun,
        }
    }

    /// Returns its purpose in the terms of telemetry, before it is known to consist of parts.
    fn purpose(self) -> WaitPurpose {
        match self {
            Self::Connection => WaitPurpose::Connection,
            Self::Call { .. } => WaitPurpose::Answer,
            Self::Timer | Self::Client => WaitPurpose::Timer,
        }
    }
}

/// Account of a connection's current request.
#[derive(Debug)]
pub(super) struct RequestAccounting {
    /// Number of the task (coroutine worker) or of the connection (sync worker, threads).
    pub(super) task: u32,
    /// Number of the request in the run; [`NO_REQUEST`] until it has stated one.
    pub(super) request: u32,
    /// Sums so far.
    pub(super) spent: RequestTimes,
    /// Sums of the waits, by purpose.
    parts: WaitParts,
    /// Instant at which the worker took it; before it has begun, the end of the previous request.
    since: Stamp,
    first_read: Option<Stamp>,
    /// True if a request has begun and not ended.
    begun: bool,
    /// Request that has ended since the connection last waited.
    ended: u32,
}

impl RequestAccounting {
    /// Returns the account of a connection accepted at `accepted`; its first request has begun with that.
    pub(super) fn accepted(task: u32, accepted: Stamp) -> Self {
        Self {
            task,
            request: NO_REQUEST,
            spent: RequestTimes::default(),
            parts: WaitParts::default(),
            since: accepted,
            first_read: None,
            begun: true,
            ended: NO_REQUEST,
        }
    }

    /// Instant at which the worker took the request; before one has begun, the end of the previous request.
    pub(super) fn since(&self) -> Stamp {
        self.since
    }

    /// Notes bytes of a request at `at`, with which it has begun if it had not.
    pub(super) fn on_bytes(&mut self, probe: &Probe, at: Stamp) {
        if !self.begun {
            probe.begun(at);
            (self.begun, self.since) = (true, at);
        }
        self.first_read.get_or_insert(at);
    }

    /// True if bytes of the request have come. A wait before that is the client's and does not count.
    pub(super) fn has_come(&self) -> bool {
        self.first_read.is_some()
    }

    /// Notes the request's number in the run. A number beyond all runs, which any client may send, counts
    /// as none.
    pub(super) fn is_number(&mut self, number: Option<u64>) {
        self.request = number.map_or(NO_REQUEST, stated_request);
    }

    /// Number of the request that the ending slice belongs to: the current one, or the one that has ended
    /// in it.
    pub(super) fn works_for(&self) -> u32 {
        if self.request == NO_REQUEST {
            self.ended
        } else {
            self.request
        }
    }

    /// Begins a slice: requests that ended before it no longer count.
    pub(super) fn slice_begins(&mut self) {
        self.ended = NO_REQUEST;
    }

    /// Returns the account of a request of a connection that was kept; it has begun at `taken`.
    pub(super) fn of_kept_connection(probe: &Probe, task: u32, taken: Stamp) -> Self {
        probe.begun(taken);
        Self::accepted(task, taken)
    }

    /// Adds a wait from `begun` to `over`, after which the request went on at `resumed`. Returns its
    /// length.
    fn waited(
        &mut self,
        probe: &Probe,
        (begun, over, resumed): (Stamp, Stamp, Stamp),
        wait: Wait,
    ) -> Elapsed {
        // The stamp of a service is another process's and may lie outside by a little.
        let over = over.clamp(begun, resumed.max(begun));
        self.spent.ready += resumed.since(over);
        let length = over.since(begun);
        match wait {
            Wait::Connection => {
                self.parts.connection += length;
                self.publish_part(probe, begun, WaitPurpose::Connection);
                self.publish_part(probe, over, WaitPurpose::Answer);
            }
            Wait::Call { connected, served } => {
                self.parts.add_call(begun, connected, served, over);
                self.publish_parts_of_call(probe, begun, connected, served.min(over));
            }
            Wait::Timer => self.parts.sleep += length,
            Wait::Client => self.parts.client += length,
        }
        length
    }

    /// Publishes the parts of a call's wait and when they began. A call with a connection and no wait in
    /// the service's queue has one part, and publishes nothing.
    fn publish_parts_of_call(&self, probe: &Probe, begun: Stamp, connected: Stamp, served: Stamp) {
        let has_queued = served.since(connected) >= LEAST_QUEUE;
        if connected > begun {
            self.publish_part(probe, begun, WaitPurpose::Connection);
            if !has_queued {
                self.publish_part(probe, connected, WaitPurpose::Answer);
            }
        }
        if has_queued {
            self.publish_part(probe, connected, WaitPurpose::Queue);
            self.publish_part(probe, served, WaitPurpose::Answer);
        }
    }

    fn publish_part(&self, probe: &Probe, at: Stamp, part: WaitPurpose) {
        probe.event(&Event::Awaits {
            at,
            task: self.task,
            request: self.works_for(),
            part,
        });
    }

    /// Blocks the thread, with all its requests, in `sleep`. `over` returns the end and the purpose of the
    /// wait, given the result of `sleep` and the instants at which it began and returned. Returns that
    /// result, and the end of the wait.
    pub(super) fn block<T>(
        &mut self,
        probe: &Probe,
        sleep: impl FnOnce() -> T,
        over: impl FnOnce(&T, Stamp, Stamp) -> (Stamp, Wait),
    ) -> (T, Stamp) {
        let from = probe.now();
        probe.phase(Phase::Blocked, from);
        let slept = sleep();
        let to = probe.now();
        probe.phase(Phase::Running, to);
        let (task, request) = (self.task, self.request);
        probe.event(&Event::BlockedIn {
            from,
            to,
            task,
            request,
        });
        let (over, wait) = over(&slept, from, to);
        if self.has_come() {
            let length = self.waited(probe, (from, over, to), wait);
            self.spent.blocked += length;
        }
        (slept, over)
    }

    /// Adds a wait that parked the task, as [`Self::waited`].
    pub(super) fn park(&mut self, probe: &Probe, times: (Stamp, Stamp, Stamp), wait: Wait) {
        if self.has_come() {
            let length = self.waited(probe, times, wait);
            self.spent.parked += length;
            self.spent.yields += 1;
        }
    }

    /// Adds a wait that parked the task and was executed by a thread of the pool, which it had at `had_thread`;
    /// [`None`] if a thread was free at once.
    pub(super) fn park_in_threads(
        &mut self,
        probe: &Probe,
        (begun, over, resumed): (Stamp, Stamp, Stamp),
        had_thread: Option<Stamp>,
        wait: Wait,
    ) {
        let had = had_thread.unwrap_or(begun).clamp(begun, resumed.max(begun));
        if had > begun && self.has_come() {
            let queued = had.since(begun);
            self.parts.thread += queued;
            self.spent.parked += queued;
            self.publish_part(probe, begun, WaitPurpose::Thread);
            self.publish_part(probe, had, wait.purpose());
        }
        self.park(probe, (had, over, resumed), wait);
    }

    /// Computes, and publishes each time in which the core was taken away.
    pub(super) fn compute(&mut self, probe: &Probe, cpu: CpuTime) {
        self.compute_until(probe, cpu, || false);
    }

    /// Computes for `cpu`, or until `is_over`, as [`Self::compute`]. Returns the CPU time.
    pub(super) fn compute_until(
        &mut self,
        probe: &Probe,
        cpu: CpuTime,
        is_over: impl Fn() -> bool,
    ) -> CpuTime {
        let (task, request) = (self.task, self.request);
        let burnt = burn_until(cpu, probe.clock(), is_over, |from, to, core| {
            probe.event(&Event::Preempted {
                from,
                to,
                task,
                request,
                core,
            });
        });
        self.spent.cpu += burnt.cpu;
        self.spent.core_wait += burnt.core_wait();
        burnt.cpu
    }

    /// Adds a wait for the lock of the process: the request was ready, and another one had the process.
    pub(super) fn waited_for_lock(&mut self, length: Elapsed) {
        self.spent.ready += length;
    }

    /// Ends the request at `at`, if one has begun. `answered`: to its last byte.
    pub(super) fn end(&mut self, probe: &Probe, at: Stamp, answered: bool) {
        if !self.begun {
            return;
        }
        let spent = std::mem::take(&mut self.spent);
        let parts = std::mem::take(&mut self.parts);
        if parts.total() > Elapsed::ZERO {
            probe.event(&Event::Waited(WaitParts {
                at,
                request: self.request,
                task: self.task,
                ..parts
            }));
        }
        let served = Served {
            request: self.request,
            task: self.task,
            accepted: self.since,
            first_read: self.first_read.take().unwrap_or(at),
            written: at,
            waited: spent.parked + spent.blocked,
            ready: spent.ready,
            core_wait: spent.core_wait,
            cpu: spent.cpu,
        };
        probe.ended(served, answered);
        self.ended = self.request;
        (self.begun, self.since, self.request) = (false, at, NO_REQUEST);
    }
}

/// Run of a thread's request that has not ended yet: it lasts from the end of one blocking call to the
/// beginning of the next.
pub(super) struct OpenSlice {
    /// Instant at which it could have begun.
    ready: Stamp,
    /// Instant at which it began.
    from: Stamp,
}

impl OpenSlice {
    /// Returns the first slice of a connection.
    pub(super) fn accepted(at: Stamp) -> Self {
        Self {
            ready: at,
            from: at,
        }
    }

    /// Begins a slice now; it could have begun at `ready`.
    pub(super) fn begin(probe: &Probe, ready: Stamp) -> Self {
        let from = probe.now();
        Self {
            ready: ready.min(from),
            from,
        }
    }

    /// Ends the slice now, and publishes it. `due` is the end of the wait that follows, if that is a timer.
    pub(super) fn end(
        &self,
        probe: &Probe,
        accounting: &RequestAccounting,
        then: SwitchReason,
        due: Option<Stamp>,
    ) {
        probe.event(&Event::RunSlice(RunSlice {
            ready: self.ready,
            from: self.from,
            to: probe.now(),
            task: accounting.task,
            request: accounting.works_for(),
            then,
            due,
            core: processes::own_core(),
        }));
    }
}
