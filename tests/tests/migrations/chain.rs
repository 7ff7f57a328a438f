//! Several versions, one after another: files that wake up behind more than one of them, and those who go on meanwhile.

use crate::{device, file};
use fastrand::Rng;
use std::path::PathBuf;
use windrow::rusqlite::Connection;
use windrow::{Domain, Store};
use windrow_schema::lock::{Lock, compare};
use windrow_tests::descriptors;
use windrow_tests::product::hub::Hub;
use windrow_tests::versions::{fill, next, tables};

/// A lock of so many random versions.
pub(crate) fn lock(seed: u64, versions: usize) -> Lock {
    let mut rng = Rng::with_seed(seed ^ 0x1ccd);
    let mut lock = Lock::new("VERSIONS");
    lock.push(&compare(None, tables(&mut rng), &Default::default()).expect("nothing to compare with").named("start"));
    while lock.versions().len() < versions {
        let next = next(&mut rng, lock.last().expect("one")).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        let plan = compare(lock.last(), next.tables, &next.choices).unwrap_or_else(|r| panic!("seed {seed}: {}", r[0]));
        lock.push(&plan.named("next"));
    }
    lock
}

/// A hub, and devices beside it, in a folder.
struct World {
    seed: u64,
    dir: tempfile::TempDir,
    lock: Lock,
    domains: Vec<&'static Domain>,
    rng: Rng,
}

impl World {
    fn new(seed: u64, versions: usize) -> World {
        let lock = lock(seed, versions);
        let domains = descriptors::versions(&lock).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        World { seed, dir: tempfile::tempdir().unwrap(), lock, domains, rng: Rng::with_seed(!seed) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn hub(&self, version: usize) -> Hub {
        Hub::open(&self.path("hub.db"), self.domains[version]).unwrap_or_else(|e| panic!("seed {}: {e}", self.seed))
    }

    fn store(&self, name: &str, version: usize) -> Store {
        Store::open(self.path(name), self.domains[version]).unwrap_or_else(|e| panic!("seed {}: {e}", self.seed))
    }

    fn sync(&self, store: &Store, hub: &Hub) {
        device::sync(store, hub).unwrap_or_else(|e| panic!("seed {}: {e}", self.seed));
        let refused: Vec<_> = store.refused().unwrap().into_iter().map(|r| r.sentence).collect();
        assert_eq!((store.pending().unwrap(), refused), (0, vec![]), "seed {}", self.seed);
    }

    /// A device that is there already and works on.
    fn works(&mut self, store: &Store, version: usize, times: usize) {
        fill(&store.connection().unwrap(), &mut self.rng, &self.lock.versions()[version].tables, times);
    }

    /// Everybody hears of everybody, and is equal.
    fn equal(&self, names: &[&str], hub: &Hub, version: usize) {
        let stores: Vec<Store> = names.iter().map(|name| self.store(name, version)).collect();
        (0..2).for_each(|_| stores.iter().for_each(|store| self.sync(store, hub)));
        let seen = Connection::open(self.path("hub.db")).unwrap();
        for (name, store) in names.iter().zip(&stores) {
            store.verify().unwrap();
            self.sync(store, hub);
            let status = store.status().unwrap();
            assert!(status.verified.is_some() && status.differed.is_none(), "seed {}: {name}: {status:?}", self.seed);
            for table in &self.lock.versions()[version].tables {
                let rows = |conn: &Connection| file::rows(conn, table);
                let (here, there) = (rows(&store.connection().unwrap()), rows(&seen));
                assert_eq!(here, there, "seed {}: {name}: {}", self.seed, table.name);
            }
        }
    }
}

/// One tablet lay in a drawer with work in it through three changes of the model; the others followed each of them, the hub
/// going first.
pub(crate) fn sleeps(seed: u64) {
    let mut world = World::new(seed, 4);
    {
        let (hub, awake, asleep) = (world.hub(0), world.store("awake.db", 0), world.store("asleep.db", 0));
        world.works(&awake, 0, 30);
        world.sync(&awake, &hub);
        world.sync(&asleep, &hub);
        world.works(&asleep, 0, 15);
    }
    for version in 1..4 {
        let hub = world.hub(version);
        // Still the old program: what it writes arrives all the same.
        let awake = world.store("awake.db", version - 1);
        world.works(&awake, version - 1, 8);
        world.sync(&awake, &hub);
        world.works(&awake, version - 1, 4);
        drop(awake);
        let awake = world.store("awake.db", version);
        world.works(&awake, version, 8);
        world.sync(&awake, &hub);
    }
    let migrated = world.store("asleep.db", 3).migrated().cloned().expect("it was of another version");
    assert_eq!((migrated.from, migrated.to), (1, 4), "seed {seed}");
    world.equal(&["awake.db", "asleep.db", "new.db"], &world.hub(3), 3);
}

/// The hub itself skips versions: a server is updated once a year.
pub(crate) fn jumps(seed: u64) {
    let mut world = World::new(seed, 4);
    {
        let (hub, first, second) = (world.hub(0), world.store("first.db", 0), world.store("second.db", 0));
        world.works(&first, 0, 30);
        world.sync(&first, &hub);
        world.sync(&second, &hub);
        world.works(&first, 0, 10);
        world.works(&second, 0, 10);
        world.sync(&second, &hub);
        world.sync(&first, &hub);
        world.works(&second, 0, 10);
    }
    world.equal(&["second.db", "first.db", "new.db"], &world.hub(3), 3);
}
