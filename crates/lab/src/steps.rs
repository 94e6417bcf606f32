//! Progress of a long command: each step with its number, and the estimated remaining time.

use concsim_driver::console;
use concsim_os::sys::clock::Clock;

/// The steps of a command, with the expected time of each.
#[derive(Debug)]
pub struct Steps {
    clock: Clock,
    expected_s: Vec<f64>,
    begun: usize,
}

impl Steps {
    /// Returns steps with these expected times, in seconds.
    pub fn expected(expected_s: Vec<f64>) -> Self {
        Self {
            clock: Clock::starting_now(),
            expected_s,
            begun: 0,
        }
    }

    /// Reports on standard error that the next step begins.
    pub fn begin(&mut self, what: &str) {
        let elapsed_s = self.clock.now().0 as f64 / 1e9;
        console::print_message(self.line(what, elapsed_s));
        self.begun += 1;
    }

    /// Returns `step 2 of 5: switches, about 75 s left`.
    fn line(&self, what: &str, elapsed_s: f64) -> String {
        let (number, all) = (self.begun + 1, self.expected_s.len());
        let left = roughly(self.left_s(elapsed_s));
        format!("step {number} of {all}: {what}; about {left} left")
    }

    /// Returns the remaining seconds, scaled by the time of the steps so far.
    fn left_s(&self, elapsed_s: f64) -> f64 {
        let (over, to_come) = self
            .expected_s
            .split_at(self.begun.min(self.expected_s.len()));
        let [over, to_come] = [over, to_come].map(|steps| steps.iter().sum::<f64>());
        let pace = if over > 0.0 { elapsed_s / over } else { 1.0 };
        to_come * pace
    }
}

/// Returns a length of time in the largest unit of which there are two or more: `12 s`, `3 min`, `2 h`.
pub fn roughly(seconds: f64) -> String {
    let unit = [(3_600.0, "h"), (60.0, "min")];
    let unit = unit.into_iter().find(|(length, _)| seconds >= 2.0 * length);
    let (length, name) = unit.unwrap_or((1.0, "s"));
    format!("{:.0} {name}", (seconds / length).ceil())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_is_that_of_the_steps_to_come_at_the_pace_of_those_before() {
        let mut steps = Steps::expected(vec![10.0, 20.0, 30.0]);
        assert_eq!(
            steps.line("cores", 0.0),
            "step 1 of 3: cores; about 60 s left"
        );
        steps.begun = 1;
        // The first took twice the expected time.
        assert_eq!(
            steps.line("waits", 20.0),
            "step 2 of 3: waits; about 100 s left"
        );
        steps.begun = 2;
        assert_eq!(
            steps.line("calls", 45.0),
            "step 3 of 3: calls; about 45 s left"
        );
    }

    #[test]
    fn lengths_of_time_are_written_in_round_numbers() {
        for (seconds, text) in [
            (0.2, "1 s"),
            (119.0, "119 s"),
            (121.0, "3 min"),
            (7_300.0, "3 h"),
        ] {
            assert_eq!(roughly(seconds), text);
        }
    }
}
