//! Core tracks: the worker on each core, over time.

use std::io::{self, Write};

use super::trace::{Slice, Trace, Track};
use super::{Scene, end_of, place};
use concsim_engine::telemetry::Event;
use concsim_model::units::{Stamp, letter};
use concsim_record::lanes::{CoreInterval, CoreLane, Interval, Lanes};
use concsim_record::{Origin, Snapshot};

/// Number of intervals in one query: few enough for the lanes to hold them one by one.
const AT_ONCE: usize = 1_024;

pub(super) fn write(
    out: &mut Trace<impl Write>,
    context: &Scene<'_>,
    lanes: &Lanes<'_>,
) -> io::Result<()> {
    let description = match context.view.run().origin {
        Origin::Measured => {
            "Worker on each core, as reported by the workers, not by the kernel. A worker reports its core \
             at the end of each run slice and when it loses the core, so a move within a slice is not \
             visible; other programs are not shown."
        }
        Origin::Simulated => "Worker on each core of the simulated machine.",
    };
    let group = out.track(context.group, place::CORES, "cores", description)?;
    let mut rows: Vec<Row> = Vec::new();
    for interval in intervals(&lanes.snapshot()) {
        let cores = lanes.cores(interval);
        for (place, lane) in cores.iter().enumerate() {
            if place == rows.len() {
                let track = out.track(group, place, &name(lane, place), "")?;
                rows.push(Row { track, held: None });
            }
            for held in &lane.held {
                rows[place].add(out, *held)?;
            }
        }
    }
    for row in &mut rows {
        row.write(out)?;
    }
    Ok(())
}

fn name(lane: &CoreLane, place: usize) -> String {
    match lane.core {
        Some(core) => format!("core {core}"),
        None => format!("unnumbered core {}", place + 1),
    }
}

/// Cuts the whole run into intervals with few enough switches each.
fn intervals(snapshot: &Snapshot<'_>) -> Vec<Interval> {
    let ends = snapshot
        .switches()
        .iter()
        .filter_map(|(_, switch)| match switch {
            Event::RunSlice(ran) => Some(ran.to),
            _ => None,
        });
    let mut ends: Vec<Stamp> = ends.collect();
    ends.sort_unstable();
    let edges = ends.into_iter().skip(AT_ONCE).step_by(AT_ONCE);
    let mut from = Stamp::ZERO;
    let edges = edges.chain([end_of(snapshot)]);
    let intervals = edges.map(|to| {
        let interval = Interval { from, to };
        from = from.max(to);
        interval
    });
    intervals.filter(|it| it.from < it.to).collect()
}

/// Core and the worker on it. Time on it that crosses the end of an interval is one slice all the same.
struct Row {
    track: Track,
    held: Option<CoreInterval>,
}

impl Row {
    fn add(&mut self, out: &mut Trace<impl Write>, held: CoreInterval) -> io::Result<()> {
        match &mut self.held {
            Some(last) if last.worker == held.worker && last.to == held.from => {
                last.to = held.to;
                Ok(())
            }
            _ => {
                self.write(out)?;
                self.held = Some(held);
                Ok(())
            }
        }
    }

    fn write(&mut self, out: &mut Trace<impl Write>) -> io::Result<()> {
        let Some(held) = self.held.take() else {
            return Ok(());
        };
        let slice = Slice {
            name: &format!("worker {}", letter(held.worker.into())),
            ..Slice::default()
        };
        out.begin(self.track, held.from, &slice)?;
        out.end(self.track, held.to)
    }
}
