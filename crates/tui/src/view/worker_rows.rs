//! Workers with rows of their own, and workers that share one.
//!
//! A killed worker comes back in its slot, so its row stays. Workers that were removed or replaced do not
//! come back: once there are several, they share the last row, so that they push no living worker off the
//! screen.

use crate::view_model::{ViewModel, WorkerState, WorkerView};
use concsim_model::units::letter;
use concsim_model::words::cut_list;

/// Rows of workers, in order.
pub(super) struct WorkerRows<'a> {
    /// Workers with a row of their own.
    pub(super) own: Vec<&'a WorkerView>,
    /// Slots of the workers that share the last row: none, or several.
    gone: Vec<usize>,
}

impl<'a> WorkerRows<'a> {
    /// Returns the rows for a picture.
    pub(super) fn of(picture: &'a ViewModel) -> Self {
        let is_gone = |worker: &&WorkerView| worker.doing == WorkerState::Gone;
        let gone = picture.workers.iter().filter(is_gone);
        let gone: Vec<usize> = gone.map(|worker| worker.index).collect();
        let all_own = gone.len() < 2;
        let own = picture.workers.iter();
        let own = own.filter(|worker| all_own || !is_gone(worker));
        Self {
            own: own.chain(&picture.processes).collect(),
            gone: if all_own { Vec::new() } else { gone },
        }
    }

    /// Returns the number of all rows.
    pub(super) fn rows(&self) -> usize {
        self.own.len() + usize::from(!self.gone.is_empty())
    }

    /// Returns the number of workers in the shared row and its text, such as `A B C: their processes have
    /// ended`, of at most `width` columns.
    pub(super) fn shared(&self, width: u16) -> Option<(usize, String)> {
        if self.gone.is_empty() {
            return None;
        }
        let names = self.gone.iter().map(|index| letter(*index));
        let behind = ": their processes have ended";
        let text = cut_list(names, usize::from(width).saturating_sub(behind.len()));
        Some((self.gone.len(), text + behind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(doings: &[WorkerState]) -> ViewModel {
        let worker = |(index, doing): (usize, &WorkerState)| WorkerView {
            index,
            doing: *doing,
            ..WorkerView::default()
        };
        ViewModel {
            workers: doings.iter().enumerate().map(worker).collect(),
            ..ViewModel::default()
        }
    }

    #[test]
    fn a_worker_that_is_gone_keeps_its_row_and_several_share_the_last() {
        let one = picture(&[WorkerState::Idle, WorkerState::Gone, WorkerState::Running]);
        let listed = WorkerRows::of(&one);
        assert_eq!((listed.rows(), listed.shared(80)), (3, None));
        let two = picture(&[
            WorkerState::Gone,
            WorkerState::Idle,
            WorkerState::Gone,
            WorkerState::Running,
        ]);
        let listed = WorkerRows::of(&two);
        let own: Vec<usize> = listed.own.iter().map(|worker| worker.index).collect();
        assert_eq!((own, listed.rows()), (vec![1, 3], 3));
        let text = "A C: their processes have ended".to_owned();
        assert_eq!(listed.shared(80), Some((2, text)));
    }
}
