//! List of requests in any order, and the course of one of them, for the view of requests.

use std::cmp::Reverse;

use super::indexes::VariantView;
use concsim_engine::telemetry::{Failure, Outcome, SentRequest, SwitchReason, WaitPurpose};
use concsim_model::units::{Elapsed, Stamp};
use concsim_record::lanes::{Interval, RequestLane, RequestState};
use concsim_record::latency::Breakdown;

/// Number of newest requests in the list.
pub(super) const MOST_LISTED: usize = 5_000;

/// Largest number of rows of any screen.
const MOST_ROWS: usize = 100;

/// Order of the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum SortOrder {
    /// Newest first.
    #[default]
    Newest,
    /// Slowest first.
    Latency,
    /// Longest at the door first.
    Door,
    /// Longest ready first.
    Ready,
    /// Longest on a core first.
    Running,
    /// Longest waiting first.
    Waiting,
}

impl SortOrder {
    const ALL: [Self; 6] = [
        Self::Newest,
        Self::Latency,
        Self::Door,
        Self::Ready,
        Self::Running,
        Self::Waiting,
    ];

    /// Returns its words on the screen.
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

    /// Returns the sort key of a request; the list is in descending order.
    fn key(self, seen: &VariantView<'_>, sent: &SentRequest) -> u64 {
        let part = |of: fn(&Breakdown) -> f64| {
            let reported = spent_by(seen, sent);
            (reported.as_ref().map_or(0.0, of) * 1e6) as u64
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

/// Filter of the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum RequestFilter {
    /// All.
    #[default]
    All,
    /// Requests that have not ended.
    Open,
    /// Requests that failed.
    Failed,
    /// Requests of this kind, by its position in the scenario.
    Class(u16),
}

impl RequestFilter {
    fn takes(self, seen: &VariantView<'_>, sent: &SentRequest) -> bool {
        match self {
            Self::All => true,
            Self::Open => outcome_of(seen, sent).is_none(),
            Self::Failed => outcome_of(seen, sent).is_some_and(|it| it.failure.is_some()),
            Self::Class(class) => sent.class == class,
        }
    }

    /// Returns the next filter, for a scenario with this number of kinds.
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

/// End of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RequestEnd {
    Answered,
    Failed(Failure),
}

impl RequestEnd {
    pub(super) fn of(outcome: &Outcome) -> Self {
        outcome.failure.map_or(Self::Answered, Self::Failed)
    }
}

/// Parts of the time of a request so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) door: Elapsed,
    /// Includes the time in which its worker had no core.
    pub(super) ready: Elapsed,
    pub(super) running: Elapsed,
    pub(super) waiting: Elapsed,
}

impl Parts {
    fn reported(spent: &Breakdown) -> Self {
        let length = |milliseconds: f64| Elapsed((milliseconds * 1e6).round() as u64);
        Self {
            door: length(spent.door),
            ready: length(spent.ready + spent.core_wait),
            running: length(spent.cpu),
            waiting: length(spent.parked_or_blocked),
        }
    }

    /// Sums the spans of a request that its worker has not reported.
    fn seen(lane: &RequestLane) -> Self {
        let mut parts = Self::default();
        for span in &lane.spans {
            let part = match span.doing {
                RequestState::AtTheDoor => &mut parts.door,
                RequestState::Ready | RequestState::WantsACore => &mut parts.ready,
                RequestState::Running => &mut parts.running,
                RequestState::Parked | RequestState::Blocked => &mut parts.waiting,
            };
            *part += span.to.since(span.from);
        }
        parts
    }
}

/// Row of the list.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RequestRow {
    pub(super) request: u32,
    pub(super) class: u16,
    pub(super) worker: Option<u16>,
    /// Counted from the beginning of load.
    pub(super) due: Stamp,
    /// From due to end, or to the cursor, on the run's clock.
    pub(super) life: Interval,
    /// Time up to the cursor, if it has not ended.
    pub(super) latency: Elapsed,
    /// Parts of its time, once its worker has reported.
    pub(super) spent: Option<Breakdown>,
    /// `None` until it has ended.
    pub(super) ended: Option<RequestEnd>,
    /// Its states over time.
    pub(super) lane: RequestLane,
}

impl RequestRow {
    /// Returns the parts of its time so far.
    pub(super) fn parts(&self) -> Parts {
        let reported = self.spent.as_ref().map(Parts::reported);
        reported.unwrap_or_else(|| Parts::seen(&self.lane))
    }
}

/// Step in the course of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) doing: RequestState,
    /// Queue that it waits in, if there is one.
    pub(super) queue: Option<WaitPurpose>,
    /// Time since it was due.
    pub(super) after: Elapsed,
    pub(super) took: Elapsed,
    /// Reason of the wait, if it waits.
    pub(super) wait_reason: Option<SwitchReason>,
}

/// Course of one request, from due to end.
#[derive(Clone, Debug)]
pub(super) struct RequestPath {
    pub(super) row: RequestRow,
    pub(super) lane: RequestLane,
    pub(super) steps: Vec<Step>,
    /// Delay from due to send.
    pub(super) generator: Elapsed,
    /// From the last byte written to the last byte read, if both are known.
    pub(super) read_after: Option<Elapsed>,
}

/// State of the list and its selection.
#[derive(Clone, Debug, Default)]
pub(super) struct RequestsView {
    pub(super) sort: SortOrder,
    pub(super) only: RequestFilter,
    /// Selected request, at any position.
    picked: Option<u32>,
    /// True if its course is shown instead of the list.
    is_open: bool,
    /// Sort key and number of all listed requests, in order.
    listed: Vec<(u64, u32)>,
    /// Rows around the selected one, as many as a screen can show …
    pub(super) rows: Vec<RequestRow>,
    /// … beginning at this position.
    pub(super) first: usize,
    /// Number of requests sent.
    pub(super) sent: usize,
    pub(super) path: Option<RequestPath>,
    classes: u16,
}

impl RequestsView {
    /// Changes the order.
    pub(super) fn sort_by_next(&mut self) {
        let place = SortOrder::ALL.iter().position(|sort| *sort == self.sort);
        self.sort = SortOrder::ALL[(place.unwrap_or(0) + 1) % SortOrder::ALL.len()];
        self.picked = None;
    }

    /// Changes the filter.
    pub(super) fn choose_next(&mut self) {
        self.only = self.only.next(self.classes);
        self.picked = None;
    }

    /// Shows the course of the selected request, if any is listed.
    pub(super) fn open(&mut self) {
        self.is_open = !self.listed.is_empty();
    }

    /// Goes back to the list; true if it was not shown.
    pub(super) fn close(&mut self) -> bool {
        std::mem::take(&mut self.is_open)
    }

    /// Returns the number of listed requests.
    pub(super) fn count(&self) -> usize {
        self.listed.len()
    }

    /// Returns the position of the selected request.
    pub(super) fn place(&self) -> usize {
        let picked = |(_, request): &(u64, u32)| Some(*request) == self.picked;
        self.listed.iter().position(picked).unwrap_or(0)
    }

    /// Moves the selection by a number of rows.
    pub(super) fn scroll(&mut self, rows: isize) {
        let last = self.listed.len().saturating_sub(1);
        let place = self.place().saturating_add_signed(rows).min(last);
        self.picked = self.listed.get(place).map(|(_, request)| *request);
    }

    /// Selects this request, and removes the filter.
    pub(super) fn pick(&mut self, request: u32) {
        (self.picked, self.only) = (Some(request), RequestFilter::All);
    }

    /// True if this request is selected.
    pub(super) fn has_picked(&self, request: u32) -> bool {
        self.picked == Some(request)
    }

    /// Lists the requests known at the cursor.
    pub(super) fn update(&mut self, seen: &VariantView<'_>) {
        let sent = seen.snapshot.sent_by(seen.until);
        self.sent = sent.len();
        self.classes = seen.snapshot.header().scenario.requests.len() as u16;
        self.list(seen, &sent[sent.len().saturating_sub(MOST_LISTED)..]);
        if self.sort == SortOrder::Newest && self.picked.is_none() && self.is_open {
            self.picked = self.listed.first().map(|(_, request)| *request);
        }
        let place = self.place();
        self.first = place.saturating_sub(MOST_ROWS);
        let around = self.listed.iter().skip(self.first).take(2 * MOST_ROWS);
        let sent = around.filter_map(|(_, request)| seen.lanes.sent(*request));
        self.rows = sent.map(|sent| row(seen, sent)).collect();
        let shown = self.rows.get(place - self.first);
        self.path = shown.filter(|_| self.is_open).map(|row| way(seen, row));
    }

    fn list(&mut self, seen: &VariantView<'_>, newest: &[SentRequest]) {
        let (sort, only) = (self.sort, self.only);
        let sent = newest.iter().filter(|sent| sent.sent <= seen.until);
        let taken = sent.filter(|sent| only.takes(seen, sent));
        self.listed.clear();
        let keys = taken.map(|sent| (sort.key(seen, sent), sent.request));
        self.listed.extend(keys);
        self.listed.sort_unstable_by_key(|key| Reverse(*key));
    }
}

/// Returns the outcome of a request, if it had ended by then.
pub(super) fn outcome_of<'a>(seen: &VariantView<'a>, sent: &SentRequest) -> Option<&'a Outcome> {
    let outcome = seen.lanes.outcome(sent.request);
    outcome.filter(|outcome| outcome.done <= seen.until)
}

/// Returns its latency; for a request that has not ended, the time since it was due.
pub(super) fn latency_of(seen: &VariantView<'_>, sent: &SentRequest) -> Elapsed {
    let patience = seen.snapshot.header().scenario.load.patience;
    match outcome_of(seen, sent) {
        Some(outcome) => outcome.latency(patience),
        None => seen.until.since(sent.due),
    }
}

fn spent_by(seen: &VariantView<'_>, sent: &SentRequest) -> Option<Breakdown> {
    outcome_of(seen, sent).and_then(|_| seen.lanes.spent_by(sent.request))
}

fn row(seen: &VariantView<'_>, sent: &SentRequest) -> RequestRow {
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
        ended: ended.map(RequestEnd::of),
        lane,
    }
}

fn way(seen: &VariantView<'_>, row: &RequestRow) -> RequestPath {
    let due = row.life.from;
    let lane = seen.lanes.request(row.request, row.life);
    let reasons = seen.lanes.switch_reasons(row.request);
    // Before its first run it waits for the rest of its own bytes.
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
        wait_reason: is_wait(span.doing).then(|| what_for(span.from)),
    });
    let first = lane.spans.first();
    let written = seen.lanes.served(row.request).map(|served| served.written);
    let done = seen.lanes.outcome(row.request).map(|outcome| outcome.done);
    RequestPath {
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

fn is_wait(doing: RequestState) -> bool {
    matches!(doing, RequestState::Parked | RequestState::Blocked)
}
