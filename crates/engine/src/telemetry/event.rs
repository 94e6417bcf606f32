//! Events that can be written into a ring, and their encoding in eight words.
//!
//! Word 0 is the kind (8 bits), a small number (24 bits: a task, or a mode) and a request's number (32
//! bits). Word 1 is the instant. The rest depends on the kind. A reader reports a kind that it does not
//! know.

use serde::{Deserialize, Serialize};

use super::Marker;
use super::coded::coded;
use super::number::{NO_REQUEST, SMALL_FIELD};
use super::request::{Failure, Outcome, RunSlice, SentRequest, Served, SwitchReason};
use super::termination::TerminationCause;
use super::wait::{WaitParts, WaitPurpose};
use concsim_model::units::{CpuTime, Elapsed, Stamp};

/// Encoded event: eight words, one cache line.
pub type Record = [u64; 8];

coded! {
    /// Activity of a worker, in the words of the screen.
    #[derive(Default)]
    pub enum Phase {
        /// Forked, not yet serving.
        #[default]
        Booting = 0, "booting";
        /// Nothing to run.
        Idle = 1, "idle";
        /// Running a request's code.
        Running = 2, "running";
        /// Asleep in one call, during which it can do nothing else.
        Blocked = 3, "blocked";
        /// Finishing the requests that it has begun, accepting no new ones.
        Draining = 4, "draining";
        /// The process has ended.
        Gone = 5, "gone";
        /// Asleep, as seen from outside: idle, or in a wait.
        Asleep = 6, "asleep";
    }
}

/// Event in a worker, or about one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// A worker accepted a connection.
    Accepted {
        /// Instant of the accept.
        at: Stamp,
        /// Number of its task (coroutine worker) or of the connection (sync worker); reused.
        task: u32,
        /// Number of the connection: of its client's end (address and port), in a simulation a number of
        /// its own. `None` in recordings that lack it.
        connection: Option<u32>,
    },
    /// A request ran on its worker: in a coroutine worker from one switch of the hub to the next, which are
    /// two coroutine switches; in a sync worker from the end of one blocking call to the beginning of the
    /// next.
    RunSlice(RunSlice),
    /// The operating system took the core away from a computing worker.
    Preempted {
        /// Beginning, ±1 µs.
        from: Stamp,
        /// End.
        to: Stamp,
        /// Task whose computation was interrupted.
        task: u32,
        /// Request of the task.
        request: u32,
        /// Core that it had.
        core: Option<u32>,
    },
    /// The worker slept in one call, during which it could do nothing else.
    BlockedIn {
        /// Beginning.
        from: Stamp,
        /// End.
        to: Stamp,
        /// Task that made the call.
        task: u32,
        /// Request of the task.
        request: u32,
    },
    /// The next part of a request's wait begins. Only for waits of more than one part.
    Awaits {
        /// Instant at which it begins.
        at: Stamp,
        /// Task that waits.
        task: u32,
        /// Request of the task.
        request: u32,
        /// Part that begins.
        part: WaitPurpose,
    },
    /// The parts of [`Served::waited`]. Published right before the request's [`Event::Served`], unless it
    /// never waited.
    Waited(WaitParts),
    /// A request's last byte was written, or its connection ended.
    Served(Served),
    /// A client sent a request. In load's ring.
    Sent(SentRequest),
    /// A request has ended for its client. In load's ring.
    Ended(Outcome),
    /// A service answered a call. In the services' own ring.
    Answered {
        /// Index into the scenario's services.
        service: u32,
        /// Request that called; [`NO_REQUEST`] in recordings that lack it.
        request: u32,
        /// Instant at which the call was read.
        asked: Stamp,
        /// Instant at which the answer was due.
        due: Stamp,
        /// Instant at which it was written.
        written: Stamp,
    },
    /// The arbiter forked a worker.
    Forked {
        /// Instant of the fork.
        at: Stamp,
        /// Slot of the worker.
        worker: u32,
        /// Process id of the worker.
        pid: u32,
    },
    /// The run was steered. In no ring: the driver adds it to the recording itself.
    Marked(Marker),
    /// A worker's process ended.
    Died {
        /// Instant at which the arbiter reaped it.
        at: Stamp,
        /// Slot that it had.
        worker: u32,
        /// Process id that it had.
        pid: u32,
        /// Exit code, or −signal.
        status: i32,
        /// Action of the arbiter to end it; [`None`] for none, or if it was not reported yet.
        cause: Option<TerminationCause>,
    },
}

const ACCEPTED: u64 = 1;
const RAN: u64 = 2;
const PREEMPTED: u64 = 3;
const BLOCKED_IN: u64 = 4;
const SERVED: u64 = 5;
const FORKED: u64 = 6;
const DIED: u64 = 7;
const ANSWERED: u64 = 8;
const SENT: u64 = 9;
const ENDED: u64 = 10;
const MARKED: u64 = 11;
const BY_TIMELINE: u64 = 12;
const AWAITS: u64 = 13;
const WAITED: u64 = 14;

fn head(kind: u64, small: u32, request: u32) -> u64 {
    kind << 56 | u64::from(small & SMALL_FIELD) << 32 | u64::from(request)
}

/// Decodes the small field and the request of a record's head.
fn parts_of(head: u64) -> (u32, u32) {
    ((head >> 32) as u32 & SMALL_FIELD, head as u32)
}

/// Encodes a number as one more; zero stands for "cannot tell".
fn optional_word(number: Option<u32>) -> u64 {
    number.map_or(0, |number| u64::from(number) + 1)
}

fn optional_of(word: u64) -> Option<u32> {
    u32::try_from(word.checked_sub(1)?).ok()
}

impl Event {
    /// Encodes the event in eight words.
    #[must_use]
    pub fn to_record(&self) -> Record {
        match *self {
            Self::Accepted {
                at,
                task,
                connection,
            } => {
                let head = head(ACCEPTED, task, NO_REQUEST);
                [head, at.0, optional_word(connection), 0, 0, 0, 0, 0]
            }
            Self::RunSlice(ran) => ran.to_record(),
            Self::Preempted {
                from,
                to,
                task,
                request,
                core,
            } => {
                let head = head(PREEMPTED, task, request);
                [head, from.0, to.0, optional_word(core), 0, 0, 0, 0]
            }
            Self::Sent(sent) => sent.to_record(),
            Self::Ended(outcome) => outcome.to_record(),
            Self::BlockedIn {
                from,
                to,
                task,
                request,
            } => [head(BLOCKED_IN, task, request), from.0, to.0, 0, 0, 0, 0, 0],
            Self::Awaits {
                at,
                task,
                request,
                part,
            } => {
                let head = head(AWAITS, task, request);
                [head, at.0, part as u64, 0, 0, 0, 0, 0]
            }
            Self::Waited(parts) => parts.to_record(),
            Self::Served(served) => served.to_record(),
            Self::Answered {
                service,
                request,
                asked,
                due,
                written,
            } => {
                let head = head(ANSWERED, service, request);
                [head, asked.0, due.0, written.0, 0, 0, 0, 0]
            }
            Self::Forked { at, worker, pid } => {
                let head = head(FORKED, worker, NO_REQUEST);
                [head, at.0, u64::from(pid), 0, 0, 0, 0, 0]
            }
            Self::Marked(marker) => marker.to_record(),
            Self::Died {
                at,
                worker,
                pid,
                status,
                cause,
            } => {
                let head = head(DIED, worker, NO_REQUEST);
                let status = u64::from(status.cast_unsigned());
                let cause = cause.map_or(0, |cause| cause as u64);
                [head, at.0, u64::from(pid), status, cause, 0, 0, 0]
            }
        }
    }

    /// Decodes a record; `None` if this version does not know its kind.
    #[must_use]
    pub fn from_record(record: &Record) -> Option<Self> {
        let [head, a, b, c, d, ..] = *record;
        let (small, request) = parts_of(head);
        let (from, to) = (Stamp(a), Stamp(b));
        Some(match head >> 56 {
            ACCEPTED => Self::Accepted {
                at: from,
                task: small,
                connection: optional_of(b),
            },
            RAN => Self::RunSlice(RunSlice::from_record(record, small, request)?),
            PREEMPTED => Self::Preempted {
                from,
                to,
                task: small,
                request,
                core: optional_of(c),
            },
            SENT => Self::Sent(SentRequest::from_record(record)?),
            ENDED => Self::Ended(Outcome::from_record(record)?),
            BLOCKED_IN => Self::BlockedIn {
                from,
                to,
                task: small,
                request,
            },
            AWAITS => Self::Awaits {
                at: from,
                task: small,
                request,
                part: WaitPurpose::from_raw(b)?,
            },
            WAITED => Self::Waited(WaitParts::from_record(record, small, request)),
            SERVED => Self::Served(Served::from_record(record, small, request)),
            ANSWERED => Self::Answered {
                service: small,
                request,
                asked: from,
                due: to,
                written: Stamp(c),
            },
            FORKED => Self::Forked {
                at: from,
                worker: small,
                pid: u32::try_from(b).ok()?,
            },
            MARKED | BY_TIMELINE => Self::Marked(Marker::from_record(record, small)?),
            DIED => Self::Died {
                at: from,
                worker: small,
                pid: u32::try_from(b).ok()?,
                status: u32::try_from(c).ok()?.cast_signed(),
                cause: TerminationCause::from_raw(d),
            },
            _ => return None,
        })
    }
}

impl SentRequest {
    fn to_record(self) -> Record {
        let head = head(SENT, u32::from(self.class), self.request);
        let connection = optional_word(self.connection);
        let opened = u64::from(self.opened);
        [head, self.due.0, self.sent.0, connection, opened, 0, 0, 0]
    }

    fn from_record(record: &Record) -> Option<Self> {
        let [head, due, sent, connection, opened, ..] = *record;
        let (class, request) = parts_of(head);
        Some(Self {
            request,
            class: u16::try_from(class).ok()?,
            due: Stamp(due),
            sent: Stamp(sent),
            connection: optional_of(connection),
            opened: opened == 1,
        })
    }
}

impl RunSlice {
    fn to_record(self) -> Record {
        [
            head(RAN, self.task, self.request),
            self.from.0,
            self.to.0,
            self.ready.0,
            self.then as u64,
            optional_word(self.core),
            // The length plus one; 0 stands for none.
            self.due
                .map_or(0, |due| due.since(self.to).0.saturating_add(1)),
            0,
        ]
    }

    fn from_record(record: &Record, task: u32, request: u32) -> Option<Self> {
        let [_, from, to, ready, then, core, due, _] = *record;
        Some(Self {
            ready: Stamp(ready),
            from: Stamp(from),
            to: Stamp(to),
            task,
            request,
            then: SwitchReason::from_raw(then)?,
            due: (due > 0).then(|| Stamp(to.saturating_add(due - 1))),
            core: optional_of(core),
        })
    }
}

/// Interventions by the timeline and by hand are different kinds: a reader that does not know the first
/// kind must not take a run that went as its scenario says for a steered one.
impl Marker {
    fn to_record(self) -> Record {
        let (which, on) = self.to_numbers();
        let by_timeline = |event| (BY_TIMELINE, u64::from(event));
        let (kind, event) = self.timeline_event.map_or((MARKED, 0), by_timeline);
        let head = head(kind, which, NO_REQUEST);
        [head, self.at.0, on, event, 0, 0, 0, 0]
    }

    fn from_record(record: &Record, which: u32) -> Option<Self> {
        let [head, at, on, event, ..] = *record;
        let (intervention, worker) = Self::from_numbers(which, on)?;
        let is_by_timeline = head >> 56 == BY_TIMELINE;
        Some(Self {
            at: Stamp(at),
            intervention,
            worker,
            timeline_event: is_by_timeline.then_some(u16::try_from(event).ok()?),
        })
    }
}

impl WaitParts {
    fn to_record(self) -> Record {
        [
            head(WAITED, self.task, self.request),
            self.thread.0,
            self.connection.0,
            self.queue.0,
            self.call.0,
            self.sleep.0,
            self.client.0,
            self.at.0,
        ]
    }

    fn from_record(record: &Record, task: u32, request: u32) -> Self {
        let [_, a, b, c, d, e, f, at] = record.map(Elapsed);
        Self {
            at: Stamp(at.0),
            request,
            task,
            thread: a,
            connection: b,
            queue: c,
            call: d,
            sleep: e,
            client: f,
        }
    }
}

impl Served {
    fn to_record(self) -> Record {
        [
            head(SERVED, self.task, self.request),
            self.accepted.0,
            self.first_read.0,
            self.written.0,
            self.waited.0,
            self.ready.0,
            self.core_wait.0,
            self.cpu.0,
        ]
    }

    fn from_record(record: &Record, task: u32, request: u32) -> Self {
        let [_, a, b, c, d, e, f, g] = *record;
        Self {
            request,
            task,
            accepted: Stamp(a),
            first_read: Stamp(b),
            written: Stamp(c),
            waited: Elapsed(d),
            ready: Elapsed(e),
            core_wait: Elapsed(f),
            cpu: CpuTime(g),
        }
    }
}

impl Outcome {
    fn to_record(self) -> Record {
        let failure = self.failure.map_or(0, |failure| failure as u64);
        let flags = failure | u64::from(self.opened) << 8 | u64::from(self.status) << 16;
        [
            head(ENDED, u32::from(self.class), self.request),
            flags,
            self.due.0,
            self.sent.0,
            self.first_byte.0,
            self.done.0,
            // The length plus one; 0 stands for none, as in older recordings.
            self.unread.map_or(0, |unread| unread.0.saturating_add(1)),
            0,
        ]
    }

    fn from_record(record: &Record) -> Option<Self> {
        let failure = match record[1] & 0xFF {
            0 => None,
            number => Some(Failure::from_raw(number)?),
        };
        let (class, request) = parts_of(record[0]);
        Some(Self {
            request,
            class: u16::try_from(class).ok()?,
            status: u16::try_from(record[1] >> 16 & 0xFFFF).ok()?,
            failure,
            opened: record[1] >> 8 & 1 == 1,
            due: Stamp(record[2]),
            sent: Stamp(record[3]),
            first_byte: Stamp(record[4]),
            done: Stamp(record[5]),
            unread: record[6].checked_sub(1).map(Elapsed),
        })
    }
}

#[cfg(test)]
mod tests;
