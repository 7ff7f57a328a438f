//! Enrolling a device.

use super::credentials::{Credentials, kept};
use super::http::Endpoint;
use super::transport::{Failure, FailureKind};
use crate::identity::{Code, Enrol, Enrolled, Role, Token};
use crate::store::Store;
use std::io;
use std::sync::Arc;
use windrow_protocol::clock::DeviceId;

/// Who uses the device from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Welcome {
    /// The user's name.
    pub user: String,
    /// What the user may do at the hub.
    pub role: Role,
}

/// Enrols a device at the hub of this address, with a code from there, and keeps its token beside the store's file. Nothing
/// in that file changes: what is pending in it is sent by the next session.
///
/// It is safe to repeat where no answer came. A device enrols again after it was revoked, or for another user who shares it.
///
/// ```no_run
/// # async fn run(store: windrow::Store) -> Result<(), Box<dyn std::error::Error>> {
/// let welcome = windrow::enrol(&store, "https://hub.example.org", "7K3XM-9Q2HV-PTR0D-AB1CE").await?;
/// println!("{} may sync as {}", welcome.user, welcome.role);
/// let hub = windrow::Endpoint::for_device("https://hub.example.org", &store)?;
/// windrow::sync(&store, &hub).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// A hub that can't be reached or refuses the code; a token that can't be kept.
pub async fn enrol(store: &Store, url: &str, code: &str) -> Result<Welcome, Failure> {
    let code = code.parse::<Code>().map_err(|e| Failure::new(FailureKind::Rejected, e.to_string()))?;
    Endpoint::for_device(url, store)?.enrol(store.device_id(), &code).await
}

impl Endpoint {
    /// Enrols this device with a code, and keeps its token in the endpoint's [`Credentials`]: what [`enrol`] does with a file.
    ///
    /// # Errors
    /// As [`enrol`]; an endpoint without credentials.
    pub async fn enrol(&self, device: DeviceId, code: &Code) -> Result<Welcome, Failure> {
        let none = || Failure::new(FailureKind::Rejected, "the endpoint has no credentials to keep a token in");
        let credentials = self.credentials.as_ref().ok_or_else(none)?;
        // Kept before it is sent: after a lost answer the hub knows it already.
        let token = blocking(credentials, |credentials| {
            let mut kept = kept(credentials)?;
            let token = kept.pending().map_err(io::Error::other)?;
            credentials.write(&kept.words())?;
            Ok(token)
        });
        let token: Token = token.await?;
        let asked = Enrol { code: code.to_string(), device: device.hex(), token: token.reveal() };
        let Enrolled { user, role, bundle_key } = self.ask("v1/enrol", &asked).await?;
        // A key that can't be read is none: bundles are not what this is about.
        let (name, hub) = (user.clone(), bundle_key.and_then(|key| key.parse().ok()));
        let keep = blocking(credentials, move |credentials| {
            let mut kept = kept(credentials)?;
            kept.enrolled(&name, hub);
            credentials.write(&kept.words())
        });
        keep.await?;
        Ok(Welcome { user, role })
    }
}

async fn blocking<T: Send + 'static>(
    credentials: &Arc<dyn Credentials>,
    work: impl FnOnce(&dyn Credentials) -> io::Result<T> + Send + 'static,
) -> Result<T, Failure> {
    let credentials = credentials.clone();
    let done = tokio::task::spawn_blocking(move || work(&*credentials)).await;
    done.map_err(io::Error::other).flatten().map_err(|e| unkept(&e))
}

/// A token that can't be read or kept.
pub(super) fn unkept(error: &io::Error) -> Failure {
    Failure::new(FailureKind::Unauthorised, format!("the device's tokens: {error}"))
}
