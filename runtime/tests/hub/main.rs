//! What every hub must do, whatever database it is on: one suite for all stores.
//!
//! The cases speak to [`windrow::hub::HubStore`] alone and take a [`Bench`] that opens one. A store is added with one line
//! of [`suite`].
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod commits;
mod console;
mod cut;
mod device;
mod domain;
mod http;
mod pages;
mod past;
mod sessions;
mod sqlite;
mod uploads;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use windrow::hub::HubStore;

/// When these tests happen, by the hub's clock: milliseconds since 1970.
pub(crate) const NOON: i64 = 1_790_000_000_000;
const DAY: i64 = 24 * 60 * 60 * 1_000;

/// A hub's clock that tests set.
#[derive(Clone)]
pub(crate) struct TestClock(Arc<AtomicI64>);

impl TestClock {
    fn new() -> TestClock {
        TestClock(Arc::new(AtomicI64::new(NOON)))
    }

    pub(crate) fn pass_days(&self, days: i64) {
        self.0.fetch_add(days * DAY, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Where hubs are opened for a case: each `open` finds what the last one left.
pub(crate) trait Bench: Send + Sync {
    fn clock(&self) -> &TestClock;
    /// A hub whose pages tell of this many records.
    fn open(&self, page_records: usize) -> Arc<dyn HubStore>;
}

/// One test a case, for the store whose bench the second argument makes.
macro_rules! suite {
    ($store:ident, $bench:expr, $($file:ident :: { $($case:ident),* $(,)? }),* $(,)?) => {
        mod $store {
            $(mod $file {
                $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let bench = $bench;
                    crate::$file::$case(&bench).await;
                })*
            })*
        }
    };
}

macro_rules! all_cases {
    ($store:ident, $bench:expr) => {
        suite! { $store, $bench,
            sessions::{
                a_commit_happens_once,
                only_the_device_that_prepared_commits,
                a_repeated_commit_hears_what_is_new_by_then,
                what_was_never_prepared_is_unknown,
                an_id_stands_for_one_payload,
                what_is_not_committed_expires,
                a_forgotten_outcome_does_not_commit_again,
                nothing_to_say_is_no_commit,
                shortened_ids_are_made_whole_or_asked_for,
            },
            uploads::{
                chunks_become_a_changeset,
                chunks_come_in_any_order,
                a_payload_that_is_not_what_was_promised_begins_anew,
                an_upload_stands_for_one_payload_and_expires,
                what_is_refused_leaves_no_chunks,
                a_device_has_few_and_short_uploads,
            },
            commits::{
                what_is_refused_leaves_nothing_behind,
                a_commit_may_refuse_what_was_prepared,
                many_devices_commit_at_once,
                a_hub_that_opens_again_knows_everything,
                a_dead_parent_takes_its_children,
                a_stamp_from_the_future_wins_nothing_for_long,
                the_hubs_clock_does_not_go_back_with_its_machine,
            },
            past::{
                another_past_is_told_so,
                what_cannot_be_read_is_told_so,
                stamps_out_of_order_are_told_so,
            },
            pages::{
                nothing_new_says_where_the_hub_stands,
                a_long_answer_comes_in_pages_and_misses_nothing,
                whoever_asks_hears_of_all_that_was_answered,
                each_question_has_its_own_answer,
                a_page_tells_nobody_what_he_wrote,
                what_is_asked_for_comes_whole_or_is_gone,
                ids_are_shortened_for_those_who_hold_them,
                a_cursor_of_another_past_is_noticed,
            },
            console::{
                a_conflict_opens_and_is_decided,
                a_decision_that_does_not_fit_is_told_so,
                an_undone_delete_and_a_shared_value_are_conflicts,
                history_keeps_what_lost,
                conflicts_come_in_parts,
            },
        }
    };
}

all_cases!(on_sqlite, crate::sqlite::SqliteBench::new());
all_cases!(over_http, crate::http::HttpBench::new());
