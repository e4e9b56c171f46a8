-- Map runs: the children of distributed Map states, as a whole.
CREATE TABLE map_runs (
    arn TEXT PRIMARY KEY,
    state BLOB NOT NULL
) WITHOUT ROWID;
