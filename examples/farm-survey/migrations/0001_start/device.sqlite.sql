-- SURVEY, version 1: start. For the SQLite file of a device.
-- Written by `windrow migrate`. Runs in one transaction, with foreign keys off.

CREATE TABLE "farm" (
  "id" BLOB NOT NULL PRIMARY KEY CHECK (length("id") = 16),
  "name" TEXT NOT NULL,
  "owner_phone" TEXT,
  "cattle" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE "windrow_note_farm" (
  windrow_id BLOB NOT NULL PRIMARY KEY,
  windrow_number INTEGER NOT NULL,
  "name" TEXT,
  "owner_phone" TEXT,
  "cattle" INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE "windrow_leaving_farm" (
  windrow_id BLOB NOT NULL PRIMARY KEY REFERENCES "farm" ("id")
) STRICT, WITHOUT ROWID;

CREATE TABLE "plot" (
  "id" BLOB NOT NULL PRIMARY KEY CHECK (length("id") = 16),
  "farm_id" BLOB NOT NULL CHECK (length("farm_id") = 16) REFERENCES "farm" ("id") ON DELETE CASCADE,
  "variety" TEXT NOT NULL,
  "year" INTEGER NOT NULL CHECK ("year" BETWEEN -2147483648 AND 2147483647),
  "bags" INTEGER NOT NULL,
  "best_yield" REAL
) STRICT, WITHOUT ROWID;

CREATE TABLE "windrow_note_plot" (
  windrow_id BLOB NOT NULL PRIMARY KEY,
  windrow_number INTEGER NOT NULL,
  "farm_id" BLOB,
  "variety" TEXT,
  "year" INTEGER,
  "bags" INTEGER,
  "best_yield" REAL
) STRICT, WITHOUT ROWID;

CREATE INDEX "windrow_index_plot_0" ON "plot" ("farm_id");

CREATE TABLE "worker" (
  "id" BLOB NOT NULL PRIMARY KEY CHECK (length("id") = 16),
  "name" TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE "windrow_note_worker" (
  windrow_id BLOB NOT NULL PRIMARY KEY,
  windrow_number INTEGER NOT NULL,
  "name" TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE "windrow_leaving_worker" (
  windrow_id BLOB NOT NULL PRIMARY KEY REFERENCES "worker" ("id")
) STRICT, WITHOUT ROWID;

CREATE TABLE "visit" (
  "id" BLOB NOT NULL PRIMARY KEY CHECK (length("id") = 16),
  "plot_id" BLOB NOT NULL CHECK (length("plot_id") = 16) REFERENCES "plot" ("id") ON DELETE NO ACTION,
  "worker_id" BLOB CHECK (length("worker_id") = 16) REFERENCES "worker" ("id") ON DELETE SET NULL,
  "spray_ml" INTEGER,
  "notes" TEXT NOT NULL,
  "visited_at" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE "windrow_note_visit" (
  windrow_id BLOB NOT NULL PRIMARY KEY,
  windrow_number INTEGER NOT NULL,
  "plot_id" BLOB,
  "worker_id" BLOB,
  "spray_ml" INTEGER,
  "notes" TEXT,
  "visited_at" INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX "windrow_index_visit_0" ON "visit" ("plot_id");

CREATE INDEX "windrow_index_visit_1" ON "visit" ("worker_id");
