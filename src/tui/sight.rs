//! The caption: what there is to see, in one or two sentences. It is the first remark that applies to the
//! last second, and stays on for a while, so that the words can be read; the numbers in it follow the
//! picture.

use super::picture::Picture;
use crate::recording::Past;
use crate::recording::remark::{self, Kind, Scene};
use crate::telemetry::Stage;
use crate::words::{counted, is_or_are};

/// What there is to see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Sight {
    /// Processes are being forked.
    #[default]
    Preparing,
    /// Something worth a remark.
    Remark(Kind),
    /// Not much.
    Quiet,
}

/// What is seen at `past`, of which `picture` is, and what is said of it. `same_processes`: the variant before differed in
/// nothing but the kind of its workers.
pub(super) fn caption(
    past: Past<'_>,
    picture: &Picture,
    same_processes: bool,
) -> (Sight, Vec<String>) {
    let workers = past.header().scenario.server.workers as u64;
    if past.sample().stage == Stage::Preparing {
        let workers = counted(workers, "worker");
        let said = format!("The arbiter forks {workers}; nobody asks yet.");
        return (Sight::Preparing, vec![said]);
    }
    let scene = Scene::of_the_last_second(past, picture.mean, &[]);
    let Some(remark) = remark::caption(&scene) else {
        return (Sight::Quiet, vec![remark::at_a_glance(&scene)]);
    };
    let mut said = remark.sentences;
    if remark.kind == Kind::Parked && same_processes {
        let processes = counted(workers, "process");
        said.push(format!("The same {processes} as before."));
    }
    (Sight::Remark(remark.kind), said)
}

/// What the stage means, when it is not the counted window.
pub(super) fn stage_in_words(picture: &Picture) -> Option<String> {
    let left = picture.in_system;
    match picture.stage {
        Stage::Preparing | Stage::Counting => None,
        Stage::WarmUp => Some("Warm-up: this is played, but not counted yet.".into()),
        Stage::Draining if left == 0 => Some("Nothing new is due.".into()),
        Stage::Draining => Some(format!(
            "Nothing new is due; {} {} still waited for.",
            counted(left, "request"),
            is_or_are(left)
        )),
        Stage::Done => Some("Every request has ended.".into()),
    }
}
