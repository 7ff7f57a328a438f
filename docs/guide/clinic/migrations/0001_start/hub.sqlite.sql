-- CLINIC, version 1: start. For the SQLite file of a hub.
-- Written by `windrow migrate`. Runs in one transaction, with foreign keys off.

CREATE TABLE "household" (
  "id" BLOB NOT NULL PRIMARY KEY CHECK (length("id") = 16),
  "name" TEXT NOT NULL,
  "nets" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE "windrow_versions_household" (
  "id" BLOB NOT NULL PRIMARY KEY,
  windrow_scope BLOB,
  windrow_seq INTEGER NOT NULL,
  windrow_born INTEGER,
  windrow_died INTEGER,
  windrow_inserted INTEGER,
  windrow_inserted_by INTEGER,
  windrow_packed BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX "windrow_index_household_seq" ON "windrow_versions_household" (windrow_seq, "id");

CREATE TABLE "patient" (
  "id" BLOB NOT NULL PRIMARY KEY CHECK (length("id") = 16),
  "household_id" BLOB NOT NULL,
  "name" TEXT NOT NULL,
  "notes" TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE "windrow_versions_patient" (
  "id" BLOB NOT NULL PRIMARY KEY,
  windrow_scope BLOB,
  windrow_seq INTEGER NOT NULL,
  windrow_born INTEGER,
  windrow_died INTEGER,
  windrow_inserted INTEGER,
  windrow_inserted_by INTEGER,
  windrow_packed BLOB NOT NULL,
  "household_id" BLOB
) STRICT, WITHOUT ROWID;

CREATE INDEX "windrow_index_patient_seq" ON "windrow_versions_patient" (windrow_seq, "id");

CREATE INDEX "windrow_index_patient_v0" ON "windrow_versions_patient" ("household_id");
