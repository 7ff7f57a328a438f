-- CLINIC, version 2: water. For the SQLite file of a hub.
-- Written by `windrow migrate`. Runs in one transaction, with foreign keys off.

ALTER TABLE "patient" RENAME COLUMN "name" TO "full_name";

CREATE TABLE "windrow_new_household" (
  "id" BLOB NOT NULL PRIMARY KEY CHECK (length("id") = 16),
  "name" TEXT NOT NULL,
  "nets" INTEGER NOT NULL,
  "water" TEXT NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO "windrow_new_household" (
  "id",
  "name",
  "nets",
  "water"
)
SELECT
  "id",
  "name",
  "nets",
  'unknown'
FROM "household";

DROP TABLE "household";

PRAGMA legacy_alter_table = ON;

ALTER TABLE "windrow_new_household" RENAME TO "household";

PRAGMA legacy_alter_table = OFF;
