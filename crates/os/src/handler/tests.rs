//! Tests of the application: its operations on its World, and the answers to its client.

use proptest::prelude::*;

use super::scripted::{Scripted, WorldCall};
use super::*;
use crate::http::{Method, Persistence, Request, Source, Status};
use concsim_model::scenario::Request as Asks;
use concsim_model::scenario::{
    Arrivals, ConnectionMode, Draw, Load, Scenario, Server, Service, Step, WaitMode, Warmup,
    WorkerKind,
};
use concsim_model::units::{CpuTime, Elapsed};

pub(super) const ME: Whoami = Whoami {
    worker: 0,
    pid: 4242,
    kind: WorkerKind::Coroutine,
};

pub(super) fn scenario(requests: &[(&str, &[Step])]) -> Scenario {
    let request = |(name, script): &(&str, &[Step])| Asks {
        name: (*name).into(),
        weight: 1.0,
        script: script.to_vec(),
    };
    Scenario {
        seed: 1,
        warmup: Warmup::For(Elapsed::ZERO),
        duration: Elapsed::from_secs(1),
        server: Server {
            kind: WorkerKind::Coroutine,
            workers: 1,
            connections: 10,
            backlog: 16,
            keepalive: Elapsed::from_secs(2),
            timeout: None,
            graceful_timeout: Elapsed::from_secs(30),
            threads: 1,
            gil: true,
            gil_returns: false,
            threadpool: 10,
            accept: concsim_model::scenario::Accept::Shared,
            max_requests: None,
            max_requests_jitter: 0,
            app: 0,
            processes: 0,
            boot: concsim_model::scenario::Boot::default(),
            preload: false,
            command: None,
            nice: 0,
        },
        services: vec![Service {
            name: "billing".into(),
            capacity: None,
            pool: None,
            connect: Elapsed::ZERO,
        }],
        counters: vec!["visits".into()],
        requests: requests.iter().map(request).collect(),
        load: Load {
            arrivals: Arrivals::Closed {
                clients: 1,
                think: Draw::Fixed(0),
                ramp: Elapsed::ZERO,
            },
            jobs: Vec::new(),
            requests: None,
            connection: ConnectionMode::PerRequest,
            silent: 0,
            patience: Elapsed::from_secs(30),
        },
        timeline: Vec::new(),
        machine: concsim_model::scenario::Machine::default(),
    }
}

fn application(script: &[Step]) -> Application {
    Application::new(scenario(&[("it", script)]), Access::default(), ME)
}

fn get(path: &'static str, query: &'static str) -> Request<'static> {
    Request {
        method: Method::Get,
        path,
        query,
        keep: Persistence::Stay,
        source: Source::default(),
    }
}

/// Plays a script with these demands.
fn play(script: &[Step], demands: &str, world: &mut Scripted) -> AnswerOutcome {
    ask_by(Method::Get, script, demands, world)
}

fn ask_by(method: Method, script: &[Step], demands: &str, world: &mut Scripted) -> AnswerOutcome {
    let application = application(script);
    let query = format!("n=1&d={demands}");
    let request = Request {
        method,
        path: "/it",
        query: &query,
        keep: Persistence::Stay,
        source: Source::default(),
    };
    let mut reply = Reply::default();
    reply.begin(method, Persistence::Stay);
    application.answer(&application.ask(&request), world, &mut reply)
}

fn compute(slice: Option<u64>) -> Step {
    Step::Compute {
        cpu: Draw::Fixed(1),
        slice: slice.map(CpuTime),
    }
}

fn call() -> Step {
    Step::Call {
        service: 0,
        wait: Draw::Fixed(1),
        mode: WaitMode::Patched,
    }
}

pub(super) const HELLO: Step = Step::Write { bytes: 2 };

#[test]
fn steps_are_played_in_order_with_the_demands_that_the_request_brings() {
    let sleep = Step::Sleep {
        wait: Draw::Fixed(1),
        mode: WaitMode::Unpatched,
    };
    let mut world = Scripted::default();
    let answered = play(
        &[compute(None), call(), Step::Yield, sleep],
        "10,20,30",
        &mut world,
    );
    assert_eq!(answered, AnswerOutcome::Whole(Status::Ok));
    let expected = [
        WorldCall::Compute(10),
        WorldCall::Call(0, 20, WaitMode::Patched),
        WorldCall::Yield,
        WorldCall::Sleep(30, WaitMode::Unpatched),
    ];
    assert_eq!(world.calls[..4], expected);
}

#[test]
fn a_sliced_computation_lets_go_between_slices_and_never_after_the_last() {
    for (cpu, slice, slices) in [
        ("100", 1, 100),
        ("100", 30, 4),
        ("90", 30, 3),
        ("30", 30, 1),
        ("5", 30, 1),
        ("0", 30, 1),
    ] {
        let mut world = Scripted::default();
        play(&[compute(Some(slice))], cpu, &mut world);
        let yields = world
            .calls
            .iter()
            .filter(|did| **did == WorldCall::Yield)
            .count();
        let computed: Vec<u64> = world.calls.iter().filter_map(cpu_of).collect();
        assert_eq!(
            (yields, computed.len()),
            (slices - 1, slices),
            "{cpu} by {slice}"
        );
        assert_eq!(computed.iter().sum::<u64>().to_string(), cpu);
    }
}

fn cpu_of(did: &WorldCall) -> Option<u64> {
    match did {
        WorldCall::Compute(cpu) => Some(*cpu),
        _ => None,
    }
}

#[test]
fn a_small_answer_is_one_send() {
    let mut world = Scripted::default();
    play(&[HELLO], "", &mut world);
    let whole = "HTTP/1.1 200 OK\r\nServer: concsim\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\
                 Content-Type: text/plain; charset=utf-8\r\nContent-Length: 2\r\n\
                 Connection: keep-alive\r\n\r\nco";
    assert_eq!(world.calls, [WorldCall::Sent(whole.into())]);
}

#[test]
fn the_head_goes_out_with_the_first_write_and_counts_all_of_them() {
    let mut world = Scripted::default();
    let script = [call(), HELLO, Step::Yield, Step::Write { bytes: 40 }, HELLO];
    play(&script, "7", &mut world);
    let (first, rest) = match &world.calls[..] {
        [
            WorldCall::Call(..),
            WorldCall::Sent(first),
            WorldCall::Yield,
            WorldCall::Sent(rest),
        ] => (first, rest),
        other => panic!("two sends, one on either side of the yield: {other:?}"),
    };
    assert!(first.contains("Content-Length: 44\r\n") && first.ends_with("\r\n\r\nco"));
    assert_eq!(rest, "ncurrency is not parallelism.\nconcurrency ");
}

#[test]
fn a_large_body_goes_out_in_pieces_and_is_whole() {
    let mut world = Scripted::default();
    play(&[Step::Write { bytes: 100_000 }], "", &mut world);
    let sent = world.sent();
    let (_, body) = sent.split_once("\r\n\r\n").unwrap();
    assert!(world.calls.len() > 2);
    assert_eq!(body.len(), 100_000);
    assert_eq!(body, "concurrency is not parallelism.\n".repeat(3125));
}

#[test]
fn head_runs_the_steps_and_sends_no_body() {
    for script in [&[call(), HELLO][..], &[call()]] {
        let (mut got, mut headed) = (Scripted::default(), Scripted::default());
        play(script, "7", &mut got);
        ask_by(Method::Head, script, "7", &mut headed);
        assert_eq!(headed.calls[0], WorldCall::Call(0, 7, WaitMode::Patched));
        let sent = got.sent();
        let (head, _) = sent.split_once("\r\n\r\n").unwrap();
        assert_eq!(headed.sent(), format!("{head}\r\n\r\n"));
    }
}

#[test]
fn additions_by_others_during_a_yield_are_lost() {
    for (with_yield, written) in [(false, 6), (true, 6)] {
        let mut world = Scripted {
            counters: [5, 0],
            others_count: Some(9),
            ..Scripted::default()
        };
        let count = Step::Count {
            counter: 0,
            with_yield,
        };
        play(&[count], "", &mut world);
        let yields = with_yield.then_some(WorldCall::Yield);
        let expected: Vec<WorldCall> = [WorldCall::Read(0)]
            .into_iter()
            .chain(yields)
            .chain([WorldCall::Wrote(0, written)])
            .collect();
        assert_eq!(world.calls[..expected.len()], expected);
        assert!(world.sent().contains("counted visits up to 6"));
    }
}

#[test]
fn a_panic_is_a_500_that_says_so() {
    let mut world = Scripted::default();
    let answered = play(&[compute(None), Step::Panic, HELLO], "5", &mut world);
    assert_eq!(answered, AnswerOutcome::Whole(Status::InternalServerError));
    assert!(world.sent().starts_with("HTTP/1.1 500 "));
    let line =
        "worker A (pid 4242, coroutine): the handler panicked: the script has a step `panic`\n";
    assert!(world.sent().ends_with(line), "{}", world.sent());
}

#[test]
fn a_panic_after_the_head_went_out_cuts_the_answer_short() {
    let mut world = Scripted::default();
    let answered = play(&[HELLO, Step::Yield, Step::Panic, HELLO], "", &mut world);
    assert_eq!(answered, AnswerOutcome::CutShort);
    assert_eq!(world.sent().matches("HTTP/1.1").count(), 1);
}

#[test]
fn a_deliberate_unwinding_of_the_stack_is_not_stopped() {
    let play = std::panic::AssertUnwindSafe(|| {
        let mut world = Scripted {
            is_unwound: true,
            ..Scripted::default()
        };
        play(&[Step::Yield], "", &mut world)
    });
    let unwound = std::panic::catch_unwind(play).expect_err("the unwinding went on");
    assert_eq!(unwound.downcast_ref(), Some(&17_u8));
}

#[test]
fn an_overflow_is_the_worlds_business() {
    let mut world = Scripted::default();
    play(&[Step::Overflow], "", &mut world);
    assert_eq!(world.calls[0], WorldCall::Overflowed);
}

#[test]
fn a_computation_in_processes_is_not_the_workers() {
    let mut world = Scripted::default();
    let cpu = Draw::Fixed(7);
    play(&[Step::Offload { cpu }], "7", &mut world);
    assert_eq!(world.calls[0], WorldCall::Offloaded(7));
}

#[test]
fn a_cache_is_filled_before_the_next_step() {
    let mut world = Scripted::default();
    play(&[Step::Touch { bytes: 9 }, Step::Yield], "", &mut world);
    assert_eq!(world.calls[..2], [WorldCall::Touched(9), WorldCall::Yield]);
}

#[test]
fn a_service_that_does_not_answer_is_a_502() {
    let mut world = Scripted {
        services_are_gone: true,
        ..Scripted::default()
    };
    let answered = play(&[call(), compute(None)], "5,5", &mut world);
    assert_eq!(answered, AnswerOutcome::Whole(Status::BadGateway));
    assert!(!world.calls.contains(&WorldCall::Compute(5)));
}

#[test]
fn a_client_that_is_gone_cuts_the_answer_short() {
    let mut world = Scripted {
        client_is_gone: true,
        ..Scripted::default()
    };
    assert_eq!(play(&[HELLO], "", &mut world), AnswerOutcome::CutShort);
}

#[test]
fn the_default_body_says_what_happened_in_one_line() {
    let coroutine = RequestTimes {
        cpu: CpuTime(1_000_000),
        parked: Elapsed(99_100_000),
        yields: 1,
        others: 46,
        ..RequestTimes::default()
    };
    let sync = RequestTimes {
        cpu: CpuTime(1_000_000),
        blocked: Elapsed(99_100_000),
        ..RequestTimes::default()
    };
    let hogged = RequestTimes {
        cpu: CpuTime(20_000),
        ready: Elapsed(200_000_000),
        core_wait: Elapsed(3_000_000),
        yields: 3,
        others: 1,
        ..RequestTimes::default()
    };
    for (worker, kind, spent, line) in [
        (
            0,
            WorkerKind::Coroutine,
            coroutine,
            "worker A (pid 4242, coroutine): computed 1.0 ms, let go once, parked 99.1 ms; 46 others ran meanwhile\n",
        ),
        (
            1,
            WorkerKind::Sync,
            sync,
            "worker B (pid 4242, sync): computed 1.0 ms, blocked 99.1 ms; no other request ran meanwhile\n",
        ),
        (
            2,
            WorkerKind::Coroutine,
            hogged,
            "worker C (pid 4242, coroutine): computed 0.02 ms, let go 3 times, ready 200.0 ms before its turn came, wanted a core for 3.0 ms; 1 other ran meanwhile\n",
        ),
        (
            26,
            WorkerKind::Coroutine,
            RequestTimes::default(),
            "worker AA (pid 4242, coroutine): did nothing; no other request ran meanwhile\n",
        ),
        (
            27,
            WorkerKind::Coroutine,
            RequestTimes {
                cpu: CpuTime(100_000_000),
                ..RequestTimes::default()
            },
            "worker AB (pid 4242, coroutine): computed 100.0 ms, never let go; no other request ran meanwhile\n",
        ),
    ] {
        let me = Whoami { worker, kind, ..ME };
        assert_eq!(description::describe(me, &spent, None), line);
    }
}

proptest! {
    #[test]
    fn all_bodies_of_a_kind_of_request_are_equally_long_whatever_happened_to_it(
        lengths in prop::array::uniform5(0_u64..100_000_000_000),
        yields in 0_u64..1_000,
        others in 0_u64..2_000,
        (worker, pid) in (0_usize..64, 1_u32..100_000),
        visits in 1_u64..100_000,
    ) {
        let [cpu, core_wait, parked, blocked, ready] = lengths;
        let waits = if parked < blocked { (parked, 0) } else { (0, blocked) };
        let spent = RequestTimes {
            cpu: CpuTime(cpu),
            core_wait: Elapsed(core_wait),
            parked: Elapsed(waits.0),
            blocked: Elapsed(waits.1),
            ready: Elapsed(ready),
            yields,
            others,
        };
        let me = Whoami { worker, pid, kind: WorkerKind::Coroutine };
        let body = description::body(&description::describe(me, &spent, Some(("visits", visits))));
        prop_assert_eq!(body.len(), description::BODY, "{}", body);
        prop_assert!(body.ends_with('\n'));
    }
}

#[test]
fn a_line_that_is_too_long_for_a_body_fills_two() {
    let body = description::body(&format!("{}\n", "x".repeat(description::BODY)));
    assert_eq!(body.len(), 2 * description::BODY);
}

#[test]
fn a_request_says_which_script_it_wants_as_which_number_with_which_demands() {
    let script = [compute(None), call()];
    let ask = |query| application(&script).ask(&get("/it", query));
    let played = |number, demands: &[u64]| RequestedWork::Play {
        class: 0,
        number,
        demands: demands.to_vec(),
    };
    assert_eq!(ask("n=7&d=10,20"), played(Some(7), &[10, 20]));
    assert_eq!(ask("d=10,20"), played(None, &[10, 20]));
    assert_eq!(ask("n=7"), played(Some(7), &[1, 1]));
    assert_eq!(ask(""), played(None, &[1, 1]));
    assert_eq!(
        ask("d=10,3600000000000"),
        played(None, &[10, DEMAND_LIMIT.0])
    );
    for wrong in [
        "d=10",
        "d=",
        "d=1,2,3",
        "d=1,",
        "d=1,x",
        "d=1,-2",
        "d=1,3600000000001",
        "n=x",
        "n=",
    ] {
        assert!(
            matches!(ask(wrong), RequestedWork::Nothing(Status::BadRequest, _)),
            "{wrong}: {:?}",
            ask(wrong)
        );
    }
}

#[test]
fn a_request_without_demands_draws_those_of_the_next_number_of_its_worker() {
    let uniform = Step::Compute {
        cpu: Draw::Uniform {
            low: 0,
            high: 1 << 40,
        },
        slice: None,
    };
    let application = application(&[uniform]);
    let plain: Vec<RequestedWork> = (0..3).map(|_| application.ask(&get("/it", ""))).collect();
    let numbered = ["n=0", "n=1", "n=2"].map(|query| application.ask(&get("/it", query)));
    for (plain, numbered) in plain.iter().zip(&numbered) {
        let (
            RequestedWork::Play { demands: plain, .. },
            RequestedWork::Play {
                demands: numbered, ..
            },
        ) = (plain, numbered)
        else {
            panic!("both are played");
        };
        assert_eq!(plain, numbered);
    }
    assert_ne!(plain[0], plain[1]);
}

#[test]
fn the_list_says_what_each_request_does_and_how_to_ask_for_it() {
    let application = Application::new(
        scenario(&[
            ("hello", &[HELLO]),
            ("profile", &[compute(Some(1)), call()]),
            ("it", &[]),
        ]),
        Access::default(),
        ME,
    );
    let mut world = Scripted::default();
    let mut reply = Reply::default();
    reply.begin(Method::Get, Persistence::Stay);
    application.answer(&application.ask(&get("/", "")), &mut world, &mut reply);
    let sent = world.sent();
    let (_, list) = sent.split_once("\r\n\r\n").unwrap();
    let lines: Vec<&str> = list.lines().take(5).map(str::trim_end).collect();
    let expected = [
        "worker A (pid 4242, coroutine) can be asked for",
        "",
        "  GET /hello    write 2B",
        "  GET /profile  compute 1ns in slices of 1ns, call billing 1ns",
        "  GET /it",
    ];
    assert_eq!(lines, expected);
    assert!(list.contains("?n=17") && list.contains("?d="));
}
