//! Repeats that prove nothing: they are stated with their reasons, and set aside unless they are the rule.

use super::Repeats;
use crate::schema::repeats::DoubtfulReplication;
use crate::trust::Trust;

impl Repeats {
    /// Returns the variants of all repeats that prove nothing.
    pub(super) fn doubted(&self) -> Vec<DoubtfulReplication> {
        let used = self.used();
        let mut doubted = Vec::new();
        for (place, repeat) in self.all.iter().enumerate() {
            let in_doubt = repeat.iter();
            let in_doubt = in_doubt.filter(|it| it.run.trust == Trust::ProvesNothing);
            doubted.extend(in_doubt.map(|replication| {
                let run = &replication.run;
                let proof = run.because.iter();
                let proof = proof.filter(|reason| reason.trust == Trust::ProvesNothing);
                DoubtfulReplication {
                    repeat: place + 1,
                    seed: replication.seed,
                    variant: run.variant.clone(),
                    because: proof.cloned().collect(),
                    used: used.binary_search(&place).is_ok(),
                }
            }));
        }
        doubted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repeats::Replication;
    use crate::summary::Summary;
    use crate::synthetic::{MS, Synthetic, machine, plan};
    use concsim_model::scenario::WorkerKind;

    /// Returns the summary of repeats of a sync and a coroutine variant, and in which of them the latter proves
    /// nothing: its requests are sent 120 ms late.
    fn summary(late: [bool; 4]) -> Summary {
        let both = [WorkerKind::Sync, WorkerKind::Coroutine].map(Synthetic::io_bound);
        let plan = plan("Waiting is free", &[&both[0], &both[1]], &[]);
        let mut repeats = Repeats::default();
        for (seed, is_late) in (7..).zip(late) {
            let mut both = both.clone();
            for variant in &mut both {
                variant.scenario.seed = seed;
            }
            for life in both[1].lives.iter_mut().filter(|_| is_late) {
                life.late = 120 * MS;
            }
            let recordings = both.iter().map(Synthetic::recording);
            repeats.add(recordings.map(|it| Replication::of(&it)).collect());
        }
        repeats.summary(&plan, machine(2))
    }

    #[test]
    fn a_repeat_that_proves_nothing_is_set_aside_with_all_its_variants() {
        let summary = summary([false, true, false, false]);
        let repeats = summary.repeats.as_ref().unwrap();
        assert_eq!((repeats.count, repeats.used), (4, 3));
        let [doubted] = repeats.doubted.as_slice() else {
            panic!("{:?}", repeats.doubted);
        };
        let found = (doubted.repeat, doubted.seed, doubted.variant.as_str());
        assert_eq!(found, (2, 8, "coroutine"));
        assert_eq!(doubted.because[0].code, "generator-late");
        assert!(!doubted.used);
        for run in &summary.runs {
            let repeated = run.repeated.as_ref().unwrap();
            assert_eq!(repeated.seeds(), [7, 9, 10], "{}", run.variant);
            assert_eq!(run.trust, Trust::Ok, "{}", run.variant);
        }
        assert_eq!(summary.exit_status(), 0);
    }

    #[test]
    fn where_most_repeats_prove_nothing_none_is_set_aside_and_the_whole_proves_nothing() {
        let summary = summary([true, true, false, true]);
        let repeats = summary.repeats.as_ref().unwrap();
        assert_eq!((repeats.count, repeats.used), (4, 4));
        let found: Vec<(usize, bool)> = repeats
            .doubted
            .iter()
            .map(|it| (it.repeat, it.used))
            .collect();
        assert_eq!(found, [(1, true), (2, true), (4, true)]);
        let trust: Vec<Trust> = summary.runs.iter().map(|run| run.trust).collect();
        assert_eq!(trust, [Trust::Ok, Trust::ProvesNothing]);
    }

    #[test]
    fn half_of_the_repeats_are_enough() {
        let of_half = summary([true, false, false, true]);
        assert_eq!(of_half.repeats.unwrap().used, 2);
    }
}
