//! Tests of one coroutine and of the stack that it leaves behind.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;

fn parked<R: fmt::Debug>(resumed: Resumed<R>) -> R {
    match resumed {
        Resumed::Parked(reason) => reason,
        other => panic!("expected a parked task, not {other:?}"),
    }
}

#[test]
fn two_tasks_take_turns_on_one_thread() {
    let text = Rc::new(RefCell::new(String::new()));
    let stacks = Stacks::new();
    let mut tasks = ["ab", "12"].map(|letters| {
        let line = Rc::clone(&text);
        stacks.start(move |parker| {
            for letter in letters.chars() {
                line.borrow_mut().push(letter);
                parker.park(());
            }
        })
    });
    assert_eq!(text.borrow().as_str(), "", "a task starts when resumed");
    for _ in 0..2 {
        for task in &mut tasks {
            parked(task.resume());
        }
    }
    assert_eq!(text.borrow().as_str(), "a1b2");
    for task in &mut tasks {
        assert!(matches!(task.resume(), Resumed::Ended));
        assert!(matches!(task.resume(), Resumed::Ended), "and stays so");
    }
}

#[test]
fn a_task_says_why_it_waits_and_finds_the_answer_where_the_hub_left_it() {
    let answer = Rc::new(Cell::new(0));
    let seen = Rc::new(Cell::new(0));
    let stacks = Stacks::new();
    let mut task = stacks.start({
        let (answer, seen) = (Rc::clone(&answer), Rc::clone(&seen));
        move |parker| {
            for question in 1..=3 {
                parker.park(question);
                seen.set(seen.get() + answer.get());
            }
        }
    });
    while let Resumed::Parked(question) = task.resume() {
        answer.set(question * 100);
    }
    assert_eq!(seen.get(), 600);
}

#[test]
fn an_ended_task_leaves_its_stack_for_the_next_one() {
    let stacks = Stacks::<()>::new();
    let place = Rc::new(Cell::new(0));
    for round in 0..3 {
        let seen = Rc::clone(&place);
        let mut task = stacks.start(move |_| {
            let local = 0_u8;
            seen.set((&raw const local).addr());
        });
        let before = place.get();
        assert!(matches!(task.resume(), Resumed::Ended));
        if round > 0 {
            assert_eq!(place.get(), before, "the same stack again");
        }
        drop(task);
        assert_eq!(stacks.free_count(), 1);
    }
}

#[test]
fn a_panic_is_handed_to_the_resumer_and_the_stack_is_used_again() {
    let stacks = Stacks::<()>::new();
    let dropped = Rc::new(Cell::new(false));
    let mut task = stacks.start({
        let witness = Witness(Rc::clone(&dropped));
        move |_| {
            let _witness = witness;
            std::panic::resume_unwind(Box::new("out of luck"));
        }
    });
    let Resumed::Panicked(payload) = task.resume() else {
        panic!("the task panicked");
    };
    assert_eq!(payload.downcast_ref(), Some(&"out of luck"));
    assert!(dropped.get(), "its frames were unwound");
    drop(task);
    assert_eq!(stacks.free_count(), 1);
    let mut next = stacks.start(|parker| parker.park(()));
    parked(next.resume());
}

struct Witness(Rc<Cell<bool>>);

impl Drop for Witness {
    fn drop(&mut self) {
        self.0.set(true);
    }
}

#[test]
fn a_task_dropped_half_way_is_unwound_and_its_stack_is_used_again() {
    let stacks = Stacks::new();
    let dropped = Rc::new(Cell::new(false));
    let mut task = stacks.start({
        let witness = Witness(Rc::clone(&dropped));
        move |parker| {
            let _witness = witness;
            parker.park(());
            unreachable!("it is never resumed");
        }
    });
    parked(task.resume());
    assert!(!dropped.get());
    drop(task);
    assert!(dropped.get());
    assert_eq!(stacks.free_count(), 1);
}

#[test]
fn a_task_that_never_ran_is_dropped_with_what_it_captured() {
    let stacks = Stacks::<()>::new();
    let dropped = Rc::new(Cell::new(false));
    let witness = Witness(Rc::clone(&dropped));
    drop(stacks.start(move |_| drop(witness)));
    assert!(dropped.get());
    assert_eq!(stacks.free_count(), 1);
}

#[test]
fn a_dropped_task_that_catches_its_end_cannot_park_again() {
    let stacks = Stacks::new();
    let after = Rc::new(Cell::new(0));
    let mut task = stacks.start({
        let after = Rc::clone(&after);
        move |parker| {
            let caught = catch_unwind(AssertUnwindSafe(|| parker.park(())));
            assert!(caught.is_err());
            after.set(1);
            parker.park(());
            after.set(2);
        }
    });
    parked(task.resume());
    drop(task);
    assert_eq!(after.get(), 1);
    let mut next = stacks.start(|parker| parker.park(()));
    parked(next.resume());
}

#[test]
fn running_out_of_stack_is_distinguished_from_a_panic() {
    let stacks = Stacks::<()>::new();
    let mut task = stacks.start(|_| {
        std::hint::black_box(deeper(0));
    });
    assert!(matches!(task.resume(), Resumed::Overflowed));
    assert!(matches!(task.resume(), Resumed::Overflowed), "and stays so");
    drop(task);
    assert_eq!(stacks.free_count(), 0, "such a stack is not used again");
}

/// Recurses for ever, without a tail call, so that each call needs a frame.
#[expect(unconditional_recursion, reason = "a stack is to overflow")]
fn deeper(depth: u64) -> u64 {
    let frame = std::hint::black_box([depth; 64]);
    deeper(depth + 1) + frame[0]
}

#[test]
fn stacks_may_be_freed() {
    let stacks = Stacks::new();
    let mut tasks: Vec<_> = (0..8)
        .map(|_| stacks.start(|parker| parker.park(())))
        .collect();
    for task in &mut tasks {
        parked(task.resume());
        assert!(matches!(task.resume(), Resumed::Ended));
    }
    drop(tasks);
    assert_eq!(stacks.free_count(), 8);
    drop(stacks);
}

#[cfg(target_os = "linux")]
mod memory_of_a_stack {
    use super::*;

    /// Resident memory of the mapping around `address`, in KiB, from `/proc/self/smaps`.
    fn resident_kib(address: usize) -> usize {
        let maps = std::fs::read_to_string("/proc/self/smaps").expect("Linux has smaps");
        let mut lines = maps.lines();
        lines
            .find(|line| covers(line, address))
            .expect("the address is mapped");
        let resident = lines.find_map(|line| line.strip_prefix("Rss:"));
        let figure = resident.and_then(|rest| rest.trim().strip_suffix(" kB"));
        figure.and_then(|kib| kib.parse().ok()).expect("a figure")
    }

    fn covers(line: &str, address: usize) -> bool {
        let range = line
            .split_once(' ')
            .and_then(|(range, _)| range.split_once('-'));
        let Some((low, high)) = range else {
            return false;
        };
        match (
            usize::from_str_radix(low, 16),
            usize::from_str_radix(high, 16),
        ) {
            (Ok(low), Ok(high)) => (low..high).contains(&address),
            _ => false,
        }
    }

    #[test]
    fn a_parked_task_costs_the_pages_that_it_touched_and_no_more() {
        let stacks = Stacks::new();
        let mut task = stacks.start(|parker| {
            let local = 0_u8;
            parker.park((&raw const local).addr());
        });
        let address = parked(task.resume());
        // The frames of a shallow task fit into one page, or two in unoptimised code.
        let pages = resident_kib(address) * 1024 / memory::page_bytes();
        assert!((1..=2).contains(&pages), "{pages} pages");
    }

    #[test]
    fn many_tasks_on_one_stack_leave_its_memory_unchanged() {
        let stacks = Stacks::new();
        let place = Rc::new(Cell::new(0));
        let run_one = || {
            let place = Rc::clone(&place);
            let mut task = stacks.start(move |parker| {
                let local = 0_u8;
                place.set((&raw const local).addr());
                parker.park(());
            });
            while let Resumed::Parked(()) = task.resume() {}
        };
        run_one();
        let before = resident_kib(place.get());
        for _ in 0..20_000 {
            run_one();
        }
        assert_eq!(stacks.free_count(), 1);
        assert_eq!(resident_kib(place.get()), before);
    }
}
