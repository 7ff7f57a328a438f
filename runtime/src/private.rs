//! What the macros' output needs. No part of the public interface.

mod broken;
mod check;
mod codec;

pub use broken::broken;
pub use check::{Entry, ParentName, check, sorted};
pub use codec::{Values, json, json_option, plain, text_of, variant};
pub use windrow_protocol::model;
pub use windrow_protocol::value::Value;

pub use crate::domain::{DeviceSql, Domain, HubSql, Object, Table};
pub use crate::types::{FieldValue, Unfit};
