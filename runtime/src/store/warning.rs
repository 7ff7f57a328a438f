//! What is odd about a file, though the store can work with it.

use std::fmt;

/// Something that was found, and perhaps mended, when the store was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// A trigger, index or view of ours was gone. It is there again; what was written meanwhile was not recorded.
    Missing {
        /// Of which kind.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// A trigger, index or view of ours was not as it was made. It is so again.
    Changed {
        /// Of which kind.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// A trigger of the application's writes to a synced table also while an answer of the hub is applied.
    Unguarded {
        /// The trigger.
        trigger: String,
        /// The synced table that it writes to.
        table: String,
    },
    /// A unique index of the application's on a synced table. A REPLACE that hits it removes another record, and no trigger
    /// hears of it.
    Unique {
        /// The index.
        index: String,
        /// The synced table.
        table: String,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::Missing { kind, name } => write!(
                f,
                "the {kind} `{name}` was missing and was created again; writes made without it may not be in the \
                 changelog: write those records once more"
            ),
            Warning::Changed { kind, name } => {
                write!(
                    f,
                    "the {kind} `{name}` had been changed and was restored; writes made meanwhile may not be in the changelog"
                )
            }
            Warning::Unguarded { trigger, table } => write!(
                f,
                "the trigger `{trigger}` writes to the synced table `{table}` also while the hub's changes are applied; \
                 add `WHERE (SELECT applying FROM windrow_state) = 0` to that statement"
            ),
            Warning::Unique { index, table } => write!(
                f,
                "the unique index `{index}` on the synced table `{table}` lets `OR REPLACE` remove another record without a \
                 trace in the changelog, and merged records may not fit it; drop it and declare the field `#[unique]`"
            ),
        }
    }
}
