//! What the two files look like, and how they are sealed: HPKE (RFC 9180) with X25519, HKDF-SHA256 and ChaCha20-Poly1305.
//!
//! ```text
//! bundle: "WB", version (1), to (8), from (32), encapsulated key (32), ciphertext
//! answer: "WA", version (1), the bundle's id (16),  encapsulated key (32), ciphertext
//! ```
//!
//! What stands before the ciphertext is authenticated with it. `to` names the hub's key by its SHA-256, `from` is the device's
//! public key, the id is the beginning of the bundle's encapsulated key. A bundle is sealed in HPKE's mode Auth: only who has the
//! device's private key can make it. Its context exports a secret that nobody else can know; an answer is sealed
//! to a key that the device drew for this bundle, in mode PSK with that secret: only the hub can make it, and for
//! this bundle alone.

use super::BundleError;
use super::keys::{DeviceKey, HubKey, Pair, PublicKey, draw};
use hpke::aead::{AeadCtxR, AeadCtxS, ChaCha20Poly1305};
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256 as Kem;
use hpke::rand_core::{TryCryptoRng, TryRng};
use hpke::{Deserializable, OpModeR, OpModeS, PskBundle, Serializable};
use sha2::{Digest, Sha256};
use std::convert::Infallible;

type Sender = AeadCtxS<ChaCha20Poly1305, HkdfSha256, Kem>;
type Receiver = AeadCtxR<ChaCha20Poly1305, HkdfSha256, Kem>;

const BUNDLE: [u8; 2] = *b"WB";
const ANSWER: [u8; 2] = *b"WA";
const VERSION: u8 = 1;
/// What a bundle and an answer are for, so that neither is ever taken for anything else.
const BUNDLE_INFO: &[u8] = b"windrow bundle 1";
const ANSWER_INFO: &[u8] = b"windrow answer 1";
const SECRET_INFO: &[u8] = b"windrow answer secret 1";

/// By which an answer names its bundle.
pub(crate) type Id = [u8; 16];

/// What only the hub and the device of a bundle know.
pub(crate) type Secret = [u8; 32];

/// A bundle that was sealed.
pub(super) struct Sealed {
    pub(super) file: Vec<u8>,
    pub(super) id: Id,
    pub(super) secret: Secret,
}

/// Seals what a device asks to the hub that has this key.
pub(super) fn bundle(device: &DeviceKey, hub: &PublicKey, content: &[u8]) -> Result<Sealed, BundleError> {
    let mode = OpModeS::Auth((device.0.private.clone(), device.0.whole.clone()));
    let (enc, mut context) = sender(&mode, hub, BUNDLE_INFO)?;
    let mut file = [&BUNDLE[..], &[VERSION], &named(hub), &device.public().0, &enc].concat();
    let sealed = context.seal(content, &file).map_err(|_| BundleError::HubKey)?;
    file.extend(sealed);
    let secret = exported(|out| context.export(SECRET_INFO, out))?;
    Ok(Sealed { file, id: id_of(&enc), secret })
}

/// A bundle as it arrived at a hub: nothing of it is believed yet.
#[derive(Debug)]
pub struct Arrived<'a> {
    to: [u8; 8],
    from: PublicKey,
    enc: [u8; 32],
    head: &'a [u8],
    sealed: &'a [u8],
}

/// A bundle that was opened.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) content: Vec<u8>,
    pub(super) id: Id,
    pub(super) secret: Secret,
}

impl<'a> Arrived<'a> {
    /// Bytes of what stands in the clear.
    pub(crate) const HEAD: usize = 2 + 1 + 8 + 32 + 32;

    /// What stands in the clear before it.
    ///
    /// # Errors
    /// Bytes that are no bundle, of a version that is not known, or cut.
    pub fn read(file: &'a [u8]) -> Result<Arrived<'a>, BundleError> {
        let rest = content(file, BUNDLE)?;
        let (to, rest) = rest.split_first_chunk().ok_or(BundleError::Damaged)?;
        let (from, rest) = rest.split_first_chunk().ok_or(BundleError::Damaged)?;
        let (enc, sealed) = rest.split_first_chunk().ok_or(BundleError::Damaged)?;
        let head = &file[..file.len() - sealed.len()];
        Ok(Arrived { to: *to, from: PublicKey(*from), enc: *enc, head, sealed })
    }

    /// The device that it says it is from: once it is opened, it is.
    pub fn from(&self) -> PublicKey {
        self.from
    }

    pub(super) fn open(&self, hub: &HubKey) -> Result<Opened, BundleError> {
        if self.to != named(&hub.public()) {
            return Err(BundleError::OtherHub(hub.public()));
        }
        let from = self.from.read().map_err(|_| BundleError::Damaged)?;
        let mut context = receiver(&OpModeR::Auth(from), &hub.0, &self.enc, BUNDLE_INFO)?;
        let content = context.open(self.sealed, self.head).map_err(|_| BundleError::Damaged)?;
        let secret = exported(|out| context.export(SECRET_INFO, out))?;
        Ok(Opened { content, id: id_of(&self.enc), secret })
    }
}

/// Seals an answer to the bundle of this id and secret.
pub(super) fn answer(id: Id, secret: &Secret, reply: &PublicKey, content: &[u8]) -> Result<Vec<u8>, BundleError> {
    let mode = OpModeS::Psk(PskBundle::new(secret, &id).map_err(|_| BundleError::Damaged)?);
    let (enc, mut context) = sender(&mode, reply, ANSWER_INFO)?;
    let mut file = [&ANSWER[..], &[VERSION], &id, &enc].concat();
    let sealed = context.seal(content, &file).map_err(|_| BundleError::Damaged)?;
    file.extend(sealed);
    Ok(file)
}

/// The bundle that an answer says it is for.
pub(super) fn answers_to(file: &[u8]) -> Result<Id, BundleError> {
    content(file, ANSWER)?.first_chunk().copied().ok_or(BundleError::Damaged)
}

/// Opens an answer to the bundle of this secret, by the key that was drawn for it.
pub(super) fn open_answer(file: &[u8], secret: &Secret, reply: &[u8; 32]) -> Result<Vec<u8>, BundleError> {
    let rest = content(file, ANSWER)?;
    let (id, rest) = rest.split_first_chunk::<16>().ok_or(BundleError::Damaged)?;
    let (enc, sealed) = rest.split_first_chunk().ok_or(BundleError::Damaged)?;
    let mode = OpModeR::Psk(PskBundle::new(secret, id).map_err(|_| BundleError::Damaged)?);
    let mut context = receiver(&mode, &Pair::derive(reply), enc, ANSWER_INFO)?;
    context.open(sealed, &file[..file.len() - sealed.len()]).map_err(|_| BundleError::Damaged)
}

/// What follows the version of a file of this kind.
fn content(file: &[u8], magic: [u8; 2]) -> Result<&[u8], BundleError> {
    match file {
        [a, b, VERSION, rest @ ..] if [*a, *b] == magic => Ok(rest),
        [a, b, version, ..] if [*a, *b] == magic => Err(BundleError::Version(*version)),
        [a, b, ..] if [*a, *b] == BUNDLE => Err(BundleError::NoAnswer),
        [a, b, ..] if [*a, *b] == ANSWER => Err(BundleError::NoBundle),
        _ => Err(BundleError::Foreign),
    }
}

fn named(hub: &PublicKey) -> [u8; 8] {
    let [a, b, c, d, e, f, g, h, ..] = <[u8; 32]>::from(Sha256::digest(hub.0));
    [a, b, c, d, e, f, g, h]
}

fn id_of(enc: &[u8; 32]) -> Id {
    let mut id = Id::default();
    id.copy_from_slice(&enc[..16]);
    id
}

fn sender(mode: &OpModeS<'_, Kem>, to: &PublicKey, info: &[u8]) -> Result<([u8; 32], Sender), BundleError> {
    let mut drawn = Drawn(draw()?);
    // A key of low order is nobody's.
    let sealed = hpke::setup_sender_with_rng(mode, &to.read()?, info, &mut drawn);
    let (enc, context) = sealed.map_err(|_| BundleError::HubKey)?;
    Ok((enc.to_bytes().into(), context))
}

fn receiver(mode: &OpModeR<'_, Kem>, to: &Pair, enc: &[u8; 32], info: &[u8]) -> Result<Receiver, BundleError> {
    let enc = <Kem as hpke::Kem>::EncappedKey::from_bytes(enc).map_err(|_| BundleError::Damaged)?;
    hpke::setup_receiver(mode, &to.private, &enc, info).map_err(|_| BundleError::Damaged)
}

fn exported(export: impl FnOnce(&mut [u8]) -> Result<(), hpke::HpkeError>) -> Result<Secret, BundleError> {
    let mut secret = Secret::default();
    export(&mut secret).map_err(|_| BundleError::Damaged)?;
    Ok(secret)
}

/// 256 random bits that were drawn before, where that could fail: HPKE asks for no more, once, to make a key of them.
struct Drawn([u8; 32]);

impl TryRng for Drawn {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(self.0.len()) {
            chunk.copy_from_slice(&self.0[..chunk.len()]);
            self.0 = Sha256::digest(self.0).into();
        }
        Ok(())
    }
}

impl TryCryptoRng for Drawn {}
