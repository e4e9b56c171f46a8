-- Queues: what they are.
CREATE TABLE sqs_queues (
    name TEXT PRIMARY KEY,
    queue BLOB NOT NULL
) WITHOUT ROWID;

-- Messages, in the order in which they were sent; a number is never given twice. Those of FIFO queues have lanes.
CREATE TABLE sqs_messages (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    queue TEXT NOT NULL,
    lane TEXT,
    sent REAL NOT NULL,
    visible REAL NOT NULL,
    received INTEGER NOT NULL,
    first_received REAL,
    last_received REAL,
    message BLOB NOT NULL
);
CREATE INDEX sqs_messages_by_queue ON sqs_messages (queue);
CREATE INDEX sqs_messages_by_time ON sqs_messages (queue, visible);
CREATE INDEX sqs_messages_by_lane ON sqs_messages (queue, lane) WHERE lane IS NOT NULL;

-- What FIFO queues have taken, so as not to take it twice; and what they gave to those who may ask again.
CREATE TABLE sqs_deduplications (
    queue TEXT NOT NULL,
    scope TEXT NOT NULL,
    id TEXT NOT NULL,
    until REAL NOT NULL,
    number INTEGER NOT NULL,
    message_id TEXT NOT NULL,
    PRIMARY KEY (queue, scope, id)
) WITHOUT ROWID;
CREATE INDEX sqs_deduplications_by_time ON sqs_deduplications (until);
CREATE TABLE sqs_attempts (
    queue TEXT NOT NULL,
    attempt TEXT NOT NULL,
    until REAL NOT NULL,
    messages BLOB NOT NULL,
    PRIMARY KEY (queue, attempt)
) WITHOUT ROWID;
