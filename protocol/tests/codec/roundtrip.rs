//! What was put in comes out.

use crate::arbitrary;
use crate::domain::schema;
use crate::ids::{finder, lens};
use proptest::prelude::*;
use windrow_protocol::change::{Change, Changeset};
use windrow_protocol::codec::{
    Effort, Limits, Packed, changeset_device, decode_changeset, decode_page, encode_changeset, encode_page,
};
use windrow_protocol::told::Page;

fn effort() -> impl Strategy<Value = Effort> {
    prop_oneof![Just(Effort::Upload), Just(Effort::Page)]
}

/// A changeset, and a number of bytes by which ids are longer than they must be.
fn sent(changeset: &Changeset, least: u8, effort: Effort) -> Changeset {
    let keys: Vec<_> = changeset.changes.iter().map(Change::key).collect();
    let bytes = encode_changeset(&schema(), changeset, &lens(&keys, least), effort);
    let decoded = decode_changeset(&schema(), &bytes, &Limits::default()).unwrap();
    decoded.resolve(finder(keys)).unwrap()
}

fn answered(page: &Page, least: u8, effort: Effort) -> Page {
    let keys: Vec<_> = page.told.iter().map(|told| (told.table, told.id)).collect();
    let bytes = encode_page(&schema(), page, &lens(&keys, least), effort);
    let decoded = decode_page(&schema(), &bytes, &Limits::default()).unwrap();
    decoded.resolve(finder(keys)).unwrap()
}

proptest! {
    #[test]
    fn any_changeset(changeset in arbitrary::changeset(), least in 1..=128u8, effort in effort()) {
        prop_assert_eq!(sent(&changeset, least, effort), changeset);
    }

    /// Packed where the device stood before, and sealed where it stands now: by then it has pulled.
    #[test]
    fn any_changeset_that_was_packed_before(
        changeset in arbitrary::changeset(),
        then in arbitrary::changeset(),
        effort in effort(),
    ) {
        let earlier = Changeset { checkpoint: then.checkpoint, own: then.own, ..changeset.clone() };
        let packed = Packed::new(&schema(), earlier, &[], effort);
        prop_assert_eq!(packed.spans(), &changeset.spans);
        let bytes = packed.seal(&schema(), changeset.checkpoint, changeset.own.clone());
        let decoded = decode_changeset(&schema(), &bytes, &Limits::default()).unwrap();
        prop_assert_eq!(decoded.resolve(|_, _, _| None).unwrap(), changeset);
    }

    #[test]
    fn any_page(page in arbitrary::page(), least in 1..=128u8, effort in effort()) {
        prop_assert_eq!(answered(&page, least, effort), page);
    }

    /// Whose it is can be told before its schema is known.
    #[test]
    fn any_changeset_says_whose_it_is(changeset in arbitrary::changeset()) {
        let bytes = encode_changeset(&schema(), &changeset, &[], Effort::Upload);
        prop_assert_eq!(changeset_device(&bytes), Ok(changeset.device));
        prop_assert!(changeset_device(&bytes[..19]).is_err());
    }

    /// The order in which the sender holds its changes does not matter.
    #[test]
    fn order_does_not_matter(changeset in arbitrary::changeset()) {
        let mut turned = changeset.clone();
        turned.changes.reverse();
        let bytes = |c: &Changeset| encode_changeset(&schema(), c, &[], Effort::Upload);
        prop_assert_eq!(bytes(&turned), bytes(&changeset));
    }
}
