//! Who may speak to a hub: users and their roles, the codes by which devices enrol, the tokens that they show from then on.
//!
//! A hub's [`Registry`](crate::hub::Registry) invites a user, which makes a [`Code`]; a device draws a [`Token`],
//! [enrols](crate::enrol) it once with the code, and shows it with every request. The hub keeps only hashes of both.

mod code;
mod invitation;
mod kept;
mod role;
mod token;

pub use code::{Code, NoCode};
pub use invitation::{Invitation, NoInvitation};
pub(crate) use kept::Kept;
pub use role::{NoRole, Role};
pub use token::{NoToken, Token};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The SHA-256 of a secret: all that a hub keeps of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Hash(pub(crate) [u8; 32]);

impl Hash {
    /// Codes and tokens are random and long, so a plain hash can't be turned back.
    fn of(secret: &[u8]) -> Hash {
        Hash(Sha256::digest(secret).into())
    }
}

/// What a device asks when it enrols: the body of `POST /v1/enrol`.
#[derive(Serialize, Deserialize)]
pub(crate) struct Enrol {
    /// As people write it.
    pub(crate) code: String,
    /// The device's id, in hexadecimal digits.
    pub(crate) device: String,
    /// What the device will show from now on. It draws it, so that it can say the same again where no answer came.
    pub(crate) token: String,
}

/// What it is answered.
#[derive(Serialize, Deserialize)]
pub(crate) struct Enrolled {
    pub(crate) user: String,
    pub(crate) role: Role,
    /// What to seal bundles to. A hub that takes none says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) bundle_key: Option<String>,
}
