-- CLINIC, version 1: start. For the SQLite file of a device.
-- Written by `windrow migrate`. Runs in one transaction, with foreign keys off.

CREATE TABLE "household" (
  "id" BLOB NOT NULL PRIMARY KEY CHECK (length("id") = 16),
  "name" TEXT NOT NULL,
  "nets" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE "windrow_note_household" (
  windrow_id BLOB NOT NULL PRIMARY KEY,
  windrow_number INTEGER NOT NULL,
  "name" TEXT,
  "nets" INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE "windrow_leaving_household" (
  windrow_id BLOB NOT NULL PRIMARY KEY REFERENCES "household" ("id")
) STRICT, WITHOUT ROWID;

CREATE TABLE "patient" (
  "id" BLOB NOT NULL PRIMARY KEY CHECK (length("id") = 16),
  "household_id" BLOB NOT NULL CHECK (length("household_id") = 16) REFERENCES "household" ("id") ON DELETE CASCADE,
  "name" TEXT NOT NULL,
  "notes" TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE "windrow_note_patient" (
  windrow_id BLOB NOT NULL PRIMARY KEY,
  windrow_number INTEGER NOT NULL,
  "household_id" BLOB,
  "name" TEXT,
  "notes" TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX "windrow_index_patient_0" ON "patient" ("household_id");
