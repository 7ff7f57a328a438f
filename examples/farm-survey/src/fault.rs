//! Why a command did not do what it was asked.

use windrow::bundle::BundleError;
use windrow::hub;
use windrow::server::ServeError;
use windrow::store::{StoreError, WriteError};
use windrow::sync::{Failure, SyncError};

/// A failure, by its nature.
#[derive(Debug)]
pub(crate) enum Fault {
    /// A rule refuses it.
    Refused(String),
    /// A file.
    File(String),
    /// The way to the hub, or the hub.
    Hub(String),
    /// A promise of the demo that was not kept.
    Failed(String),
}

impl Fault {
    /// The word for it in JSON.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Fault::Refused(_) => "refused",
            Fault::File(_) => "file",
            Fault::Hub(_) => "hub",
            Fault::Failed(_) => "failed",
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Fault::Refused(why) | Fault::File(why) | Fault::Hub(why) | Fault::Failed(why)) = self;
        f.write_str(why)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Write(error) => error.into(),
            StoreError::Answer(error) => Fault::Hub(error.to_string()),
            error => Fault::File(error.to_string()),
        }
    }
}

impl From<hub::BackupError> for Fault {
    fn from(error: hub::BackupError) -> Self {
        Fault::File(error.to_string())
    }
}

impl From<WriteError> for Fault {
    fn from(error: WriteError) -> Self {
        Fault::Refused(error.to_string())
    }
}

impl From<SyncError> for Fault {
    fn from(error: SyncError) -> Self {
        match error {
            SyncError::Store(error) => error.into(),
            error => Fault::Hub(error.to_string()),
        }
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        Fault::Hub(failure.to_string())
    }
}

impl From<ServeError> for Fault {
    fn from(error: ServeError) -> Self {
        match error {
            ServeError::Hub(error) => error.into(),
            error => Fault::Hub(error.to_string()),
        }
    }
}

impl From<hub::OpenError> for Fault {
    fn from(error: hub::OpenError) -> Self {
        Fault::File(error.to_string())
    }
}

impl From<hub::RegistryError> for Fault {
    fn from(error: hub::RegistryError) -> Self {
        match error {
            hub::RegistryError::Name(_) | hub::RegistryError::Nobody(_) => Fault::Refused(error.to_string()),
            error => Fault::File(error.to_string()),
        }
    }
}

impl From<hub::HubError> for Fault {
    fn from(error: hub::HubError) -> Self {
        match error {
            hub::HubError::Problem(problem) => Fault::Hub(problem.to_string()),
            error => Fault::File(error.to_string()),
        }
    }
}

impl From<BundleError> for Fault {
    fn from(error: BundleError) -> Self {
        match error {
            BundleError::Store(error) => error.into(),
            BundleError::Waits => Fault::Refused(error.to_string()),
            BundleError::NotEnrolled | BundleError::NoHubKey | BundleError::HubKey => Fault::Hub(error.to_string()),
            error => Fault::File(error.to_string()),
        }
    }
}

impl From<windrow::rusqlite::Error> for Fault {
    fn from(error: windrow::rusqlite::Error) -> Self {
        StoreError::from(error).into()
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        Fault::File(error.to_string())
    }
}
