//! The application of one worker: it parses requests for a scenario's scripts, plays and answers them.

use std::any::Any;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

use super::access::Access;
use super::ask::{DEMAND_LIMIT, RequestedWork, ask};
use super::description::{self, Whoami};
use super::play::{Player, StopReason, body_length};
use super::reply::{HeadCache, Reply};
use super::{RequestTimes, World};
use crate::http::response::Date;
use crate::http::{Method, Persistence, Refusal, Request, Status};
use concsim_model::scenario::{self, Scenario, Script};

/// Result of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerOutcome {
    /// It was sent to its end, with this status.
    Whole(Status),
    /// The client is gone, or the answer broke off: the connection cannot be used any more.
    CutShort,
}

/// Application of one worker. Created after the fork, shared by all its requests.
#[derive(Debug)]
pub struct Application {
    scenario: Scenario,
    access: Access,
    /// Heads for the responses of each request's script; `None` if it writes no body: the default body
    /// follows.
    heads: Vec<Option<HeadCache>>,
    me: Whoami,
    /// Number of requests that had neither demands nor a number.
    drawn: AtomicU64,
}

impl Application {
    /// Returns the application of the worker `me`.
    #[must_use]
    pub fn new(scenario: Scenario, access: Access, me: Whoami) -> Self {
        let heads = |request: &scenario::Request| body_length(&request.script).map(HeadCache::new);
        Self {
            heads: scenario.requests.iter().map(heads).collect(),
            scenario,
            access,
            me,
            drawn: AtomicU64::new(0),
        }
    }

    /// Parses a request.
    pub fn ask(&self, request: &Request<'_>) -> RequestedWork {
        if let Some((status, reason)) = self.access.refusal(request) {
            return RequestedWork::Nothing(status, reason);
        }
        let longest = self.access.longest_step.unwrap_or(DEMAND_LIMIT);
        ask(request, &self.scenario, longest, || {
            self.drawn.fetch_add(1, Ordering::Relaxed)
        })
    }

    /// Plays the request, and sends the answer that `reply` was begun for. A handler that panics is
    /// answered with 500, and its worker lives.
    pub fn answer(
        &self,
        work: &RequestedWork,
        world: &mut impl World,
        reply: &mut Reply,
    ) -> AnswerOutcome {
        let status = match work {
            RequestedWork::Play { class, demands, .. } => {
                match caught(|| self.play(*class, demands, world, reply)) {
                    Ok(()) => Some(Status::Ok),
                    Err(stopped) => self.fail(&stopped, world.date(), reply),
                }
            }
            RequestedWork::List | RequestedWork::Nothing(..) => {
                Some(self.state(work, world.date(), reply))
            }
        };
        status
            .filter(|_| reply.finish(world).is_ok())
            .map_or(AnswerOutcome::CutShort, AnswerOutcome::Whole)
    }

    /// Refuses a request that could not be read, or came too late. The connection is to be closed.
    pub fn refuse(
        &self,
        refusal: Refusal,
        world: &mut impl World,
        reply: &mut Reply,
    ) -> AnswerOutcome {
        self.gather_refusal(refusal, world.date(), reply);
        let sent = reply.finish(world);
        sent.map_or(AnswerOutcome::CutShort, |()| {
            AnswerOutcome::Whole(refusal.status)
        })
    }

    /// Gathers the refusal of a request that could not be read, or came too late.
    pub fn gather_refusal(&self, refusal: Refusal, date: Date, reply: &mut Reply) {
        reply.begin(Method::Get, Persistence::Close);
        let text = format!("{}\n", refusal.reason);
        reply.whole(refusal.status, &text, date);
    }

    fn play(
        &self,
        class: usize,
        demands: &[u64],
        world: &mut impl World,
        reply: &mut Reply,
    ) -> Result<(), StopReason> {
        let mut player = Player {
            world,
            reply,
            heads: self.heads[class].as_ref(),
            counted: None,
        };
        player.play(self.script(class), demands)?;
        let counted = player.counted;
        self.complete(class, &world.spent(), counted, world.date(), reply);
        Ok(())
    }

    /// Gathers the answer to a request without a script. Returns its status.
    pub fn state(&self, work: &RequestedWork, date: Date, reply: &mut Reply) -> Status {
        let (status, text) = match work {
            RequestedWork::Nothing(status, reason) => (*status, format!("{reason}\n")),
            RequestedWork::List | RequestedWork::Play { .. } => (Status::Ok, self.list()),
        };
        reply.whole(status, &text, date);
        status
    }

    /// Gathers the head of the answer of a script that writes its body.
    pub fn head(&self, class: usize, date: Date, reply: &mut Reply) {
        if let Some(heads) = &self.heads[class] {
            reply.head(heads, date);
        }
    }

    /// Gathers what is missing of an answer after its script: the default body, if it wrote none. `counted`
    /// is the counter that it wrote last, with its value.
    pub fn complete(
        &self,
        class: usize,
        spent: &RequestTimes,
        counted: Option<(usize, u64)>,
        date: Date,
        reply: &mut Reply,
    ) {
        if self.heads[class].is_none() {
            let counted = counted.map(|(counter, value)| (self.counter(counter), value));
            let line = description::describe(self.me, spent, counted);
            reply.whole(Status::Ok, &description::body(&line), date);
        }
    }

    /// Gathers the answer for a script that failed. Returns its status; `None` if it is too late for one.
    pub fn fail(&self, stopped: &StopReason, date: Date, reply: &mut Reply) -> Option<Status> {
        let status = match stopped {
            StopReason::Call(_) => Status::BadGateway,
            StopReason::Panic(_) => Status::InternalServerError,
            StopReason::Client(_) => return None,
        };
        if reply.is_out() {
            return None;
        }
        let text = format!("{}: {stopped}\n", description::name(self.me));
        reply.whole(status, &text, date);
        Some(status)
    }

    /// Returns a list of the requests, with instructions.
    fn list(&self) -> String {
        let requests = &self.scenario.requests;
        let width = requests
            .iter()
            .map(|request| request.name.len())
            .max()
            .unwrap_or(0);
        let mut text = format!("{} can be asked for\n\n", description::name(self.me));
        for request in requests {
            let steps = request
                .script
                .iter()
                .map(|step| self.scenario.sentence(step).to_string());
            let steps: Vec<String> = steps.collect();
            writeln!(text, "  GET /{:width$}  {}", request.name, steps.join(", "))
                .expect("a String takes all text");
        }
        text + "\n\
            HEAD and POST play the same. With ?n=17 it is played as number 17 of a run; with\n\
            ?d=1000000,99000000 its steps take so long, in nanoseconds, one number for each step\n\
            that has a duration.\n"
    }

    /// Script of a kind of request.
    #[must_use]
    pub fn script(&self, class: usize) -> &Script {
        &self.scenario.requests[class].script
    }

    fn counter(&self, counter: usize) -> &str {
        &self.scenario.counters[counter]
    }
}

/// Plays a part of a script. A panic in it is returned as the reason why the script ended: the state that
/// it leaves is discarded, because the reply is begun anew, or cut short.
///
/// # Errors
/// Those of `play`, and [`StopReason::Panic`].
pub fn caught<T>(play: impl FnOnce() -> Result<T, StopReason>) -> Result<T, StopReason> {
    catch_unwind(AssertUnwindSafe(play))
        .unwrap_or_else(|panic| Err(StopReason::Panic(text_of(panic))))
}

/// Returns the message of a panic. A panic without one is not the handler's own: it unwinds this stack on
/// purpose, as the coroutine crate does to a task that it drops. It is resumed.
fn text_of(panic: Box<dyn Any + Send>) -> String {
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => match panic.downcast::<&'static str>() {
            Ok(text) => (*text).into(),
            Err(panic) => resume_unwind(panic),
        },
    }
}
