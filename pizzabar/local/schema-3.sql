-- What was made by API calls, beside the resources of the template: a document for each service.
CREATE TABLE kept (
    room TEXT PRIMARY KEY,
    document BLOB NOT NULL
) WITHOUT ROWID;
