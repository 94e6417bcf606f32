//! Track of stages: warm-up, window and drain, interventions, and the run's trust.

use std::io::{self, Write};

use super::trace::{Note, Slice, Trace};
use super::{Scene, place};

pub(super) fn write(out: &mut Trace<impl Write>, context: &Scene<'_>) -> io::Result<()> {
    let track = out.track(context.group, place::STAGES, "stages", "")?;
    let view = context.view;
    let header = &view.recording.header;
    let because = view.doubt_codes();
    let caveat = view.caveats().in_full().unwrap_or_default();
    let notes = [
        ("variant", Note::Words(view.name())),
        ("origin", Note::Words(view.run().origin.word())),
        ("trust", Note::Words(view.run().trust.code())),
        ("because", Note::Words(&because)),
        ("caveat", Note::Words(&caveat)),
        ("title", Note::Words(&view.plan.title)),
        ("scenario", Note::Words(&view.plan.file)),
        ("sha256", Note::Words(&view.plan.sha256)),
        ("seed", Note::Number(header.scenario.seed)),
        ("concsim", Note::Words(&header.concsim)),
        ("kernel", Note::Words(&header.machine.kernel)),
        ("cpu", Note::Words(&header.machine.cpu)),
        ("requests", Note::Number(context.requests.len() as u64)),
        (
            "switches",
            Note::Number(view.recording.switches.len() as u64),
        ),
        (
            "switches_one_in",
            Note::Number(view.recording.one_in.into()),
        ),
    ];
    let slice = Slice {
        name: "the run",
        flow: None,
        notes: &notes,
    };
    out.instant(track, header.began, &slice)?;
    for marker in &view.recording.markers {
        let name = header.caption_of(marker);
        let slice = Slice {
            name: &name,
            ..Slice::default()
        };
        out.instant(track, marker.at, &slice)?;
    }
    let Some(window) = header.window else {
        return Ok(());
    };
    for (name, from, to) in [
        ("warm-up, not counted", header.began, window.begin),
        ("counted", window.begin, window.end),
        ("draining", window.end, header.drained),
    ] {
        if from < to {
            let slice = Slice {
                name,
                ..Slice::default()
            };
            out.begin(track, from, &slice)?;
            out.end(track, to)?;
        }
    }
    Ok(())
}
