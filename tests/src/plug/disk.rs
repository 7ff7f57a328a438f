//! What a disk may hold after a power cut.
//!
//! What was written to a file is on the disk once the file was synced after it. Until then each write, and each change of
//! its length, may have reached the disk or not, whole or in part, in any order. Names appear and vanish in order, as a
//! journaling file system keeps them, and surely once their folder was synced. SQLite asks for no more than that.

use super::Fault;
use super::place::{MACHINES, Machine, Place};
use std::collections::BTreeMap;

/// A file, by whatever name.
pub type Inode = usize;

/// Something that happened to the files of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// A new, empty file got this name.
    Create(String, Inode),
    /// Bytes were written.
    Write(Inode, u64, Vec<u8>),
    /// A length was set.
    Truncate(Inode, u64),
    /// The file was synced.
    Sync(Inode),
    /// The name was removed.
    Unlink(String),
    /// The folder was synced.
    SyncFolder,
}

/// What of all that was not synced is on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Luck {
    /// All of it: no power was cut here.
    All,
    /// Nothing.
    Nothing,
    /// Each write, or not.
    Some,
    /// Each write, or not, or some of its sectors, or its beginning.
    Torn,
    /// All but the last write to each file, of which there is a beginning.
    AllButTheLast,
}

/// What can be after a cut.
pub const LUCKS: [Luck; 4] = [Luck::Nothing, Luck::Some, Luck::Torn, Luck::AllButTheLast];

/// The smallest unit that a disk writes.
const SECTOR: usize = 512;

/// The files of a machine.
#[derive(Debug, Clone, Default)]
pub struct Disk {
    files: Vec<Contents>,
    names: BTreeMap<String, Inode>,
    /// Names that were not synced yet.
    renamed: Vec<Op>,
}

#[derive(Debug, Clone, Default)]
struct Contents {
    synced: Vec<u8>,
    unsynced: Vec<Op>,
}

impl Disk {
    /// The files of a machine as they stand, all synced.
    ///
    /// # Errors
    /// What the system says.
    pub fn of(place: &Place, machine: Machine) -> Result<Disk, Fault> {
        let mut disk = Disk::default();
        for file in std::fs::read_dir(place.folder(machine))? {
            let file = file?;
            let name = file.file_name().into_string().map_err(|_| "a file's name that is no text")?;
            if !name.ends_with("-shm") {
                disk.names.insert(name, disk.files.len());
                disk.files.push(Contents { synced: std::fs::read(file.path())?, unsynced: Vec::new() });
            }
        }
        Ok(disk)
    }

    /// The file of this name just now.
    pub fn find(&self, name: &str) -> Option<Inode> {
        let mut found = self.names.get(name).copied();
        for op in &self.renamed {
            match op {
                Op::Create(created, inode) if created == name => found = Some(*inode),
                Op::Unlink(gone) if gone == name => found = None,
                _ => {}
            }
        }
        found
    }

    /// The next new file.
    pub fn next(&self) -> Inode {
        self.files.len()
    }

    /// Something happens.
    pub fn happens(&mut self, op: &Op) {
        match op {
            Op::Create(_, inode) => {
                self.files.resize(self.files.len().max(inode + 1), Contents::default());
                self.renamed.push(op.clone());
            }
            Op::Unlink(_) => self.renamed.push(op.clone()),
            Op::Write(inode, ..) | Op::Truncate(inode, _) => self.files[*inode].unsynced.push(op.clone()),
            Op::Sync(inode) => {
                let file = &mut self.files[*inode];
                let unsynced = std::mem::take(&mut file.unsynced);
                unsynced.iter().for_each(|op| apply(&mut file.synced, op));
            }
            Op::SyncFolder => {
                let renamed = std::mem::take(&mut self.renamed);
                renamed.iter().for_each(|op| self.rename(op));
            }
        }
    }

    fn rename(&mut self, op: &Op) {
        match op {
            Op::Create(name, inode) => drop(self.names.insert(name.clone(), *inode)),
            Op::Unlink(name) => drop(self.names.remove(name)),
            _ => {}
        }
    }

    /// How much is at stake: what was not synced.
    pub fn unsynced(&self) -> usize {
        self.renamed.len() + self.files.iter().map(|f| f.unsynced.len()).sum::<usize>()
    }

    /// Writes what the disk holds after a cut now.
    ///
    /// # Errors
    /// What the system says.
    pub fn leave(mut self, place: &Place, machine: Machine, luck: Luck, rng: &mut fastrand::Rng) -> Result<(), Fault> {
        let renamed = std::mem::take(&mut self.renamed);
        let kept = match luck {
            Luck::All | Luck::AllButTheLast => renamed.len(),
            Luck::Nothing => 0,
            Luck::Some | Luck::Torn => rng.usize(0..=renamed.len()),
        };
        renamed[..kept].iter().for_each(|op| self.rename(op));
        let folder = place.folder(machine);
        for (name, inode) in &self.names {
            let file = &mut self.files[*inode];
            let last = file.unsynced.len().saturating_sub(1);
            for (i, op) in std::mem::take(&mut file.unsynced).iter().enumerate() {
                lucky(&mut file.synced, op, luck, i == last, rng);
            }
            std::fs::write(folder.join(name), &file.synced)?;
        }
        if luck == Luck::Torn {
            // What connections shared in memory may have been written at any time, or never.
            let garbage: Vec<u8> = (0..32 << 10).map(|_| rng.u8(..)).collect();
            std::fs::write(folder.join("data.db-shm"), garbage)?;
        }
        Ok(())
    }
}

/// A write that was not synced, as much of it as there is.
fn lucky(bytes: &mut Vec<u8>, op: &Op, luck: Luck, is_last: bool, rng: &mut fastrand::Rng) {
    match luck {
        Luck::All => apply(bytes, op),
        Luck::Nothing => {}
        Luck::Some if rng.bool() => apply(bytes, op),
        Luck::Some => {}
        Luck::Torn => match rng.u8(..4) {
            0 => {}
            1 => apply(bytes, op),
            2 => beginning(bytes, op, rng),
            _ => sectors(bytes, op, rng),
        },
        Luck::AllButTheLast if is_last => beginning(bytes, op, rng),
        Luck::AllButTheLast => apply(bytes, op),
    }
}

fn beginning(bytes: &mut Vec<u8>, op: &Op, rng: &mut fastrand::Rng) {
    if let Op::Write(inode, at, data) = op {
        let length = rng.usize(0..=data.len());
        apply(bytes, &Op::Write(*inode, *at, data[..length].to_vec()));
    }
}

fn sectors(bytes: &mut Vec<u8>, op: &Op, rng: &mut fastrand::Rng) {
    let Op::Write(inode, at, data) = op else { return };
    let mut from = 0;
    while from < data.len() {
        // Sectors lie in the file, wherever the write begins.
        let to = data.len().min(from + SECTOR - (*at as usize + from) % SECTOR);
        if rng.bool() {
            apply(bytes, &Op::Write(*inode, at + from as u64, data[from..to].to_vec()));
        }
        from = to;
    }
}

fn apply(bytes: &mut Vec<u8>, op: &Op) {
    match op {
        Op::Write(_, at, data) if !data.is_empty() => {
            let (from, to) = (*at as usize, *at as usize + data.len());
            bytes.resize(bytes.len().max(to), 0);
            bytes[from..to].copy_from_slice(data);
        }
        Op::Truncate(_, length) => bytes.resize(*length as usize, 0),
        _ => {}
    }
}

/// The disks of all machines.
#[derive(Debug, Clone)]
pub struct Disks(BTreeMap<Machine, Disk>);

impl Disks {
    /// Of all files as they stand.
    ///
    /// # Errors
    /// What the system says.
    pub fn of(place: &Place) -> Result<Disks, Fault> {
        let disks = MACHINES.into_iter().map(|m| Ok((m, Disk::of(place, m)?)));
        Ok(Disks(disks.collect::<Result<_, Fault>>()?))
    }

    /// A machine's.
    pub fn disk(&mut self, machine: Machine) -> &mut Disk {
        self.0.entry(machine).or_default()
    }

    /// Whether these are the very files, had everything reached the disks.
    ///
    /// # Errors
    /// A file that differs.
    pub fn are(self, place: &Place) -> Result<(), Fault> {
        let copy = Place::new()?;
        self.leave(&copy, &[], Luck::All, &mut fastrand::Rng::with_seed(0))?;
        let (recorded, real) = (Disks::of(&copy)?, Disks::of(place)?);
        for machine in MACHINES {
            let contents = |disks: &Disks| -> BTreeMap<String, Vec<u8>> {
                let disk = disks.0.get(&machine).cloned().unwrap_or_default();
                disk.names.iter().map(|(name, inode)| (name.clone(), disk.files[*inode].synced.clone())).collect()
            };
            let (recorded, real) = (contents(&recorded), contents(&real));
            if recorded != real {
                let lengths = |files: &BTreeMap<String, Vec<u8>>| -> Vec<(String, usize)> {
                    files.iter().map(|(name, bytes)| (name.clone(), bytes.len())).collect()
                };
                let (recorded, real) = (lengths(&recorded), lengths(&real));
                return Err(format!("of {machine:?}'s files {recorded:?} were recorded, {real:?} are there").into());
            }
        }
        Ok(())
    }

    /// Writes what they hold after these machines lost their power; the others did not.
    ///
    /// # Errors
    /// What the system says.
    pub fn leave(self, place: &Place, cut: &[Machine], luck: Luck, rng: &mut fastrand::Rng) -> Result<(), Fault> {
        for (machine, disk) in self.0 {
            let luck = if cut.contains(&machine) { luck } else { Luck::All };
            disk.leave(place, machine, luck, rng)?;
        }
        Ok(())
    }
}
