//! A hub and its devices, whose files can be copied, and put back as they were.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::runtime::{Builder, Runtime};
use windrow::hub::{HubStore, OpenHub, SqliteHub};
use windrow::rusqlite::params;
use windrow::store::Next;
use windrow::{Id, Store, Syncable};
use windrow_protocol::message::Answer;
use windrow_protocol::pace::Pace;
use windrow_protocol::session::{Action, Event, Finish, Request, Session};

/// A record with a sum, a value, and a value under review.
#[derive(Debug, Clone, PartialEq, Syncable)]
pub(crate) struct Plot {
    /// Its id.
    pub id: Id<Plot>,
    /// Counts.
    #[merge(sum)]
    pub n: i64,
    /// The last write wins.
    pub v: Option<i64>,
    /// Decided by people.
    #[merge(review)]
    pub r: Option<i64>,
}

/// Something that hangs on a plot.
#[derive(Debug, Clone, PartialEq, Syncable)]
pub(crate) struct Visit {
    /// Its id.
    pub id: Id<Visit>,
    /// The plot.
    #[parent(Plot)]
    pub plot_id: Id<Plot>,
    /// What was seen.
    pub notes: Option<String>,
}

windrow::domain!(pub(crate) PLOTS = [Plot, Visit]);

/// Where a session is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The answer to PREPARE is lost.
    Prepare,
    /// The answer to COMMIT is lost.
    Commit,
    /// The commit is acknowledged, and the answer never applied.
    Apply,
    /// The first page of the answer is kept, and the next one never asked for.
    Page,
}

pub(crate) struct World {
    dir: tempfile::TempDir,
    runtime: Runtime,
    hub: Option<Arc<dyn HubStore>>,
    page: usize,
    files: usize,
}

/// A device's file, open.
pub(crate) struct Device {
    pub(crate) store: Store,
    path: PathBuf,
}

/// A file as it was.
pub(crate) struct Saved(PathBuf);

impl World {
    pub(crate) fn new() -> World {
        World::with_pages_of(2_000)
    }

    /// A hub that tells of so many records on a page.
    pub(crate) fn with_pages_of(page: usize) -> World {
        let dir = tempfile::tempdir().unwrap();
        let runtime = Builder::new_current_thread().build().unwrap();
        let mut world = World { dir, runtime, hub: None, page, files: 0 };
        world.open_hub();
        world
    }

    fn hub_path(&self) -> PathBuf {
        self.dir.path().join("hub.db")
    }

    fn open_hub(&mut self) {
        let hub = SqliteHub::open(self.hub_path()).unwrap().page_records(self.page);
        self.hub = Some(hub.open_for(&PLOTS).unwrap());
    }

    pub(crate) fn hub(&self) -> &dyn HubStore {
        &**self.hub.as_ref().unwrap()
    }

    fn fresh(&mut self) -> PathBuf {
        self.files += 1;
        self.dir.path().join(format!("{}.db", self.files))
    }

    /// A new device.
    pub(crate) fn device(&mut self) -> Device {
        let path = self.fresh();
        Device { store: Store::open(&path, &PLOTS).unwrap(), path }
    }

    /// Another device in a copy of a device's file.
    pub(crate) fn copy(&mut self, device: &Device) -> Device {
        let path = self.fresh();
        copy(&device.path, &path);
        Device { store: Store::open(&path, &PLOTS).unwrap(), path }
    }

    /// A backup of the hub.
    pub(crate) fn backup(&mut self) -> Saved {
        let path = self.fresh();
        copy(&self.hub_path(), &path);
        Saved(path)
    }

    /// The hub is restored from a backup.
    pub(crate) fn restore(&mut self, saved: &Saved) {
        self.hub = None;
        replace(&self.hub_path(), &saved.0);
        self.open_hub();
    }

    /// A backup of a device.
    pub(crate) fn save(&mut self, device: &Device) -> Saved {
        let path = self.fresh();
        copy(&device.path, &path);
        Saved(path)
    }

    pub(crate) fn answer(&self, request: Request) -> Answer {
        self.runtime.block_on(self.hub().answer(request)).unwrap()
    }

    /// A session from beginning to end.
    pub(crate) fn sync(&self, device: &Device) -> Finish {
        self.session(device, None, || {}).unwrap()
    }

    /// A session, up to where it is cut off. `meanwhile` happens after the commit, before the answer is applied.
    pub(crate) fn session(&self, device: &Device, cut: Option<Cut>, meanwhile: impl FnOnce()) -> Option<Finish> {
        let (actions, mut meanwhile) = (device.store.session(), Some(meanwhile));
        let (mut session, mut action) = Session::start(Pace::default());
        loop {
            if action == Action::Apply && cut == Some(Cut::Apply) {
                return None;
            }
            let event = match actions.perform(action).unwrap() {
                Next::Event(event) => event,
                Next::Finish(finish) => return Some(finish),
                Next::Send(request) => {
                    let sent = match &request {
                        Request::Prepare(_) | Request::Upload(_) => Some(Cut::Prepare),
                        Request::Commit(_) => Some(Cut::Commit),
                        Request::Pull(pull) if pull.cursor.is_some() && cut == Some(Cut::Page) => return None,
                        Request::Pull(_) => None,
                    };
                    let answer = self.answer(request);
                    if sent == Some(Cut::Commit) {
                        meanwhile.take().into_iter().for_each(|meanwhile| meanwhile());
                    }
                    if sent.is_some() && sent == cut {
                        return None;
                    }
                    Event::Answered(answer)
                }
            };
            action = session.on(event).unwrap();
        }
    }

    /// What the hub shows.
    pub(crate) fn shown(&mut self) -> Shown {
        let reader = self.device();
        self.sync(&reader);
        reader.shown()
    }

    /// Everyone syncs until nobody has news; all then show the same, which is the answer.
    pub(crate) fn quiet(&mut self, devices: &[&Device]) -> Shown {
        for _ in 0..3 {
            for device in devices {
                assert_eq!(self.sync(device), Finish::InSync);
            }
        }
        let hub = self.shown();
        for device in devices {
            assert_eq!(device.shown(), hub);
            let status = device.store.status().unwrap();
            assert_eq!((status.pending_entries, status.recovering, status.waits), (0, false, false));
        }
        hub
    }
}

/// By name of the plot: n and v.
pub(crate) type Shown = BTreeMap<u8, (i64, Option<i64>)>;

/// The plot of this name.
pub(crate) fn plot(name: u8) -> Id<Plot> {
    windrow::protocol::id::RecordId([name; 16]).into()
}

impl Device {
    pub(crate) fn insert(&self, name: u8, n: i64, v: i64) {
        self.store.insert(&Plot { id: plot(name), n, v: Some(v), r: None }).unwrap();
    }

    pub(crate) fn sql(&self, sql: &str, name: u8) {
        let done = self.store.connection().unwrap().execute(sql, params![[name; 16]]).unwrap();
        assert_eq!(done, 1, "{sql}");
    }

    pub(crate) fn set_n(&self, name: u8, n: i64) {
        self.sql(&format!("UPDATE plot SET n = {n} WHERE id = ?1"), name);
    }

    pub(crate) fn delete(&self, name: u8) {
        self.sql("DELETE FROM plot WHERE id = ?1", name);
    }

    /// Closes the file and opens it again.
    pub(crate) fn reopen(self) -> Device {
        let path = self.path;
        drop(self.store);
        Device { store: Store::open(&path, &PLOTS).unwrap(), path }
    }

    /// The file is put back as it was, and opened.
    pub(crate) fn put_back(self, saved: &Saved) -> Device {
        let path = self.path;
        drop(self.store);
        replace(&path, &saved.0);
        Device { store: Store::open(&path, &PLOTS).unwrap(), path }
    }

    pub(crate) fn shown(&self) -> Shown {
        let all = self.store.query::<Plot>("", []).unwrap();
        all.iter().map(|p| (p.id.record().0[0], (p.n, p.v))).collect()
    }
}

/// A copy of a database, whatever stands in its write-ahead log.
fn copy(from: &Path, to: &Path) {
    let source = windrow::rusqlite::Connection::open(from).unwrap();
    source.execute("VACUUM INTO ?1", [to.to_str().unwrap()]).unwrap();
}

/// Puts a saved database in a file's place.
fn replace(file: &Path, saved: &Path) {
    for ending in ["", "-wal", "-shm"] {
        let path = PathBuf::from(format!("{}{ending}", file.display()));
        if path.exists() {
            std::fs::remove_file(path).unwrap();
        }
    }
    std::fs::copy(saved, file).unwrap();
}
