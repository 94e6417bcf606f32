//! Trace for Perfetto (ui.perfetto.dev), in its native format: track events in protobuf.
//!
//! ```text
//!   sync · measured                    a group for each variant: all begin at 0, so that they are
//!   coroutine · measured               one below the other and can be compared
//!   ├─ stages                          warm-up, counted, draining; interventions
//!   ├─ cores ── core 0, core 1 …       the worker on the core
//!   ├─ workers ── worker A             its request, and the time asleep or without a core
//!   │              └─ coroutine 0 …    running, ready, parked
//!   ├─ requests ── lane 1, lane 2 …    from due to the end, as the client saw it
//!   └─ counters                        in system, at the door, begun, ready, parked, parallelism
//! ```
//!
//! Flow arrows lead from each request to all slices of its coroutine (or sync worker) that served it. A
//! request is named by its number and its kind: `request 8: profile`. The run's trust is in the name and
//! the description of its group and in the notes of its first event.

mod cores;
mod counters;
mod requests;
mod schema;
mod stages;
#[cfg(test)]
mod tests;
mod trace;
mod workers;

use std::collections::BTreeMap;
use std::io::{self, Write};

use concsim_model::units::Stamp;
use concsim_model::words::number_of;
use concsim_record::RunView;
use concsim_record::Snapshot;
use concsim_record::lanes::{Index, Lanes};
use concsim_record::trust::Trust;
use trace::{Trace, Track};

/// Writes the trace of these variants, packet by packet.
///
/// # Errors
/// If writing fails.
pub fn write(variants: &[RunView<'_>], to: impl Write) -> io::Result<()> {
    let mut out = Trace::begin_file(to)?;
    for (place, view) in variants.iter().enumerate() {
        write_variant(&mut out, place, view)?;
    }
    out.close_file()
}

fn write_variant(out: &mut Trace<impl Write>, place: usize, view: &RunView<'_>) -> io::Result<()> {
    let number = i32::try_from(place + 1).unwrap_or(i32::MAX);
    let group = out.group(number, &name(view), &description(view))?;
    let context = Scene {
        view,
        place,
        group,
        requests: requests::known(view),
    };
    stages::write(out, &context)?;
    let mut index = Index::default();
    index.extend(view.recording);
    // A run that ended before its first sample has nothing but the reports of its clients.
    let snapshot = view.recording.present();
    let lanes = snapshot.map(|known| Lanes::new(&index, known));
    // An arrow begins at the earlier of two slices, and at the first in the file if both begin at once.
    requests::write(out, &context, lanes.as_ref())?;
    if let Some(lanes) = &lanes {
        cores::write(out, &context, lanes)?;
        workers::write(out, &context, lanes)?;
    }
    counters::write(out, &context, &index)
}

/// Variant being written into the trace.
struct Scene<'a> {
    view: &'a RunView<'a>,
    /// Position among the variants, from 0.
    place: usize,
    group: Track,
    /// All requests that a client reported, by number.
    requests: BTreeMap<u32, requests::ClientRequest<'a>>,
}

impl Scene<'_> {
    /// Returns the name of a request.
    fn name_of(&self, request: Option<u32>) -> String {
        let Some(request) = request else {
            return "no request".into();
        };
        let number = number_of(request);
        match self.requests.get(&request) {
            Some(asked) => format!("request {number}: {}", asked.class),
            None => format!("request {number}"),
        }
    }

    /// Returns the flow of a request; `None` if no client reported it.
    fn flow(&self, request: Option<u32>) -> Option<u64> {
        let request = request.filter(|request| self.requests.contains_key(request))?;
        Some((self.place as u64 + 1) << 32 | u64::from(request))
    }
}

/// Positions of a group's tracks.
mod place {
    pub(super) const STAGES: usize = 0;
    pub(super) const CORES: usize = 1;
    pub(super) const WORKERS: usize = 2;
    pub(super) const REQUESTS: usize = 3;
    pub(super) const COUNTERS: usize = 4;
}

fn name(view: &RunView<'_>) -> String {
    let doubt = match view.run().trust {
        Trust::Ok => String::new(),
        trust => format!(" · {}", trust.words()),
    };
    let cut = if view.run().interrupted {
        " · interrupted"
    } else {
        ""
    };
    format!("{} · {}{doubt}{cut}", view.name(), view.run().origin.word())
}

fn description(view: &RunView<'_>) -> String {
    let caveat = view.caveats().in_full();
    let mut lines = vec![
        view.plan.title.clone(),
        caveat.unwrap_or_else(|| "No reason to doubt its numbers was found.".into()),
        view.recording.header.provenance(view.plan),
        "The clock of every variant starts at 0. The process number is invented.".into(),
    ];
    if view.recording.one_in > 1 {
        lines.push(format!(
            "This trace has the switches of one request in {}; {} switches were left out.",
            view.recording.one_in, view.recording.thinned_switches
        ));
    }
    lines.join("\n")
}

/// Returns the last instant about which anything is known.
fn end_of(snapshot: &Snapshot<'_>) -> Stamp {
    snapshot.sample().at.max(snapshot.header().drained)
}
