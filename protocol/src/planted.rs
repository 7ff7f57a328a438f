//! Faults planted on purpose, to see whether the simulator and the plug find them. None of this is in a shipped build: it
//! exists under `--cfg windrow_planted` alone.

use std::sync::atomic::{AtomicUsize, Ordering};

static PLANTED: AtomicUsize = AtomicUsize::new(0);

/// Plants a fault in this process, or none.
pub fn plant(fault: Option<Fault>) {
    PLANTED.store(fault.map_or(0, |fault| fault as usize + 1), Ordering::Relaxed);
}

/// Whether this is the planted fault.
pub fn is(fault: Fault) -> bool {
    PLANTED.load(Ordering::Relaxed) == fault as usize + 1
}

macro_rules! faults {
    ($($(#[doc = $says:literal])* $name:ident,)*) => {
        /// A fault, said in words.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Fault {
            $($(#[doc = $says])* $name,)*
        }

        impl Fault {
            /// All of them.
            pub const ALL: &[Fault] = &[$(Fault::$name),*];

            /// What goes wrong.
            pub fn says(self) -> &'static str {
                match self {
                    $(Fault::$name => concat!($($says),*).trim_ascii(),)*
                }
            }
        }
    };
}

faults! {
    /// a tie of clocks goes to whoever comes last (`>=` for `>`), not to the higher author
    TieToTheLast,
    /// a write that lost is not told to the device that shows it
    LoserNotTold,
    /// `max` and `min` take whatever comes last
    ExtremeTakesAnything,
    /// a sum is added once more when its record is deleted and inserted again
    RebornCountsInFull,
    /// a sum that leaves its range wraps around
    SumWraps,
    /// a value under review replaces candidates that its author had not seen
    ReviewReplacesUnseen,
    /// a decision closes candidates that came after the reviewer looked
    DecisionClosesLater,
    /// a delete kills a record that somebody edited unseen
    DeleteKillsUnseenEdit,
    /// an edit brings a record back though deletes win there
    EditRevivesUnderDrop,
    /// a chunk of a changeset counts for one byte more than it has
    ChunkCountedTwice,
    /// an edit of a dead record does not bring it back
    EditDoesNotRevive,
    /// a parent that a live record needs stays dead
    NeededParentStaysDead,
    /// what hangs on a dead parent goes on living
    CascadeForgotten,
    /// what went with a parent does not come back with it
    CascadeNotUndone,
    /// a reference to a dead record goes on showing it
    ReferenceNotEmptied,
    /// two records with one unique value: nobody is told
    ClashUntold,
    /// stamps of clocks that are far ahead are merged as they are
    WrongClockWins,
    /// stamps that are brought back do not come above what others brought
    BroughtBackBelow,
    /// what a cascade or an emptied reference changed only on the device is not told back
    StaleNotTold,
    /// the base of a run of writes is that of the newest
    BaseOfTheNewest,
    /// a record born and dead offline is left out though something that is sent needs it
    NeededUnbornLeftOut,
    /// what a foreign key did is not owned up to where the hub can't derive it
    CascadeNotOwned,
    /// the hub does not look whether a span begins at its cover
    CoverUnchecked,
    /// the hub forgets to move its covers
    CoverForgotten,
    /// the hub does not look at marks
    MarkUnchecked,
    /// what PREPARE checked is not checked again at COMMIT
    CommitUnchecked,
    /// a session id answers for any payload
    ReuseUnnoticed,
    /// a device's own commit is told what it wrote, but not its sums
    SumsNotEchoed,
    /// a death that a cascade brought is not told
    CascadeDeathUntold,
    /// a record that came back is told in parts only
    ReturnToldInParts,
    /// the log is acknowledged when PREPARE is answered, before the COMMIT
    AcknowledgedBeforeCommit,
    /// the device applies an answer over writes made meanwhile, without the guard
    AppliedWithoutGuard,
    /// an answer covers what is pending
    PendingCovered,
    /// a pending difference is not added to the hub's total
    PendingSumDropped,
    /// the first page of an answer counts as all of it
    PageDropped,
    /// references are not looked at before an answer is applied for good
    DanglingUnnoticed,
    /// a refused change is forgotten
    RefusedForgotten,
    /// the records of refused changes are not asked for again
    RefusedNotRefetched,
    /// commits of one's own are forgotten as soon as they are acknowledged
    OwnForgotten,
    /// the device's clock is not raised to what it has heard of
    ClockNotRaised,
    /// a file that is opened keeps its last origin
    OriginKept,
    /// what another copy of the file has sent is not asked for again
    PassedNotRefetched,
    /// which lives a sibling's entries were about is forgotten
    PassedForgotten,
    /// after going back, writes keep the bases of the lost past
    BasesKeptAfterRewind,
    /// after going back, the device asks only about what it logged
    ShownNotAskedAbout,
    /// records that died since the lost past are not sent
    LostDeathsUnsent,
    /// the whole snapshot leaves standing what it does not tell
    UntoldKept,
    /// a record offered whole counts as written just now
    WeakIsStrong,
    /// entries are pruned that no mark vouches for
    PrunedUnsure,
    /// after a migration, what the device could not hold before is not asked for
    GainedNotAskedFor,
    /// after a migration, the changeset that was under way is sent as it was encoded before
    SentKeptOverMigration,
    /// in a log that migrates, masks stay as they were though fields stand elsewhere
    MasksNotMoved,
    /// a new name of a table or a field is not followed
    RenameNotFollowed,
    /// a sum begins at 0 in a record whose author did not know its default
    SumWithoutDefault,
    /// an old device is told the values of a field in the places of the hub's version
    ToldInTheHubsPlaces,
    /// a changeset is sent before it is synced to the disk
    SentUnsynced,
    /// that an answer is being applied is written in a transaction of its own
    ApplyingAlone,
}

impl Fault {
    /// Those that show only where a program dies within a step, or the power is cut: the plug looks for them, not the
    /// simulator.
    pub const OF_THE_PLUG: &[Fault] = &[Fault::SentUnsynced, Fault::ApplyingAlone];

    /// The fault of this name.
    pub fn named(name: &str) -> Option<Fault> {
        Fault::ALL.iter().copied().find(|fault| format!("{fault:?}") == name)
    }
}
