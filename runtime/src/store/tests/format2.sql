PRAGMA application_id = 1466844274;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE windrow_state (
  one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
  hlc INTEGER NOT NULL,
  base INTEGER NOT NULL,
  applying INTEGER NOT NULL,
  device INTEGER NOT NULL,
  format INTEGER NOT NULL
) STRICT;
INSERT INTO windrow_state VALUES(1,58842473236037633,5,0,7279578651693101542,2);
CREATE TABLE windrow_device (
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
) STRICT;
INSERT INTO windrow_device VALUES(1,X'282bbdfb9d7ae65fdb14b0369ebcf444',1,X'ed67609bac68b1e8',5,1005,6,1795729773846,0,0,0,NULL,NULL);
CREATE TABLE windrow_origins (
  first INTEGER NOT NULL PRIMARY KEY,
  origin INTEGER NOT NULL,
  hub_has INTEGER NOT NULL DEFAULT 0,
  unsure INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO windrow_origins VALUES(1,-2251804614197711883,58842473229025281,0);
INSERT INTO windrow_origins VALUES(58842473234300929,6042311087581269649,0,0);
CREATE TABLE windrow_own (
  seq INTEGER NOT NULL PRIMARY KEY,
  mark INTEGER NOT NULL
) STRICT;
CREATE TABLE windrow_checkpoints (
  seq INTEGER NOT NULL PRIMARY KEY,
  mark INTEGER NOT NULL
) STRICT;
INSERT INTO windrow_checkpoints VALUES(4,1004);
CREATE TABLE windrow_outbox (
  one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
  session BLOB NOT NULL,
  payload BLOB NOT NULL,
  prepared INTEGER NOT NULL
) STRICT;
INSERT INTO windrow_outbox VALUES(1,X'8fa042dae9957a21f102e78df9e876ea',X'574302ed67609bac68b1e882e631af0037420665f5eb284ba2fbbfe0afadddba86d10109ed030000000000000086050189016b00003503006206151aa0ab03ffe86c1d43f833dcb51ce6f8c1c8c5d8e86f9bb6534a016551ea331dedc47d568e7537e1f77160038fc6eae049fdea7372b4cb9c61a238b36ba0ed0e9430c25b9ae709d1f028f078acbd4fcb11e81dd205002b1c543508aaeec8326ed5a0f401a219d5d50a7000a8d00a61864b011901a219d5d5407000a8d00a61864b6aee01a219d5d50b7000a8d00a61864bb45c01a219d5d56c7000a8d00a61864bf323',0);
CREATE TABLE windrow_outbox_spans (
  origin INTEGER NOT NULL PRIMARY KEY,
  upto INTEGER NOT NULL
) STRICT;
INSERT INTO windrow_outbox_spans VALUES(-2251804614197711883,58842473234300928);
CREATE TABLE windrow_inbox (
  page INTEGER NOT NULL PRIMARY KEY,
  body BLOB NOT NULL,
  next BLOB
) STRICT;
CREATE TABLE windrow_refetch (
  "table" TEXT NOT NULL,
  record BLOB NOT NULL,
  PRIMARY KEY ("table", record)
) STRICT, WITHOUT ROWID;
CREATE TABLE windrow_missing (
  "table" TEXT NOT NULL,
  record BLOB NOT NULL,
  refused INTEGER NOT NULL,
  PRIMARY KEY ("table", record)
) STRICT, WITHOUT ROWID;
CREATE TABLE windrow_passed (
  hlc INTEGER NOT NULL PRIMARY KEY
) STRICT;
CREATE TABLE windrow_whole (
  "table" TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;
CREATE TABLE windrow_refused (
  number INTEGER NOT NULL PRIMARY KEY,
  "table" TEXT NOT NULL,
  record BLOB NOT NULL,
  field TEXT,
  change TEXT NOT NULL,
  code TEXT NOT NULL,
  sentence TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE TABLE windrow_conflicts (
  "table" TEXT NOT NULL,
  record BLOB NOT NULL,
  about TEXT NOT NULL,
  fields TEXT NOT NULL,
  seq INTEGER NOT NULL,
  candidates TEXT NOT NULL,
  other BLOB,
  answered INTEGER,
  PRIMARY KEY ("table", record, about, fields)
) STRICT, WITHOUT ROWID;
INSERT INTO windrow_conflicts VALUES('farm',X'01a219d5d50a7000a8d00a61864b0119','fields','["phone"]',5,'[{"device":5,"hlc":32768000,"values":{"phone":"1"}},{"device":0,"hlc":65536000,"values":{"phone":null}}]',NULL,58842473233203783);
CREATE TABLE windrow_migrations (
  number INTEGER NOT NULL PRIMARY KEY,
  version INTEGER NOT NULL,
  schema BLOB NOT NULL,
  at INTEGER NOT NULL
) STRICT;
INSERT INTO windrow_migrations VALUES(1,1,X'282bbdfb9d7ae65fdb14b0369ebcf444',1795729773826);
CREATE TABLE windrow_traffic (
  day TEXT NOT NULL,
  link TEXT NOT NULL,
  "table" TEXT NOT NULL,
  sent INTEGER NOT NULL,
  received INTEGER NOT NULL,
  PRIMARY KEY (day, link, "table")
) STRICT, WITHOUT ROWID;
CREATE TABLE windrow_worker (
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
) STRICT;
CREATE TABLE windrow_bundles (
  number INTEGER NOT NULL PRIMARY KEY,
  id BLOB NOT NULL UNIQUE,
  secret BLOB NOT NULL,
  reply BLOB NOT NULL,
  question BLOB NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS "farm" (
  "id" BLOB NOT NULL PRIMARY KEY CHECK (length("id") = 16),
  "name" TEXT NOT NULL,
  "phone" TEXT,
  "cattle" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO farm VALUES(X'01a219d5d50a7000a8d00a61864b0119','Kibo''s "old" farm','42',5);
CREATE TABLE IF NOT EXISTS "windrow_log_farm" (
  windrow_hlc INTEGER PRIMARY KEY,
  windrow_op INTEGER NOT NULL,
  windrow_id BLOB NOT NULL,
  windrow_base INTEGER NOT NULL,
  windrow_mask0 INTEGER NOT NULL,
  "name" TEXT,
  "phone" TEXT,
  "cattle" INTEGER
) STRICT;
INSERT INTO windrow_log_farm VALUES(58842473229025280,1,X'01a219d5d50a7000a8d00a61864b0119',0,0,'Kibo',NULL,3);
INSERT INTO windrow_log_farm VALUES(58842473230073856,1,X'01a219d5d52c7000a8d00a61864b5af7',5,0,'Meru',NULL,7);
INSERT INTO windrow_log_farm VALUES(58842473233203777,2,X'01a219d5d50a7000a8d00a61864b0119',5,5,'Kibo''s "old" farm',NULL,2);
INSERT INTO windrow_log_farm VALUES(58842473233203780,2,X'01a219d5d52c7000a8d00a61864b5af7',5,4,NULL,NULL,2);
INSERT INTO windrow_log_farm VALUES(58842473233203783,6,X'01a219d5d50a7000a8d00a61864b0119',5,2,NULL,'42',NULL);
INSERT INTO windrow_log_farm VALUES(58842473234300928,3,X'01a219d5d52c7000a8d00a61864b5af7',5,0,'Meru',NULL,9);
CREATE TABLE IF NOT EXISTS "windrow_note_farm" (
  windrow_id BLOB NOT NULL PRIMARY KEY,
  windrow_hlc INTEGER NOT NULL,
  "name" TEXT,
  "phone" TEXT,
  "cattle" INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS "plot" (
  "id" BLOB NOT NULL PRIMARY KEY CHECK (length("id") = 16),
  "farm_id" BLOB NOT NULL CHECK (length("farm_id") = 16) REFERENCES "farm" ("id") ON DELETE CASCADE,
  "variety" TEXT NOT NULL,
  "best_yield" REAL
) STRICT, WITHOUT ROWID;
INSERT INTO plot VALUES(X'01a219d5d5407000a8d00a61864b6aee',X'01a219d5d50a7000a8d00a61864b0119','Kilimo',2.5);
CREATE TABLE IF NOT EXISTS "windrow_log_plot" (
  windrow_hlc INTEGER PRIMARY KEY,
  windrow_op INTEGER NOT NULL,
  windrow_id BLOB NOT NULL,
  windrow_base INTEGER NOT NULL,
  windrow_mask0 INTEGER NOT NULL,
  "farm_id" BLOB,
  "variety" TEXT,
  "best_yield" REAL
) STRICT;
INSERT INTO windrow_log_plot VALUES(58842473230761984,1,X'01a219d5d5407000a8d00a61864b6aee',5,0,X'01a219d5d50a7000a8d00a61864b0119','Kilimo',NULL);
INSERT INTO windrow_log_plot VALUES(58842473231417344,1,X'01a219d5d5557000a8d00a61864b3d2e',5,0,X'01a219d5d52c7000a8d00a61864b5af7','Kilimo',NULL);
INSERT INTO windrow_log_plot VALUES(58842473233203778,2,X'01a219d5d5407000a8d00a61864b6aee',5,4,NULL,NULL,2.5);
INSERT INTO windrow_log_plot VALUES(58842473233203779,4,X'01a219d5d5557000a8d00a61864b3d2e',5,1,X'01a219d5d52c7000a8d00a61864b5af7','Kilimo',NULL);
CREATE TABLE IF NOT EXISTS "windrow_note_plot" (
  windrow_id BLOB NOT NULL PRIMARY KEY,
  windrow_hlc INTEGER NOT NULL,
  "farm_id" BLOB,
  "variety" TEXT,
  "best_yield" REAL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS "worker" (
  "id" BLOB NOT NULL PRIMARY KEY CHECK (length("id") = 16),
  "badge" TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS "windrow_log_worker" (
  windrow_hlc INTEGER PRIMARY KEY,
  windrow_op INTEGER NOT NULL,
  windrow_id BLOB NOT NULL,
  windrow_base INTEGER NOT NULL,
  windrow_mask0 INTEGER NOT NULL,
  "badge" TEXT
) STRICT;
INSERT INTO windrow_log_worker VALUES(58842473229025281,1,X'01a219d5d50b7000a8d00a61864bb45c',0,0,'B1');
INSERT INTO windrow_log_worker VALUES(58842473233203782,3,X'01a219d5d50b7000a8d00a61864bb45c',5,0,'B1');
CREATE TABLE IF NOT EXISTS "windrow_note_worker" (
  windrow_id BLOB NOT NULL PRIMARY KEY,
  windrow_hlc INTEGER NOT NULL,
  "badge" TEXT
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS "visit" (
  "id" BLOB NOT NULL PRIMARY KEY CHECK (length("id") = 16),
  "plot_id" BLOB NOT NULL CHECK (length("plot_id") = 16) REFERENCES "plot" ("id") ON DELETE NO ACTION,
  "worker_id" BLOB CHECK (length("worker_id") = 16) REFERENCES "worker" ("id") ON DELETE SET NULL,
  "notes" TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO visit VALUES(X'01a219d5d56c7000a8d00a61864bf323',X'01a219d5d5407000a8d00a61864b6aee',NULL,'Übersee');
INSERT INTO visit VALUES(X'01a219d5d5e07000a8d00a61864bd873',X'01a219d5d5407000a8d00a61864b6aee',NULL,'');
CREATE TABLE IF NOT EXISTS "windrow_log_visit" (
  windrow_hlc INTEGER PRIMARY KEY,
  windrow_op INTEGER NOT NULL,
  windrow_id BLOB NOT NULL,
  windrow_base INTEGER NOT NULL,
  windrow_mask0 INTEGER NOT NULL,
  "plot_id" BLOB,
  "worker_id" BLOB,
  "notes" TEXT
) STRICT;
INSERT INTO windrow_log_visit VALUES(58842473232203776,1,X'01a219d5d56c7000a8d00a61864bf323',5,0,X'01a219d5d5407000a8d00a61864b6aee',X'01a219d5d50b7000a8d00a61864bb45c','');
INSERT INTO windrow_log_visit VALUES(58842473233203781,5,X'01a219d5d56c7000a8d00a61864bf323',5,2,NULL,X'01a219d5d50b7000a8d00a61864bb45c',NULL);
INSERT INTO windrow_log_visit VALUES(58842473236037632,1,X'01a219d5d5e07000a8d00a61864bd873',5,0,X'01a219d5d5407000a8d00a61864b6aee',NULL,'');
INSERT INTO windrow_log_visit VALUES(58842473236037633,2,X'01a219d5d56c7000a8d00a61864bf323',5,4,NULL,NULL,'Übersee');
CREATE TABLE IF NOT EXISTS "windrow_note_visit" (
  windrow_id BLOB NOT NULL PRIMARY KEY,
  windrow_hlc INTEGER NOT NULL,
  "plot_id" BLOB,
  "worker_id" BLOB,
  "notes" TEXT
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS "windrow_leaving_farm" (
  windrow_id BLOB NOT NULL PRIMARY KEY REFERENCES "farm" ("id")
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS "windrow_leaving_worker" (
  windrow_id BLOB NOT NULL PRIMARY KEY REFERENCES "worker" ("id")
) STRICT, WITHOUT ROWID;
CREATE INDEX "windrow_index_plot_0" ON "plot" ("farm_id");
CREATE INDEX "windrow_index_worker_0" ON "worker" ("badge");
CREATE INDEX "windrow_index_visit_0" ON "visit" ("plot_id");
CREATE INDEX "windrow_index_visit_1" ON "visit" ("worker_id");
CREATE VIEW windrow_changelog AS
SELECT windrow_hlc AS stamp, (SELECT device FROM windrow_state) AS device, (SELECT origin FROM windrow_origins WHERE first <= windrow_hlc ORDER BY first DESC LIMIT 1) AS origin, 'farm' AS "table", windrow_id AS record, CASE windrow_op WHEN 1 THEN 'insert' WHEN 2 THEN 'update' WHEN 3 THEN 'delete' WHEN 4 THEN 'cascade' WHEN 5 THEN 'stale' ELSE 'resolve' END AS operation, (SELECT json_group_array(column2) FROM (VALUES (windrow_op = 1 OR windrow_mask0 & 1, 'name'), (windrow_op = 1 OR windrow_mask0 & 2, 'phone'), (windrow_op = 1 OR windrow_mask0 & 4, 'cattle')) WHERE column1) AS fields, windrow_base AS base FROM "windrow_log_farm"
UNION ALL
SELECT windrow_hlc AS stamp, (SELECT device FROM windrow_state) AS device, (SELECT origin FROM windrow_origins WHERE first <= windrow_hlc ORDER BY first DESC LIMIT 1) AS origin, 'plot' AS "table", windrow_id AS record, CASE windrow_op WHEN 1 THEN 'insert' WHEN 2 THEN 'update' WHEN 3 THEN 'delete' WHEN 4 THEN 'cascade' WHEN 5 THEN 'stale' ELSE 'resolve' END AS operation, (SELECT json_group_array(column2) FROM (VALUES (windrow_op = 1 OR windrow_mask0 & 1, 'farm_id'), (windrow_op = 1 OR windrow_mask0 & 2, 'variety'), (windrow_op = 1 OR windrow_mask0 & 4, 'best_yield')) WHERE column1) AS fields, windrow_base AS base FROM "windrow_log_plot"
UNION ALL
SELECT windrow_hlc AS stamp, (SELECT device FROM windrow_state) AS device, (SELECT origin FROM windrow_origins WHERE first <= windrow_hlc ORDER BY first DESC LIMIT 1) AS origin, 'worker' AS "table", windrow_id AS record, CASE windrow_op WHEN 1 THEN 'insert' WHEN 2 THEN 'update' WHEN 3 THEN 'delete' WHEN 4 THEN 'cascade' WHEN 5 THEN 'stale' ELSE 'resolve' END AS operation, (SELECT json_group_array(column2) FROM (VALUES (windrow_op = 1 OR windrow_mask0 & 1, 'badge')) WHERE column1) AS fields, windrow_base AS base FROM "windrow_log_worker"
UNION ALL
SELECT windrow_hlc AS stamp, (SELECT device FROM windrow_state) AS device, (SELECT origin FROM windrow_origins WHERE first <= windrow_hlc ORDER BY first DESC LIMIT 1) AS origin, 'visit' AS "table", windrow_id AS record, CASE windrow_op WHEN 1 THEN 'insert' WHEN 2 THEN 'update' WHEN 3 THEN 'delete' WHEN 4 THEN 'cascade' WHEN 5 THEN 'stale' ELSE 'resolve' END AS operation, (SELECT json_group_array(column2) FROM (VALUES (windrow_op = 1 OR windrow_mask0 & 1, 'plot_id'), (windrow_op = 1 OR windrow_mask0 & 2, 'worker_id'), (windrow_op = 1 OR windrow_mask0 & 4, 'notes')) WHERE column1) AS fields, windrow_base AS base FROM "windrow_log_visit"
ORDER BY stamp;
CREATE TRIGGER "windrow_farm_note" BEFORE INSERT ON "farm"
BEGIN
  DELETE FROM "windrow_note_farm" WHERE windrow_id = NEW."id";
  INSERT INTO "windrow_note_farm" (windrow_id, windrow_hlc, "name", "phone", "cattle")
  SELECT windrow_row."id", windrow_now.hlc, windrow_row."name", windrow_row."phone", windrow_row."cattle"
  FROM "farm" AS windrow_row CROSS JOIN windrow_state AS windrow_now WHERE windrow_row."id" = NEW."id" AND windrow_now.applying = 0;
END;
CREATE TRIGGER "windrow_farm_guard" BEFORE UPDATE OF "id" ON "farm"
BEGIN
  SELECT RAISE(ABORT, 'windrow: a record keeps its id: delete it and insert another instead') WHERE NEW."id" IS NOT OLD."id";
END;
CREATE TRIGGER "windrow_farm_insert" AFTER INSERT ON "farm"
BEGIN
  UPDATE "windrow_note_farm" SET windrow_hlc = windrow_hlc WHERE windrow_id = NEW."id";
  UPDATE windrow_state SET hlc = max(hlc + 1, CAST((julianday() - 2440587.5) * 86400000 AS INTEGER) << 15) WHERE applying = 0 AND changes() = 0;
  INSERT INTO "windrow_log_farm" (windrow_hlc, windrow_op, windrow_id, windrow_base, windrow_mask0, "name", "phone", "cattle")
  SELECT windrow_now.hlc, 1, NEW."id", windrow_now.base,
    0,
    NEW."name",
    NEW."phone",
    NEW."cattle"
  FROM windrow_state AS windrow_now WHERE changes() = 1;
END;
CREATE TRIGGER "windrow_farm_replace" AFTER UPDATE ON "windrow_note_farm"
BEGIN
  DELETE FROM "windrow_log_farm" WHERE windrow_hlc > OLD.windrow_hlc AND windrow_id = OLD.windrow_id AND windrow_op IN (3, 4);
  UPDATE windrow_state SET hlc = max(hlc + 1, CAST((julianday() - 2440587.5) * 86400000 AS INTEGER) << 15) WHERE applying = 0
  AND EXISTS (SELECT 1 FROM "farm" AS windrow_row WHERE windrow_row."id" = OLD.windrow_id AND (windrow_row."name" IS NOT OLD."name" OR windrow_row."phone" IS NOT OLD."phone" OR windrow_row."cattle" IS NOT OLD."cattle"));
  INSERT INTO "windrow_log_farm" (windrow_hlc, windrow_op, windrow_id, windrow_base, windrow_mask0, "name", "phone", "cattle")
  SELECT windrow_now.hlc, 2, OLD.windrow_id, windrow_now.base,
    CASE WHEN windrow_row."name" IS NOT OLD."name" THEN 1 ELSE 0 END + CASE WHEN windrow_row."phone" IS NOT OLD."phone" THEN 2 ELSE 0 END + CASE WHEN windrow_row."cattle" IS NOT OLD."cattle" THEN 4 ELSE 0 END,
    CASE WHEN windrow_row."name" IS NOT OLD."name" THEN windrow_row."name" END,
    CASE WHEN windrow_row."phone" IS NOT OLD."phone" THEN windrow_row."phone" END,
    CASE WHEN windrow_row."cattle" IS NOT OLD."cattle" THEN CASE typeof(windrow_row."cattle" - OLD."cattle") WHEN 'integer' THEN windrow_row."cattle" - OLD."cattle" ELSE RAISE(ABORT, 'windrow: farm.cattle would change by more than 64 bits hold: change it in steps') END END
  FROM windrow_state AS windrow_now CROSS JOIN "farm" AS windrow_row WHERE windrow_row."id" = OLD.windrow_id AND changes() = 1;
END;
CREATE TRIGGER "windrow_farm_update" AFTER UPDATE ON "farm" WHEN NEW."name" IS NOT OLD."name" OR NEW."phone" IS NOT OLD."phone" OR NEW."cattle" IS NOT OLD."cattle"
BEGIN
  UPDATE windrow_state SET hlc = max(hlc + 1, CAST((julianday() - 2440587.5) * 86400000 AS INTEGER) << 15) WHERE applying = 0;
  INSERT INTO "windrow_log_farm" (windrow_hlc, windrow_op, windrow_id, windrow_base, windrow_mask0, "name", "phone", "cattle")
  SELECT windrow_now.hlc, 2, NEW."id", windrow_now.base,
    CASE WHEN NEW."name" IS NOT OLD."name" THEN 1 ELSE 0 END + CASE WHEN NEW."phone" IS NOT OLD."phone" THEN 2 ELSE 0 END + CASE WHEN NEW."cattle" IS NOT OLD."cattle" THEN 4 ELSE 0 END,
    CASE WHEN NEW."name" IS NOT OLD."name" THEN NEW."name" END,
    CASE WHEN NEW."phone" IS NOT OLD."phone" THEN NEW."phone" END,
    CASE WHEN NEW."cattle" IS NOT OLD."cattle" THEN CASE typeof(NEW."cattle" - OLD."cattle") WHEN 'integer' THEN NEW."cattle" - OLD."cattle" ELSE RAISE(ABORT, 'windrow: farm.cattle would change by more than 64 bits hold: change it in steps') END END
  FROM windrow_state AS windrow_now WHERE windrow_now.applying = 0;
END;
CREATE TRIGGER "windrow_farm_delete" AFTER DELETE ON "farm"
BEGIN
  UPDATE windrow_state SET hlc = max(hlc + 1, CAST((julianday() - 2440587.5) * 86400000 AS INTEGER) << 15) WHERE applying = 0;
  INSERT INTO "windrow_log_farm" (windrow_hlc, windrow_op, windrow_id, windrow_base, windrow_mask0, "name", "phone", "cattle")
  SELECT windrow_now.hlc, 3, OLD."id", windrow_now.base,
    0,
    OLD."name",
    OLD."phone",
    OLD."cattle"
  FROM windrow_state AS windrow_now WHERE windrow_now.applying = 0;
END;
CREATE TRIGGER "windrow_farm_leave" BEFORE DELETE ON "farm"
BEGIN
  INSERT INTO "windrow_leaving_farm" (windrow_id) SELECT OLD."id" WHERE NOT EXISTS (SELECT 1 FROM "windrow_leaving_farm" WHERE windrow_id = OLD."id");
END;
CREATE TRIGGER "windrow_farm_noted" AFTER INSERT ON "windrow_note_farm"
BEGIN
  INSERT INTO "windrow_leaving_farm" (windrow_id) SELECT NEW.windrow_id WHERE NOT EXISTS (SELECT 1 FROM "windrow_leaving_farm" WHERE windrow_id = NEW.windrow_id);
END;
CREATE TRIGGER "windrow_farm_left" AFTER DELETE ON "farm"
BEGIN
  DELETE FROM "windrow_leaving_farm" WHERE windrow_id = OLD."id";
END;
CREATE TRIGGER "windrow_plot_note" BEFORE INSERT ON "plot"
BEGIN
  DELETE FROM "windrow_note_plot" WHERE windrow_id = NEW."id";
  INSERT INTO "windrow_note_plot" (windrow_id, windrow_hlc, "farm_id", "variety", "best_yield")
  SELECT windrow_row."id", windrow_now.hlc, windrow_row."farm_id", windrow_row."variety", windrow_row."best_yield"
  FROM "plot" AS windrow_row CROSS JOIN windrow_state AS windrow_now WHERE windrow_row."id" = NEW."id" AND windrow_now.applying = 0;
END;
CREATE TRIGGER "windrow_plot_guard" BEFORE UPDATE OF "id" ON "plot"
BEGIN
  SELECT RAISE(ABORT, 'windrow: a record keeps its id: delete it and insert another instead') WHERE NEW."id" IS NOT OLD."id";
END;
CREATE TRIGGER "windrow_plot_insert" AFTER INSERT ON "plot"
BEGIN
  UPDATE "windrow_note_plot" SET windrow_hlc = windrow_hlc WHERE windrow_id = NEW."id";
  UPDATE windrow_state SET hlc = max(hlc + 1, CAST((julianday() - 2440587.5) * 86400000 AS INTEGER) << 15) WHERE applying = 0 AND changes() = 0;
  INSERT INTO "windrow_log_plot" (windrow_hlc, windrow_op, windrow_id, windrow_base, windrow_mask0, "farm_id", "variety", "best_yield")
  SELECT windrow_now.hlc, 1, NEW."id", windrow_now.base,
    0,
    NEW."farm_id",
    NEW."variety",
    NEW."best_yield"
  FROM windrow_state AS windrow_now WHERE changes() = 1;
END;
CREATE TRIGGER "windrow_plot_replace" AFTER UPDATE ON "windrow_note_plot"
BEGIN
  DELETE FROM "windrow_log_plot" WHERE windrow_hlc > OLD.windrow_hlc AND windrow_id = OLD.windrow_id AND windrow_op IN (3, 4);
  UPDATE windrow_state SET hlc = max(hlc + 1, CAST((julianday() - 2440587.5) * 86400000 AS INTEGER) << 15) WHERE applying = 0
  AND EXISTS (SELECT 1 FROM "plot" AS windrow_row WHERE windrow_row."id" = OLD.windrow_id AND (windrow_row."farm_id" IS NOT OLD."farm_id" OR windrow_row."variety" IS NOT OLD."variety" OR windrow_row."best_yield" IS NOT OLD."best_yield"));
  INSERT INTO "windrow_log_plot" (windrow_hlc, windrow_op, windrow_id, windrow_base, windrow_mask0, "farm_id", "variety", "best_yield")
  SELECT windrow_now.hlc, 2, OLD.windrow_id, windrow_now.base,
    CASE WHEN windrow_row."farm_id" IS NOT OLD."farm_id" THEN 1 ELSE 0 END + CASE WHEN windrow_row."variety" IS NOT OLD."variety" THEN 2 ELSE 0 END + CASE WHEN windrow_row."best_yield" IS NOT OLD."best_yield" THEN 4 ELSE 0 END,
    CASE WHEN windrow_row."farm_id" IS NOT OLD."farm_id" THEN windrow_row."farm_id" END,
    CASE WHEN windrow_row."variety" IS NOT OLD."variety" THEN windrow_row."variety" END,
    CASE WHEN windrow_row."best_yield" IS NOT OLD."best_yield" THEN windrow_row."best_yield" END
  FROM windrow_state AS windrow_now CROSS JOIN "plot" AS windrow_row WHERE windrow_row."id" = OLD.windrow_id AND changes() = 1;
END;
CREATE TRIGGER "windrow_plot_update" AFTER UPDATE ON "plot" WHEN NEW."farm_id" IS NOT OLD."farm_id" OR NEW."variety" IS NOT OLD."variety" OR NEW."best_yield" IS NOT OLD."best_yield"
BEGIN
  UPDATE windrow_state SET hlc = max(hlc + 1, CAST((julianday() - 2440587.5) * 86400000 AS INTEGER) << 15) WHERE applying = 0;
  INSERT INTO "windrow_log_plot" (windrow_hlc, windrow_op, windrow_id, windrow_base, windrow_mask0, "farm_id", "variety", "best_yield")
  SELECT windrow_now.hlc, 2, NEW."id", windrow_now.base,
    CASE WHEN NEW."farm_id" IS NOT OLD."farm_id" THEN 1 ELSE 0 END + CASE WHEN NEW."variety" IS NOT OLD."variety" THEN 2 ELSE 0 END + CASE WHEN NEW."best_yield" IS NOT OLD."best_yield" THEN 4 ELSE 0 END,
    CASE WHEN NEW."farm_id" IS NOT OLD."farm_id" THEN NEW."farm_id" END,
    CASE WHEN NEW."variety" IS NOT OLD."variety" THEN NEW."variety" END,
    CASE WHEN NEW."best_yield" IS NOT OLD."best_yield" THEN NEW."best_yield" END
  FROM windrow_state AS windrow_now WHERE windrow_now.applying = 0;
END;
CREATE TRIGGER "windrow_plot_delete" AFTER DELETE ON "plot"
BEGIN
  UPDATE windrow_state SET hlc = max(hlc + 1, CAST((julianday() - 2440587.5) * 86400000 AS INTEGER) << 15) WHERE applying = 0;
  INSERT INTO "windrow_log_plot" (windrow_hlc, windrow_op, windrow_id, windrow_base, windrow_mask0, "farm_id", "variety", "best_yield")
  SELECT windrow_now.hlc, CASE WHEN (OLD."farm_id" IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "farm" AS windrow_parent WHERE windrow_parent."id" = OLD."farm_id") AND EXISTS (SELECT 1 FROM "windrow_leaving_farm" WHERE windrow_id = OLD."farm_id")) THEN 4 ELSE 3 END, OLD."id", windrow_now.base,
    CASE WHEN OLD."farm_id" IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "farm" AS windrow_parent WHERE windrow_parent."id" = OLD."farm_id") AND EXISTS (SELECT 1 FROM "windrow_leaving_farm" WHERE windrow_id = OLD."farm_id") THEN 1 ELSE 0 END,
    OLD."farm_id",
    OLD."variety",
    OLD."best_yield"
  FROM windrow_state AS windrow_now WHERE windrow_now.applying = 0;
END;
CREATE TRIGGER "windrow_worker_note" BEFORE INSERT ON "worker"
BEGIN
  DELETE FROM "windrow_note_worker" WHERE windrow_id = NEW."id";
  INSERT INTO "windrow_note_worker" (windrow_id, windrow_hlc, "badge")
  SELECT windrow_row."id", windrow_now.hlc, windrow_row."badge"
  FROM "worker" AS windrow_row CROSS JOIN windrow_state AS windrow_now WHERE windrow_row."id" = NEW."id" AND windrow_now.applying = 0;
  SELECT RAISE(ABORT, 'windrow: another worker has this badge: choose another value') FROM windrow_state AS windrow_now WHERE windrow_now.applying = 0
  AND NOT EXISTS (SELECT 1 FROM "worker" AS windrow_own WHERE windrow_own."id" = NEW."id" AND windrow_own."badge" = NEW."badge")
  AND EXISTS (SELECT 1 FROM "worker" AS windrow_row WHERE windrow_row."badge" = NEW."badge" AND windrow_row."id" <> NEW."id");
END;
CREATE TRIGGER "windrow_worker_guard" BEFORE UPDATE OF "id", "badge" ON "worker"
BEGIN
  SELECT RAISE(ABORT, 'windrow: a record keeps its id: delete it and insert another instead') WHERE NEW."id" IS NOT OLD."id";
  SELECT RAISE(ABORT, 'windrow: another worker has this badge: choose another value') FROM windrow_state AS windrow_now WHERE windrow_now.applying = 0
  AND NEW."badge" IS NOT OLD."badge"
  AND EXISTS (SELECT 1 FROM "worker" AS windrow_row WHERE windrow_row."badge" = NEW."badge" AND windrow_row."id" <> NEW."id");
END;
CREATE TRIGGER "windrow_worker_insert" AFTER INSERT ON "worker"
BEGIN
  UPDATE "windrow_note_worker" SET windrow_hlc = windrow_hlc WHERE windrow_id = NEW."id";
  UPDATE windrow_state SET hlc = max(hlc + 1, CAST((julianday() - 2440587.5) * 86400000 AS INTEGER) << 15) WHERE applying = 0 AND changes() = 0;
  INSERT INTO "windrow_log_worker" (windrow_hlc, windrow_op, windrow_id, windrow_base, windrow_mask0, "badge")
  SELECT windrow_now.hlc, 1, NEW."id", windrow_now.base,
    0,
    NEW."badge"
  FROM windrow_state AS windrow_now WHERE changes() = 1;
END;
CREATE TRIGGER "windrow_worker_replace" AFTER UPDATE ON "windrow_note_worker"
BEGIN
  DELETE FROM "windrow_log_worker" WHERE windrow_hlc > OLD.windrow_hlc AND windrow_id = OLD.windrow_id AND windrow_op IN (3, 4);
  UPDATE windrow_state SET hlc = max(hlc + 1, CAST((julianday() - 2440587.5) * 86400000 AS INTEGER) << 15) WHERE applying = 0
  AND EXISTS (SELECT 1 FROM "worker" AS windrow_row WHERE windrow_row."id" = OLD.windrow_id AND (windrow_row."badge" IS NOT OLD."badge"));
  INSERT INTO "windrow_log_worker" (windrow_hlc, windrow_op, windrow_id, windrow_base, windrow_mask0, "badge")
  SELECT windrow_now.hlc, 2, OLD.windrow_id, windrow_now.base,
    CASE WHEN windrow_row."badge" IS NOT OLD."badge" THEN 1 ELSE 0 END,
    CASE WHEN windrow_row."badge" IS NOT OLD."badge" THEN windrow_row."badge" END
  FROM windrow_state AS windrow_now CROSS JOIN "worker" AS windrow_row WHERE windrow_row."id" = OLD.windrow_id AND changes() = 1;
END;
CREATE TRIGGER "windrow_worker_update" AFTER UPDATE ON "worker" WHEN NEW."badge" IS NOT OLD."badge"
BEGIN
  UPDATE windrow_state SET hlc = max(hlc + 1, CAST((julianday() - 2440587.5) * 86400000 AS INTEGER) << 15) WHERE applying = 0;
  INSERT INTO "windrow_log_worker" (windrow_hlc, windrow_op, windrow_id, windrow_base, windrow_mask0, "badge")
  SELECT windrow_now.hlc, 2, NEW."id", windrow_now.base,
    CASE WHEN NEW."badge" IS NOT OLD."badge" THEN 1 ELSE 0 END,
    CASE WHEN NEW."badge" IS NOT OLD."badge" THEN NEW."badge" END
  FROM windrow_state AS windrow_now WHERE windrow_now.applying = 0;
END;
CREATE TRIGGER "windrow_worker_delete" AFTER DELETE ON "worker"
BEGIN
  UPDATE windrow_state SET hlc = max(hlc + 1, CAST((julianday() - 2440587.5) * 86400000 AS INTEGER) << 15) WHERE applying = 0;
  INSERT INTO "windrow_log_worker" (windrow_hlc, windrow_op, windrow_id, windrow_base, windrow_mask0, "badge")
  SELECT windrow_now.hlc, 3, OLD."id", windrow_now.base,
    0,
    OLD."badge"
  FROM windrow_state AS windrow_now WHERE windrow_now.applying = 0;
END;
CREATE TRIGGER "windrow_worker_leave" BEFORE DELETE ON "worker"
BEGIN
  INSERT INTO "windrow_leaving_worker" (windrow_id) SELECT OLD."id" WHERE NOT EXISTS (SELECT 1 FROM "windrow_leaving_worker" WHERE windrow_id = OLD."id");
END;
CREATE TRIGGER "windrow_worker_noted" AFTER INSERT ON "windrow_note_worker"
BEGIN
  INSERT INTO "windrow_leaving_worker" (windrow_id) SELECT NEW.windrow_id WHERE NOT EXISTS (SELECT 1 FROM "windrow_leaving_worker" WHERE windrow_id = NEW.windrow_id);
END;
CREATE TRIGGER "windrow_worker_left" AFTER DELETE ON "worker"
BEGIN
  DELETE FROM "windrow_leaving_worker" WHERE windrow_id = OLD."id";
END;
CREATE TRIGGER "windrow_visit_note" BEFORE INSERT ON "visit"
BEGIN
  DELETE FROM "windrow_note_visit" WHERE windrow_id = NEW."id";
  INSERT INTO "windrow_note_visit" (windrow_id, windrow_hlc, "plot_id", "worker_id", "notes")
  SELECT windrow_row."id", windrow_now.hlc, windrow_row."plot_id", windrow_row."worker_id", windrow_row."notes"
  FROM "visit" AS windrow_row CROSS JOIN windrow_state AS windrow_now WHERE windrow_row."id" = NEW."id" AND windrow_now.applying = 0;
END;
CREATE TRIGGER "windrow_visit_guard" BEFORE UPDATE OF "id" ON "visit"
BEGIN
  SELECT RAISE(ABORT, 'windrow: a record keeps its id: delete it and insert another instead') WHERE NEW."id" IS NOT OLD."id";
END;
CREATE TRIGGER "windrow_visit_insert" AFTER INSERT ON "visit"
BEGIN
  UPDATE "windrow_note_visit" SET windrow_hlc = windrow_hlc WHERE windrow_id = NEW."id";
  UPDATE windrow_state SET hlc = max(hlc + 1, CAST((julianday() - 2440587.5) * 86400000 AS INTEGER) << 15) WHERE applying = 0 AND changes() = 0;
  INSERT INTO "windrow_log_visit" (windrow_hlc, windrow_op, windrow_id, windrow_base, windrow_mask0, "plot_id", "worker_id", "notes")
  SELECT windrow_now.hlc, 1, NEW."id", windrow_now.base,
    0,
    NEW."plot_id",
    NEW."worker_id",
    NEW."notes"
  FROM windrow_state AS windrow_now WHERE changes() = 1;
END;
CREATE TRIGGER "windrow_visit_replace" AFTER UPDATE ON "windrow_note_visit"
BEGIN
  DELETE FROM "windrow_log_visit" WHERE windrow_hlc > OLD.windrow_hlc AND windrow_id = OLD.windrow_id AND windrow_op IN (3, 4);
  UPDATE windrow_state SET hlc = max(hlc + 1, CAST((julianday() - 2440587.5) * 86400000 AS INTEGER) << 15) WHERE applying = 0
  AND EXISTS (SELECT 1 FROM "visit" AS windrow_row WHERE windrow_row."id" = OLD.windrow_id AND (windrow_row."plot_id" IS NOT OLD."plot_id" OR windrow_row."worker_id" IS NOT OLD."worker_id" OR windrow_row."notes" IS NOT OLD."notes"));
  INSERT INTO "windrow_log_visit" (windrow_hlc, windrow_op, windrow_id, windrow_base, windrow_mask0, "plot_id", "worker_id", "notes")
  SELECT windrow_now.hlc, 2, OLD.windrow_id, windrow_now.base,
    CASE WHEN windrow_row."plot_id" IS NOT OLD."plot_id" THEN 1 ELSE 0 END + CASE WHEN windrow_row."worker_id" IS NOT OLD."worker_id" THEN 2 ELSE 0 END + CASE WHEN windrow_row."notes" IS NOT OLD."notes" THEN 4 ELSE 0 END,
    CASE WHEN windrow_row."plot_id" IS NOT OLD."plot_id" THEN windrow_row."plot_id" END,
    CASE WHEN windrow_row."worker_id" IS NOT OLD."worker_id" THEN windrow_row."worker_id" END,
    CASE WHEN windrow_row."notes" IS NOT OLD."notes" THEN windrow_row."notes" END
  FROM windrow_state AS windrow_now CROSS JOIN "visit" AS windrow_row WHERE windrow_row."id" = OLD.windrow_id AND changes() = 1;
END;
CREATE TRIGGER "windrow_visit_update" AFTER UPDATE ON "visit" WHEN NEW."plot_id" IS NOT OLD."plot_id" OR (NEW."worker_id" IS NOT OLD."worker_id" AND NOT (NEW."worker_id" IS NULL AND OLD."worker_id" IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "worker" AS windrow_parent WHERE windrow_parent."id" = OLD."worker_id"))) OR NEW."notes" IS NOT OLD."notes"
BEGIN
  UPDATE windrow_state SET hlc = max(hlc + 1, CAST((julianday() - 2440587.5) * 86400000 AS INTEGER) << 15) WHERE applying = 0;
  INSERT INTO "windrow_log_visit" (windrow_hlc, windrow_op, windrow_id, windrow_base, windrow_mask0, "plot_id", "worker_id", "notes")
  SELECT windrow_now.hlc, 2, NEW."id", windrow_now.base,
    CASE WHEN NEW."plot_id" IS NOT OLD."plot_id" THEN 1 ELSE 0 END + CASE WHEN (NEW."worker_id" IS NOT OLD."worker_id" AND NOT (NEW."worker_id" IS NULL AND OLD."worker_id" IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "worker" AS windrow_parent WHERE windrow_parent."id" = OLD."worker_id"))) THEN 2 ELSE 0 END + CASE WHEN NEW."notes" IS NOT OLD."notes" THEN 4 ELSE 0 END,
    CASE WHEN NEW."plot_id" IS NOT OLD."plot_id" THEN NEW."plot_id" END,
    CASE WHEN NEW."worker_id" IS NOT OLD."worker_id" THEN NEW."worker_id" END,
    CASE WHEN NEW."notes" IS NOT OLD."notes" THEN NEW."notes" END
  FROM windrow_state AS windrow_now WHERE windrow_now.applying = 0;
END;
CREATE TRIGGER "windrow_visit_delete" AFTER DELETE ON "visit"
BEGIN
  UPDATE windrow_state SET hlc = max(hlc + 1, CAST((julianday() - 2440587.5) * 86400000 AS INTEGER) << 15) WHERE applying = 0;
  INSERT INTO "windrow_log_visit" (windrow_hlc, windrow_op, windrow_id, windrow_base, windrow_mask0, "plot_id", "worker_id", "notes")
  SELECT windrow_now.hlc, 3, OLD."id", windrow_now.base,
    0,
    OLD."plot_id",
    OLD."worker_id",
    OLD."notes"
  FROM windrow_state AS windrow_now WHERE windrow_now.applying = 0;
END;
CREATE TRIGGER "windrow_visit_stale" AFTER UPDATE OF "worker_id" ON "visit" WHEN (NEW."worker_id" IS NULL AND OLD."worker_id" IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "worker" AS windrow_parent WHERE windrow_parent."id" = OLD."worker_id"))
BEGIN
  UPDATE windrow_state SET hlc = max(hlc + 1, CAST((julianday() - 2440587.5) * 86400000 AS INTEGER) << 15) WHERE applying = 0;
  INSERT INTO "windrow_log_visit" (windrow_hlc, windrow_op, windrow_id, windrow_base, windrow_mask0, "plot_id", "worker_id", "notes")
  SELECT windrow_now.hlc, 5, NEW."id", windrow_now.base,
    CASE WHEN NEW."worker_id" IS NULL AND OLD."worker_id" IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "worker" AS windrow_parent WHERE windrow_parent."id" = OLD."worker_id") THEN 2 ELSE 0 END,
    NULL,
    CASE WHEN NEW."worker_id" IS NULL AND OLD."worker_id" IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "worker" AS windrow_parent WHERE windrow_parent."id" = OLD."worker_id") THEN OLD."worker_id" END,
    NULL
  FROM windrow_state AS windrow_now WHERE windrow_now.applying = 0;
END;
COMMIT;
