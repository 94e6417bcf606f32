//! The course of a run: warm-up, the counted window, the drain, and their limits.
//!
//! ```text
//!  begin              window begins                window ends          done
//!    ├───── warm-up ─────┼───────── counting ─────────┼───── draining ────┤
//!    │ played, not       │ requests due in here       │ nothing new is    │
//!    │ counted           │ are the *cohort*           │ due               │
//! ```
//!
//! Pure: instants in, decisions out. If a scenario does not say how long to warm up, the window begins when
//! every client has been answered once (an open load: at the first answer), after 1 s at the earliest and
//! 10 s at the latest. If it says how many requests to play, all of them are counted, and the window ends
//! with the last answer.

use crate::telemetry::Stage;
use concsim_model::scenario::{Arrivals, Scenario, Warmup};
use concsim_model::units::{Elapsed, Stamp};

/// Time from the decision on the counted window to its beginning, so that the recorder can take a sample
/// there. (Twice the promised time, since the driver may be asleep for a few milliseconds.)
pub const NOTICE: Elapsed = Elapsed::from_millis(40);
/// Shortest warm-up by default.
const SHORTEST: Elapsed = Elapsed::from_secs(1);
/// Longest warm-up by default.
const LONGEST: Elapsed = Elapsed::from_secs(10);
/// Time to wait for open requests after the run was ended by hand.
const LAST_WAIT: Elapsed = Elapsed::from_secs(1);

/// State of a run.
#[derive(Debug)]
pub struct RunProgress {
    begin: Stamp,
    goal: Goal,
    stage: Stage,
    window_begin: Option<Stamp>,
    window_end: Option<Stamp>,
    unanswered: UnansweredClients,
    /// Number of requests of the cohort so far.
    counted: u64,
    /// Number of those that have not ended.
    in_system: u64,
    /// Instant at which the last of those ended.
    last_end: Stamp,
    /// Instant at which all open requests are given up, after the run was ended by hand.
    give_up: Stamp,
}

/// Condition for the end of the counted window.
#[derive(Clone, Copy, Debug)]
enum Goal {
    Length(Elapsed),
    Requests(u64),
}

impl RunProgress {
    /// Returns the progress of a run that begins at `begin`.
    pub fn new(scenario: &Scenario, begin: Stamp) -> Self {
        let goal = match scenario.load.requests {
            Some(count) => Goal::Requests(count),
            None => Goal::Length(scenario.duration),
        };
        let window_begin = match (scenario.warmup, goal) {
            (Warmup::For(length), _) => Some(begin + length),
            (Warmup::UntilEveryoneWasAnswered, Goal::Requests(_)) => Some(begin),
            (Warmup::UntilEveryoneWasAnswered, Goal::Length(_)) => None,
        };
        let mut progress = Self {
            begin,
            goal,
            stage: Stage::WarmUp,
            window_begin: None,
            window_end: None,
            unanswered: UnansweredClients::of(scenario),
            counted: 0,
            in_system: 0,
            last_end: begin,
            give_up: Stamp::NEVER,
        };
        if let Some(at) = window_begin {
            progress.open_window(at);
        }
        progress
    }

    /// Beginning of the counted window; `None` until it is decided.
    pub fn window_begin(&self) -> Option<Stamp> {
        self.window_begin
    }

    /// End of the counted window; `None` until it is decided.
    pub fn window_end(&self) -> Option<Stamp> {
        self.window_end
    }

    /// True if a request that is due at `due` is to be sent, however late.
    #[inline]
    pub fn allows(&self, due: Stamp) -> bool {
        let enough = match self.goal {
            Goal::Requests(count) => self.counts(due) && self.counted >= count,
            Goal::Length(_) => false,
        };
        !enough && self.window_end.is_none_or(|end| due < end)
    }

    /// True if an allowed request that is due at `due` belongs to the cohort.
    #[inline]
    fn counts(&self, due: Stamp) -> bool {
        self.window_begin.is_some_and(|begin| begin <= due)
    }

    /// Notes the beginning of a request that was due at `due`.
    #[inline]
    pub fn begun(&mut self, due: Stamp) {
        if self.counts(due) {
            self.counted += 1;
            self.in_system += 1;
        }
    }

    /// Notes its end at `done`, well or not.
    #[inline]
    pub fn ended(&mut self, due: Stamp, done: Stamp) {
        if self.counts(due) {
            self.in_system -= 1;
            self.last_end = self.last_end.max(done);
        }
    }

    /// Notes that a client has got a whole answer.
    #[inline]
    pub fn answered(&mut self, client: Option<usize>) {
        self.unanswered.note_answer_of(client);
    }

    /// Ends the run by hand: the window ends now, if it has begun, and little patience is left.
    pub fn stop(&mut self, now: Stamp) {
        if self.give_up != Stamp::NEVER {
            return;
        }
        self.give_up = now + LAST_WAIT;
        self.end_window(now);
    }

    /// Ends the window now, if it has begun; open requests have their whole patience.
    pub fn end_window(&mut self, now: Stamp) {
        self.window_begin = self.window_begin.filter(|begin| *begin < now);
        self.window_end = Some(self.window_end.map_or(now, |end| end.min(now)));
    }

    /// Advances to `now`. Returns the stage of the run.
    pub fn advance(&mut self, now: Stamp) -> Stage {
        self.decide_on_window(now);
        if self.stage == Stage::WarmUp && self.window_begin.is_some_and(|begin| begin <= now) {
            self.stage = Stage::Counting;
        }
        if self.window_end.is_none() && self.has_played_its_requests() {
            // One nanosecond more, so that the window includes the answer that ends it.
            self.window_end = Some(self.last_end + Elapsed(1));
        }
        if self.stage != Stage::Done && self.window_end.is_some_and(|end| end <= now) {
            self.stage = Stage::Draining;
        }
        if self.stage == Stage::Draining && (self.in_system == 0 || self.give_up <= now) {
            self.stage = Stage::Done;
        }
        self.stage
    }

    /// True if the end of a request may change the stage; otherwise only time does.
    #[must_use]
    #[inline]
    pub fn depends_on_ends(&self) -> bool {
        let has_sent_all = match self.goal {
            Goal::Requests(count) => self.counted >= count,
            Goal::Length(_) => false,
        };
        has_sent_all || self.window_begin.is_none() || self.stage == Stage::Draining
    }

    fn has_played_its_requests(&self) -> bool {
        match self.goal {
            Goal::Requests(count) => self.counted >= count && self.in_system == 0,
            Goal::Length(_) => false,
        }
    }

    /// Instant at which [`advance`](Self::advance) is due even if nothing happens.
    pub fn next_change(&self, now: Stamp) -> Stamp {
        let decision = match (self.window_begin, self.unanswered.is_empty()) {
            (Some(_), _) => Stamp::NEVER,
            (None, true) => before(self.begin + SHORTEST),
            (None, false) => before(self.begin + LONGEST),
        };
        let edges = [self.window_begin, self.window_end].into_iter().flatten();
        edges
            .chain([decision, self.give_up])
            .filter(|at| *at > now)
            .min()
            .unwrap_or(Stamp::NEVER)
    }

    fn decide_on_window(&mut self, now: Stamp) {
        if self.window_begin.is_some() || self.window_end.is_some() {
            return;
        }
        let (earliest, latest) = (self.begin + SHORTEST, self.begin + LONGEST);
        let is_warm = self.unanswered.is_empty() && before(earliest) <= now;
        if is_warm || before(latest) <= now {
            self.open_window(now + NOTICE);
        }
    }

    fn open_window(&mut self, at: Stamp) {
        self.window_begin = Some(at);
        if let Goal::Length(length) = self.goal {
            self.window_end = Some(at + length);
        }
    }
}

/// Latest instant at which something at `at` can be announced.
fn before(at: Stamp) -> Stamp {
    Stamp(at.0 - NOTICE.0)
}

/// Clients that were not answered yet.
#[derive(Debug)]
struct UnansweredClients {
    waiting: Vec<bool>,
    count: usize,
    /// Client to which an answer without a client counts: all answers of an open load.
    without_client: Option<usize>,
}

impl UnansweredClients {
    fn of(scenario: &Scenario) -> Self {
        let (count, without_client) = match scenario.load.arrivals {
            Arrivals::Closed { clients, .. } => (clients, None),
            Arrivals::Open { .. } | Arrivals::Scheduled => (1, Some(0)),
        };
        Self {
            waiting: vec![true; count],
            count,
            without_client,
        }
    }

    fn note_answer_of(&mut self, client: Option<usize>) {
        let client = client.or(self.without_client);
        // Clients that joined later do not count.
        if let Some(waiting) = client.and_then(|client| self.waiting.get_mut(client)) {
            self.count -= usize::from(std::mem::take(waiting));
        }
    }

    fn is_empty(&self) -> bool {
        self.count == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timetable::small::{closed, open};

    const BEGIN: Stamp = Stamp(1_000_000_000);

    fn ms(milliseconds: u64) -> Stamp {
        BEGIN + Elapsed::from_millis(milliseconds)
    }

    fn progress_of(scenario: &Scenario) -> RunProgress {
        RunProgress::new(scenario, BEGIN)
    }

    #[test]
    fn a_warm_up_that_is_given_is_kept() {
        let mut scenario = closed(2, Elapsed::ZERO);
        scenario.warmup = Warmup::For(Elapsed::from_millis(300));
        scenario.duration = Elapsed::from_millis(500);
        let mut progress = progress_of(&scenario);
        assert_eq!(progress.window_begin(), Some(ms(300)));
        assert_eq!(progress.window_end(), Some(ms(800)));
        assert_eq!(progress.advance(ms(299)), Stage::WarmUp);
        assert_eq!(progress.advance(ms(300)), Stage::Counting);
        assert_eq!(
            progress.advance(ms(800)),
            Stage::Done,
            "no request is waited for"
        );
    }

    #[test]
    fn the_cohort_is_what_is_due_in_the_window() {
        let mut scenario = closed(2, Elapsed::ZERO);
        scenario.warmup = Warmup::For(Elapsed::from_millis(300));
        scenario.duration = Elapsed::from_millis(500);
        let mut progress = progress_of(&scenario);
        for due in [ms(0), ms(299), ms(300), ms(799)] {
            assert!(progress.allows(due));
            progress.begun(due);
        }
        assert!(!progress.allows(ms(800)), "not due any more");
        assert_eq!((progress.counted, progress.in_system), (2, 2));

        assert_eq!(progress.advance(ms(900)), Stage::Draining);
        progress.ended(ms(799), ms(950));
        assert_eq!(progress.advance(ms(950)), Stage::Draining);
        progress.ended(ms(300), ms(1_000));
        assert_eq!(
            progress.advance(ms(1_000)),
            Stage::Done,
            "warm-up stragglers are not waited for"
        );
    }

    #[test]
    fn by_default_every_client_is_answered_once_before_the_window() {
        let mut progress = progress_of(&closed(2, Elapsed::ZERO));
        progress.answered(Some(0));
        progress.advance(ms(2_000));
        progress.answered(Some(0));
        assert_eq!(progress.window_begin(), None);
        progress.answered(Some(1));
        assert_eq!(progress.advance(ms(3_000)), Stage::WarmUp);
        assert_eq!(progress.window_begin(), Some(ms(3_000) + NOTICE));
        assert_eq!(progress.window_end(), Some(ms(8_000) + NOTICE));
    }

    #[test]
    fn by_default_a_warm_up_takes_a_second_at_least_and_ten_at_most() {
        let mut quick = progress_of(&closed(1, Elapsed::ZERO));
        quick.answered(Some(0));
        assert_eq!(quick.next_change(ms(10)), before(ms(1_000)));
        quick.advance(before(ms(1_000)));
        assert_eq!(quick.window_begin(), Some(ms(1_000)));

        let mut slow = progress_of(&closed(1, Elapsed::ZERO));
        assert_eq!(slow.next_change(ms(10)), before(ms(10_000)));
        slow.advance(before(ms(10_000)));
        assert_eq!(slow.window_begin(), Some(ms(10_000)));
    }

    #[test]
    fn an_open_load_has_warmed_up_at_the_first_answer() {
        let mut progress = progress_of(&open(10.0));
        progress.advance(ms(1_500));
        assert_eq!(progress.window_begin(), None);
        progress.answered(None);
        progress.advance(ms(1_500));
        assert_eq!(progress.window_begin(), Some(ms(1_500) + NOTICE));
    }

    #[test]
    fn so_many_requests_are_all_counted_and_the_window_ends_with_the_last() {
        let mut scenario = closed(3, Elapsed::ZERO);
        scenario.load.requests = Some(2);
        let mut progress = progress_of(&scenario);
        assert_eq!(progress.advance(BEGIN), Stage::Counting);
        progress.begun(BEGIN);
        progress.begun(BEGIN);
        assert!(!progress.allows(BEGIN), "two are enough");
        progress.ended(BEGIN, ms(10));
        assert_eq!(progress.advance(ms(10)), Stage::Counting);
        progress.ended(BEGIN, ms(20));
        assert_eq!(progress.advance(ms(21)), Stage::Done);
        assert_eq!(progress.window_end(), Some(ms(20) + Elapsed(1)));
    }

    #[test]
    fn with_a_warm_up_that_is_given_so_many_requests_are_counted_after_it() {
        let mut scenario = open(10.0);
        scenario.load.requests = Some(1);
        scenario.warmup = Warmup::For(Elapsed::from_millis(100));
        let mut progress = progress_of(&scenario);
        for due in [ms(10), ms(50), ms(120)] {
            assert!(progress.allows(due));
            progress.begun(due);
        }
        assert!(!progress.allows(ms(130)));
    }

    #[test]
    fn stopping_a_run_ends_the_window_and_waits_for_a_second() {
        let mut scenario = closed(1, Elapsed::ZERO);
        scenario.warmup = Warmup::For(Elapsed::ZERO);
        let mut progress = progress_of(&scenario);
        progress.begun(ms(100));
        progress.stop(ms(200));
        assert_eq!(progress.window_end(), Some(ms(200)));
        assert_eq!(progress.advance(ms(200)), Stage::Draining);
        progress.stop(ms(900));
        assert_eq!(progress.next_change(ms(900)), ms(1_200));
        assert_eq!(progress.advance(ms(1_200)), Stage::Done);
    }

    #[test]
    fn a_window_that_is_ended_early_still_waits_for_every_request_due_in_it() {
        let mut scenario = closed(1, Elapsed::ZERO);
        scenario.warmup = Warmup::For(Elapsed::ZERO);
        let mut progress = progress_of(&scenario);
        progress.begun(ms(100));
        progress.end_window(ms(200));
        progress.end_window(ms(900));
        assert_eq!(progress.window_end(), Some(ms(200)));
        assert!(!progress.allows(ms(200)));
        assert_eq!(progress.advance(ms(2_000)), Stage::Draining);
        progress.ended(ms(100), ms(2_500));
        assert_eq!(progress.advance(ms(2_500)), Stage::Done);
    }

    #[test]
    fn a_run_that_is_stopped_while_it_warms_up_has_no_window() {
        for warmup in [
            Warmup::For(Elapsed::from_secs(1)),
            Warmup::UntilEveryoneWasAnswered,
        ] {
            let mut scenario = closed(1, Elapsed::ZERO);
            scenario.warmup = warmup;
            let mut progress = progress_of(&scenario);
            progress.begun(ms(10));
            progress.stop(ms(500));
            assert_eq!(progress.window_begin(), None);
            assert_eq!(progress.advance(ms(500)), Stage::Done);
        }
    }
}
