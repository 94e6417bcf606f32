//! Views: the middle of the screen while a variant is played.

/// View.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Pane {
    /// Door, workers, cores, the two numbers, the variants.
    #[default]
    Overview,
    /// A row for each core and each request, along one axis of time.
    Lanes,
    /// Distribution of latencies.
    Latency,
    /// The variants beside each other.
    Compare,
    /// The requests, one by one.
    Requests,
    /// Workers, with every number.
    Workers,
    /// Remarks with their evidence.
    Remarks,
    /// Values computed from the scenario alone, beside the measured ones.
    Theory,
}

impl Pane {
    /// All views, in the order of the key that goes through them.
    pub(super) const ALL: [Self; 8] = [
        Self::Overview,
        Self::Lanes,
        Self::Latency,
        Self::Compare,
        Self::Requests,
        Self::Workers,
        Self::Remarks,
        Self::Theory,
    ];

    /// Returns the view `steps` further, wrapping around.
    pub(super) fn further(self, steps: usize) -> Self {
        let place = Self::ALL.iter().position(|pane| *pane == self);
        Self::ALL[(place.unwrap_or(0) + steps) % Self::ALL.len()]
    }
}
