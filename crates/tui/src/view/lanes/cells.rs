//! Glyphs of the cells of a lane.
//!
//! A cell is an interval, and most cells have one state: the one that took most of it. Running is the
//! exception: it fills a cell if it took at least an eighth of it, unless the request lacked its core for
//! an eighth, too. But no column has more full cells than there are cores: the requests that ran longest in
//! it get them. A request that ran in a cell without filling it has a sliver there, a thin mark in the
//! colour of running, in place of its other state. So no work is left out, however short, and no column
//! claims more parallelism than there was.

use crate::view::axis::Axis;
use concsim_engine::telemetry::WaitPurpose;
use concsim_model::palette::{Meaning, Side};
use concsim_model::units::Stamp;
use concsim_record::lanes::{CoreLane, RequestLane, RequestState};

/// Reciprocal of the share of a cell for which a request must run to fill it.
const RUNS_FROM: u64 = 8;

/// Cell of a request's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::view) enum Cell {
    /// State that took most of it.
    Mostly(Meaning),
    /// The request ran for a part of it, most of that on this side, and had another state, or none, for the
    /// rest.
    RanInPart(Side),
}

/// Cell of a core's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::view) enum CoreCell {
    /// The core was busy for an eighth of it at least, with this worker for most of that time.
    By(u16),
    /// The core was busy for less than an eighth of it, or it was lost for an eighth at least; most of the
    /// busy time is on this side.
    InPart(Side),
}

/// Returns the use of a core in each column.
pub(in crate::view) fn of_core(core: &CoreLane, began: Stamp, axis: Axis) -> Vec<Option<CoreCell>> {
    let columns = usize::from(axis.columns);
    let mut times: Vec<Vec<(u16, u64)>> = vec![Vec::new(); columns];
    let mut late = vec![0; columns];
    for held in &core.held {
        let (from, to) = (since(began, held.from), since(began, held.to));
        for column in axis.columns_of(from, to) {
            let time = shared(axis, column, from, to);
            late[usize::from(column)] += late_part(axis, column, from, to);
            let in_column = &mut times[usize::from(column)];
            match in_column
                .iter_mut()
                .find(|(worker, _)| *worker == held.worker)
            {
                Some((_, sum)) => *sum += time,
                None => in_column.push((held.worker, time)),
            }
        }
    }
    let mut lost = vec![0; columns];
    for away in &core.without_core {
        let (from, to) = (since(began, away.from), since(began, away.to));
        for column in axis.columns_of(from, to) {
            lost[usize::from(column)] += shared(axis, column, from, to);
        }
    }
    let holder = |(column, times): (u16, Vec<(u16, u64)>)| {
        let length = axis.edge(column + 1).since(axis.edge(column)).0;
        let busy: u64 = times.iter().map(|(_, time)| time).sum();
        let (worker, most) = times.into_iter().max_by_key(|(_, time)| *time)?;
        // Another worker may have had the core while the first one had lost it.
        let lost = lost[usize::from(column)].min(length.saturating_sub(busy));
        match busy * RUNS_FROM >= length && lost * RUNS_FROM < length {
            _ if most == 0 => None,
            true => Some(CoreCell::By(worker)),
            false => Some(CoreCell::InPart(Side::of(late[usize::from(column)], busy))),
        }
    };
    (0..).zip(times).map(holder).collect()
}

fn since(began: Stamp, at: Stamp) -> Stamp {
    Stamp(at.since(began).0)
}

/// Returns the nanoseconds of a column that lie in [from, to).
fn shared(axis: Axis, column: u16, from: Stamp, to: Stamp) -> u64 {
    to.min(axis.edge(column + 1))
        .since(from.max(axis.edge(column)))
        .0
}

/// Returns the nanoseconds of a column's second half that lie in [from, to).
fn late_part(axis: Axis, column: u16, from: Stamp, to: Stamp) -> u64 {
    let (begin, end) = (axis.edge(column), axis.edge(column + 1));
    let middle = Stamp(begin.0.midpoint(end.0));
    to.min(end).since(from.max(middle)).0
}

/// Time in a column.
#[derive(Clone, Copy, Debug, Default)]
struct Times {
    /// Nanoseconds by state, in the order of [`STATES`].
    by: [u64; STATES.len()],
    /// Nanoseconds of waiting in queues, in the order of [`Meaning::QUEUES`].
    queued: [u64; Meaning::QUEUES.len()],
    /// Nanoseconds of running in the second half of the column.
    late: u64,
}

impl Times {
    fn ran(&self) -> u64 {
        self.by[0]
    }

    /// Returns the nanoseconds without a core, in the middle of computing.
    fn lost(&self) -> u64 {
        self.by[3]
    }
}

/// States in order of precedence, for two that took equally long.
const STATES: [RequestState; 6] = [
    RequestState::Running,
    RequestState::Blocked,
    RequestState::Ready,
    RequestState::WantsACore,
    RequestState::Parked,
    RequestState::AtTheDoor,
];

fn meaning(doing: RequestState) -> Meaning {
    match doing {
        RequestState::Running => Meaning::Running,
        RequestState::Blocked => Meaning::Blocked,
        RequestState::Ready | RequestState::WantsACore => Meaning::Ready,
        RequestState::Parked => Meaning::Parked,
        RequestState::AtTheDoor => Meaning::AtTheDoor,
    }
}

/// Returns the meaning of a span: a wait in a queue differs from the call itself.
pub(in crate::view) fn meaning_of(doing: RequestState, queue: Option<WaitPurpose>) -> Meaning {
    let queue = queue.and_then(meaning_of_queue);
    queue.unwrap_or_else(|| meaning(doing))
}

/// Returns the meaning of a queue.
fn meaning_of_queue(queue: WaitPurpose) -> Option<Meaning> {
    match queue {
        WaitPurpose::Thread | WaitPurpose::Connection => Some(Meaning::ForThePool),
        WaitPurpose::Queue => Some(Meaning::InAQueue),
        WaitPurpose::Answer | WaitPurpose::Timer => None,
    }
}

/// Returns the cells of the rows of requests.
pub(in crate::view) fn of_requests(
    requests: &[RequestLane],
    cores: usize,
    began: Stamp,
    axis: Axis,
) -> Vec<Vec<Option<Cell>>> {
    let times: Vec<Vec<Times>> = requests.iter().map(|it| times(it, began, axis)).collect();
    let mut rows: Vec<Vec<Option<Cell>>> = times
        .iter()
        .map(|row| row.iter().map(not_full).collect())
        .collect();
    for column in 0..axis.columns {
        let length = axis.edge(column + 1).since(axis.edge(column)).0;
        let column = usize::from(column);
        let ran = |row: usize| times[row][column].ran();
        let lost = |row: usize| times[row][column].lost();
        let mut running: Vec<usize> = (0..rows.len()).collect();
        running.retain(|row| ran(*row) > 0 && ran(*row) * RUNS_FROM >= length);
        running.retain(|row| lost(*row) * RUNS_FROM < length);
        running.sort_by_key(|row| std::cmp::Reverse(ran(*row)));
        for row in running.into_iter().take(cores) {
            rows[row][column] = Some(Cell::Mostly(Meaning::Running));
        }
    }
    rows
}

fn times(request: &RequestLane, began: Stamp, axis: Axis) -> Vec<Times> {
    let mut times = vec![Times::default(); usize::from(axis.columns)];
    for span in &request.spans {
        let (from, to) = (since(began, span.from), since(began, span.to));
        let doing = STATES.iter().position(|doing| *doing == span.doing);
        for column in axis.columns_of(from, to) {
            let time = shared(axis, column, from, to);
            let times = &mut times[usize::from(column)];
            let queue = span.queue.and_then(meaning_of_queue);
            let queue = queue.and_then(|it| Meaning::QUEUES.iter().position(|queue| *queue == it));
            match queue {
                Some(queue) => times.queued[queue] += time,
                None => times.by[doing.unwrap_or(0)] += time,
            }
            if span.doing == RequestState::Running {
                times.late += late_part(axis, column, from, to);
            }
        }
    }
    times
}

/// Returns the cell of a request that does not fill it by running.
fn not_full(times: &Times) -> Option<Cell> {
    match times.ran() {
        0 => most_besides_running(times).map(Cell::Mostly),
        ran => Some(Cell::RanInPart(Side::of(times.late, ran))),
    }
}

/// Returns the state that took most of a column besides running; ready and without a core count as one.
fn most_besides_running(times: &Times) -> Option<Meaning> {
    let sum = |meant: Meaning| -> u64 {
        let all = STATES.iter().zip(times.by);
        let same = all.filter(|(doing, _)| meaning(**doing) == meant);
        same.map(|(_, time)| time).sum()
    };
    let mut best = (0, None);
    for doing in &STATES[1..] {
        let time = sum(meaning(*doing));
        if time > best.0 {
            best = (time, Some(meaning(*doing)));
        }
    }
    for (queue, time) in Meaning::QUEUES.into_iter().zip(times.queued) {
        if time > best.0 {
            best = (time, Some(queue));
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use concsim_record::lanes::{CoreInterval, Interval, Span};

    const END: u64 = 100_000;

    fn span(doing: RequestState, from: u64, to: u64) -> Span {
        Span {
            doing,
            queue: None,
            from: Stamp(from),
            to: Stamp(to),
            is_open: false,
        }
    }

    /// Returns intervals without overlaps, most of them short, with gaps.
    fn stretches() -> impl Strategy<Value = Vec<(Stamp, Stamp, usize)>> {
        let parts = prop::collection::vec((0_u64..9_000, 1_u64..4_000, 0_usize..6), 0..40);
        parts.prop_map(|parts| {
            let mut at = 0;
            let stretch = |(blank, length, which): (u64, u64, usize)| {
                let (from, to) = (at + blank, at + blank + length);
                at = to;
                (Stamp(from), Stamp(to), which)
            };
            parts.into_iter().map(stretch).collect()
        })
    }

    /// Returns the part of an interval that lies on the axis, counted from `began`.
    fn seen(axis: Axis, began: Stamp, (from, to): (Stamp, Stamp)) -> Option<(Stamp, Stamp)> {
        axis.interval.clip(since(began, from), since(began, to))
    }

    fn axis() -> impl Strategy<Value = Axis> {
        (0..END, 1..END, 1_u16..200).prop_map(|(from, length, columns)| Axis {
            interval: Interval {
                from: Stamp(from),
                to: Stamp(from + length),
            },
            columns,
        })
    }

    proptest! {
        #[test]
        fn a_stretch_of_running_on_the_axis_is_seen_in_a_cell_of_its_row(
            rows in prop::collection::vec(stretches(), 1..5),
            began in (0_u64..5_000).prop_map(Stamp),
            axis in axis(),
            cores in 1_usize..3,
        ) {
            let lane = |spans: &Vec<(Stamp, Stamp, usize)>| RequestLane {
                request: 0,
                worker: None,
                spans: spans
                    .iter()
                    .filter(|(_, to, _)| *to > began)
                    .map(|(from, to, which)| Span { doing: STATES[*which], queue: None, from: *from, to: *to, is_open: false })
                    .collect(),
                done: None,
            };
            let lanes: Vec<RequestLane> = rows.iter().map(lane).collect();
            let rows = of_requests(&lanes, cores, began, axis);
            for (lane, row) in lanes.iter().zip(&rows) {
                for span in lane.spans.iter().filter(|span| span.doing == RequestState::Running) {
                    let Some((from, to)) = seen(axis, began, (span.from, span.to)) else {
                        continue;
                    };
                    let mut columns = axis.columns_of(from, to);
                    let is_seen = columns.any(|column| matches!(
                        row[usize::from(column)],
                        Some(Cell::RanInPart(_) | Cell::Mostly(Meaning::Running))
                    ));
                    prop_assert!(is_seen, "{span:?} of {row:?}");
                }
            }
            for column in 0..usize::from(axis.columns) {
                let is_full = |row: &&Vec<Option<Cell>>| row[column] == Some(Cell::Mostly(Meaning::Running));
                prop_assert!(rows.iter().filter(is_full).count() <= cores);
            }
        }

        #[test]
        fn a_stretch_in_which_a_core_was_held_is_seen_in_a_cell_of_its_row(
            stretches in stretches(),
            began in (0_u64..5_000).prop_map(Stamp),
            axis in axis(),
        ) {
            let held = stretches.iter().filter(|(_, to, _)| *to > began);
            let held = held.map(|(from, to, worker)| CoreInterval { worker: *worker as u16, from: *from, to: *to });
            let core = CoreLane { core: None, held: held.collect(), without_core: Vec::new() };
            let row = of_core(&core, began, axis);
            for held in &core.held {
                let seen = seen(axis, began, (held.from, held.to));
                let mut columns = seen.into_iter().flat_map(|(from, to)| axis.columns_of(from, to));
                let is_seen = columns.any(|column| row[usize::from(column)].is_some());
                prop_assert!(is_seen || seen.is_none(), "{held:?} of {row:?}");
            }
        }
    }

    /// Returns a request with spans that follow each other from 0 on, each with its end.
    fn lane(spans: &[(RequestState, u64)]) -> RequestLane {
        let begins = std::iter::once(0).chain(spans.iter().map(|(_, end)| *end));
        let spans = spans.iter().zip(begins);
        RequestLane {
            request: 0,
            worker: Some(0),
            spans: spans
                .map(|((doing, end), begin)| span(*doing, begin, *end))
                .collect(),
            done: None,
        }
    }

    fn cells_of_100(columns: u16) -> Axis {
        let interval = Interval {
            from: Stamp(0),
            to: Stamp(100 * u64::from(columns)),
        };
        Axis { interval, columns }
    }

    #[test]
    fn a_wait_with_a_moment_of_work_is_a_sliver_and_a_cell_without_work_is_a_wait() {
        let lane = lane(&[
            (RequestState::Parked, 190),
            (RequestState::Running, 200),
            (RequestState::Parked, 300),
            (RequestState::Running, 320),
            (RequestState::Parked, 400),
        ]);
        let axis = cells_of_100(4);
        let [parked, running] = [Meaning::Parked, Meaning::Running].map(Cell::Mostly);
        // 10 of 100 are less than an eighth, 20 of 100 are more.
        let row = [parked, Cell::RanInPart(Side::Right), parked, running].map(Some);
        assert_eq!(of_requests(&[lane], 1, Stamp::ZERO, axis), [row]);
    }

    #[test]
    fn a_run_that_lost_its_core_in_a_cell_fills_it_in_part_only() {
        // In cells of 100: all on a core; 60 without; 10 without; 100 without.
        let runs = [(0, 100), (100, 120), (180, 200), (210, 300)];
        let without = [(120, 180), (200, 210), (300, 400)];
        let lane = lane(&[
            (RequestState::Running, 120),
            (RequestState::WantsACore, 180),
            (RequestState::Running, 200),
            (RequestState::WantsACore, 210),
            (RequestState::Running, 300),
            (RequestState::WantsACore, 400),
        ]);
        let interval = |(from, to): (u64, u64)| Interval {
            from: Stamp(from),
            to: Stamp(to),
        };
        let held = |(from, to): (u64, u64)| CoreInterval {
            worker: 4,
            from: Stamp(from),
            to: Stamp(to),
        };
        let core = CoreLane {
            core: Some(1),
            held: runs.map(held).into(),
            without_core: without.map(interval).into(),
        };
        let axis = cells_of_100(4);
        let rows = of_requests(&[lane], 1, Stamp::ZERO, axis);
        let [Some(first), Some(second), Some(third), Some(last)] = rows[0][..] else {
            panic!("{rows:?}");
        };
        let full = Cell::Mostly(Meaning::Running);
        assert_eq!([first, third], [full; 2]);
        assert!(matches!(second, Cell::RanInPart(_)));
        assert_eq!(last, Cell::Mostly(Meaning::Ready));
        let uses = of_core(&core, Stamp::ZERO, axis);
        assert_eq!(
            [uses[0], uses[2], uses[3]],
            [Some(CoreCell::By(4)), Some(CoreCell::By(4)), None]
        );
        assert!(matches!(uses[1], Some(CoreCell::InPart(_))));
    }

    #[test]
    fn a_cell_shows_the_queue_that_took_most_of_it_and_the_call_behind_it() {
        let span = |queue, from, to| Span {
            doing: RequestState::Parked,
            queue,
            from: Stamp(from),
            to: Stamp(to),
            is_open: false,
        };
        let lane = RequestLane {
            request: 0,
            worker: Some(0),
            spans: vec![
                span(Some(WaitPurpose::Connection), 0, 130),
                span(Some(WaitPurpose::Queue), 130, 260),
                span(None, 260, 400),
            ],
            done: None,
        };
        let interval = Interval {
            from: Stamp(0),
            to: Stamp(400),
        };
        let axis = Axis {
            interval,
            columns: 4,
        };
        let row = [
            Meaning::ForThePool,
            Meaning::InAQueue,
            Meaning::InAQueue,
            Meaning::Parked,
        ];
        let row = row.map(|meaning| Some(Cell::Mostly(meaning)));
        assert_eq!(of_requests(&[lane], 1, Stamp::ZERO, axis), [row]);
    }
}
