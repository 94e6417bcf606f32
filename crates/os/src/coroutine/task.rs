//! A coroutine with a stack of its own, and a pool of stacks to start it on.
//!
//! ```text
//!   the hub's stack                      a task's stack (one mapping each)
//!   ┌───────────────┐                    ┌────────────────────┐ high
//!   │ hub::turn     │                    │ generator: registers, closure
//!   │ Task::resume  │ ── 1 resume ────▶  │ handler            │
//!   │      ▲        │                    │ world: call        │
//!   └──────┼────────┘                    │ Parker::park       │
//!          │                             │   · · ·  (free)    │ ← pages that were never touched
//!          └──────────── 2 park ──────── │                    │   cost nothing
//!                                        ├────────────────────┤ low
//!                                        │ guard page         │ ← overflow ends here
//!                                        └────────────────────┘
//! ```
//!
//! 1. *Resume*: the registers that a function call must preserve (seven on x86-64) are stored beside the
//!    hub's stack pointer, those of the task are loaded, and with its stack pointer the processor is
//!    in the middle of the task, just behind the `park` in which it had stopped. To the hub it looks
//!    like a function call that takes its time.
//! 2. *Park*: the reverse. All frames of the task stay where they are, so its code need not know that it
//!    parks: straight-line code, four calls deep, waits.
//!
//! The kernel takes no part: a switch is a dozen moves between registers and memory. So a coroutine lets go
//! only where it says so, and nothing can take the core from it.
//!
//! This is the only file that names the `generator` crate. Requirements of the crate, and where they are
//! met:
//! - Data goes out with a park and never comes in with a resume (the compiler has been seen to read
//!   such data before the switch). The result of a wait is left in a `Rc<Cell<…>>` that task and hub
//!   share.
//! - A suspended task that is dropped is unwound, which runs its destructors. If it parked while it
//!   unwinds, it would be freed with live frames on its stack. [`Parker::park`] refuses.
//! - An overflow abandons its frames without unwinding them; after [`Resumed::Overflowed`] the process
//!   should end.
//! - Nothing borrowed from a thread-local, no lock guard and no `RefMut` may be held across a park.

#![expect(
    unsafe_code,
    reason = "stacks are where the language's guarantees end; see ARCHITECTURE.md"
)]

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::panic::catch_unwind;
use std::ptr::NonNull;
use std::rc::Rc;

use generator::{Gn, LocalGenerator, Scope};

use crate::sys::memory;

/// Size of a task's stack, in bytes. Only touched pages cost memory, so this is the need of the deepest
/// handler, not the cost of each task. Unoptimised code has much larger frames.
pub const STACK_BYTES: usize = if cfg!(debug_assertions) {
    1 << 20
} else {
    256 << 10
};

/// Memory in bytes that must be left beside a new stack, for the task's allocations.
const HEADROOM: usize = 4 << 20;

/// The same in machine words, the unit of `generator`.
const STACK_WORDS: usize = STACK_BYTES / size_of::<usize>();
// With an odd number the crate would fill the whole stack with a pattern, to measure its use.
const _: () = assert!(STACK_WORDS.is_multiple_of(2));

type Coroutine<R> = LocalGenerator<'static, (), Option<R>>;

/// Pool of stacks, which tasks take when they start and leave when they end.
///
/// A fresh stack costs two system calls and some page faults, more than ten microseconds; a used one is
/// armed again in less than a tenth of one. There are as many stacks as there were ever tasks at once, and
/// each keeps the pages that the deepest of its tasks touched.
pub struct Stacks<R: 'static> {
    free: Rc<RefCell<Vec<Stack<R>>>>,
}

/// Coroutine, from its start to its end. Belongs to the thread that started it.
///
/// A task should be resumed until it has ended. If it is dropped before, its frames are unwound, which runs
/// their destructors; those must not park.
pub struct Task<R: 'static> {
    /// `None` if the stack was given up after an overflow.
    stack: Option<Stack<R>>,
    home: Rc<RefCell<Vec<Stack<R>>>>,
}

/// Result of resuming a task: why it let go of the thread.
pub enum Resumed<R> {
    /// It waits, for this reason.
    Parked(R),
    /// It ran to its end.
    Ended,
    /// It panicked, with this payload, and was unwound. Its stack can be used again.
    Panicked(Box<dyn Any + Send>),
    /// It ran out of stack. Its frames were abandoned, and whatever they had locked or borrowed stays so:
    /// the process should end soon.
    Overflowed,
}

/// Handle by which a task parks; each task has its own.
pub struct Parker<R: 'static> {
    scope: Scope<'static, 'static, (), Option<R>>,
    /// True while the task is parked. The task itself sees this only if it is being unwound.
    left: bool,
}

impl<R: 'static> Stacks<R> {
    /// Returns an empty pool.
    #[must_use]
    pub fn new() -> Self {
        Self {
            free: Rc::default(),
        }
    }

    /// Creates a task of `body`, on a pooled stack if there is one. Its first resume starts it. `body` lies
    /// on the new stack, so nothing is allocated.
    ///
    /// # Panics
    /// Panics if the system has no memory, or no mapping, left for another stack: callers limit the number
    /// of tasks. Also if `body` itself is larger than a stack.
    pub fn start(&self, body: impl FnOnce(&mut Parker<R>) + 'static) -> Task<R> {
        let pooled = self.free.borrow_mut().pop();
        let mut stack = pooled.unwrap_or_else(Stack::new);
        stack.arm(body);
        Task {
            stack: Some(stack),
            home: Rc::clone(&self.free),
        }
    }

    /// Makes sure that the pool has a stack. Returns false if the system has no memory, or no mapping, left
    /// for one.
    #[must_use]
    pub fn prepare(&self) -> bool {
        if self.free_count() > 0 {
            return true;
        }
        // The crate panics if the system refuses, so all that it needs is tested first.
        let stack = memory::is_there(STACK_BYTES + HEADROOM).then(|| catch_unwind(Stack::new));
        let Some(Ok(stack)) = stack else {
            return false;
        };
        self.free.borrow_mut().push(stack);
        true
    }

    /// Number of stacks in the pool.
    #[must_use]
    pub fn free_count(&self) -> usize {
        self.free.borrow().len()
    }
}

impl<R: 'static> Default for Stacks<R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R: 'static> Task<R> {
    /// Runs the task until it parks or ends. Returns `Ended` for one that has ended already.
    ///
    /// Must not be called from within a task: a park always leaves the innermost one.
    #[inline]
    pub fn resume(&mut self) -> Resumed<R> {
        let Some(stack) = &mut self.stack else {
            return Resumed::Overflowed;
        };
        match stack.coroutine.resume() {
            Some(Some(reason)) => Resumed::Parked(reason),
            Some(None) => Resumed::Ended,
            None => self.take_result(),
        }
    }

    #[cold]
    fn take_result(&mut self) -> Resumed<R> {
        let payload = self
            .stack
            .as_mut()
            .and_then(|stack| stack.coroutine.get_panic_data());
        match payload {
            None => Resumed::Ended,
            Some(payload) if is_overflow(&*payload) => {
                // Pointers into the abandoned frames may exist, so the stack is never freed.
                std::mem::forget(self.stack.take());
                Resumed::Overflowed
            }
            Some(payload) => Resumed::Panicked(payload),
        }
    }
}

fn is_overflow(payload: &(dyn Any + Send)) -> bool {
    payload.downcast_ref() == Some(&generator::Error::StackErr)
}

impl<R: 'static> Drop for Task<R> {
    fn drop(&mut self) {
        let Some(mut stack) = self.stack.take() else {
            return;
        };
        if std::thread::panicking() {
            // Unwinding the task now would be a panic within a panic. Its frames leak instead.
            std::mem::forget(stack);
            return;
        }
        stack.coroutine.cancel();
        self.home.borrow_mut().push(stack);
    }
}

impl<R: 'static> Parker<R> {
    /// Lets go of the thread; returns when the task is resumed.
    ///
    /// # Panics
    /// Panics if the task is dropped instead, without a message: this unwinds it. So does every further
    /// park of a task that caught that panic. A park in a destructor that runs because of it aborts the
    /// process.
    #[inline]
    pub fn park(&mut self, reason: R) {
        if self.left {
            std::panic::panic_any(generator::Error::Cancel);
        }
        self.left = true;
        self.scope.yield_with(Some(reason));
        self.left = false;
    }
}

/// Mapped stack, with a coroutine on it that has ended, runs or is about to start.
///
/// The crate writes a mark into the lowest words of a new stack, and reads it when it drops the stack, to
/// detect an overflow. The mark costs a page that no task needs: a third of the cost of a parked connection.
/// So the page is given back at once, and the mark is written again before the crate reads it.
struct Stack<R: 'static> {
    coroutine: Coroutine<R>,
    /// Lowest word of the stack and its value, if its page was given back.
    mark: Option<(NonNull<usize>, usize)>,
}

impl<R: 'static> Stack<R> {
    fn new() -> Self {
        let mut coroutine = Gn::<()>::new_scoped_opt_local(STACK_WORDS, |_| None);
        // With local data (of any value but null) a panic is kept for `get_panic_data`, instead of being
        // thrown through the hub.
        coroutine.set_local_data(NonNull::dangling().as_ptr());
        let (coroutine, lowest) = lowest_word(coroutine);
        let mark = give_back_the_marked_page(&coroutine, lowest);
        Self { coroutine, mark }
    }

    fn arm(&mut self, body: impl FnOnce(&mut Parker<R>) + 'static) {
        self.coroutine.scoped_init(move |scope| {
            // SAFETY: this changes only the lifetime that keeps the scope from leaving the coroutine. The
            // body sees it behind a `&mut Parker` of any lifetime and cannot carry it away either: parkers
            // are neither cloned nor made elsewhere, so there is none to swap it for.
            let scope = unsafe {
                std::mem::transmute::<
                    Scope<'_, 'static, (), Option<R>>,
                    Scope<'static, 'static, (), Option<R>>,
                >(scope)
            };
            let left = false;
            body(&mut Parker { scope, left });
            None
        });
    }
}

impl<R: 'static> Drop for Stack<R> {
    fn drop(&mut self) {
        if let Some((lowest, mark)) = self.mark {
            // SAFETY: the stack is still mapped, and its lowest word belongs to the crate alone, which
            // wrote this very value there.
            unsafe { lowest.write(mark) };
        }
    }
}

/// Returns the lowest word of a coroutine's stack. The crate keeps a coroutine's registers in the highest
/// page of its own stack, and reports how many words the stack has.
fn lowest_word<R>(coroutine: Coroutine<R>) -> (Coroutine<R>, Option<NonNull<usize>>) {
    let (words, _) = coroutine.stack_usage();
    let inside = coroutine.into_raw();
    // SAFETY: `into_raw` has just returned it, from a coroutine of this type.
    let coroutine = unsafe { Coroutine::<R>::from_raw(inside) };
    let highest = inside.addr().next_multiple_of(memory::page_bytes());
    let lowest = inside.with_addr(highest - words * size_of::<usize>());
    (coroutine, NonNull::new(lowest))
}

/// Gives the page of the mark back, once the crate has confirmed that the mark is there.
fn give_back_the_marked_page<R>(
    coroutine: &Coroutine<R>,
    lowest: Option<NonNull<usize>>,
) -> Option<(NonNull<usize>, usize)> {
    let lowest = lowest?;
    // SAFETY: a word of the coroutine's stack, which is mapped and has never run.
    let mark = unsafe { lowest.read() };
    let (words, used_with_mark) = coroutine.stack_usage();
    // SAFETY: as above; undone below if it was not the mark.
    unsafe { lowest.write(!mark) };
    let (_, used_without_mark) = coroutine.stack_usage();
    // SAFETY: as above.
    unsafe { lowest.write(mark) };
    if used_with_mark == words || used_without_mark != words {
        return None;
    }
    // SAFETY: the lowest page of a private anonymous mapping that holds nothing but the mark.
    unsafe { memory::give_back(lowest.as_ptr().cast()) };
    Some((lowest, mark))
}

impl<R: 'static> fmt::Debug for Stacks<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stacks")
            .field("free_count", &self.free_count())
            .finish()
    }
}

impl<R: 'static> fmt::Debug for Task<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ended = self
            .stack
            .as_ref()
            .is_none_or(|stack| stack.coroutine.is_done());
        f.debug_struct("Task")
            .field("ended", &ended)
            .finish_non_exhaustive()
    }
}

impl<R: 'static> fmt::Debug for Parker<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parker").finish_non_exhaustive()
    }
}

impl<R: fmt::Debug> fmt::Debug for Resumed<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parked(reason) => f.debug_tuple("Parked").field(reason).finish(),
            Self::Ended => f.write_str("Ended"),
            Self::Panicked(_) => f.write_str("Panicked"),
            Self::Overflowed => f.write_str("Overflowed"),
        }
    }
}

#[cfg(test)]
mod tests;
