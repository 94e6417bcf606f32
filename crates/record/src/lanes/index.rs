//! Searchable lists of the requests that had each worker: built once, extended as a recording grows.
//!
//! A worker does one thing at a time, so its entries never overlap: each list is sorted by time and is
//! searched by bisection. A worker with threads does several; there the entries of each request are. Nothing
//! here depends on the time of the query.
//!
//! A worker that is killed during a run does not report it. The last sample before its death shows its
//! activity; this counts as a run up to the death.

use std::collections::BTreeMap;

use super::Interval;
use super::arrivals::Arrivals;
use super::blocks::Blocks;
use super::worker_activity::{Break, BreakKind, Claim, Part, Slice, WorkerActivity};
use crate::Recording;
use crate::cut_short::CutShort;
use concsim_engine::telemetry::{Event, RunSlice, SwitchReason, WaitPurpose};
use concsim_model::scenario::ConnectionMode::PerRequest;
use concsim_model::units::Stamp;

/// Maximum excess of a request's number over the number of requests sent so far.
const FAR_AHEAD: usize = 1 << 20;

/// Index of one recording.
#[derive(Clone, Debug)]
pub struct Index {
    /// Value of [`Recording::one_in`] at the time of building.
    pub(super) one_in: u32,
    read: ReadPositions,
    /// Requests, by number.
    pub(super) requests: Vec<Entry>,
    /// Sent requests, by their position in [`Recording::sent`].
    pub(super) blocks: Blocks,
    pub(super) arrivals: Arrivals,
    /// Workers, by slot.
    pub(super) workers: Vec<WorkerActivity>,
    /// Running times, by core and worker; those of a worker with threads in several lists, so that the entries
    /// of each do not overlap.
    pub(super) claims: BTreeMap<(Option<u32>, u16, u16), Vec<Claim>>,
    /// True if workers have threads, whose entries overlap.
    has_threads: bool,
    /// True if a switch did not name its core.
    pub(super) is_without_cores: bool,
    /// True if services report the request that they answered.
    pub(super) has_answers: bool,
    /// Ends of workers' processes that have been read but not yet sorted into the workers' lists.
    deaths: Vec<Death>,
}

/// The end of a worker's process.
#[derive(Clone, Copy, Debug)]
struct Death {
    worker: u16,
    at: Stamp,
    /// The interrupted run, from the last sample before the death.
    cut_short: Option<CutShort>,
}

/// Number of entries read, of each list.
#[derive(Clone, Copy, Debug, Default)]
struct ReadPositions {
    sent: usize,
    outcomes: usize,
    events: usize,
    switches: usize,
    answers: usize,
}

/// Positions of one request in the recording's lists.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    pub(super) sent: Option<u32>,
    pub(super) outcome: Option<u32>,
    pub(super) served: Option<u32>,
    pub(super) waited: Option<u32>,
    /// Worker and position in [`WorkerActivity::slices`] of each of its run slices.
    pub(super) slices: Vec<(u16, u32)>,
    /// Times at which its waits entered another part, in order of time; only of waits that have more than
    /// one part.
    pub(super) parts: Vec<(Stamp, WaitPurpose)>,
    /// Times at which its service read its newest answered call, and answered it.
    pub(super) answered: Option<(Stamp, Stamp)>,
}

impl Default for Index {
    fn default() -> Self {
        Self {
            one_in: 1,
            read: ReadPositions::default(),
            requests: Vec::new(),
            blocks: Blocks::default(),
            arrivals: Arrivals::default(),
            workers: Vec::new(),
            claims: BTreeMap::new(),
            has_threads: false,
            is_without_cores: false,
            has_answers: false,
            deaths: Vec::new(),
        }
    }
}

impl Index {
    /// Reads the recording's new entries. If switches were dropped meanwhile, everything is read anew.
    pub fn extend(&mut self, recording: &Recording) {
        let shrank = recording.switches.len() < self.read.switches
            || recording.answers.len() < self.read.answers;
        if recording.one_in != self.one_in || shrank {
            *self = Self {
                one_in: recording.one_in,
                ..Self::default()
            };
        }
        self.read_requests(recording);
        self.read_events(recording);
        self.read_ends(recording);
        let known = recording.sent.len();
        let has_threads = recording.header.scenario.server.kind.has_threads();
        self.has_threads = has_threads;
        for (worker, switch) in &recording.switches[self.read.switches..] {
            // The sleep of one thread does not interrupt the run of another.
            if !(has_threads && matches!(switch, Event::BlockedIn { .. })) {
                self.note_switch(*worker, switch, known);
            }
        }
        self.note_deaths(known, |_| true);
        for answer in &recording.answers[self.read.answers..] {
            self.note_answer(answer, known);
        }
        self.read = ReadPositions {
            sent: recording.sent.len(),
            outcomes: recording.outcomes.len(),
            events: recording.events.len(),
            switches: recording.switches.len(),
            answers: recording.answers.len(),
        };
    }

    /// Returns the time at which a worker accepted a request, if known.
    pub(crate) fn accepted(&self, request: u32) -> Option<Stamp> {
        let (_, accepted) = self.arrivals.taken(request)?;
        (accepted < Stamp::NEVER).then_some(accepted)
    }

    /// Number of requests at the door at `at`. A request whose client has left is no longer there, even if
    /// a worker accepts its connection later; gauges cannot see that. [`None`] if some arrivals or accepts
    /// are not known, or if the recording has not been read completely.
    #[must_use]
    pub fn at_the_door(&self, recording: &Recording, at: Stamp) -> Option<u64> {
        self.has_all_arrivals(recording)
            .then(|| self.arrivals.at_the_door(at))
    }

    /// Mean number of requests at the door over an interval that is not longer than the recording; 0 over
    /// an empty interval. [`None`] as in [`Index::at_the_door`].
    #[must_use]
    pub fn mean_at_the_door(&self, recording: &Recording, interval: Interval) -> Option<f64> {
        self.has_all_arrivals(recording)
            .then(|| self.arrivals.mean_at_the_door(interval))
    }

    /// Number of good answers that arrived in an interval; [`None`] as in [`Index::at_the_door`]. Load's
    /// own counter lags if load has no core.
    #[must_use]
    pub fn answered(&self, recording: &Recording, interval: Interval) -> Option<u64> {
        self.has_all_arrivals(recording)
            .then(|| self.arrivals.answered(interval))
    }

    fn has_all_arrivals(&self, recording: &Recording) -> bool {
        let has_read = (self.read.sent, self.read.outcomes, self.read.events);
        let there_is = (
            recording.sent.len(),
            recording.outcomes.len(),
            recording.events.len(),
        );
        let is_whole = recording.dropped_events == 0 && recording.dropped_outcomes == 0;
        has_read == there_is && is_whole && recording.event_count > 0 && !recording.sent.is_empty()
    }

    fn read_requests(&mut self, recording: &Recording) {
        let read = self.read;
        let place = |place: usize| place as u32;
        let opens_always = recording.header.scenario.load.connection == PerRequest;
        for (at, sent) in (read.sent..).zip(&recording.sent[read.sent..]) {
            if let Some(entry) = self.entry(sent.request, at) {
                entry.sent = Some(place(at));
                let outcome = entry.outcome;
                self.arrivals.send(sent, opens_always);
                self.blocks.send(at, sent.sent);
                if let Some(outcome) = outcome.map(|outcome| outcome as usize) {
                    let done = recording.outcomes[outcome].done;
                    self.blocks.end(at, outcome, done, true);
                }
            }
        }
        let known = recording.sent.len();
        for (at, outcome) in (read.outcomes..).zip(&recording.outcomes[read.outcomes..]) {
            if let Some(entry) = self.entry(outcome.request, known) {
                let is_first = entry.outcome.replace(place(at)).is_none();
                if let Some(sent) = entry.sent {
                    let done = outcome.done;
                    self.blocks.end(sent as usize, at, done, is_first);
                }
            }
        }
    }

    fn read_events(&mut self, recording: &Recording) {
        let (read, known) = (self.read.events, recording.sent.len());
        for (at, (slot, event)) in (read..).zip(&recording.events[read..]) {
            let place = at as u32;
            match event {
                Event::Accepted { at, connection, .. } => {
                    self.arrivals.accept(*slot, *at, *connection);
                }
                Event::Served(served) => {
                    if let Some(entry) = self.entry(served.request, known) {
                        entry.served = Some(place);
                        let arrivals = &mut self.arrivals;
                        arrivals.take(served.request, *slot, served.accepted);
                        arrivals.note_end(served.request, *slot, served.written);
                    }
                }
                Event::Waited(parts) => {
                    if let Some(entry) = self.entry(parts.request, known) {
                        entry.waited = Some(place);
                    }
                }
                Event::Forked { at, worker, pid } => {
                    self.workings(*worker as u16).forks.push((*at, *pid));
                }
                Event::Died {
                    at, worker, pid, ..
                } => {
                    let worker = *worker as u16;
                    let cut_short =
                        CutShort::last_run_before(&recording.samples, *at, worker, *pid);
                    let at = *at;
                    self.deaths.push(Death {
                        worker,
                        at,
                        cut_short,
                    });
                }
                _ => {}
            }
        }
    }

    /// Runs after the events: a request that was accepted before it ended has left the door by then.
    fn read_ends(&mut self, recording: &Recording) {
        for outcome in &recording.outcomes[self.read.outcomes..] {
            let entry = self.entry(outcome.request, recording.sent.len());
            if let Some(was_sent) = entry.map(|entry| entry.sent.is_some()) {
                self.arrivals.end(outcome, was_sent);
            }
        }
    }

    /// Returns the entry of a request; `None` for a number far from those of the run, which has sent `sent`
    /// requests: load counts from 0.
    fn entry(&mut self, request: u32, sent: usize) -> Option<&mut Entry> {
        let place = request as usize;
        if place > sent + FAR_AHEAD {
            return None;
        }
        if self.requests.len() <= place {
            self.requests.resize(place + 1, Entry::default());
        }
        Some(&mut self.requests[place])
    }

    fn workings(&mut self, worker: u16) -> &mut WorkerActivity {
        let slot = usize::from(worker);
        if self.workers.len() <= slot {
            self.workers.resize(slot + 1, WorkerActivity::default());
        }
        &mut self.workers[slot]
    }

    fn note_switch(&mut self, worker: u16, switch: &Event, sent: usize) {
        if let Some(from) = begin_of(switch).filter(|_| !self.deaths.is_empty()) {
            self.note_deaths(sent, |death| death.worker == worker && death.at <= from);
        }
        match *switch {
            Event::RunSlice(ran) => self.note_run(worker, &ran, sent),
            Event::BlockedIn { from, to, .. } => {
                self.workings(worker).note(from, to, BreakKind::Blocked);
            }
            Event::Preempted {
                from,
                to,
                task,
                request,
                core,
            } => {
                let kind = BreakKind::Preempted(core);
                if self.has_threads {
                    let pause = Break { from, to, kind };
                    self.workings(worker).note_of_thread((task, request), pause);
                } else {
                    self.workings(worker).note(from, to, kind);
                }
            }
            Event::Awaits {
                at, request, part, ..
            } => {
                if let Some(entry) = self.entry(request, sent) {
                    let place = entry.parts.partition_point(|(before, _)| *before <= at);
                    entry.parts.insert(place, (at, part));
                }
            }
            _ => {}
        }
    }

    fn note_answer(&mut self, answer: &Event, sent: usize) {
        let &Event::Answered {
            request,
            asked,
            written,
            ..
        } = answer
        else {
            return;
        };
        if let Some(entry) = self.entry(request, sent) {
            entry.answered = entry.answered.max(Some((asked, written)));
            self.has_answers = true;
        }
    }

    fn note_run(&mut self, worker: u16, ran: &RunSlice, sent: usize) {
        let has_threads = self.has_threads;
        let workings = self.workings(worker);
        let slice = if has_threads {
            workings.close_of_thread(ran)
        } else {
            workings.close(ran)
        };
        workings.slices.push(slice);
        let at = workings.slices.len() as u32 - 1;
        if let Some(entry) = self.entry(ran.request, sent) {
            entry.slices.push((worker, at));
            if entry.slices.len() == 1 {
                self.arrivals.take(ran.request, worker, slice.ready);
            }
        }
        self.claim(worker, &slice);
    }

    /// Reads the deaths that are due: after everything that the dead process reported, and before the
    /// reports of the next one.
    fn note_deaths(&mut self, sent: usize, is_due: impl Fn(&Death) -> bool) {
        let all = std::mem::take(&mut self.deaths);
        let (due, later) = all.into_iter().partition(|death| is_due(death));
        self.deaths = later;
        for death in due {
            self.note_death(&death, sent);
        }
    }

    fn note_death(&mut self, death: &Death, sent: usize) {
        let core_is_known = !self.is_without_cores;
        let workings = self.workings(death.worker);
        workings.deaths.push(death.at);
        let recorded = workings.slices.last().map_or(Stamp::ZERO, |it| it.to);
        let Some(cut) = death.cut_short else {
            return;
        };
        let Some(from) = cut.begin(recorded).filter(|from| *from < death.at) else {
            return;
        };
        if let Some(blocked) = cut.blocked {
            workings.note(blocked.max(from), death.at, BreakKind::Blocked);
        }
        let ran = RunSlice {
            ready: from,
            from,
            to: death.at,
            task: 0,
            request: cut.request,
            then: SwitchReason::Ended,
            due: None,
            core: core_is_known.then_some(cut.core),
        };
        self.note_run(death.worker, &ran, sent);
    }

    fn claim(&mut self, worker: u16, slice: &Slice) {
        let parts: Vec<Part> = self.workers[usize::from(worker)].parts(slice).collect();
        for part in parts {
            let Part::RunSlice { from, to, core } = part else {
                continue;
            };
            self.is_without_cores |= core.is_none();
            let claims = self.free_list(core, worker, from);
            let before = claims.last().map_or(0, |last| last.before + last.length());
            claims.push(Claim { from, to, before });
        }
    }

    /// Returns a worker's first list of claims on a core that has none after `from`.
    fn free_list(&mut self, core: Option<u32>, worker: u16, from: Stamp) -> &mut Vec<Claim> {
        let lists = self
            .claims
            .range((core, worker, 0)..=(core, worker, u16::MAX));
        let is_free = |claims: &Vec<Claim>| claims.last().is_none_or(|last| last.to <= from);
        let count = lists.clone().count() as u16;
        let mut lists = lists.filter(|(_, claims)| is_free(claims));
        let list = if self.has_threads {
            lists.next().map_or(count, |(key, _)| key.2)
        } else {
            0
        };
        self.claims.entry((core, worker, list)).or_default()
    }
}

/// Start of the period that a switch reports.
fn begin_of(switch: &Event) -> Option<Stamp> {
    match switch {
        Event::RunSlice(ran) => Some(ran.from),
        Event::BlockedIn { from, .. } | Event::Preempted { from, .. } => Some(*from),
        _ => None,
    }
}
