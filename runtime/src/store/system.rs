//! Our own tables in a device's file: their SQL.
//!
//! `base` and `applying` of `windrow_state` are read by the triggers of the domain's tables, `device`, the clock and the origins by
//! the view `windrow_changelog`. The log, which those triggers write, is as wide as the domain: see [`super::log`].

/// The version of what stands below. A file with a greater one is not touched.
pub(crate) const FORMAT: i64 = 3;

/// `PRAGMA application_id` of a device's file: "WnDr".
pub(super) const APPLICATION_ID: i32 = 0x576e_4472;

/// Our own tables in a device's file: name and statement. For tools that show what a file is made of.
pub const SYSTEM_TABLES: [(&str, &str); 19] = [
    ("windrow_state", STATE),
    ("windrow_device", DEVICE),
    ("windrow_clock", CLOCK),
    ("windrow_origins", ORIGINS),
    ("windrow_own", OWN),
    ("windrow_checkpoints", CHECKPOINTS),
    ("windrow_outbox", OUTBOX),
    ("windrow_outbox_spans", OUTBOX_SPANS),
    ("windrow_inbox", INBOX),
    ("windrow_refetch", REFETCH),
    ("windrow_missing", MISSING),
    ("windrow_passed", PASSED),
    ("windrow_whole", WHOLE),
    ("windrow_refused", REFUSED),
    ("windrow_conflicts", CONFLICTS),
    ("windrow_migrations", MIGRATIONS),
    ("windrow_traffic", TRAFFIC),
    ("windrow_worker", WORKER),
    ("windrow_bundles", BUNDLES),
];

/// One row, and a narrow one: every captured write reads it. `base`: what a write now has seen:
/// the checkpoint, but while the typed interface writes to a record that it read earlier. `applying`: 1 only within a
/// transaction that applies an answer. `device`: its id. `format`: [`FORMAT`].
pub(super) const STATE: &str = "CREATE TABLE windrow_state (
  one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
  base INTEGER NOT NULL,
  applying INTEGER NOT NULL,
  device INTEGER NOT NULL,
  format INTEGER NOT NULL
) STRICT";

/// One row: what only opening and syncing need. `schema`: the digest of all that the file was last opened with. `version`,
/// `model`: of the domain then, as `windrow.lock` counts, and what names it on the wire. `checkpoint`, `mark`: up to where
/// everything is applied. `turn`: counts the steps of sessions, so that two programs notice each other. `contact`: when the
/// hub last answered, in milliseconds since 1970. `recovering`: 1 from when the hub was found to have lost some of its past
/// until all that it has now is applied. `brake`: 1 while an answer that would delete much waits for somebody to confirm it,
/// 2 once it is confirmed. `verify`: 1 while the hub is to be asked whether the tables are equal. `verified`, `differed`:
/// when they were last found to be, or not to be, in milliseconds since 1970.
pub(super) const DEVICE: &str = "CREATE TABLE windrow_device (
  one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
  schema BLOB NOT NULL,
  version INTEGER NOT NULL,
  model BLOB NOT NULL,
  checkpoint INTEGER NOT NULL DEFAULT 0,
  mark INTEGER NOT NULL DEFAULT 0,
  turn INTEGER NOT NULL DEFAULT 0,
  contact INTEGER,
  recovering INTEGER NOT NULL DEFAULT 0,
  brake INTEGER NOT NULL DEFAULT 0,
  verify INTEGER NOT NULL DEFAULT 0,
  verified INTEGER,
  differed INTEGER
) STRICT";

/// Places of the log from which stamps are counted. `stamp`: that of the entry `number`; 0 before all. `clock`: the device's clock
/// after it: its stamp, or a later one that was heard of before anything else was written.
pub(super) const CLOCK: &str = "CREATE TABLE windrow_clock (
  stamp INTEGER NOT NULL PRIMARY KEY,
  number INTEGER NOT NULL,
  clock INTEGER NOT NULL
) STRICT";

/// `first`: the stamp from which log entries are this origin's. `hub_has`: the stamp up to which the hub has them.
/// `unsure`: 1 while no checkpoint vouches for that.
const ORIGINS: &str = "CREATE TABLE windrow_origins (
  first INTEGER NOT NULL PRIMARY KEY,
  origin INTEGER NOT NULL,
  hub_has INTEGER NOT NULL DEFAULT 0,
  unsure INTEGER NOT NULL DEFAULT 0
) STRICT";

/// Commits of this file above the lowest of its checkpoint and its pending bases.
const OWN: &str = "CREATE TABLE windrow_own (
  seq INTEGER NOT NULL PRIMARY KEY,
  mark INTEGER NOT NULL
) STRICT";

/// Earlier checkpoints, by which a restored hub and this device find their common past.
const CHECKPOINTS: &str = "CREATE TABLE windrow_checkpoints (
  seq INTEGER NOT NULL PRIMARY KEY,
  mark INTEGER NOT NULL
) STRICT";

/// The changeset under way: at most one row. Stored before it is sent, repeated byte for byte.
const OUTBOX: &str = "CREATE TABLE windrow_outbox (
  one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
  session BLOB NOT NULL,
  payload BLOB NOT NULL,
  prepared INTEGER NOT NULL
) STRICT";

/// The spans of that changeset: the log entries of each origin that it speaks for, up to which stamp.
const OUTBOX_SPANS: &str = "CREATE TABLE windrow_outbox_spans (
  origin INTEGER NOT NULL PRIMARY KEY,
  upto INTEGER NOT NULL
) STRICT";

/// Pages received and not yet applied. `next`: where the page after it goes on; NULL in the last.
const INBOX: &str = "CREATE TABLE windrow_inbox (
  page INTEGER NOT NULL PRIMARY KEY,
  body BLOB NOT NULL,
  next BLOB
) STRICT";

/// Records that the next pull must carry whole.
const REFETCH: &str = "CREATE TABLE windrow_refetch (
  \"table\" TEXT NOT NULL,
  record BLOB NOT NULL,
  PRIMARY KEY (\"table\", record)
) STRICT, WITHOUT ROWID";

/// Records that the hub said it does not know: offered whole, unless it refused that (`refused`: 1). Until the next commit.
const MISSING: &str = "CREATE TABLE windrow_missing (
  \"table\" TEXT NOT NULL,
  record BLOB NOT NULL,
  refused INTEGER NOT NULL,
  PRIMARY KEY (\"table\", record)
) STRICT, WITHOUT ROWID";

/// Stamps of log entries that another copy of this file has sent. They tell which life of a record the pending entries
/// are about. Until the next commit.
const PASSED: &str = "CREATE TABLE windrow_passed (
  hlc INTEGER NOT NULL PRIMARY KEY
) STRICT";

/// Tables that were found to differ from the hub's: the next pull tells all that lives of them.
const WHOLE: &str = "CREATE TABLE windrow_whole (
  \"table\" TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID";

/// Changes that the hub refused, as JSON: for people to see, mend and write again. `at`: milliseconds since 1970.
const REFUSED: &str = "CREATE TABLE windrow_refused (
  number INTEGER NOT NULL PRIMARY KEY,
  \"table\" TEXT NOT NULL,
  record BLOB NOT NULL,
  field TEXT,
  change TEXT NOT NULL,
  code TEXT NOT NULL,
  sentence TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT";

/// Open conflicts, as the hub told them. `about`: fields, delete or unique; `fields`: their names, a JSON array;
/// `candidates`: a JSON array; `answered`: the stamp of this device's answer, until the hub says what became of it.
const CONFLICTS: &str = "CREATE TABLE windrow_conflicts (
  \"table\" TEXT NOT NULL,
  record BLOB NOT NULL,
  about TEXT NOT NULL,
  fields TEXT NOT NULL,
  seq INTEGER NOT NULL,
  candidates TEXT NOT NULL,
  other BLOB,
  answered INTEGER,
  PRIMARY KEY (\"table\", record, about, fields)
) STRICT, WITHOUT ROWID";

/// Bytes that went over links, by day (UTC), kind of link (`metered` or `unmetered`) and table; `''`: what is no table's.
pub(super) const TRAFFIC: &str = "CREATE TABLE windrow_traffic (
  day TEXT NOT NULL,
  link TEXT NOT NULL,
  \"table\" TEXT NOT NULL,
  sent INTEGER NOT NULL,
  received INTEGER NOT NULL,
  PRIMARY KEY (day, link, \"table\")
) STRICT, WITHOUT ROWID";

/// At most one row: what the worker does, for other programs to see. `activity`: its name. `error`: why it waits. `pending`:
/// log entries that the hub has not acknowledged; `records`, `bytes`: what they are about, and about how much it is. `sent`, `total`: bytes of the changeset that is on its way, of so many.
/// `next`: when the next session is due at the latest; `at`: when this was written; in milliseconds since 1970. `reason`: why that
/// session. `clock`: by how many milliseconds this device's clock is ahead of the hub's, or behind it (below 0).
pub(super) const WORKER: &str = "CREATE TABLE windrow_worker (
  one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
  activity TEXT NOT NULL,
  error TEXT,
  pending INTEGER NOT NULL,
  records INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  sent INTEGER,
  total INTEGER,
  next INTEGER,
  reason TEXT,
  clock INTEGER,
  at INTEGER NOT NULL
) STRICT";

/// Bundles that were exported, the last 32: what it takes to read an answer. `id`: as the answer names it. `secret`: what only the
/// hub knows beside this file. `reply`: of what the key was made that the answer is sealed to. `question`: what it asks. `at`:
/// milliseconds since 1970.
pub(super) const BUNDLES: &str = "CREATE TABLE windrow_bundles (
  number INTEGER NOT NULL PRIMARY KEY,
  id BLOB NOT NULL UNIQUE,
  secret BLOB NOT NULL,
  reply BLOB NOT NULL,
  question BLOB NOT NULL,
  at INTEGER NOT NULL
) STRICT";

/// What this file was opened with, in order: the domain's version, and the digest of all. `at`: milliseconds since 1970.
const MIGRATIONS: &str = "CREATE TABLE windrow_migrations (
  number INTEGER NOT NULL PRIMARY KEY,
  version INTEGER NOT NULL,
  schema BLOB NOT NULL,
  at INTEGER NOT NULL
) STRICT";
