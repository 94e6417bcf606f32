//! Caption: one or two sentences about the cursor's instant. Each number in it is one that the picture
//! draws; a mean is called a mean.
//!
//! ```text
//!   picture ──▶ is the caption on screen still true, and unread? ──▶ the same, with new numbers
//!                            └─ no ─▶ the first that applies ──▶ its sentences
//! ```
//!
//! A caption that has become false goes at once; a true one stays for the time it takes to read.

mod sentences;

use super::view_model::{ViewModel, WorkerRequests, WorkerState, WorkerView};
use concsim_engine::telemetry::Stage;
use concsim_model::scenario::{Scenario, WorkerKind};
use concsim_model::words::counted;
use concsim_record::Snapshot;
use concsim_record::remark::{self, Context, Kind, LONG_RUN, UsualRun, classes};

/// Topic of a caption.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Caption {
    /// Processes are being forked.
    #[default]
    Preparing,
    /// A worker's process has ended.
    WorkerGone,
    /// A worker is stopped.
    WorkerStopped,
    /// Updates of a counter got lost.
    LostUpdates,
    /// Workers want cores that other programs use.
    Crowded,
    /// One request keeps its worker for unusually long.
    Hog,
    /// Workers are blocked in a wait, and nothing else goes on in them.
    Blocked,
    /// Workers hold as many connections as they may.
    ConnectionsFull,
    /// More requests are at the door than the listener's queue holds.
    BacklogFull,
    /// Coroutines are parked, and their workers go on.
    Parked,
    /// All living workers compute, or as many as there are cores.
    Full,
    /// None of these: counts only.
    Quiet,
}

impl Caption {
    /// All topics, the most telling first.
    const ALL: [Self; 12] = [
        Self::Preparing,
        Self::WorkerGone,
        Self::WorkerStopped,
        Self::LostUpdates,
        Self::Crowded,
        Self::Hog,
        Self::Blocked,
        Self::ConnectionsFull,
        Self::BacklogFull,
        Self::Parked,
        Self::Full,
        Self::Quiet,
    ];

    /// True if it stays until it has been read. A caption of little content, or a `next` that is over soon,
    /// does not wait.
    pub(super) fn can_wait_for(self, next: Self) -> bool {
        !matches!(self, Self::Preparing | Self::Quiet) && next != Self::WorkerGone
    }
}

/// Input of a caption.
pub(super) struct Now<'a> {
    snapshot: Snapshot<'a>,
    picture: &'a ViewModel,
    /// True if the variant before differed in nothing but the kind of its workers.
    same_processes: bool,
}

/// Returns the caption of an instant: topic and sentences. `before` is the caption on the screen, if it has
/// not been read yet.
pub(super) fn caption(now: &Now<'_>, before: Option<Caption>) -> (Caption, Vec<String>) {
    let text = |caption: Caption| Some((caption, now.sentences_of(caption)?));
    let first = || Caption::ALL.into_iter().find(|topic| now.is_worth(*topic));
    let next = first().unwrap_or(Caption::Quiet);
    let kept = before
        .filter(|before| before.can_wait_for(next))
        .and_then(text);
    kept.or_else(|| text(next))
        .unwrap_or_else(|| (Caption::Quiet, now.say_quiet()))
}

impl<'a> Now<'a> {
    pub(super) fn new(known: Snapshot<'a>, picture: &'a ViewModel, same_processes: bool) -> Self {
        Self {
            snapshot: known,
            picture,
            same_processes,
        }
    }

    fn scenario(&self) -> &'a Scenario {
        &self.snapshot.header().scenario
    }

    fn kind(&self) -> WorkerKind {
        self.scenario().server.kind
    }

    /// Returns the workers that have a process, in the order of their slots.
    fn living(&self) -> impl Iterator<Item = &'a WorkerView> + Clone + use<'a> {
        let workers = self.picture.workers.iter();
        workers.filter(|worker| worker.doing != WorkerState::Gone)
    }

    /// Returns the living workers in this state.
    fn workers_in_state(&self, what: WorkerState) -> Vec<&'a WorkerView> {
        self.living()
            .filter(|worker| worker.doing == what)
            .collect()
    }

    /// Returns the requests that all workers have begun, by state.
    fn held(&self) -> WorkerRequests {
        self.picture.held()
    }

    /// True if a caption is worth showing: it is true now, and not for a moment only.
    fn is_worth(&self, caption: Caption) -> bool {
        let held = self.held();
        match caption {
            Caption::Parked => held.parked > 0 && 2 * held.parked >= held.all(),
            Caption::Blocked => self.blocked_matter(),
            Caption::Full => self.is_full() && self.was_busy(),
            Caption::Preparing
            | Caption::WorkerGone
            | Caption::WorkerStopped
            | Caption::LostUpdates
            | Caption::Crowded
            | Caption::Hog
            | Caption::ConnectionsFull
            | Caption::BacklogFull
            | Caption::Quiet => self.sentences_of(caption).is_some(),
        }
    }

    /// Returns the sentences of a caption; `None` if it is not true.
    fn sentences_of(&self, caption: Caption) -> Option<Vec<String>> {
        match caption {
            Caption::Preparing => self.say_preparing(),
            Caption::WorkerGone => self.remark(Kind::WorkerGone),
            Caption::WorkerStopped => self.say_stopped(),
            Caption::LostUpdates => self.remark(Kind::LostUpdates),
            Caption::Crowded => self.say_crowded(),
            Caption::Hog => self.hog().map(|hog| self.say_hog(hog)),
            Caption::Blocked => self.say_blocked(),
            Caption::ConnectionsFull => self.say_connections_full(),
            Caption::BacklogFull => self.say_backlog_full(),
            Caption::Parked => self.say_parked(),
            Caption::Full => self.is_full().then(|| self.say_full()),
            Caption::Quiet => Some(self.say_quiet()),
        }
    }

    /// Returns the sentences of a remark about the last second, if it applies.
    fn remark(&self, kind: Kind) -> Option<Vec<String>> {
        let context = Context::of_the_last_second(self.snapshot, self.picture.mean, &[]);
        remark::remark_of_kind(kind, &context).map(|remark| remark.sentences)
    }

    /// True if blocked workers delay anything: requests at the door, others inside, or most workers.
    fn blocked_matter(&self) -> bool {
        if self.kind().has_threads() {
            let WorkerRequests { blocked, .. } = self.held();
            return blocked > 0 && (2 * blocked >= self.held().all() || self.picture.door > 0);
        }
        let blocked = self.workers_in_state(WorkerState::Blocked);
        let inside = blocked.iter().any(|worker| worker.held.all() > 1);
        let are_most = 2 * blocked.len() >= self.living().count();
        let has_a_loop = self.kind().has_a_loop();
        !blocked.is_empty() && (has_a_loop || inside || are_most || self.picture.door > 0)
    }

    /// True if no further request could run: every worker runs one, or every core has a worker.
    fn is_full(&self) -> bool {
        let running = self.workers_in_state(WorkerState::Running).len();
        let cores = self.picture.cores.len();
        running > 0 && (running == self.living().count() || running == cores)
    }

    /// True if at least half of the cores that workers could use were busy, on average over the last
    /// second.
    fn was_busy(&self) -> bool {
        const MOST: f64 = 0.5;
        let most = self.living().count().min(self.picture.cores.len());
        self.picture.mean.parallelism >= MOST * most as f64
    }

    /// Returns the worker that a request keeps for unusually long, while others wait.
    fn hog(&self) -> Option<&'a WorkerView> {
        let running = self.workers_in_state(WorkerState::Running).into_iter();
        let long = running.filter(|worker| worker.run.is_some_and(|run| run >= LONG_RUN));
        let waits = |worker: &&WorkerView| worker.held.ready > 0 || self.picture.door > 0;
        let mut long: Vec<_> = long.filter(waits).collect();
        long.sort_by_key(|worker| std::cmp::Reverse(worker.run));
        if long.is_empty() {
            return None;
        }
        let usual = UsualRun::of(self.snapshot.header());
        let requests = long.iter().filter_map(|worker| worker.request);
        let classes = classes(&self.snapshot, requests);
        long.into_iter().find(|worker| match worker.request {
            Some(request) => classes
                .get(&request)
                .is_some_and(|class| usual.is_exceeded_by(*class, request)),
            None => usual.is_exceeded_by_run(worker.run.unwrap_or_default()),
        })
    }
}

/// Describes the stage, if it is not the counted window.
pub(super) fn stage_in_words(picture: &ViewModel) -> Option<String> {
    let left = picture.in_system;
    match picture.stage {
        Stage::Preparing | Stage::Counting => None,
        Stage::WarmUp => Some("The warm-up is played, but not counted yet.".into()),
        Stage::Draining if left == 0 => Some("No request is due any more.".into()),
        Stage::Draining => Some(format!(
            "No request is due any more; clients wait for {} now.",
            counted(left, "request")
        )),
        Stage::Done => Some(match picture.begun() {
            0 => "Every request has ended.".into(),
            held => format!(
                "Every client has its answer or has given up; workers still have {}.",
                counted(held, "request")
            ),
        }),
    }
}
