//! Counters of the samples. A value holds until the next one, so a mean is placed where its interval
//! begins.

use std::io::{self, Write};

use super::trace::Trace;
use super::{Scene, place};
use concsim_record::Sample;
use concsim_record::lanes::Index;

/// Counter: name, unit, and its value for a sample and the number of requests at the door then.
type Counter = (&'static str, &'static str, fn(&Sample, Option<u64>) -> u64);

const COUNTERS: [Counter; 5] = [
    ("in system", "requests", |sample, _| {
        sample.load.in_system.count
    }),
    ("at the door", "requests", |sample, door| {
        door.unwrap_or_else(|| sample.at_the_door())
    }),
    ("begun", "requests", |sample, _| sample.begun()),
    ("ready", "coroutines", |sample, _| {
        sample.workers.iter().map(|worker| worker.ready).sum()
    }),
    ("parked", "coroutines", |sample, _| {
        sample.workers.iter().map(|worker| worker.parked).sum()
    }),
];

pub(super) fn write(
    out: &mut Trace<impl Write>,
    context: &Scene<'_>,
    index: &Index,
) -> io::Result<()> {
    let samples = &context.view.recording.samples;
    let description = "Counts at each sample, about 20 a second.";
    let group = out.track(context.group, place::COUNTERS, "counters", description)?;
    for (place, (name, unit, value)) in COUNTERS.into_iter().enumerate() {
        let track = out.counter(group, place, (name, unit), "")?;
        // Workers of a foreign server do not report their coroutines.
        let is_known = |sample: &&Sample| sample.queued.is_none() || unit != "coroutines";
        for sample in samples.iter().filter(is_known) {
            let door = index.at_the_door(context.view.recording, sample.at);
            out.count(track, sample.at, value(sample, door) as f64)?;
        }
    }
    let description = "Mean number of cores that the workers keep busy until the next sample.";
    let name = ("parallelism", "cores");
    let track = out.counter(group, COUNTERS.len(), name, description)?;
    for pair in samples.windows(2) {
        let length = pair[1].at.since(pair[0].at).0;
        if length > 0 {
            let cpu = pair[1].workers_cpu() - pair[0].workers_cpu();
            out.count(track, pair[0].at, cpu.0 as f64 / length as f64)?;
        }
    }
    Ok(())
}
