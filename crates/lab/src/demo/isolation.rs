//! Two threads, each with a hub and two coroutines of its own. Neither can resume a coroutine of the other.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use serde::Serialize;

use super::hub::{Address, Hub, Switch};
use super::story_text;
use concsim_os::sys::{self, ErrorContext as _};

/// Findings of the demonstration.
#[derive(Clone, Debug, Serialize)]
pub struct Isolation {
    /// Stories of both threads.
    pub threads: Vec<ThreadStory>,
    /// Message of the refusal, when a coroutine of the first thread is resumed by the second.
    pub refused: Option<String>,
}

/// Story of one thread.
#[derive(Clone, Debug, Serialize)]
pub struct ThreadStory {
    /// Name of the thread.
    pub name: String,
    /// Lines that its coroutines print.
    pub lines: Vec<String>,
    /// Switches of its hub.
    pub switches: Vec<Switch>,
}

impl Isolation {
    /// Plays it.
    ///
    /// # Errors
    /// Fails if the system has no thread or poller left.
    ///
    /// # Panics
    /// Panics if a thread does.
    pub fn play() -> sys::Result<Self> {
        let (gives, takes) = mpsc::channel();
        let (goes_on, waits) = mpsc::channel();
        let start = |name: &'static str, story: Box<dyn FnOnce() -> Played + Send>| {
            let thread = thread::Builder::new().name(name.to_owned()).spawn(story);
            thread.doing("start a thread")
        };
        let first = start("thread 1", Box::new(move || first_thread(&gives, &waits)))?;
        let second = start(
            "thread 2",
            Box::new(move || second_thread(&takes, &goes_on)),
        )?;
        let (first, _) = first.join().expect("the first thread ends")?;
        let (second, refused) = second.join().expect("the second thread ends")?;
        Ok(Self {
            threads: vec![first, second],
            refused,
        })
    }

    /// Returns the findings as text.
    #[must_use]
    pub fn text(&self) -> String {
        let story = |it: &ThreadStory| story_text(&it.name, &it.lines, &it.switches);
        let threads: String = self.threads.iter().map(story).collect();
        let refused = self.refused.as_deref().unwrap_or("nothing was refused");
        format!(
            "Two threads, each with a hub and two coroutines of its own.\n{threads}\nThread 2 resumes worker_a of thread 1. The hub refuses:\n\n  {}\n\n\
             A coroutine is a stack of its thread: a hub resumes its own alone. Data must go by a queue or a \
             socket.\n",
            refused.replace('\n', "\n  ").replace('\t', "  ")
        )
    }
}

/// Story of a thread, and the message of a refusal.
type Played = sys::Result<(ThreadStory, Option<String>)>;

/// Two coroutines take turns; the first one's address goes to the other thread, which tries it meanwhile.
fn first_thread(gives: &Sender<Address>, waits: &Receiver<()>) -> Played {
    let (mut hub, lines) = (Hub::new("thread 1")?.traced(), Rc::default());
    let address = turns(&mut hub, &lines);
    // The other thread has an end of each channel until it ends.
    let _ = gives.send(address);
    let _ = waits.recv();
    Ok((story("thread 1", hub, &lines), None))
}

/// Two coroutines take turns; then a third one resumes a coroutine of the other thread.
fn second_thread(takes: &Receiver<Address>, goes_on: &Sender<()>) -> Played {
    let (mut hub, lines) = (Hub::new("thread 2")?.traced(), Rc::default());
    turns(&mut hub, &lines);
    let foreign = takes.recv().ok();
    let refused: Rc<RefCell<Option<String>>> = Rc::default();
    let own = Rc::clone(&refused);
    hub.spawn("stranger", move |me| {
        let tried = foreign.map(|foreign| me.switch_to(&foreign));
        *own.borrow_mut() = tried.and_then(Result::err).map(|error| error.to_string());
    });
    let story = story("thread 2", hub, &lines);
    let _ = goes_on.send(());
    Ok((story, refused.take()))
}

/// Adds two coroutines that print two lines each, in turn. Returns the address of the first one.
fn turns(hub: &mut Hub, lines: &Rc<RefCell<Vec<String>>>) -> Address {
    let [first, _] = ["worker_a", "worker_b"].map(|name| {
        let lines = Rc::clone(lines);
        hub.spawn(name, move |me| {
            for number in 1..=2 {
                lines.borrow_mut().push(format!("{name}: line {number}"));
                me.yield_now().expect("nothing is raised here");
            }
        })
    });
    first
}

fn story(name: &str, mut hub: Hub, lines: &Rc<RefCell<Vec<String>>>) -> ThreadStory {
    hub.run().expect("each coroutine is resumed until it ends");
    ThreadStory {
        name: name.to_owned(),
        lines: lines.take(),
        switches: hub.switches(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thread_runs_its_own_and_a_resume_across_is_refused() {
        let played = Isolation::play().expect("two threads");
        for thread in &played.threads {
            let lines = [1, 2]
                .map(|line| ["worker_a", "worker_b"].map(|name| format!("{name}: line {line}")));
            assert_eq!(thread.lines, lines.as_flattened());
        }
        let refused = played.refused.as_deref();
        let message =
            "cannot switch to a different thread\n\tCurrent:  thread 2\n\tExpected: thread 1";
        assert_eq!(refused, Some(message));
        let [first, second] = &played.threads[..] else {
            panic!("two threads");
        };
        // Two coroutines with two lines each: six resumes and six ways back; the stranger adds one of each.
        assert_eq!((first.switches.len(), second.switches.len()), (12, 14));
    }
}
