//! What a cell of a lane shows: what took most of its time.
//!
//! Running is what one looks for, so it is shown from an eighth of the cell on; but in no column are
//! more requests running than there are cores: those that ran longest in it are, and the others show
//! what they did besides.

use crate::palette::Meaning;
use crate::recording::lanes::{CoreLane, Doing, RequestLane};
use crate::tui::view::axis::Axis;
use crate::units::Stamp;

/// Whoever ran for one in so many parts of a cell is running in it.
const RUNS_FROM: u64 = 8;

/// For each column who had the core for most of it.
pub(in crate::tui::view) fn of_core(core: &CoreLane, began: Stamp, axis: Axis) -> Vec<Option<u16>> {
    let mut times: Vec<Vec<(u16, u64)>> = vec![Vec::new(); usize::from(axis.columns)];
    for held in &core.held {
        let (from, to) = (since(began, held.from), since(began, held.to));
        for column in axis.columns_of(from, to) {
            let time = shared(axis, column, from, to);
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
    let holder = |(column, times): (u16, Vec<(u16, u64)>)| {
        let length = axis.edge(column + 1).since(axis.edge(column)).0;
        let busy: u64 = times.iter().map(|(_, time)| time).sum();
        let (worker, most) = times.into_iter().max_by_key(|(_, time)| *time)?;
        (busy * RUNS_FROM >= length && most > 0).then_some(worker)
    };
    (0..).zip(times).map(holder).collect()
}

fn since(began: Stamp, at: Stamp) -> Stamp {
    Stamp(at.since(began).0)
}

/// How much of a column lies in [from, to), in nanoseconds.
fn shared(axis: Axis, column: u16, from: Stamp, to: Stamp) -> u64 {
    to.min(axis.edge(column + 1))
        .since(from.max(axis.edge(column)))
        .0
}

/// Time in a column, by what was done in it, in the order of [`DOINGS`].
type Times = [u64; DOINGS.len()];

/// What is told first of two that took as long.
const DOINGS: [Doing; 6] = [
    Doing::Running,
    Doing::Blocked,
    Doing::Ready,
    Doing::WantsACore,
    Doing::Parked,
    Doing::AtTheDoor,
];

pub(in crate::tui::view) fn meaning(doing: Doing) -> Meaning {
    match doing {
        Doing::Running => Meaning::Running,
        Doing::Blocked => Meaning::Blocked,
        Doing::Ready | Doing::WantsACore => Meaning::Ready,
        Doing::Parked => Meaning::Parked,
        Doing::AtTheDoor => Meaning::AtTheDoor,
    }
}

/// The rows of requests, in glyphs.
pub(in crate::tui::view) fn of_requests(
    requests: &[RequestLane],
    cores: usize,
    began: Stamp,
    axis: Axis,
) -> Vec<Vec<Option<Meaning>>> {
    let times: Vec<Vec<Times>> = requests.iter().map(|it| times(it, began, axis)).collect();
    let mut rows: Vec<Vec<Option<Meaning>>> = times
        .iter()
        .map(|row| row.iter().map(most_besides_running).collect())
        .collect();
    for column in 0..axis.columns {
        let length = axis.edge(column + 1).since(axis.edge(column)).0;
        let column = usize::from(column);
        let ran = |row: usize| times[row][column][0];
        let mut running: Vec<usize> = (0..rows.len()).collect();
        running.retain(|row| ran(*row) > 0 && ran(*row) * RUNS_FROM >= length);
        running.sort_by_key(|row| std::cmp::Reverse(ran(*row)));
        for row in running.into_iter().take(cores) {
            rows[row][column] = Some(Meaning::Running);
        }
    }
    rows
}

fn times(request: &RequestLane, began: Stamp, axis: Axis) -> Vec<Times> {
    let mut times = vec![Times::default(); usize::from(axis.columns)];
    for span in &request.spans {
        let (from, to) = (since(began, span.from), since(began, span.to));
        let doing = DOINGS.iter().position(|doing| *doing == span.doing);
        for column in axis.columns_of(from, to) {
            let time = shared(axis, column, from, to);
            times[usize::from(column)][doing.unwrap_or(0)] += time;
        }
    }
    times
}

/// What took most of a column; what could go on counts as one.
fn most_besides_running(times: &Times) -> Option<Meaning> {
    let sum = |meant: Meaning| -> u64 {
        let all = DOINGS.iter().zip(times);
        let same = all.filter(|(doing, _)| meaning(**doing) == meant);
        same.map(|(_, time)| time).sum()
    };
    let mut best = (0, None);
    for doing in &DOINGS[1..] {
        let time = sum(meaning(*doing));
        if time > best.0 {
            best = (time, Some(meaning(*doing)));
        }
    }
    best.1
}
