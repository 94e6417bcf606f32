//! Repeats of a plan with seeds that follow each other, on several threads. The result depends on the seeds
//! alone: repeats are added in their order, and a rule that stops looks at numbers of repeats that do not
//! depend on the threads.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use crate::progress::Progress;
use concsim_model::scenario::Plan;
use concsim_record::Machine;
use concsim_record::repeats::{Repeats, Replication, Rule};
use concsim_stats::until::{FIRST_LOOK, Until};

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

/// Plays the variants of one repeat, which is counted from 0 and has a plan of its own.
pub type Replicate<'a> = dyn Fn(usize, &Plan) -> Vec<Replication> + Sync + 'a;

/// Plays repeats of a plan.
pub struct Player<'a> {
    /// The plan of the first repeat.
    pub plan: &'a Plan,
    /// Number of threads.
    pub jobs: usize,
    /// Plays one repeat.
    pub replicate: &'a Replicate<'a>,
}

impl Player<'_> {
    /// Plays a number of repeats.
    #[must_use]
    pub fn play(&self, count: usize) -> Repeats {
        let mut repeats = Repeats::default();
        let mut progress = Progress::new(0, count, "repeats");
        self.extend(&mut repeats, count, &mut progress);
        progress.clear();
        repeats
    }

    /// Plays repeats until the intervals of some numbers are narrow enough, or until there are as many as the
    /// rule permits. It looks after 5 repeats, and again whenever there are a quarter more.
    #[must_use]
    pub fn play_until(&self, until: &Until, numbers: Vec<String>, machine: &Machine) -> Repeats {
        let mut repeats = Repeats::default();
        let mut progress = Progress::new(0, FIRST_LOOK, "repeats");
        let mut look = FIRST_LOOK;
        let met = loop {
            self.extend(&mut repeats, look.min(until.cap), &mut progress);
            let summary = repeats.summary(self.plan, machine.clone());
            let width = repeats.width(&summary, &numbers, until);
            let count = repeats.count();
            if width.is_met || count >= until.cap {
                break width.is_met;
            }
            progress.expect(width.expected);
            look = count + (count / 4).max(2);
        };
        progress.clear();
        repeats.ended_by(Rule {
            relative: until.relative,
            cap: until.cap,
            numbers,
            met,
        });
        repeats
    }

    /// Plays repeats until there are `count`, and adds them in their order.
    fn extend(&self, repeats: &mut Repeats, count: usize, progress: &mut Progress) {
        let (next, (sender, played)) = (AtomicUsize::new(repeats.count()), mpsc::channel());
        let next = &next;
        let mut all: Vec<(usize, Vec<Replication>)> = thread::scope(|scope| {
            for _ in 0..self.jobs.min(count - repeats.count()) {
                let sender = sender.clone();
                scope.spawn(move || {
                    loop {
                        let repeat = next.fetch_add(1, Ordering::Relaxed);
                        if repeat >= count {
                            return;
                        }
                        let played = (self.replicate)(repeat, &plan_of(self.plan, repeat));
                        // The receiver outlives all threads.
                        let _ = sender.send((repeat, played));
                    }
                });
            }
            drop(sender);
            played.iter().inspect(|_| progress.one_more()).collect()
        });
        all.sort_unstable_by_key(|(repeat, _)| *repeat);
        for (_, repeat) in all {
            repeats.add(repeat);
        }
    }
}
