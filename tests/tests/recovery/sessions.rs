//! Sessions that are cut off, and what the next one says of itself.

use crate::world::{Cut, World};
use windrow_protocol::session::Finish;

/// The link dropped, the worker went on writing, and the next session sent again what the first had stored, said that all
/// was in sync, and left the rest pending.
#[test]
fn a_session_that_goes_on_with_an_earlier_one_sends_what_was_written_since() {
    for cut in [Cut::Prepare, Cut::Commit] {
        let mut world = World::new();
        let a = world.device();
        a.insert(1, 1, 1);
        world.session(&a, Some(cut), || {});
        a.set_n(1, 3);
        a.insert(2, 2, 2);
        assert_eq!(world.sync(&a), Finish::InSync);
        assert_eq!(a.store.status().unwrap().pending_entries, 0, "{cut:?}");
        assert_eq!(world.shown(), a.shown());
    }
}
