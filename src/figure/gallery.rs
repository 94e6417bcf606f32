//! The gallery: for each kind of figure the commands that make the one in `docs/figures.md`. All are simulated,
//! so that everybody gets the same bytes, but for two: who-runs is of a run that was kept, and parity
//! is drawn from data that were measured once.

use super::Kind;

/// One figure of the gallery.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    /// What it shows.
    pub kind: Kind,
    /// What is played for it, in this order: words behind `concsim`, each with its folder.
    pub played: &'static [(&'static str, &'static str)],
    /// The words behind `concsim figure KIND`, before `-o`; the folders stand here.
    pub of: &'static str,
}

impl Shown {
    /// Where it lies, from the project's folder.
    #[must_use]
    pub fn file(&self) -> String {
        format!("assets/figures/{}.svg", self.kind.name())
    }

    /// The commands that make it, for a shell.
    #[must_use]
    pub fn commands(&self) -> Vec<String> {
        let played = self.played.iter();
        let mut commands: Vec<String> = played
            .map(|(words, folder)| format!("concsim {words} --out {folder}"))
            .collect();
        let (kind, of) = (self.kind.name(), self.of);
        commands.push(format!("concsim figure {kind} {of} -o {kind}.svg"));
        commands
    }
}

/// All of them, in the order of [`Kind::ALL`].
pub const GALLERY: [Shown; 13] = [
    Shown {
        kind: Kind::WhoRuns,
        played: &[],
        of: "tests/recordings/three_requests-v1",
    },
    Shown {
        kind: Kind::Boxes,
        played: &[("sim io_bound", "io")],
        of: "io",
    },
    Shown {
        kind: Kind::Payoff,
        played: &[
            ("sim cpu_bound --set 'server.kind=[sync, coroutine]'", "cpu"),
            ("sim mixed --set load.clients=60", "mixed"),
            ("sim io_bound", "io"),
        ],
        of: "cpu mixed io",
    },
    Shown {
        kind: Kind::Percentiles,
        played: &[("sim mixed --duration 100s", "mixed")],
        of: "mixed",
    },
    Shown {
        kind: Kind::Breakdown,
        played: &[("sim mixed", "mixed")],
        of: "mixed",
    },
    Shown {
        kind: Kind::Heatmap,
        played: &[("sim mixed --duration 60s", "mixed")],
        of: "mixed",
    },
    Shown {
        kind: Kind::Utilisation,
        played: &[("sim mixed", "mixed")],
        of: "mixed",
    },
    Shown {
        kind: Kind::Queues,
        played: &[("sim surge", "surge")],
        of: "surge",
    },
    Shown {
        kind: Kind::Workers,
        played: &[(
            "sweep mixed --over server.workers=1..16 --set load.clients=60",
            "workers",
        )],
        of: "workers",
    },
    Shown {
        kind: Kind::HockeyStick,
        played: &[(
            "sweep mixed --over load.rate=5/s,10/s,20/s,30/s,40/s,50/s,60/s,70/s,80/s,90/s --duration 60s",
            "load",
        )],
        of: "load",
    },
    Shown {
        kind: Kind::WhatIf,
        played: &[(
            "sweep mixed --over machine.cores=1,2,4,8,16,32,64 --set server.workers=16 --set load.clients=200 --duration 60s",
            "cores",
        )],
        of: "cores",
    },
    Shown {
        kind: Kind::OpenClosed,
        played: &[
            ("sim mixed --duration 60s", "open"),
            ("sim mixed --duration 60s --set load.clients=2", "closed"),
        ],
        of: "open closed",
    },
    Shown {
        kind: Kind::Parity,
        played: &[],
        of: "--from assets/figures/parity.csv",
    },
];
