-- Log events by number, whatever stream they belong to: what is put is behind what was put before, on the same page, and
-- a page is full before there is another. The streams have numbers, for the index is on the way of each put too.
CREATE TABLE log_streams_by_number (
    number INTEGER PRIMARY KEY,
    log_group TEXT NOT NULL,
    name TEXT NOT NULL,
    created INTEGER NOT NULL,
    UNIQUE (log_group, name)
);
CREATE TABLE log_events_by_number (
    id INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    ingested INTEGER NOT NULL,
    events BLOB NOT NULL
);
INSERT INTO log_streams_by_number (log_group, name, created) SELECT log_group, name, created FROM log_streams;
INSERT INTO log_events_by_number (id, stream, first, last, ingested, events)
    SELECT id, number, first, last, ingested, events
    FROM log_events JOIN log_streams_by_number AS streams
        ON streams.log_group = log_events.log_group AND streams.name = log_events.log_stream
    ORDER BY id;
DROP TABLE log_events;
DROP TABLE log_streams;
ALTER TABLE log_streams_by_number RENAME TO log_streams;
ALTER TABLE log_events_by_number RENAME TO log_events;
-- Which rows have a stream's events of a time is told without looking at the rows.
CREATE INDEX log_events_by_stream ON log_events (stream, first, last, ingested);
