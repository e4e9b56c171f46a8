-- Archives: the events that they hold, by when they occurred; see pizzabar/eventbridge/archive_store.py.
CREATE TABLE archived_events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    archive TEXT NOT NULL,
    id TEXT NOT NULL,
    occurred REAL NOT NULL,
    archived REAL NOT NULL,
    lane TEXT NOT NULL,
    event TEXT NOT NULL,
    UNIQUE (archive, id)
);
CREATE INDEX archived_events_by_time ON archived_events (archive, occurred, number);
CREATE INDEX archived_events_by_age ON archived_events (archive, archived);
