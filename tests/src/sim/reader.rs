//! Another program of a device's, which began to read and goes on while sessions come and go.

use super::Fault;
use super::device::Device;
use super::step::DeviceNo;
use super::world::World;
use crate::oracle::View;
use windrow::rusqlite::Connection;

/// A read transaction, and what it began with.
#[derive(Debug)]
pub(super) struct Reader {
    device: DeviceNo,
    conn: Connection,
    saw: View,
}

impl Reader {
    fn begin(device: DeviceNo, of: &Device, saw: View) -> Result<Reader, Fault> {
        let conn = of.another().map_err(|e| e.to_string())?;
        conn.execute_batch("BEGIN").map_err(|e| e.to_string())?;
        // A transaction's snapshot is of its first read.
        of.shows_to(&conn, &saw)?;
        Ok(Reader { device, conn, saw })
    }
}

impl World {
    /// A reader begins, or ends.
    pub(super) fn read(&mut self, device: DeviceNo) -> Result<(), Fault> {
        if self.reader.is_some() {
            self.reader_sees_the_same()?;
            self.reader = None;
            return Ok(());
        }
        self.stats.readers += 1;
        let peer = &self.peers[device];
        self.reader = Some(Reader::begin(device, &peer.device, peer.twin.rows.clone())?);
        Ok(())
    }

    /// I19: whatever sessions and applications did, who began to read sees what it began with.
    ///
    /// # Errors
    /// What it sees instead.
    pub(super) fn reader_sees_the_same(&self) -> Result<(), Fault> {
        let Some(reader) = &self.reader else { return Ok(()) };
        let of = &self.peers[reader.device].device;
        of.shows_to(&reader.conn, &reader.saw)
            .map_err(|why| format!("I19: a reader of device {}: {why}", reader.device))
    }

    /// A device's file is replaced, and its programs with it.
    pub(super) fn reader_goes(&mut self, device: DeviceNo) {
        self.reader = self.reader.take().filter(|r| r.device != device);
    }
}
