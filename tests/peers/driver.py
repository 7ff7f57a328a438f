"""What a team would use instead, given the same work as `figures` gives Windrow.

Called by `figures --peers`. One JSON object a line on stdout: a figure of a peer's (`figure`, `peer`, `value`, `unit`,
`ratio`, `least`, `most`; the ratio against a plain table, within each round), or `missing`, a peer that could not be run,
and `why`. The table is the one that all of them can take, its ids texts; what is sent is under zstd -3 where a peer does
not compress by itself.
"""

import argparse
import glob
import json
import os
import shutil
import statistics
import time

import apsw
import zstandard

COLUMNS = "id farm_id worker crop notes yield_kg bags status lat lon recorded_at updated_at".split()
TYPES = "TEXT TEXT TEXT TEXT TEXT REAL INTEGER TEXT REAL REAL INTEGER INTEGER".split()
TABLE = "CREATE TABLE visit (id TEXT PRIMARY KEY NOT NULL, {})".format(
    ", ".join(f"{column} {kind}" for column, kind in zip(COLUMNS[1:], TYPES[1:])))
INSERT = "INSERT INTO visit ({}) VALUES ({})".format(", ".join(COLUMNS), ", ".join("?" * len(COLUMNS)))
# The cache is that of `figures`: all of the file, so that the processor's work is measured.
PRAGMAS = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -131072"
TRANSACTION = 1_000
PEERS = os.path.join(os.path.dirname(__file__), "..", "..", "target", "peers")


def packed(data):
    return zstandard.ZstdCompressor(level=3).compress(data)


class Plain:
    """The table without capture."""

    name = "plain"

    def __init__(self, path):
        self.path = path
        self.db = apsw.Connection(path)
        self.db.execute(PRAGMAS).fetchall()
        self.declare()

    def declare(self):
        self.db.execute(TABLE)

    def write(self, ops):
        """Some operations, in one transaction."""
        self.db.execute("BEGIN")
        self.each(ops)
        self.db.execute("COMMIT")

    def each(self, ops):
        execute = self.db.execute
        for sql, values in ops:
            execute(sql, values)

    def sent(self):
        """What goes over the wire for all that was written since the last call; None where this is not asked of it."""
        return None

    def prune(self):
        """Takes away what is not needed once all is sent."""

    def size(self):
        self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return os.path.getsize(self.path)

    def close(self):
        self.db.close()


class Session(Plain):
    """SQLite's own session extension: changes are kept in memory, and are lost with the program."""

    name = "session extension"

    def declare(self):
        super().declare()
        self.begin()

    def begin(self):
        self.session = apsw.Session(self.db, "main")
        self.session.attach("visit")

    def sent(self):
        patchset = self.session.patchset()
        self.session.close()
        self.begin()
        return packed(patchset)

    def close(self):
        self.session.close()
        super().close()


class Durable(Session):
    """The same, each transaction's changeset written to a table in it."""

    name = "session extension, durable"

    def declare(self):
        super().declare()
        self.db.execute("CREATE TABLE log (n INTEGER PRIMARY KEY, changeset BLOB NOT NULL)")
        self.last = 0

    def write(self, ops):
        self.db.execute("BEGIN")
        self.each(ops)
        self.db.execute("INSERT INTO log (changeset) VALUES (?)", (self.session.patchset(),))
        self.db.execute("COMMIT")
        self.session.close()
        self.begin()

    def sent(self):
        rows = self.db.execute("SELECT n, changeset FROM log WHERE n > ? ORDER BY n", (self.last,)).fetchall()
        self.last = rows[-1][0]
        return packed(b"".join(changeset for _, changeset in rows))

    def prune(self):
        self.db.execute("DELETE FROM log")
        self.last = 0


class Triggers(Plain):
    """Triggers that write each operation to a log, as JSON."""

    name = "triggers writing JSON"

    def declare(self):
        super().declare()
        self.last = 0
        new = ", ".join(f"'{column}', NEW.{column}" for column in COLUMNS)
        changed = " UNION ALL ".join(
            f"SELECT '{column}' AS k, NEW.{column} AS v WHERE NEW.{column} IS NOT OLD.{column}" for column in COLUMNS[1:])
        entry = "INSERT INTO log (at, op, record, data) VALUES (unixepoch('subsec') * 1000,"
        self.db.execute(f"""
            CREATE TABLE log (n INTEGER PRIMARY KEY, at INTEGER, op TEXT, record TEXT, data TEXT);
            CREATE TRIGGER log_i AFTER INSERT ON visit BEGIN {entry} 'i', NEW.id, json_object({new})); END;
            CREATE TRIGGER log_u AFTER UPDATE ON visit BEGIN
                {entry} 'u', NEW.id, (SELECT json_group_object(k, v) FROM ({changed}))); END;
            CREATE TRIGGER log_d AFTER DELETE ON visit BEGIN {entry} 'd', OLD.id, NULL); END;""")

    def sent(self):
        rows = self.db.execute(
            "SELECT n, json_object('at', at, 'op', op, 'id', record, 'data', json(data)) FROM log WHERE n > ? ORDER BY n",
            (self.last,)).fetchall()
        self.last = rows[-1][0]
        return packed("\n".join(row for _, row in rows).encode())

    def prune(self):
        self.db.execute("DELETE FROM log")
        self.last = 0


class Extension(Plain):
    """A peer that is an extension of SQLite."""

    file = None
    entry = None

    def declare(self):
        found = glob.glob(os.path.join(PEERS, self.file))
        if not found:
            raise FileNotFoundError(f"{self.file} is not in target/peers")
        self.db.enable_load_extension(True)
        self.db.load_extension(found[0], self.entry)


class PowerSync(Extension):
    """The core extension of PowerSync: a view over JSON, and a queue of JSON."""

    name = "PowerSync core"
    file = "powersync/lib/libpowersync_x64.linux.so"
    entry = "sqlite3_powersync_init"

    def declare(self):
        super().declare()
        self.last = 0
        columns = [{"name": column, "type": kind} for column, kind in zip(COLUMNS[1:], TYPES[1:])]
        table = {"name": "visit", "local_only": False, "insert_only": False, "columns": columns, "indexes": []}
        self.db.execute("BEGIN; SELECT powersync_init()").fetchall()
        self.db.execute("SELECT powersync_replace_schema(?)", (json.dumps({"tables": [table]}),)).fetchall()
        self.db.execute("COMMIT")

    def sent(self):
        rows = self.db.execute("SELECT id, data FROM ps_crud WHERE id > ? ORDER BY id", (self.last,)).fetchall()
        self.last = rows[-1][0]
        return packed(("[" + ",".join(row for _, row in rows) + "]").encode())

    # What it has beside the table once all is synced comes from its service, which is not here.
    prune = None


class SqliteSync(Extension):
    """The extension of sqlite-sync: a row of metadata for each value."""

    name = "sqlite-sync"
    file = "sqlite-sync/cloudsync.so"

    def declare(self):
        super().declare()
        self.db.execute(TABLE)
        self.db.execute("SELECT cloudsync_init('visit')").fetchall()
        self.last = 0

    def sent(self):
        sql = """SELECT cloudsync_payload_encode(tbl, pk, col_name, col_value, col_version, db_version, site_id, cl, seq)
                 FROM cloudsync_changes WHERE site_id = cloudsync_siteid() AND db_version > ?"""
        payload = self.db.execute(sql, (self.last,)).fetchall()[0][0]
        self.last = self.db.execute("SELECT cloudsync_db_version()").fetchall()[0][0]
        return payload

    def close(self):
        # Or its statements keep the file open.
        self.db.execute("SELECT cloudsync_terminate()").fetchall()
        super().close()


class GeoDiff(Plain):
    """pygeodiff compares a file with a copy of itself; until then nothing is captured."""

    name = "pygeodiff"

    def declare(self):
        import pygeodiff

        super().declare()
        self.geodiff = pygeodiff.GeoDiff()
        self.base = self.path + ".base"
        self.keep()

    def keep(self):
        self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        shutil.copy(self.path, self.base)

    def sent(self):
        self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self.geodiff.create_changeset(self.base, self.path, self.path + ".changeset")
        with open(self.path + ".changeset", "rb") as changeset:
            sent = packed(changeset.read())
        self.keep()
        return sent

    def size(self):
        return super().size() + os.path.getsize(self.base)


def operations(path):
    """The lines of a file, as SQL and its values."""
    ops = []
    with open(path) as lines:
        for line in lines:
            op = json.loads(line)
            if op["op"] == "i":
                ops.append((INSERT, tuple(op["row"][column] for column in COLUMNS)))
            elif op["op"] == "u":
                setting = ", ".join(f"{column} = ?" for column in op["set"])
                ops.append((f"UPDATE visit SET {setting} WHERE id = ?", (*op["set"].values(), op["id"])))
            else:
                ops.append(("DELETE FROM visit WHERE id = ?", (op["id"],)))
    return ops


class Run:
    """Peers, and where their files are."""

    def __init__(self, args):
        self.dir, self.rounds = args.dir, args.rounds
        read = lambda name: operations(os.path.join(args.workload, name + ".jsonl"))
        self.base, self.w2, *self.days = map(read, ["base", "w2", "w3a", "w3b", "w3c"])
        self.count = 0

    def fresh(self, peer):
        self.count += 1
        return peer(os.path.join(self.dir, f"{self.count}.db"))

    def written(self, table, ops):
        """Seconds that the processor worked, as `figures` counts them."""
        start = time.thread_time()
        for at in range(0, len(ops), TRANSACTION):
            table.write(ops[at:at + TRANSACTION])
        return time.thread_time() - start

    def timed(self, peer):
        table = self.fresh(peer)
        times = self.written(table, self.base), self.written(table, self.w2)
        table.close()
        for path in glob.glob(table.path + "*"):
            os.remove(path)
        return times

    def bytes(self, peer):
        """Of the wire, and of the file."""
        table = self.fresh(peer)
        self.written(table, self.base)
        sizes, sent = {"w5_logged": table.size()}, {}
        if peer is not Plain:
            sent["w3d"] = len(table.sent())
        if table.prune:
            table.prune()
            table.db.execute("VACUUM")
            sizes["w5"] = table.size()
        if peer is not Plain:
            for name, ops in zip(["w3a", "w3b_up", "w3c"], self.days):
                table.write(ops)
                sent[name] = len(table.sent())
        table.close()
        return sizes, sent

    def all(self, peers):
        (plain, _), able = self.bytes(Plain), []
        for peer in peers:
            try:
                sizes, sent = self.bytes(peer)
            except Exception as error:  # whatever a foreign library says: the others run
                say(missing=peer.name, why=str(error))
                continue
            able.append(peer)
            for figure, value in sizes.items():
                say(figure=figure, peer=peer.name, value=value, unit="bytes", ratio=value / plain[figure])
            for figure, value in sent.items():
                say(figure=figure, peer=peer.name, value=value, unit="bytes", ratio=None)
        timed = [peer for peer in able if peer is not GeoDiff]
        rounds = [self.round([Plain, *timed], number) for number in range(self.rounds)]
        for peer in timed:
            for at, (figure, ops) in enumerate([("w1_text", self.base), ("w2", self.w2)]):
                ratios = [times[peer][at] / times[Plain][at] for times in rounds]
                value = statistics.median(times[peer][at] for times in rounds) * 1e6 / len(ops)
                say(figure=figure, peer=peer.name, value=value, unit="µs/row", ratio=statistics.median(ratios),
                    least=min(ratios), most=max(ratios))

    def round(self, peers, number):
        turn = number % len(peers)
        return {peer: self.timed(peer) for peer in peers[turn:] + peers[:turn]}


def say(**line):
    print(json.dumps(line), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workload", required=True)
    parser.add_argument("--dir", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    Run(args).all([Session, Durable, Triggers, PowerSync, SqliteSync, GeoDiff])


if __name__ == "__main__":
    main()
