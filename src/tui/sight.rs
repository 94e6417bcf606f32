//! The caption: what there is to see, in one or two sentences, derived from the picture.
//!
//! A [`Sight`] is chosen from the mean of the last second and stays on for a while, so that the words
//! can be read; the numbers in it follow the picture.

use super::picture::{Doing, Picture, WorkerPicture};
use super::setting::{Waits, waits};
use crate::scenario::{Scenario, WorkerKind};
use crate::telemetry::Stage;
use crate::units::letter;
use crate::units::{Elapsed, three_digits};
use crate::words::{all_of, counted, grouped, is_or_are, length};

/// A request that has had its worker for longer than this is worth a sentence.
const LONG_RUN: Elapsed = Elapsed::from_millis(50);

/// What there is to see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Sight {
    /// Processes are being forked.
    #[default]
    Preparing,
    /// A worker's process has ended.
    Gone,
    /// One request or coroutine has had its worker for long, while others are there.
    Hog,
    /// Updates of a counter got lost between reading and writing.
    LostUpdates,
    /// Coroutine workers are blocked by waits that do not let go.
    Unpatched,
    /// Sync workers are asleep in their waits.
    Blocked,
    /// All cores are busy.
    CoresFull,
    /// Workers want cores that other programs have.
    Crowded,
    /// Every worker computes, and there are cores that nobody uses.
    WorkersFull,
    /// Coroutine workers hold as many connections as they may.
    ConnectionsFull,
    /// Coroutines are parked while their processes go on.
    Parked,
    /// Not much.
    Quiet,
}

/// What a sight is judged and told from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) cores: usize,
    pub(super) picture: &'a Picture,
    /// Whether the variant before differed in nothing but the kind of its workers.
    pub(super) same_processes: bool,
}

impl Sight {
    /// What there is to see in `scene`: the first that is true.
    pub(super) fn of(scene: &Scene<'_>) -> Self {
        const IN_ORDER: [Sight; 11] = [
            Sight::Preparing,
            Sight::Gone,
            Sight::LostUpdates,
            Sight::Crowded,
            Sight::Hog,
            Sight::Unpatched,
            Sight::Blocked,
            Sight::CoresFull,
            Sight::WorkersFull,
            Sight::ConnectionsFull,
            Sight::Parked,
        ];
        let first = IN_ORDER.into_iter().find(|sight| sight.is_seen(scene));
        first.unwrap_or(Self::Quiet)
    }

    fn is_seen(self, scene: &Scene<'_>) -> bool {
        let Scene {
            scenario, picture, ..
        } = *scene;
        let mean = &picture.mean;
        let coroutines = scenario.server.kind == WorkerKind::Coroutine;
        match self {
            Self::Preparing => picture.stage == Stage::Preparing,
            Self::Gone => scene.gone().is_some(),
            Self::Hog => scene.hog().is_some(),
            Self::LostUpdates => scene.lost_updates().is_some(),
            Self::Unpatched => coroutines && mean.blocked >= 0.3,
            Self::Blocked => !coroutines && mean.blocked >= 0.5,
            Self::CoresFull => {
                let ours = mean.parallelism + mean.load + mean.services;
                mean.parallelism > 0.5 && ours >= 0.9 * scene.cores as f64
            }
            Self::Crowded => mean.want_a_core >= 0.5 && mean.others >= 0.2 * scene.cores as f64,
            Self::WorkersFull => {
                let workers = scenario.server.workers;
                workers < scene.cores && mean.parallelism >= 0.9 * workers as f64
            }
            Self::ConnectionsFull => {
                let limit = scenario.server.concurrency_limit() as f64;
                coroutines && mean.at_the_door >= 1.0 && mean.concurrency >= 0.98 * limit
            }
            Self::Parked => {
                coroutines && waits(scenario) == Waits::Patched && mean.concurrency >= 1.0
            }
            Self::Quiet => true,
        }
    }

    /// What is seen, in one or two sentences.
    pub(super) fn sentences(self, scene: &Scene<'_>) -> Vec<String> {
        match self {
            Self::Preparing => vec![format!(
                "The arbiter forks {}; nobody asks yet.",
                counted(scene.scenario.server.workers as u64, "worker")
            )],
            Self::Gone => scene.say_gone(),
            Self::Hog => scene.say_hog(),
            Self::LostUpdates => scene.say_lost_updates(),
            Self::Unpatched => vec![
                "An unpatched wait blocks the whole process, with every coroutine in it.".into(),
                scene.say_outside(),
            ],
            Self::Blocked => {
                vec![
                    "A wait blocks the whole process.".into(),
                    scene.say_outside(),
                ]
            }
            Self::CoresFull => scene.say_cores_full(),
            Self::Crowded => {
                vec![
                    "Workers want a core, and get none.".into(),
                    scene.say_outside(),
                ]
            }
            Self::WorkersFull => vec![
                format!(
                    "{} all the time; a process computes on one core at a time.",
                    match scene.scenario.server.workers {
                        1 => "The worker computes".to_owned(),
                        workers => format!("{} compute", all_of(workers, "worker")),
                    }
                ),
                scene.say_outside(),
            ],
            Self::ConnectionsFull => vec![
                "Every worker holds as many connections as it may.".into(),
                scene.say_outside(),
            ],
            Self::Parked => {
                let processes = counted(scene.scenario.server.workers as u64, "process");
                let same = format!("The same {processes} as before.");
                let mut said = vec!["A wait parks the coroutine; its process goes on.".to_owned()];
                said.extend(scene.same_processes.then_some(same));
                said
            }
            Self::Quiet => vec![scene.say_outside()],
        }
    }
}

impl Scene<'_> {
    fn gone(&self) -> Option<&WorkerPicture> {
        let playing = self.picture.stage != Stage::Done;
        let mut workers = self.picture.workers.iter();
        workers.find(|worker| playing && worker.doing == Doing::Gone)
    }

    /// The worker that one request has had for longest, if that is long and others are kept waiting.
    fn hog(&self) -> Option<(&WorkerPicture, Elapsed)> {
        if self.picture.mean.want_a_core >= 0.5 {
            // It is the operating system that makes them slow.
            return None;
        }
        let others_wait = |worker: &WorkerPicture| self.picture.door > 0 || worker.held.all() > 1;
        let runs = self.picture.workers.iter().filter(|worker| {
            matches!(worker.doing, Doing::Running | Doing::WantsACore) && others_wait(worker)
        });
        runs.filter_map(|worker| Some((worker, worker.run?)))
            .filter(|(_, run)| *run >= LONG_RUN)
            .max_by_key(|(_, run)| *run)
    }

    /// The first counter that says less than was added to it: (its name, additions, value).
    fn lost_updates(&self) -> Option<(&str, u64, u64)> {
        // A worker that is read between its two words seems to have lost one.
        let read_in_between = self.picture.workers.len() as u64;
        let names = self.scenario.counters.iter().enumerate();
        names
            .map(|(counter, name)| {
                let words = self.picture.workers.iter();
                let words = words.filter_map(|worker| worker.counters.get(counter));
                words.fold((name.as_str(), 0, 0), |(name, additions, value), more| {
                    (name, additions + more.0, value + more.1)
                })
            })
            .find(|(_, additions, value)| *additions > value + read_in_between)
    }

    fn say_gone(&self) -> Vec<String> {
        let name = self
            .gone()
            .map_or_else(String::new, |worker| letter(worker.index));
        vec![
            format!("Worker {name}'s process has ended, and what it had begun is lost."),
            "The arbiter forks another one for its place; the others go on.".into(),
        ]
    }

    fn say_hog(&self) -> Vec<String> {
        let Some((worker, run)) = self.hog() else {
            return Vec::new();
        };
        let name = letter(worker.index);
        let first = format!("One request has had worker {name} for {}.", length(run));
        let inside = worker.held.all().saturating_sub(1);
        let second = match (self.scenario.server.kind, inside, self.picture.door) {
            (WorkerKind::Sync, ..) => self.say_outside(),
            (WorkerKind::Coroutine, 0, outside) => format!(
                "Nobody takes the worker from it, and {} outside.",
                stand(outside)
            ),
            (WorkerKind::Coroutine, inside, 0) => format!(
                "Nobody takes the worker from it: {} in this process {} kept waiting.",
                grouped(inside),
                is_or_are(inside)
            ),
            (WorkerKind::Coroutine, inside, outside) => format!(
                "Nobody takes the worker from it: {} in this process and {} outside wait.",
                grouped(inside),
                grouped(outside)
            ),
        };
        vec![first, second]
    }

    fn say_lost_updates(&self) -> Vec<String> {
        let (name, additions, value) = self.lost_updates().unwrap_or_default();
        vec![
            format!(
                "{name}: {} added, the counters say {}. {} lost.",
                counted(additions, "time"),
                grouped(value),
                grouped(additions.saturating_sub(value))
            ),
            "The coroutine let go between reading and writing; another one read the same.".into(),
        ]
    }

    fn say_cores_full(&self) -> Vec<String> {
        let mean = &self.picture.mean;
        let busy = if self.cores == 1 { "is" } else { "are" };
        let first = format!("{} {busy} busy.", all_of(self.cores, "core"));
        let second = if mean.want_a_core >= 0.5 {
            let processes = self.picture.workers.len();
            format!(
                "{processes} processes take turns on {}: more of them would not be faster.",
                counted(self.cores as u64, "core")
            )
        } else {
            format!(
                "{} begun, {} computing: to have more begun does not make it faster.",
                grouped(mean.concurrency.round() as u64),
                three_digits(mean.parallelism)
            )
        };
        vec![first, second]
    }

    /// Who uses the cores, and how many stand outside.
    fn say_outside(&self) -> String {
        let mean = &self.picture.mean;
        let (busy, are) = if self.cores == 1 {
            ("The core is", "is")
        } else {
            ("The cores are", "are")
        };
        let all = self.cores as f64;
        let ours = mean.parallelism + mean.load + mean.services;
        let cores = if mean.others >= 0.2 * all {
            let others = three_digits(mean.others);
            format!(
                "Other programs keep {others} of {} busy",
                counted(self.cores as u64, "core")
            )
        } else if ours < 0.15 * all {
            format!("{} {are} free", all_of(self.cores, "core"))
        } else {
            let share = 100.0 * mean.parallelism / all;
            format!("{busy} {share:.0} % busy with our work")
        };
        let outside = stand(mean.at_the_door.round() as u64);
        format!("{cores}; {outside} outside.")
    }

    /// What the stage means, when it is not the counted window.
    pub(super) fn stage_in_words(&self) -> Option<String> {
        let left = self.picture.in_system;
        match self.picture.stage {
            Stage::Preparing | Stage::Counting => None,
            Stage::WarmUp => Some("Warm-up: this is played, but not counted yet.".into()),
            Stage::Draining if left == 0 => Some("Nothing new is due.".into()),
            Stage::Draining => Some(format!(
                "Nothing new is due; {} {} still waited for.",
                counted(left, "request"),
                is_or_are(left)
            )),
            Stage::Done => Some("Every request has ended.".into()),
        }
    }
}

/// `nobody stands`, `1 stands`, `58 stand`.
fn stand(people: u64) -> String {
    match people {
        0 => "nobody stands".into(),
        1 => "1 stands".into(),
        many => format!("{} stand", grouped(many)),
    }
}
