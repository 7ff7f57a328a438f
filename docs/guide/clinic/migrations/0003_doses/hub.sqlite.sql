-- CLINIC, version 3: doses. For the SQLite file of a hub.
-- Written by `windrow migrate`. Runs in one transaction, with foreign keys off.

CREATE TABLE "windrow_new_patient" (
  "id" BLOB NOT NULL PRIMARY KEY CHECK (length("id") = 16),
  "household_id" BLOB NOT NULL,
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

CREATE TABLE "dose" (
  "id" BLOB NOT NULL PRIMARY KEY CHECK (length("id") = 16),
  "patient_id" BLOB NOT NULL,
  "given" TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE "windrow_versions_dose" (
  "id" BLOB NOT NULL PRIMARY KEY,
  windrow_scope BLOB,
  windrow_seq INTEGER NOT NULL,
  windrow_born INTEGER,
  windrow_died INTEGER,
  windrow_inserted INTEGER,
  windrow_inserted_by INTEGER,
  windrow_packed BLOB NOT NULL,
  "patient_id" BLOB
) STRICT, WITHOUT ROWID;

CREATE INDEX "windrow_index_dose_seq" ON "windrow_versions_dose" (windrow_seq, "id");

CREATE INDEX "windrow_index_dose_v0" ON "windrow_versions_dose" ("patient_id");
