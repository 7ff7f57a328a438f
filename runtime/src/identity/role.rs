//! What a user may do.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What a user may do at a hub. Each may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Syncs its devices.
    Field,
    /// Sees conflicts and history at the hub, and decides.
    Reviewer,
    /// Whoever runs the hub.
    Admin,
}

/// A word that names no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no role; say field, reviewer or admin")]
pub struct NoRole(String);

impl Role {
    /// All, the least first.
    pub const ALL: [Role; 3] = [Role::Field, Role::Reviewer, Role::Admin];

    /// Its word.
    pub fn name(self) -> &'static str {
        match self {
            Role::Field => "field",
            Role::Reviewer => "reviewer",
            Role::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Role {
    type Err = NoRole;

    fn from_str(word: &str) -> Result<Role, NoRole> {
        let found = Role::ALL.into_iter().find(|role| role.name() == word);
        found.ok_or_else(|| NoRole(word.to_owned()))
    }
}
