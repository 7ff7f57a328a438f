//! What happens in a world, step by step.

use crate::oracle::log::Write;
use crate::oracle::{Key, Origin, Value};

/// A device, counted from 0. Copies are counted on.
pub type DeviceNo = usize;

/// One thing that happens. A step that can't act does nothing, so that any part of a history is a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The application writes, in one transaction.
    Write {
        /// On which device.
        device: DeviceNo,
        /// What.
        writes: Vec<Write>,
        /// Whether it is rolled back at its end.
        undone: bool,
    },
    /// A program that keeps foreign keys off deletes a record, and leaves what hangs on it.
    DeleteAlone {
        /// On which device.
        device: DeviceNo,
        /// Which record.
        key: Key,
    },
    /// Somebody at a device decides a conflict.
    Decide {
        /// On which device.
        device: DeviceNo,
        /// Which of those that it knows, modulo their number.
        which: usize,
        /// How.
        how: usize,
    },
    /// A device's session goes on by one action, or one begins. A request that was sent arrives; an answer that is under
    /// way arrives.
    Go {
        /// Which device.
        device: DeviceNo,
    },
    /// What is under way to or from a device is lost, and its session with it. The request may still arrive: see
    /// [`Step::Old`].
    Lose {
        /// Which device.
        device: DeviceNo,
    },
    /// What is under way to or from a device is cut off after some bytes.
    Cut {
        /// Which device.
        device: DeviceNo,
        /// After how many, modulo its length.
        at: usize,
    },
    /// The request that is under way arrives, and will arrive once more.
    Repeat {
        /// Whose.
        device: DeviceNo,
    },
    /// A request that was sent once arrives now. Nobody waits for the answer.
    Old {
        /// Which of those remembered, modulo their number.
        which: usize,
    },
    /// A device's program dies, and its file is opened again.
    Crash {
        /// Which device.
        device: DeviceNo,
        /// Under this origin.
        origin: Origin,
    },
    /// The hub's program dies, and its file is opened again.
    HubCrash,
    /// A reviewer at the hub decides a conflict.
    Resolve {
        /// Of which record.
        key: Key,
        /// Of which field.
        field: &'static str,
        /// How.
        value: Value,
        /// How many commits ago the reviewer looked.
        behind: u64,
    },
    /// Time goes on by so many milliseconds.
    Wait {
        /// How many.
        millis: u64,
    },
    /// A device's clock is set.
    Clock {
        /// Which device.
        device: DeviceNo,
        /// To this.
        watch: Watch,
    },
    /// The hub's clock is set.
    HubClock {
        /// To this.
        watch: Watch,
    },
    /// Old entries leave a device's log.
    Prune {
        /// Which device.
        device: DeviceNo,
    },
    /// A refused change is dismissed.
    Dismiss {
        /// On which device.
        device: DeviceNo,
    },
    /// A refused change is mended and written again, and then dismissed.
    Resubmit {
        /// On which device.
        device: DeviceNo,
    },
    /// Another program of this device begins to read, or ends.
    Read {
        /// Which device.
        device: DeviceNo,
    },
    /// A program that drew a session's id once more sends another's payload under it.
    Reuse {
        /// Whose payload, of the requests remembered, modulo their number.
        which: usize,
        /// Whose id, likewise.
        of: usize,
    },
    /// A copy of a device's file is put aside.
    Backup {
        /// Which device.
        device: DeviceNo,
    },
    /// A device's file is replaced by one that was put aside, of its own or of another device.
    Restore {
        /// Which device.
        device: DeviceNo,
        /// Which of those put aside, modulo their number.
        which: usize,
        /// Opened under this origin.
        origin: Origin,
    },
    /// A device's file is copied, and both live on.
    Copy {
        /// Which device.
        device: DeviceNo,
        /// The copy is opened under this origin.
        origin: Origin,
    },
    /// A device's program becomes of a later version.
    Upgrade {
        /// Which device.
        device: DeviceNo,
        /// Which version.
        to: u32,
        /// The file is opened under this origin.
        origin: Origin,
    },
    /// A device's file begins to become of a later version, and something fails.
    CutUpgrade {
        /// Which device.
        device: DeviceNo,
        /// Which version.
        to: u32,
        /// After how many statements, modulo their number.
        at: usize,
    },
    /// The hub's program becomes of a later version.
    HubUpgrade {
        /// Which.
        to: u32,
    },
    /// A device writes a bundle, and a courier takes it.
    Export {
        /// Which device.
        device: DeviceNo,
    },
    /// A bundle comes to the hub, for the first time or again, and what the hub answers is taken back.
    Deliver {
        /// Which of those that couriers have, modulo their number.
        which: usize,
        /// It was touched on the way, at this byte, modulo its length.
        touched: Option<usize>,
    },
    /// An answer comes to a device.
    Import {
        /// Which device.
        device: DeviceNo,
        /// Which of those that couriers have.
        which: usize,
        /// It was touched on the way, at this byte, modulo its length.
        touched: Option<usize>,
        /// The device's program dies after so many steps.
        dies: Option<usize>,
    },
    /// A copy of the hub's file is put aside.
    HubBackup,
    /// The hub's file is replaced by one that was put aside.
    HubRestore {
        /// Which of those put aside, modulo their number.
        which: usize,
    },
}

/// How a clock goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watch {
    /// Wrong by so many milliseconds.
    Off(i64),
    /// It stands still at this reading.
    Still(u64),
    /// It runs backwards from this reading, which it had at that time.
    Backwards(u64, u64),
}

impl Watch {
    /// What it shows at this time. No clock shows a time before [`EARLIEST`].
    pub fn reading(self, now: u64) -> u64 {
        let reading = match self {
            Watch::Off(by) => now.saturating_add_signed(by),
            Watch::Still(at) => at,
            Watch::Backwards(from, since) => from.saturating_sub(now.saturating_sub(since)),
        };
        reading.max(EARLIEST)
    }
}

/// A hundred years, in milliseconds.
pub const CENTURY: i64 = 3_155_760_000_000;

/// When every world begins: the year 2300, in milliseconds since 1970.
pub const BEGINNING: u64 = 10_413_792_000_000;

/// The earliest reading of a virtual clock, in the year 2150: later than any machine's, whose clock the triggers ask too.
pub const EARLIEST: u64 = 5_680_281_600_000;
