//! The gallery: for each kind of figure the commands that make the one in `docs/figures.md`. What is played
//! is simulated, and what was measured comes with the project, so that everybody gets the same bytes.

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
            ("sim io_bound", "io"),
            ("sim mixed --set load.clients=60", "mixed"),
            ("sim cpu_bound", "cpu"),
        ],
        of: "io mixed cpu",
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
            ("sim hog --variant sync --duration 60s", "open"),
            (
                "sim hog --variant sync --duration 60s --set load.clients=1 --set load.think=7ms",
                "closed",
            ),
        ],
        of: "open closed",
    },
    Shown {
        kind: Kind::Parity,
        played: &[
            ("sim io_bound --duration 1s", "io"),
            ("sim three_requests", "three"),
        ],
        of: "tests/recordings/io_bound-v1 io tests/recordings/three_requests-v1 three",
    },
];

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::figure::{Look, Table, draw};
    use crate::palette::Theme;

    const DOCUMENT: &str = include_str!("../../docs/figures.md");

    #[test]
    fn every_kind_is_in_the_gallery_with_what_it_says_and_the_commands_that_make_it() {
        assert_eq!(GALLERY.map(|shown| shown.kind), Kind::ALL);
        let mut place = 0;
        for shown in GALLERY {
            let heading = format!("## `{}`\n", shown.kind.name());
            let found = DOCUMENT[place..].find(&heading);
            place += found.unwrap_or_else(|| panic!("no {heading}"));
            let section = DOCUMENT[place + 3..].split("\n## ").next().unwrap();
            assert!(
                section.contains(&format!("](../{})", shown.file())),
                "{heading}"
            );
            let commands = format!("```sh\n{}\n```", shown.commands().join("\n"));
            assert!(section.contains(&commands), "{heading}{commands}");
        }
    }

    #[test]
    fn every_figure_of_the_gallery_is_small_and_what_is_drawn_from_its_data() {
        let look = Look {
            width: 720,
            theme: Theme::Auto,
            notes: Vec::new(),
        };
        for shown in GALLERY {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(shown.file());
            let svg = fs::read_to_string(&path).unwrap_or_default();
            let most = match shown.kind {
                Kind::Heatmap => 120 << 10,
                _ => 40 << 10,
            };
            assert!(svg.len() <= most, "{}: {} bytes", shown.file(), svg.len());
            let data = fs::read_to_string(path.with_extension("csv")).unwrap();
            let table = Table::from_csv(&data).unwrap();
            let again = draw(&table, &look) == svg;
            assert!(
                again,
                "the commands in docs/figures.md make another {}",
                shown.file()
            );
        }
    }
}
