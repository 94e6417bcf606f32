//! Screens of a stored run, for pages and for players of terminal recordings.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Source, named};
use crate::cli::talk;
use concsim_export::asciicast::Asciicast;
use concsim_export::drawing;
use concsim_export::film::Film;
use concsim_model::palette::{Background, Look, Room, Theme};
use concsim_model::units::{Elapsed, Stamp};
use concsim_os::sys::files;
use concsim_record::feed::Feed;
use concsim_record::storage::StoredRun;
use concsim_record::summary::summarise;
use concsim_tui::{Key, Row, State};

/// Time between frames of a cast.
const FRAME: Elapsed = Elapsed::from_millis(83);
/// Maximum number of frames of a variant: those of 83 minutes.
const MOST_FRAMES: u64 = 60_000;
/// Maximum number of frames of a variant in a film.
const MOST_FRAMES_OF_A_FILM: u64 = 300;
/// Seconds that the last frame stays.
const LAST_STAYS: f64 = 3.0;

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
    /// Colours of text and ground: the player's own, light or dark
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
    write(&cast(args)?, args.common.output.as_deref())
}

/// Writes all screens as one picture that moves.
pub(super) fn write_film(args: &FilmArgs) -> anyhow::Result<()> {
    write(&film(args)?, args.common.output.as_deref())
}

fn write(text: &str, output: Option<&Path>) -> anyhow::Result<()> {
    match named(output) {
        Some(path) => {
            files::write_whole(path, text.as_bytes()).with_context(|| path.display().to_string())
        }
        None => Ok(talk::print(text)?),
    }
}

/// A screen that shows a stored run.
struct Stage {
    kept: StoredRun,
    state: State,
    screen: Buffer,
}

impl Stage {
    fn open(common: &Common, look: Look) -> anyhow::Result<Self> {
        let kept = common.source.open()?;
        let cores = kept.recordings[0].header.machine.cores;
        let mut state = State::new(&kept.plan, cores);
        state.look = look;
        let rows = kept
            .recordings
            .iter()
            .map(|it| Row::of(&summarise(it), state.subject()));
        let rows = rows.collect();
        state.replay(rows);
        state.size = common.size;
        let mut opened = Self {
            kept,
            state,
            screen: Buffer::empty(Rect::new(0, 0, common.size.0, common.size.1)),
        };
        opened.press(&common.keys);
        Ok(opened)
    }

    fn press(&mut self, keys: &str) {
        for key in keys.chars() {
            self.state.key(Key::Char(key));
        }
    }

    fn feed(&self) -> Feed<'_> {
        Feed {
            over: &self.kept.recordings,
            now: None,
        }
    }

    /// Draws the state at an instant of a variant.
    fn draw(&mut self, variant: usize, at: Stamp) {
        let feed = Feed {
            over: &self.kept.recordings,
            now: None,
        };
        self.state.look_at(variant, at);
        self.state.turn(&feed, Elapsed::ZERO);
        self.screen.reset();
        concsim_tui::view::draw_on(&mut self.screen, &self.state);
    }

    /// Returns the index of the variant of this name, or of the first one.
    fn variant(&self, wanted: Option<&str>) -> anyhow::Result<usize> {
        let Some(wanted) = wanted else { return Ok(0) };
        let recordings = self.kept.recordings.iter();
        let names: Vec<&str> = recordings.map(|it| it.header.variant.as_str()).collect();
        let found = names.iter().position(|name| *name == wanted);
        found.with_context(|| format!("no variant {wanted} was played, only {}", names.join(", ")))
    }

    /// Returns the length `after`, and the instant at that distance from a variant's first request.
    fn instant(&self, variant: usize, after: &str) -> anyhow::Result<(Elapsed, Stamp)> {
        let after = concsim_model::scenario::length(after)
            .with_context(|| format!("--at {after}: a length of time such as 3.2s"))?;
        let header = &self.kept.recordings[variant].header;
        let at = header.began + after;
        let Some((_, end)) = self.span(variant) else {
            bail!("nothing was recorded of {}", header.variant);
        };
        if at > end {
            bail!("{} ended after {}", header.variant, end.since(header.began));
        }
        Ok((after, at))
    }

    /// Returns the current screen as SVG.
    fn drawing(&self, variant: usize, after: Elapsed, theme: Theme) -> String {
        let plan = &self.kept.plan;
        let description = format!(
            "The screen of concsim playing {}, variant {}, {after} after its first request was due. \
             Seed {}, scenario {}.",
            plan.name(),
            self.kept.recordings[variant].header.variant,
            plan.variants[variant].scenario.seed,
            plan.sha256.get(..8).unwrap_or_default(),
        );
        drawing::draw(&self.screen, &plan.title, &description, theme)
    }

    /// Returns the instants of a variant's first and last sample.
    fn span(&self, variant: usize) -> Option<(Stamp, Stamp)> {
        let samples = &self.feed().recording(variant)?.samples;
        Some((samples.first()?.at, samples.last()?.at))
    }
}

fn screen(args: &ScreenArgs) -> anyhow::Result<String> {
    let mut stage = Stage::open(&args.common, args.look())?;
    let variant = stage.variant(args.variant.as_deref())?;
    let instants = args.at.iter().map(|after| stage.instant(variant, after));
    let instants: Vec<(Elapsed, Stamp)> = instants.collect::<anyhow::Result<_>>()?;
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

/// Returns the characters of a screen, one line each, without trailing blanks.
fn text(screen: &Buffer) -> String {
    let area = screen.area;
    let line = |y: u16| {
        let cells = (0..area.width).map(|x| screen[(area.x + x, area.y + y)].symbol());
        format!("{}\n", cells.collect::<String>().trim_end())
    };
    (0..area.height).map(line).collect()
}

/// Time between two frames of a variant: `every`, or longer so that there are at most `most` of them.
fn frame_of(length: Elapsed, every: Elapsed, most: u64) -> Elapsed {
    Elapsed((length.0 / most).max(every.0))
}

impl Stage {
    /// Draws all frames of all variants, one after the other. `show` gets the variant, and the seconds since the
    /// beginning of the first. Returns the seconds of all.
    fn play(
        &mut self,
        (every, most): (Elapsed, u64),
        mut show: impl FnMut(usize, f64, &Self),
    ) -> f64 {
        let mut passed = 0.0;
        for variant in 0..self.kept.recordings.len() {
            let Some((begin, end)) = self.span(variant) else {
                continue;
            };
            let mut at = begin;
            while at < end {
                self.draw(variant, at);
                show(variant, passed + at.since(begin).as_secs_f64(), self);
                at = at + frame_of(end.since(begin), every, most);
            }
            self.draw(variant, end);
            passed += end.since(begin).as_secs_f64();
            show(variant, passed, self);
        }
        passed
    }
}

fn cast(args: &CastArgs) -> anyhow::Result<String> {
    let mut stage = Stage::open(&args.common, args.look())?;
    let (width, height) = args.common.size;
    let mut cast = Asciicast::new(width, height, &stage.kept.plan.title);
    let mut last = None;
    let passed = stage.play((FRAME, MOST_FRAMES), |variant, at, stage| {
        if last.replace(variant) != Some(variant) {
            cast.mark(at, &stage.kept.recordings[variant].header.variant);
        }
        cast.show(at, &stage.screen);
    });
    cast.mark(passed + LAST_STAYS, "the end");
    Ok(cast.finish())
}

fn film(args: &FilmArgs) -> anyhow::Result<String> {
    let look = args.common.look_of_a_drawing(args.theme);
    let mut stage = Stage::open(&args.common, look)?;
    let mut film = Film::default();
    let passed = stage.play((args.every, MOST_FRAMES_OF_A_FILM), |_, at, stage| {
        film.show(at, &stage.screen);
    });
    let plan = &stage.kept.plan;
    let description = format!(
        "The screen of concsim playing {}, from its first request to its last. Seed {}, scenario {}.",
        plan.name(),
        plan.variants[0].scenario.seed,
        plan.sha256.get(..8).unwrap_or_default(),
    );
    Ok(film.finish(passed + LAST_STAYS, &plan.title, &description, args.theme))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_run_has_sixty_thousand_frames_and_a_short_one_twelve_a_second() {
        for (seconds, most) in [(1, 12), (60, 723), (4_980, 60_000), (72 * 3_600, 60_000)] {
            let length = Elapsed::from_secs(seconds);
            let frames = length.0.div_ceil(frame_of(length, FRAME, MOST_FRAMES).0);
            assert!(frames.abs_diff(most) <= 1, "{seconds} s: {frames}");
        }
    }
}
