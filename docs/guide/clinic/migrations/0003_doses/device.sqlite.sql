-- CLINIC, version 3: doses. For the SQLite file of a device.
-- Written by `windrow migrate`. Runs in one transaction, with foreign keys off.

DROP TRIGGER IF EXISTS "windrow_patient_note";

DROP TRIGGER IF EXISTS "windrow_patient_guard";

DROP TRIGGER IF EXISTS "windrow_patient_insert";

DROP TRIGGER IF EXISTS "windrow_patient_replace";

DROP TRIGGER IF EXISTS "windrow_patient_update";

DROP TRIGGER IF EXISTS "windrow_patient_delete";

CREATE TABLE "windrow_new_patient" (
  "id" BLOB NOT NULL PRIMARY KEY CHECK (length("id") = 16),
  "household_id" BLOB NOT NULL CHECK (length("household_id") = 16) REFERENCES "household" ("id") ON DELETE CASCADE,
  "full_name" TEXT NOT NULL,
  "notes" TEXT NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO "windrow_new_patient" (
  "id",
  "household_id",
  "full_name",
  "notes"
)
SELECT
  "id",
  "household_id",
  "full_name",
  coalesce("notes", '')
FROM "patient";

DROP TABLE "patient";

PRAGMA legacy_alter_table = ON;

ALTER TABLE "windrow_new_patient" RENAME TO "patient";

PRAGMA legacy_alter_table = OFF;

UPDATE windrow_log SET value2 = '' WHERE "table" = 'patient' AND value2 IS NULL AND (operation IN (1, 3, 4) OR mask0 & 4);

CREATE TABLE "windrow_leaving_patient" (
  windrow_id BLOB NOT NULL PRIMARY KEY REFERENCES "patient" ("id")
) STRICT, WITHOUT ROWID;

CREATE INDEX "windrow_index_patient_0" ON "patient" ("household_id");

CREATE TABLE "dose" (
  "id" BLOB NOT NULL PRIMARY KEY CHECK (length("id") = 16),
  "patient_id" BLOB NOT NULL CHECK (length("patient_id") = 16) REFERENCES "patient" ("id") ON DELETE CASCADE,
  "given" TEXT NOT NULL CHECK (date("given", '+0 days') IS "given")
) STRICT, WITHOUT ROWID;

CREATE TABLE "windrow_note_dose" (
  windrow_id BLOB NOT NULL PRIMARY KEY,
  windrow_number INTEGER NOT NULL,
  "patient_id" BLOB,
  "given" TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX "windrow_index_dose_0" ON "dose" ("patient_id");

DROP VIEW IF EXISTS "windrow_changelog";

INSERT OR IGNORE INTO windrow_whole ("table") VALUES ('dose');
