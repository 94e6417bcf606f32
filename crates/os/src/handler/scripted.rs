//! A World for tests: it records the operations, and spends no time.

use std::io;
use std::panic::resume_unwind;

use super::{CallFailed, RequestTimes, World};
use crate::http::response::Date;
use concsim_model::scenario::WaitMode;
use concsim_model::units::{CpuTime, Elapsed};

/// Operation on a World.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum WorldCall {
    Compute(u64),
    Call(usize, u64, WaitMode),
    Sleep(u64, WaitMode),
    Yield,
    Read(usize),
    Wrote(usize, u64),
    Touched(u64),
    Offloaded(u64),
    Sent(String),
    Overflowed,
}

/// World that records the operations.
#[derive(Debug, Default)]
pub(super) struct Scripted {
    pub(super) calls: Vec<WorldCall>,
    /// Value that it returns for the time spent.
    pub(super) spent: RequestTimes,
    pub(super) counters: [u64; 2],
    /// Value that others write to a counter whenever the handler lets go.
    pub(super) others_count: Option<u64>,
    pub(super) services_are_gone: bool,
    pub(super) client_is_gone: bool,
    /// True if letting go unwinds the stack, as dropping a coroutine does.
    pub(super) is_unwound: bool,
}

impl Scripted {
    /// Returns all bytes that were sent, as one text.
    pub(super) fn sent(&self) -> String {
        let sent = self.calls.iter().map(|did| match did {
            WorldCall::Sent(bytes) => bytes.as_str(),
            _ => "",
        });
        sent.collect()
    }
}

impl World for Scripted {
    fn compute(&mut self, cpu: CpuTime) {
        self.calls.push(WorldCall::Compute(cpu.0));
    }

    fn call(&mut self, service: usize, wait: Elapsed, mode: WaitMode) -> Result<(), CallFailed> {
        self.calls.push(WorldCall::Call(service, wait.0, mode));
        if self.services_are_gone {
            return Err(io::Error::from(io::ErrorKind::ConnectionRefused).into());
        }
        Ok(())
    }

    fn offload(&mut self, cpu: CpuTime) -> Result<(), CallFailed> {
        self.calls.push(WorldCall::Offloaded(cpu.0));
        Ok(())
    }

    fn sleep(&mut self, wait: Elapsed, mode: WaitMode) {
        self.calls.push(WorldCall::Sleep(wait.0, mode));
    }

    fn yield_now(&mut self) {
        self.calls.push(WorldCall::Yield);
        if self.is_unwound {
            resume_unwind(Box::new(17_u8));
        }
        if let Some(value) = self.others_count {
            self.counters[0] = value;
        }
    }

    fn counter(&mut self, counter: usize) -> u64 {
        self.calls.push(WorldCall::Read(counter));
        self.counters[counter]
    }

    fn set_counter(&mut self, counter: usize, value: u64) {
        self.calls.push(WorldCall::Wrote(counter, value));
        self.counters[counter] = value;
    }

    fn touch(&mut self, bytes: u64) {
        self.calls.push(WorldCall::Touched(bytes));
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.client_is_gone {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let text = String::from_utf8(bytes.to_vec()).expect("answers are text");
        self.calls.push(WorldCall::Sent(text));
        Ok(())
    }

    fn date(&self) -> Date {
        Date::EPOCH
    }

    fn spent(&self) -> RequestTimes {
        self.spent
    }

    fn overflow(&mut self) {
        self.calls.push(WorldCall::Overflowed);
    }
}
