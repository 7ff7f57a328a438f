//! What the macros' output needs. No part of the public interface.

mod broken;
mod check;
mod codec;
mod locked;

pub use broken::broken;
pub use check::{Entry, ParentName, check, sorted};
pub use codec::{Values, json, json_or_null, plain, text, text_or_null};
pub use locked::{all_locked, as_locked, in_order};
pub use windrow_protocol::model;
pub use windrow_protocol::value::Value;
pub use windrow_protocol::versions;

pub use crate::domain::{DeviceSql, Domain, Earlier, HubSql, Migration, Object, Table};
