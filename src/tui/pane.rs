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
}

impl Pane {
    /// All of them, in the order in which Tab goes through them, each with its own key.
    pub(super) const ALL: [(char, Self); 7] = [
        ('1', Self::Overview),
        ('2', Self::Lanes),
        ('3', Self::Latency),
        ('4', Self::Compare),
        ('5', Self::Requests),
        ('6', Self::Workers),
        ('7', Self::Remarks),
    ];

    /// The one that is `steps` further, around the end.
    pub(super) fn further(self, steps: usize) -> Self {
        let place = Self::ALL.iter().position(|(_, pane)| *pane == self);
        Self::ALL[(place.unwrap_or(0) + steps) % Self::ALL.len()].1
    }

    /// The one that has this key.
    pub(super) fn of(key: char) -> Option<Self> {
        let found = Self::ALL.iter().find(|(its, _)| *its == key);
        found.map(|(_, pane)| *pane)
    }
}
