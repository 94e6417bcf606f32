//! Cost of parsing a request, and of writing the head of its answer.
//!
//! The floor is httparse alone: it finds names and values, and leaves all rules to its caller.

mod support;

use std::hint::black_box;

use concsim::http::response::{self, Date};
use concsim::http::{Persistence, Progress, Receiver, Status};
use criterion::{Criterion, criterion_group, criterion_main};

const FROM_LOAD: &[u8] =
    b"GET /profile?n=1234567&d=1000000,99000000 HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n";

fn parse(criterion: &mut Criterion) {
    let mut receiver = Receiver::new();
    let mut receive = |times| {
        for _ in 0..times {
            receiver.free_space()[..FROM_LOAD.len()].copy_from_slice(black_box(FROM_LOAD));
            receiver.received(FROM_LOAD.len());
            assert_eq!(receiver.progress(), Progress::Whole);
            black_box(receiver.request());
            receiver.next();
        }
    };
    criterion.bench_function("receive a request", |bencher| bencher.iter(|| receive(1)));
    let mut names_and_values = |times| {
        for _ in 0..times {
            let mut fields = [httparse::EMPTY_HEADER; 16];
            let mut request = httparse::Request::new(&mut fields);
            let parsed = request.parse(black_box(FROM_LOAD));
            assert!(parsed.is_ok_and(|status| status.is_complete()));
            black_box(request.path);
        }
    };
    support::beside(
        "a request",
        ("httparse", &mut names_and_values),
        ("receiver", &mut receive),
    );
}

fn write_head(criterion: &mut Criterion) {
    let mut out = Vec::new();
    criterion.bench_function("write a head", |bencher| {
        bencher.iter(|| {
            out.clear();
            response::write_head(
                &mut out,
                Status::Ok,
                black_box(2),
                Persistence::Stay,
                Date::EPOCH,
            );
            black_box(&out);
        });
    });
}

criterion_group!(benches, parse, write_head);
criterion_main!(benches);
