//! What can be wrong with bundles.

use super::PublicKey;
use crate::store::StoreError;
use std::io;
use windrow_protocol::codec::DecodeError;
use windrow_protocol::message::{MessageError, Problem, ProblemKind};
use windrow_protocol::session::Unexpected;

/// Why a bundle, or its answer, can't be made or taken. Nothing is lost by it: what is pending stays so.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The device's file.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The device's tokens can't be read.
    #[error("the device's tokens: {0}")]
    Credentials(#[from] io::Error),
    /// Nobody has enrolled here.
    #[error("this device has not enrolled, and no hub would know its bundle; enrol it with a code")]
    NotEnrolled,
    /// The device has never heard of the hub's key.
    #[error(
        "this device knows no key of its hub's; give `export` the key that the hub says, or enrol the device again"
    )]
    NoHubKey,
    /// A key that nothing can be sealed to.
    #[error("nothing can be sealed to this key of a hub's; ask for the right one")]
    HubKey,
    /// The system gave no random numbers.
    #[error("the system gave no random numbers: {0}")]
    Random(#[from] getrandom::Error),
    /// An answer to an earlier question waits for a person: see [`Store::confirm_deletion`](crate::Store::confirm_deletion).
    #[error("an answer of the hub's would delete much and waits to be confirmed; confirm it, then export")]
    Waits,
    /// Other bytes than a bundle or an answer.
    #[error("this is no file of Windrow's bundles; take the file that the other side wrote")]
    Foreign,
    /// A bundle where an answer is wanted.
    #[error("this is a bundle, and no answer to one; carry it to the hub")]
    NoAnswer,
    /// An answer where a bundle is wanted.
    #[error("this is the answer to a bundle; carry it to the device")]
    NoBundle,
    /// A version that is not known here.
    #[error("bundles of version {0} are not known here; update this program")]
    Version(u8),
    /// Cut, or changed on the way; or nobody who could has sealed it.
    #[error("the file was cut or changed on the way, or is not sealed by whom it names; copy it again")]
    Damaged,
    /// Sealed to another key than this hub's.
    #[error(
        "the bundle is sealed for another hub, or for an earlier key of this one, whose key is {0}; export it again for that key"
    )]
    OtherHub(PublicKey),
    /// The answer to a bundle that this file knows nothing of.
    #[error(
        "this device's file remembers no bundle that this answers: it is another device's, or one of long ago; export again"
    )]
    Unknown,
    /// What was sealed means nothing here.
    #[error("the file can't be read: {0}")]
    Content(#[from] MessageError),
    /// A page in it means nothing here.
    #[error("an answer in the file can't be read: {0}")]
    Page(#[from] DecodeError),
    /// An answer that does not fit its question.
    #[error(transparent)]
    Protocol(#[from] Unexpected),
}

impl BundleError {
    /// Whether the same may succeed when it is tried again as it stands.
    pub fn is_retryable(&self) -> bool {
        match self {
            BundleError::Store(error) => error.is_retryable(),
            BundleError::Random(_) | BundleError::Credentials(_) => true,
            _ => false,
        }
    }

    /// What a hub says of a bundle.
    pub(super) fn problem(&self) -> Problem {
        let kind = match self {
            BundleError::Version(_) | BundleError::Content(MessageError::Version(_)) => ProblemKind::UnknownVersion,
            BundleError::Damaged => ProblemKind::Damaged,
            BundleError::Random(_) | BundleError::Store(_) | BundleError::Credentials(_) => ProblemKind::Internal,
            _ => ProblemKind::Malformed,
        };
        let sentence = self.to_string();
        let (first, rest) = sentence.split_at(1);
        Problem::new(kind, format!("{}{rest}.", first.to_uppercase()))
    }
}
