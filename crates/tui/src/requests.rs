//! A list of requests, in any order, and the way of one of them: what the view of requests draws.

use std::cmp::Reverse;

use super::indexes::Seen;
use concsim_engine::telemetry::{Awaited, Failure, Outcome, Sent, SwitchReason};
use concsim_model::units::{Elapsed, Stamp};
use concsim_record::lanes::{Doing, Interval, RequestLane};
use concsim_record::latency::Breakdown;

/// So many of the newest requests are listed.
pub(super) const MOST_LISTED: usize = 5_000;

/// No screen has more rows.
const MOST_ROWS: usize = 100;

/// In what order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Sort {
    /// The newest first.
    #[default]
    Newest,
    /// The slowest first.
    Latency,
    /// The longest at the door first.
    Door,
    /// The longest ready first.
    Ready,
    /// The longest on a core first.
    Running,
    /// The longest waiting first.
    Waiting,
}

impl Sort {
    const ALL: [Self; 6] = [
        Self::Newest,
        Self::Latency,
        Self::Door,
        Self::Ready,
        Self::Running,
        Self::Waiting,
    ];

    /// As the screen says it.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Newest => "newest first",
            Self::Latency => "slowest first",
            Self::Door => "longest at the door first",
            Self::Ready => "longest kept from running first",
            Self::Running => "longest on a core first",
            Self::Waiting => "longest waiting first",
        }
    }

    /// What a request is sorted by: the more of it the sooner it comes.
    fn key(self, seen: &Seen<'_>, sent: &Sent) -> u64 {
        let part = |of: fn(&Breakdown) -> f64| {
            let told = spent_by(seen, sent);
            (told.as_ref().map_or(0.0, of) * 1e6) as u64
        };
        match self {
            Self::Newest => sent.due.0,
            Self::Latency => latency_of(seen, sent).0,
            Self::Door => part(|spent| spent.door),
            Self::Ready => part(|spent| spent.ready + spent.core_wait),
            Self::Running => part(|spent| spent.cpu),
            Self::Waiting => part(|spent| spent.parked_or_blocked),
        }
    }
}

/// Which ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Only {
    /// All.
    #[default]
    All,
    /// Those that have not ended.
    Open,
    /// Those that failed.
    Failed,
    /// Those that asked for this, by its place in the scenario.
    Class(u16),
}

impl Only {
    fn takes(self, seen: &Seen<'_>, sent: &Sent) -> bool {
        match self {
            Self::All => true,
            Self::Open => outcome_of(seen, sent).is_none(),
            Self::Failed => outcome_of(seen, sent).is_some_and(|it| it.failure.is_some()),
            Self::Class(class) => sent.class == class,
        }
    }

    /// The next one, of a scenario with so many kinds of request.
    fn next(self, classes: u16) -> Self {
        match self {
            Self::All => Self::Open,
            Self::Open => Self::Failed,
            Self::Failed if classes > 1 => Self::Class(0),
            Self::Class(class) if class + 1 < classes => Self::Class(class + 1),
            Self::Failed | Self::Class(_) => Self::All,
        }
    }
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Answered,
    Failed(Failure),
}

impl Ended {
    pub(super) fn of(outcome: &Outcome) -> Self {
        outcome.failure.map_or(Self::Answered, Self::Failed)
    }
}

/// What a request has spent its time on so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) door: Elapsed,
    /// With the time in which its worker had no core.
    pub(super) ready: Elapsed,
    pub(super) running: Elapsed,
    pub(super) waiting: Elapsed,
}

impl Parts {
    fn told(spent: &Breakdown) -> Self {
        let length = |milliseconds: f64| Elapsed((milliseconds * 1e6).round() as u64);
        Self {
            door: length(spent.door),
            ready: length(spent.ready + spent.core_wait),
            running: length(spent.cpu),
            waiting: length(spent.parked_or_blocked),
        }
    }

    /// Of one of which its worker has not told.
    fn seen(lane: &RequestLane) -> Self {
        let mut parts = Self::default();
        for span in &lane.spans {
            let part = match span.doing {
                Doing::AtTheDoor => &mut parts.door,
                Doing::Ready | Doing::WantsACore => &mut parts.ready,
                Doing::Running => &mut parts.running,
                Doing::Parked | Doing::Blocked => &mut parts.waiting,
            };
            *part += span.to.since(span.from);
        }
        parts
    }
}

/// A line of the list.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RequestRow {
    pub(super) request: u32,
    pub(super) class: u16,
    pub(super) worker: Option<u16>,
    /// Counted from the beginning of load.
    pub(super) due: Stamp,
    /// From its being due to its end, or to the cursor, on the run's clock.
    pub(super) life: Interval,
    /// Up to the cursor, if it has not ended.
    pub(super) latency: Elapsed,
    /// Once its worker has told.
    pub(super) spent: Option<Breakdown>,
    /// `None`: not yet.
    pub(super) ended: Option<Ended>,
    /// What it did when.
    pub(super) lane: RequestLane,
}

impl RequestRow {
    /// What it has spent its time on so far.
    pub(super) fn parts(&self) -> Parts {
        let told = self.spent.as_ref().map(Parts::told);
        told.unwrap_or_else(|| Parts::seen(&self.lane))
    }
}

/// A step on the way of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) doing: Doing,
    /// The queue that it waits in, if its wait has one.
    pub(super) queue: Option<Awaited>,
    /// Since it was due.
    pub(super) after: Elapsed,
    pub(super) took: Elapsed,
    /// What it waits for, if it waits.
    pub(super) what_for: Option<SwitchReason>,
}

/// One request from its being due to its end.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub(super) row: RequestRow,
    pub(super) lane: RequestLane,
    pub(super) steps: Vec<Step>,
    /// How late it was sent.
    pub(super) generator: Elapsed,
    /// From the last byte written to the last byte read, if both are known.
    pub(super) read_after: Option<Elapsed>,
}

/// The list and what is picked of it.
#[derive(Clone, Debug, Default)]
pub(super) struct RequestsView {
    pub(super) sort: Sort,
    pub(super) only: Only,
    /// The one that is picked, wherever it stands.
    picked: Option<u32>,
    /// Whether its way is shown instead of the list.
    is_open: bool,
    /// All that are listed, in order: by what they are sorted, and their numbers.
    listed: Vec<(u64, u32)>,
    /// Those of them around the one that is picked, as many as a screen can show …
    pub(super) rows: Vec<RequestRow>,
    /// … from this place on.
    pub(super) first: usize,
    /// How many requests there were.
    pub(super) sent: usize,
    pub(super) way: Option<Way>,
    classes: u16,
}

impl RequestsView {
    /// Another order.
    pub(super) fn sort_by_next(&mut self) {
        let place = Sort::ALL.iter().position(|sort| *sort == self.sort);
        self.sort = Sort::ALL[(place.unwrap_or(0) + 1) % Sort::ALL.len()];
        self.picked = None;
    }

    /// Another choice.
    pub(super) fn choose_next(&mut self) {
        self.only = self.only.next(self.classes);
        self.picked = None;
    }

    /// Shows the way of the one that is picked, or the list again. Whether there is anything to show.
    pub(super) fn open(&mut self) {
        self.is_open = !self.listed.is_empty();
    }

    /// Back to the list; whether it was not there.
    pub(super) fn close(&mut self) -> bool {
        std::mem::take(&mut self.is_open)
    }

    /// How many are listed.
    pub(super) fn count(&self) -> usize {
        self.listed.len()
    }

    /// The place of the one that is picked.
    pub(super) fn place(&self) -> usize {
        let picked = |(_, request): &(u64, u32)| Some(*request) == self.picked;
        self.listed.iter().position(picked).unwrap_or(0)
    }

    /// Picks another one.
    pub(super) fn scroll(&mut self, rows: isize) {
        let last = self.listed.len().saturating_sub(1);
        let place = self.place().saturating_add_signed(rows).min(last);
        self.picked = self.listed.get(place).map(|(_, request)| *request);
    }

    /// Picks this one, among all.
    pub(super) fn pick(&mut self, request: u32) {
        (self.picked, self.only) = (Some(request), Only::All);
    }

    /// Whether it is this one that is picked.
    pub(super) fn has_picked(&self, request: u32) -> bool {
        self.picked == Some(request)
    }

    /// Lists what was known at the cursor.
    pub(super) fn look(&mut self, seen: &Seen<'_>) {
        let sent = seen.past.sent_by(seen.until);
        self.sent = sent.len();
        self.classes = seen.past.header().scenario.requests.len() as u16;
        self.list(seen, &sent[sent.len().saturating_sub(MOST_LISTED)..]);
        if self.sort == Sort::Newest && self.picked.is_none() && self.is_open {
            self.picked = self.listed.first().map(|(_, request)| *request);
        }
        let place = self.place();
        self.first = place.saturating_sub(MOST_ROWS);
        let around = self.listed.iter().skip(self.first).take(2 * MOST_ROWS);
        let sent = around.filter_map(|(_, request)| seen.lanes.sent(*request));
        self.rows = sent.map(|sent| row(seen, sent)).collect();
        let shown = self.rows.get(place - self.first);
        self.way = shown.filter(|_| self.is_open).map(|row| way(seen, row));
    }

    fn list(&mut self, seen: &Seen<'_>, newest: &[Sent]) {
        let (sort, only) = (self.sort, self.only);
        let sent = newest.iter().filter(|sent| sent.sent <= seen.until);
        let taken = sent.filter(|sent| only.takes(seen, sent));
        self.listed.clear();
        let keys = taken.map(|sent| (sort.key(seen, sent), sent.request));
        self.listed.extend(keys);
        self.listed.sort_unstable_by_key(|key| Reverse(*key));
    }
}

/// What became of a request, if it had ended by then.
pub(super) fn outcome_of<'a>(seen: &Seen<'a>, sent: &Sent) -> Option<&'a Outcome> {
    let outcome = seen.lanes.outcome(sent.request);
    outcome.filter(|outcome| outcome.done <= seen.until)
}

/// Its latency; of a request that has not ended, the time since it was due.
pub(super) fn latency_of(seen: &Seen<'_>, sent: &Sent) -> Elapsed {
    let patience = seen.past.header().scenario.load.patience;
    match outcome_of(seen, sent) {
        Some(outcome) => outcome.latency(patience),
        None => seen.until.since(sent.due),
    }
}

fn spent_by(seen: &Seen<'_>, sent: &Sent) -> Option<Breakdown> {
    outcome_of(seen, sent).and_then(|_| seen.lanes.spent_by(sent.request))
}

fn row(seen: &Seen<'_>, sent: &Sent) -> RequestRow {
    let ended = outcome_of(seen, sent);
    let life = Interval {
        from: sent.due,
        to: sent.due + latency_of(seen, sent),
    };
    let lane = seen.lanes.request(sent.request, life);
    RequestRow {
        request: sent.request,
        class: sent.class,
        worker: lane.worker,
        due: Stamp(sent.due.since(seen.began()).0),
        life,
        latency: latency_of(seen, sent),
        spent: spent_by(seen, sent),
        ended: ended.map(Ended::of),
        lane,
    }
}

fn way(seen: &Seen<'_>, row: &RequestRow) -> Way {
    let due = row.life.from;
    let lane = seen.lanes.request(row.request, row.life);
    let reasons = seen.lanes.let_go(row.request);
    // What it waits for before it has run for the first time is the rest of its own bytes.
    let what_for = |from: Stamp| {
        let before = reasons.partition_point(|(at, _)| *at <= from);
        let reason = before.checked_sub(1).map(|last| reasons[last]);
        reason.map_or(SwitchReason::Client, |(_, then)| then)
    };
    let steps = lane.spans.iter().map(|span| Step {
        doing: span.doing,
        queue: span.queue,
        after: span.from.since(due),
        took: span.to.since(span.from),
        what_for: is_wait(span.doing).then(|| what_for(span.from)),
    });
    let first = lane.spans.first();
    let written = seen.lanes.served(row.request).map(|served| served.written);
    let done = seen.lanes.outcome(row.request).map(|outcome| outcome.done);
    Way {
        row: row.clone(),
        steps: steps.collect(),
        generator: first.map_or(Elapsed::ZERO, |first| first.from.since(due)),
        read_after: written
            .zip(done)
            .filter(|(_, done)| *done <= seen.until)
            .map(|(written, done)| done.since(written)),
        lane,
    }
}

fn is_wait(doing: Doing) -> bool {
    matches!(doing, Doing::Parked | Doing::Blocked)
}
