//! A bundle at the hub: opened, and its answer sealed.

use super::keys::HubKey;
use super::seal::{self, Arrived, Id, Secret};
use super::{BundleError, PublicKey};
use windrow_protocol::bundle::{Asked, Told};
use windrow_protocol::clock::DeviceId;
use windrow_protocol::codec;
use windrow_protocol::message::{self, Problem};

/// A bundle that was opened.
#[derive(Debug)]
pub struct Opened {
    /// What it asks.
    pub asked: Asked,
    /// How its answer is sealed.
    pub back: Back,
}

/// The way back to a bundle's device.
#[derive(Debug)]
pub struct Back {
    id: Id,
    secret: Secret,
    reply: PublicKey,
}

impl Arrived<'_> {
    /// Opens it by the hub's key. From then on it is sure that [`Arrived::from`] made it.
    ///
    /// # Errors
    /// A bundle for another key, one that was changed on the way, one that means nothing here.
    pub fn unseal(&self, hub: &HubKey) -> Result<Opened, BundleError> {
        let seal::Opened { content, id, secret } = self.open(hub)?;
        let asked = Asked::from_bytes(&content)?;
        let back = Back { id, secret, reply: PublicKey(asked.reply) };
        Ok(Opened { asked, back })
    }
}

impl Opened {
    /// Whether all of it is in this device's name. What can't be read is the hub's to answer.
    pub fn speaks_for(&self, device: DeviceId) -> bool {
        let sent = self.asked.outbox.as_ref().and_then(|outbox| codec::changeset_device(&outbox.payload).ok());
        self.asked.pull.device == device && sent.is_none_or(|sent| sent == device)
    }
}

impl Back {
    /// Seals the answer, for the device alone.
    ///
    /// # Errors
    /// A device that named a key to which nothing can be sealed; a system without random numbers.
    pub fn seal(&self, told: &Told) -> Result<Vec<u8>, BundleError> {
        seal::answer(self.id, &self.secret, &self.reply, &message::to_bytes(told)?)
    }
}

impl From<BundleError> for Problem {
    fn from(error: BundleError) -> Problem {
        error.problem()
    }
}
