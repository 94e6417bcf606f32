//! Frontends of a run: the interface that the driver calls, and a frontend that prints lines of progress on standard
//! error. The frontend with a screen belongs to the command line.

use std::rc::Rc;

use crate::console;
use crate::run::Driver;
use crate::watch::WatchedFile;
use concsim_model::scenario::Plan;
use concsim_model::units::Elapsed;
use concsim_os::sys::clock::Clock;
use concsim_os::sys::interrupt;
use concsim_os::telemetry::Stage;
use concsim_record::Recording;
use concsim_record::summary::Run;

/// A frontend. Spends the time between two steps of the driver, and may end the run.
pub trait Frontend {
    /// Called before the variant with this index is played.
    fn on_variant_start(&mut self, plan: &Plan, variant: usize) -> anyhow::Result<()>;

    /// Draws the run so far, and takes at most `spare` of time for it.
    fn on_progress(&mut self, driver: &mut Driver<'_>, spare: Elapsed) -> anyhow::Result<()>;

    /// Stores a note that is printed at the end.
    fn on_note(&mut self, note: String);

    /// Called after a variant has been played.
    fn on_variant_end(&mut self, _run: &Run, _recording: Recording) -> anyhow::Result<()> {
        Ok(())
    }

    /// True if the frontend wants the whole run to end.
    fn should_stop(&self) -> bool {
        interrupt::is_requested()
    }
}

/// Progress without a screen: a line at each new phase.
#[derive(Debug)]
pub struct Headless {
    clock: Clock,
    reported: Option<(usize, Stage)>,
    variant: usize,
    name: String,
    quiet: bool,
    watched: Option<Rc<WatchedFile>>,
}

impl Headless {
    /// `quiet`: prints errors alone.
    #[must_use]
    pub fn new(quiet: bool) -> Self {
        Self {
            clock: Clock::starting_now(),
            reported: None,
            variant: 0,
            name: String::new(),
            quiet,
            watched: None,
        }
    }

    /// Also ends the run when this file is saved.
    #[must_use]
    pub fn watching(mut self, watched: Option<&Rc<WatchedFile>>) -> Self {
        self.watched = watched.cloned();
        self
    }
}

impl Frontend for Headless {
    fn on_variant_start(&mut self, plan: &Plan, variant: usize) -> anyhow::Result<()> {
        self.variant = variant;
        self.name = format!(
            "{} ({} of {})",
            plan.variants[variant].name,
            variant + 1,
            plan.variants.len()
        );
        Ok(())
    }

    fn on_progress(&mut self, driver: &mut Driver<'_>, spare: Elapsed) -> anyhow::Result<()> {
        for note in driver.take_notes() {
            self.on_note(note);
        }
        let now = (self.variant, driver.stage());
        if self.reported.replace(now) != Some(now) && !self.quiet {
            console::print_message(format_args!("{}: {}", self.name, describe(driver.stage())));
        }
        self.clock.sleep_until(self.clock.now() + spare);
        Ok(())
    }

    fn on_note(&mut self, note: String) {
        console::print_message(format_args!("{}: {note}", self.name));
    }

    fn should_stop(&self) -> bool {
        is_to_end(self.watched.as_ref())
    }
}

/// True if the run is to end: on ^C, or because its file was saved.
#[must_use]
pub fn is_to_end(watched: Option<&Rc<WatchedFile>>) -> bool {
    interrupt::is_requested() || watched.is_some_and(|watched| watched.was_saved())
}

fn describe(stage: Stage) -> &'static str {
    match stage {
        Stage::Preparing => "starting its processes",
        Stage::WarmUp => "warming up, not counted yet",
        Stage::Counting => "counting",
        Stage::Draining => "waiting for the last requests",
        Stage::Done => "stopping its processes",
    }
}
