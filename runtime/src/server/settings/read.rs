//! Settings as they are read: every mistake is told at once, with its place.

use super::names::{self, Draft};
use super::{Settings, Source};
use std::ffi::OsString;
use std::path::Path;
use toml::de::{DeTable, DeValue};

/// Settings that can't be used: all that is wrong with them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", mistakes.join("\n"))]
pub struct SettingsError {
    /// One line for each, with its place and what to write instead.
    pub mistakes: Vec<String>,
}

/// Settings that are read one source after the other: a later one outranks an earlier one.
#[derive(Debug, Default)]
pub struct Reader {
    draft: Draft,
    sources: Vec<(usize, Source)>,
    mistakes: Vec<String>,
}

impl Reader {
    /// A file in TOML.
    pub fn file(mut self, path: &Path) -> Reader {
        match std::fs::read_to_string(path) {
            Ok(text) => self.text(&path.display().to_string(), &text),
            Err(error) => {
                self.mistakes.push(format!("{}: {error}", path.display()));
                self
            }
        }
    }

    /// The text of a file of this name.
    pub fn text(mut self, file: &str, text: &str) -> Reader {
        let line = |at: usize| text.as_bytes()[..at.min(text.len())].iter().filter(|b| **b == b'\n').count() + 1;
        match DeTable::parse(text) {
            Ok(table) => {
                for (name, value) in table.get_ref() {
                    let source = Source::File(file.into(), line(name.span().start));
                    match plain(value.get_ref()) {
                        Some(value) => self.take(name.get_ref(), &value, source),
                        None => {
                            self.mistakes.push(format!("{source}: {} holds no text, number or truth", name.get_ref()))
                        }
                    }
                }
            }
            Err(error) => {
                let at = error.span().map_or(1, |span| line(span.start));
                self.mistakes.push(format!("{file}:{at}: {}", error.message()));
            }
        }
        self
    }

    /// Variables of the environment whose names begin so: `HUB_LISTEN` is `listen` where `prefix` is `HUB_`. Others are left
    /// alone, unless one is nearly the name of a setting.
    pub fn environment(mut self, prefix: &str, variables: impl IntoIterator<Item = (OsString, OsString)>) -> Reader {
        for (variable, value) in variables {
            let Some(variable) = variable.to_str() else { continue };
            let Some(name) = variable.strip_prefix(prefix).map(str::to_lowercase) else { continue };
            let source = Source::Variable(variable.into());
            match value.to_str() {
                Some(value) if names::find(&name).is_some() => self.take(&name, value, source),
                _ if names::nearest(&name).is_none() => {}
                Some(_) => self.unknown(&name, &source),
                None => self.mistakes.push(format!("{source}: it is not UTF-8")),
            }
        }
        self
    }

    /// A flag of the command: a setting's name and its value.
    pub fn flag(mut self, name: &str, value: &str) -> Reader {
        self.take(name, value, Source::Flag(name.into()));
        self
    }

    /// What holds in the end.
    ///
    /// # Errors
    /// All mistakes of all sources.
    pub fn settings(mut self) -> Result<Settings, SettingsError> {
        let Draft { listen, open_to_all, data, log, log_format, certificate, key, limits } = self.draft;
        let tls = match (certificate, key) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            (Some(_), None) => {
                self.mistakes.push("tls_certificate is set and tls_key is not: TLS needs both".into());
                None
            }
            (None, Some(_)) => {
                self.mistakes.push("tls_key is set and tls_certificate is not: TLS needs both".into());
                None
            }
        };
        if !self.mistakes.is_empty() {
            return Err(SettingsError { mistakes: self.mistakes });
        }
        let mut sources = vec![Source::Default; names::ALL.len()];
        self.sources.into_iter().for_each(|(setting, source)| sources[setting] = source);
        Ok(Settings { listen, open_to_all, data, log, log_format, tls, limits, sources })
    }

    fn take(&mut self, name: &str, value: &str, source: Source) {
        let Some(setting) = names::find(name) else { return self.unknown(name, &source) };
        match (names::ALL[setting].take)(&mut self.draft, value) {
            Ok(()) => self.sources.push((setting, source)),
            Err(wanted) => self.mistakes.push(format!("{source}: {name} is to be {wanted}")),
        }
    }

    fn unknown(&mut self, name: &str, source: &Source) {
        let hint = match names::nearest(name) {
            Some(nearest) => format!("did you mean {nearest}?"),
            None => format!("there are {}", Settings::names().collect::<Vec<_>>().join(", ")),
        };
        self.mistakes.push(format!("{source}: there is no setting {name}; {hint}"));
    }
}

/// A value as text.
fn plain(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Float(number) => Some(number.to_string()),
        DeValue::Boolean(truth) => Some(truth.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn variables(all: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
        all.iter().map(|(name, value)| (name.into(), value.into())).collect()
    }

    /// Somebody wrote `listn`, the server listened elsewhere, and nobody saw it for a week.
    #[test]
    fn every_mistake_is_told_at_once_with_its_place() {
        let text = "listn = \"0.0.0.0:80\"\n\nconnections = 0\nlog = \"loud\"\nlog_format = \"xml\"\ntls_key = \"k.pem\"\nstreams = [1]\n";
        let reader = Settings::reader().text("hub.toml", text);
        let reader = reader.environment("HUB_", variables(&[("HUB_IDLE_SECOND", "3"), ("HUB_PORT", "tcp://10.0.0.1")]));
        let wrong = reader.flag("pace", "-1").settings().unwrap_err();
        let expected = [
            "hub.toml:1: there is no setting listn; did you mean listen?",
            "hub.toml:3: connections is to be a whole number above 0",
            "hub.toml:4: log is to be error, warn, info, debug or trace",
            "hub.toml:5: log_format is to be text or json",
            "hub.toml:7: streams holds no text, number or truth",
            "HUB_IDLE_SECOND: there is no setting idle_second; did you mean idle_seconds?",
            "--pace: pace is to be a whole number above 0",
            "tls_key is set and tls_certificate is not: TLS needs both",
        ];
        let (mut found, mut expected) = (wrong.mistakes, expected.map(str::to_owned).to_vec());
        found.sort();
        expected.sort();
        assert_eq!(found, expected);
        let broken = Settings::reader().text("hub.toml", "a = 1\nb = = 2").settings().unwrap_err();
        assert!(broken.mistakes[0].starts_with("hub.toml:2: "), "{broken}");
        let none = Settings::reader().file(Path::new("/no/such/file")).settings().unwrap_err();
        assert!(none.to_string().starts_with("/no/such/file: "), "{none}");
    }

    /// Which of three places counts, nobody knows by heart.
    #[test]
    fn later_sources_outrank_earlier_ones_and_say_so() {
        let text = "listen = \"a:1\"\nidle_seconds = 1.5\nopen_to_all = true\nbytes = 1_000";
        let reader = Settings::reader().text("hub.toml", text);
        let reader = reader.environment("HUB_", variables(&[("HUB_LISTEN", "b:2"), ("HUB_OPEN_TO_ALL", "false")]));
        let settings = reader.flag("listen", "c:3").settings().unwrap();
        assert_eq!((settings.listen.as_str(), settings.open_to_all), ("c:3", false));
        assert_eq!((settings.limits.idle.as_millis(), settings.limits.bytes), (1_500, 1_000));
        let told = settings.told();
        let says = |name: &str, source: &str| {
            let line = told.lines().find(|line| line.starts_with(name)).unwrap();
            assert!(line.ends_with(&format!("# {source}")), "{line}");
        };
        says("listen", "--listen");
        says("open_to_all", "HUB_OPEN_TO_ALL");
        says("idle_seconds", "hub.toml:2");
        says("connections", "default");
        let again = Settings::reader().text("told.toml", &told).settings().unwrap();
        assert_eq!(Settings { sources: Vec::new(), ..again }, Settings { sources: Vec::new(), ..settings });
    }
}
