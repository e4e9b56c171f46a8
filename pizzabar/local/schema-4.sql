-- What streams of tables have told, in the order of the changes; a number is never given twice.
CREATE TABLE dynamodb_stream_records (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    stream TEXT NOT NULL,
    told REAL NOT NULL,
    data BLOB NOT NULL
);
CREATE INDEX dynamodb_stream_records_by_stream ON dynamodb_stream_records (stream, sequence);

-- Streams that are closed, and can still be read; those that are open stand with their tables.
CREATE TABLE dynamodb_closed_streams (
    arn TEXT PRIMARY KEY,
    stream BLOB NOT NULL
) WITHOUT ROWID;

-- Tokens of transactions that were done, kept for as long as a client may send one again.
CREATE TABLE dynamodb_tokens (
    token TEXT PRIMARY KEY,
    digest BLOB NOT NULL,
    until REAL NOT NULL
) WITHOUT ROWID;
