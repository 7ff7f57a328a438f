//! The SQL of a page's stories, by who does what.
//!
//! ```sql
//! -- Asha: two calves are born
//! UPDATE farm SET cattle = cattle + 2;
//! -- shown: cattle
//! SELECT cattle FROM farm;
//! ```

use std::collections::BTreeMap;

/// Who does what was done before all stories.
pub(crate) const EVERYONE: &str = "Everyone";

/// What the people of a story do, and how what a picture shows is looked up.
#[derive(Default, Clone)]
pub(crate) struct Script {
    pub(crate) deeds: Vec<Deed>,
    /// The query behind each name.
    pub(crate) shown: BTreeMap<String, String>,
}

/// Something that somebody does.
#[derive(Clone)]
pub(crate) struct Deed {
    pub(crate) who: String,
    pub(crate) what: String,
    pub(crate) sql: String,
}

impl Script {
    /// Reads one block. Each statement stands under a comment that says whose it is.
    pub(crate) fn read(text: &str, place: &str) -> Script {
        let mut deeds: Vec<Deed> = Vec::new();
        for line in text.lines() {
            match (line.strip_prefix("-- "), deeds.last_mut()) {
                (Some(head), _) => {
                    let (who, what) = head.split_once(": ").unwrap_or_else(|| panic!("{place}: who does {head:?}?"));
                    deeds.push(Deed { who: who.into(), what: what.into(), sql: String::new() });
                }
                (None, Some(deed)) => deed.sql += &format!("{line}\n"),
                (None, None) => panic!("{place}: nobody does {line:?}"),
            }
        }
        let (shown, deeds): (Vec<_>, _) = deeds.into_iter().partition(|d| d.who == "shown");
        Script { deeds, shown: shown.into_iter().map(|d| (d.what, d.sql)).collect() }
    }

    /// Whether it says what everyone begins with.
    pub(crate) fn is_start(&self) -> bool {
        self.deeds.iter().any(|d| d.who == EVERYONE)
    }

    /// Its deeds, and what `start` shows beside its own.
    pub(crate) fn under(mut self, start: &Script) -> Script {
        for (name, sql) in &start.shown {
            self.shown.entry(name.clone()).or_insert_with(|| sql.clone());
        }
        self
    }
}
