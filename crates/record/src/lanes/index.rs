//! Who had which worker when, in lists that can be searched: built once, extended as a recording grows.
//!
//! A worker does one thing at a time, so what is noted of it never overlaps: each list is in order of
//! time, and an instant is found in it by halving. Nothing here depends on when it is asked.
//!
//! A worker that is killed in the middle of a run does not report that run. The last sample before its
//! death says what it was at, and that is taken for a run up to its death.

use std::collections::BTreeMap;

use super::Interval;
use super::arrivals::Arrivals;
use super::blocks::Blocks;
use super::workings::{BreakKind, Claim, Part, Stretch, Workings};
use crate::{Recording, WorkerSample};
use concsim_engine::telemetry::{Awaited, Event, NO_REQUEST, Phase, RunSlice, SwitchReason};
use concsim_model::scenario::ConnectionMode::PerRequest;
use concsim_model::scenario::WorkerKind;
use concsim_model::units::Stamp;

/// A request's number may be read before that of as many others.
const FAR_AHEAD: usize = 1 << 20;

/// What can be asked of one recording.
#[derive(Clone, Debug)]
pub struct Index {
    /// What [`Recording::one_in`] was when it was built.
    pub(super) one_in: u32,
    read: Read,
    /// By request number.
    pub(super) requests: Vec<Entry>,
    /// Those that were sent, by their places in [`Recording::sent`].
    pub(super) blocks: Blocks,
    pub(super) arrivals: Arrivals,
    /// By slot.
    pub(super) workers: Vec<Workings>,
    /// Running, by core and worker.
    pub(super) claims: BTreeMap<(Option<u32>, u16), Vec<Claim>>,
    /// Whether a switch could not name its core.
    pub(super) is_without_cores: bool,
    /// Whether services say which request they answered.
    pub(super) has_answers: bool,
    /// Ends of workers' processes that have been read, and not yet brought into the order of what those
    /// workers did.
    deaths: Vec<Death>,
}

/// The end of a worker's process.
#[derive(Clone, Copy, Debug)]
struct Death {
    worker: u16,
    at: Stamp,
    /// The run that it was in, as the last sample before says.
    cut_short: Option<CutShort>,
}

/// A run that its worker did not live to report.
#[derive(Clone, Copy, Debug)]
struct CutShort {
    /// When it was seen.
    seen: Stamp,
    /// Since when the worker was at it.
    since: Stamp,
    request: u32,
    core: u32,
    /// Asleep in one call since then.
    blocked: Option<Stamp>,
}

/// How much of each list has been read.
#[derive(Clone, Copy, Debug, Default)]
struct Read {
    sent: usize,
    outcomes: usize,
    events: usize,
    switches: usize,
    answers: usize,
}

/// Where one request is in the recording's lists.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    pub(super) sent: Option<u32>,
    pub(super) outcome: Option<u32>,
    pub(super) served: Option<u32>,
    pub(super) waited: Option<u32>,
    /// Its worker, and places in [`Workings::stretches`].
    pub(super) stretches: Vec<(u16, u32)>,
    /// Where its waits entered another part, in order of time; only of waits that have more than one.
    pub(super) parts: Vec<(Stamp, Awaited)>,
    /// When its newest call that was answered was read by its service, and when it was answered.
    pub(super) answered: Option<(Stamp, Stamp)>,
}

impl Default for Index {
    fn default() -> Self {
        Self {
            one_in: 1,
            read: Read::default(),
            requests: Vec::new(),
            blocks: Blocks::default(),
            arrivals: Arrivals::default(),
            workers: Vec::new(),
            claims: BTreeMap::new(),
            is_without_cores: false,
            has_answers: false,
            deaths: Vec::new(),
        }
    }
}

impl Index {
    /// Takes in what the recording has got since the last time. If switches were let go of meanwhile,
    /// all is read anew.
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
        let has_threads = recording.header.scenario.server.kind == WorkerKind::Threads;
        for (worker, switch) in &recording.switches[self.read.switches..] {
            // The sleep of one thread is no break in what another one runs.
            if !(has_threads && matches!(switch, Event::BlockedIn { .. })) {
                self.note_switch(*worker, switch, known);
            }
        }
        self.note_deaths(known, |_| true);
        for answer in &recording.answers[self.read.answers..] {
            self.note_answer(answer, known);
        }
        self.read = Read {
            sent: recording.sent.len(),
            outcomes: recording.outcomes.len(),
            events: recording.events.len(),
            switches: recording.switches.len(),
            answers: recording.answers.len(),
        };
    }

    /// When a worker took a request, if that is known.
    pub(crate) fn accepted(&self, request: u32) -> Option<Stamp> {
        let (_, accepted) = self.arrivals.taken(request)?;
        (accepted < Stamp::NEVER).then_some(accepted)
    }

    /// How many requests stood at the door at `at`. One whose client has left stands there no longer, whether
    /// a worker takes its connection later or not: gauges cannot tell that. [`None`] if not all is known of
    /// who came and who was taken, or if not all of the recording has been read.
    #[must_use]
    pub fn at_the_door(&self, recording: &Recording, at: Stamp) -> Option<u64> {
        self.knows_all_arrivals(recording)
            .then(|| self.arrivals.at_the_door(at))
    }

    /// The same on average over an interval that is not longer than the recording; 0 over no time.
    #[must_use]
    pub fn mean_at_the_door(&self, recording: &Recording, interval: Interval) -> Option<f64> {
        self.knows_all_arrivals(recording)
            .then(|| self.arrivals.mean_at_the_door(interval))
    }

    /// Good answers that arrived in an interval; [`None`] as for those at the door. The counter of load lacks
    /// what load has not had a core to count.
    #[must_use]
    pub fn answered(&self, recording: &Recording, interval: Interval) -> Option<u64> {
        self.knows_all_arrivals(recording)
            .then(|| self.arrivals.answered(interval))
    }

    fn knows_all_arrivals(&self, recording: &Recording) -> bool {
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
                        arrivals.serve(served.request, *slot, served.written);
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
                    let cut_short = CutShort::before(recording, *at, worker, *pid);
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

    /// After the events: who was taken before it ended has left the door by then.
    fn read_ends(&mut self, recording: &Recording) {
        for outcome in &recording.outcomes[self.read.outcomes..] {
            let entry = self.entry(outcome.request, recording.sent.len());
            if let Some(was_sent) = entry.map(|entry| entry.sent.is_some()) {
                self.arrivals.end(outcome, was_sent);
            }
        }
    }

    /// `None` for a number that is far from those of the run, of which so many were sent: load counts
    /// from 0.
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

    fn workings(&mut self, worker: u16) -> &mut Workings {
        let slot = usize::from(worker);
        if self.workers.len() <= slot {
            self.workers.resize(slot + 1, Workings::default());
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
            Event::Preempted { from, to, core, .. } => {
                let kind = BreakKind::Preempted(core);
                self.workings(worker).note(from, to, kind);
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
        let workings = self.workings(worker);
        let stretch = workings.close(ran);
        workings.stretches.push(stretch);
        let at = workings.stretches.len() as u32 - 1;
        if let Some(entry) = self.entry(ran.request, sent) {
            entry.stretches.push((worker, at));
            if entry.stretches.len() == 1 {
                self.arrivals.take(ran.request, worker, stretch.ready);
            }
        }
        self.claim(worker, &stretch);
    }

    /// Takes in those deaths whose turn it is: after all that the dead process has told of itself, and
    /// before what the next one tells.
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
        let told = workings.stretches.last().map_or(Stamp::ZERO, |it| it.to);
        // A run that was told after it was seen is not the one that death cut short.
        let Some(cut) = death.cut_short.filter(|cut| told <= cut.seen) else {
            return;
        };
        let from = cut.since.max(told);
        if from >= death.at {
            return;
        }
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

    fn claim(&mut self, worker: u16, stretch: &Stretch) {
        for part in self.workers[usize::from(worker)].parts(stretch) {
            let Part::RunSlice { from, to, core } = part else {
                continue;
            };
            self.is_without_cores |= core.is_none();
            let claims = self.claims.entry((core, worker)).or_default();
            let before = claims.last().map_or(0, |last| last.before + last.length());
            claims.push(Claim { from, to, before });
        }
    }
}

/// When what a switch tells of began.
fn begin_of(switch: &Event) -> Option<Stamp> {
    match switch {
        Event::RunSlice(ran) => Some(ran.from),
        Event::BlockedIn { from, .. } | Event::Preempted { from, .. } => Some(*from),
        _ => None,
    }
}

impl CutShort {
    /// The run of the process `pid` that the last sample before its death saw.
    fn before(recording: &Recording, death: Stamp, worker: u16, pid: u32) -> Option<Self> {
        let before = recording.samples.partition_point(|it| it.at < death);
        let sample = &recording.samples[before.checked_sub(1)?];
        let is_it = |it: &&WorkerSample| it.index == usize::from(worker) && it.pid == pid;
        let seen = sample.workers.iter().find(is_it)?;
        Some(Self {
            seen: sample.at,
            since: seen.running_since?,
            request: seen.running_request.unwrap_or(NO_REQUEST),
            core: seen.core as u32,
            blocked: (seen.phase == Phase::Blocked).then_some(seen.phase_since),
        })
    }
}
