//! Bundles: a session for places with no link at all.
//!
//! [`export`] writes what a device has to say to the hub, and what it wants to know, as one sealed file. Whoever passes carries
//! it: on a stick, on another telephone. At the hub it goes to `POST /v1/bundle` ([`Endpoint::carry`](crate::Endpoint::carry)),
//! or to [`answer_bundle`](crate::hub::answer_bundle); what comes back is a sealed file too, and [`import`] takes that in on the device.
//!
//! Only the hub can read a bundle, and it knows which device it is from; only that device can read the answer, and it knows
//! that it is the hub's. A courier learns who sent something, to which hub, and how much.
//! A bundle that is lost, late or repeated does no harm, nor does an answer: what is in it is a session's, and those are safe to
//! repeat. A device goes on meanwhile as always, over the network too.
//!
//! ```no_run
//! # fn run(store: &windrow::Store) -> Result<(), Box<dyn std::error::Error>> {
//! use windrow::bundle;
//! use windrow::sync::TokenFile;
//!
//! let sealed = bundle::export(store, &TokenFile::beside(store), None)?;
//! std::fs::write("/media/stick/tablet-17.bundle", sealed)?;
//! // Days later:
//! let answer = std::fs::read("/media/stick/tablet-17.answer")?;
//! println!("{:?}", bundle::import(store, &answer)?);
//! # Ok(())
//! # }
//! ```

mod device;
mod error;
mod hub;
mod keys;
mod seal;

pub use device::{Imported, export, import, read, write};
pub use error::BundleError;
pub use hub::{Back, Opened};
pub use keys::{DeviceKey, HubKey, NoPublicKey, PublicKey};
pub use seal::Arrived;
pub(crate) use seal::{Id, Secret};
