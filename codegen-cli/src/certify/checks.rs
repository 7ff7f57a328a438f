//! What is tried with each pair of versions.

use super::cut::At;
use super::pair::{Pair, Side};
use super::world::World;
use tokio::runtime::Runtime;

/// Something that is tried with each pair.
pub struct Check {
    /// For programs.
    pub key: &'static str,
    /// For people: the head of a column.
    pub head: &'static str,
    /// What holds where it succeeds.
    pub says: &'static str,
    /// Whether there is anything to be tried.
    applies: fn(&Pair<'_>) -> bool,
    run: fn(Site<'_>) -> Result<(), String>,
}

/// Where it is tried.
#[derive(Clone, Copy)]
pub(super) struct Site<'a> {
    pub(super) pair: &'a Pair<'a>,
    pub(super) runtime: &'a Runtime,
}

impl Check {
    /// How it ends; none where there is nothing to be tried.
    pub(super) fn of(&self, site: Site<'_>) -> Option<Result<(), String>> {
        (self.applies)(site.pair).then(|| (self.run)(site))
    }
}

/// All checks.
pub const CHECKS: [Check; 7] = [
    Check {
        key: "edits",
        head: "edits",
        says: "what an old device inserts, edits and deletes arrives at a new hub and at a new device",
        applies: |pair| pair.both().next().is_some(),
        run: edits,
    },
    Check {
        key: "columns",
        head: "columns",
        says: "the values of new columns survive an old device's edits of the same records",
        applies: |pair| any(pair, &|table, column| pair.gained(table, column)),
        run: columns,
    },
    Check {
        key: "upgrade",
        head: "upgrade",
        says: "an old device with pending work migrates, loses none of it, and gets what it could not hold before",
        applies: |_| true,
        run: upgrade,
    },
    Check {
        key: "renames",
        head: "renames",
        says: "what was renamed is the same on old and new devices, whoever writes",
        applies: |pair| any(pair, &|table, column| pair.told(table) && pair.renamed(table, column)),
        run: renames,
    },
    Check {
        key: "hub",
        head: "hub",
        says: "an old hub's file migrates, and devices of both versions find themselves equal to it",
        applies: |_| true,
        run: hub,
    },
    Check {
        key: "ahead",
        head: "ahead",
        says: "a device that is newer than its hub is told so, keeps its work, and sends it once the hub is as new",
        applies: |pair| pair.differ(),
        run: ahead,
    },
    Check {
        key: "in_flight",
        head: "in flight",
        says: "work that was under way when a link broke and a file migrated counts once",
        applies: |_| true,
        run: in_flight,
    },
];

/// Whether a table and a column of the new version are like that.
fn any(pair: &Pair<'_>, like: &dyn Fn(usize, usize) -> bool) -> bool {
    let tables = pair.tables(Side::New).iter().enumerate();
    tables.into_iter().any(|(at, table)| (0..table.columns.len()).any(|column| like(at, column)))
}

const ALL: &dyn Fn(usize, usize, u8) -> bool = &|_, _, _| true;

fn edits(site: Site<'_>) -> Result<(), String> {
    let mut world = World::new(site.pair, site.runtime, Side::New)?;
    let (old, new) = (world.device("the old device", Side::Old)?, world.device("the new device", Side::New)?);
    let theirs = world.insert(&new, 0)?;
    world.sync(&new)?;
    let (own, short) = (world.insert(&old, 1)?, world.insert(&old, 2)?);
    world.sync(&old)?;
    for turn in 1..=2 {
        world.edit(&old, theirs, turn, ALL)?;
        world.edit(&old, own, turn, ALL)?;
        world.all(&[&old, &new])?;
    }
    world.delete(&old, short)?;
    world.ends(&[&old, &new])
}

fn columns(site: Site<'_>) -> Result<(), String> {
    let mut world = World::new(site.pair, site.runtime, Side::New)?;
    let (old, new) = (world.device("the old device", Side::Old)?, world.device("the new device", Side::New)?);
    let set = world.insert(&new, 0)?;
    world.all(&[&new, &old])?;
    world.edit(&old, set, 1, ALL)?;
    world.all(&[&old, &new])?;
    // At once: the new device what only it knows, the old one the rest.
    world.edit(&new, set, 3, &|table, column, nth| site.pair.gained(table, column) && apart(site.pair, table, nth))?;
    world.edit(&old, set, 3, &|table, _, nth| !site.pair.whole(table) || !apart(site.pair, table, nth))?;
    world.all(&[&new, &old])?;
    world.ends_as(&[&old, &new], &|table, column| site.pair.gained(table, column))
}

/// Where each update carries whole records, two devices write to different ones.
fn apart(pair: &Pair<'_>, table: usize, nth: u8) -> bool {
    !pair.whole(table) || nth == 0
}

fn upgrade(site: Site<'_>) -> Result<(), String> {
    let mut world = World::new(site.pair, site.runtime, Side::New)?;
    let (old, new) = (world.device("the device that migrates", Side::Old)?, world.device("the new device", Side::New)?);
    let theirs = world.insert(&new, 0)?;
    world.sync(&new)?;
    let (own, short) = (world.insert(&old, 1)?, world.insert(&old, 2)?);
    // It hears of these edits without what it can't hold; of one later it hears nothing at all; and of one record never again.
    world.edit(&new, theirs, 1, &|table, column, nth| nth == 1 && site.pair.gained(table, column))?;
    world.all(&[&new, &old, &new])?;
    world.edit(&new, theirs, 1, &|table, column, nth| nth == 0 && site.pair.gained(table, column))?;
    world.sync(&new)?;
    // Offline, with the old program to the last.
    world.insert(&old, 3)?;
    world.edit(&old, own, 2, ALL)?;
    world.edit(&old, theirs, 3, &|table, _, nth| !site.pair.whole(table) || !apart(site.pair, table, nth))?;
    world.delete(&old, short)?;
    let migrated = world.upgrade(old)?;
    world.ends(&[&migrated, &new])
}

fn renames(site: Site<'_>) -> Result<(), String> {
    let mut world = World::new(site.pair, site.runtime, Side::New)?;
    let (old, new) = (world.device("the old device", Side::Old)?, world.device("the new device", Side::New)?);
    let (theirs, own) = (world.insert(&new, 0)?, world.insert(&old, 1)?);
    world.all(&[&old, &new, &old])?;
    world.edit(&old, theirs, 1, &|table, column, _| site.pair.renamed(table, column))?;
    world.edit(&new, own, 1, &|table, column, _| site.pair.renamed(table, column))?;
    world.all(&[&old, &new])?;
    world.ends_as(&[&old, &new], &|table, column| site.pair.renamed(table, column))
}

fn hub(site: Site<'_>) -> Result<(), String> {
    let mut world = World::new(site.pair, site.runtime, Side::Old)?;
    let (stays, moves) =
        (world.device("the old device", Side::Old)?, world.device("the device that migrates", Side::Old)?);
    let (one, other) = (world.insert(&stays, 0)?, world.insert(&moves, 1)?);
    world.all(&[&stays, &moves, &stays])?;
    world.edit(&moves, one, 1, ALL)?;
    world.edit(&stays, other, 2, ALL)?;
    world.all(&[&stays, &moves])?;
    world.serve(Side::New)?;
    let (moved, new) = (world.upgrade(moves)?, world.device("the new device", Side::New)?);
    world.ends(&[&new, &moved, &stays])
}

fn ahead(site: Site<'_>) -> Result<(), String> {
    let mut world = World::new(site.pair, site.runtime, Side::Old)?;
    let moves = world.device("the device that migrates", Side::Old)?;
    let own = world.insert(&moves, 0)?;
    world.sync(&moves)?;
    world.edit(&moves, own, 1, ALL)?;
    let (moved, new) = (world.upgrade(moves)?, world.device("the new device", Side::New)?);
    world.edit(&moved, own, 3, ALL)?;
    world.insert(&new, 1)?;
    world.turned_away(&moved)?;
    world.turned_away(&new)?;
    world.serve(Side::New)?;
    world.ends(&[&moved, &new])
}

/// What happens between the cut and the next session.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    /// The device migrates.
    Device,
    /// The hub does.
    Hub,
    /// Both do.
    Both,
}

fn in_flight(site: Site<'_>) -> Result<(), String> {
    for at in [At::Commit, At::Answer] {
        for then in [Then::Device, Then::Hub, Then::Both] {
            in_flight_once(site, at, then)?;
        }
    }
    Ok(())
}

fn in_flight_once(site: Site<'_>, at: At, then: Then) -> Result<(), String> {
    let hub = if then == Then::Device { Side::New } else { Side::Old };
    let mut world = World::new(site.pair, site.runtime, hub)?;
    let mut device = world.device("the device that migrates", Side::Old)?;
    let own = world.insert(&device, 0)?;
    world.sync(&device)?;
    world.edit(&device, own, 1, ALL)?;
    world.insert(&device, 1)?;
    world.cut(&device, at)?;
    world.edit(&device, own, 2, ALL)?;
    if then != Then::Device {
        world.serve(Side::New)?;
    }
    if then == Then::Hub {
        world.sync(&device)?;
    }
    device = world.upgrade(device)?;
    let new = world.device("the new device", Side::New)?;
    world.ends(&[&device, &new])
}
