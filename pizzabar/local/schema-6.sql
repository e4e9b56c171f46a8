-- Schedules, their groups, and client tokens of deletions: see pizzabar/scheduler/store.py.
CREATE TABLE schedules (
    key TEXT PRIMARY KEY,
    document BLOB NOT NULL
) WITHOUT ROWID;
