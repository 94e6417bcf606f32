//! `concsim figures`: every picture of Markdown files, drawn again by the command that stands above it.
//!
//! ```text
//!   <!-- concsim sim mixed --out RUNS/mixed -->
//!   <!-- concsim figure percentiles RUNS/mixed -->
//!   ![What it shows](assets/figures/percentiles.svg)
//! ```
//!
//! So a document says itself where its pictures come from, and one that is not what its command draws
//! today is found.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, bail};

/// Draws every picture of Markdown files again, by the commands that stand above them as comments.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A comment `<!-- concsim figure … -->` or `<!-- concsim export … -->` draws the picture that follows it; \
                  `<!-- concsim sim … --out RUNS/NAME -->` (or sweep, or run) plays what others draw. RUNS is a folder for the moment.\n\n\
                  Example: concsim figures README.md docs/post.md\n         concsim figures --check"
)]
pub struct Args {
    /// The Markdown files; without, README.md and those of docs/
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Change nothing; say which pictures are not what their commands draw, and fail if there are any
    #[arg(long)]
    check: bool,
}

/// What stands for the folder of what is played.
const RUNS: &str = "RUNS";
/// The commands that draw, and those that play.
const DRAW: [&str; 2] = ["figure", "export"];
const PLAY: [&str; 3] = ["sim", "sweep", "run"];

/// A command of a document.
#[derive(Debug, PartialEq, Eq)]
struct Order {
    /// Counted from 1.
    line: usize,
    /// The command, without `concsim`.
    command: String,
    /// The picture that follows it, as the document names it.
    picture: Option<String>,
}

/// Draws them, or says which are stale.
///
/// # Errors
/// When a document cannot be read, a command fails, or a picture cannot be written.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let files = if args.files.is_empty() {
        usual()?
    } else {
        args.files.clone()
    };
    let scratch = Scratch::new()?;
    let mut stale = 0;
    for file in &files {
        let name = file.display();
        let text = fs::read_to_string(file).with_context(|| name.to_string())?;
        for order in orders(&text) {
            let place = format!("{name}:{}", order.line);
            let is_new = follow(&order, file, &scratch.0, args.check).context(place)?;
            stale += usize::from(is_new);
        }
    }
    let fails = args.check && stale > 0;
    Ok(ExitCode::from(u8::from(fails)))
}

/// README.md and the documents.
fn usual() -> anyhow::Result<Vec<PathBuf>> {
    let mut files = vec![PathBuf::from("README.md")];
    if let Ok(docs) = fs::read_dir("docs") {
        let mut docs: Vec<PathBuf> = docs.map_while(Result::ok).map(|it| it.path()).collect();
        docs.sort();
        files.extend(
            docs.into_iter()
                .filter(|it| it.extension() == Some("md".as_ref())),
        );
    }
    files.retain(|file| file.is_file());
    if files.is_empty() {
        bail!("there is no README.md here, and no docs/*.md: name the Markdown files");
    }
    Ok(files)
}

/// Every command of a document, in its order.
fn orders(text: &str) -> Vec<Order> {
    const BEGIN: &str = "<!-- concsim ";
    let mut orders = Vec::new();
    for (begin, _) in text.match_indices(BEGIN) {
        let rest = &text[begin + BEGIN.len()..];
        let Some((command, rest)) = rest.split_once("-->") else {
            continue;
        };
        let own = rest.split(BEGIN).next().unwrap_or_default();
        let picture = own
            .split_once("](")
            .and_then(|(_, link)| link.split_once(')'));
        let draws = DRAW.iter().any(|name| command.starts_with(name));
        orders.push(Order {
            line: text[..begin].lines().count() + 1,
            command: command.trim().to_owned(),
            picture: picture.filter(|_| draws).map(|(link, _)| link.to_owned()),
        });
    }
    orders
}

/// Plays or draws; whether the picture is another one than before.
fn follow(order: &Order, document: &Path, scratch: &Path, check: bool) -> anyhow::Result<bool> {
    let words = shell_words::split(&order.command)?;
    let runs = scratch.to_string_lossy();
    let words: Vec<String> = words
        .into_iter()
        .map(|word| match word.strip_prefix(RUNS) {
            Some(rest) if rest.starts_with('/') => format!("{runs}{rest}"),
            _ => word,
        })
        .collect();
    let verb = words.first().map(String::as_str).unwrap_or_default();
    if PLAY.contains(&verb) {
        own_command(&words, &[])?;
        return Ok(false);
    }
    if !DRAW.contains(&verb) {
        bail!("`concsim {verb}` neither plays nor draws");
    }
    let Some(link) = &order.picture else {
        bail!("no picture follows `concsim {}`", order.command);
    };
    let picture = document.parent().unwrap_or(Path::new("")).join(link);
    let name = picture.file_name().context("the picture has no name")?;
    let drawn = scratch.join(name);
    own_command(&words, &["-o", &drawn.to_string_lossy()])?;
    let mut is_new = false;
    for ending in [picture.extension().unwrap_or_default(), "csv".as_ref()] {
        let (from, to) = (drawn.with_extension(ending), picture.with_extension(ending));
        if from.is_file() {
            is_new |= replaced(&from, &to, check)?;
        }
    }
    let what = match (is_new, check) {
        (false, _) => "the same",
        (true, true) => "stale",
        (true, false) => "drawn",
    };
    eprintln!("concsim: {}: {what}", picture.display());
    Ok(is_new)
}

/// This program, with a command of a document.
fn own_command(words: &[String], more: &[&str]) -> anyhow::Result<()> {
    let output = Command::new(std::env::current_exe()?)
        .args(words)
        .args(more)
        .stdin(Stdio::null())
        .output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("concsim {}: {}", words.join(" "), said.trim());
    }
    Ok(())
}

/// Whether the file is another one than before; then it is replaced, unless it is only looked at.
fn replaced(from: &Path, to: &Path, check: bool) -> anyhow::Result<bool> {
    let content = fs::read(from)?;
    let is_new = fs::read(to).ok().as_ref() != Some(&content);
    if is_new && !check {
        fs::write(to, content).with_context(|| to.display().to_string())?;
    }
    Ok(is_new)
}

/// A folder for the moment.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> anyhow::Result<Self> {
        let folder = std::env::temp_dir().join(format!("concsim-figures-{}", std::process::id()));
        fs::create_dir(&folder).with_context(|| folder.display().to_string())?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // It is in the folder for such things; what cannot be removed now will be later.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_of_a_document_has_the_picture_that_follows_it() {
        let text = "# A post\n\n<!-- concsim sim mixed --out RUNS/mixed -->\n\
                    <!-- concsim figure heatmap RUNS/mixed --title 'A b' -->\n![words](a.svg)\nand [more](b.md)\n\
                    <!-- concsim export screen a --at 1s -->\n![words](b.svg)\n";
        let order = |line, command: &str, picture: Option<&str>| Order {
            line,
            command: command.into(),
            picture: picture.map(Into::into),
        };
        assert_eq!(
            orders(text),
            [
                order(3, "sim mixed --out RUNS/mixed", None),
                order(4, "figure heatmap RUNS/mixed --title 'A b'", Some("a.svg")),
                order(7, "export screen a --at 1s", Some("b.svg")),
            ]
        );
    }

    #[test]
    fn a_command_without_a_picture_has_none_of_the_next_one() {
        let text =
            "<!-- concsim figure boxes a -->\ntext\n<!-- concsim figure boxes b -->\n![c](c.svg)";
        let pictures: Vec<_> = orders(text).into_iter().map(|it| it.picture).collect();
        assert_eq!(pictures, [None, Some("c.svg".to_owned())]);
    }
}
