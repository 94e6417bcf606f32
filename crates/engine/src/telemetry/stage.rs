//! The stages of a run.

use super::coded::coded;

coded! {
    /// Stage that is being played. Written by load (or by the driver, if there is no load).
    #[derive(Default)]
    pub enum Stage {
        /// Processes are being started.
        #[default]
        Preparing = 0, "preparing";
        /// Played, not counted.
        WarmUp = 1, "warm_up";
        /// The counted window.
        Counting = 2, "counting";
        /// No new request is due; the run waits for the last answers.
        Draining = 3, "draining";
        /// Every request has ended.
        Done = 4, "done";
    }
}
