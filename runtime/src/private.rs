//! What the macros' output needs. No part of the public interface.

mod broken;
mod check;
mod codec;

pub use broken::broken;
pub use check::{Entry, ParentName, check, sorted};
pub use codec::{Values, json, json_or_null, plain, text, text_or_null};
pub use windrow_protocol::model;
pub use windrow_protocol::value::Value;

pub use crate::domain::{DeviceSql, Domain, HubSql, Object, Table};
