//! Test of the gallery in `docs/figures.md`: each kind of figure has its section and a small picture.
//! `concsim figures --check` verifies that each picture is the output of its commands.

use std::fs;
use std::path::PathBuf;

use super::{Kind, Table};

const DOCUMENT: &str = include_str!("../../../docs/figures.md");

fn picture(kind: Kind) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../assets/figures");
    folder.join(kind.name()).with_extension("svg")
}

/// Returns the data of the gallery's figure.
pub(super) fn data_of(kind: Kind) -> Table {
    let data = fs::read_to_string(picture(kind).with_extension("csv")).unwrap();
    Table::from_csv(&data).unwrap()
}

#[test]
fn every_kind_is_in_the_gallery_in_order_with_what_it_says_and_a_picture() {
    let mut place = 0;
    for kind in Kind::ALL {
        let heading = format!("\n## `{}`\n", kind.name());
        let found = DOCUMENT[place..].find(&heading);
        place += found.unwrap_or_else(|| panic!("no {heading}"));
        let section = DOCUMENT[place + 3..].split("\n## ").next().unwrap();
        assert!(section.contains(kind.description()), "{heading}");
        let picture = format!("](../assets/figures/{}.svg)", kind.name());
        assert!(section.contains(&picture), "{heading}");
    }
}

#[test]
fn every_figure_of_the_gallery_is_small() {
    for kind in Kind::ALL {
        let size = fs::read(picture(kind)).unwrap().len();
        let most = match kind {
            Kind::Heatmap => 120 << 10,
            _ => 40 << 10,
        };
        assert!(size <= most, "{}: {size} bytes", kind.name());
    }
}
