//! Who watches a run: a screen, or a line of progress on standard error.

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

/// Spends the time between two looks of the driver, and may end the run.
pub trait Audience {
    /// The variant with this index is about to be played.
    fn announce(&mut self, plan: &Plan, variant: usize) -> anyhow::Result<()>;

    /// Looks at what has been played so far, and spends at most `spare` of time doing so.
    fn watch(&mut self, performance: &mut Performance<'_>, spare: Elapsed) -> anyhow::Result<()>;

    /// Something that is to be said at the end.
    fn hear(&mut self, note: String);

    /// A variant has been played.
    fn applaud(&mut self, _run: &Run, _recording: Recording) -> anyhow::Result<()> {
        Ok(())
    }

    /// Whether whoever watches wants the whole run to end.
    fn wants_to_leave(&self) -> bool {
        interrupt::noted()
    }
}

/// Progress for people without a screen: a line whenever something else begins.
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
    /// `quiet`: nothing but what goes wrong.
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

    /// Has had enough when this file is saved, too.
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

/// Whether the run is to end: because of a person, or because its file was saved.
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
