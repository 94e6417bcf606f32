//! Tests of the hub for demonstrations: each rule of greenlet and gevent, by the order of what happens.

use std::sync::mpsc;

use super::*;

type Log = Rc<RefCell<Vec<String>>>;

fn hub() -> Hub {
    Hub::new("main").expect("a poller").traced()
}

/// Returns the recorded switches as `origin>target`, those with an error as `origin!target`.
fn path(hub: &Hub) -> Vec<String> {
    let text = |it: Switch| {
        let arrow = if it.event == "throw" { '!' } else { '>' };
        format!("{}{arrow}{}", it.origin, it.target)
    };
    hub.switches().into_iter().map(text).collect()
}

#[test]
fn a_direct_hand_over_is_one_switch_and_one_through_the_hub_is_two() {
    let mut direct = hub();
    let a = Rc::new(RefCell::new(None));
    let home = Rc::clone(&a);
    let b = direct.add("b", move |me| {
        let a: Address = home.borrow().clone().expect("a began");
        me.switch_to(&a).expect("the same thread");
    });
    *a.borrow_mut() = Some(direct.spawn("a", move |me| {
        me.switch_to(&b).expect("the same thread");
        me.schedule(&b);
    }));
    direct.run().expect("both end");
    assert_eq!(
        path(&direct),
        ["hub>a", "a>b", "b>a", "a>hub", "hub>b", "b>hub"]
    );

    let mut through = hub();
    for name in ["a", "b"] {
        through.spawn(name, |me| {
            me.yield_now().expect("nothing is thrown");
        });
    }
    through.run().expect("both end");
    let turn = ["hub>a", "a>hub", "hub>b", "b>hub"];
    assert_eq!(path(&through), [turn, turn].concat());
}

#[test]
fn a_yield_runs_again_in_the_next_turn_and_a_sleep_after_its_timer() {
    let log = Log::default();
    let mut hub = hub();
    let (first, second) = (Rc::clone(&log), Rc::clone(&log));
    hub.spawn("sleeper", move |me| {
        me.sleep(Elapsed::from_millis(1))
            .expect("nothing is thrown");
        first.borrow_mut().push("slept".to_owned());
    });
    hub.spawn("yielder", move |me| {
        for turn in 0..3 {
            second.borrow_mut().push(format!("turn {turn}"));
            me.yield_now().expect("nothing is thrown");
        }
    });
    hub.run().expect("both end");
    let turns = log.borrow().iter().filter(|it| *it != "slept").count();
    assert_eq!((turns, log.borrow().len()), (3, 4));
    let sleeps = path(&hub).iter().filter(|it| *it == "hub>sleeper").count();
    assert_eq!(sleeps, 2, "its start and its end: no turn in between");
}

#[test]
fn a_kill_is_raised_when_its_target_is_resumed_and_not_before() {
    let log = Log::default();
    let mut hub = hub();
    let (target_log, killer_log) = (Rc::clone(&log), Rc::clone(&log));
    let target = hub.spawn("target", move |me| {
        let ended = me.wait();
        target_log.borrow_mut().push(format!("{ended:?}"));
    });
    hub.spawn("killer", move |me| {
        me.kill(&target);
        killer_log.borrow_mut().push("goes on".to_owned());
    });
    hub.run().expect("both end");
    assert_eq!(*log.borrow(), ["goes on", "Err(Killed)"]);
    assert_eq!(
        path(&hub),
        [
            "hub>target",
            "target>hub",
            "hub>killer",
            "killer>hub",
            "hub!target",
            "target>hub"
        ]
    );
}

#[test]
fn a_time_limit_does_not_interrupt_a_computation_and_ends_the_next_wait() {
    let log = Log::default();
    let mut hub = hub();
    let inside = Rc::clone(&log);
    hub.spawn("worker", move |me| {
        me.limit(Elapsed::from_millis(1));
        me.compute(Elapsed::from_millis(3));
        inside.borrow_mut().push("computed".to_owned());
        let ended = me.sleep(Elapsed::from_secs(3600));
        inside.borrow_mut().push(format!("{ended:?}"));
    });
    hub.run().expect("it ends");
    assert_eq!(*log.borrow(), ["computed", "Err(TimedOut)"]);
}

#[test]
fn coroutines_that_wait_for_each_other_end_the_hub_with_their_names() {
    let mut hub = hub();
    for name in ["a", "b"] {
        hub.spawn(name, |me| {
            let _ = me.wait();
        });
    }
    let blocked = hub.run().expect_err("neither is woken");
    assert_eq!(
        blocked.to_string(),
        "This operation would block forever: parked without a timer: a, b"
    );
}

#[test]
fn a_coroutine_of_another_thread_is_not_resumed() {
    let (sends, receives) = mpsc::channel();
    let mut own = hub();
    sends.send(own.spawn("own", |_| {})).expect("a receiver");
    let refused = thread::spawn(move || {
        let mut hub = Hub::new("other").expect("a poller");
        let (refused, result) = mpsc::channel();
        let foreign: Address = receives.recv().expect("a sender");
        hub.spawn("stranger", move |me| {
            refused.send(me.switch_to(&foreign)).expect("a receiver");
        });
        hub.run().expect("it ends");
        result.recv().expect("it was tried")
    });
    let refused = refused
        .join()
        .expect("it ends")
        .expect_err("another thread");
    assert_eq!(
        refused.to_string(),
        "cannot switch to a different thread\n\tCurrent:  other\n\tExpected: main"
    );
    own.run().expect("it ends");
    assert_eq!(path(&own), ["hub>own", "own>hub"]);
}
