//! Steps of a script as callbacks: a step that waits returns the place at which it goes on. The counterparts
//! are `Player` in `handler/play.rs`, and `Parking` in `coroutine.rs`.

use std::io;
use std::rc::Rc;

use super::{AfterSend, Call, Connection, Next, Place, send};
use crate::handler::{self, CallFailed, StopReason, overflow_the_stack};
use crate::server::accounting::Wait;
use crate::server::process_memory;
use crate::server::service_pool::{self, Grant, PooledConnection};
use crate::server::task_context::WaitReason;
use crate::server::thread_pool::PooledWait;
use crate::server::transport::{Interest, POOL};
use crate::server::wire::Answer;
use concsim_engine::policy::is_yield;
use concsim_model::scenario::{Step, WaitMode};
use concsim_model::units::{CpuTime, Elapsed, Stamp};

impl Connection {
    /// Plays a step; completes the answer after the last one.
    pub(super) fn step(&mut self, step: usize) -> Result<Next, StopReason> {
        let resources = Rc::clone(&self.resources);
        let script = resources.application.script(self.script.class);
        let Some(played) = script.get(step) else {
            return Ok(self.complete());
        };
        if !matches!(played, Step::Write { .. }) && !self.reply.unsent().is_empty() {
            // Bytes written so far go out before the next step takes its time.
            return Ok(send(AfterSend::Step(step)));
        }
        let timed = script[..step].iter().filter(|it| it.duration().is_some());
        let demand = played
            .duration()
            .map_or(0, |_| self.script.demands[timed.count()]);
        self.play(step, played, demand)
    }

    /// Plays a step. `demand` is its duration, if it has one.
    fn play(&mut self, step: usize, played: &Step, demand: u64) -> Result<Next, StopReason> {
        let next = Place::Step(step + 1);
        Ok(match *played {
            Step::Write { bytes } => self.write(step, bytes),
            Step::Compute { .. } => Next::At(Place::Compute {
                step,
                left: CpuTime(demand),
            }),
            Step::Sleep {
                mode: WaitMode::InThreads,
                ..
            } => self.wait_in_threads(step, PooledWait::Sleep(Elapsed(demand))),
            Step::Call {
                service,
                mode: WaitMode::InThreads,
                ..
            } => {
                let (wait, request) = (Elapsed(demand), self.accounting.request);
                let wait = PooledWait::Call {
                    service,
                    wait,
                    request,
                };
                self.wait_in_threads(step, wait)
            }
            Step::Call { service, mode, .. } => self.call(Call {
                step,
                service,
                wait: Elapsed(demand),
                mode,
            })?,
            Step::Offload { .. } => self.call(Call {
                step,
                service: POOL,
                wait: Elapsed(demand),
                mode: WaitMode::Patched,
            })?,
            Step::Sleep { mode, .. } => self.sleep(Elapsed(demand), mode, next),
            Step::Yield => Next::Wait(WaitReason::Yield, next),
            Step::Touch { bytes } => {
                process_memory::grow_cache_to(bytes);
                Next::At(next)
            }
            Step::Count {
                counter,
                with_yield,
            } => self.read_counter(step, counter, with_yield),
            Step::Panic => {
                handler::step_panic();
                Next::At(next)
            }
            Step::Overflow => {
                overflow_the_stack();
                Next::At(next)
            }
        })
    }

    /// Begins a part of the body; the head goes out with the first one.
    fn write(&mut self, step: usize, bytes: u64) -> Next {
        if !std::mem::replace(&mut self.script.has_head, true) {
            let (class, date) = (self.script.class, self.date());
            let application = &self.resources.application;
            application.head(class, date, &mut self.reply);
        }
        Next::At(Place::Fill { step, left: bytes })
    }

    /// Reads a counter, to which [`Self::count`] adds.
    fn read_counter(&mut self, step: usize, counter: usize, with_yield: bool) -> Next {
        let place = Place::Count {
            step,
            counter,
            read: self.shared().probe.counter(counter),
        };
        if with_yield {
            return Next::Wait(WaitReason::Yield, place);
        }
        Next::At(place)
    }

    /// Computes a slice, and lets go if there is another one.
    pub(super) fn compute(&mut self, step: usize, left: CpuTime) -> Next {
        let script = self.resources.application.script(self.script.class);
        let slice = match script[step] {
            Step::Compute { slice, .. } => handler::longest_slice(slice),
            _ => CpuTime(u64::MAX),
        };
        let probe = &self.client.task.shared.probe;
        self.accounting.compute(probe, left.min(slice));
        if left > slice {
            let left = left - slice;
            return Next::Wait(WaitReason::Yield, Place::Compute { step, left });
        }
        Next::At(Place::Step(step + 1))
    }

    /// Adds 1 to a counter, as it was read. Updates by others since then are lost.
    pub(super) fn count(&mut self, step: usize, counter: usize, read: u64) -> Next {
        self.shared().probe.counted(counter, read + 1);
        self.script.counted = Some((counter, read + 1));
        Next::At(Place::Step(step + 1))
    }

    /// Waits for a timer; `unpatched`, blocks the process.
    fn sleep(&mut self, wait: Elapsed, mode: WaitMode, next: Place) -> Next {
        let probe = &self.client.task.shared.probe;
        let due = probe.now() + wait;
        match mode {
            WaitMode::Patched if is_yield(wait) => Next::Wait(WaitReason::Yield, next),
            WaitMode::Patched | WaitMode::InThreads => Next::Wait(WaitReason::Timer(due), next),
            WaitMode::Unpatched => {
                let sleep = || probe.clock().sleep_until(due);
                let end_of = |&(): &(), _, _| (due, Wait::Timer);
                self.accounting.block(probe, sleep, end_of);
                Next::At(next)
            }
        }
    }

    /// Hands the wait of a step to a thread of the pool.
    fn wait_in_threads(&mut self, step: usize, wait: PooledWait) -> Next {
        let reason = self.client.task.hand_to_pool(wait);
        Next::Wait(reason, Place::InThreads(step + 1))
    }

    /// Goes on with `step` after a wait that a thread of the pool has executed.
    pub(super) fn waited_in_threads(&mut self, step: usize) -> Result<Next, CallFailed> {
        let task = &self.client.task;
        task.goes_on_after_pool(&mut self.accounting)?;
        Ok(Next::At(Place::Step(step)))
    }

    /// Calls a service on a connection from the pool. Waits for a place in it if none is free.
    fn call(&mut self, call: Call) -> Result<Next, CallFailed> {
        let pool = &self.resources.services;
        if let Some(place) = pool.take(call.service) {
            return self.connect(call, place);
        }
        let grant = pool.wait(call.service, self.client.task.id);
        Ok(Next::Wait(
            WaitReason::Service,
            Place::Grant { call, grant },
        ))
    }

    /// Goes on with a place in the pool.
    pub(super) fn granted(&mut self, call: Call, grant: &Grant) -> Result<Next, CallFailed> {
        let (place, since) = grant.take();
        let task = &self.client.task;
        task.goes_on(&mut self.accounting, since, Wait::Connection);
        self.connect(call, place)
    }

    /// Takes an idle connection, or opens one.
    fn connect(&mut self, call: Call, place: service_pool::Place) -> Result<Next, CallFailed> {
        let pooled = place.connection()?;
        if pooled.connection.is_connected() {
            return self.send_call(call, pooled);
        }
        let task = &self.client.task;
        task.waits_for_service(&pooled.registration, Interest::Write);
        let place = Place::Connect { call, pooled };
        Ok(Next::Wait(WaitReason::Service, place))
    }

    /// Goes on with a new connection to a service.
    pub(super) fn connected(
        &mut self,
        call: Call,
        pooled: PooledConnection,
    ) -> Result<Next, CallFailed> {
        let task = &self.client.task;
        let opened = task.shared.polled.get();
        task.goes_on(&mut self.accounting, opened, Wait::Connection);
        pooled.connection.finish_connect()?;
        self.send_call(call, pooled)
    }

    /// Sets a new connection up, sends a call, and waits for the answers; `unpatched`, blocks the process.
    fn send_call(&mut self, call: Call, mut pooled: PooledConnection) -> Result<Next, CallFailed> {
        let request = self.accounting.request;
        match call.mode {
            WaitMode::Patched | WaitMode::InThreads => {
                if let Some(connect) = pooled.set_up_time() {
                    pooled.connection.send_set_up(connect)?;
                    return Ok(self.await_set_up(call, pooled));
                }
                pooled.connection.send_call(call.wait, request)?;
                Ok(self.await_answer(call, pooled))
            }
            WaitMode::Unpatched => {
                let probe = &self.client.task.shared.probe;
                let clock = probe.clock();
                let ask = || pooled.call_blocking(call.wait, request, clock);
                let end_of =
                    |answer: &io::Result<(Answer, Option<Stamp>)>, began, returned| match answer {
                        Ok((answer, connected)) => {
                            Wait::for_answer(connected.unwrap_or(began), answer, call.wait)
                        }
                        Err(_) => (returned, Wait::Connection),
                    };
                self.accounting.block(probe, ask, end_of).0?;
                Ok(give_back(call, pooled))
            }
        }
    }

    fn await_set_up(&mut self, call: Call, pooled: PooledConnection) -> Next {
        let task = &self.client.task;
        task.waits_for_service(&pooled.registration, Interest::Read);
        Next::Wait(WaitReason::Service, Place::SetUp { call, pooled })
    }

    /// Goes on with a connection that is set up, or with a part of the service's answer to that.
    pub(super) fn set_up(
        &mut self,
        call: Call,
        mut pooled: PooledConnection,
    ) -> Result<Next, CallFailed> {
        let answer = pooled.connection.take_answer();
        let task = &self.client.task;
        let over = match &answer {
            Ok(Some(answer)) => answer.written,
            Ok(None) | Err(_) => task.shared.polled.get(),
        };
        task.goes_on(&mut self.accounting, over, Wait::Connection);
        match answer? {
            Some(_) => self.send_call(call, pooled),
            None => Ok(self.await_set_up(call, pooled)),
        }
    }

    fn await_answer(&mut self, call: Call, pooled: PooledConnection) -> Next {
        let task = &self.client.task;
        task.waits_for_service(&pooled.registration, Interest::Read);
        Next::Wait(WaitReason::Service, Place::Call { call, pooled })
    }

    /// Goes on with the answer of a service, or with a part of it.
    pub(super) fn called(
        &mut self,
        call: Call,
        mut pooled: PooledConnection,
    ) -> Result<Next, CallFailed> {
        let answer = pooled.connection.take_answer();
        let task = &self.client.task;
        let (yielded_at, reported) = (task.yielded_at, task.shared.polled.get());
        let (over, wait) = match &answer {
            Ok(Some(answer)) => Wait::for_answer(yielded_at, answer, call.wait),
            Ok(None) => (reported, Wait::part_of_answer(yielded_at)),
            Err(_) => (reported, Wait::Connection),
        };
        task.goes_on(&mut self.accounting, over, wait);
        Ok(match answer? {
            Some(_) => give_back(call, pooled),
            None => self.await_answer(call, pooled),
        })
    }

    /// Gathers bytes of the body; sends them if there is no room for all.
    pub(super) fn fill(&mut self, step: usize, left: u64) -> Next {
        match self.reply.fill(left) {
            0 => Next::At(Place::Step(step + 1)),
            left => send(AfterSend::Fill { step, left }),
        }
    }
}

/// Gives a connection to a service back after its call, and goes on with the next step.
fn give_back(call: Call, pooled: PooledConnection) -> Next {
    pooled.give_back();
    Next::At(Place::Step(call.step + 1))
}
