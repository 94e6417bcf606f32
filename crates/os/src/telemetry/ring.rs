//! A ring of records from one writing process to one reading process.
//!
//! ```text
//!        head (reader's)                    tail (writer's)
//!          ▼                                  ▼
//!   ┌────┬────┬────┬────┬────┬────┬────┬────┬────┬────┐
//!   │free│ r5 │ r6 │ r7 │ r8 │ r9 │ r10│ r11│free│free│
//!   └────┴────┴────┴────┴────┴────┴────┴────┴────┴────┘
//! ```
//!
//! A record is eight words, one cache line. It is written into the free place at `tail`, and published by
//! one release store of `tail` when it is complete: a writer that is killed in between has written nothing.
//! If there is no free place, the record is dropped and counted: the writer is a worker whose time is
//! measured, and must never wait for its reader.

use std::sync::atomic::{AtomicU64, Ordering};

use concsim_engine::telemetry::Record;

use crate::sys::shared::Region;

const RECORD_BYTES: usize = size_of::<Record>();

/// Ends of the ring, each on a cache line of its own, so that reader and writer do not contend for one.
#[repr(C, align(64))]
#[derive(Debug)]
struct Ends {
    /// Number of records ever published. Written by the writer.
    tail: AtomicU64,
    /// Number of records dropped. Written by the writer.
    dropped: AtomicU64,
    _writers_line: [AtomicU64; 6],
    /// Number of records ever taken. Written by the reader.
    head: AtomicU64,
    _readers_line: [AtomicU64; 7],
}

const ENDS_BYTES: usize = size_of::<Ends>();
const _: () = assert!(ENDS_BYTES == 128);

/// Ring in shared memory; any process may read its counters.
#[derive(Clone, Copy, Debug)]
pub struct Ring<'a> {
    region: &'a Region,
    offset: usize,
    capacity: u64,
}

impl<'a> Ring<'a> {
    /// Returns the ring of `capacity` records (a power of two) at `offset` of the region.
    ///
    /// # Panics
    /// Panics if the capacity is not a power of two or the ring does not lie in the region.
    pub fn at(region: &'a Region, offset: usize, capacity: u64) -> Self {
        assert!(
            capacity.is_power_of_two(),
            "a ring's capacity is a power of two"
        );
        let ring = Self {
            region,
            offset,
            capacity,
        };
        let _ = ring.ends();
        let _ = ring.place(capacity - 1);
        ring
    }

    /// Size of a ring of `capacity` records, in bytes.
    pub const fn bytes(capacity: u64) -> usize {
        ENDS_BYTES + capacity as usize * RECORD_BYTES
    }

    /// Number of records dropped so far.
    pub fn dropped(&self) -> u64 {
        self.ends().dropped.load(Ordering::Relaxed)
    }

    /// Number of records published so far.
    pub fn published(&self) -> u64 {
        self.ends().tail.load(Ordering::Relaxed)
    }

    #[expect(
        unsafe_code,
        reason = "views of shared memory are made here and in board.rs"
    )]
    fn ends(&self) -> &'a Ends {
        // SAFETY: `Ends` is made of atomics alone.
        unsafe { self.region.view(self.offset) }
    }

    #[expect(
        unsafe_code,
        reason = "views of shared memory are made here and in board.rs"
    )]
    fn place(&self, number: u64) -> &'a [AtomicU64; 8] {
        let index = (number & (self.capacity - 1)) as usize;
        // SAFETY: an array of atomics alone.
        unsafe {
            self.region
                .view(self.offset + ENDS_BYTES + index * RECORD_BYTES)
        }
    }
}

/// Writing end. One process holds it at a time; a respawned worker goes on after its predecessor's last
/// record.
#[derive(Debug)]
pub struct Writer<'a> {
    ring: Ring<'a>,
    tail: u64,
    /// Last known head of the reader: read again only when the ring seems full.
    head: u64,
}

impl<'a> Writer<'a> {
    /// Returns the end after the last record that was published.
    pub fn new(ring: Ring<'a>) -> Self {
        let ends = ring.ends();
        Self {
            ring,
            tail: ends.tail.load(Ordering::Acquire),
            head: ends.head.load(Ordering::Acquire),
        }
    }

    /// Publishes a record, or drops and counts it.
    #[inline]
    pub fn push(&mut self, record: &Record) {
        if self.tail - self.head == self.ring.capacity && !self.finds_room() {
            return;
        }
        for (word, value) in self.ring.place(self.tail).iter().zip(record) {
            word.store(*value, Ordering::Relaxed);
        }
        self.tail += 1;
        self.ring.ends().tail.store(self.tail, Ordering::Release);
    }

    #[cold]
    fn finds_room(&mut self) -> bool {
        let ends = self.ring.ends();
        self.head = ends.head.load(Ordering::Acquire);
        let room = self.tail - self.head < self.ring.capacity;
        if !room {
            let dropped = ends.dropped.load(Ordering::Relaxed);
            ends.dropped.store(dropped + 1, Ordering::Relaxed);
        }
        room
    }
}

/// Reading end. One process holds it.
#[derive(Debug)]
pub struct Reader<'a> {
    ring: Ring<'a>,
    head: u64,
}

impl<'a> Reader<'a> {
    /// Returns the end after the last record that was taken.
    pub fn new(ring: Ring<'a>) -> Self {
        let head = ring.ends().head.load(Ordering::Acquire);
        Self { ring, head }
    }

    /// Takes every record that is there now, in the order of publication.
    pub fn drain(&mut self, mut take: impl FnMut(&Record)) {
        let ends = self.ring.ends();
        let tail = ends.tail.load(Ordering::Acquire);
        while self.head < tail {
            let place = self.ring.place(self.head);
            let record = std::array::from_fn(|word| place[word].load(Ordering::Relaxed));
            take(&record);
            self.head += 1;
        }
        ends.head.store(self.head, Ordering::Release);
    }

    /// Number of records dropped so far.
    pub fn dropped(&self) -> u64 {
        self.ring.dropped()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record(number: u64) -> Record {
        [number; 8]
    }

    #[test]
    fn a_full_ring_drops_the_new_record_and_counts_it() {
        let region = Region::new(Ring::bytes(4)).unwrap();
        let ring = Ring::at(&region, 0, 4);
        let mut writer = Writer::new(ring);
        for number in 0..6 {
            writer.push(&record(number));
        }
        let mut seen = Vec::new();
        Reader::new(ring).drain(|record| seen.push(record[0]));
        assert_eq!(seen, [0, 1, 2, 3]);
        assert_eq!(ring.dropped(), 2);
    }

    #[test]
    fn a_reader_beside_its_writer_takes_whole_records_in_order() {
        let region = Region::new(Ring::bytes(4)).unwrap();
        let ring = Ring::at(&region, 0, 4);
        let (mut writer, mut reader) = (Writer::new(ring), Reader::new(ring));
        let mut taken = Vec::new();
        std::thread::scope(|scope| {
            let writing = scope.spawn(|| (0..100).for_each(|number| writer.push(&record(number))));
            while !writing.is_finished() {
                reader.drain(|record| taken.push(*record));
                std::thread::yield_now();
            }
        });
        reader.drain(|record| taken.push(*record));
        assert_eq!(taken.len() as u64 + ring.dropped(), 100);
        assert!(taken.iter().all(|it| *it == record(it[0])));
        assert!(taken.is_sorted());
    }

    proptest! {
        #[test]
        fn whatever_the_order_of_pushes_and_drains_nothing_is_lost_unless_counted(
            bursts in prop::collection::vec((0u64..20, any::<bool>()), 1..50)
        ) {
            let region = Region::new(Ring::bytes(16)).unwrap();
            let ring = Ring::at(&region, 0, 16);
            let (mut writer, mut reader) = (Writer::new(ring), Reader::new(ring));
            let (mut pushed, mut taken) = (0, Vec::new());
            for (burst, drains) in bursts {
                for _ in 0..burst {
                    writer.push(&record(pushed));
                    pushed += 1;
                }
                if drains {
                    reader.drain(|record| taken.push(*record));
                }
            }
            reader.drain(|record| taken.push(*record));
            prop_assert_eq!(taken.len() as u64 + ring.dropped(), pushed);
            prop_assert!(taken.iter().all(|record| record.iter().all(|word| *word == record[0])));
            prop_assert!(taken.is_sorted());
        }
    }
}
