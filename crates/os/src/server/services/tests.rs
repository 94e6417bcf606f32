//! Services that the test itself runs, one turn at a time, over real sockets.

use std::io::Read;

use super::*;
use crate::server::wire::{ANSWER_BYTES, Answer, CALL_BYTES, Call};
use crate::telemetry::Reader;

fn open_services(scoreboard: &Scoreboard) -> Services<'_> {
    Services::open(&[None; 2], Clock::starting_now(), Telemetry::On, scoreboard).unwrap()
}

fn caller_of(services: &Services<'_>, service: usize) -> TcpStream {
    let address = services.addresses().unwrap()[service];
    TcpStream::connect(address).unwrap()
}

fn call(id: u64, wait_ms: u64) -> [u8; CALL_BYTES] {
    let wait = Elapsed::from_millis(wait_ms);
    let request = 40_u32.wrapping_add(id as u32);
    Call { id, wait, request }.to_bytes()
}

fn play_until_answered(services: &mut Services<'_>, service: usize, count: u64) {
    let scoreboard = services.scoreboard;
    while scoreboard.service(service).answered.load(Ordering::Relaxed) < count {
        services.turn(Some(Elapsed::from_millis(10))).unwrap();
    }
}

fn play_for_some_turns(services: &mut Services<'_>) {
    for _ in 0..5 {
        services.turn(Some(Elapsed::from_millis(5))).unwrap();
    }
}

fn answers(caller: &mut TcpStream, count: usize) -> Vec<Answer> {
    let mut bytes = vec![0; ANSWER_BYTES * count];
    caller.read_exact(&mut bytes).unwrap();
    let (frames, _) = bytes.as_chunks();
    frames.iter().map(Answer::from_bytes).collect()
}

#[test]
fn an_answer_comes_when_it_is_due_and_says_when_it_was_written() {
    let scoreboard = Scoreboard::new(64).unwrap();
    let mut services = open_services(&scoreboard);
    let mut caller = caller_of(&services, 1);
    caller.write_all(&call(7, 20)).unwrap();
    play_until_answered(&mut services, 1, 1);

    let answer = answers(&mut caller, 1)[0];
    assert_eq!(answer.id, 7);
    assert!(answer.written >= answer.due, "never early");
    let mut events = Vec::new();
    Reader::new(scoreboard.services_ring()).drain(|record| events.push(Event::from_record(record)));
    let due = answer.due;
    let expected = Event::Answered {
        service: 1,
        request: 47,
        asked: Stamp(due.0 - 20_000_000),
        due,
        written: answer.written,
    };
    assert_eq!(events, [Some(expected)]);
}

#[test]
fn a_later_call_with_a_shorter_wait_is_answered_first() {
    let scoreboard = Scoreboard::new(64).unwrap();
    let mut services = open_services(&scoreboard);
    let mut caller = caller_of(&services, 0);
    caller
        .write_all(&[call(1, 60), call(2, 5), call(3, 0)].concat())
        .unwrap();
    play_until_answered(&mut services, 0, 3);
    let order: Vec<_> = answers(&mut caller, 3).iter().map(|a| a.id).collect();
    assert_eq!(order, [3, 2, 1]);
}

#[test]
fn two_thousand_calls_are_held_at_once_and_each_is_answered() {
    let scoreboard = Scoreboard::new(64).unwrap();
    let mut services = open_services(&scoreboard);
    let mut callers: Vec<_> = (0..20).map(|_| caller_of(&services, 0)).collect();
    for (number, caller) in callers.iter_mut().enumerate() {
        let calls = (0..100).map(|id| call(number as u64 * 100 + id, 300));
        caller
            .write_all(&calls.collect::<Vec<_>>().concat())
            .unwrap();
    }
    play_until_answered(&mut services, 0, 2_000);

    for (number, caller) in callers.iter_mut().enumerate() {
        let mut ids: Vec<_> = answers(caller, 100).iter().map(|a| a.id).collect();
        ids.sort_unstable();
        assert!(
            ids.into_iter()
                .eq(number as u64 * 100..number as u64 * 100 + 100)
        );
    }
    let slot = scoreboard.service(0);
    assert_eq!(slot.peak.load(Ordering::Relaxed), 2_000);
    assert_eq!(slot.held.count(), 0);
}

#[test]
fn a_call_may_come_in_pieces() {
    let scoreboard = Scoreboard::new(64).unwrap();
    let mut services = open_services(&scoreboard);
    let mut caller = caller_of(&services, 0);
    let bytes = [call(1, 0), call(2, 0)].concat();
    for piece in bytes.chunks(5) {
        caller.write_all(piece).unwrap();
        services.turn(Some(Elapsed::from_millis(50))).unwrap();
    }
    play_until_answered(&mut services, 0, 2);
    assert_eq!(answers(&mut caller, 2)[1].id, 2);
}

#[test]
fn the_calls_of_a_worker_that_hung_up_are_forgotten() {
    let scoreboard = Scoreboard::new(64).unwrap();
    let mut services = open_services(&scoreboard);
    let mut caller = caller_of(&services, 0);
    caller.write_all(&call(1, 10)).unwrap();
    while scoreboard.service(0).held.count() == 0 {
        services.turn(Some(Elapsed::from_millis(5))).unwrap();
    }
    drop(caller);
    play_for_some_turns(&mut services);
    assert_eq!(scoreboard.service(0).held.count(), 0);

    // Another connection takes its index and must not get the answer.
    let mut other = caller_of(&services, 0);
    other.write_all(&call(2, 20)).unwrap();
    play_until_answered(&mut services, 0, 1);
    assert_eq!(answers(&mut other, 1)[0].id, 2);
}

/// Turns until the services have no connection left, while `caller` acts between the turns.
fn play_until_hung_up(services: &mut Services<'_>, mut caller: impl FnMut(usize)) {
    for turn in 0..10_000 {
        caller(turn);
        services.turn(Some(Elapsed::from_millis(1))).unwrap();
        if turn > 0 && services.connections.iter().next().is_none() {
            return;
        }
    }
    panic!("the services keep the connection");
}

#[test]
fn a_connection_with_more_calls_than_a_worker_makes_is_closed_and_its_calls_are_forgotten() {
    let scoreboard = Scoreboard::new(64).unwrap();
    let mut services = open_services(&scoreboard);
    let mut caller = caller_of(&services, 0);
    let calls: Vec<_> = (0..1025).map(|id| call(id, 3_600_000)).collect();
    caller.write_all(&calls.concat()).unwrap();
    play_until_hung_up(&mut services, |_| {});
    assert_eq!(scoreboard.service(0).held.count(), 0);
    assert_eq!(services.waiting.len(), 0);
}

#[test]
fn callers_that_hang_up_again_and_again_leave_no_more_calls_than_are_kept() {
    let scoreboard = Scoreboard::new(64).unwrap();
    let mut services = open_services(&scoreboard);
    let mut patient = caller_of(&services, 0);
    patient.write_all(&call(1, 3_600_000)).unwrap();
    while scoreboard.service(0).held.count() == 0 {
        services.turn(Some(Elapsed::from_millis(5))).unwrap();
    }
    for _ in 0..100 {
        let mut caller = caller_of(&services, 0);
        let calls: Vec<_> = (0..100).map(|id| call(id, 3_600_000)).collect();
        caller.write_all(&calls.concat()).unwrap();
        while scoreboard.service(0).held.count() < 101 {
            services.turn(Some(Elapsed::from_millis(5))).unwrap();
        }
        drop(caller);
        while scoreboard.service(0).held.count() > 1 {
            services.turn(Some(Elapsed::from_millis(5))).unwrap();
        }
        assert!(services.waiting.len() <= 1 + FORGOTTEN_AT_MOST);
    }
    let its = |Reverse(call): &Reverse<Waiting>| call.request == 41;
    assert!(
        services.waiting.iter().any(its),
        "the patient one's is kept"
    );
}

#[test]
fn a_caller_that_reads_no_answers_is_hung_up_on() {
    let scoreboard = Scoreboard::new(64).unwrap();
    let mut services = open_services(&scoreboard);
    let mut caller = caller_of(&services, 0);
    caller.set_nonblocking(true).unwrap();
    let calls: Vec<_> = (0..500).map(|id| call(id, 0)).collect();
    let calls = calls.concat();
    let mut offset = 0;
    play_until_hung_up(&mut services, |_| {
        // Bytes that the socket has no room for follow later; after the end of the connection this is an
        // error.
        let count = caller.write(&calls[offset..]).unwrap_or(0);
        offset = (offset + count) % calls.len();
    });
    assert_eq!(scoreboard.service(0).held.count(), 0);
}

#[test]
fn a_service_serves_as_many_calls_as_its_capacity_and_the_others_in_order() {
    let scoreboard = Scoreboard::new(64).unwrap();
    let clock = Clock::starting_now();
    let mut services = Services::open(&[Some(2)], clock, Telemetry::On, &scoreboard).unwrap();
    let mut caller = caller_of(&services, 0);
    // The third call is the shortest, and begins when the first of the others has ended.
    let calls = [call(1, 30), call(2, 60), call(3, 0), call(4, 0)];
    caller.write_all(&calls.concat()).unwrap();
    play_until_answered(&mut services, 0, 4);

    let answers = answers(&mut caller, 4);
    let order: Vec<_> = answers.iter().map(|answer| answer.id).collect();
    assert_eq!(order, [1, 3, 4, 2]);
    assert!(answers[1].due >= answers[0].due, "it waits for a place");
    assert!(answers[2].due >= answers[1].due);
    let held = scoreboard.service(0);
    assert_eq!(
        (held.held.count(), held.peak.load(Ordering::Relaxed)),
        (0, 4)
    );
}

#[test]
fn a_place_of_a_caller_that_hung_up_is_taken_until_its_call_was_due_and_its_queued_calls_are_dropped()
 {
    let scoreboard = Scoreboard::new(64).unwrap();
    let clock = Clock::starting_now();
    let mut services = Services::open(&[Some(1)], clock, Telemetry::On, &scoreboard).unwrap();
    let mut gone = caller_of(&services, 0);
    gone.write_all(&[call(1, 50), call(2, 3_600_000)].concat())
        .unwrap();
    while scoreboard.service(0).held.count() < 2 {
        services.turn(Some(Elapsed::from_millis(5))).unwrap();
    }
    let first_is_due = services.waiting.peek().unwrap().0.due;
    drop(gone);
    let mut other = caller_of(&services, 0);
    other.write_all(&call(3, 0)).unwrap();
    play_until_answered(&mut services, 0, 1);
    let answer = answers(&mut other, 1)[0];
    assert_eq!(answer.id, 3);
    assert!(answer.due >= first_is_due);
}

#[test]
fn the_set_up_of_a_connection_takes_its_time_needs_no_place_and_is_no_call() {
    let scoreboard = Scoreboard::new(64).unwrap();
    let clock = Clock::starting_now();
    let mut services = Services::open(&[Some(1)], clock, Telemetry::On, &scoreboard).unwrap();
    let mut busy = caller_of(&services, 0);
    busy.write_all(&call(1, 3_600_000)).unwrap();
    while scoreboard.service(0).held.count() == 0 {
        services.turn(Some(Elapsed::from_millis(5))).unwrap();
    }
    let mut caller = caller_of(&services, 0);
    let began = clock.now();
    caller.write_all(&call(SET_UP, 20)).unwrap();
    caller.set_nonblocking(true).unwrap();
    let mut bytes = [0; ANSWER_BYTES];
    while caller.read(&mut bytes).is_err() {
        services.turn(Some(Elapsed::from_millis(5))).unwrap();
    }
    let answer = Answer::from_bytes(&bytes);
    assert_eq!(answer.id, SET_UP);
    assert!(answer.written.since(began) >= Elapsed::from_millis(20));
    let slot = scoreboard.service(0);
    assert_eq!(slot.answered.load(Ordering::Relaxed), 0);
    assert_eq!(slot.peak.load(Ordering::Relaxed), 1);
}
