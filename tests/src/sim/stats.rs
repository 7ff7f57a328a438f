//! What happened in worlds, counted.

use std::ops::AddAssign;

macro_rules! counted {
    ($($(#[$doc:meta])* $name:ident: $words:literal),* $(,)?) => {
        /// What happened in worlds, counted.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct Stats {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl AddAssign for Stats {
            fn add_assign(&mut self, other: Stats) {
                $(self.$name += other.$name;)*
            }
        }

        impl Stats {
            /// Each count with its words.
            pub fn counts(&self) -> Vec<(&'static str, u64)> {
                vec![$(($words, self.$name)),*]
            }
        }
    };
}

counted! {
    /// Worlds.
    worlds: "worlds",
    /// Sessions that began while there were faults.
    sessions: "sessions with faults",
    /// Sessions that began after.
    quiet: "sessions without",
    /// Those that ended in sync.
    in_sync: "sessions that ended in sync",
    /// Those that gave up for this time.
    unsettled: "sessions that did not settle",
    /// Transactions of applications.
    writes: "transactions",
    /// Commits at hubs.
    commits: "commits",
    /// Requests that arrived.
    requests: "requests",
    /// Lost messages.
    lost: "messages lost",
    /// Cut messages.
    cut: "messages cut",
    /// Sessions that ended with what may be spent in a day.
    spent: "sessions ended by a day's budget",
    /// Changesets that spoke for a part of what was pending.
    slices: "changesets of a part of what was pending",
    /// Those that were folded while the one before was committed.
    early: "of them folded while the one before was committed",
    /// Chunks of changesets.
    chunks: "chunks of changesets",
    /// Of them those that were sent before the hub had said to have all before them.
    ahead: "of them sent ahead",
    /// Requests that arrived twice.
    repeated: "requests repeated",
    /// Requests that arrived late.
    late: "old requests",
    /// Crashes.
    crashes: "crashes",
    /// Clocks set.
    clocks: "clocks set",
    /// Decisions at hubs.
    resolved: "decisions",
    /// Decisions on devices.
    decided: "decisions on devices",
    /// Of them those that are not about values of a field.
    others: "of them about deletes and unique values",
    /// Deletes with foreign keys off.
    alone: "deletes with foreign keys off",
    /// References that dangled by them.
    dangled: "references left dangling by them",
    /// Refused changes.
    refused: "changesets refused",
    /// Differences that left their range on a device.
    overflowed: "differences that left their range on a device",
    /// Refused changes that were written again.
    resubmitted: "refused changes written again",
    /// Payloads under the id of others.
    reused: "session ids used twice",
    /// Readers that looked on.
    readers: "readers in the middle of sessions",
    /// Prunes that had to leave entries without a mark.
    unsure: "logs pruned while no mark vouched for them",
    /// Answers that collided.
    collided: "answers that collided",
    /// Ids to be said whole.
    whole_ids: "ambiguous ids",
    /// Sessions that a hub did not know.
    unknown: "sessions unknown to the hub",
    /// Answers that found another past.
    astray: "pasts that differed",
    /// Answers that would have deleted much.
    waited: "answers that waited",
    /// Log entries pruned.
    pruned: "log entries pruned",
    /// Devices' files restored.
    restored: "devices restored",
    /// Devices' files copied.
    copied: "devices copied",
    /// Devices that migrated.
    upgraded: "devices that migrated",
    /// Devices in whose migration something failed.
    cut_upgrades: "migrations of devices cut off",
    /// Hubs that migrated.
    hub_upgraded: "hubs that migrated",
    /// Requests of another version than the hub's.
    of_others: "requests of other versions than the hub's",
    /// Requests of a version that the hub did not know yet.
    newer: "of them by devices newer than the hub",
    /// Hubs restored.
    hub_restored: "hubs restored",
    /// Bundles written.
    exported: "bundles written",
    /// Bundles that the hub answered.
    delivered: "bundles answered",
    /// Answers that led to the end of a session.
    imported: "answers of bundles taken in whole",
    /// Answers that led to another question.
    partly: "taken in as far as they led",
    /// Answers to what nobody asks any more.
    outdated: "that answered nothing any more",
    /// Answers to bundles that the file does not remember.
    strange: "to bundles that a file did not remember",
    /// Files of couriers that were touched.
    touched: "files of couriers touched",
}
