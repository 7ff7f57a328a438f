//! Who may speak to a hub: its users, their devices, the codes that were handed out.
//!
//! It stands in the hub's file, in tables of its own that no merge touches, over connections of its own, and another program
//! may work with it while the hub serves: what that one revokes is turned away from the next request on. Of codes and
//! tokens only hashes are kept. What must never be accepted again stands in a second file beside the hub's ([`ended`]), so
//! that a hub that was restored from a backup does not let it in.
//!
//! A token is looked up by its hash, over an index. How long that takes may tell how far the hash of a guess agrees with a
//! stored one, and is of no use: nobody can choose guesses by their SHA-256. Nothing secret is compared byte by byte.

mod ended;
mod error;
mod tables;
#[cfg(test)]
mod tests;

pub use error::{Denied, RegistryError};
pub(super) use tables::TABLES;

use crate::bundle::{DeviceKey, HubKey, PublicKey};
use crate::identity::{Code, Role, Token};
use crate::lock::lock;
use crate::types::Timestamp;
use ended::Ended;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Mutex;
use std::time::Duration;
use windrow_protocol::clock::DeviceId;

/// How long a code may be used unless said otherwise.
pub const CODE_LASTS: Duration = Duration::from_secs(72 * 60 * 60);
/// When a device was last seen is written down this often at most: a write costs more than the request.
const SEEN: i64 = 10 * 60 * 1_000;
/// The longest name of a user, in bytes.
const LONGEST_NAME: usize = 100;

/// A hub's users, devices and codes.
///
/// ```
/// use windrow::hub::{CODE_LASTS, Registry};
/// use windrow::identity::Role;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("hub.db");
/// let registry = Registry::open(path)?;
/// let code = registry.invite("Ada", Role::Field, CODE_LASTS)?;
/// println!("Ada enrols her tablet with {code}");
/// assert_eq!(registry.devices()?, []);
/// # Ok(())
/// # }
/// ```
pub struct Registry {
    reader: Mutex<Connection>,
    writer: Mutex<Connection>,
    ended: Ended,
    /// Where the key is that opens bundles. It is read when it is needed.
    key: PathBuf,
    clock: fn() -> i64,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").field("ended", &self.ended).finish_non_exhaustive()
    }
}

/// Who a token speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The device.
    pub device: DeviceId,
    /// The user's name.
    pub user: String,
    /// What the user may do.
    pub role: Role,
}

/// A device that a user has enrolled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// The device, its user, and what the user may do.
    pub member: Member,
    /// When it enrolled.
    pub enrolled: Timestamp,
    /// When it was last heard of, to within ten minutes.
    pub seen: Option<Timestamp>,
    /// Since when its token is turned away: it was revoked, or has enrolled again.
    pub ended: Option<Timestamp>,
}

/// Who is to be turned away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// A device, whoever uses it.
    Device(DeviceId),
    /// A user, with all devices and unused codes.
    User(String),
}

/// 16 hexadecimal digits are a device, as people see its id; anything else is a user's name.
impl FromStr for Whom {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Whom, Self::Err> {
        Ok(device(text).map_or_else(|| Whom::User(text.to_owned()), Whom::Device))
    }
}

/// The device whose id this is, as [`DeviceId::hex`] writes it.
pub(crate) fn device(text: &str) -> Option<DeviceId> {
    let digits = text.len() == 16 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    let bits = digits.then(|| u64::from_str_radix(text, 16).ok())??;
    DeviceId::from_bits(bits).filter(|device| *device != DeviceId::ZERO)
}

impl Registry {
    /// The registry of the hub in this file. Both are made where there are none yet.
    ///
    /// # Errors
    /// A file that can't be opened or is no hub's, a damaged list of what has ended.
    pub fn open(path: impl AsRef<Path>) -> Result<Registry, RegistryError> {
        crate::sqlite::check_version().map_err(|e| RegistryError::System(e.to_string()))?;
        let path = path.as_ref();
        let failed = |source| RegistryError::File { path: path.into(), source };
        let writer = tables::writer(path)?;
        let (ended, hashes) = Ended::open(path)?;
        let reader = tables::connect(path).map_err(failed)?;
        let (key, clock) = (HubKey::beside(path), crate::clock::now_ms);
        let registry = Registry { reader: reader.into(), writer: writer.into(), ended, key, clock };
        registry.write(|c, now| tables::end(c, &hashes, now).map_err(failed))?;
        Ok(registry)
    }

    /// Hands out a code for a user, who is made where there is none and has this role from now on. One device can enrol
    /// with it, once, within this time. A hub keeps the hash alone: the code can't be asked for again.
    ///
    /// # Errors
    /// A name that is none; a database that fails.
    pub fn invite(&self, name: &str, role: Role, lasts: Duration) -> Result<Code, RegistryError> {
        let fits = !name.trim().is_empty() && name.len() <= LONGEST_NAME && !name.contains(char::is_control);
        if !fits || device(name).is_some() {
            return Err(RegistryError::Name(name.to_owned()));
        }
        let code = Code::draw().map_err(|e| RegistryError::System(e.to_string()))?;
        let lasts = i64::try_from(lasts.as_millis()).unwrap_or(i64::MAX);
        self.write(|c, now| {
            let user = tables::user(c, name, role)?;
            Ok(tables::add_code(c, code.hash(), user, now.saturating_add(lasts))?)
        })?;
        Ok(code)
    }

    /// Enrols a device with a token that it drew: the code is used up, and any other token that the device had for this user
    /// ends. The same again is answered the same. `holds` is a token that the device still has: without one it can't take
    /// over what another user has enrolled.
    ///
    /// # Errors
    /// [`Denied`] for a code that is not known, or used, or expired, and for another user's device; a database that fails.
    pub fn enrol(
        &self,
        code: &Code,
        device: DeviceId,
        token: &Token,
        holds: Option<&Token>,
    ) -> Result<Member, RegistryError> {
        self.write(|c, now| {
            if let Some(member) = tables::repeated(c, code.hash(), device, token.hash())? {
                return Ok(member);
            }
            let user = tables::use_code(c, code.hash(), now)?.ok_or(Denied::Code)?;
            let live = tables::live(c, device)?;
            let shown = holds.map(Token::hash);
            if !live.is_empty() && live.iter().all(|(hash, of)| *of != user && Some(*hash) != shown) {
                return Err(Denied::Taken.into());
            }
            if tables::member(c, token.hash())?.is_some() {
                return Err(Denied::Code.into());
            }
            let ends: Vec<_> = live.into_iter().filter(|(_, of)| *of == user).map(|(hash, _)| hash).collect();
            tables::end(c, &ends, now)?;
            tables::add_token(c, token.hash(), device, user, now)?;
            tables::add_key(c, DeviceKey::of(token).public(), token.hash())?;
            self.ended.add(ends.into_iter().chain([code.hash()]))?;
            Ok(tables::member(c, token.hash())?.ok_or(Denied::Unknown)?.member)
        })
    }

    /// Who this token speaks for.
    ///
    /// # Errors
    /// [`Denied`] for a token that the hub never gave, or that has ended; a database that fails.
    pub fn admit(&self, token: &Token) -> Result<Member, RegistryError> {
        Ok(self.look_up(token)?.0)
    }

    /// As [`Registry::admit`], and whether it should be noted that the device [was seen](Registry::saw).
    pub(crate) fn look_up(&self, token: &Token) -> Result<(Member, bool), RegistryError> {
        let found = tables::member(&lock(&self.reader), token.hash())?;
        let found = found.ok_or(Denied::Unknown)?;
        if found.ended.is_some() {
            return Err(Denied::Ended.into());
        }
        Ok((found.member, self.is_stale(found.seen)))
    }

    fn is_stale(&self, seen: Option<Timestamp>) -> bool {
        seen.is_none_or(|seen| (self.clock)().saturating_sub(seen.millis()) >= SEEN)
    }

    /// Notes that a device was heard of just now, unless that was noted a short while ago.
    ///
    /// # Errors
    /// A database that fails.
    pub fn saw(&self, token: &Token) -> Result<(), RegistryError> {
        let seen = tables::member(&lock(&self.reader), token.hash())?.and_then(|found| found.seen);
        if !self.is_stale(seen) {
            return Ok(());
        }
        // One that enrolled before there were bundles is known by its key from now on.
        let key = DeviceKey::of(token).public();
        self.write(|c, now| Ok(tables::saw(c, token.hash(), now).and_then(|()| tables::add_key(c, key, token.hash()))?))
    }

    /// The key that opens bundles for this hub: in the file beside the hub's, which is made where there is none.
    ///
    /// # Errors
    /// A file that can't be read or written, or holds no key.
    pub fn key(&self) -> Result<HubKey, RegistryError> {
        HubKey::open(&self.key).map_err(|e| RegistryError::Key(e.to_string()))
    }

    /// Who made a bundle by this key, once it proves to be sealed by it.
    ///
    /// # Errors
    /// [`Denied`] for a key that the hub has not heard of, or whose token has ended; a database that fails.
    pub fn admit_bundle(&self, key: &PublicKey) -> Result<Member, RegistryError> {
        let found = tables::of_key(&lock(&self.reader), key)?.ok_or(Denied::Unknown)?.1;
        if found.ended.is_some() { Err(Denied::Ended.into()) } else { Ok(found.member) }
    }

    /// As [`Registry::saw`], of a device whose bundle came.
    pub(crate) fn saw_bundle(&self, key: &PublicKey) -> Result<(), RegistryError> {
        let found = tables::of_key(&lock(&self.reader), key)?;
        match found.filter(|(_, found)| self.is_stale(found.seen)) {
            Some((hash, _)) => self.write(|c, now| Ok(tables::saw(c, hash, now)?)),
            None => Ok(()),
        }
    }

    /// All devices, by user, the last enrolled first.
    ///
    /// # Errors
    /// A database that fails.
    pub fn devices(&self) -> Result<Vec<Device>, RegistryError> {
        Ok(tables::devices(&lock(&self.reader))?)
    }

    /// Who could sync with each of these devices at the time beside it, in milliseconds since 1970, UTC: one name, unless people
    /// share the device.
    ///
    /// # Errors
    /// A database that fails.
    pub fn users_of(&self, devices: &[(DeviceId, i64)]) -> Result<Vec<Vec<String>>, RegistryError> {
        let connection = lock(&self.reader);
        devices.iter().map(|(device, at)| Ok(tables::users_of(&connection, *device, *at)?)).collect()
    }

    /// Turns a device or a user away, from the next request on. How many tokens and unused codes that ended.
    ///
    /// # Errors
    /// A device or a user that there is not; a database or a file that fails.
    pub fn revoke(&self, whom: &Whom) -> Result<usize, RegistryError> {
        self.write(|c, now| {
            let ends = match whom {
                Whom::Device(device) => tables::of_device(c, *device)?,
                Whom::User(name) => tables::of_user(c, name)?,
            };
            let ends = ends.ok_or_else(|| RegistryError::Nobody(whom.clone()))?;
            tables::end(c, &ends, now)?;
            let ended = ends.len();
            self.ended.add(ends)?;
            Ok(ended)
        })
    }

    /// In one transaction. What is added to the list of what has ended comes before its end: whichever of the two is lost
    /// in a crash, nothing is let in that was turned away.
    fn write<T>(&self, work: impl FnOnce(&Connection, i64) -> Result<T, RegistryError>) -> Result<T, RegistryError> {
        let connection = lock(&self.writer);
        let transaction = Transaction::new_unchecked(&connection, TransactionBehavior::Immediate)?;
        let done = work(&transaction, (self.clock)())?;
        transaction.commit()?;
        Ok(done)
    }
}
