//! A server's settings: from a file, the environment and flags, each outranked by the next.

mod names;
mod read;

pub use read::{Reader, SettingsError};

use super::limits::Limits;
use std::fmt;
use std::path::PathBuf;

/// What a server is told when it starts.
///
/// ```
/// use windrow::server::Settings;
///
/// let variables = [("HUB_LISTEN".into(), "127.0.0.1:9000".into())];
/// let settings = Settings::reader()
///     .text("hub.toml", "connections = 500\nlisten = \"127.0.0.1:8420\"")
///     .environment("HUB_", variables)
///     .flag("log", "debug")
///     .settings()?;
/// assert_eq!((settings.listen.as_str(), settings.limits.connections), ("127.0.0.1:9000", 500));
/// # Ok::<(), windrow::server::SettingsError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where to listen.
    pub listen: String,
    /// Whether everybody is let in who reaches it on this machine, enrolled or not.
    pub open_to_all: bool,
    /// The folder of `hub.db`.
    pub data: PathBuf,
    /// How much to log: error, warn, info, debug or trace.
    pub log: String,
    /// In which form.
    pub log_format: LogFormat,
    /// The certificate's file, and the key's, where the server speaks TLS itself; both or none.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// What it takes, and how long it waits.
    pub limits: Limits,
    /// Where each setting comes from, in the order of [`Settings::names`].
    sources: Vec<Source>,
}

/// The form of a log: what a program gives its subscriber of `tracing`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Where a setting comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    Default,
    /// A file, and the line.
    File(String, usize),
    /// A variable of the environment.
    Variable(String),
    /// A flag of the command.
    Flag(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Default => f.write_str("default"),
            Source::File(file, line) => write!(f, "{file}:{line}"),
            Source::Variable(name) => f.write_str(name),
            Source::Flag(name) => write!(f, "--{}", name.replace('_', "-")),
        }
    }
}

impl Settings {
    /// Reads settings.
    pub fn reader() -> Reader {
        Reader::default()
    }

    /// The names of all settings, as they stand in a file.
    pub fn names() -> impl Iterator<Item = &'static str> {
        names::ALL.iter().map(|setting| setting.name)
    }

    /// The hub's file.
    pub fn file(&self) -> PathBuf {
        self.data.join("hub.db")
    }

    /// What holds, and where each comes from: a file of settings that says the same.
    pub fn told(&self) -> String {
        let lines = names::ALL.iter().zip(&self.sources).map(|(setting, source)| {
            let said = (setting.say)(self).map_or_else(
                || format!("# {} is not set", setting.name),
                |value| format!("{} = {value}", setting.name),
            );
            format!("{said:<40} # {source}\n")
        });
        lines.collect()
    }
}
