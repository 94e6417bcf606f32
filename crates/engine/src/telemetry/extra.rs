//! A request more than the timetable has, asked for by hand.

use concsim_model::units::CpuTime;

/// One request more than the load would send, as it is asked for by a bell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extra {
    /// Index of what is asked for, into the scenario's requests.
    pub class: u16,
    /// It computes for at least so long: what it draws is stretched if that is less.
    pub at_least: CpuTime,
}

impl Extra {
    /// As a wish: the class, and milliseconds above it.
    #[must_use]
    pub fn to_message(self) -> u64 {
        u64::from(self.class) | ((self.at_least.0 / 1_000_000) << 16)
    }

    /// What this wish asks for.
    #[must_use]
    pub fn from_message(wish: u64) -> Self {
        Self {
            class: (wish & 0xFFFF) as u16,
            at_least: CpuTime((wish >> 16) * 1_000_000),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_more_reads_back_from_its_wish() {
        let extra = Extra {
            class: 3,
            at_least: CpuTime(500_000_000),
        };
        assert_eq!(Extra::from_message(extra.to_message()), extra);
    }
}
