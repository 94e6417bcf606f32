//! Throughput of the hub, compared with other servers: wrk requests `hello` from each over 64 kept
//! connections, in rounds in which every server has its turn.
//!
//! ```text
//!   cargo bench --bench hello -- --rounds 20 --seconds 2
//! ```
//!
//! | server   | is |
//! |----------|----|
//! | concsim  | `concsim serve hello`, one coroutine worker |
//! | silent   | the same, its worker writing no events |
//! | callback | the same with one callback worker: the cost of stacks |
//! | floor    | a bare epoll loop that parses the request and sends the bytes that concsim sent |
//! | nginx    | one worker process, `return 200` |
//! | gunicorn | two gevent workers, `assets/peers/app.py` |
//!
//! Needs wrk; nginx and gunicorn are skipped, with a message, if they are not installed.

#![expect(clippy::print_stdout, reason = "a bench tells its result")]

#[path = "../support/figures.rs"]
mod figures;
mod floor;
mod server;
mod wrk;

use std::process::ExitCode;

use server::Server;
use wrk::Played;

/// Command-line options.
struct Options {
    rounds: usize,
    seconds: u32,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value_of = |name: &str| {
        let place = arguments.iter().position(|argument| argument == name)?;
        arguments.get(place + 1)
    };
    if let (Some(address), Some(answer)) = (value_of("--floor"), value_of("--answer")) {
        return floor::serve(address, answer.as_bytes());
    }
    if !arguments.iter().any(|argument| argument == "--bench") {
        return try_out();
    }
    let number = |name, default| {
        value_of(name)
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let options = Options {
        rounds: number("--rounds", 20) as usize,
        seconds: number("--seconds", 2),
    };
    match compare(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            println!("hello: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn compare(options: &Options) -> Result<(), String> {
    let servers = start_all()?;
    for server in &servers {
        println!("{:<9} answers\n{}", server.name, indented(&server.answer));
    }
    let mut played: Vec<Vec<Played>> = servers.iter().map(|_| Vec::new()).collect();
    for round in 0..options.rounds {
        for turn in 0..servers.len() {
            // Every other round is in reverse order, so that a slow drift of the machine cancels out.
            let index = if round % 2 == 0 {
                turn
            } else {
                servers.len() - 1 - turn
            };
            played[index].push(wrk::play(&servers[index], options.seconds)?);
        }
    }
    report(&servers, &played);
    report_telemetry(&played[0], &played[1]);
    Ok(())
}

/// Runs as a test: without figures, but with everything that needs no other program.
fn try_out() -> ExitCode {
    const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nco";
    figures::holds_on_known_numbers();
    let floor = Server::floor(ANSWER).expect("the floor starts");
    assert_eq!(floor.answer, ANSWER, "the floor sends what it was given");
    ExitCode::SUCCESS
}

/// Starts concsim first: the floor sends its answer.
fn start_all() -> Result<Vec<Server>, String> {
    let ours = Server::concsim()?;
    let floor = Server::floor(&ours.answer)?;
    let mut servers = vec![ours, Server::silent()?, Server::callback()?, floor];
    for (name, started) in [("nginx", Server::nginx()), ("gunicorn", Server::gunicorn())] {
        match started {
            Ok(server) => servers.push(server),
            Err(reason) => println!("{name} is left out: {reason}"),
        }
    }
    Ok(servers)
}

fn indented(answer: &str) -> String {
    let lines: Vec<String> = answer
        .lines()
        .map(|line| format!("          | {line}"))
        .collect();
    lines.join("\n")
}

fn report(servers: &[Server], played: &[Vec<Played>]) {
    println!(
        "           requests/s  core/request    of worker  wrk's CPU  concsim is so many times as fast"
    );
    for (server, theirs) in servers.iter().zip(played) {
        let paired = played[0].iter().zip(theirs);
        let ratios: Vec<f64> = paired
            .map(|(ours, theirs)| ours.per_second / theirs.per_second)
            .collect();
        let median_of = |figure: fn(&Played) -> f64| {
            let figures: Vec<f64> = theirs.iter().map(figure).collect();
            figures::median(&figures)
        };
        println!(
            "{:<9} {:>11.0} {:>10.2} µs {:>9.2} µs {:>10.2}  {:.3} ({})",
            server.name,
            median_of(|played| played.per_second),
            median_of(|played| played.core_us),
            median_of(|played| played.worker_us),
            median_of(|played| played.wrk_busy),
            figures::median(&ratios),
            figures::interval_of_median(&ratios),
        );
    }
}

/// Prints the ratio of the worker's core time per request with telemetry to that without.
fn report_telemetry(with: &[Played], without: &[Played]) {
    let paired = with.iter().zip(without);
    let ratios: Vec<f64> = paired
        .map(|(with, without)| with.worker_us / without.worker_us)
        .collect();
    println!(
        "telemetry: {:.3} of the worker's core time without it ({})",
        figures::median(&ratios),
        figures::interval_of_median(&ratios),
    );
}
