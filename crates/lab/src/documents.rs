//! Documents: redraws every picture of Markdown files by the commands in the files, which stand in
//! a comment above the picture, or in a block beside it that the reader sees.
//!
//! ````text
//!   <!-- concsim figure who-runs tests/recordings/three_requests-v1 -->
//!   ![What it shows](assets/figures/who-runs.svg)
//!
//!   ![What it shows](assets/figures/heatmap.svg)
//!   ```sh
//!   concsim sim mixed --duration 60s --out mixed
//!   concsim figure heatmap mixed -o heatmap.svg
//!   ```
//! ````
//!
//! So a document states the origin of its pictures, and a stale picture is detected. The folder behind
//! `--out` is temporary; equal runs are played once.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use concsim_driver::console::{self, chain};
use concsim_figure::table::CSV_BEGINS;
use concsim_os::sys::files;

/// Commands that draw, and commands that play.
const DRAW: [&str; 2] = ["figure", "export"];
const PLAY: [&str; 3] = ["sim", "sweep", "run"];
/// Exit statuses of a run that breaks a claim of its file, and of repeats that do not decide one; the run is still
/// used.
const CLAIM_DOES_NOT_HOLD: [i32; 2] = [3, 4];

/// A command of a document.
#[derive(Debug, PartialEq, Eq)]
struct DocumentCommand {
    /// Its line, counted from 1.
    line: usize,
    /// Its words, without `concsim` and without `-o FILE` of a picture.
    words: Vec<String>,
    /// The picture that it draws, as the document names it.
    picture: Option<String>,
}

/// Pictures of documents that have changed, and commands that have failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Number of pictures that differ from the output of their commands.
    pub stale: usize,
    /// Number of failed commands; each has been reported.
    pub mistakes: usize,
}

/// Draws the pictures of `files`, or of the usual documents; with `check` lists the stale ones.
///
/// # Errors
/// A document that cannot be read.
pub fn redraw(files: &[PathBuf], check: bool) -> anyhow::Result<Outcome> {
    let files = if files.is_empty() {
        default_documents()?
    } else {
        files.to_vec()
    };
    let scratch = Scratch::new()?;
    let mut outcome = Outcome::default();
    for file in &files {
        let name = file.display();
        let text = fs::read_to_string(file).with_context(|| name.to_string())?;
        let mut renderer = Renderer {
            document: file,
            scratch: &scratch.0,
            check,
            folders: BTreeMap::new(),
        };
        for order in commands_of(&text) {
            let place = format!("{name}:{}", order.line);
            match renderer.follow(&order) {
                Ok(is_new) => outcome.stale += usize::from(is_new),
                Err(error) => {
                    console::print_message(format_args!("{place}: {}", chain(&error)));
                    outcome.mistakes += 1;
                }
            }
        }
    }
    Ok(outcome)
}

/// Returns README.md and the files of docs/.
fn default_documents() -> anyhow::Result<Vec<PathBuf>> {
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
        bail!("no README.md and no docs/*.md found: name the Markdown files");
    }
    Ok(files)
}

/// Returns every command of a document that contributes to a picture, in order.
fn commands_of(text: &str) -> Vec<DocumentCommand> {
    let mut orders = of_comments(text);
    let drawn: Vec<String> = orders.iter().filter_map(|it| it.picture.clone()).collect();
    let mut links = links(text);
    links.retain(|link| !drawn.iter().any(|it| it == link));
    orders.extend(of_blocks(text, &links));
    orders.sort_by_key(|order| order.line);
    orders
}

/// Returns the targets of a document's pictures and links.
fn links(text: &str) -> Vec<&str> {
    let links = text.split("](").skip(1);
    links.filter_map(|it| it.split(')').next()).collect()
}

/// Returns the commands in comments. The picture of a comment is the next one.
fn of_comments(text: &str) -> Vec<DocumentCommand> {
    const BEGIN: &str = "<!-- concsim ";
    let mut orders = Vec::new();
    for (begin, _) in text.match_indices(BEGIN) {
        let rest = &text[begin + BEGIN.len()..];
        let Some((command, rest)) = rest.split_once("-->") else {
            continue;
        };
        let own = rest.split(BEGIN).next().unwrap_or_default();
        let draws = DRAW.iter().any(|verb| command.starts_with(verb));
        orders.push(DocumentCommand {
            line: text[..begin].lines().count() + 1,
            words: words(command),
            picture: links(own)
                .first()
                .filter(|_| draws)
                .map(|link| (*link).to_owned()),
        });
    }
    orders
}

/// Returns the commands in blocks. A block counts if one of its commands draws a picture of the document.
fn of_blocks(text: &str, links: &[&str]) -> Vec<DocumentCommand> {
    let mut orders: Vec<DocumentCommand> = Vec::new();
    let mut block: Option<Vec<DocumentCommand>> = None;
    for (line, sentence) in (1..).zip(text.lines()) {
        if let Some(command) = sentence.strip_prefix("concsim ")
            && let Some(block) = &mut block
        {
            block.push(order_of(line, command, links));
        } else if sentence.starts_with("```") {
            let finished = block.take();
            block = finished.is_none().then(Vec::new);
            let finished = finished.unwrap_or_default();
            if finished.iter().any(|order| order.picture.is_some()) {
                let counts = |order: &DocumentCommand| order.picture.is_some() || order.plays();
                orders.extend(finished.into_iter().filter(counts));
            }
        }
    }
    orders
}

/// Returns a command. Its picture is the link with the file name behind its `-o`.
fn order_of(line: usize, command: &str, links: &[&str]) -> DocumentCommand {
    let mut words = words(command.split(" # ").next().unwrap_or_default());
    let option = words.iter().position(|word| word == "-o");
    let name = option.and_then(|place| words.get(place + 1)).cloned();
    let is_of_it =
        |link: &&&str| Path::new(link).file_name().map(Path::new) == name.as_deref().map(Path::new);
    let picture = links.iter().find(is_of_it).map(|link| (*link).to_owned());
    if let (Some(place), true) = (option, picture.is_some()) {
        words.drain(place..=place + 1);
    }
    DocumentCommand {
        line,
        words,
        picture,
    }
}

/// Splits a command as a shell does; a command that a shell would reject is one word.
fn words(command: &str) -> Vec<String> {
    shell_words::split(command).unwrap_or_else(|_| vec![command.to_owned()])
}

impl DocumentCommand {
    fn verb(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    fn plays(&self) -> bool {
        PLAY.contains(&self.verb())
    }
}

/// State while the commands of a document are followed.
struct Renderer<'a> {
    document: &'a Path,
    scratch: &'a Path,
    check: bool,
    /// Temporary folders, by the names in the document, each with its command.
    folders: BTreeMap<String, (Vec<String>, PathBuf)>,
}

impl Renderer<'_> {
    /// Plays or draws; returns true if a picture has changed.
    fn follow(&mut self, order: &DocumentCommand) -> anyhow::Result<bool> {
        if order.plays() {
            self.play(&order.words)?;
            return Ok(false);
        }
        if !DRAW.contains(&order.verb()) {
            bail!(
                "`concsim {}` is not a command that plays or draws",
                order.verb()
            );
        }
        let Some(link) = &order.picture else {
            bail!("no picture follows `concsim {}`", order.words.join(" "));
        };
        let folder_of = |word: &String| match self.folders.get(word) {
            Some((_, folder)) => folder.to_string_lossy().into_owned(),
            None => word.clone(),
        };
        // The first two words are the kind of drawing, and may be equal to a folder's name.
        let (what, of) = order.words.split_at(order.words.len().min(2));
        let words: Vec<String> = what
            .iter()
            .cloned()
            .chain(of.iter().map(folder_of))
            .collect();
        self.draw(&words, link)
    }

    fn play(&mut self, words: &[String]) -> anyhow::Result<()> {
        let option = words.iter().position(|word| word == "--out");
        let Some((option, name)) = option.and_then(|it| Some((it, words.get(it + 1)?))) else {
            bail!("`--out NAME` is missing");
        };
        let mut played = words.to_vec();
        played.drain(option..=option + 1);
        let known = self.folders.values().find(|(before, _)| *before == played);
        let folder = if let Some((_, folder)) = known {
            folder.clone()
        } else {
            // Figures of several runs show the folder's name, so it is kept.
            let number = fs::read_dir(self.scratch)?.count();
            let own = self.scratch.join(number.to_string());
            fs::create_dir_all(&own)?;
            let folder = own.join(name);
            own_command(&played, &["--out", &folder.to_string_lossy()])?;
            folder
        };
        self.folders.insert(name.clone(), (played, folder));
        Ok(())
    }

    fn draw(&self, words: &[String], link: &str) -> anyhow::Result<bool> {
        if Path::new(link).is_absolute() || link.contains("://") {
            bail!("{link} is not beside the document");
        }
        let picture = place(self.document, link)?;
        let data = picture.with_extension("csv");
        if words.first().is_some_and(|verb| verb == "figure") && is_foreign_data(&data) {
            bail!("{} exists and is not the data of a figure", data.display());
        }
        let name = picture.file_name().context("the picture has no name")?;
        let drawn = self.scratch.join(name);
        own_command(words, &["-o", &drawn.to_string_lossy()])?;
        let mut is_new = false;
        for ending in [picture.extension().unwrap_or_default(), "csv".as_ref()] {
            let (from, to) = (drawn.with_extension(ending), picture.with_extension(ending));
            if from.is_file() {
                is_new |= replaced(&from, &to, self.check)?;
                fs::remove_file(from)?;
            }
        }
        let what = match (is_new, self.check) {
            (false, _) => "the same",
            (true, true) => "stale",
            (true, false) => "drawn",
        };
        console::print_message(format_args!("{}: {what}", picture.display()));
        Ok(is_new)
    }
}

/// Returns the file of a document's picture. It lies in the document's folder or below the current one,
/// also once `..` and symbolic links are resolved: a document must not name any other place.
fn place(document: &Path, link: &str) -> anyhow::Result<PathBuf> {
    let beside = document.parent().unwrap_or(Path::new(""));
    let picture = beside.join(link);
    let is_drawing = |it: &std::ffi::OsStr| it == "svg" || it == "png";
    if !picture.extension().is_some_and(is_drawing) {
        bail!("{link} is not a picture: its name must end in .svg or .png");
    }
    let within = real(&picture)?;
    let allowed = [real(beside)?, real(Path::new(""))?];
    if !allowed.iter().any(|folder| within.starts_with(folder)) {
        bail!("{link} must be beside the document or below the current folder");
    }
    Ok(picture)
}

/// Returns the absolute path without `..` and symbolic links; its last parts need not exist.
fn real(path: &Path) -> anyhow::Result<PathBuf> {
    let mut real = std::env::current_dir()?;
    for part in path.components() {
        match part {
            Component::ParentDir => drop(real.pop()),
            Component::CurDir => {}
            part => real.push(part),
        }
        if let Ok(followed) = fs::canonicalize(&real) {
            real = followed;
        }
    }
    Ok(real)
}

/// Runs this program with a command of a document.
fn own_command(words: &[String], more: &[&str]) -> anyhow::Result<()> {
    let output = Command::new(std::env::current_exe()?)
        .args(words)
        .args(more)
        .stdin(Stdio::null())
        .output()?;
    let is_played = words.first().is_some_and(|it| PLAY.contains(&it.as_str()))
        && output
            .status
            .code()
            .is_some_and(|code| CLAIM_DOES_NOT_HOLD.contains(&code));
    if !output.status.success() && !is_played {
        let text = String::from_utf8_lossy(&output.stderr);
        bail!("concsim {}: {}", words.join(" "), text.trim());
    }
    Ok(())
}

/// Replaces the file if its content differs, unless `check` is set; returns true if it differs.
fn replaced(from: &Path, to: &Path, check: bool) -> anyhow::Result<bool> {
    let content = fs::read(from)?;
    let is_new = fs::read(to).ok().as_ref() != Some(&content);
    if is_new && !check {
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
        files::write_whole(to, &content).with_context(|| to.display().to_string())?;
    }
    Ok(is_new)
}

/// True if `data` exists and is not the data of a figure. The command line does not name this file, so it
/// must not be overwritten.
#[must_use]
pub fn is_foreign_data(data: &Path) -> bool {
    let mut begin = Vec::new();
    match File::open(data) {
        Ok(file) => {
            let read = file.take(CSV_BEGINS.len() as u64).read_to_end(&mut begin);
            read.is_err() || begin != CSV_BEGINS.as_bytes()
        }
        Err(error) => error.kind() != ErrorKind::NotFound,
    }
}

/// A temporary folder.
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
        // It is in the system's folder for temporary files, which is cleaned later.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_lies_beside_its_document_or_below_the_current_folder() {
        let there = tempfile::tempdir().unwrap();
        let folder = there.path().join("book");
        fs::create_dir(&folder).unwrap();
        std::os::unix::fs::symlink(there.path(), folder.join("out")).unwrap();
        let document = folder.join("a.md");
        for (link, is_allowed) in [
            ("a.svg", true),
            ("new/folder/../a.png", true),
            ("../a.svg", false),
            ("new/../../a.svg", false),
            ("out/a.svg", false),
            ("/a.svg", false),
            ("a.csv", false),
            (".bashrc", false),
        ] {
            assert_eq!(place(&document, link).is_ok(), is_allowed, "{link}");
        }
        // Tests run in the project's folder.
        assert!(place(Path::new("docs/a.md"), "../assets/a.svg").is_ok());
        assert!(place(Path::new("docs/a.md"), "../../a.svg").is_err());
    }

    fn order(line: usize, command: &str, picture: Option<&str>) -> DocumentCommand {
        DocumentCommand {
            line,
            words: words(command),
            picture: picture.map(Into::into),
        }
    }

    #[test]
    fn a_comment_draws_the_picture_that_follows_it() {
        let text = "# A post\n\n<!-- concsim sim mixed --out mixed -->\n\
                    <!-- concsim figure heatmap mixed --title 'A b' -->\n![words](a.svg)\nand [more](b.md)\n\
                    <!-- concsim export screen a --at 1s -->\n![words](b.svg)\n";
        assert_eq!(
            commands_of(text),
            [
                order(3, "sim mixed --out mixed", None),
                order(4, "figure heatmap mixed --title 'A b'", Some("a.svg")),
                order(7, "export screen a --at 1s", Some("b.svg")),
            ]
        );
    }

    #[test]
    fn a_comment_without_a_picture_has_none_of_the_next_one() {
        let text =
            "<!-- concsim figure boxes a -->\ntext\n<!-- concsim figure boxes b -->\n![c](c.svg)";
        let pictures: Vec<_> = commands_of(text).into_iter().map(|it| it.picture).collect();
        assert_eq!(pictures, [None, Some("c.svg".to_owned())]);
    }

    #[test]
    fn a_block_draws_the_picture_that_its_command_names_unless_a_comment_does() {
        let text = "![words](x/heat.svg)\n```sh\nconcsim sim mixed --out m\nconcsim check a # b\n\
                    concsim figure heatmap m -o heat.svg # or .png\n```\n\
                    ```sh\nconcsim sim hello --out h\nconcsim figure boxes h -o nowhere.svg\n```\n\
                    <!-- concsim figure boxes a -->\n![words](x/boxes.svg)\n\
                    ```sh\nconcsim figure boxes last -o boxes.svg\n```\n";
        assert_eq!(
            commands_of(text),
            [
                order(3, "sim mixed --out m", None),
                order(5, "figure heatmap m", Some("x/heat.svg")),
                order(11, "figure boxes a", Some("x/boxes.svg")),
            ]
        );
    }
}
