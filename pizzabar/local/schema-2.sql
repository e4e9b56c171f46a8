-- History by number: an execution's row number times 32,768, and the number of the first event of a step. A table by
-- row number keeps what one step tells on one page.
CREATE TABLE history_by_number (
    id INTEGER PRIMARY KEY,
    events BLOB NOT NULL
);
INSERT INTO history_by_number (id, events) SELECT execution * 32768 + first, events FROM history;
DROP TABLE history;
ALTER TABLE history_by_number RENAME TO history;
