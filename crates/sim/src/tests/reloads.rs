//! Tests of reloads in quick succession.

use super::*;
use concsim_engine::telemetry::{Phase, Stage};
use concsim_model::scenario::WorkerKind;
use concsim_record::Sample;

/// Twenty workers, and six reloads 4 ms apart, beginning at `begin` milliseconds; no request is sent
/// meanwhile.
fn recording_with_reloads(kind: WorkerKind, begin: u64) -> Recording {
    let events = (0..6).map(|reload| {
        let at = begin + 4 * reload;
        format!("[[timeline]]\nat = '{at}ms'\ndo = 'reload'\n")
    });
    let text = format!(
        "warmup = '0s'\nduration = '1s'\n[server]\nkind = '{}'\nworkers = 20\n\
         [requests.it]\nsteps = ['compute 1ms', 'sleep 20ms']\n\
         [load]\nrate = '200/s'\n[machine]\ncores = 4\n{}",
        kind.word(),
        events.collect::<String>()
    );
    recording_of(&plan(&text, &[]), 0)
}

/// Processes alive in a sample, in order.
fn alive(sample: &Sample) -> Vec<u32> {
    let alive = sample.workers.iter().filter(|it| it.phase != Phase::Gone);
    let mut pids: Vec<u32> = alive.map(|it| it.pid).collect();
    pids.sort_unstable();
    pids
}

#[test]
fn reloads_close_together_leave_no_old_worker() {
    use WorkerKind::{Callback, Coroutine, Sync, Threads};
    for kind in [Sync, Coroutine, Threads, Callback] {
        for begin in [0, 100] {
            let recording = recording_with_reloads(kind, begin);
            let counted = recording.samples.iter();
            let mut counted = counted.filter(|it| it.stage == Stage::Counting);
            let last = counted.next_back().expect("the window was sampled");
            let forked = recording
                .events
                .iter()
                .filter_map(|(_, event)| match event {
                    Event::Forked { pid, .. } => Some(*pid),
                    _ => None,
                });
            let mut newest: Vec<u32> = forked.collect();
            assert_eq!(newest.len(), 20 * 7, "{kind:?}, from {begin} ms");
            newest.drain(..20 * 6);
            assert_eq!(alive(last), newest, "{kind:?}, from {begin} ms");
            let failed = summarise(&recording).failed.all();
            assert_eq!(failed, 0, "{kind:?}, from {begin} ms");
        }
    }
}

#[test]
fn a_worker_that_lives_beside_its_successor_for_less_than_a_sample_is_counted() {
    // One worker of two cores, replaced while it serves: both compute for a moment.
    let text = "seed = 73\nwarmup = '50ms'\nduration = '300ms'\n[server]\nkind = 'coroutine'\nworkers = 1\n\
                backlog = 3\nconnections = 3\n[requests.it]\n\
                steps = ['compute 30ms']\n[load]\nrate = '93/s'\npatience = '50ms'\n\
                [machine]\ncores = 2\n[[timeline]]\nat = '91ms'\ndo = 'reload'\n";
    let run = summarise(&recording_of(&plan(text, &[]), 0));
    assert_eq!(
        (run.workers_at_once.least, run.workers_at_once.most),
        (1, 2)
    );
    assert_eq!(run.parallelism_limit, 2);
    assert!(run.parallelism.expect("it computes") > 1.0);
}
