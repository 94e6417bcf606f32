//! Load: who asks, when, and what became of it. Plays the same timetable and the same course as the real
//! one, on connections that take no time; its core time, if it costs any, is one more process that wants
//! a core.

use std::collections::VecDeque;

use super::Simulation;
use super::guest::{Guest, GuestId, NOBODY, Place};
use super::happening::Happening;
use super::machine::StrandId;
use super::observer::Observer;
use super::worker::Level;
use concsim_engine::telemetry::{Event, Failure, Outcome, Sent, Stage};
use concsim_engine::timetable::{Course, Due, Timetable};
use concsim_model::scenario::{Arrivals, Connection, Scenario, draw};
use concsim_model::units::{Elapsed, Stamp};
use concsim_record::Who;

/// How long a client of a closed load waits after a connection that failed, if it does not pause longer
/// anyway. As the real one.
const AFTER_A_FAILURE: Elapsed = Elapsed::from_millis(100);

/// Connections that wait for their next request, and who may use them.
#[derive(Debug)]
enum Kept {
    Nothing,
    ByClient(Vec<Option<GuestId>>),
    Pool(Vec<GuestId>),
}

/// What load's process has to do.
#[derive(Clone, Copy, Debug)]
pub(super) enum Job {
    /// To send a request.
    Send {
        number: u32,
        class: u16,
        client: u32,
        due: u64,
    },
    /// To read an answer.
    Read { outcome: Outcome, client: u32 },
}

/// Load.
pub(super) struct Crowd {
    pub(super) timetable: Timetable,
    pub(super) course: Course,
    pub(super) stage: Stage,
    pub(super) strand: StrandId,
    /// When the timetable has something next.
    pub(super) next: Option<u64>,
    jobs: VecDeque<Job>,
    kept: Kept,
    next_number: u32,
    births: u32,
    /// Until when each request under way may be, in the order in which they were sent.
    patience: VecDeque<(u64, GuestId, u32)>,
    /// When somebody is on the calendar to lose it, and when the course goes on.
    patience_at: u64,
    course_at: u64,
    pub(super) in_system: Level,
    pub(super) sent: u64,
    pub(super) ended: u64,
    pub(super) good: u64,
    /// The edges of the window that have been sampled.
    pub(super) edges: [bool; 2],
}

impl Crowd {
    pub(super) fn new(scenario: &Scenario, begin: u64, strand: StrandId) -> Self {
        let kept = match (scenario.load.connection, scenario.load.arrivals) {
            (Connection::PerRequest, _) => Kept::Nothing,
            (Connection::KeepAlive, Arrivals::Closed { clients, .. }) => {
                Kept::ByClient(vec![None; clients])
            }
            (Connection::KeepAlive, Arrivals::Open { .. }) => Kept::Pool(Vec::new()),
        };
        Self {
            timetable: Timetable::new(scenario, Stamp(begin)),
            course: Course::new(scenario, Stamp(begin)),
            stage: Stage::WarmUp,
            strand,
            next: None,
            jobs: VecDeque::new(),
            kept,
            next_number: 0,
            births: 0,
            patience: VecDeque::new(),
            patience_at: u64::MAX,
            course_at: u64::MAX,
            in_system: Level::default(),
            sent: 0,
            ended: 0,
            good: 0,
            edges: [false; 2],
        }
    }

    /// Looks at the timetable again, after something has changed it.
    #[inline]
    pub(super) fn look_ahead(&mut self) {
        let next = self.timetable.soonest();
        self.next = next.filter(|at| self.course.allows(*at)).map(|at| at.0);
    }

    fn take_kept(&mut self, client: u32) -> Option<GuestId> {
        match &mut self.kept {
            Kept::ByClient(kept) => kept.get_mut(client as usize)?.take(),
            Kept::Pool(kept) => kept.pop(),
            Kept::Nothing => None,
        }
    }

    fn keep(&mut self, client: u32, id: GuestId) -> bool {
        match &mut self.kept {
            Kept::ByClient(kept) if client != NOBODY => {
                let client = client as usize;
                if kept.len() <= client {
                    kept.resize(client + 1, None);
                }
                kept[client] = Some(id);
            }
            Kept::Pool(kept) => kept.push(id),
            Kept::Nothing | Kept::ByClient(_) => return false,
        }
        true
    }

    /// Whether it waited to be used again; it does so no more.
    pub(super) fn forget(&mut self, client: u32, id: GuestId) -> bool {
        match &mut self.kept {
            Kept::ByClient(kept) => {
                let place = kept.get_mut(client as usize);
                place.is_some_and(|place| place.take_if(|kept| *kept == id).is_some())
            }
            Kept::Pool(kept) => {
                let place = kept.iter().position(|kept| *kept == id);
                place.map(|place| kept.remove(place)).is_some()
            }
            Kept::Nothing => false,
        }
    }

    /// All connections that wait to be used again, which are none any more.
    pub(super) fn take_all_kept(&mut self) -> Vec<GuestId> {
        match &mut self.kept {
            Kept::ByClient(kept) => kept.iter_mut().filter_map(Option::take).collect(),
            Kept::Pool(kept) => std::mem::take(kept),
            Kept::Nothing => Vec::new(),
        }
    }
}

impl<O: Observer> Simulation<'_, O> {
    /// Something on the timetable is due now.
    #[inline]
    pub(super) fn follow_the_timetable(&mut self) {
        let due = self.crowd.timetable.take();
        if let Some(due) = due
            && self.crowd.course.allows(due.at)
        {
            self.is_due(due);
        }
        self.crowd.look_ahead();
    }

    #[inline]
    fn is_due(&mut self, due: Due) {
        self.crowd.in_system.step(self.now, 1);
        self.crowd.course.begun(due.at);
        let number = self.crowd.next_number;
        self.crowd.next_number += 1;
        let class = match due.extra {
            Some(extra) => extra.class,
            None => draw::class_of(self.scenario, u64::from(number)) as u16,
        };
        let client = due.client.map_or(NOBODY, |client| client as u32);
        if self.machine_costs.generator == 0 {
            return self.send(number, class, client, due.at.0);
        }
        let due = due.at.0;
        self.load_does(Job::Send {
            number,
            class,
            client,
            due,
        });
    }

    fn load_does(&mut self, job: Job) {
        self.crowd.jobs.push_back(job);
        if self.crowd.jobs.len() == 1 {
            self.next_job();
        }
    }

    /// Half of what a request costs load is before it is sent, half when its answer is read.
    fn next_job(&mut self) {
        let half = self.machine_costs.generator / 2;
        let cost = match self.crowd.jobs.front() {
            Some(Job::Send { .. }) => half,
            Some(Job::Read { .. }) => self.machine_costs.generator - half,
            None => return,
        };
        let strand = self.crowd.strand;
        self.machine
            .work(self.now, strand, cost, &mut self.calendar);
    }

    /// Load's process has had its core time.
    pub(super) fn resume_load(&mut self) {
        match self.crowd.jobs.pop_front() {
            Some(Job::Send {
                number,
                class,
                client,
                due,
            }) => self.send(number, class, client, due),
            Some(Job::Read {
                mut outcome,
                client,
            }) => {
                outcome.done = Stamp(self.now);
                self.ends(&outcome, client);
            }
            None => {}
        }
        if self.crowd.jobs.is_empty() {
            let strand = self.crowd.strand;
            self.machine.sleep(self.now, strand, &mut self.calendar);
        } else {
            self.next_job();
        }
    }

    /// Sends a request, on a connection that was kept, or else on a new one.
    #[inline]
    fn send(&mut self, number: u32, class: u16, client: u32, due: u64) {
        let now = self.now;
        self.crowd.sent += 1;
        let kept = self.crowd.take_kept(client);
        if kept.is_none() {
            self.crowd.births = self.crowd.births.wrapping_add(1);
        }
        if O::WANTS_EVENTS {
            let birth = kept.map_or(self.crowd.births, |id| self.guests[id as usize].birth);
            let sent = Sent {
                request: number,
                class,
                due: Stamp(due),
                sent: Stamp(now),
                connection: Some(birth),
                opened: kept.is_none(),
            };
            self.observer.event(Who::Load, &Event::Sent(sent));
        }
        let id = if let Some(id) = kept {
            self.guests[id as usize].asks_again(number, class, client, due, now);
            self.stirs(id);
            id
        } else {
            let mut guest = Guest::new(number, class, client, due, now);
            guest.birth = self.crowd.births;
            let id = self.guests.insert(guest) as GuestId;
            self.knock(id);
            id
        };
        let until = due.saturating_add(self.scenario.load.patience.0);
        self.crowd.patience.push_back((until, id, number));
        if self.crowd.patience_at == u64::MAX {
            self.crowd.patience_at = until.max(now);
            self.calendar.set(until.max(now), Happening::Patience);
        }
    }

    /// The answer to a guest's request is written; whether its client keeps the connection.
    #[inline]
    pub(super) fn is_told(&mut self, id: GuestId, verdict: Result<u16, Failure>) {
        let now = self.now;
        let guest = &mut self.guests[id as usize];
        if !std::mem::take(&mut guest.is_asking) {
            return; // nobody listens any more
        }
        let (outcome, client) = (guest.outcome(verdict, now), guest.client);
        if self.machine_costs.generator == 0 {
            return self.ends(&outcome, client);
        }
        self.load_does(Job::Read { outcome, client });
    }

    /// Whether the client of a guest that was answered will use the connection again.
    pub(super) fn would_keep(&self, id: GuestId) -> bool {
        self.scenario.load.connection == Connection::KeepAlive
            && !self.guests[id as usize].is_alone
            && !self.is_over
    }

    /// A guest that was answered waits for the next request, for so long.
    pub(super) fn keep(&mut self, id: GuestId) {
        let guest = &self.guests[id as usize];
        let (turn, client) = (guest.turn, guest.client);
        // The run may have ended with this answer, which a worker learns when its client has left.
        if self.is_over || !self.crowd.keep(client, id) {
            // One more than the load sends has nobody who would ask again.
            self.guests[id as usize].is_alone = true;
            return self.stirs(id);
        }
        let until = self.now + self.scenario.server.keepalive.0;
        self.calendar.set(until, Happening::IdleTooLong(id, turn));
    }

    /// A kept connection has been idle for too long: its worker closes it.
    pub(super) fn is_idle_too_long(&mut self, id: GuestId, turn: u32) {
        if self.still_waits(id, turn) {
            let client = self.guests[id as usize].client;
            self.crowd.forget(client, id);
            self.hangs_up(id);
        }
    }

    /// Nothing more will come on a connection that waits between two requests.
    pub(super) fn hangs_up(&mut self, id: GuestId) {
        let turn = self.next_turn();
        let guest = &mut self.guests[id as usize];
        (guest.is_alone, guest.turn) = (true, turn);
        self.stirs(id);
    }

    /// A request has ended; its client, if it has one, will ask again.
    #[inline]
    pub(super) fn ends(&mut self, outcome: &Outcome, client: u32) {
        self.crowd.in_system.step(self.now, -1);
        self.crowd.ended += 1;
        self.crowd.good += u64::from(outcome.failure.is_none());
        self.observer.ended(outcome);
        if self.is_over {
            return;
        }
        self.crowd.course.ended(outcome.due, outcome.done);
        let client = (client != NOBODY).then_some(client as usize);
        if matches!(outcome.failure, None | Some(Failure::Status)) {
            self.crowd.course.answered(client);
        }
        if let Some(client) = client {
            let think = draw::think(self.scenario, u64::from(outcome.request));
            let pause = match outcome.failure {
                None | Some(Failure::Timeout | Failure::Status) => think,
                Some(Failure::Refused | Failure::Reset) => think.max(AFTER_A_FAILURE),
            };
            self.crowd.timetable.again(client, outcome.done + pause);
            self.crowd.look_ahead();
        }
        if self.crowd.course.turns_on_ends() {
            self.follow_the_course();
        }
    }

    /// Ends requests that took longer than anybody is willing to wait.
    pub(super) fn lose_patience(&mut self) {
        self.crowd.patience_at = u64::MAX;
        while let Some(&(until, id, number)) = self.crowd.patience.front() {
            let guest = self.guests.get_mut(id as usize);
            let waiting = guest.filter(|guest| guest.is_asking && guest.number == number);
            let Some(guest) = waiting else {
                self.crowd.patience.pop_front();
                continue;
            };
            if until > self.now {
                self.crowd.patience_at = until;
                self.calendar.set(until, Happening::Patience);
                return;
            }
            (guest.is_asking, guest.is_alone) = (false, true);
            let (outcome, client) = (guest.outcome(Err(Failure::Timeout), self.now), guest.client);
            if let Place::Outside(_) = guest.place {
                self.guests.remove(id as usize);
            }
            self.crowd.patience.pop_front();
            self.ends(&outcome, client);
        }
    }

    /// The summary rests on every request: when there is no room for more, the window ends.
    pub(super) fn see_whether_the_log_is_full(&mut self) {
        let now = Stamp(self.now);
        if self.observer.is_full() && self.log_full.is_none() && !self.is_over {
            self.log_full = Some(now);
            self.crowd.course.end_window(now);
            self.crowd.look_ahead();
            self.follow_the_course();
        }
    }

    /// Sees where the run stands, samples the edges of the window, and sees when to look again.
    pub(super) fn follow_the_course(&mut self) {
        let now = Stamp(self.now);
        let stage = self.crowd.course.advance(now);
        let course = &self.crowd.course;
        let edges = [course.window_begin(), course.window_end()];
        let next = course.next_change(now).0;
        self.crowd.stage = stage;
        for (place, edge) in edges.into_iter().enumerate() {
            if edge.is_some_and(|edge| edge <= now) && !self.crowd.edges[place] {
                self.crowd.edges[place] = true;
                self.sample();
            }
        }
        if stage == Stage::Done {
            return self.close();
        }
        if next != u64::MAX && next != self.crowd.course_at {
            self.crowd.course_at = next;
            self.calendar.set(next, Happening::Course);
        }
    }

    /// The run is over; whatever is still under way has failed.
    pub(super) fn give_up_on_all(&mut self) {
        let asking = |(id, guest): (usize, &Guest)| guest.is_asking.then_some(id);
        let asking: Vec<usize> = self.guests.iter().filter_map(asking).collect();
        for id in asking {
            let guest = &mut self.guests[id];
            (guest.is_asking, guest.is_alone) = (false, true);
            let (outcome, client) = (guest.outcome(Err(Failure::Timeout), self.now), guest.client);
            self.ends(&outcome, client);
        }
        for job in std::mem::take(&mut self.crowd.jobs) {
            let (outcome, client) = match job {
                Job::Read {
                    mut outcome,
                    client,
                } => {
                    outcome.done = Stamp(self.now);
                    (outcome, client)
                }
                Job::Send {
                    number,
                    class,
                    client,
                    due,
                } => {
                    let guest = Guest::new(number, class, client, due, 0);
                    (guest.outcome(Err(Failure::Timeout), self.now), client)
                }
            };
            self.ends(&outcome, client);
        }
    }
}
