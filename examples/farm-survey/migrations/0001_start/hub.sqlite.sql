-- SURVEY, version 1: start. For the SQLite file of a hub.
-- Written by `windrow migrate`. Runs in one transaction, with foreign keys off.

CREATE TABLE "farm" (
  "id" BLOB NOT NULL PRIMARY KEY CHECK (length("id") = 16),
  "name" TEXT NOT NULL,
  "owner_phone" TEXT,
  "cattle" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE "windrow_versions_farm" (
  "id" BLOB NOT NULL PRIMARY KEY,
  windrow_scope BLOB,
  windrow_seq INTEGER NOT NULL,
  windrow_born INTEGER,
  windrow_died INTEGER,
  windrow_inserted INTEGER,
  windrow_inserted_by INTEGER,
  windrow_packed BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX "windrow_index_farm_seq" ON "windrow_versions_farm" (windrow_seq, "id");

CREATE TABLE "plot" (
  "id" BLOB NOT NULL PRIMARY KEY CHECK (length("id") = 16),
  "farm_id" BLOB NOT NULL,
  "variety" TEXT NOT NULL,
  "year" INTEGER NOT NULL,
  "bags" INTEGER NOT NULL,
  "best_yield" REAL
) STRICT, WITHOUT ROWID;

CREATE TABLE "windrow_versions_plot" (
  "id" BLOB NOT NULL PRIMARY KEY,
  windrow_scope BLOB,
  windrow_seq INTEGER NOT NULL,
  windrow_born INTEGER,
  windrow_died INTEGER,
  windrow_inserted INTEGER,
  windrow_inserted_by INTEGER,
  windrow_packed BLOB NOT NULL,
  "farm_id" BLOB
) STRICT, WITHOUT ROWID;

CREATE INDEX "windrow_index_plot_seq" ON "windrow_versions_plot" (windrow_seq, "id");

CREATE INDEX "windrow_index_plot_v0" ON "windrow_versions_plot" ("farm_id");

CREATE TABLE "worker" (
  "id" BLOB NOT NULL PRIMARY KEY CHECK (length("id") = 16),
  "name" TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE "windrow_versions_worker" (
  "id" BLOB NOT NULL PRIMARY KEY,
  windrow_scope BLOB,
  windrow_seq INTEGER NOT NULL,
  windrow_born INTEGER,
  windrow_died INTEGER,
  windrow_inserted INTEGER,
  windrow_inserted_by INTEGER,
  windrow_packed BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX "windrow_index_worker_seq" ON "windrow_versions_worker" (windrow_seq, "id");

CREATE TABLE "visit" (
  "id" BLOB NOT NULL PRIMARY KEY CHECK (length("id") = 16),
  "plot_id" BLOB NOT NULL,
  "worker_id" BLOB,
  "spray_ml" INTEGER,
  "notes" TEXT NOT NULL,
  "visited_at" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE "windrow_versions_visit" (
  "id" BLOB NOT NULL PRIMARY KEY,
  windrow_scope BLOB,
  windrow_seq INTEGER NOT NULL,
  windrow_born INTEGER,
  windrow_died INTEGER,
  windrow_inserted INTEGER,
  windrow_inserted_by INTEGER,
  windrow_packed BLOB NOT NULL,
  "plot_id" BLOB,
  "worker_id" BLOB
) STRICT, WITHOUT ROWID;

CREATE INDEX "windrow_index_visit_seq" ON "windrow_versions_visit" (windrow_seq, "id");

CREATE INDEX "windrow_index_visit_v0" ON "windrow_versions_visit" ("plot_id");

CREATE INDEX "windrow_index_visit_v1" ON "windrow_versions_visit" ("worker_id");
