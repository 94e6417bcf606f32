//! Tests of overlaps between requests, and their reasons.

use super::*;
use concsim_engine::telemetry::SwitchReason;

const MS: u64 = 1_000_000;

/// Computing intervals of a recording: (request, from, to) in ms from the beginning.
fn stretches(recording: &Recording) -> Vec<(u32, u64, u64)> {
    let began = recording.header.began.0;
    let ms = |at: Stamp| (at.0 - began) / MS;
    let ran = recording
        .switches
        .iter()
        .filter_map(|(_, event)| match event {
            Event::RunSlice(ran) if ran.to > ran.from => {
                Some((ran.request, ms(ran.from), ms(ran.to)))
            }
            _ => None,
        });
    ran.collect()
}

#[test]
fn a_sync_worker_takes_three_requests_one_after_the_other() {
    let plan = built_in("three_requests");
    let expected = [
        (0, 0, 200),
        (0, 1200, 1400),
        (1, 1400, 1600),
        (1, 2600, 2800),
        (2, 2800, 3000),
        (2, 4000, 4200),
    ];
    assert_eq!(stretches(&recording_of(&plan, 0)), expected);
}

#[test]
fn a_coroutine_worker_computes_for_one_while_the_others_are_parked() {
    let plan = built_in("three_requests");
    let expected = [
        (0, 0, 200),
        (1, 200, 400),
        (2, 400, 600),
        (0, 1200, 1400),
        (1, 1400, 1600),
        (2, 1600, 1800),
    ];
    assert_eq!(stretches(&recording_of(&plan, 1)), expected);
}

#[test]
fn the_longest_run_so_far_may_go_on() {
    let recording = recording_of(&built_in("three_requests"), 1);
    let began = recording.header.began;
    let computing: Vec<(u64, u64)> = stretches(&recording)
        .into_iter()
        .map(|(_, from, to)| (from * MS, to * MS))
        .collect();
    let mut open = 0;
    for sample in &recording.samples {
        let at = sample.at.since(began).0;
        let runs = computing.iter().filter(|(from, _)| *from <= at);
        let longest = runs.map(|(from, to)| at.min(*to) - from).max();
        let text = sample.workers.first().map(|worker| worker.longest_run);
        assert_eq!(text.map(|it| it.0), Some(longest.unwrap_or(0)), "{at} ns");
        open += u64::from(at > 0 && at < 200 * MS);
    }
    assert!(open > 0, "a sample in the middle of the first run");
}

#[test]
fn requests_are_parked_on_average_for_as_long_as_their_waits_last() {
    use concsim_record::remark::{self, Context, Kind};

    // Each request is parked for a second, from the end of its first turn of 200 ms on.
    let waits = [(200, 1_200), (400, 1_400), (600, 1_600)];
    let recording = recording_of(&built_in("three_requests"), 1);
    let began = recording.header.began.0;
    for millis in [700, 900, 1_100, 1_250] {
        let snapshot = recording.snapshot_at(Stamp(began + millis * MS)).unwrap();
        let span = snapshot.last_second();
        let [from, to] = [span.begin().at, span.end().at].map(|at| at.0 - began);
        let waits = waits.map(|(begin, end)| (begin * MS, end * MS));
        let inside = waits.map(|(begin, end)| end.min(to).saturating_sub(begin.max(from)));
        let mean = inside.iter().sum::<u64>() as f64 / (to - from) as f64;
        let context = Context::of_the_last_second(snapshot, span.means(), &[]);
        let text = remark::remark_of_kind(Kind::Parked, &context).map(|it| it.evidence);
        let right = format!(" {mean:.2} parked and ");
        assert!(
            text.as_ref().is_some_and(|it| it.contains(&right)),
            "{right}: {text:?}"
        );
    }
}

#[test]
fn every_built_in_scenario_shows_what_it_claims() {
    for known in builtin::all() {
        let plan = built_in(known.name);
        let recordings = (0..plan.variants.len()).map(|variant| recording_of(&plan, variant));
        let runs: Vec<Run> = recordings.map(|recording| summarise(&recording)).collect();
        runs.iter().for_each(check_the_books);
        let machine = machine_of(&plan.variants[0].scenario);
        let summary = concsim_record::summary::Summary::of(&plan, machine, runs);
        for judgement in &summary.expect {
            let verdict = judgement.verdict;
            let holds = verdict == concsim_record::evaluate::Verdict::Holds;
            assert!(holds, "{}: {judgement:?}", known.name);
        }
    }
}

#[test]
fn coroutines_that_yield_take_turns() {
    let plan = built_in("ping_pong");
    let source: Vec<u32> = stretches(&recording_of(&plan, 0))
        .iter()
        .map(|(request, ..)| *request)
        .collect();
    assert_eq!(source, [0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
}

#[test]
fn a_coroutine_keeps_its_worker_but_a_process_shares_its_core() {
    let text = "requests.long = { steps = ['compute 100ms'], weight = 1 }\n\
                load = { clients = 2, requests = 2, ramp = '10ms' }\n\
                machine = { cores = 1, slice = '1ms' }";
    let hub = plan(text, &["server.kind=coroutine"]);
    let hub = recording_of(&hub, 0);
    assert_eq!(stretches(&hub), [(0, 0, 100), (1, 100, 200)]);
    let processes = plan(text, &["server.workers=2"]);
    let processes = recording_of(&processes, 0);
    let mut ends: Vec<u64> = stretches(&processes).iter().map(|(.., to)| *to).collect();
    ends.sort_unstable();
    assert!(ends[0] > 185 && ends[1] == 200, "{ends:?}");
    let taken = processes.switches.iter();
    let taken = taken.filter(|(_, event)| matches!(event, Event::Preempted { .. }));
    assert!(taken.count() > 150);
}

#[test]
fn additions_are_lost_only_by_a_yield_between_reading_and_writing() {
    let plan = built_in("shared_counter");
    let lost = |variant| {
        let run = summarise(&recording_of(&plan, variant));
        run.counters.get("visits").map(|visits| visits.lost)
    };
    assert_eq!(lost(0), Some(0));
    assert!(lost(1) > Some(1_000));
    assert_eq!(lost(2), Some(0));
}

#[test]
fn who_finds_the_door_full_knocks_again_a_second_later() {
    let text = "server.backlog = 1\nrequests.it.steps = ['sleep 10ms']\n\
                load = { clients = 6, requests = 6, ramp = '0s' }";
    let recording = recording_of(&plan(text, &[]), 0);
    let mut latencies: Vec<u64> = recording
        .outcomes
        .iter()
        .map(|outcome| outcome.done.since(outcome.due).0 / MS)
        .collect();
    latencies.sort_unstable();
    // Two fit into the queue; another takes the place of the first one accepted, and so on.
    assert_eq!(latencies, [10, 20, 1010, 1020, 2010, 2020]);
}

#[test]
fn threads_behind_one_lock_compute_one_at_a_time() {
    let text = "server = { kind = 'threads', threads = 4 }\n\
                requests.it.steps = ['compute 10ms', 'sleep 10ms']\n\
                load.clients = 8\nmachine.cores = 4";
    let locked = &runs_of(text, &[])[0];
    let free = &runs_of(text, &["server.gil=false"])[0];
    check_the_books(locked);
    check_the_books(free);
    assert!(locked.parallelism.unwrap() > 0.98 && locked.parallelism.unwrap() <= 1.0);
    assert!(free.parallelism.unwrap() > 1.9, "{:?}", free.parallelism);
}

#[test]
fn a_wait_for_the_lock_is_a_wait_for_another_request_and_not_for_a_core() {
    // Two that compute 20 ms each, in turns of 5 ms, on four cores: a b a b a b a b.
    let text = "server = { kind = 'threads', threads = 2 }\nmachine.cores = 4\n\
                requests.it.steps = ['compute 20ms']\nwarmup = '0s'\n\
                [[jobs]]\nat = '0s'\nclass = 'it'\ncount = 2";
    let recording = recording_of(&plan(text, &[]), 0);
    let served = recording
        .events
        .iter()
        .filter_map(|(_, event)| match event {
            Event::Served(served) => Some(*served),
            _ => None,
        });
    let served: Vec<_> = served.collect();
    assert!(served.iter().all(|it| it.core_wait.0 == 0));
    let ready: u64 = served.iter().map(|it| it.ready.0).sum();
    assert_eq!(
        ready / MS,
        15 + 15,
        "each waits three times for the other after it has begun to compute"
    );
    let yields = recording.switches.iter().filter(
        |(_, event)| matches!(event, Event::RunSlice(ran) if ran.then == SwitchReason::Yielded),
    );
    assert_eq!(yields.count(), 6);
}

#[test]
fn one_that_waits_comes_back_an_interval_late_beside_one_that_computes() {
    let text = "server = { kind = 'threads', threads = 2 }\n\
                requests.hog = { steps = ['compute 1s'], weight = 0 }\n\
                requests.short.steps = ['sleep 1ms']\n\
                load.clients = 1\nmachine.cores = 2\nmachine.request = '1us'\n\
                warmup = '0s'\nduration = '500ms'\n\
                [[timeline]]\nat = '1ms'\ndo = 'send hog'";
    let run = &runs_of(text, &[])[0];
    let short = run.requests.get("short").unwrap();
    let p50 = short.latency_ms.p50.unwrap();
    // Once to begin, and once more after its wait: an interval of 5 ms each.
    assert!((10.9..11.2).contains(&p50), "{p50}");
}

#[test]
fn a_service_of_which_there_is_too_little_makes_callers_wait() {
    let text = "server.kind = 'coroutine'\nrequests.it.steps = ['call db 10ms']\n\
                load.clients = 20\n";
    for (limit, expected) in [("capacity = 4", 400.0), ("pool = 2", 200.0), ("", 2000.0)] {
        let text = format!("{text}[services.db]\n{limit}");
        let run = &runs_of(&text, &[])[0];
        check_the_books(run);
        let throughput = run.throughput_per_s.unwrap();
        assert!(
            (throughput / expected - 1.0).abs() < 0.02,
            "{limit}: {throughput}"
        );
    }
}

#[test]
fn ten_threads_take_what_would_block_a_hub() {
    let text = "server.kind = 'coroutine'\nrequests.it.steps = ['sleep 10ms in threads']\n\
                load.clients = 40";
    let run = &runs_of(text, &[])[0];
    check_the_books(run);
    let throughput = run.throughput_per_s.unwrap();
    assert!((throughput / 1000.0 - 1.0).abs() < 0.02, "{throughput}");
}

#[test]
fn accepts_wake_the_first_forked_or_a_drawn_or_the_longest_sleeper() {
    let text = "server.workers = 4\nrequests.it.steps = ['compute 1ms']\nload.rate = '20/s'";
    let accepted = |accept: &str| -> Vec<u64> {
        let run = runs_of(text, &[&format!("server.accept={accept}")]).remove(0);
        check_the_books(&run);
        run.workers.iter().map(|worker| worker.accepted).collect()
    };
    let exclusive = accepted("exclusive");
    assert!(
        exclusive[0] > 9 * exclusive[1..].iter().sum::<u64>(),
        "{exclusive:?}"
    );
    for even in ["shared", "blocking", "reuseport"] {
        let shares = accepted(even);
        let least = *shares.iter().min().unwrap() as f64;
        let most = *shares.iter().max().unwrap() as f64;
        assert!(least > 0.4 * most, "{even}: {shares:?}");
    }
}

#[test]
fn a_worker_that_sleeps_in_accept_is_never_told_of_nothing() {
    let text = "server = { workers = 4, accept = 'blocking' }\nrequests.it.steps = ['compute 1ms']\n\
                machine = { cores = 2, wake_up = '50us' }\nload = { clients = 3, think = '~1ms' }";
    let eagain = |set: &str| -> u64 {
        let run = runs_of(text, &[set]).remove(0);
        check_the_books(&run);
        run.workers.iter().map(|it| it.accept_eagain).sum()
    };
    assert_eq!(eagain("server.accept=blocking"), 0);
    assert!(eagain("server.accept=shared") > 100);
}

/// One worker serves the first of five requests for 300 ms, the others wait in its queue, and it is told to leave
/// meanwhile.
#[test]
fn a_sync_worker_resets_its_own_queue_when_it_leaves_and_a_hub_at_once() {
    let failed_at = |server: &str| -> Vec<u64> {
        let text = format!(
            "server = {{ workers = 1, accept = 'reuseport', {server} }}\nwarmup = '0s'\n\
             requests.it.steps = ['sleep 300ms']\nload = {{ clients = 5, requests = 5, ramp = '0s' }}\n\
             [[timeline]]\nat = '100ms'\ndo = 'reload'\n"
        );
        let recording = recording_of(&plan(&text, &[]), 0);
        let failed = recording.outcomes.iter().filter(|it| it.failure.is_some());
        failed
            .map(|it| (it.done.0 - recording.header.began.0) / MS)
            .collect()
    };
    assert_eq!(failed_at("kind = 'sync'"), [300; 4]);
    assert_eq!(failed_at("kind = 'coroutine', connections = 1"), [100; 4]);
}

#[test]
fn a_client_that_gives_up_leaves_its_request_to_the_worker() {
    let text = "requests.it.steps = ['sleep 30ms']\nload = { clients = 3, requests = 9, \
                patience = '50ms', ramp = '0s' }";
    let plan = plan(text, &[]);
    let recording = recording_of(&plan, 0);
    let run = summarise(&recording);
    check_the_books(&run);
    assert!(run.failed.timeout > 0);
    let served: u64 = run.workers.iter().map(|worker| worker.requests).sum();
    assert!(
        served as usize > run.completed,
        "some were served for nobody"
    );
}

#[test]
fn a_connection_is_kept_for_as_long_as_its_worker_lets_it() {
    let text = "server = { kind = 'coroutine', keepalive = '20ms' }\n\
                requests.it.steps = ['compute 1ms']\nload = { clients = 1, connection = 'keep-alive' }";
    let short = &runs_of(text, &["load.think=5ms"])[0];
    let long = &runs_of(text, &["load.think=50ms"])[0];
    check_the_books(short);
    check_the_books(long);
    assert_eq!(short.workers[0].accepted, 1);
    assert!(short.workers[0].requests > 500);
    assert_eq!(long.workers[0].accepted, long.workers[0].requests);
}

#[test]
fn workers_are_replaced_after_so_many_requests() {
    let text = "server = { workers = 2, max_requests = 10 }\n\
                requests.it.steps = ['sleep 10ms']\nload.clients = 2";
    for kind in ["sync", "coroutine", "threads"] {
        let run = runs_of(text, &[&format!("server.kind={kind}")]).remove(0);
        check_the_books(&run);
        assert_eq!(run.failed.all(), 0, "{kind}");
        let respawns: u64 = run.workers.iter().map(|worker| worker.respawns).sum();
        assert!(respawns > 40, "{kind}: {respawns}");
    }
}

#[test]
fn a_silent_worker_is_ended_and_its_clients_see_a_reset() {
    let text = "server = { timeout = '2s' }\nrequests.it.steps = ['compute 5s']\n\
                load = { clients = 1, requests = 1 }";
    let recording = recording_of(&plan(text, &[]), 0);
    let died = recording.events.iter().find_map(|(_, event)| match event {
        Event::Died { at, status, .. } => Some((at.0 / MS, *status)),
        _ => None,
    });
    assert_eq!(died, Some((3_000, 1)));
    let failed = recording.outcomes[0].failure;
    assert_eq!(failed, Some(concsim_engine::telemetry::Failure::Reset));
    check_the_books(&summarise(&recording));
}

#[test]
fn a_stopped_worker_keeps_what_it_has_until_it_goes_on() {
    let text = "requests.it.steps = ['compute 100ms']\nload = { clients = 1, requests = 1 }\n\
                [[timeline]]\nat = '50ms'\ndo = 'stop a worker'\n\
                [[timeline]]\nat = '950ms'\ndo = 'continue a worker'";
    for scheduler in ["ideal", "round-robin", "per-core"] {
        let set = format!("machine.scheduler={scheduler}");
        let recording = recording_of(&plan(text, &[&set]), 0);
        let outcome = recording.outcomes[0];
        assert_eq!(outcome.done.since(outcome.due).0 / MS, 1_000, "{scheduler}");
        assert_eq!(recording.markers.len(), 2);
    }
}

#[test]
fn load_takes_the_core_of_a_worker_that_computes() {
    let text = "server.workers = 1\nwarmup = '0s'\nrequests.it.steps = ['compute 100ms']\n\
                machine = { cores = 1, slice = '1s', generator = '2ms' }\n\
                load = { rate = '20/s', arrivals = 'constant', requests = 4 }";
    let recording = recording_of(&plan(text, &[]), 0);
    let late: Vec<u64> = recording
        .outcomes
        .iter()
        .map(|it| it.sent.0 - it.due.0)
        .collect();
    assert_eq!(late, [1_000_000; 4], "half of what a request costs load");
}

/// Real workers in this scenario: 7.93 of 8 begun, and 9 of 10 clients stay.
#[test]
fn a_client_of_busy_workers_connects_to_the_one_that_answered_it() {
    let text = "server = { kind = 'coroutine', workers = 2 }\nrequests.it.steps = ['compute 5ms..15ms']\n\
                machine = { cores = 2, process_switch = '2us', generator = '50us' }\nload.clients = 8";
    let recording = recording_of(&plan(text, &[]), 0);
    let run = summarise(&recording);
    check_the_books(&run);
    assert!(run.concurrency.unwrap() > 7.9, "{:?}", run.concurrency);
}

#[test]
fn load_and_services_that_cost_something_want_cores_too() {
    let text = "requests.it.steps = ['compute 1ms', 'call db 1ms']\nload.clients = 8\n\
                server.workers = 4\nmachine = { cores = 2, generator = '200us', service = '100us' }";
    let run = &runs_of(text, &[])[0];
    check_the_books(run);
    let throughput = run.throughput_per_s.unwrap();
    let expected = throughput * 200e-6;
    assert!((run.generator.cpu.unwrap() / expected - 1.0).abs() < 0.02);
    let services = run.services.get("db").and_then(|db| db.cpu).unwrap();
    assert!(
        (services / (throughput * 100e-6) - 1.0).abs() < 0.02,
        "{services}"
    );
    assert!(run.cores.iter().map(|core| core.busy).sum::<f64>() > 1.9);
}

#[test]
fn a_task_that_yields_lets_the_poller_look_at_the_door() {
    let text = "server.kind = 'coroutine'\n\
                requests.sliced = { steps = ['compute 100ms in slices of 1ms'], weight = 1 }\n\
                load = { clients = 2, requests = 2, ramp = '20ms' }";
    let recording = recording_of(&plan(text, &[]), 0);
    let first = recording
        .switches
        .iter()
        .find_map(|(_, event)| match event {
            Event::RunSlice(ran) if ran.request == 1 => Some(ran),
            _ => None,
        });
    let first = first.unwrap();
    assert_eq!(first.then, SwitchReason::Yielded);
    assert_eq!((first.from.0 - recording.header.began.0) / MS, 11);
}

#[test]
fn a_core_is_slower_only_while_others_are_busy() {
    let alone = "requests.it.steps = ['compute 10ms', 'sleep 10ms']\nload.clients = 1\n\
                 server.workers = 2\nduration = '10s'";
    let crowded = "requests.it.steps = ['compute 10ms']\nload.clients = 2\n\
                   server.workers = 2\nduration = '10s'";
    for scheduler in ["ideal", "round-robin", "per-core"] {
        let scheduler = format!("machine.scheduler={scheduler}");
        let set = [&scheduler, "machine.cores=2", "machine.efficiency=0.5"];
        let run = runs_of(alone, &set).remove(0);
        assert_eq!(run.latency_ms.mean, Some(20.0), "{scheduler}");
        let run = runs_of(crowded, &set).remove(0);
        let answers = run.throughput_per_s.unwrap();
        assert!((answers - 100.0).abs() < 0.5, "{scheduler}: {answers}");
        let parallelism = run.parallelism.unwrap();
        assert!(
            (parallelism - 1.0).abs() < 0.01,
            "{scheduler}: {parallelism}"
        );
    }
}

#[test]
fn threads_without_a_lock_compute_at_once_and_are_full_only_together() {
    use concsim_record::remark::{Kind, Remark};
    // One worker of four threads on eight cores: one client keeps one thread busy, eight keep all.
    let remark = |clients: u32| -> Option<Remark> {
        let text = format!(
            "server={{kind='threads',threads=4,gil=false}}\nmachine.cores=8\n\
             load.clients={clients}\nrequests.sum.steps=['compute 20ms']\n"
        );
        let run = runs_of(&text, &[]).remove(0);
        assert_eq!(run.parallelism, Some(f64::from(clients.min(4))));
        let mut remarks = run.remarks.into_iter();
        remarks.find(|it| it.kind == Kind::WorkersFull)
    };
    assert_eq!(remark(1), None);
    let full = remark(8).expect("a remark");
    let first = &full.sentences[0];
    assert!(
        first.starts_with("All 4 threads computed for 100 % of the time"),
        "{first}"
    );
    assert!(
        first.ends_with("a thread computes on one core at a time."),
        "{first}"
    );
    // Two workers have as many threads as there are cores.
    assert!(
        full.advice
            .is_some_and(|it| it.starts_with("2 workers would help"))
    );
}

/// Each silent client has a worker or a task for all of the window, which its events and the gauges tell alike.
#[test]
fn a_silent_client_holds_a_sync_worker_or_a_task_until_it_is_closed() {
    for (kind, completed) in [
        ("sync", 50),
        // Each client soon waits inside the worker whose only thread the silent one has.
        ("threads", 0),
        ("coroutine", 100),
        ("callback", 100),
    ] {
        let text = format!(
            "server = {{ kind = '{kind}', workers = 2, threads = 1 }}\nwarmup = '2s'\n\
             requests.it.steps = ['sleep 100ms']\nload = {{ clients = 2, silent = 1 }}"
        );
        let run = runs_of(&text, &[]).remove(0);
        check_the_books(&run);
        assert!(
            run.completed.abs_diff(completed) <= 1,
            "{kind}: {}",
            run.completed
        );
        assert!(
            run.because.iter().all(|it| it.code == "few-samples"),
            "{kind}: {:?}",
            run.because
        );
    }
}
