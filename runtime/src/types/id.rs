//! A record's id, with the struct it belongs to.

use crate::lock::lock;
use std::cmp::Ordering;
use std::fmt::{Debug, Display, Formatter};
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::marker::PhantomData;
use std::str::FromStr;
use std::sync::Mutex;

use windrow_protocol::id::{Ids, RecordId};
use windrow_protocol::value::Value;

use super::{FieldValue, Unfit};

/// The id of a record of `T`: a UUID, ours of version 7.
///
/// ```
/// # struct Farm;
/// use windrow::Id;
///
/// let id: Id<Farm> = Id::new();
/// let text = id.to_string();
/// assert_eq!(text.parse::<Id<Farm>>().unwrap(), id);
/// assert!(Id::<Farm>::new() > id);
/// ```
pub struct Id<T> {
    record: RecordId,
    of: PhantomData<fn() -> T>,
}

impl<T> Id<T> {
    /// A new id, greater than every one that this process made before.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Id<T> {
        make().into()
    }

    /// The id in these bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Id<T> {
        Id { record: RecordId(bytes), of: PhantomData }
    }

    /// Its bytes, as stored.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.record.0
    }

    /// The same id without its struct.
    pub const fn record(self) -> RecordId {
        self.record
    }
}

/// One maker for the process: ids ascend, and cost little to send because they share its part.
fn make() -> RecordId {
    static MAKER: Mutex<Option<Ids>> = Mutex::new(None);
    let now = jiff::Timestamp::now().as_millisecond();
    let random = random();
    let mut maker = lock(&MAKER);
    maker.get_or_insert_with(|| Ids::new(random >> 16)).next(now, random as u16)
}

/// 64 random bits; where the system gives none, those that hash maps are seeded with.
fn random() -> u64 {
    getrandom::u64().unwrap_or_else(|_| RandomState::new().build_hasher().finish())
}

impl<T> From<RecordId> for Id<T> {
    fn from(record: RecordId) -> Id<T> {
        Id { record, of: PhantomData }
    }
}

impl<T> From<Id<T>> for RecordId {
    fn from(id: Id<T>) -> RecordId {
        id.record
    }
}

/// Text that is no UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID")]
pub struct ParseIdError;

impl<T> FromStr for Id<T> {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Id<T>, ParseIdError> {
        uuid::Uuid::try_parse(text).map(|u| Id::from_bytes(*u.as_bytes())).map_err(|_| ParseIdError)
    }
}

super::serde_as_text!([T] Id<T>, "a UUID");

impl<T> FieldValue for Id<T> {
    fn to_value(&self) -> Result<Value, Unfit> {
        Ok(Value::Blob(self.record.0.to_vec()))
    }

    fn from_value(value: Value) -> Result<Self, Unfit> {
        match &value {
            Value::Blob(bytes) => RecordId::from_slice(bytes).map(Id::from).ok_or(Unfit::Type("an id of 16 bytes")),
            other => Err(Unfit::wanted("an id of 16 bytes", other)),
        }
    }
}

// By hand, because derives would ask the same of `T`.

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Id<T> {}

impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.record == other.record
    }
}

impl<T> Eq for Id<T> {}

impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.record.cmp(&other.record)
    }
}

impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.record.hash(state);
    }
}

impl<T> Display for Id<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        Display::fmt(&self.record, f)
    }
}

impl<T> Debug for Id<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        Display::fmt(&self.record, f)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    struct Farm;

    #[test]
    fn new_ids_ascend_and_share_the_part_of_the_process() {
        let ids: Vec<Id<Farm>> = (0..10_000).map(|_| Id::new()).collect();
        assert!(ids.windows(2).all(|w| w[0] < w[1]));
        // Bits 2 to 47 of the lower half are the part: whole bytes 9 to 13 of it are in every id.
        assert!(ids.iter().all(|id| id.as_bytes()[9..14] == ids[0].as_bytes()[9..14]));
    }

    #[test]
    fn text_and_json_give_the_id_back() {
        let id: Id<Farm> = "018f3a00-0000-7000-8000-0000000000ff".parse().unwrap();
        assert_eq!(id.as_bytes()[15], 0xff);
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, "\"018f3a00-0000-7000-8000-0000000000ff\"");
        assert_eq!(serde_json::from_str::<Id<Farm>>(&json).unwrap(), id);
        assert_eq!("018f3a00".parse::<Id<Farm>>(), Err(ParseIdError));
    }

    #[test]
    fn only_16_bytes_are_an_id() {
        assert_eq!(Id::<Farm>::from_value(Value::Blob(vec![1; 15])), Err(Unfit::Type("an id of 16 bytes")));
        assert_eq!(Id::<Farm>::from_value(Value::Null), Err(Unfit::Null));
    }
}
