//! What devices may spend a day: in worlds of poor links some have little, others as much as they like.

use super::Fault;
use super::network::Sent;
use super::step::DeviceNo;
use super::world::World;
use std::collections::BTreeMap;
use windrow::sync::{Budget, Link};
use windrow_protocol::session::Request;

/// What may be spent a day, by the device's number.
const BUDGETS: [Option<u64>; 4] = [None, Some(6_000), None, Some(25_000)];
/// How long a day is for devices, in the world's milliseconds: a few sessions.
const DAY: u64 = 400;
/// Bytes of heads, of a question and of its answer.
const HEADS: (u64, u64) = (130, 90);
/// What one exchange may come to beyond what is left. A record that is alone more than that is known when it has passed, and what a
/// question names, the device's own commits among it, is never cut.
const BEYOND: u64 = 4_000;

/// What each device has spent today.
#[derive(Debug, Default)]
pub(super) struct Purses(BTreeMap<DeviceNo, Spent>);

#[derive(Debug, Clone, Copy, Default)]
struct Spent {
    day: u64,
    bytes: u64,
    /// What it was when the day's first request went.
    first: Option<u64>,
}

impl World {
    fn budget(&self, device: DeviceNo) -> Option<Budget> {
        self.purses.as_ref()?;
        BUDGETS[device % BUDGETS.len()].map(Budget::per_day)
    }

    fn spent(&mut self, device: DeviceNo) -> Option<&mut Spent> {
        let today = self.now / DAY;
        let spent = self.purses.as_mut()?.0.entry(device).or_default();
        if spent.day != today {
            *spent = Spent { day: today, bytes: 0, first: None };
        }
        Some(spent)
    }

    /// What one exchange may move each way; none: no exchange begins today.
    pub(super) fn left(&mut self, device: DeviceNo) -> Option<u64> {
        let Some(budget) = self.budget(device) else { return Some(u64::MAX) };
        let spent = self.spent(device).map_or(0, |spent| spent.bytes);
        budget.exchange(Link::Metered, spent)
    }

    /// Whether this request waits for another day.
    pub(super) fn waits(&mut self, device: DeviceNo, request: &Request) -> Result<bool, Fault> {
        let (Some(budget), Some(spent)) = (self.budget(device), self.spent(device)) else { return Ok(false) };
        let first = *spent.first.get_or_insert(spent.bytes);
        let question = request.question().map_err(|error| error.to_string())?;
        Ok(budget.waits(Link::Metered, (first, spent.bytes), question))
    }

    /// A request goes.
    pub(super) fn pays(&mut self, device: DeviceNo, sent: &Sent) -> Result<(), Fault> {
        self.counts(device, HEADS.0 + sent.body.len() as u64)
    }

    /// An answer has come.
    pub(super) fn pays_for(&mut self, device: DeviceNo, answer: &[u8]) -> Result<(), Fault> {
        self.counts(device, HEADS.1 + answer.len() as u64)
    }

    fn counts(&mut self, device: DeviceNo, bytes: u64) -> Result<(), Fault> {
        let Some(most) = self.budget(device).and_then(|budget| budget.of(Link::Metered)) else { return Ok(()) };
        let Some(spent) = self.spent(device) else { return Ok(()) };
        spent.bytes += bytes;
        if spent.bytes <= most + BEYOND {
            return Ok(());
        }
        Err(format!("device {device} has moved {} bytes in a day, and may {most}", spent.bytes))
    }
}
