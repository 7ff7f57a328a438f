//! The settings by name: how each is read, and said again.

use super::Settings;
use crate::server::limits::Limits;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// A setting.
pub(super) struct Setting {
    pub(super) name: &'static str,
    /// Takes a value over; what it should be instead.
    pub(super) take: fn(&mut Draft, &str) -> Result<(), &'static str>,
    /// The value as it stands in a file; none where there is none.
    pub(super) say: fn(&Settings) -> Option<String>,
}

/// Settings in the making.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) listen: String,
    pub(super) open_to_all: bool,
    pub(super) data: PathBuf,
    pub(super) log: String,
    pub(super) certificate: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
    pub(super) limits: Limits,
}

impl Default for Draft {
    fn default() -> Draft {
        Draft {
            listen: "127.0.0.1:8420".into(),
            open_to_all: false,
            data: "data".into(),
            log: "info".into(),
            certificate: None,
            key: None,
            limits: Limits::default(),
        }
    }
}

const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

/// A number of the limits.
macro_rules! number {
    ($name:ident = $field:ident) => {
        Setting {
            name: stringify!($name),
            take: |draft, text| number(text).map(|number| draft.limits.$field = number),
            say: |settings| Some(settings.limits.$field.to_string()),
        }
    };
}

/// A time of the limits, in seconds.
macro_rules! seconds {
    ($name:ident = $field:ident) => {
        Setting {
            name: stringify!($name),
            take: |draft, text| seconds(text).map(|time| draft.limits.$field = time),
            say: |settings| Some(settings.limits.$field.as_secs_f64().to_string()),
        }
    };
}

/// All of them.
pub(super) const ALL: [Setting; 21] = [
    Setting {
        name: "listen",
        take: |draft, text| filled(text).map(|text| draft.listen = text.into()),
        say: |settings| Some(quoted(&settings.listen)),
    },
    Setting {
        name: "open_to_all",
        take: |draft, text| truth(text).map(|truth| draft.open_to_all = truth),
        say: |settings| Some(settings.open_to_all.to_string()),
    },
    Setting {
        name: "data",
        take: |draft, text| filled(text).map(|text| draft.data = text.into()),
        say: |settings| Some(quoted(&settings.data.to_string_lossy())),
    },
    Setting {
        name: "log",
        take: |draft, text| level(text).map(|level| draft.log = level.into()),
        say: |settings| Some(quoted(&settings.log)),
    },
    Setting {
        name: "tls_certificate",
        take: |draft, text| filled(text).map(|text| draft.certificate = Some(text.into())),
        say: |settings| settings.tls.as_ref().map(|(file, _)| quoted(&file.to_string_lossy())),
    },
    Setting {
        name: "tls_key",
        take: |draft, text| filled(text).map(|text| draft.key = Some(text.into())),
        say: |settings| settings.tls.as_ref().map(|(_, file)| quoted(&file.to_string_lossy())),
    },
    number!(connections = connections),
    number!(requests = requests),
    number!(bytes = bytes),
    number!(body_bytes = body),
    number!(news = news),
    seconds!(news_alive_seconds = news_alive),
    number!(streams = streams),
    number!(device_a_minute = device_a_minute),
    number!(address_a_minute = address_a_minute),
    seconds!(first_byte_seconds = first_byte),
    seconds!(head_seconds = head),
    seconds!(idle_seconds = idle),
    seconds!(patience_seconds = patience),
    number!(pace = pace),
    seconds!(last_answers_seconds = last_answers),
];

/// A setting's number.
pub(super) fn find(name: &str) -> Option<usize> {
    ALL.iter().position(|setting| setting.name == name)
}

/// The name that is most like this one, if any is.
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    let alike = |setting: &Setting| (strsim::jaro_winkler(setting.name, name), setting.name);
    let (likeness, nearest) = ALL.iter().map(alike).max_by(|a, b| a.0.total_cmp(&b.0))?;
    (likeness > 0.8).then_some(nearest)
}

fn number<N: FromStr + PartialOrd + From<u8>>(text: &str) -> Result<N, &'static str> {
    let digits = text.replace('_', "");
    digits.parse().ok().filter(|number| *number > N::from(0)).ok_or("a whole number above 0")
}

fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse().ok().filter(|seconds| *seconds > 0.0);
    seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).ok_or("seconds, above 0")
}

fn truth(text: &str) -> Result<bool, &'static str> {
    text.parse().map_err(|_| "true or false")
}

fn filled(text: &str) -> Result<&str, &'static str> {
    if text.is_empty() { Err("a text that is not empty") } else { Ok(text) }
}

fn level(text: &str) -> Result<&str, &'static str> {
    if LEVELS.contains(&text) { Ok(text) } else { Err("error, warn, info, debug or trace") }
}

/// As TOML writes a text.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
