-- The state of an emulator.

-- Executions: the state as of the last step, and the definition that each started with.
CREATE TABLE definitions (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    text TEXT NOT NULL
);
CREATE TABLE executions (
    id INTEGER PRIMARY KEY,
    arn TEXT NOT NULL UNIQUE,
    machine_arn TEXT NOT NULL,
    definition INTEGER NOT NULL REFERENCES definitions (id),
    input TEXT NOT NULL,
    status TEXT NOT NULL,
    started REAL NOT NULL,
    trace TEXT NOT NULL,
    state BLOB NOT NULL
);
CREATE INDEX executions_running ON executions (id) WHERE status = 'RUNNING';
CREATE INDEX executions_by_machine ON executions (machine_arn, started);

-- History: the events of one step are one row, a JSON array that starts with event number `first`.
CREATE TABLE history (
    execution INTEGER NOT NULL,
    first INTEGER NOT NULL,
    events BLOB NOT NULL,
    PRIMARY KEY (execution, first)
) WITHOUT ROWID;

-- Deliveries: what a queue has accepted and not yet done.
CREATE TABLE deliveries (
    queue TEXT NOT NULL,
    id INTEGER NOT NULL,
    lane TEXT NOT NULL,
    item BLOB NOT NULL,
    trace TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    accepted REAL NOT NULL,
    due REAL,
    PRIMARY KEY (queue, id)
) WITHOUT ROWID;

-- Dead letters: events that a rule's target did not take, and why.
CREATE TABLE dead_letters (
    id INTEGER PRIMARY KEY,
    item BLOB NOT NULL
);

-- Connections open now; those that a killed process leaves behind are told goodbye at the next start.
CREATE TABLE connections (
    id TEXT PRIMARY KEY,
    attributes BLOB NOT NULL
) WITHOUT ROWID;

-- Tables: the catalogue. The items of table number N are in dynamodb_items_N, which is made with the table.
CREATE TABLE dynamodb_tables (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    definition BLOB NOT NULL
);

-- Logs: the events of one put are one row, a JSON array of [timestamp, message]; `first` and `last` are timestamps.
CREATE TABLE log_groups (
    name TEXT PRIMARY KEY,
    created INTEGER NOT NULL,
    retention INTEGER
) WITHOUT ROWID;
CREATE TABLE log_streams (
    log_group TEXT NOT NULL,
    name TEXT NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (log_group, name)
) WITHOUT ROWID;
CREATE TABLE log_events (
    log_group TEXT NOT NULL,
    log_stream TEXT NOT NULL,
    id INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    ingested INTEGER NOT NULL,
    events BLOB NOT NULL,
    PRIMARY KEY (log_group, log_stream, id)
) WITHOUT ROWID;
