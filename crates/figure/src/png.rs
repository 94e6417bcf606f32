//! A figure as PNG, with twice the density of its SVG and a built-in font: the same pixels on every machine.

use std::io::Read as _;

use flate2::read::GzDecoder;
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{self, Options, Tree};

/// `DejaVu` Sans and its bold, reduced to the letters of European languages, arrows and signs of mathematics,
/// compressed (see `assets/fonts/README.md`).
const FONTS: [&[u8]; 2] = [
    include_bytes!("../../../assets/fonts/sans.ttf.gz"),
    include_bytes!("../../../assets/fonts/sans-bold.ttf.gz"),
];
/// Pixels for each user unit.
const DENSITY: f32 = 2.0;

/// Error of drawing a picture.
#[derive(Debug, thiserror::Error)]
pub enum DrawError {
    /// The SVG is invalid.
    #[error("the figure's SVG cannot be read: {0}")]
    Svg(#[from] usvg::Error),
    /// The picture does not fit into memory.
    #[error("the picture is too large")]
    TooLarge,
    /// The encoder failed.
    #[error("the picture cannot be written: {0}")]
    Encoder(String),
}

/// Draws an SVG of this crate.
///
/// # Errors
/// Fails if the SVG is invalid, or too large.
pub fn of_svg(svg: &str) -> Result<Vec<u8>, DrawError> {
    let tree = tree_of(svg)?;
    let size = tree.size();
    let pixels = |length: f32| (length * DENSITY).ceil() as u32;
    let mut picture =
        Pixmap::new(pixels(size.width()), pixels(size.height())).ok_or(DrawError::TooLarge)?;
    resvg::render(
        &tree,
        Transform::from_scale(DENSITY, DENSITY),
        &mut picture.as_mut(),
    );
    picture
        .encode_png()
        .map_err(|error| DrawError::Encoder(error.to_string()))
}

/// Parses an SVG of this crate, with letters of the built-in font.
pub(super) fn tree_of(svg: &str) -> Result<Tree, usvg::Error> {
    let mut options = Options {
        font_family: "DejaVu Sans".into(),
        ..Options::default()
    };
    for font in FONTS {
        options.fontdb_mut().load_font_data(decompressed(font));
    }
    options.fontdb_mut().set_sans_serif_family("DejaVu Sans");
    Tree::from_str(svg, &options)
}

fn decompressed(font: &[u8]) -> Vec<u8> {
    let mut data = Vec::new();
    let read = GzDecoder::new(font).read_to_end(&mut data);
    read.expect("a font of the program is valid gzip");
    data
}
