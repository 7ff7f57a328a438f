//! Where a device keeps its users' tokens: beside its database, and never in it.

use crate::file::replace_private;
use crate::identity::{Kept, Token};
use crate::store::Store;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A secret place for some lines of text. [`TokenFile`] is one on any system; a platform may have a better one, the key store
/// of a telephone say.
pub trait Credentials: Send + Sync + 'static {
    /// What was last written; none where nothing was.
    ///
    /// # Errors
    /// A place that can't be read.
    fn read(&self) -> io::Result<Option<String>>;

    /// Keeps this in place of what was there, for good, all of it or nothing.
    ///
    /// # Errors
    /// A place that can't be written.
    fn write(&self, secret: &str) -> io::Result<()>;
}

/// A file that its owner alone can read.
#[derive(Debug, Clone)]
pub struct TokenFile {
    path: PathBuf,
}

impl TokenFile {
    /// The file beside this store's: `FILE.token`.
    pub fn beside(store: &Store) -> TokenFile {
        let mut name = store.path().as_os_str().to_owned();
        name.push(".token");
        TokenFile { path: name.into() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Credentials for TokenFile {
    fn read(&self) -> io::Result<Option<String>> {
        let told = |e: io::Error| io::Error::new(e.kind(), format!("{}: {e}", self.path.display()));
        match std::fs::read_to_string(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            read => read.map(Some).map_err(told),
        }
    }

    fn write(&self, secret: &str) -> io::Result<()> {
        let told = |e: io::Error| io::Error::new(e.kind(), format!("{}: {e}", self.path.display()));
        replace_private(&self.path, secret.as_bytes()).map_err(told)
    }
}

/// The users of a device that have enrolled, and whether each is the one who uses it now.
///
/// # Errors
/// Credentials that can't be read.
pub fn users(credentials: &dyn Credentials) -> io::Result<Vec<(String, bool)>> {
    Ok(kept(credentials)?.users().map(|(name, active)| (name.to_owned(), active)).collect())
}

/// From now on this user uses the device, with the role and the name that the hub knows. What the one before wrote and has
/// not sent stays, and is sent with the rest.
///
/// # Errors
/// Credentials that can't be read or written; a user who has not enrolled on this device.
pub fn switch_user(credentials: &dyn Credentials, name: &str) -> io::Result<()> {
    let mut kept = kept(credentials)?;
    if !kept.switch(name) {
        let sentence = format!("{name:?} has not enrolled on this device; enrol with a code");
        return Err(io::Error::new(io::ErrorKind::NotFound, sentence));
    }
    credentials.write(&kept.words())
}

/// What is kept, in our words.
pub(crate) fn kept(credentials: &dyn Credentials) -> io::Result<Kept> {
    let strange = || io::Error::other("the device's tokens can't be read; remove them and enrol again");
    match credentials.read()? {
        None => Ok(Kept::default()),
        Some(words) => Kept::parse(&words).ok_or_else(strange),
    }
}

/// The token of whoever uses the device now, read where it may take its time.
pub(super) async fn token(credentials: &Arc<dyn Credentials>) -> io::Result<Option<Token>> {
    let credentials = credentials.clone();
    let read = tokio::task::spawn_blocking(move || Ok(kept(&*credentials)?.token().cloned()));
    read.await.map_err(io::Error::other)?
}
