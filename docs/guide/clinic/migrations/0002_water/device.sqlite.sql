-- CLINIC, version 2: water. For the SQLite file of a device.
-- Written by `windrow migrate`. Runs in one transaction, with foreign keys off.

DROP TRIGGER IF EXISTS "windrow_household_note";

DROP TRIGGER IF EXISTS "windrow_household_guard";

DROP TRIGGER IF EXISTS "windrow_household_insert";

DROP TRIGGER IF EXISTS "windrow_household_replace";

DROP TRIGGER IF EXISTS "windrow_household_update";

DROP TRIGGER IF EXISTS "windrow_household_delete";

DROP TRIGGER IF EXISTS "windrow_household_leave";

DROP TRIGGER IF EXISTS "windrow_household_noted";

DROP TRIGGER IF EXISTS "windrow_household_left";

DROP TABLE IF EXISTS "windrow_note_household";

DROP TRIGGER IF EXISTS "windrow_patient_note";

DROP TRIGGER IF EXISTS "windrow_patient_guard";

DROP TRIGGER IF EXISTS "windrow_patient_insert";

DROP TRIGGER IF EXISTS "windrow_patient_replace";

DROP TRIGGER IF EXISTS "windrow_patient_update";

DROP TRIGGER IF EXISTS "windrow_patient_delete";

DROP TABLE IF EXISTS "windrow_note_patient";

ALTER TABLE "patient" RENAME COLUMN "name" TO "full_name";

UPDATE windrow_refused SET field = 'full_name' WHERE "table" = 'patient' AND field = 'name';

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

UPDATE windrow_log SET
  value2 = CASE WHEN operation IN (1, 3, 4) THEN 'unknown' END
WHERE "table" = 'household';

CREATE TABLE "windrow_note_household" (
  windrow_id BLOB NOT NULL PRIMARY KEY,
  windrow_number INTEGER NOT NULL,
  "name" TEXT,
  "nets" INTEGER,
  "water" TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE "windrow_note_patient" (
  windrow_id BLOB NOT NULL PRIMARY KEY,
  windrow_number INTEGER NOT NULL,
  "household_id" BLOB,
  "full_name" TEXT,
  "notes" TEXT
) STRICT, WITHOUT ROWID;

DROP VIEW IF EXISTS "windrow_changelog";

INSERT OR IGNORE INTO windrow_refetch ("table", record)
SELECT DISTINCT "table", record FROM windrow_conflicts WHERE "table" = 'patient';

DELETE FROM windrow_conflicts WHERE "table" = 'patient';

INSERT OR IGNORE INTO windrow_whole ("table") VALUES ('household');
