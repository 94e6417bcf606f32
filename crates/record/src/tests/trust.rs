//! Each doubt is raised by a recording just beyond its limit, and not by one just below.

use crate::Recording;
use crate::summary::{Run, summarise};
use crate::synthetic::{MS, Synthetic};
use crate::trust::{Judge, Trust, so_far};
use concsim_engine::telemetry::{Event, Failure, Outcome};
use concsim_model::scenario::WorkerKind::{self, Coroutine, Sync};
use concsim_model::units::{CpuTime, Elapsed, Stamp};

fn trusted_run() -> Synthetic {
    Synthetic::io_bound(Coroutine)
}

/// The same, with services in time, and no other programs.
fn quiet(kind: WorkerKind) -> Synthetic {
    Synthetic {
        others: 0.0,
        service_late: Elapsed(0),
        ..Synthetic::io_bound(kind)
    }
}

/// Grade that the reason with this code gives the run; ok if the reason is absent.
fn grade(run: &Run, code: &str) -> Trust {
    let reason = run.because.iter().find(|reason| reason.code == code);
    reason.map_or(Trust::Ok, |reason| reason.trust)
}

fn grade_of(synthetic: &Synthetic, code: &str) -> Trust {
    grade(&summarise(&synthetic.recording()), code)
}

fn trust_of_changed(code: &str, change: impl FnOnce(&mut Recording)) -> Trust {
    let mut recording = trusted_run().recording();
    change(&mut recording);
    grade(&summarise(&recording), code)
}

#[test]
fn nothing_speaks_against_a_good_run() {
    for kind in [Sync, Coroutine] {
        let run = summarise(&Synthetic::io_bound(kind).recording());
        assert_eq!(
            (run.trust, run.because.as_slice()),
            (Trust::Ok, [].as_slice())
        );
    }
}

#[test]
fn the_worst_reason_comes_first_and_grades_the_run() {
    let mut synthetic = trusted_run();
    synthetic.load_cpu = 0.5;
    let mut recording = synthetic.recording();
    recording.unreadable = 1;
    let run = summarise(&recording);
    let codes: Vec<&str> = run.because.iter().map(|reason| reason.code).collect();
    assert_eq!(codes, ["slot-unreadable", "generator-busy"]);
    assert_eq!(run.trust, Trust::ProvesNothing);
    assert!(run.because.iter().all(|reason| !reason.remedy.is_empty()));
}

#[test]
fn a_run_whose_log_was_full_says_so_and_when() {
    let mut recording = trusted_run().recording();
    recording.header.log_full = Some(Stamp(4_000 * MS));
    let run = summarise(&recording);
    assert_eq!(grade(&run, "log-full"), Trust::Rough);
    assert!(
        run.because[0].sentence.contains("full after 4.00 s"),
        "{run:?}"
    );
}

#[test]
fn lateness_makes_a_run_rough_from_a_twentieth_of_a_number_on() {
    let late = |kind, late| {
        let mut synthetic = quiet(kind);
        for life in &mut synthetic.lives {
            life.late = late;
        }
        grade_of(&synthetic, "generator-late")
    };
    // The latency is 100.08 ms plus the lateness: a twentieth is 5.27 ms. Throughput, 600 × L ÷ (L − late), moves
    // by more than a twentieth from 5.004 ms on.
    assert_eq!(late(Coroutine, 4_900_000), Trust::Ok);
    assert_eq!(late(Coroutine, 5_100_000), Trust::Rough);
    assert_eq!(late(Coroutine, 90_000_000), Trust::Rough);
    // A whole latency later, twice as many answers would have come.
    assert_eq!(late(Coroutine, 101_000_000), Trust::ProvesNothing);
    // The median of 3 s is that of a queue: it moves by a twentieth from 150 ms on.
    assert_eq!(late(Sync, 120 * MS), Trust::Ok);
    assert_eq!(late(Sync, 170 * MS), Trust::Rough);
}

#[test]
fn answers_that_lie_unread_are_not_the_servers_time() {
    let unread = |tail| {
        let mut synthetic = quiet(Coroutine);
        for life in &mut synthetic.lives {
            life.tail = tail;
        }
        grade_of(&synthetic, "generator-starved")
    };
    assert_eq!(unread(4_900_000), Trust::Ok);
    assert_eq!(unread(5_100_000), Trust::Rough);
    assert_eq!(unread(101_000_000), Trust::ProvesNothing);
}

/// A run against a server of another program: no worker reports, and the system stamps arrivals, if `is_stamped`.
fn of_another_program(synthetic: &Synthetic, is_stamped: bool) -> Run {
    let mut recording = synthetic.recording();
    recording.events.clear();
    recording.event_count = 0;
    for (outcome, life) in recording.outcomes.iter_mut().zip(&synthetic.lives) {
        outcome.unread = is_stamped.then_some(Elapsed(life.tail));
    }
    summarise(&recording)
}

#[test]
fn answers_of_another_program_lie_unread_since_the_systems_stamp() {
    let mut synthetic = quiet(Coroutine);
    for life in &mut synthetic.lives {
        (life.late, life.tail) = (0, 5_100_000);
    }
    let stamped = of_another_program(&synthetic, true);
    assert_eq!(grade(&stamped, "generator-starved"), Trust::Rough);
    let bounds = stamped.bounds.get("latency_ms.p50").expect("the p50 moves");
    // All latencies are too long by the same time.
    assert!((bounds.high - bounds.low - 5.1).abs() < 1e-6, "{bounds:?}");
    let unstamped = of_another_program(&synthetic, false);
    assert_eq!(grade(&unstamped, "generator-starved"), Trust::Ok);
}

#[test]
fn disturbances_that_are_large_together_name_the_number_that_they_move_most() {
    // Of each answer 0.1 ms are late and 0.1 ms unread, alone too little to matter. More than half come after 3 ms.
    let mut synthetic = Synthetic::hog(Coroutine);
    for (number, life) in synthetic.lives.iter_mut().enumerate() {
        let waited = if number % 3 == 0 { 9 * MS } else { 2 * MS };
        (life.late, life.door, life.ready) = (100_000, 0, 0);
        (life.cpu, life.waited, life.tail) = (800_000, waited, 100_000);
    }
    let run = summarise(&synthetic.recording());
    assert_eq!(run.trust, Trust::Rough, "{:#?}", run.because);
    let [reason] = run.because.as_slice() else {
        panic!("{:#?}", run.because);
    };
    let together = "with the other disturbances p50 may be up to 200 µs too high";
    assert!(reason.sentence.ends_with(together), "{}", reason.sentence);
}

#[test]
fn a_tenth_of_a_millisecond_is_no_doubt_about_a_quick_answer() {
    let late = |late| {
        let mut synthetic = Synthetic::hog(Coroutine);
        for life in &mut synthetic.lives {
            (life.late, life.ready, life.cpu) = (late, 0, 500_000);
        }
        grade_of(&synthetic, "generator-late")
    };
    assert_eq!(late(99_000), Trust::Ok);
    assert_eq!(late(101_000), Trust::Rough);
}

#[test]
fn a_generator_near_a_whole_core_is_judged_by_its_delays_if_these_are_known() {
    for (load_cpu, trust) in [
        (0.34, Trust::Ok),
        (0.36, Trust::Rough),
        (0.71, Trust::Rough),
    ] {
        let mut synthetic = trusted_run();
        synthetic.load_cpu = load_cpu;
        assert_eq!(grade_of(&synthetic, "generator-busy"), trust, "{load_cpu}");
    }
    let mut synthetic = trusted_run();
    synthetic.load_cpu = 0.71;
    let mut recording = synthetic.recording();
    // Such a server does not report when it wrote an answer.
    recording.event_count = 0;
    let run = summarise(&recording);
    assert_eq!(grade(&run, "generator-busy"), Trust::ProvesNothing);
    let stamped = of_another_program(&synthetic, true);
    assert_eq!(grade(&stamped, "generator-busy"), Trust::Rough);
}

#[test]
fn a_request_that_was_due_and_never_sent_spoils_the_run() {
    let unsend = |outcome: &mut Outcome, failure| {
        outcome.sent = Stamp(0);
        outcome.failure = Some(failure);
    };
    let last = |recording: &mut Recording, failure| {
        let in_window = |outcome: &&mut Outcome| outcome.due > Stamp(2_000 * MS);
        unsend(
            recording.outcomes.iter_mut().find(in_window).unwrap(),
            failure,
        );
    };
    assert_eq!(
        trust_of_changed("not-all-sent", |recording| last(
            recording,
            Failure::Timeout
        )),
        Trust::ProvesNothing
    );
    assert_eq!(
        trust_of_changed("not-all-sent", |recording| last(
            recording,
            Failure::Refused
        )),
        Trust::Ok
    );
}

#[test]
fn whatever_was_dropped_spoils_the_run() {
    assert_eq!(
        trust_of_changed("requests-dropped", |recording| {
            recording.samples.last_mut().unwrap().load.dropped = 1;
        }),
        Trust::ProvesNothing
    );
    assert_eq!(
        trust_of_changed("telemetry-dropped", |recording| recording.dropped_events =
            1),
        Trust::Rough
    );
    assert_eq!(
        trust_of_changed("slot-unreadable", |recording| recording.unreadable = 1),
        Trust::ProvesNothing
    );
}

#[test]
fn lost_outcomes_are_a_doubt_if_they_could_be_the_number() {
    let lost = |count| trust_of_changed("outcomes-dropped", |it| it.dropped_outcomes = count);
    // One of 3 000 requests that took the clients' patience, 30 s, would add 10 ms to a mean of 100 ms.
    assert_eq!(lost(1), Trust::Rough);
    // One in a hundred decides the p99: 40 unknown ones may be the slowest.
    assert_eq!(lost(40), Trust::ProvesNothing);
}

/// Makes the gauges grow by this share too much over the window.
fn inflate(recording: &mut Recording, share: f64) {
    let window = recording.header.window.unwrap();
    let grown = |integral: u64| (integral as f64 * share) as u64;
    for sample in recording
        .samples
        .iter_mut()
        .filter(|sample| sample.at >= window.end)
    {
        let whole = 5_000 * MS * 60;
        sample.load.in_system.integral += grown(whole);
        for worker in &mut sample.workers {
            worker.begun.integral += grown(whole / 2);
        }
    }
}

#[test]
fn two_accounts_that_disagree_by_half_a_percent_prove_nothing() {
    for (share, trust) in [
        (0.0022, Trust::Ok),
        (0.0028, Trust::Rough),
        (0.0047, Trust::Rough),
        (0.0053, Trust::ProvesNothing),
    ] {
        for code in ["little-system", "little-workers"] {
            let grade = trust_of_changed(code, |recording| inflate(recording, share));
            assert_eq!(grade, trust, "{code} with {share}");
        }
    }
}

#[test]
fn parts_longer_than_the_whole_are_an_accounting_error() {
    let overrun = |extra: u64| {
        trust_of_changed("breakdown-overrun", |recording| {
            for (_, event) in &mut recording.events {
                if let Event::Served(served) = event {
                    served.cpu += CpuTime(extra);
                }
            }
        })
    };
    // 30 µs of 100.1 ms are other; a greater excess is an error.
    assert_eq!(overrun(30_000), Trust::Ok);
    assert_eq!(overrun(200_000), Trust::Ok);
    assert_eq!(overrun(350_000), Trust::Rough);
    assert_eq!(overrun(700_000), Trust::ProvesNothing);
}

#[test]
fn a_machine_that_others_use_too_is_noticed() {
    // Two cores, each of which may have delayed each request, and the half of them that decides the median may have
    // had all the delays: four times the share.
    for (steal, trust) in [
        (0.012, Trust::Ok),
        (0.013, Trust::Rough),
        (0.24, Trust::Rough),
        // Without half of the core time stolen, throughput would be twice as high.
        (0.26, Trust::ProvesNothing),
    ] {
        let mut synthetic = quiet(Coroutine);
        synthetic.steal = steal;
        assert_eq!(grade_of(&synthetic, "cores-stolen"), trust, "{steal}");
    }
    for (others, trust) in [(0.012, Trust::Ok), (0.013, Trust::Rough)] {
        let mut synthetic = quiet(Coroutine);
        synthetic.others = others;
        // Its workers never wanted a core that they had not.
        assert_eq!(grade_of(&synthetic, "others-computing"), Trust::Ok);
        let mut recording = synthetic.recording();
        for sample in &mut recording.samples {
            let at = sample.at.0;
            sample.workers[0].without_a_core = Some(Elapsed(at / 10));
        }
        let run = summarise(&recording);
        assert_eq!(grade(&run, "others-computing"), trust, "{others}");
        // In older recordings computing without a core is known: each request waited for 10 ms of its 110.
        for life in &mut synthetic.lives {
            life.core_wait = 10 * MS;
        }
        let mut recording = synthetic.recording();
        let samples = recording.samples.iter_mut();
        for worker in samples.flat_map(|sample| &mut sample.workers) {
            worker.without_a_core = None;
        }
        let run = summarise(&recording);
        assert_eq!(grade(&run, "others-computing"), trust, "{others}");
    }
}

#[test]
fn fewer_than_a_hundred_requests_are_few() {
    let of = |count: usize| {
        let mut synthetic = trusted_run();
        let window = synthetic.window.unwrap();
        synthetic
            .lives
            .retain(|life| window.contains(Stamp(life.due)));
        synthetic.lives.truncate(count);
        grade_of(&synthetic, "few-samples")
    };
    assert_eq!(of(100), Trust::Ok);
    assert_eq!(of(99), Trust::Rough);
}

#[test]
fn late_services_delay_the_requests_that_a_sync_worker_has_not_taken_yet() {
    let late = |kind, late| {
        let mut synthetic = quiet(kind);
        synthetic.service_late = Elapsed(late);
        grade_of(&synthetic, "service-late")
    };
    // A coroutine waits for its own call alone: a twentieth of 100.1 ms.
    assert_eq!(late(Coroutine, 4_700_000), Trust::Ok);
    assert_eq!(late(Coroutine, 5_100_000), Trust::Rough);
    // A sync worker's latency is thirty such calls long, each of which was late: the same share of it.
    assert_eq!(late(Sync, 4_500_000), Trust::Ok);
    assert_eq!(late(Sync, 5_500_000), Trust::Rough);
}

#[test]
fn a_crash_proves_nothing_and_gives_its_reason() {
    let mut recording = trusted_run().recording();
    recording.header.crashed = Some("no worker came up".into());
    let run = summarise(&recording);
    assert_eq!(run.trust, Trust::ProvesNothing);
    assert_eq!(run.because[0].code, "crashed");
    assert!(run.because[0].sentence.ends_with("no worker came up"));
}

/// Other virtual machines take 5 % of a core, and 3 ms more up to each half second before 10 s, and 3 ms less up
/// to each whole one and from then on. Above 5 % a run is rough.
#[test]
fn a_grade_does_not_go_to_and_fro_while_a_run_goes_on() {
    let mut run = Synthetic::idle(Sync, 2);
    let window = run.window.as_mut().unwrap();
    (window.begin, window.end) = (Stamp(1_000 * MS), Stamp(21_000 * MS));
    let mut recording = run.recording();
    for sample in &mut recording.samples {
        let half = sample.at.0 / (500 * MS);
        let is_more = half % 2 == 1 && half < 20;
        let by = if is_more { 3e6 } else { -3e6 };
        let passed = sample.at.0.saturating_sub(1_000 * MS);
        sample.cores[0].steal = CpuTime((0.05 * passed as f64 + by) as u64);
    }
    let mut judge = Judge::default();
    let (mut rough, mut crossed) = (Vec::new(), 0);
    for newest in 0..recording.samples.len() {
        let snapshot = recording.snapshot(newest).unwrap();
        let (trust, _) = judge.judge(0, &snapshot);
        // A judge that starts at the instant gives the same grade.
        assert_eq!(trust, Judge::default().judge(0, &snapshot).0);
        crossed += usize::from(so_far(&snapshot).0 == Trust::Rough);
        rough.extend((trust == Trust::Rough).then(|| snapshot.sample().at.0 / MS));
    }
    // It crosses at 2.5, 3.5 … 9.5 s, and the last of these is held for five seconds.
    assert_eq!(crossed, 8);
    let held: Vec<u64> = (5..=28).map(|half| half * 500).collect();
    assert_eq!(rough, held);
}
