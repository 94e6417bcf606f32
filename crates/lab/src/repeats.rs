//! Repeats of a plan with seeds that follow each other.
//!
//! ```text
//!   plan ─▶ repeat 1: A B ─▶ repeat 2: B A ─▶ …     each variant by a Player, of real processes or simulated
//!              └─ Replications, added in the order of the seeds ─▶ Repeats ─▶ numbers with intervals
//! ```
//!
//! Each repeat begins with another variant, so that a drift of the machine hits all of them alike. The result of
//! simulations depends on the seeds alone: a rule that stops looks at numbers of repeats that do not depend on
//! the threads.

mod part;
mod predicted;
mod progress;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, mpsc};
use std::thread;

use anyhow::Context as _;

pub use self::part::{Part, Processes, RepeatFrontend, Simulations};
pub use self::predicted::PredictedProcesses;
use self::progress::RepeatProgress;
use concsim_driver::console::{self, chain};
use concsim_model::scenario::{Plan, Variant};
use concsim_os::recorder::Folder;
use concsim_os::sys::interrupt;
use concsim_record::repeats::{Partial, Repeats, Replication, Rule};
use concsim_record::summary::{Run, Summary, summarise};
use concsim_record::{Recording, storage};
use concsim_report::json;
use concsim_stats::until::{FIRST_LOOK, StoppingRule};

/// Plays one variant of one repeat.
pub trait Player: Sync {
    /// Plays it; the recording of an interrupted one says so.
    ///
    /// # Errors
    /// A process that cannot be started.
    fn play(&self, part: Part<'_>) -> anyhow::Result<Recording>;
}

/// Repeats that are asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Repetition {
    /// A number of repeats.
    Count(usize),
    /// Repeats until intervals are narrow.
    Until(StoppingRule),
}

impl Repetition {
    /// Returns the numbers of repeats at which the widths of intervals are compared: 5, and then a quarter more each
    /// time. The last is the largest number of repeats.
    pub(crate) fn looks(self) -> impl Iterator<Item = usize> {
        let (first, cap) = match self {
            Self::Count(count) => (count, count),
            Self::Until(rule) => (FIRST_LOOK.min(rule.cap), rule.cap),
        };
        let next = move |look: &usize| (*look < cap).then(|| (look + (look / 4).max(2)).min(cap));
        std::iter::successors(Some(first), next)
    }
}

/// A plan to be repeated.
pub struct Experiment<'a> {
    /// The plan of the first repeat.
    pub plan: &'a Plan,
    /// Plays each variant.
    pub player: &'a dyn Player,
    /// Number of repeats played at once.
    pub jobs: usize,
    /// Numbers that the rule narrows, with their variants; the progress shows the first.
    pub numbers: Vec<String>,
    /// Folder of the first repeat.
    pub folder: Option<&'a mut Folder>,
    /// Folder below which the others are kept; [`None`] to keep none of them.
    pub out: Option<&'a Path>,
    /// True to print a line after each repeat where no bar can be drawn.
    pub prints_lines: bool,
}

/// Repeats that were played.
#[derive(Debug)]
pub struct PlayedRepeats {
    /// Recordings of the first repeat, in the order of the plan; those of later ones are not held.
    pub first: Vec<Recording>,
    /// All repeats that are complete.
    pub repeats: Repeats,
}

impl PlayedRepeats {
    /// Returns the summary of all repeats; [`None`] if no variant was played.
    #[must_use]
    pub fn summary(&self, plan: &Plan) -> Option<Summary> {
        let machine = self.first.first()?.header.machine.clone();
        Some(if self.repeats.count() == 0 {
            let runs = self.first.iter().map(summarise).collect();
            self.repeats.summary_of_part(plan, machine, runs)
        } else {
            self.repeats.summary(plan, machine)
        })
    }
}

/// Returns the plan of a repeat, counted from 0: the seed of each is larger by 1 than that of the one before.
#[must_use]
pub fn plan_of(plan: &Plan, repeat: usize) -> Plan {
    let mut plan = plan.clone();
    for variant in &mut plan.variants {
        let scenario = &mut variant.scenario;
        scenario.seed = scenario.seed.wrapping_add(repeat as u64);
    }
    plan
}

/// Returns the variants of a repeat, counted from 0, in the order in which they are played: rotated by one in each, so
/// that every variant has every place equally often.
fn order_of(repeat: usize, count: usize) -> impl Iterator<Item = usize> {
    (0..count).map(move |step| (repeat + step) % count)
}

impl Experiment<'_> {
    /// Plays the repeats. ^C ends them after the variant in play, which is stopped; those that are complete count.
    ///
    /// # Errors
    /// A process that cannot be started in the first repeat. In a later one, this is reported and ends the repeats.
    pub fn play(self, repetition: Repetition) -> anyhow::Result<PlayedRepeats> {
        let first_look = repetition.looks().next().unwrap_or(0);
        let session = Session {
            plan: self.plan,
            player: self.player,
            jobs: self.jobs,
            numbers: &self.numbers,
            folder: Mutex::new(self.folder),
            out: self.out,
            first: Mutex::default(),
            progress: Mutex::new(RepeatProgress::new(first_look, self.prints_lines)),
        };
        let mut repeats = Repeats::default();
        let ended = match repetition {
            Repetition::Count(count) => session.extend(&mut repeats, count),
            Repetition::Until(until) => session.extend_until(&mut repeats, &until),
        };
        session.progress().clear();
        match ended {
            Err(error) if repeats.count() == 0 => return Err(error),
            Err(error) => {
                console::print_message(format_args!("no more repeats: {}", chain(&error)));
                repeats.ended_early(Partial::Failed);
            }
            Ok(Ending::Interrupted) => repeats.ended_early(Partial::Interrupted),
            Ok(Ending::Complete) => {}
        }
        let first = session.first.into_inner().expect("no thread has failed");
        Ok(PlayedRepeats { first, repeats })
    }
}

/// End of repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Complete,
    Interrupted,
}

/// Shared state of the threads that play.
struct Session<'a> {
    plan: &'a Plan,
    player: &'a dyn Player,
    jobs: usize,
    numbers: &'a [String],
    folder: Mutex<Option<&'a mut Folder>>,
    out: Option<&'a Path>,
    first: Mutex<Vec<Recording>>,
    progress: Mutex<RepeatProgress>,
}

/// The variants of a repeat, in the order of the plan; [`None`] if ^C ended it before its end.
type Repeat = anyhow::Result<Option<Vec<Replication>>>;

impl Session<'_> {
    fn progress(&self) -> MutexGuard<'_, RepeatProgress> {
        self.progress.lock().expect("no thread has failed")
    }

    /// Returns the summary of the repeats so far.
    fn summary(&self, repeats: &Repeats) -> Option<Summary> {
        let first = self.first.lock().expect("no thread has failed");
        let machine = first.first()?.header.machine.clone();
        Some(repeats.summary(self.plan, machine))
    }

    /// Plays repeats until the intervals of some numbers are narrow enough, or until there are as many as the
    /// rule permits.
    fn extend_until(&self, repeats: &mut Repeats, until: &StoppingRule) -> anyhow::Result<Ending> {
        let (mut ended, mut met) = (Ending::Complete, false);
        for look in Repetition::Until(*until).looks() {
            ended = self.extend(repeats, look)?;
            if ended == Ending::Interrupted && repeats.count() < 2 {
                break;
            }
            let summary = self.summary(repeats).context("nothing was played")?;
            let width = repeats.width(&summary, self.numbers, until);
            met = width.is_met;
            if met || ended == Ending::Interrupted {
                break;
            }
            self.progress().expect(width.expected);
        }
        repeats.ended_by(Rule::of(until, self.numbers, met));
        Ok(ended)
    }

    /// Plays repeats until there are `count`, and adds them in their order.
    fn extend(&self, repeats: &mut Repeats, count: usize) -> anyhow::Result<Ending> {
        let (next, is_over) = (AtomicUsize::new(repeats.count()), AtomicBool::new(false));
        let play_next = || -> Option<(usize, Repeat)> {
            if interrupt::is_requested() || is_over.load(Ordering::Relaxed) {
                return None;
            }
            let repeat = next.fetch_add(1, Ordering::Relaxed);
            let played = (repeat < count).then(|| (repeat, self.replicate(repeat)))?;
            if !matches!(played.1, Ok(Some(_))) {
                is_over.store(true, Ordering::Relaxed);
            }
            Some(played)
        };
        let mut waiting = BTreeMap::new();
        let mut take = |(repeat, played): (usize, Repeat)| {
            waiting.insert(repeat, played);
            self.add_next(repeats, &mut waiting);
        };
        let jobs = self
            .jobs
            .min(count.saturating_sub(next.load(Ordering::Relaxed)));
        if jobs <= 1 {
            std::iter::from_fn(play_next).for_each(&mut take);
        } else {
            let (sender, played) = mpsc::channel();
            thread::scope(|scope| {
                for _ in 0..jobs {
                    let (sender, play_next) = (sender.clone(), &play_next);
                    // The receiver outlives all threads.
                    scope.spawn(
                        move || while play_next().is_some_and(|it| sender.send(it).is_ok()) {},
                    );
                }
                drop(sender);
                played.iter().for_each(&mut take);
            });
        }
        match waiting.remove(&repeats.count()) {
            Some(Err(error)) => Err(error),
            _ if repeats.count() < count => Ok(Ending::Interrupted),
            _ => Ok(Ending::Complete),
        }
    }

    /// Adds the repeats that follow the last one, as far as they are complete.
    fn add_next(&self, repeats: &mut Repeats, waiting: &mut BTreeMap<usize, Repeat>) {
        while let Some(Ok(Some(_))) = waiting.get(&repeats.count())
            && let Some(Ok(Some(variants))) = waiting.remove(&repeats.count())
        {
            repeats.add(variants);
            let summary = || self.summary(repeats);
            self.progress()
                .one_more(repeats.count(), self.numbers, summary);
        }
    }

    /// Plays the variants of a repeat, counted from 0.
    fn replicate(&self, repeat: usize) -> Repeat {
        let plan = plan_of(self.plan, repeat);
        if repeat > 0 {
            let own = self.out.map(|out| storage::repeat_folder(out, repeat + 1));
            return self.replicate_later(repeat, &plan, own.as_deref());
        }
        let mut folder = self.folder.lock().expect("no thread has failed");
        let mut recordings = Vec::new();
        let is_complete = self.variants(repeat, &plan, folder.as_deref_mut(), |_, recording| {
            recordings.push(recording);
        })?;
        let replications = recordings.iter().map(Replication::of).collect();
        *self.first.lock().expect("no thread has failed") = recordings;
        Ok(is_complete.then_some(replications))
    }

    /// Plays a repeat after the first. Its recordings are kept in a folder of its own, if there is one, and are not
    /// shown. A repeat that does not come to its end is not kept.
    fn replicate_later(&self, repeat: usize, plan: &Plan, own: Option<&Path>) -> Repeat {
        let folder = own.map(|own| Folder::create(own, plan));
        let mut folder = folder.transpose().unwrap_or_else(|error| {
            self.progress()
                .print_note(&format!("a repeat is not kept: {error}"));
            None
        });
        let mut replications: Vec<(usize, Replication)> = Vec::new();
        let is_complete = self.variants(repeat, plan, folder.as_mut(), |place, recording| {
            replications.push((place, Replication::of(&recording)));
        });
        replications.sort_unstable_by_key(|(place, _)| *place);
        let replications: Vec<Replication> = replications.into_iter().map(|it| it.1).collect();
        if let Some(folder) = folder {
            let stored = if matches!(is_complete, Ok(true)) {
                store_summary(&folder, plan, &replications)
            } else {
                folder.remove()
            };
            if let Err(error) = stored {
                self.progress()
                    .print_note(&format!("the summary of a repeat is not kept: {error}"));
            }
        }
        Ok(is_complete?.then_some(replications))
    }

    /// Plays the variants of a repeat in their order; `take` gets each with its place in the plan. Returns true if all
    /// came to their end.
    fn variants(
        &self,
        repeat: usize,
        plan: &Plan,
        mut folder: Option<&mut Folder>,
        mut take: impl FnMut(usize, Recording),
    ) -> anyhow::Result<bool> {
        for place in order_of(repeat, plan.variants.len()) {
            if interrupt::is_requested() {
                return Ok(false);
            }
            let variant: &Variant = &plan.variants[place];
            let recording = self.player.play(Part {
                plan,
                variant,
                folder: folder.as_deref_mut(),
                is_shown: repeat == 0,
                progress: &self.progress,
            })?;
            let is_interrupted = recording.header.interrupted;
            take(place, recording);
            if is_interrupted {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Stores the summary of one repeat.
fn store_summary(
    folder: &Folder,
    plan: &Plan,
    replications: &[Replication],
) -> std::io::Result<()> {
    let runs: Vec<Run> = replications.iter().map(|it| it.run().clone()).collect();
    let machine = replications.first().map(|it| it.machine().clone());
    machine.map_or(Ok(()), |machine| {
        folder.summarise(&json::of(&Summary::of(plan, machine, runs)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_looks_after_five_repeats_and_then_after_a_quarter_more_up_to_its_cap() {
        let looks = |repetition: Repetition| repetition.looks().collect::<Vec<_>>();
        let until = |cap| {
            looks(Repetition::Until(StoppingRule {
                relative: 0.1,
                least: 0,
                cap,
            }))
        };
        assert_eq!(until(25), [5, 7, 9, 11, 13, 16, 20, 25]);
        assert_eq!(until(6), [5, 6]);
        assert_eq!(until(5), [5]);
        assert_eq!(looks(Repetition::Count(3)), [3]);
    }

    #[test]
    fn every_variant_has_every_place_equally_often() {
        let order = |repeat, count| order_of(repeat, count).collect::<Vec<_>>();
        let two: Vec<_> = (0..4).map(|repeat| order(repeat, 2)).collect();
        assert_eq!(two, [[0, 1], [1, 0], [0, 1], [1, 0]]);
        let three: Vec<_> = (0..3).map(|repeat| order(repeat, 3)).collect();
        assert_eq!(three, [[0, 1, 2], [1, 2, 0], [2, 0, 1]]);
    }
}
