//! The keys by which bundles are sealed: the hub's, and each device's.

use super::BundleError;
use crate::file::{create_private, sync_folder};
use crate::identity::Token;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use hpke::kem::X25519HkdfSha256 as Kem;
use hpke::{Deserializable, Kem as _, Serializable};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

type Private = <Kem as hpke::Kem>::PrivateKey;
type Public = <Kem as hpke::Kem>::PublicKey;

/// A public key: of a hub, or of a device. It is no secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey(pub(crate) [u8; 32]);

/// Text that is no public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no public key of a hub's: it has 43 letters, digits, `-` and `_`")]
pub struct NoPublicKey;

impl PublicKey {
    pub(super) fn read(&self) -> Result<Public, BundleError> {
        Public::from_bytes(&self.0).map_err(|_| BundleError::HubKey)
    }

    fn of(public: &Public) -> PublicKey {
        PublicKey(public.to_bytes().into())
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64.encode(self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl FromStr for PublicKey {
    type Err = NoPublicKey;

    fn from_str(text: &str) -> Result<PublicKey, NoPublicKey> {
        bits(text).map(PublicKey).ok_or(NoPublicKey)
    }
}

/// 256 bits as they are written.
fn bits(text: &str) -> Option<[u8; 32]> {
    BASE64.decode(Some(text).filter(|text| text.len() == 43)?).ok()?.try_into().ok()
}

/// A private key and its public one.
#[derive(Clone)]
pub(crate) struct Pair {
    pub(super) private: Private,
    pub(super) whole: Public,
    pub(crate) public: PublicKey,
}

impl Pair {
    /// The pair that these 256 random bits make.
    pub(crate) fn derive(seed: &[u8; 32]) -> Pair {
        let (private, whole) = Kem::derive_keypair(seed);
        Pair { private, public: PublicKey::of(&whole), whole }
    }
}

/// What a device seals its bundles with, and is known by: made of its [`Token`], which the hub sees when the device enrols and
/// asks. The hub keeps the public half alone, so that whoever reads a copy of its file can seal nothing in a device's name.
#[derive(Clone)]
pub struct DeviceKey(pub(super) Pair);

impl DeviceKey {
    /// Of the device that has this token.
    pub fn of(token: &Token) -> DeviceKey {
        DeviceKey(Pair::derive(token.bits()))
    }

    /// What the hub knows of it.
    pub fn public(&self) -> PublicKey {
        self.0.public
    }
}

impl fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceKey({})", self.public())
    }
}

/// What a hub opens bundles with. It stands in a file beside the hub's that its owner alone can read, and never in the
/// database: whoever has it can read every bundle that was ever sealed to it.
#[derive(Clone)]
pub struct HubKey(pub(super) Pair);

impl fmt::Debug for HubKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HubKey({})", self.public())
    }
}

const HEAD: &str = "# The private key that opens bundles for this hub. Keep a copy with your other keys: hub.db.key is in no backup.\n";

impl HubKey {
    /// A new one, kept nowhere.
    ///
    /// # Errors
    /// A system without random numbers.
    pub fn draw() -> Result<HubKey, getrandom::Error> {
        Ok(HubKey(Pair::derive(&draw()?)))
    }

    /// The file beside a hub's: `FILE.key`.
    pub fn beside(hub: &Path) -> PathBuf {
        let mut name = hub.as_os_str().to_owned();
        name.push(".key");
        name.into()
    }

    /// The key in this file, which is made where there is none.
    ///
    /// # Errors
    /// A file that can't be read or written, or holds no key.
    pub fn open(file: &Path) -> io::Result<HubKey> {
        let told = |e: io::Error| io::Error::new(e.kind(), format!("{}: {e}", file.display()));
        match std::fs::read_to_string(file) {
            Ok(text) => HubKey::parse(&text).map_err(told),
            Err(error) if error.kind() == io::ErrorKind::NotFound => HubKey::make(file).map_err(told),
            Err(error) => Err(told(error)),
        }
    }

    fn parse(text: &str) -> io::Result<HubKey> {
        let seed = text.lines().find(|line| !line.starts_with('#')).and_then(bits);
        let wrong = || io::Error::other("it holds no key; put the right one there, or remove it and a new one is made");
        Ok(HubKey(Pair::derive(&seed.ok_or_else(wrong)?)))
    }

    fn make(file: &Path) -> io::Result<HubKey> {
        let text = format!("{HEAD}{}\n", BASE64.encode(draw().map_err(io::Error::other)?));
        match create_private(file, text.as_bytes()) {
            // Another program made it at the same time.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                HubKey::parse(&std::fs::read_to_string(file)?)
            }
            made => made.and_then(|()| sync_folder(file)).and_then(|()| HubKey::parse(&text)),
        }
    }

    /// What devices seal to.
    pub fn public(&self) -> PublicKey {
        self.0.public
    }
}

/// 256 random bits.
pub(super) fn draw() -> Result<[u8; 32], getrandom::Error> {
    let mut bits = [0; 32];
    getrandom::fill(&mut bits)?;
    Ok(bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everybody on the hub's machine could read what every tablet had ever sealed.
    #[test]
    fn a_hubs_key_is_made_once_and_is_its_owners() {
        let dir = tempfile::tempdir().unwrap();
        let file = HubKey::beside(&dir.path().join("hub.db"));
        let key = HubKey::open(&file).unwrap();
        assert_eq!(HubKey::open(&file).unwrap().public(), key.public());
        assert!(file.ends_with("hub.db.key"));
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
            assert_eq!(mode & 0o777, 0o600);
        }
        assert!(!format!("{key:?}").contains(&std::fs::read_to_string(&file).unwrap()[HEAD.len()..HEAD.len() + 9]));
        std::fs::write(&file, "").unwrap();
        assert!(HubKey::open(&file).unwrap_err().to_string().contains("it holds no key"));
    }

    #[test]
    fn a_public_key_is_its_text() {
        let key = HubKey::draw().unwrap().public();
        assert_eq!(key.to_string().parse::<PublicKey>().unwrap(), key);
        for wrong in ["", "x", &key.to_string()[1..], &format!("{key}=")] {
            assert!(wrong.parse::<PublicKey>().is_err(), "{wrong:?}");
        }
    }
}
