//! Random scenarios: each ends, its accounts agree, and nothing panics.

use proptest::prelude::*;

use super::*;

fn duration() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("0ms".to_owned()),
        (1_u32..9).prop_map(|n| format!("{n}ms")),
        (1_u32..9).prop_map(|n| format!("~{n}ms")),
        (1_u32..999).prop_map(|n| format!("{n}us")),
    ]
}

fn step() -> impl Strategy<Value = String> {
    let mode = || prop_oneof![Just(""), Just(" unpatched"), Just(" in threads")];
    prop_oneof![
        4 => duration().prop_map(|cpu| format!("compute {cpu}")),
        2 => duration().prop_map(|cpu| format!("compute {cpu} in slices of 500us")),
        3 => (duration(), mode()).prop_map(|(wait, mode)| format!("call db {wait}{mode}")),
        3 => (duration(), mode()).prop_map(|(wait, mode)| format!("sleep {wait}{mode}")),
        1 => Just("count visits with yield".to_owned()),
        1 => Just("yield".to_owned()),
        1 => Just("write 2B".to_owned()),
        1 => prop_oneof![4 => Just("yield"), 1 => Just("panic"), 1 => Just("overflow")]
            .prop_map(str::to_owned),
    ]
}

fn server() -> impl Strategy<Value = String> {
    let kind = prop_oneof![
        Just("sync"),
        Just("coroutine"),
        Just("threads"),
        Just("callback")
    ];
    let accept = prop_oneof![
        Just("shared"),
        Just("exclusive"),
        Just("blocking"),
        Just("reuseport")
    ];
    let recycle = prop_oneof![2 => Just(0), 1 => 1..9];
    (
        kind,
        accept,
        1_u32..5,
        1_u32..4,
        any::<bool>(),
        1_u32..9,
        recycle,
    )
        .prop_map(|(kind, accept, workers, threads, gil, backlog, recycle)| {
            format!(
                "[server]\nkind='{kind}'\naccept='{accept}'\nworkers={workers}\nthreads={threads}\n\
                 gil={gil}\nbacklog={backlog}\nconnections=3\ntimeout='2s'\n\
                 graceful_timeout='1s'\nkeepalive='20ms'\n\
                 max_requests={recycle}\nmax_requests_jitter=3\n"
            )
        })
}

fn load() -> impl Strategy<Value = String> {
    let sort = prop_oneof![
        (1_u32..9, 0_u32..5).prop_map(|(clients, think)| [
            format!("clients={clients}\nthink='{think}ms'\n"),
            String::new()
        ]),
        (10_u32..400).prop_map(|rate| [format!("rate='{rate}/s'\n"), String::new()]),
        (1_u32..40, 0_u32..400).prop_map(|(count, at)| {
            let later = format!("[[jobs]]\nat='{at}ms'\ncount={count}\n");
            [
                String::new(),
                format!("[[jobs]]\nat='60ms'\ncount=3\n{later}"),
            ]
        }),
    ];
    let connection = prop_oneof![Just("per-request"), Just("keep-alive")];
    let patience = prop_oneof![Just("50ms"), Just("2s")];
    let silent = prop_oneof![3 => Just(0), 1 => 1..5];
    (sort, connection, patience, silent).prop_map(|([sort, jobs], connection, patience, silent)| {
        format!("[load]\n{sort}connection='{connection}'\npatience='{patience}'\nsilent={silent}\n{jobs}")
    })
}

fn machine() -> impl Strategy<Value = String> {
    let scheduler = prop_oneof![Just("ideal"), Just("round-robin"), Just("per-core")];
    let cost = || prop_oneof![Just(0), 1_u32..50];
    let efficiency = prop_oneof![3 => Just(1.0), 1 => 0.5..1.0];
    (scheduler, 1_u32..5, cost(), cost(), cost(), cost(), efficiency).prop_map(
        |(scheduler, cores, switch, wake, generator, service, efficiency)| {
            format!(
                "[machine]\nscheduler='{scheduler}'\ncores={cores}\nslice='1ms'\nrequest='10us'\n\
                 accept='5us'\ncoroutine_switch='1us'\nprocess_switch='{switch}us'\n\
                 wake_up='{wake}us'\ngenerator='{generator}us'\nservice='{service}us'\n\
                 overshoot=['min 1us','p99 90us']\nefficiency={efficiency}\n"
            )
        },
    )
}

fn timeline() -> impl Strategy<Value = String> {
    let action = prop_oneof![
        Just("add a worker"),
        Just("kill a worker"),
        Just("stop a worker"),
        Just("continue a worker"),
        Just("reload"),
        Just("send it"),
    ];
    prop::collection::vec((0_u32..300, action), 0..6).prop_map(|mut events| {
        events.sort_by_key(|(at, _)| *at);
        let events = events.into_iter();
        let written =
            events.map(|(at, action)| format!("[[timeline]]\nat='{at}ms'\ndo='{action}'\n"));
        written.collect()
    })
}

fn file() -> impl Strategy<Value = String> {
    let steps = prop::collection::vec(step(), 0..5);
    let service = prop_oneof![Just(""), Just("capacity=2\n"), Just("pool=1\n")];
    (
        steps,
        server(),
        load(),
        machine(),
        service,
        timeline(),
        0_u32..99,
    )
        .prop_map(
            |(mut steps, server, load, machine, service, timeline, seed)| {
                steps.push("call db 1ms".to_owned());
                format!(
                    "seed={seed}\nwarmup='50ms'\nduration='300ms'\n{server}[requests.it]\n\
                 steps={steps:?}\n{load}{machine}[services.db]\n{service}{timeline}"
                )
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_scenario_ends_and_its_books_agree(text in file()) {
        let overrides = Overrides { engine: Engine::Simulation, ..Overrides::default() };
        // A timeline may refer to something that does not exist, or change a load of jobs.
        let Ok(plan) = scenario::read(&text, "x.toml", &overrides) else {
            return Ok(());
        };
        let recording = recording_of(&plan, 0);
        prop_assert_eq!(recording.unreadable, 0);
        let run = summarise(&recording);
        let died = |event: &Event| matches!(event, Event::Died { status, .. } if *status != 0);
        let some_died = recording.events.iter().any(|(_, event)| died(event));
        check_the_books_of(&run, text.contains("keep-alive") && some_died);
        super::waits::check_the_waits(&recording);
        let ended = recording.outcomes.len();
        prop_assert_eq!(recording.sent.len().max(ended), ended);
        let cores = run.cores.iter().map(|core| core.busy).sum::<f64>();
        prop_assert!(cores <= plan.variants[0].scenario.machine.cores as f64 + 1e-6);
    }
}
