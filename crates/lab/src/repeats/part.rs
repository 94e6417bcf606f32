//! One variant of one repeat, and the two engines that play it.

use std::sync::Mutex;

use super::Player;
use super::progress::RepeatProgress;
use concsim_driver::frontend::Frontend;
use concsim_driver::play::{play_one, writer_for};
use concsim_driver::run::Driver;
use concsim_model::scenario::{Plan, Variant};
use concsim_model::units::Elapsed;
use concsim_os::recorder::Folder;
use concsim_os::sys::clock::Clock;
use concsim_record::{Recorder, Recording};

/// A variant of a repeat, to be played.
pub struct Part<'a> {
    /// Plan of the repeat.
    pub plan: &'a Plan,
    /// The variant.
    pub variant: &'a Variant,
    /// Folder of the repeat.
    pub folder: Option<&'a mut Folder>,
    /// True if the recording is shown afterwards.
    pub is_shown: bool,
    pub(super) progress: &'a Mutex<RepeatProgress>,
}

impl<'a> Part<'a> {
    /// Returns the frontend of a run of real processes.
    #[must_use]
    pub fn frontend(&self) -> RepeatFrontend<'a> {
        RepeatFrontend {
            clock: Clock::starting_now(),
            variant: self.variant.name.clone(),
            progress: self.progress,
        }
    }

    fn print_note(&self, note: &str) {
        let mut progress = self.progress.lock().expect("no thread has failed");
        progress.print_note(&format!("{}: {note}", self.variant.name));
    }
}

/// Frontend of a repeat: the progress of all repeats.
#[derive(Debug)]
pub struct RepeatFrontend<'a> {
    clock: Clock,
    variant: String,
    progress: &'a Mutex<RepeatProgress>,
}

impl Frontend for RepeatFrontend<'_> {
    fn on_variant_start(&mut self, _plan: &Plan, _variant: usize) -> anyhow::Result<()> {
        Ok(())
    }

    fn on_progress(&mut self, driver: &mut Driver<'_>, spare: Elapsed) -> anyhow::Result<()> {
        for note in driver.take_notes() {
            self.on_note(note);
        }
        self.progress.lock().expect("no thread has failed").update();
        self.clock.sleep_until(self.clock.now() + spare);
        Ok(())
    }

    fn on_note(&mut self, note: String) {
        let mut progress = self.progress.lock().expect("no thread has failed");
        progress.print_note(&format!("{}: {note}", self.variant));
    }
}

/// Plays with real processes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Processes;

impl Player for Processes {
    fn play(&self, part: Part<'_>) -> anyhow::Result<Recording> {
        let mut frontend = part.frontend();
        play_one(part.plan, part.variant, &mut frontend, part.folder)
    }
}

/// Plays in virtual time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Simulations;

impl Player for Simulations {
    fn play(&self, mut part: Part<'_>) -> anyhow::Result<Recording> {
        let scenario = &part.variant.scenario;
        let header = concsim_sim::header_of(part.plan, part.variant);
        if !part.is_shown && part.folder.is_none() {
            return Ok(concsim_sim::record_without_switches(scenario, header));
        }
        let folder = part.folder.take();
        let keeper = writer_for(folder, &header, |said| part.print_note(&said));
        let (recording, failed) = concsim_sim::record(scenario, Recorder::new(header, keeper));
        if let Some(error) = failed {
            part.print_note(&format!("not all of the recording is kept: {error}"));
        }
        Ok(recording)
    }
}
