//! Runs that watch a server which runs already. With load they are as any other run; without, the driver opens and
//! closes the counted window itself.

use std::sync::atomic::Ordering;

use super::{Driver, LEAD_IN, State};
use concsim_model::scenario::Variant;
use concsim_model::units::{Elapsed, Stamp};
use concsim_os::foreign::RunningServer;
use concsim_os::recorder::Live;
use concsim_os::sys;
use concsim_os::telemetry::Stage;

impl<'a> Driver<'a> {
    /// Starts the observer of a server that runs already, and the load of `variant`, unless the server is alone.
    ///
    /// # Errors
    /// A process that cannot be started.
    pub fn watching(
        server: RunningServer,
        variant: &'a Variant,
        live: Live<'a>,
    ) -> sys::Result<Self> {
        let mut driver = Self::prepare(variant, live);
        driver.has_no_load = server.is_alone;
        driver.start_observer(Some(server))?;
        Ok(driver)
    }

    /// Opens the counted window of a run without load, a moment from now.
    pub(super) fn open_window(&mut self) {
        let go = self.now() + LEAD_IN;
        self.live.header_mut().began = go;
        let run = self.scoreboard().run();
        run.go.store(go.0, Ordering::Release);
        let end = go + self.variant.scenario.duration;
        run.load.window_begin.store(go.0, Ordering::Release);
        run.load.window_end.store(end.0, Ordering::Release);
        run.load.set_stage(Stage::Counting);
        self.enter(State::Playing);
    }

    /// Ends the window of a run without load now.
    pub(super) fn close_window(&self) {
        let load = &self.scoreboard().run().load;
        let begin = Stamp(load.window_begin.load(Ordering::Acquire));
        let now = self.now().max(begin + Elapsed(1));
        load.window_end.store(now.0, Ordering::Release);
    }

    /// Turns the stage of a run without load, as load does.
    pub(super) fn follow_the_window(&self) {
        let load = &self.scoreboard().run().load;
        let end = Stamp(load.window_end.load(Ordering::Acquire));
        load.count_turn();
        if self.state == State::Playing && self.now() >= end && self.edges[1] {
            load.set_stage(Stage::Done);
        }
    }
}
