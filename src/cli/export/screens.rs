//! Screens of a stored run, for pages and for players of terminal recordings.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Error, bail};

use super::{Source, named};
use crate::cli::talk;
use concsim_model::palette::{Background, Look, Room, Theme};
use concsim_model::units::{Elapsed, Stamp};
use concsim_os::sys::files;
use concsim_tui::capture::{self, ScreenRenderer, text};

/// Common options of both exports.
#[derive(Debug, clap::Args)]
struct Common {
    #[command(flatten)]
    source: Source,
    /// Size in columns and lines
    #[arg(long, value_name = "WIDTHxHEIGHT", default_value = "80x24", value_parser = size)]
    size: (u16, u16),
    /// Keys to press first, such as 4 for the variants side by side
    #[arg(long, default_value = "")]
    keys: String,
    /// Layout for a hall: few panes, large digits
    #[arg(long)]
    projector: bool,
    /// Output file; by default standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(super) struct ScreenArgs {
    #[command(flatten)]
    common: Common,
    /// Instant, counted from the first request of the variant: 3.2s; repeatable with `--form text`
    #[arg(long, required = true)]
    at: Vec<String>,
    /// Keys to press next, after which all instants are drawn again; repeatable, with `--form text`
    #[arg(long, value_name = "KEYS")]
    then: Vec<String>,
    /// Drawing, or plain text; a form feed separates texts
    #[arg(long, value_enum, default_value = "svg")]
    form: Form,
    /// Variant; by default the first
    #[arg(long, value_name = "NAME")]
    variant: Option<String>,
    /// Colours for light pages, for dark ones, or by the reader's preference
    #[arg(long, value_enum, default_value = "auto")]
    theme: Theme,
}

/// Output format of a screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// A drawing for pages
    Svg,
    /// Its characters, without colours
    Text,
}

impl ScreenArgs {
    fn look(&self) -> Look {
        self.common.look_of_a_drawing(self.theme)
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct CastArgs {
    #[command(flatten)]
    common: Common,
    /// Colours of text and background: the player's own, light or dark
    #[arg(long, value_enum, default_value = "auto")]
    theme: Theme,
}

impl CastArgs {
    fn look(&self) -> Look {
        Look {
            theme: self.theme,
            room: self.common.room(),
            ..Look::default()
        }
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct FilmArgs {
    #[command(flatten)]
    common: Common,
    /// Time between two screens; a longer run than 300 of them has fewer
    #[arg(long, value_name = "TIME", default_value = "200ms", value_parser = between)]
    every: Elapsed,
    /// Colours for light pages, for dark ones, or as the reader has it
    #[arg(long, value_enum, default_value = "auto")]
    theme: Theme,
}

fn between(text: &str) -> Result<Elapsed, String> {
    let every = concsim_model::scenario::length(text);
    every
        .filter(|every| *every >= Elapsed::from_millis(20))
        .ok_or_else(|| "a length of time such as 100ms, at least 20ms".into())
}

impl Common {
    /// A drawing has a background of its own, so that none is painted into it.
    fn look_of_a_drawing(&self, theme: Theme) -> Look {
        let own_ground = match theme {
            Theme::Light => Background::Light,
            Theme::Auto | Theme::Dark => Background::Dark,
        };
        Look {
            own_ground,
            room: self.room(),
            ..Look::default()
        }
    }

    /// Reads the run, and opens a screen of it.
    fn stage(&self, look: Look) -> anyhow::Result<ScreenRenderer> {
        let kept = self.source.open()?;
        Ok(ScreenRenderer::open(kept, self.size, &self.keys, look))
    }

    fn room(&self) -> Room {
        if self.projector {
            Room::Projector
        } else {
            Room::Desk
        }
    }
}

fn size(text: &str) -> Result<(u16, u16), String> {
    let parts = text.split_once('x');
    let parsed =
        parts.and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    match parsed {
        Some((width @ 1..=400, height @ 1..=200)) => Ok((width, height)),
        _ => Err("such as 80x24, at most 400x200".into()),
    }
}

/// Writes one screen.
pub(super) fn write_screen(args: &ScreenArgs) -> anyhow::Result<()> {
    write(&screen(args)?, args.common.output.as_deref())
}

/// Writes all screens.
pub(super) fn write_cast(args: &CastArgs) -> anyhow::Result<()> {
    let stage = args.common.stage(args.look())?;
    write(&capture::cast(stage), args.common.output.as_deref())
}

/// Writes all screens as one picture that moves.
pub(super) fn write_film(args: &FilmArgs) -> anyhow::Result<()> {
    let stage = args
        .common
        .stage(args.common.look_of_a_drawing(args.theme))?;
    let film = capture::film(stage, args.every, args.theme);
    write(&film, args.common.output.as_deref())
}

fn write(text: &str, output: Option<&Path>) -> anyhow::Result<()> {
    match named(output) {
        Some(path) => {
            files::write_whole(path, text.as_bytes()).with_context(|| path.display().to_string())
        }
        None => Ok(talk::print(text)?),
    }
}

fn screen(args: &ScreenArgs) -> anyhow::Result<String> {
    let mut stage = args.common.stage(args.look())?;
    let variant = stage.variant(args.variant.as_deref()).map_err(Error::msg)?;
    let instants = args.at.iter().map(|after| stage.instant(variant, after));
    let instants: Vec<(Elapsed, Stamp)> = instants.collect::<Result<_, _>>().map_err(Error::msg)?;
    match (args.form, &instants[..], &args.then[..]) {
        (Form::Svg, [(after, at)], []) => {
            stage.draw(variant, *at);
            Ok(stage.drawing(variant, *after, args.theme))
        }
        (Form::Svg, ..) => {
            bail!("--form svg draws one screen: give one --at and no --then, or --form text")
        }
        (Form::Text, instants, then) => {
            let mut texts = Vec::new();
            // The first keys have already been pressed.
            for keys in std::iter::once("").chain(then.iter().map(String::as_str)) {
                stage.press(keys);
                for (_, at) in instants {
                    stage.draw(variant, *at);
                    texts.push(text(&stage.screen));
                }
            }
            Ok(texts.join("\u{c}\n"))
        }
    }
}
