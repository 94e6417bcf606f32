//! Frontends of a run: a screen, or a line of progress on standard error.

use std::rc::Rc;

use super::talk;
use crate::cli::performance::Performance;
use crate::cli::rehearsal::Watched;
use concsim_model::scenario::Plan;
use concsim_model::units::Elapsed;
use concsim_os::sys::clock::Clock;
use concsim_os::sys::interrupt;
use concsim_os::telemetry::Stage;
use concsim_record::Recording;
use concsim_record::summary::Run;

/// A frontend. Spends the time between two steps of the driver, and may end the run.
pub trait Audience {
    /// Called before the variant with this index is played.
    fn announce(&mut self, plan: &Plan, variant: usize) -> anyhow::Result<()>;

    /// Draws the run so far, and takes at most `spare` of time for it.
    fn watch(&mut self, performance: &mut Performance<'_>, spare: Elapsed) -> anyhow::Result<()>;

    /// Stores a note that is printed at the end.
    fn hear(&mut self, note: String);

    /// Called after a variant has been played.
    fn applaud(&mut self, _run: &Run, _recording: Recording) -> anyhow::Result<()> {
        Ok(())
    }

    /// True if the frontend wants the whole run to end.
    fn wants_to_leave(&self) -> bool {
        interrupt::noted()
    }
}

/// Progress without a screen: a line at each new phase.
#[derive(Debug)]
pub struct Headless {
    clock: Clock,
    said: Option<(usize, Stage)>,
    variant: usize,
    name: String,
    quiet: bool,
    watched: Option<Rc<Watched>>,
}

impl Headless {
    /// `quiet`: prints errors alone.
    #[must_use]
    pub fn new(quiet: bool) -> Self {
        Self {
            clock: Clock::starting_now(),
            said: None,
            variant: 0,
            name: String::new(),
            quiet,
            watched: None,
        }
    }

    /// Also ends the run when this file is saved.
    #[must_use]
    pub(super) fn watching(mut self, watched: Option<&Rc<Watched>>) -> Self {
        self.watched = watched.cloned();
        self
    }
}

impl Audience for Headless {
    fn announce(&mut self, plan: &Plan, variant: usize) -> anyhow::Result<()> {
        self.variant = variant;
        self.name = format!(
            "{} ({} of {})",
            plan.variants[variant].name,
            variant + 1,
            plan.variants.len()
        );
        Ok(())
    }

    fn watch(&mut self, performance: &mut Performance<'_>, spare: Elapsed) -> anyhow::Result<()> {
        for note in performance.take_notes() {
            self.hear(note);
        }
        let now = (self.variant, performance.stage());
        if self.said.replace(now) != Some(now) && !self.quiet {
            talk::say(format_args!(
                "{}: {}",
                self.name,
                describe(performance.stage())
            ));
        }
        self.clock.sleep_until(self.clock.now() + spare);
        Ok(())
    }

    fn hear(&mut self, note: String) {
        talk::say(format_args!("{}: {note}", self.name));
    }

    fn wants_to_leave(&self) -> bool {
        has_had_enough(self.watched.as_ref())
    }
}

/// True if the run is to end: on ^C, or because its file was saved.
pub(super) fn has_had_enough(watched: Option<&Rc<Watched>>) -> bool {
    interrupt::noted() || watched.is_some_and(|watched| watched.was_saved())
}

fn describe(stage: Stage) -> &'static str {
    match stage {
        Stage::Preparing => "starting its processes",
        Stage::WarmUp => "warming up, not counted yet",
        Stage::Counting => "counting",
        Stage::Draining => "waiting for stragglers",
        Stage::Done => "stopping its processes",
    }
}
