//! The settings by name: how each is read, and said again.

use super::{LogFormat, Settings};
use crate::server::limits::Limits;
use std::path::PathBuf;
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
    pub(super) log_format: LogFormat,
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
            log_format: LogFormat::Text,
            certificate: None,
            key: None,
            limits: Limits::default(),
        }
    }
}

/// A setting that stands at the same place in the draft and in the end.
macro_rules! setting {
    ($name:ident = $($place:ident).+) => {
        Setting {
            name: stringify!($name),
            take: |draft, text| Said::read(text).map(|value| draft.$($place).+ = value),
            say: |settings| Some(settings.$($place).+.say()),
        }
    };
}

/// All of them.
pub(super) const ALL: [Setting; 22] = [
    setting!(listen = listen),
    setting!(open_to_all = open_to_all),
    setting!(data = data),
    Setting {
        name: "log",
        take: |draft, text| level(text).map(|level| draft.log = level.into()),
        say: |settings| Some(settings.log.say()),
    },
    setting!(log_format = log_format),
    Setting {
        name: "tls_certificate",
        take: |draft, text| Said::read(text).map(|file| draft.certificate = Some(file)),
        say: |settings| settings.tls.as_ref().map(|(file, _)| file.say()),
    },
    Setting {
        name: "tls_key",
        take: |draft, text| Said::read(text).map(|file| draft.key = Some(file)),
        say: |settings| settings.tls.as_ref().map(|(_, file)| file.say()),
    },
    setting!(connections = limits.connections),
    setting!(requests = limits.requests),
    setting!(bytes = limits.bytes),
    setting!(body_bytes = limits.body),
    setting!(news = limits.news),
    setting!(news_alive_seconds = limits.news_alive),
    setting!(streams = limits.streams),
    setting!(device_a_minute = limits.device_a_minute),
    setting!(address_a_minute = limits.address_a_minute),
    setting!(first_byte_seconds = limits.first_byte),
    setting!(head_seconds = limits.head),
    setting!(idle_seconds = limits.idle),
    setting!(patience_seconds = limits.patience),
    setting!(pace = limits.pace),
    setting!(last_answers_seconds = limits.last_answers),
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

/// A value as it stands in a file, a variable or a flag.
trait Said: Sized {
    /// Reads it; what it should be instead.
    fn read(text: &str) -> Result<Self, &'static str>;
    /// As TOML writes it.
    fn say(&self) -> String;
}

/// Whole numbers.
macro_rules! numbers {
    ($($number:ty),+) => {$(
        impl Said for $number {
            fn read(text: &str) -> Result<Self, &'static str> {
                text.replace('_', "").parse().ok().filter(|number| *number > 0).ok_or("a whole number above 0")
            }

            fn say(&self) -> String {
                self.to_string()
            }
        }
    )+};
}

numbers!(u32, u64, usize);

impl Said for Duration {
    fn read(text: &str) -> Result<Self, &'static str> {
        let seconds = text.parse().ok().filter(|seconds| *seconds > 0.0);
        seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).ok_or("seconds, above 0")
    }

    fn say(&self) -> String {
        self.as_secs_f64().to_string()
    }
}

impl Said for bool {
    fn read(text: &str) -> Result<Self, &'static str> {
        text.parse().map_err(|_| "true or false")
    }

    fn say(&self) -> String {
        self.to_string()
    }
}

impl Said for String {
    fn read(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() { Err("a text that is not empty") } else { Ok(text.into()) }
    }

    fn say(&self) -> String {
        serde_json::Value::from(self.as_str()).to_string()
    }
}

impl Said for PathBuf {
    fn read(text: &str) -> Result<Self, &'static str> {
        String::read(text).map(PathBuf::from)
    }

    fn say(&self) -> String {
        self.to_string_lossy().into_owned().say()
    }
}

impl Said for LogFormat {
    fn read(text: &str) -> Result<Self, &'static str> {
        match text {
            "text" => Ok(LogFormat::Text),
            "json" => Ok(LogFormat::Json),
            _ => Err("text or json"),
        }
    }

    fn say(&self) -> String {
        match self {
            LogFormat::Text => "\"text\"".into(),
            LogFormat::Json => "\"json\"".into(),
        }
    }
}

const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

fn level(text: &str) -> Result<&str, &'static str> {
    if LEVELS.contains(&text) { Ok(text) } else { Err("error, warn, info, debug or trace") }
}
