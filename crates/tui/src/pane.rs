//! What fills the middle of the screen while a variant is played.

/// One of the views.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Pane {
    /// Door, workers, cores, the two numbers, the variants.
    #[default]
    Overview,
    /// A row for each core and each request, along one axis of time.
    Lanes,
    /// How long answers took.
    Latency,
    /// The variants beside each other.
    Compare,
    /// The requests, one by one.
    Requests,
    /// Each worker in full.
    Workers,
    /// What is worth saying, and on what evidence.
    Remarks,
    /// What is computed from the scenario alone, beside what came out.
    Theory,
}

impl Pane {
    /// All of them, in the order in which one goes through them.
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

    /// The one that is `steps` further, around the end.
    pub(super) fn further(self, steps: usize) -> Self {
        let place = Self::ALL.iter().position(|pane| *pane == self);
        Self::ALL[(place.unwrap_or(0) + steps) % Self::ALL.len()]
    }
}
