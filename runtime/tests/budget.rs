//! Random days of a device with a budget: the worker as it ships, on real files, over links that fail. What passes is counted by
//! the link itself, and never is it more than the budget of that day and kind of link; and in the end all has arrived.
//!
//! A day ends by moving what was counted into the past: for the device that is the same as a clock that moves on.
//! `WINDROW_WORLDS` says how many worlds there are to be, `WINDROW_SEED` the first one's seed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use windrow::hub::{HubStore, OpenHub, SqliteHub};
use windrow::rusqlite::params;
use windrow::sync::{Activity, Budget, Failure, FailureKind, Link, Notes, Options, SyncState, Transport};
use windrow::{Id, Store, SyncWorker, Syncable};
use windrow_protocol::chunk::Chunk;
use windrow_protocol::message::{Answer, to_bytes};
use windrow_protocol::session::{Finish, Request};

#[derive(Debug, Clone, PartialEq, Syncable)]
struct Note {
    id: Id<Note>,
    text: String,
    #[merge(sum)]
    count: i64,
}

windrow::domain!(NOTES = [Note]);

/// Bytes of heads, of a question and of its answer.
const HEADS: (u64, u64) = (130, 90);
/// Bytes of a handshake, for which no budget has room: it is known only when it has been made.
const HANDSHAKE: u64 = 3_600;
/// Bytes of one more record than fits, and of the heads around it.
const ONE_MORE: u64 = 400;

/// How long a quiet day may take at most. Such days once ended like the others, after a fraction of a second or when the worker
/// was idle, which it is too before it has begun; on a slow machine they were over before anything was sent, and all 41 notes
/// were still pending where one should be.
const PATIENCE: Duration = Duration::from_secs(60);

/// A link to the hub.
struct Air(Arc<Sky>);

/// What all links of a world have in common.
struct Sky {
    hub: Arc<dyn HubStore>,
    state: Mutex<Weather>,
}

struct Weather {
    rng: fastrand::Rng,
    /// Of a hundred exchanges, how many fail.
    fails: u8,
    /// Whether connections are made by handshakes.
    tls: bool,
    /// Bytes that passed today.
    passed: u64,
}

impl Sky {
    fn weather(&self) -> std::sync::MutexGuard<'_, Weather> {
        self.state.lock().unwrap()
    }
}

impl Weather {
    fn happens(&mut self, percent: u8) -> bool {
        self.rng.u8(0..100) < percent
    }

    /// So many bytes pass, to the hub and from it.
    fn pass(&mut self, notes: &Notes, (to, from): (u64, u64)) {
        self.passed += to + from;
        notes.sent(to);
        notes.received(from);
    }
}

fn broken() -> Failure {
    Failure::new(FailureKind::Broken, "it broke off")
}

#[async_trait::async_trait]
impl Transport for Air {
    async fn send(&self, request: &Request, notes: &Notes) -> Result<Answer, Failure> {
        let (body, mut arrived) = (request.to_bytes().unwrap(), request.clone());
        {
            let mut weather = self.0.weather();
            if weather.tls && weather.happens(30) {
                weather.pass(notes, (HANDSHAKE / 6, HANDSHAKE - HANDSHAKE / 6));
            }
            let fails = weather.fails;
            if weather.happens(fails) {
                // Some of it has gone, and of a chunk the hub keeps that.
                let gone = weather.rng.usize(0..=body.len());
                weather.pass(notes, (HEADS.0 + gone as u64, 0));
                match (request, Chunk::arrived(&body[..gone])) {
                    (Request::Upload(_), Ok(chunk)) => arrived = Request::Upload(chunk),
                    _ => return Err(broken()),
                }
            } else {
                weather.pass(notes, (HEADS.0 + body.len() as u64, 0));
            }
        }
        let answer = self.0.hub.answer(arrived.clone()).await.map_err(|e| e.into_problem())?;
        let (mut weather, told) = (self.0.weather(), to_bytes(&answer).unwrap().len() as u64);
        let fails = weather.fails;
        if arrived != *request || weather.happens(fails) {
            let came = weather.rng.u64(0..=told);
            weather.pass(notes, (0, HEADS.1 + came));
            return Err(broken());
        }
        weather.pass(notes, (0, HEADS.1 + told));
        Ok(answer)
    }

    async fn probe(&self, notes: &Notes) -> bool {
        let mut weather = self.0.weather();
        weather.pass(notes, HEADS);
        let fails = weather.fails;
        !weather.happens(fails)
    }
}

/// A device with a budget, another without, and a hub.
struct World {
    sky: Arc<Sky>,
    field: Store,
    office: Store,
    budget: Budget,
    rng: fastrand::Rng,
}

impl World {
    fn new(dir: &Path, seed: u64) -> World {
        let mut rng = fastrand::Rng::with_seed(seed);
        let hub = SqliteHub::open(dir.join("hub.db")).unwrap().open_for(&NOTES).unwrap();
        let weather = Weather { rng: rng.fork(), fails: rng.u8(0..40), tls: rng.bool(), passed: 0 };
        let sky = Arc::new(Sky { hub, state: Mutex::new(weather) });
        let store = |name: &str| Store::open(dir.join(name), &NOTES).unwrap();
        let any = if rng.bool() { Budget::per_day(rng.u64(12_000..60_000)) } else { Budget::default() };
        let budget = any.on_metered(rng.u64(9_000..24_000));
        World { sky, field: store("field.db"), office: store("office.db"), budget, rng }
    }

    /// Some writes: new notes, long and short, and counts of old ones.
    fn writes(&mut self, store: &Store, most: usize) {
        let conn = store.connection().unwrap();
        for _ in 0..self.rng.usize(0..=most) {
            if self.rng.u8(0..4) > 0 {
                let text: String = (0..self.rng.usize(0..120)).map(|_| self.rng.alphanumeric()).collect();
                let insert = "INSERT INTO note (id, text, count) VALUES (randomblob(16), ?1, 0)";
                conn.execute(insert, params![text]).unwrap();
            } else {
                let count =
                    "UPDATE note SET count = count + 1 WHERE id = (SELECT id FROM note ORDER BY random() LIMIT 1)";
                conn.execute(count, []).unwrap();
            }
        }
    }

    /// A hasty day of the device, over a link of this kind: it ends at some time, done or not. What passed.
    async fn day(&mut self, link: Link, (fails, writes): (u8, usize)) -> u64 {
        let (_feed, connectivity) = tokio::sync::watch::channel(link);
        let (field, worker) = (self.field.clone(), self.start(connectivity, fails));
        for _ in 0..self.rng.usize(1..4) {
            self.writes(&field, writes);
            worker.sync_now();
            let haste = Duration::from_millis(self.rng.u64(20..400));
            let _ = tokio::time::timeout(haste, done(&worker)).await;
        }
        worker.stop().await;
        self.sky.weather().passed
    }

    /// A day over a metered link on which nothing is written and nothing fails: it ends when the worker is done. What passed.
    async fn quiet_day(&self) -> u64 {
        let (_feed, connectivity) = tokio::sync::watch::channel(Link::Metered);
        let worker = self.start(connectivity, 0);
        tokio::time::timeout(PATIENCE, done(&worker)).await.expect("the worker is done");
        worker.stop().await;
        self.sky.weather().passed
    }

    /// A new day's worker: nothing has passed yet, and so many of a hundred exchanges fail.
    fn start(&self, connectivity: tokio::sync::watch::Receiver<Link>, fails: u8) -> SyncWorker {
        let ms = Duration::from_millis;
        (self.sky.weather().fails, self.sky.weather().passed) = (fails, 0);
        let options = Options {
            interval: ms(5),
            metered_interval: ms(5),
            debounce: ms(1),
            watch: ms(5),
            probe: ms(5),
            first_wait: ms(1),
            longest_wait: ms(4),
            connectivity: Arc::new(connectivity),
            budget: self.budget,
            ..Options::default()
        };
        SyncWorker::start_with(&self.field, Air(self.sky.clone()), options)
    }

    /// The clock moves on by a day.
    fn night(&self) {
        let moves = "UPDATE windrow_traffic SET day = date(day, '-1 day')";
        self.field.connection().unwrap().execute(moves, []).unwrap();
    }

    /// What the device has counted today.
    fn counted(&self) -> u64 {
        let today = "SELECT coalesce(sum(sent + received), 0) FROM windrow_traffic WHERE day = date('now')";
        let counted: i64 = self.field.connection().unwrap().query_row(today, [], |row| row.get(0)).unwrap();
        counted.unsigned_abs()
    }
}

/// Returns when all is sent, or the budget is spent. A worker that has just started is idle too, but knows of no next session.
async fn done(worker: &SyncWorker) {
    let done = |s: &SyncState| match s.activity {
        Activity::Saving => true,
        Activity::Idle => s.pending == 0 && s.next.is_some(),
        _ => false,
    };
    worker.state().wait_for(done).await.expect("the worker runs");
}

fn notes(store: &Store) -> Vec<Note> {
    store.query::<Note>("ORDER BY id", []).unwrap().into_iter().map(|note| (*note).clone()).collect()
}

/// What a day may come to. A handshake, and one record that is alone more than what is left, are known when they have passed.
fn bound(world: &World, link: Link) -> u64 {
    let beyond = if world.sky.weather().tls { HANDSHAKE + ONE_MORE } else { ONE_MORE };
    world.budget.of(link).map_or(u64::MAX, |most| most + beyond)
}

/// Plays a world; on how many days the budget was what ended them.
async fn play(seed: u64) -> u32 {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(dir.path(), seed);
    let office = world.office.clone();
    let plain = Air(world.sky.clone());
    let mut spent = 0;
    for day in 0..8 {
        // The office has all the network it wants.
        world.sky.weather().fails = 0;
        world.writes(&office, 150);
        assert_eq!(windrow::sync(&office, &plain).await.unwrap(), Finish::InSync);
        let link = if world.rng.bool() { Link::Metered } else { Link::Unmetered };
        let (fails, writes) = (world.rng.u8(0..50), world.rng.usize(0..200));
        let passed = world.day(link, (fails, writes)).await;
        let most = bound(&world, link);
        assert!(
            passed <= most,
            "seed {seed}, day {day}: {passed} bytes passed over a {} link, {most} may",
            link.name()
        );
        assert_eq!(passed, world.counted(), "seed {seed}, day {day}: what passed is not what was counted");
        spent += u32::from(world.budget.exchange(link, passed).is_none());
        world.night();
    }
    for _ in 0..200 {
        let passed = world.quiet_day().await;
        assert!(passed <= bound(&world, Link::Metered), "seed {seed}, at the end: {passed} bytes");
        world.night();
        world.sky.weather().fails = 0;
        windrow::sync(&office, &plain).await.unwrap();
        if world.field.pending().unwrap() == 0 && notes(&world.field) == notes(&office) {
            return spent;
        }
    }
    panic!("seed {seed}: it gets nowhere, {} are pending", world.field.pending().unwrap());
}

/// A budget was spent twice over by a link that broke: only what arrived was counted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_day_costs_more_than_its_budget_and_all_arrives() {
    let number = |name: &str, otherwise: u64| std::env::var(name).map_or(otherwise, |text| text.parse().unwrap());
    let first = number("WINDROW_SEED", 0);
    let (worlds, mut spent) = (number("WINDROW_WORLDS", 12), 0);
    for seed in first..first + worlds {
        spent += play(seed).await;
    }
    println!("{worlds} worlds; the budget ended {spent} days");
    assert!(u64::from(spent) > worlds, "no budget was ever near its end");
}

/// A photo of 50 KB was written after a morning's visits, and over a metered link these waited for three days until it had gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_written_before_a_large_record_does_not_wait_for_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(dir.path(), 1);
    (world.budget, world.sky.weather().tls) = (Budget::per_day(20_000), false);
    for _ in 0..40 {
        world.field.insert(&Note { id: Id::new(), text: "a visit".into(), count: 1 }).unwrap();
    }
    let photo: String = (0..70_000).map(|_| world.rng.alphanumeric()).collect();
    world.field.insert(&Note { id: Id::new(), text: photo, count: 1 }).unwrap();
    world.quiet_day().await;
    assert_eq!(world.field.pending().unwrap(), 1, "the visits are at the hub, and the photo is on its way");
    let mut days = 1;
    while world.field.pending().unwrap() > 0 {
        world.night();
        let passed = world.quiet_day().await;
        assert!(passed <= 20_000 + ONE_MORE && days < 9, "{passed} on day {days}");
        days += 1;
    }
    assert!(days > 2, "it was too large for a day");
}

/// With 308 bytes left each way a device asked for a hundred records by name, in one question of 2,250 bytes, which is never cut,
/// and got an answer of 3,418: a day of 6,000 bytes cost 10,027. The question waits now, for a day that it fits into.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_that_is_never_cut_waits_for_a_day_that_has_room_for_it() {
    for letters in (600..4_000).step_by(200) {
        let dir = tempfile::tempdir().unwrap();
        let mut world = World::new(dir.path(), 7);
        world.budget = Budget::default();
        (world.sky.weather().tls, world.sky.weather().fails) = (false, 0);
        let office = world.office.clone();
        for _ in 0..115 {
            let text = (0..20).map(|_| world.rng.alphanumeric()).collect();
            office.insert(&Note { id: Id::new(), text, count: 1 }).unwrap();
        }
        windrow::sync(&office, &Air(world.sky.clone())).await.unwrap();
        world.quiet_day().await;
        world.night();

        let wants = "INSERT INTO windrow_refetch (\"table\", record) SELECT 'note', id FROM note";
        assert_eq!(world.field.connection().unwrap().execute(wants, []).unwrap(), 115);
        let text: String = (0..letters).map(|_| world.rng.alphanumeric()).collect();
        world.field.insert(&Note { id: Id::new(), text, count: 1 }).unwrap();
        world.budget = Budget::per_day(6_000);
        let (mut days, mut wanted) = (0, 1);
        while world.field.pending().unwrap() > 0 || wanted > 0 {
            let passed = world.quiet_day().await;
            assert!(passed <= 6_000 + ONE_MORE && days < 4, "{letters} letters, day {days}: {passed} bytes passed");
            world.night();
            days += 1;
            let count = "SELECT count(*) FROM windrow_refetch";
            wanted = world.field.connection().unwrap().query_row(count, [], |row| row.get(0)).unwrap();
        }
    }
}
