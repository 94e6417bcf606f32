//! Every subcommand with a standard output and a standard error that are closed or full.

#![expect(
    clippy::unwrap_used,
    reason = "a program that cannot be started fails the test"
)]
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::serve_process::until;

const SCENARIO: &str = "warmup = '0s'\nduration = '200ms'\n[server]\nkind = ['sync', 'coroutine']\n\
                        [requests.a]\nsteps = ['compute 1ms', 'sleep 5ms']\n[load]\nclients = 2\nramp = '0s'\n";

/// A command line; words in capitals are replaced: a scenario, a kept run, a document, a scratch folder.
pub(crate) const COMMANDS: [&str; 41] = [
    "",
    "run SCENARIO --no-keep",
    "run SCENARIO --out FOLDER/kept",
    "run SCENARIO --no-keep --json",
    "run nowhere",
    "sim SCENARIO --no-keep",
    "sim SCENARIO --set server.wokers=1",
    "sweep SCENARIO --over load.clients=1..2 --out FOLDER/sweep",
    "sweep SCENARIO --over load.clients --out FOLDER/sweep",
    "replay KEPT",
    "replay nowhere",
    "replay",
    "runs",
    "runs --json",
    "compare KEPT KEPT",
    "compare KEPT KEPT --json",
    "scenarios",
    "report KEPT",
    "figure list",
    "figure boxes KEPT",
    "figures --check DOCUMENT",
    "export screen KEPT --at 1s",
    "export cast KEPT",
    "export csv KEPT --table switches",
    "export perfetto KEPT",
    "export hlog KEPT",
    "new FOLDER/new.toml",
    "check SCENARIO --expand",
    "theory mm1 --arrival-rate 1/s --service-rate 2/s",
    "load SCENARIO --target http://127.0.0.1:1",
    "demo hub-rules",
    "explain",
    "explain concurrency",
    "lesson",
    "watch 4000000 --headless",
    "calibrate --quick --out FOLDER",
    "parity none-of-the-list",
    "keys",
    "schema",
    "completions bash",
    "help run",
];
/// Subcommands that have a test of their own below, or are this program's own processes.
const ELSEWHERE: [&str; 1] = ["serve"];

/// Target of a stream.
#[derive(Clone, Copy, Debug)]
enum End {
    Read,
    Closed,
    Full,
}

impl End {
    fn stream(self) -> Stdio {
        match self {
            Self::Read => Stdio::null(),
            Self::Closed => {
                let (reader, writer) = std::io::pipe().unwrap();
                drop(reader);
                writer.into()
            }
            Self::Full => File::options()
                .write(true)
                .open("/dev/full")
                .unwrap()
                .into(),
        }
    }
}

/// A command line of [`COMMANDS`] with the files of this folder.
pub(crate) fn words(command: &str, folder: &Path) -> Vec<String> {
    let recordings = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recordings");
    let words = command.split_whitespace().map(|word| {
        word.replace("SCENARIO", &folder.join("a.toml").to_string_lossy())
            .replace("DOCUMENT", &folder.join("a.md").to_string_lossy())
            .replace("KEPT", &format!("{recordings}/three_requests-v1"))
            .replace("FOLDER", &folder.to_string_lossy())
    });
    words.collect()
}

/// Returns the exit status; [`None`]: a signal ended it.
fn status(command: &str, folder: &Path, output: End, errors: End) -> Option<i32> {
    Command::new(env!("CARGO_BIN_EXE_concsim"))
        .args(words(command, folder))
        .env("XDG_STATE_HOME", folder)
        .env("XDG_CONFIG_HOME", folder)
        .stdin(Stdio::null())
        .stdout(output.stream())
        .stderr(errors.stream())
        .status()
        .unwrap()
        .code()
}

/// Returns a folder with a scenario and a document in it.
pub(crate) fn scratch() -> tempfile::TempDir {
    let scratch = tempfile::tempdir().unwrap();
    std::fs::write(scratch.path().join("a.toml"), SCENARIO).unwrap();
    let document = "<!-- concsim figure boxes nowhere -->\n![words](a.svg)\n";
    std::fs::write(scratch.path().join("a.md"), document).unwrap();
    scratch
}

#[test]
fn the_exit_status_of_no_command_depends_on_whether_its_output_is_read() {
    for command in COMMANDS {
        let status = |output, errors| status(command, scratch().path(), output, errors);
        let read = status(End::Read, End::Read);
        for (output, errors) in [
            (End::Closed, End::Read),
            (End::Read, End::Closed),
            (End::Closed, End::Closed),
        ] {
            let unread = status(output, errors);
            assert_eq!(unread, read, "`{command}`, {output:?} and {errors:?}");
        }
    }
}

#[test]
fn no_command_panics_where_its_output_does_not_fit() {
    for command in COMMANDS {
        let status = |output, errors| status(command, scratch().path(), output, errors);
        let read = status(End::Read, End::Read);
        let full = status(End::Read, End::Full);
        assert_eq!(full, read, "`{command}`, standard error is full");
        let full = status(End::Full, End::Full);
        assert!(
            full == read || full == Some(1),
            "`{command}`: {full:?}, both are full"
        );
    }
}

#[test]
fn data_that_do_not_fit_on_standard_output_are_a_failure() {
    for command in ["schema", "completions bash", "export hlog KEPT"] {
        let full = status(command, scratch().path(), End::Full, End::Read);
        assert_eq!(full, Some(1), "{command}");
    }
}

#[test]
fn every_subcommand_is_among_those_that_are_tested() {
    let help = Command::new(env!("CARGO_BIN_EXE_concsim"))
        .arg("--help")
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let listed = help
        .lines()
        .skip_while(|line| !line.starts_with("Commands:"));
    let listed = listed.skip(1).take_while(|line| line.starts_with("  "));
    let listed = listed.filter(|line| !line.starts_with("   "));
    let listed: BTreeSet<&str> = listed
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(listed.len() > 15, "{help}");
    let tested = COMMANDS.iter().filter_map(|it| it.split(' ').next());
    let tested: BTreeSet<&str> = tested.chain(ELSEWHERE).collect();
    let missing: Vec<&&str> = listed.difference(&tested).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Returns an address at which nothing listens.
fn free_address() -> SocketAddr {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    free.local_addr().unwrap()
}

/// Reads the counters of a server; success means that it is up.
fn answers(metrics: SocketAddr) -> std::io::Result<()> {
    let mut visitor = TcpStream::connect(metrics)?;
    visitor.write_all(b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")?;
    visitor.read_exact(&mut [0; 4])
}

#[test]
fn a_server_whose_talk_is_not_read_goes_on_serving() {
    for errors in [End::Closed, End::Full] {
        let scratch = scratch();
        let metrics = free_address();
        let mut server = Command::new(env!("CARGO_BIN_EXE_concsim"))
            .args(["serve", scratch.path().join("a.toml").to_str().unwrap()])
            .args(["--bind", "127.0.0.1:0", "--metrics", &metrics.to_string()])
            .stdin(Stdio::null())
            .stdout(End::Closed.stream())
            .stderr(errors.stream())
            .spawn()
            .unwrap();
        until("it serves its counters", || answers(metrics).is_ok());
        let pid = i32::try_from(server.id()).unwrap();
        kill(Pid::from_raw(pid), Signal::SIGINT).unwrap();
        assert_eq!(server.wait().unwrap().code(), Some(0), "{errors:?}");
    }
}
