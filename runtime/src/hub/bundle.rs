//! A bundle that a courier brings: who made it, what the hub answers, all of it sealed again.

use super::blocking::blocking;
use super::registry::Registry;
use super::{Denied, HubError, HubStore};
use crate::bundle::{Arrived, Opened, PublicKey};
use std::sync::Arc;
use windrow_protocol::bundle::Errand;

/// Bytes of pages that one answer brings, about. A device that needs more asks for the rest in its next bundle.
const MOST_PAGES: usize = 16 << 20;

/// A bundle of a device that is let in.
#[derive(Debug)]
pub(crate) struct Visit {
    /// The key that the device is known by.
    pub(crate) from: PublicKey,
    opened: Opened,
}

impl Visit {
    /// Opens a bundle: it is sealed for this hub, by a device whose token has not ended, and all of it is in that device's name.
    ///
    /// # Errors
    /// A problem that says what is wrong with it; a registry that fails.
    pub(crate) fn open(registry: &Registry, file: &[u8]) -> Result<Visit, HubError> {
        let arrived = Arrived::read(file).map_err(|error| HubError::Problem(error.into()))?;
        // Before anything is deciphered: whoever is not known costs the hub little.
        let member = registry.admit_bundle(&arrived.from())?;
        let opened = arrived.unseal(&registry.key()?).map_err(|error| HubError::Problem(error.into()))?;
        if !opened.speaks_for(member.device) {
            return Err(Denied::Device.into());
        }
        registry.saw_bundle(&arrived.from())?;
        Ok(Visit { from: arrived.from(), opened })
    }

    /// Asks what it asks, and seals the answers.
    ///
    /// # Errors
    /// A problem with one of its requests, a hub that fails. What was committed before stays, and the same bundle may come again.
    pub(crate) async fn answer(self, store: &dyn HubStore) -> Result<Vec<u8>, HubError> {
        let Opened { asked, back } = self.opened;
        let (mut errand, mut request) = Errand::start(asked, MOST_PAGES);
        loop {
            let answer = store.answer(request).await?;
            request = match errand.on(answer).map_err(|error| HubError::Damaged(error.to_string()))? {
                Some(next) => next,
                None => break,
            };
        }
        blocking(move || back.seal(&errand.told()).map_err(|error| HubError::Problem(error.into()))).await
    }
}

/// Does what a bundle asks, and answers with the file that goes back to its device: for whoever runs the hub and gets one on a
/// stick. A bundle that comes twice is answered twice, and does what it says once. The server's `POST /v1/bundle` does the same.
///
/// # Errors
/// A problem: a file that is no bundle, was changed on the way, or is sealed for another hub; a device that is not known, or was
/// revoked. A hub that fails.
pub async fn answer_bundle(
    store: &dyn HubStore,
    registry: &Arc<Registry>,
    bundle: Vec<u8>,
) -> Result<Vec<u8>, HubError> {
    let registry = registry.clone();
    blocking(move || Visit::open(&registry, &bundle)).await?.answer(store).await
}
