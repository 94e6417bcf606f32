//! The requests, by number: class, demands and bytes.
//!
//! Request *n* is the same in every run of a scenario with the same seed. Some requests are prepared ahead,
//! while there is nothing else to do, so that little is left to do between the instant at which a request
//! is due and its `write`.

use std::collections::VecDeque;
use std::io::Write;

use crate::telemetry::ExtraRequest;
use concsim_model::scenario::{ConnectionMode, Scenario, Step, draw};
use concsim_model::units::CpuTime;

/// Number of requests that are prepared ahead.
const PREPARED_AHEAD: usize = 64;
/// Number of requests that are prepared before the poller is asked again.
const WRITTEN_AT_ONCE: usize = 8;

/// Request that is ready to be sent.
#[derive(Debug)]
pub(super) struct PreparedRequest {
    /// Number in the run, from 0.
    pub number: u32,
    /// Index of its class, into the scenario's requests.
    pub class: u16,
    /// Its bytes: `GET /profile?n=17&d=1000000,99000000 HTTP/1.1` and the rest of the head.
    pub bytes: Vec<u8>,
}

/// Prepares requests, in the order of their numbers.
pub(super) struct Requests<'a> {
    scenario: &'a Scenario,
    /// Rest of each head, after the path.
    tail: String,
    prepared: VecDeque<PreparedRequest>,
    /// Buffers of requests that were sent, to be used again.
    spare: Vec<Vec<u8>>,
    next: u32,
}

impl<'a> Requests<'a> {
    pub(super) fn new(scenario: &'a Scenario, host: &str) -> Self {
        let connection = match scenario.load.connection {
            ConnectionMode::PerRequest => "Connection: close\r\n",
            ConnectionMode::KeepAlive => "",
        };
        Self {
            scenario,
            tail: format!(" HTTP/1.1\r\nHost: {host}\r\n{connection}\r\n"),
            prepared: VecDeque::with_capacity(PREPARED_AHEAD),
            spare: Vec::new(),
            next: 0,
        }
    }

    /// Takes the next request; its class is another one for an extra request. It has the next number either
    /// way.
    pub(super) fn take_for(&mut self, extra: Option<ExtraRequest>) -> PreparedRequest {
        let next = self.take();
        let Some(extra) = extra else {
            return next;
        };
        let class = usize::from(extra.class);
        let demands = draw::demands(self.scenario, class, u64::from(next.number));
        let script = &self.scenario.requests[class].script;
        let demands = stretched(demands, script, extra.at_least);
        self.write(next.number, class, &demands, next.bytes)
    }

    fn take(&mut self) -> PreparedRequest {
        match self.prepared.pop_front() {
            Some(prepared) => prepared,
            None => self.write_next(),
        }
    }

    /// Gives back the buffer of a request that was sent.
    pub(super) fn give_back(&mut self, bytes: Vec<u8>) {
        self.spare.push(bytes);
    }

    /// Prepares a few requests ahead: few, since a request may be due soon.
    pub(super) fn write_some_ahead(&mut self) {
        let missing = PREPARED_AHEAD - self.prepared.len();
        for _ in 0..missing.min(WRITTEN_AT_ONCE) {
            let prepared = self.write_next();
            self.prepared.push_back(prepared);
        }
    }

    fn write_next(&mut self) -> PreparedRequest {
        let number = self.next;
        self.next = number
            .checked_add(1)
            .expect("a run has fewer than four thousand million requests");
        let class = draw::class_of(self.scenario, u64::from(number));
        let demands = draw::demands(self.scenario, class, u64::from(number));
        let bytes = self.spare.pop().unwrap_or_default();
        self.write(number, class, &demands, bytes)
    }

    fn write(
        &self,
        number: u32,
        class: usize,
        demands: &[u64],
        mut bytes: Vec<u8>,
    ) -> PreparedRequest {
        bytes.clear();
        let name = &self.scenario.requests[class].name;
        write!(bytes, "GET /{name}?n={number}").expect("a Vec takes all bytes");
        write_demands(&mut bytes, demands);
        bytes.extend_from_slice(self.tail.as_bytes());
        PreparedRequest {
            number,
            class: class as u16,
            bytes,
        }
    }
}

/// Appends `&d=1000000,99000000`; nothing for a request without a step that takes time.
fn write_demands(bytes: &mut Vec<u8>, demands: &[u64]) {
    for (index, demand) in demands.iter().enumerate() {
        let before = if index == 0 { "&d=" } else { "," };
        write!(bytes, "{before}{demand}").expect("a Vec takes all bytes");
    }
}

/// Returns the `demands` of a script, with its computing stretched to `at_least`.
fn stretched(mut demands: Vec<u64>, script: &[Step], at_least: CpuTime) -> Vec<u64> {
    let timed = script.iter().filter(|step| step.duration().is_some());
    let computing = |(step, demand)| matches!(step, &Step::Compute { .. }).then_some(demand);
    let mut computed: Vec<&mut u64> = timed.zip(&mut demands).filter_map(computing).collect();
    let all: u64 = computed.iter().map(|demand| **demand).sum();
    match computed.as_mut_slice() {
        [first, ..] if all == 0 => **first = at_least.0,
        computed if all < at_least.0 => {
            for demand in computed {
                let share = u128::from(**demand) * u128::from(at_least.0) / u128::from(all.max(1));
                **demand = u64::try_from(share).unwrap_or(u64::MAX);
            }
        }
        _ => {}
    }
    demands
}

#[cfg(test)]
mod tests {
    use super::*;
    use concsim_engine::timetable::small::closed;
    use concsim_model::scenario::{Draw, Request, WaitMode};
    use concsim_model::units::Elapsed;

    #[test]
    fn a_request_more_takes_the_next_number_and_the_others_stay_what_they_are() {
        let scenario = two_classes();
        let mut with = Requests::new(&scenario, "there:80");
        let mut without = Requests::new(&scenario, "there:80");
        let extra = ExtraRequest {
            class: 1,
            at_least: CpuTime::ZERO,
        };
        for number in 0..50 {
            with.write_some_ahead();
            let asked = (number == 20).then_some(extra);
            let (a, b) = (with.take_for(asked), without.take());
            assert_eq!((a.number, b.number), (number, number));
            match asked {
                None => assert_eq!(text(&a), text(&b)),
                Some(_) => assert!(text(&a).starts_with("GET /slow?n=20&d="), "{}", text(&a)),
            }
        }
    }

    #[test]
    fn a_request_is_lengthened_only_if_it_computes_too_little_for_a_hog() {
        let compute = |cpu| Step::Compute {
            cpu: Draw::Fixed(cpu),
            slice: None,
        };
        let sleep = Step::Sleep {
            wait: Draw::Fixed(7),
            mode: WaitMode::Patched,
        };
        let script = [compute(1), Step::Yield, sleep, compute(3)];
        let of = |demands: &[u64], least| stretched(demands.to_vec(), &script, CpuTime(least));
        assert_eq!(of(&[1, 7, 3], 400), [100, 7, 300]);
        assert_eq!(of(&[100, 7, 300], 4), [100, 7, 300]);
        assert_eq!(of(&[0, 7, 0], 400), [400, 7, 0]);
        assert_eq!(stretched(vec![7], &script[2..3], CpuTime(400)), [7]);
    }

    fn two_classes() -> Scenario {
        let mut scenario = closed(1, Elapsed::ZERO);
        let sleep = Step::Sleep {
            wait: Draw::Exponential { mean: 5_000_000 },
            mode: WaitMode::Patched,
        };
        scenario.requests.push(Request {
            name: "slow".into(),
            weight: 2.0,
            script: vec![sleep.clone(), Step::Yield, sleep],
        });
        scenario
    }

    fn text(prepared: &PreparedRequest) -> String {
        String::from_utf8(prepared.bytes.clone()).unwrap()
    }

    #[test]
    fn a_request_without_demands_has_a_number_only() {
        let scenario = closed(1, Elapsed::ZERO);
        let mut requests = Requests::new(&scenario, "there:80");
        assert_eq!(
            text(&requests.take()),
            "GET /hello?n=0 HTTP/1.1\r\nHost: there:80\r\nConnection: close\r\n\r\n"
        );
    }

    #[test]
    fn a_request_has_a_demand_for_each_step_that_takes_time() {
        let scenario = two_classes();
        let mut requests = Requests::new(&scenario, "there:80");
        let slow = std::iter::from_fn(|| Some(requests.take()))
            .find(|prepared| prepared.class == 1)
            .unwrap();
        let [first, second] = draw::demands(&scenario, 1, u64::from(slow.number))[..] else {
            panic!("two steps take time");
        };
        let start = format!("GET /slow?n={}&d={first},{second} HTTP/1.1", slow.number);
        assert!(text(&slow).starts_with(&start));
    }

    #[test]
    fn requests_written_ahead_are_those_written_later() {
        let scenario = two_classes();
        let mut ahead = Requests::new(&scenario, "there:80");
        let mut later = Requests::new(&scenario, "there:80");
        for number in 0..300 {
            if number % 7 == 0 {
                ahead.write_some_ahead();
            }
            let (a, b) = (ahead.take(), later.take());
            assert_eq!((a.number, text(&a)), (number, text(&b)));
            ahead.give_back(a.bytes);
        }
    }
}
