//! A request beyond the timetable, asked for by hand.

use concsim_model::units::CpuTime;

/// Request beyond the load, as the driver asks for it through a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtraRequest {
    /// Index of its class, into the scenario's requests.
    pub class: u16,
    /// Least CPU time of its computing: what it draws is stretched if that is less.
    pub at_least: CpuTime,
}

impl ExtraRequest {
    /// Encodes it as a message: the class, and milliseconds above it.
    #[must_use]
    pub fn to_message(self) -> u64 {
        u64::from(self.class) | ((self.at_least.0 / 1_000_000) << 16)
    }

    /// Decodes a message.
    #[must_use]
    pub fn from_message(message: u64) -> Self {
        Self {
            class: (message & 0xFFFF) as u16,
            at_least: CpuTime((message >> 16) * 1_000_000),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_more_reads_back_from_its_message() {
        let extra = ExtraRequest {
            class: 3,
            at_least: CpuTime(500_000_000),
        };
        assert_eq!(ExtraRequest::from_message(extra.to_message()), extra);
    }
}
