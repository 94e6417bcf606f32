//! Cost of telemetry in a worker: a record into the ring, a step of a gauge.
//!
//! The floor of a record is the same eight words into plain memory; the floor of a step is a counter without
//! an integral.

mod support;

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};

use concsim::sys::shared::Region;
use concsim::telemetry::{Gauge, Reader, Record, Ring, Writer};
use concsim::units::Stamp;
use criterion::{Criterion, criterion_group, criterion_main};

const CAPACITY: u64 = 1 << 12;

fn record(number: u64) -> Record {
    [number; 8]
}

fn ring_push(criterion: &mut Criterion) {
    let region = Region::new(Ring::bytes(CAPACITY)).expect("a small region can be mapped");
    let ring = Ring::at(&region, 0, CAPACITY);
    let (mut writer, mut reader) = (Writer::new(ring), Reader::new(ring));
    let mut room = CAPACITY;
    let mut push = |times| {
        for number in 0..times {
            // Emptied as by the recorder, but far less often than it is written.
            if room == 0 {
                reader.drain(|record| {
                    black_box(record);
                });
                room = CAPACITY;
            }
            room -= 1;
            writer.push(black_box(&record(number)));
        }
    };
    criterion.bench_function("ring push, drains included", |bencher| {
        bencher.iter(|| push(1));
    });
    let mut places = vec![record(0); CAPACITY as usize];
    let mut plain = |times| {
        for number in 0..times {
            places[(number % CAPACITY) as usize] = *black_box(&record(number));
        }
        black_box(&mut places);
    };
    support::beside(
        "a record",
        ("plain memory", &mut plain),
        ("ring", &mut push),
    );
    assert_eq!(ring.dropped(), 0, "a bench of drops would measure nothing");
}

fn gauge_step(criterion: &mut Criterion) {
    let gauge = Gauge::default();
    let mut now = 0;
    let mut up_and_down = |times| {
        for _ in 0..times {
            now += 1;
            gauge.up(black_box(Stamp(now)));
            gauge.down(black_box(Stamp(now)));
        }
    };
    criterion.bench_function("gauge up and down", |bencher| {
        bencher.iter(|| up_and_down(1));
    });
    let counter = AtomicU64::new(0);
    let mut count = |times| {
        for _ in 0..2 * times {
            let value = counter.load(Ordering::Relaxed);
            counter.store(black_box(value + 1), Ordering::Relaxed);
        }
    };
    support::beside(
        "a gauge up and down",
        ("a counter", &mut count),
        ("gauge", &mut up_and_down),
    );
}

criterion_group!(benches, ring_push, gauge_step);
criterion_main!(benches);
