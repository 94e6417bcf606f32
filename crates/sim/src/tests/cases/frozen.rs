//! A server that is stopped for a while under constant arrivals: each request due meanwhile waits for the
//! rest of the time. A client that sends the next request only after an answer sees a single long request.

use super::*;

/// One request every 100 ms; 100 s of answers within a moment, and 100 s without any.
fn freeze(mark: Elapsed) -> Results {
    let text = processes(1, 1)
        + &at_random(10.0)
        + "load.arrivals = 'constant'\nrequests.it.steps = ['compute 10us']\n\
           timeline = [{ at = '100s', do = 'stop a worker' },\
           { at = '200s', do = 'continue a worker' }]\nload.requests = 2000\n";
    let plan = plan(&text, &[]);
    let scenario = &plan.variants[0].scenario;
    let mut ledger = EndObserver::<false> {
        scenario,
        marks: Marks {
            late: Some(mark),
            waited: None,
        },
        size: u64::MAX,
        batches: Vec::new(),
        batch: Batch::default(),
        ended: 0,
        began: Stamp(BEGIN),
    };
    play(scenario, &mut ledger);
    ledger.batch.seconds = 200.0;
    Results {
        name: "V31, V32: 100 s frozen".into(),
        batches: vec![ledger.batch],
    }
}

fn check(found: f64, expected: f64) {
    assert!(
        (found / expected - 1.0).abs() < WITHIN,
        "{found} instead of {expected}"
    );
}

#[test]
fn half_of_the_requests_wait_for_50_seconds_on_average() {
    let mean = freeze(Elapsed::ZERO).sole(Number::Latency);
    check(mean, 25.000_5);
}

#[test]
fn a_quarter_takes_longer_than_50_seconds_and_one_of_a_hundred_98() {
    for (seconds, share) in [(50, 0.25), (80, 0.1), (98, 0.01)] {
        // Half of an interval later, since one request takes exactly as long.
        let mark = Elapsed::from_millis(1_000 * seconds + 50);
        check(freeze(mark).sole(Number::Late), share);
    }
}

impl Results {
    /// Returns a number of a run that is one batch.
    fn sole(&self, number: Number) -> f64 {
        let (sum, over) = self.batches[0].parts(number);
        sum / over
    }
}
