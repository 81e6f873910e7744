"""What the stand-in remembers, in one SQLite file that outlives it."""

import secrets
import sqlite3
import threading
import time

_TABLES = """
CREATE TABLE IF NOT EXISTS messages (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    sid TEXT NOT NULL UNIQUE,
    to_phone TEXT NOT NULL,
    from_phone TEXT NOT NULL,
    service_sid TEXT NOT NULL,
    body TEXT NOT NULL,
    callback_url TEXT NOT NULL,
    status TEXT NOT NULL,
    error_code TEXT NOT NULL DEFAULT '',
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    sent_at REAL
);
CREATE INDEX IF NOT EXISTS messages_to ON messages (to_phone);
CREATE TABLE IF NOT EXISTS requests (phone TEXT PRIMARY KEY, count INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS replies (sid TEXT PRIMARY KEY, phone TEXT NOT NULL, body TEXT NOT NULL, created_at REAL);
CREATE TABLE IF NOT EXISTS opt_outs (phone TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS faults (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    phone TEXT NOT NULL,
    times INTEGER NOT NULL
);
"""
FINAL = ("delivered", "undelivered", "failed", "canceled")


class Store:
    def __init__(self, path=":memory:", now=time.time):
        self.now = now  # seconds since 1970; tests put in their own
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + _TABLES)

    def close(self):
        self._connection.close()

    def _run(self, sql, *parameters):
        with self._lock:
            return [dict(row) for row in self._connection.execute(sql, parameters)]

    # --- messages ------------------------------------------------------------------------------------------

    def add(self, *, to_phone, from_phone, service_sid, body, callback_url):
        sid = f"SM{secrets.token_hex(16)}"
        at = self.now()
        self._run(
            "INSERT INTO messages (sid, to_phone, from_phone, service_sid, body, callback_url, status,"
            " created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            sid, to_phone, from_phone, service_sid, body, callback_url,
            "accepted" if service_sid else "queued", at, at,
        )  # fmt: skip
        return self.get(sid)

    def get(self, sid):
        return next(iter(self._run("SELECT * FROM messages WHERE sid = ?", sid)), None)

    def messages(self, **equal):
        """The latest first; `equal` names columns and their values."""
        where = " AND ".join(f"{column} = ?" for column in equal) or "1"
        return self._run(f"SELECT * FROM messages WHERE {where} ORDER BY number DESC", *equal.values())  # noqa: S608

    def under_way(self):
        """Those that have not come to an end, the oldest first."""
        final = ", ".join(f"'{status}'" for status in FINAL)
        return self._run(f"SELECT * FROM messages WHERE status NOT IN ({final}) ORDER BY number")  # noqa: S608

    def count_request(self, phone):
        """How often this number was to be written to, this time included."""
        with self._lock:
            self._run("INSERT INTO requests VALUES (?, 1) ON CONFLICT (phone) DO UPDATE SET count = count + 1", phone)
            return self._run("SELECT count FROM requests WHERE phone = ?", phone)[0]["count"]

    def update(self, sid, **columns):
        columns = {"updated_at": self.now(), **columns}
        assignments = ", ".join(f"{column} = ?" for column in columns)
        self._run(f"UPDATE messages SET {assignments} WHERE sid = ?", *columns.values(), sid)  # noqa: S608
        return self.get(sid)

    def delete(self, sid):
        self._run("DELETE FROM messages WHERE sid = ?", sid)

    def phones(self):
        """(phone, how many texts, the latest one) of every number that was written to, the latest first."""
        return self._run(
            "SELECT *, COUNT(*) AS count FROM messages GROUP BY to_phone HAVING number = MAX(number)"
            " ORDER BY number DESC"
        )

    # --- what people write back -----------------------------------------------------------------------------

    def add_reply(self, phone, body):
        sid = f"SM{secrets.token_hex(16)}"
        self._run("INSERT INTO replies VALUES (?, ?, ?, ?)", sid, phone, body, self.now())
        return sid

    def replies(self, phone):
        return self._run("SELECT * FROM replies WHERE phone = ? ORDER BY created_at", phone)

    # --- what goes wrong ----------------------------------------------------------------------------------

    def opt_out(self, phone):
        self._run("INSERT OR IGNORE INTO opt_outs VALUES (?)", phone)

    def opt_in(self, phone):
        self._run("DELETE FROM opt_outs WHERE phone = ?", phone)

    def has_opted_out(self, phone):
        return bool(self._run("SELECT 1 FROM opt_outs WHERE phone = ?", phone))

    def inject(self, name, *, value="", phone="", times=1):
        """Let `name` go wrong the next `times`, for one number or for all."""
        self._run("INSERT INTO faults (name, value, phone, times) VALUES (?, ?, ?, ?)", name, str(value), phone, times)

    def take_fault(self, names, phone):
        """(name, value) of the oldest fault of these names that waits for this number; used up by asking."""
        marks = ", ".join("?" for _name in names)
        with self._lock:
            faults = self._run(
                f"SELECT * FROM faults WHERE times > 0 AND phone IN ('', ?) AND name IN ({marks}) ORDER BY number",  # noqa: S608
                phone, *names,
            )  # fmt: skip
            if not faults:
                return None, ""
            self._run("UPDATE faults SET times = times - 1 WHERE number = ?", faults[0]["number"])
            return faults[0]["name"], faults[0]["value"]
