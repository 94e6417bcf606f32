//! Plays one variant, from its first process to its recording, with a frontend.

use std::io;

use crate::frontend::Frontend;
use crate::run::Driver;
use concsim_engine::memory;
use concsim_model::scenario::{Plan, Variant};
use concsim_model::units::Elapsed;
use concsim_model::words::megabytes;
use concsim_os::recorder::{self, Folder, Live};
use concsim_os::sys::{self, clock};
use concsim_os::telemetry::{RINGS_BY_DEFAULT, Scoreboard};
use concsim_record::storage::RecordingWriter;
use concsim_record::{Header, Recording};

/// Opens the recording writer of a variant. On failure the run goes on unrecorded.
pub fn writer_for(
    folder: Option<&mut Folder>,
    header: &Header,
    report: impl FnOnce(String),
) -> Option<RecordingWriter> {
    let writer = folder?.begin_variant(header);
    let not_kept = |error: &io::Error| report(format!("{} is not kept: {error}", header.variant));
    writer.inspect_err(not_kept).ok()
}

/// Removes the run's remains from its folder, and returns the error.
#[must_use]
pub fn unplayed(folder: Option<Folder>, error: anyhow::Error) -> anyhow::Error {
    if let Some(folder) = folder {
        folder.remove_unplayed();
    }
    error
}

/// Returns the header of a run on this machine that begins now.
pub fn header_of(plan: &Plan, variant: &Variant) -> Header {
    Header {
        started_ns: Some(clock::since_boot().0),
        ..Header::of(plan, variant, recorder::this_machine())
    }
}

/// Refuses a variant whose stated memory would not leave enough for the rest of the machine.
fn check_memory(variant: &Variant) -> anyhow::Result<()> {
    let Some(available) = sys::memory::available().filter(|_| memory::is_stated(&variant.scenario))
    else {
        return Ok(());
    };
    let needed = memory::needed(&variant.scenario);
    // A run that takes all memory makes the system end processes, of this run or of others.
    let most = available / 4 * 3;
    anyhow::ensure!(
        needed <= most,
        "`{}` needs about {} of memory, and {} are available: \
         fewer workers, or a smaller `server.app` or `touch`",
        variant.name,
        megabytes(needed / 1_024),
        megabytes(available / 1_024),
    );
    Ok(())
}

/// Plays one variant to its end.
///
/// # Errors
/// A process that cannot be started, or a frontend that fails.
pub fn play_one(
    plan: &Plan,
    variant: &Variant,
    frontend: &mut impl Frontend,
    folder: Option<&mut Folder>,
) -> anyhow::Result<Recording> {
    check_memory(variant)?;
    let scoreboard = Scoreboard::new(RINGS_BY_DEFAULT)?;
    let header = header_of(plan, variant);
    let writer = writer_for(folder, &header, |text| frontend.on_note(text));
    let live = Live::new(&scoreboard, header, writer);
    let driver = Driver::begin(variant, live)?;
    drive(driver, frontend)
}

/// Drives a run to its end, which comes sooner if the frontend wants to stop.
///
/// # Errors
/// A process that cannot be started, or a frontend that fails.
pub fn drive(mut driver: Driver<'_>, frontend: &mut impl Frontend) -> anyhow::Result<Recording> {
    let mut leaving = false;
    while let Some(spare) = driver.step()? {
        frontend.on_progress(&mut driver, spare)?;
        if frontend.should_stop() && !leaving {
            leaving = true;
            driver.interrupt();
        }
    }
    // The last messages.
    frontend.on_progress(&mut driver, Elapsed::ZERO)?;
    let (recording, note) = driver.end();
    if let Some(note) = note {
        frontend.on_note(note);
    }
    Ok(recording)
}
