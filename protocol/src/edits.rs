//! Who edited a record, as far as it can matter: whether an edit is unseen.

use crate::clock::{Origin, Seq};
use serde::{Deserialize, Serialize};

/// A record's last edits, one of each author; of who edited it before the last sixteen only the last moment is known.
///
/// A record that a thousand devices edit would grow by each of them, and each merge and each pull would read them all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edits(
    /// In order. The hub, which edits nothing, stands for all earlier ones.
    Vec<(Origin, Seq)>,
);

impl Edits {
    /// Authors who are remembered by name.
    pub const AUTHORS: usize = 16;

    /// Adds an edit, later than all others.
    pub fn add(&mut self, author: Origin, seq: Seq) {
        self.0.retain(|(of, _)| *of != author);
        self.0.push((author, seq));
        // Files of before have them by author.
        self.0.sort_by_key(|(_, seq)| *seq);
        self.0.drain(..self.0.len().saturating_sub(Edits::AUTHORS + 1));
        if self.0.len() > Edits::AUTHORS
            && let Some((earlier, _)) = self.0.first_mut()
        {
            *earlier = Origin::HUB;
        }
    }

    /// How many bytes it takes beside itself.
    pub(crate) fn weight(&self) -> usize {
        size_of_val(&self.0[..])
    }

    /// Whether one is later than `base` and not of the commits that `own` tells. One whose author is forgotten is nobody's own:
    /// rather a record too many is kept than an edit lost.
    pub fn any_unseen(&self, base: Seq, own: impl Fn(Seq) -> bool) -> bool {
        self.0.iter().any(|(author, seq)| *seq > base && (*author == Origin::HUB || !own(*seq)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn seq(n: u64) -> Seq {
        Seq::from_bits(n).unwrap()
    }

    fn edits(seqs: impl IntoIterator<Item = u64>) -> Edits {
        let mut edits = Edits::default();
        seqs.into_iter().for_each(|n| edits.add(Origin(n), seq(n)));
        edits
    }

    /// Ten thousand devices each added to the same thousand records, and each record had ten thousand entries: a pull of them
    /// read five megabytes, and the hub spent seven minutes on what takes one.
    #[test]
    fn it_does_not_grow_with_its_authors() {
        let edits = edits(1..=10_000);
        assert_eq!(edits.0.len(), Edits::AUTHORS + 1);
        assert!(edits.0.contains(&(Origin::HUB, seq(9_984))));
    }

    #[test]
    fn what_is_forgotten_is_unseen_to_whoever_had_not_heard_of_it() {
        let edits = edits(1..=20);
        assert!(edits.any_unseen(seq(3), |_| true), "somebody's, perhaps not its own");
        assert!(!edits.any_unseen(seq(4), |_| true));
        assert!(edits.any_unseen(seq(4), |of| of > seq(5)));
        assert!(edits.any_unseen(seq(19), |_| false) && !edits.any_unseen(seq(20), |_| false));
    }

    #[test]
    fn of_an_author_the_last_edit_counts() {
        let mut edits = edits(1..=16);
        edits.add(Origin(1), seq(17));
        edits.add(Origin(17), seq(18));
        assert!(
            !edits.any_unseen(seq(2), |_| true) && edits.any_unseen(seq(1), |_| true),
            "the second is forgotten first"
        );
    }
}
