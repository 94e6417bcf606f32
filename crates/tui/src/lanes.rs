//! Lanes: selects the interval and the requests that the view draws.
//!
//! Time is counted from the beginning of load, so that two variants can share an axis. A variant of few
//! requests is shown as a whole; else about two typical latencies up to the cursor. Nothing after the
//! cursor is shown: in a live run it is not known.

use super::cursor::Cursor;
use super::indexes::{Indexes, VariantView};
use super::requests::{RequestEnd, latency_of, outcome_of};
use concsim_model::scenario::Scenario;
use concsim_model::units::{Elapsed, Stamp};
use concsim_record::feed::Feed;
use concsim_record::lanes::{CoreLane, Interval, RequestLane, Span};

/// Largest number of requests for which a variant is shown as a whole, and below the ones before it.
const FEW_REQUESTS: usize = 12;
/// Number of newest latencies whose median is the typical latency.
const TYPICAL_OF: usize = 101;
/// Least number of requests in the interval shown: a shorter one would often hold none.
const REQUESTS_AT_LEAST: usize = 8;
/// Largest number of rows of any screen.
pub(super) const MOST_ROWS: usize = 128;
/// Largest number of rows of the overview.
pub(super) const FEW_ROWS: usize = 40;
/// Shortest interval that can be shown, in nanoseconds.
const NARROWEST: u64 = 10_000;
/// Shortest axis of a run that goes on, in nanoseconds.
const SHORTEST_RUN: u64 = 1_000_000_000;

/// Length of the interval shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Zoom {
    /// Chosen by the number of requests and the typical latency.
    #[default]
    Fitting,
    /// Whole variant.
    Whole,
    /// Number of nanoseconds.
    Width(u64),
}

/// State of the lanes view.
#[derive(Clone, Debug, Default)]
pub(super) struct LanesView {
    zoom: Zoom,
    /// Rows scrolled down (up if negative) from the first request that had not ended.
    scrolled: isize,
    sheet: Option<Sheet>,
}

/// Lanes of one or several variants, on one axis.
#[derive(Clone, Debug)]
pub(super) struct Sheet {
    /// Interval of the axis, counted from the beginning of load.
    pub(super) axis: Interval,
    /// Position of the cursor on the axis.
    pub(super) cursor: Stamp,
    /// True if the axis holds the whole variant.
    pub(super) is_whole: bool,
    /// One for each variant; the current variant is the last.
    pub(super) panels: Vec<Panel>,
}

impl Sheet {
    fn spans(&self) -> impl Iterator<Item = &Span> {
        let panels = self.panels.iter();
        let requests = panels.flat_map(|panel| &panel.requests);
        requests.flat_map(|request| &request.spans)
    }

    /// True if requests may queue for a limited service, by the scenario or by the lanes shown.
    pub(super) fn has_queues(&self) -> bool {
        let is_limited = self.panels.iter().any(|panel| panel.is_limited);
        is_limited || self.spans().any(|span| span.queue.is_some())
    }

    /// True if a span shown has not been reported by its worker yet.
    pub(super) fn is_open(&self) -> bool {
        self.spans().any(|span| span.is_open)
    }
}

/// Lanes of one variant.
#[derive(Clone, Debug)]
pub(super) struct Panel {
    /// Position in the plan.
    pub(super) variant: usize,
    /// Time at which load began: zero on the axis.
    pub(super) began: Stamp,
    pub(super) cores: Vec<CoreLane>,
    /// True if the system reports the numbers of cores.
    pub(super) cores_are_known: bool,
    /// Requests in order of due, beginning at position `first` …
    pub(super) requests: Vec<RequestLane>,
    /// Kind and outcome of each of these requests.
    pub(super) results: Vec<RequestResult>,
    pub(super) first: usize,
    /// … around the one at this position: those before it had ended.
    pub(super) around: usize,
    /// Number of all requests active in this interval.
    pub(super) request_count: usize,
    /// True if a service takes a limited number of calls or of connections.
    pub(super) is_limited: bool,
    /// Number of requests of which one has lanes.
    pub(super) one_in: u32,
    /// After the end: length of the variant, and busy share of its cores (0 to 1).
    pub(super) result: Option<(Elapsed, f64)>,
}

/// Kind and outcome of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RequestResult {
    /// Position of its kind in the scenario; `None` if the load has not reported it.
    pub(super) class: Option<u16>,
    /// Latency, or the time since it was due.
    pub(super) latency: Elapsed,
    /// `None` until it has ended.
    pub(super) ended: Option<RequestEnd>,
}

impl LanesView {
    /// Returns the lanes to be drawn; `None` before the first sample.
    pub(super) fn sheet(&self) -> Option<&Sheet> {
        self.sheet.as_ref()
    }

    /// Scrolls to later rows, or to earlier ones if `rows` is negative.
    pub(super) fn scroll(&mut self, rows: isize) {
        let panel = self.sheet.as_ref().and_then(|sheet| sheet.panels.last());
        let Some(panel) = panel else { return };
        let at_home = panel.around.cast_signed() - self.scrolled;
        let last = panel.request_count.saturating_sub(1).cast_signed();
        self.scrolled = (self.scrolled + rows).clamp(-at_home, last - at_home);
    }

    /// Zooms in, down to [`NARROWEST`].
    pub(super) fn closer(&mut self) {
        if let Some(sheet) = &self.sheet {
            let narrower = round_below(sheet.axis.to.since(sheet.axis.from).0);
            self.zoom = Zoom::Width(narrower.max(NARROWEST));
        }
    }

    /// Zooms out, up to the whole variant.
    pub(super) fn further(&mut self) {
        if let Some(sheet) = self.sheet.as_ref().filter(|sheet| !sheet.is_whole) {
            let wider = round_above(sheet.axis.to.since(sheet.axis.from).0 + 1);
            self.zoom = Zoom::Width(wider);
        } else {
            self.zoom = Zoom::Whole;
        }
    }

    /// Lays out the state at the cursor, in a limited number of rows.
    pub(super) fn layout_at(
        &mut self,
        feed: &Feed<'_>,
        indexes: &Indexes,
        cursor: &Cursor,
        rows: usize,
    ) {
        let on = cursor.variant;
        let seen = |variant: usize| {
            let until = if variant == on {
                cursor.at
            } else {
                Stamp::NEVER
            };
            indexes.seen(feed, variant, until)
        };
        let Some(current) = seen(on) else {
            self.sheet = None;
            return;
        };
        let whole = current.length();
        let width = self.width(&current).filter(|width| *width < whole);
        let axis = match width {
            Some(width) => {
                let to = current.elapsed().max(width);
                between(to - width, to)
            }
            None => between(0, whole),
        };
        let before = (0..on).filter_map(seen);
        let all: Vec<VariantView<'_>> = before.chain([current]).collect();
        let is_small = |seen: &VariantView<'_>| seen.sent() <= FEW_REQUESTS;
        let stacked = width.is_none() && all.iter().all(is_small);
        let (shown, axis) = if stacked {
            let longest = all.iter().map(VariantView::length).max().unwrap_or(whole);
            (&all[..], between(0, longest))
        } else {
            (&all[all.len() - 1..], axis)
        };
        let panels = shown
            .iter()
            .map(|seen| seen.panel(axis, self.scrolled, rows));
        self.sheet = Some(Sheet {
            axis,
            cursor: Stamp(all[all.len() - 1].elapsed()),
            is_whole: width.is_none(),
            panels: panels.collect(),
        });
    }

    /// Returns the length to be shown, in nanoseconds; `None` for the whole.
    fn width(&self, current: &VariantView<'_>) -> Option<u64> {
        match self.zoom {
            Zoom::Whole => None,
            Zoom::Width(width) => Some(width),
            Zoom::Fitting if current.sent() <= FEW_REQUESTS => None,
            Zoom::Fitting => {
                let typical = current.typical_latency()?.0;
                let longer = typical.saturating_add(typical / 2);
                let width = longer.max(current.length_of_the_newest()?.0);
                Some(round_above(width).max(NARROWEST))
            }
        }
    }
}

/// Queries of the lanes.
impl<'a> VariantView<'a> {
    fn scenario(&self) -> &'a Scenario {
        &self.snapshot.header().scenario
    }

    fn sent(&self) -> usize {
        self.snapshot.sent().len()
    }

    /// Returns the median of the newest latencies.
    fn typical_latency(&self) -> Option<Elapsed> {
        let outcomes = self.snapshot.outcomes();
        let newest = &outcomes[outcomes.len().saturating_sub(TYPICAL_OF)..];
        let mut latencies: Vec<Elapsed> = newest.iter().map(|it| it.done.since(it.due)).collect();
        latencies.sort_unstable();
        latencies.get(latencies.len() / 2).copied()
    }

    /// Returns the length of the interval up to the cursor in which the newest [`REQUESTS_AT_LEAST`] were
    /// due.
    fn length_of_the_newest(&self) -> Option<Elapsed> {
        let sent = self.snapshot.sent().iter().rev();
        let newest = sent.filter(|sent| sent.sent <= self.until);
        let due = newest.take(REQUESTS_AT_LEAST).map(|sent| sent.due);
        due.min().map(|due| self.until.since(due))
    }

    fn result_of(&self, request: u32) -> RequestResult {
        let Some(sent) = self.lanes.sent(request) else {
            return RequestResult::default();
        };
        let ended = outcome_of(self, sent);
        RequestResult {
            class: Some(sent.class),
            latency: latency_of(self, sent),
            ended: ended.map(RequestEnd::of),
        }
    }

    /// Returns the time at which the last request ended, if the number of requests is limited and all have
    /// ended.
    fn over(&self) -> Option<Stamp> {
        let all = self.scenario().load.requests?;
        let outcomes = self.snapshot.outcomes();
        if (outcomes.len() as u64) < all {
            return None;
        }
        let last = outcomes.iter().map(|outcome| outcome.done).max();
        last.filter(|last| *last <= self.until)
    }

    /// Returns the length of the axis for the whole variant, in nanoseconds. While the variant goes on it
    /// is a little longer than the time so far, so that the axis stands still for a while.
    fn length(&self) -> u64 {
        if let Some(over) = self.over() {
            return over.since(self.began()).0.max(NARROWEST);
        }
        let elapsed = self.elapsed();
        let step = round_above(elapsed / 10);
        (elapsed.div_ceil(step) * step).max(SHORTEST_RUN)
    }

    fn panel(&self, axis: Interval, scrolled: isize, rows: usize) -> Panel {
        let began = self.began();
        let since = |at: Stamp| began + Elapsed(at.0);
        let interval = Interval {
            from: since(axis.from),
            to: since(axis.to),
        };
        let end = interval.to.min(self.until);
        let numbers = self.lanes.requests(interval);
        let goes_on = |number: &u32| !self.lanes.has_ended(*number, end);
        let newest = numbers.iter().position(goes_on).unwrap_or(numbers.len());
        let around = newest.saturating_add_signed(scrolled).min(numbers.len());
        let first = around.saturating_sub(rows / 2);
        let shown = numbers.iter().skip(first).take(rows);
        let mut services = self.scenario().services.iter();
        let fates = shown
            .clone()
            .map(|number| self.result_of(*number))
            .collect();
        Panel {
            variant: self.variant,
            began,
            cores: self.cores(interval),
            cores_are_known: self.lanes.cores_are_known(),
            requests: shown
                .map(|number| self.lanes.request(*number, interval))
                .collect(),
            results: fates,
            first,
            around,
            request_count: numbers.len(),
            is_limited: services.any(|it| it.pool.is_some() || it.capacity.is_some()),
            one_in: self.lanes.one_in(),
            result: self.over().map(|over| self.result(over)),
        }
    }

    /// Returns the lanes of cores. A single worker has one core at a time, so its cores share one lane.
    fn cores(&self, interval: Interval) -> Vec<CoreLane> {
        let mut cores = self.lanes.cores(interval);
        if self.scenario().server.workers == 1 && cores.len() > 1 {
            let (mut held, mut lost) = (Vec::new(), Vec::new());
            for core in cores.drain(..) {
                held.extend(core.held);
                lost.extend(core.without_core);
            }
            held.sort_by_key(|held| held.from);
            cores.push(CoreLane {
                core: None,
                held,
                without_core: lost,
            });
        }
        cores
    }

    fn result(&self, over: Stamp) -> (Elapsed, f64) {
        let (from, to) = (self.began(), over);
        let took = to.since(from);
        let cores = self.snapshot.header().machine.cores;
        let cores = cores.min(self.scenario().server.workers).max(1);
        let ran = self.lanes.ran(Interval { from, to }) as f64;
        (took, ran / (took.0.max(1) as f64 * cores as f64))
    }
}

fn between(from: u64, to: u64) -> Interval {
    Interval {
        from: Stamp(from),
        to: Stamp(to),
    }
}

/// Returns the next of 1, 2, 5, 10, 20 … that is not below `length`.
pub(super) fn round_above(length: u64) -> u64 {
    rounds().find(|round| *round >= length).unwrap_or(length)
}

/// Returns the last of 1, 2, 5, 10, 20 … that is below `length`.
fn round_below(length: u64) -> u64 {
    rounds()
        .take_while(|round| *round < length)
        .last()
        .unwrap_or(1)
}

fn rounds() -> impl Iterator<Item = u64> {
    (0..18).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_u64.pow(power)))
}
