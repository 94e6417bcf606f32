//! Systems that lack a feature: the program works there, or reports the lack in one line, and leaves
//! nothing behind. An environment that cannot be made here (it may need root) is skipped, with a line that
//! says so.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a program that cannot be started fails the test, and a skipped test says so"
)]
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::serve_process::until;
use crate::streams::{COMMANDS, scratch, words};

const PROGRAM: &str = env!("CARGO_BIN_EXE_concsim");

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// Words of a command that runs the program.
type Wrapper = Vec<String>;

fn wrapper(words: &str) -> Wrapper {
    words.split_whitespace().map(Into::into).collect()
}

/// Returns a limit that this program cannot raise, as `prlimit` takes it.
fn limit(limit: &str) -> Wrapper {
    if is_root() {
        let without = "setpriv --bounding-set=-sys_resource --inh-caps=-sys_resource";
        return wrapper(&format!("{without} prlimit {limit}"));
    }
    wrapper(&format!("prlimit {limit}"))
}

/// Returns separate namespaces (`-m` for mounts, `-n` for the network), with a shell command before the
/// program.
fn apart(namespace: &str, before: &str) -> Wrapper {
    let root = if is_root() { "" } else { "-r" };
    let mut words = wrapper(&format!("unshare {root} {namespace} sh -c"));
    words.extend([format!("{before}\nexec \"$@\""), "sh".into()]);
    words
}

/// Returns a user other than root without other processes. For root alone.
fn user(id: u32) -> Wrapper {
    wrapper(&format!("setpriv --reuid {id} --regid {id} --clear-groups"))
}

/// True if the program starts there.
fn can_be_made(wrapper: &[String]) -> bool {
    let tried = Command::new(&wrapper[0])
        .args(&wrapper[1..])
        .args([PROGRAM, "--version"])
        .output();
    let can = tried.is_ok_and(|output| output.status.success());
    if !can {
        eprintln!("skipped, since it cannot be made here: {wrapper:?}");
    }
    can
}

/// Runs a command of the program, its words as in [`COMMANDS`]. Its stored files go below the folder.
fn concsim(wrapper: &[String], command: &str, folder: &Path) -> Output {
    Command::new(&wrapper[0])
        .args(&wrapper[1..])
        .arg(PROGRAM)
        .args(words(command, folder))
        .current_dir(folder)
        .env("XDG_STATE_HOME", folder)
        .env("XDG_CONFIG_HOME", folder)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Returns its standard error, without lines of progress.
fn standard_error(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let is_progress = |line: &str| line.contains(" of 2): ");
    let lines = text.lines().filter(|line| !is_progress(line));
    lines.collect::<Vec<_>>().join("\n")
}

fn check_success(output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{}", standard_error(output));
}

/// Checks that it fails with this status, and with one line that has these words.
fn fails(output: &Output, words: &str) {
    let text = standard_error(output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains(words), "`{words}` is not in: {text}");
    assert_eq!(text.lines().count(), 1, "{text}");
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|it| it.unwrap().file_name().into_string().unwrap());
    names.collect()
}

/// Returns the number of live processes with this folder in their environment.
fn processes_with(folder: &Path) -> usize {
    let folder = folder.to_str().unwrap();
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let environments = processes.filter_map(|it| fs::read(it.path().join("environ")).ok());
    environments
        .filter(|it| String::from_utf8_lossy(it).contains(folder))
        .count()
}

/// Makes the folder writable for any user.
fn for_all_users(scratch: tempfile::TempDir) -> tempfile::TempDir {
    fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o777)).unwrap();
    scratch
}

/// Checks that a run fails with these words, and leaves neither a file nor a process.
fn a_run_fails_and_leaves_nothing(wrapper: &[String], words: &str) {
    let scratch = for_all_users(scratch());
    let before = names(scratch.path());
    let output = concsim(wrapper, "run SCENARIO --out FOLDER/kept", scratch.path());
    fails(&output, words);
    assert_eq!(names(scratch.path()), before, "{wrapper:?}");
    until("no process of the run is left", || {
        processes_with(scratch.path()) == 0
    });
}

#[test]
fn a_limit_that_is_too_low_is_named_and_leaves_nothing_behind() {
    for (words, says) in [
        ("--nofile=32", "the hard limit is 32: see `ulimit -Hn`"),
        ("--as=300000000", "map the shared memory (see `ulimit -v`)"),
        (
            "--stack=262144",
            "the hard limit is 256 KiB: see `ulimit -Hs`",
        ),
        ("--fsize=8192", "File too large"),
        ("--fsize=0", "File too large"),
    ] {
        let wrapper = limit(words);
        // A stack too small for `--version` is too small for a run.
        if words.starts_with("--stack") || can_be_made(&wrapper) {
            a_run_fails_and_leaves_nothing(&wrapper, says);
        }
    }
}

#[test]
fn a_stack_that_may_grow_is_made_to() {
    let scratch = scratch();
    let wrapper = limit("--stack=65536:8388608");
    if can_be_made(&wrapper) {
        for command in ["run SCENARIO --no-keep", "schema", "report KEPT"] {
            check_success(&concsim(&wrapper, command, scratch.path()));
        }
    }
}

#[test]
fn without_processes_for_all_parts_of_a_run_it_ends_and_leaves_nothing_behind() {
    // The driver is one process; its arbiter, its load and their order threads would be more.
    for processes in 1..=3 {
        let mut wrapper = user(4_000_000_000 + processes);
        wrapper.extend(self::wrapper(&format!("prlimit --nproc={processes}")));
        if is_root() && can_be_made(&wrapper) {
            a_run_fails_and_leaves_nothing(&wrapper, "Resource temporarily unavailable");
        }
    }
}

#[test]
fn a_sweep_without_a_single_thread_says_so() {
    let mut wrapper = user(4_000_000_010);
    wrapper.extend(self::wrapper("prlimit --nproc=1"));
    if is_root() && can_be_made(&wrapper) {
        let scratch = for_all_users(scratch());
        let command = "sweep SCENARIO --over load.clients=1..2 --out FOLDER/sweep";
        let output = concsim(&wrapper, command, scratch.path());
        fails(&output, "failed to start a thread");
    }
}

#[test]
fn without_proc_a_run_says_so_and_the_rest_works() {
    let wrapper = apart("-m", "mount -t tmpfs none /proc");
    if can_be_made(&wrapper) {
        a_run_fails_and_leaves_nothing(&wrapper, "Is /proc mounted?");
        let scratch = scratch();
        let calibrate = concsim(&wrapper, "calibrate --quick --out FOLDER/m", scratch.path());
        fails(&calibrate, "Is /proc mounted?");
        assert!(!scratch.path().join("m").exists());
        for command in ["sim SCENARIO --no-keep", "replay KEPT", "figure boxes KEPT"] {
            check_success(&concsim(&wrapper, command, scratch.path()));
        }
    }
}

#[test]
fn no_run_needs_dev_shm() {
    let wrapper = apart("-m", "mount -t tmpfs -o size=4k,mode=000 none /dev/shm");
    if can_be_made(&wrapper) {
        let output = concsim(&wrapper, "run SCENARIO --no-keep", scratch().path());
        check_success(&output);
    }
}

#[test]
fn without_a_loopback_interface_no_server_pretends_to_be_reachable() {
    let wrapper = apart("-n", "");
    if !can_be_made(&wrapper) {
        return;
    }
    let scratch = scratch();
    let why = "Network is unreachable";
    let run = concsim(&wrapper, "run SCENARIO --no-keep", scratch.path());
    assert_eq!(run.status.code(), Some(1));
    let card = String::from_utf8_lossy(&run.stdout).replace('\n', " ");
    assert!(card.contains("the loopback interface up"), "{card}");
    let serve = "serve SCENARIO --variant sync --bind 127.0.0.1:0";
    let serve = concsim(&wrapper, serve, scratch.path());
    fails(&serve, "is the loopback interface up");
    let load = "load SCENARIO --target http://127.0.0.1:1";
    fails(&concsim(&wrapper, load, scratch.path()), why);
    check_success(&concsim(&wrapper, "sim SCENARIO --no-keep", scratch.path()));
}

/// Runs a shell command and then a command on a disk of its own at `disk`, and lists the disk's files.
fn on_a_disk(disk: &Path, before: &str, command: &str, folder: &Path) -> Output {
    let disk = disk.display();
    let script = format!(
        "mount -t tmpfs -o size=64k none {disk} && cd {disk} && {before}\n\
         \"$@\" >/dev/null; status=$?; ls -A {disk} >&3; exit $status"
    );
    let script = format!("exec 3>&1\n{script}");
    let mut wrapper = apart("-m", "");
    let shell = wrapper.len() - 2;
    wrapper[shell] = script;
    concsim(&wrapper, command, folder)
}

#[test]
fn a_full_disk_is_reported_and_holds_no_half_of_a_file() {
    if !can_be_made(&apart("-m", "")) {
        return;
    }
    for command in [
        "run SCENARIO --out FOLDER/disk/kept",
        "sim SCENARIO --out FOLDER/disk/kept",
        "sweep SCENARIO --over load.clients=1..2 --out FOLDER/disk/sweep",
        "new FOLDER/disk/new.toml",
        "report KEPT -o FOLDER/disk/report.html",
        "figure boxes KEPT -o FOLDER/disk/figure.svg",
        "export perfetto KEPT -o FOLDER/disk/trace",
        "export csv KEPT --table switches -o FOLDER/disk/switches.csv",
    ] {
        let scratch = scratch();
        let disk = scratch.path().join("disk");
        fs::create_dir(&disk).unwrap();
        let fill = "cat /dev/zero >filler 2>/dev/null";
        let output = on_a_disk(&disk, fill, command, scratch.path());
        let text = standard_error(&output);
        assert_eq!(output.status.code(), Some(1), "`{command}`: {text}");
        assert!(
            text.contains("No space left on device"),
            "`{command}`: {text}"
        );
        assert_eq!(output.stdout, b"filler\n", "`{command}`");
    }
}

#[test]
fn a_disk_that_fills_ends_the_recording_and_not_the_run() {
    if !can_be_made(&apart("-m", "")) {
        return;
    }
    let scratch = scratch();
    let disk = scratch.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let leave_16_kib = "head -c 49152 /dev/zero >filler";
    let command = "run SCENARIO --out FOLDER/disk/kept";
    let output = on_a_disk(&disk, leave_16_kib, command, scratch.path());
    check_success(&output);
    let text = standard_error(&output);
    assert!(text.contains("No space left on device"), "{text}");
}

#[test]
fn a_home_that_cannot_be_written_to_costs_the_recording_and_not_the_run() {
    let scratch = scratch();
    let home = scratch.path().join("home");
    fs::create_dir(&home).unwrap();
    let mount = format!("mount -t tmpfs -o ro none {}", home.display());
    for below in ["", "/missing"] {
        let home = format!("{}{below}", home.display());
        let set = format!("{mount}\nunset XDG_STATE_HOME XDG_CONFIG_HOME; export HOME={home}");
        let wrapper = apart("-m", &set);
        if !can_be_made(&wrapper) {
            return;
        }
        for command in ["run SCENARIO", "sim SCENARIO"] {
            let output = concsim(&wrapper, command, scratch.path());
            check_success(&output);
            let text = standard_error(&output);
            assert!(text.contains("the run is not kept: "), "{text}");
            assert_eq!(text.lines().count(), 1, "{text}");
        }
        check_success(&concsim(&wrapper, "runs", scratch.path()));
        let calibrate = concsim(&wrapper, "calibrate --quick", scratch.path());
        fails(&calibrate, "Read-only file system");
    }
}

#[test]
fn any_user_may_run() {
    let wrapper = user(4_000_000_020);
    if is_root() && can_be_made(&wrapper) {
        let scratch = for_all_users(scratch());
        check_success(&concsim(&wrapper, "run SCENARIO", scratch.path()));
        let shelf = scratch.path().join("concsim/recordings");
        assert_eq!(names(&shelf).len(), 1);
    }
}

#[test]
fn one_core_is_enough() {
    let wrapper = wrapper("taskset -c 0");
    if can_be_made(&wrapper) {
        let output = concsim(&wrapper, "run SCENARIO --no-keep", scratch().path());
        check_success(&output);
    }
}

#[test]
fn the_exit_status_of_no_command_depends_on_whether_its_streams_are_open() {
    let closed = ["sh", "-c", "exec <&- >&- 2>&-; exec \"$@\"", "sh"].map(Into::into);
    let open = wrapper("env");
    for command in COMMANDS {
        let status = |wrapper: &[String]| {
            let output = concsim(wrapper, command, scratch().path());
            output.status.code()
        };
        assert_eq!(status(&closed), status(&open), "`{command}`");
    }
}

/// Returns the target of a descriptor of a process.
fn leads_to(process: &str, descriptor: usize) -> String {
    let link = fs::read_link(format!("/proc/{process}/fd/{descriptor}"));
    link.map_or_else(|_| "nowhere".into(), |it| it.display().to_string())
}

/// Returns a process and its descendants.
fn family(pid: &str) -> Vec<String> {
    let children = format!("/proc/{pid}/task/{pid}/children");
    let children = fs::read_to_string(children).unwrap_or_default();
    let below = children.split_whitespace().flat_map(family);
    std::iter::once(pid.to_owned()).chain(below).collect()
}

#[test]
fn a_stream_that_was_closed_is_never_taken_for_a_socket_or_a_file() {
    let scratch = scratch();
    let mut server = Command::new("sh")
        .args(["-c", "exec <&- >&- 2>&-; exec \"$@\"", "sh", PROGRAM])
        .args(words("serve SCENARIO --bind 127.0.0.1:0", scratch.path()))
        .spawn()
        .unwrap();
    let driver = server.id().to_string();
    // The driver, the arbiter and its worker.
    until("it serves", || family(&driver).len() == 3);
    let streams: Vec<String> = family(&driver)
        .iter()
        .flat_map(|process| (0..3).map(|stream| leads_to(process, stream)))
        .collect();
    server.kill().unwrap();
    server.wait().unwrap();
    assert_eq!(streams[..3], ["/dev/null"; 3]);
    for stream in streams {
        // A pipe leads to the driver: orders, and messages of a process.
        let is_harmless = stream == "/dev/null" || stream.starts_with("pipe:");
        assert!(is_harmless, "{stream}");
    }
}
