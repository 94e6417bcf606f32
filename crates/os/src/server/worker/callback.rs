//! The callback worker: a state machine for each open connection. A wait returns to the hub.
//!
//! ```text
//!   hub:      poll ──▶ accept ── connections ──▶ new tasks ──▶ run each ready task once ──▶ poll …
//!   advance:  match place ──▶ next place ──▶ match place ──▶ …
//!                               └── a wait ──▶ store the place, and return: back to the hub
//! ```
//!
//! Everything is as in `coroutine.rs`: one thread, one hub, one task for each connection, and a wait that lets
//! the others run. But these tasks have no stacks. A function that waits must return, which loses its local
//! variables, its place, and its callers' places. So nothing here is straight-line code: each place at which a
//! request can wait is a variant of [`Place`] with the variables that are needed afterwards, and
//! [`Connection::advance`] goes from one to the next. Each doc comment of a place names the function that the
//! other workers wait in.
//!
//! The gain is memory: a waiting request takes the bytes of its connection, and no stack.

mod client;
mod steps;

use std::io::ErrorKind;
use std::net::TcpStream;
use std::rc::Rc;

use super::{HubResources, WorkerContext, serve_by_hub};
use crate::coroutine::Resumed;
use crate::handler::{self, Reply, RequestTimes, RequestedWork, StopReason};
use crate::http::response::Date;
use crate::http::{CONTINUE, Persistence, Progress, Receiver, Refusal};
use crate::server::accounting::{RequestAccounting, Wait};
use crate::server::connection::{self, LINGER_BYTES, LINGER_TIME, TOO_LATE};
use crate::server::hub::Tasks;
use crate::server::service_pool::{Grant, PooledConnection};
use crate::server::task_context::{Shared, SwitchSnapshot, TaskState, WaitReason};
use crate::server::transport::Deadline;
use crate::sys;
use client::{Attempt, Client};
use concsim_model::scenario::WaitMode;
use concsim_model::units::{CpuTime, Elapsed, Stamp};

/// Serves until it is told to stop. Returns the exit code.
pub(super) fn serve(context: WorkerContext<'_>) -> sys::Result<i32> {
    serve_by_hub(context, |shared, resources| Callbacks { shared, resources })
}

/// Tasks of a hub without stacks.
struct Callbacks {
    shared: Rc<Shared>,
    resources: Rc<HubResources>,
}

/// Task of one connection.
enum Task {
    /// It has not run yet.
    Accepted(Option<TcpStream>, Stamp),
    /// It has run, and not ended.
    Open(Box<Connection>),
    /// It has ended.
    Ended,
}

impl Tasks for Callbacks {
    type Task = Task;

    fn begin(&self, socket: TcpStream, accepted: Stamp) -> Task {
        Task::Accepted(Some(socket), accepted)
    }

    fn resume(&self, task: &mut Task) -> Resumed<WaitReason> {
        if let Task::Accepted(socket, accepted) = task {
            let socket = socket.take().expect("a connection is opened once");
            *task = self.open(socket, *accepted);
        }
        let Task::Open(connection) = task else {
            return Resumed::Ended;
        };
        if let Some(reason) = connection.advance() {
            return Resumed::Parked(reason);
        }
        *task = Task::Ended;
        Resumed::Ended
    }
}

impl Callbacks {
    fn open(&self, socket: TcpStream, accepted: Stamp) -> Task {
        // If there is no memory for a registration, the connection is closed.
        let Ok(source) = self.shared.register(&socket) else {
            return Task::Ended;
        };
        self.shared.could_run_since(accepted);
        let task = TaskState::take(&self.shared);
        Task::Open(Box::new(Connection {
            accounting: RequestAccounting::accepted(task.id.0, accepted),
            switches_before: self.shared.switches.borrow().snapshot(),
            client: Client {
                task,
                source,
                socket,
                received_at: accepted,
            },
            resources: Rc::clone(&self.resources),
            receiver: Receiver::new(),
            reply: Reply::default(),
            is_first: true,
            script: Script::default(),
            place: Place::Receive,
            waited: None,
        }))
    }
}

/// Place at which a connection goes on, with the variables that it needs there.
enum Place {
    /// `connection::arrival`: bytes of a request may have come.
    Receive,
    /// `Player::play`: before this step of the script, or at its end.
    Step(usize),
    /// `Player::compute`: before the next slice of this step.
    Compute { step: usize, left: CpuTime },
    /// `Player::count`: between the reading and the writing of a counter.
    Count {
        step: usize,
        counter: usize,
        read: u64,
    },
    /// `Player::write`: so many bytes of this step's part of the body are missing.
    Fill { step: usize, left: u64 },
    /// `Parking::place_at`: there is a place in the pool.
    Grant { call: Call, grant: Rc<Grant> },
    /// `Parking::connection_to`: the connection may be open.
    Connect {
        call: Call,
        pooled: PooledConnection,
    },
    /// `Parking::call_parking`: the connection may be set up.
    SetUp {
        call: Call,
        pooled: PooledConnection,
    },
    /// `Parking::call_parking`: the answer may be there.
    Call {
        call: Call,
        pooled: PooledConnection,
    },
    /// `Parking::park_for_pool`: a thread of the pool has executed the wait of the step before this one.
    InThreads(usize),
    /// `Transport::send`: so many of the gathered bytes are sent.
    Send { sent: usize, then: AfterSend },
    /// `connection::linger`: so many bytes may come, until then.
    Linger { left: usize, until: Stamp },
}

/// Call to a service.
#[derive(Clone, Copy)]
struct Call {
    step: usize,
    service: usize,
    wait: Elapsed,
    mode: WaitMode,
}

/// Caller of a send: the place to return to.
#[derive(Clone, Copy)]
enum AfterSend {
    /// `connection::arrival`, after 100 (Continue).
    Receive,
    /// `Player::step`: before this step.
    Step(usize),
    /// `Player::write`: so many bytes of this step's part of the body are missing.
    Fill { step: usize, left: u64 },
    /// `connection::answer`: the answer is complete.
    Answered,
    /// `connection::serve`: the request was refused.
    Refused,
}

/// Next action of a connection.
enum Next {
    /// Goes on at once.
    At(Place),
    /// Lets go of the hub, and goes on there.
    Wait(WaitReason, Place),
    /// Ends.
    End,
}

/// Variables of the script that is played.
#[derive(Default)]
struct Script {
    class: usize,
    /// One number for each step with a duration.
    demands: Vec<u64>,
    /// True if a step has written a part of the body.
    has_head: bool,
    /// Counter that was written last, and its value.
    counted: Option<(usize, u64)>,
}

/// Connection, from its first run to its end.
struct Connection {
    accounting: RequestAccounting,
    /// State of the switch counter when the request began: tells how many other tasks have run since.
    switches_before: SwitchSnapshot,
    client: Client,
    resources: Rc<HubResources>,
    receiver: Receiver,
    reply: Reply,
    /// True until the first request was answered.
    is_first: bool,
    script: Script,
    place: Place,
    /// Reason of the wait that is to be accounted.
    waited: Option<WaitReason>,
}

impl Connection {
    /// Goes on until the next wait. Returns its reason; `None` at the end of the connection.
    fn advance(&mut self) -> Option<WaitReason> {
        self.account_wait();
        loop {
            let place = std::mem::replace(&mut self.place, Place::Receive);
            let next = handler::caught(|| self.go_on(place));
            match next.unwrap_or_else(|stopped| self.fail(&stopped)) {
                Next::At(place) => self.place = place,
                Next::Wait(reason, place) => {
                    (self.place, self.waited) = (place, Some(reason));
                    self.client.task.request = self.accounting.works_for();
                    self.client.task.lets_go();
                    return Some(reason);
                }
                Next::End => return None,
            }
        }
    }

    /// Goes on at a place.
    fn go_on(&mut self, place: Place) -> Result<Next, StopReason> {
        Ok(match place {
            Place::Receive => self.receive(),
            Place::Step(step) => self.step(step)?,
            Place::Compute { step, left } => self.compute(step, left),
            Place::Count {
                step,
                counter,
                read,
            } => self.count(step, counter, read),
            Place::Fill { step, left } => self.fill(step, left),
            Place::Grant { call, grant } => self.granted(call, &grant)?,
            Place::SetUp { call, pooled } => self.set_up(call, pooled)?,
            Place::Connect { call, pooled } => self.connected(call, pooled)?,
            Place::Call { call, pooled } => self.called(call, pooled)?,
            Place::InThreads(step) => self.waited_in_threads(step)?,
            Place::Send { sent, then } => self.send(sent, then),
            Place::Linger { left, until } => self.linger(left, until),
        })
    }

    /// Accounts the wait that has ended. Those for services and for the pool are accounted where their end is
    /// known.
    fn account_wait(&mut self) {
        let task = &self.client.task;
        let (over, wait) = match self.waited.take() {
            None | Some(WaitReason::Service | WaitReason::InThreads(_)) => return,
            Some(WaitReason::Client) => (task.shared.polled.get(), Wait::Client),
            Some(WaitReason::Timer(due)) => (due, Wait::Timer),
            // It is over at once: its length is 0.
            Some(WaitReason::Yield) => (task.yielded_at, Wait::Timer),
        };
        task.goes_on(&mut self.accounting, over, wait);
    }

    /// Looks for a whole request in the bytes that have come.
    fn receive(&mut self) -> Next {
        match self.receiver.progress() {
            Progress::NeedMore => self.read(),
            Progress::SayContinue => {
                self.reply.before_answer(CONTINUE);
                send(AfterSend::Receive)
            }
            Progress::Whole => {
                self.on_bytes();
                self.begin()
            }
            Progress::Refused(refusal) => {
                self.on_bytes();
                self.refuse(refusal)
            }
        }
    }

    /// Reads bytes of a request.
    fn read(&mut self) -> Next {
        let is_between = self.receiver.is_between_requests();
        let kept = self.resources.keepalive;
        let keepalive = kept.filter(|_| is_between && !self.is_first);
        let deadline = connection::deadline(self.accounting.since(), keepalive);
        match self.client.read(self.receiver.free_space(), deadline) {
            Ok(Attempt::Waits(reason)) => {
                self.receiver.free_empty_buffer();
                Next::Wait(reason, Place::Receive)
            }
            Ok(Attempt::Done(0)) => Next::End,
            Ok(Attempt::Done(count)) => {
                if !self.accounting.has_come() {
                    let snapshot = self.shared().switches.borrow().snapshot();
                    self.switches_before = snapshot;
                }
                self.receiver.received(count);
                self.on_bytes();
                Next::At(Place::Receive)
            }
            Err(error) if error.kind() == ErrorKind::TimedOut && !is_between => {
                self.refuse(TOO_LATE)
            }
            Err(_) => Next::End,
        }
    }

    /// Notes bytes of the request, with which it has begun.
    fn on_bytes(&mut self) {
        let probe = &self.client.task.shared.probe;
        self.accounting.on_bytes(probe, self.client.received_at);
    }

    /// Begins to answer the request that has come.
    fn begin(&mut self) -> Next {
        self.shared().request_begins();
        let request = self.receiver.request();
        let asked = self.resources.application.ask(&request);
        let keep = if self.keeps_connections() {
            request.keep
        } else {
            Persistence::Close
        };
        self.reply.begin(request.method, keep);
        self.receiver.next();
        self.receiver.free_empty_buffer();
        let RequestedWork::Play {
            class,
            number,
            demands,
        } = asked
        else {
            let date = self.date();
            self.resources
                .application
                .state(&asked, date, &mut self.reply);
            return send(AfterSend::Answered);
        };
        self.accounting.is_number(number);
        self.shared().probe.runs_request(self.accounting.request);
        self.script = Script {
            class,
            demands,
            ..Script::default()
        };
        Next::At(Place::Step(0))
    }

    /// Completes the answer, after the last step.
    fn complete(&mut self) -> Next {
        let (date, script) = (self.date(), &self.script);
        let spent = RequestTimes {
            others: (self.shared().switches.borrow())
                .others_since(self.switches_before, self.client.task.id),
            ..self.accounting.spent
        };
        let application = &self.resources.application;
        application.complete(script.class, &spent, script.counted, date, &mut self.reply);
        send(AfterSend::Answered)
    }

    /// Answers for a script that failed, unless it is too late for a status.
    fn fail(&mut self, stopped: &StopReason) -> Next {
        let date = self.date();
        let application = &self.resources.application;
        match application.fail(stopped, date, &mut self.reply) {
            Some(_) => send(AfterSend::Answered),
            None => self.end_request(false),
        }
    }

    fn refuse(&mut self, refusal: Refusal) -> Next {
        let date = self.date();
        let application = &self.resources.application;
        application.gather_refusal(refusal, date, &mut self.reply);
        send(AfterSend::Refused)
    }

    /// Sends the gathered bytes that are not sent yet.
    fn send(&mut self, sent: usize, then: AfterSend) -> Next {
        let unsent = &self.reply.unsent()[sent..];
        if unsent.is_empty() {
            self.reply.is_sent();
            return self.after_send(then);
        }
        match self.client.write(unsent) {
            Ok(Attempt::Waits(reason)) => Next::Wait(reason, Place::Send { sent, then }),
            Ok(Attempt::Done(count)) => {
                let is_all = count == unsent.len();
                let sent = sent + count;
                if !is_all && self.client.task.has_transferred_its_share() {
                    return Next::Wait(WaitReason::Yield, Place::Send { sent, then });
                }
                Next::At(Place::Send { sent, then })
            }
            Err(_) => match then {
                AfterSend::Receive => Next::End,
                AfterSend::Refused => {
                    self.end_accounting(false);
                    self.begin_to_linger()
                }
                AfterSend::Step(_) | AfterSend::Fill { .. } | AfterSend::Answered => {
                    self.end_request(false)
                }
            },
        }
    }

    /// Returns to the caller of a send.
    fn after_send(&mut self, then: AfterSend) -> Next {
        match then {
            AfterSend::Receive => Next::At(Place::Receive),
            AfterSend::Step(step) => Next::At(Place::Step(step)),
            AfterSend::Fill { step, left } => Next::At(Place::Fill { step, left }),
            AfterSend::Answered => self.end_request(true),
            AfterSend::Refused => {
                self.end_accounting(true);
                self.begin_to_linger()
            }
        }
    }

    /// Ends the request; goes on with the next one if the connection is kept.
    fn end_request(&mut self, is_answered: bool) -> Next {
        self.end_accounting(is_answered);
        self.reply.shrink();
        // A promise to keep the connection holds while the worker stops: the client may have sent more already.
        if !is_answered || self.reply.keep() != Persistence::Stay {
            connection::drain_client(&self.client.socket);
            return Next::End;
        }
        self.is_first = false;
        if !self.receiver.is_between_requests() && self.client.task.has_run_its_share() {
            return Next::Wait(WaitReason::Yield, Place::Receive);
        }
        Next::At(Place::Receive)
    }

    fn end_accounting(&mut self, is_answered: bool) {
        let probe = &self.client.task.shared.probe;
        self.accounting.end(probe, probe.now(), is_answered);
    }

    fn begin_to_linger(&mut self) -> Next {
        connection::shutdown_write(&self.client.socket);
        Next::At(Place::Linger {
            left: LINGER_BYTES,
            until: self.shared().probe.now() + LINGER_TIME,
        })
    }

    /// Waits for a refused client to read the refusal, while it may still be sending.
    fn linger(&mut self, left: usize, until: Stamp) -> Next {
        let mut room = [0; 512];
        match self.client.read(&mut room, Deadline::until(until)) {
            Ok(Attempt::Waits(reason)) => Next::Wait(reason, Place::Linger { left, until }),
            Ok(Attempt::Done(1..)) if left > room.len() => Next::At(Place::Linger {
                left: left - room.len(),
                until,
            }),
            Ok(Attempt::Done(_)) | Err(_) => Next::End,
        }
    }

    fn shared(&self) -> &Rc<Shared> {
        &self.client.task.shared
    }

    /// True if the answer that begins now leaves its connection open.
    fn keeps_connections(&self) -> bool {
        self.resources.keepalive.is_some() && !self.shared().stopping.get()
    }

    fn date(&self) -> Date {
        self.resources.date_cache.at(self.client.received_at)
    }
}

/// The connection ends, and with it a request that has begun. The hub records the task's last slice.
impl Drop for Connection {
    fn drop(&mut self) {
        self.end_accounting(false);
        self.client.task.request = self.accounting.works_for();
    }
}

/// Begins to send the gathered bytes.
fn send(then: AfterSend) -> Next {
    Next::At(Place::Send { sent: 0, then })
}
