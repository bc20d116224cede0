-- The journal: one row per append. The id is commit order, because one writer commits and AUTOINCREMENT never goes back.
CREATE TABLE journal (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    partition   INTEGER NOT NULL,
    stream      TEXT    NOT NULL,
    version     INTEGER NOT NULL CHECK (version > 0),
    recorded_at INTEGER NOT NULL,               -- microseconds since 1970, UTC
    marked      INTEGER NOT NULL,
    open        BLOB    NOT NULL,
    sealed      BLOB                            -- AES-GCM, see PersonalSeal.cs
);
CREATE UNIQUE INDEX journal_stream ON journal (stream, version);
CREATE INDEX journal_partition ON journal (partition, id);
CREATE INDEX journal_marked ON journal (partition, id) WHERE marked = 1;

-- Keys of the sealed parts. Deleting the row is the erasure.
CREATE TABLE stream_keys (
    stream  TEXT    NOT NULL,
    key_id  INTEGER NOT NULL,
    secret  BLOB    NOT NULL,
    PRIMARY KEY (stream, key_id)
) WITHOUT ROWID;

-- What was erased and when: to repeat the erasures after an older backup is restored.
CREATE TABLE erasures (
    stream    TEXT    NOT NULL,
    erased_at INTEGER NOT NULL,
    PRIMARY KEY (stream, erased_at)
) WITHOUT ROWID;

CREATE TABLE heads (
    stream      TEXT    PRIMARY KEY,
    partition   INTEGER NOT NULL,
    kind        TEXT    NOT NULL,
    retailer    TEXT    NOT NULL,
    version     INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    status      INTEGER NOT NULL,
    flags       INTEGER NOT NULL,
    due_at      INTEGER,
    snapshot    BLOB    NOT NULL,
    summary     BLOB    NOT NULL
) WITHOUT ROWID;
CREATE INDEX heads_due ON heads (partition, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX heads_list ON heads (kind, retailer, recorded_at);

CREATE TABLE links (
    token_hash BLOB    PRIMARY KEY,
    stream     TEXT    NOT NULL,
    audience   TEXT    NOT NULL,
    generation INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE cursors (
    reader       TEXT    NOT NULL,
    partition    INTEGER NOT NULL,
    epoch        INTEGER NOT NULL,
    at_transaction INTEGER NOT NULL,
    at_row       INTEGER NOT NULL,
    recorded_at  INTEGER NOT NULL,
    revision     INTEGER NOT NULL,
    state        BLOB    NOT NULL,
    PRIMARY KEY (reader, partition)
) WITHOUT ROWID;

CREATE TABLE quarantine (
    retailer    TEXT    NOT NULL,
    id          TEXT    NOT NULL,
    format      TEXT    NOT NULL,
    feed        TEXT,
    received_at INTEGER NOT NULL,
    code        TEXT    NOT NULL,
    detail      TEXT    NOT NULL,
    pointer     TEXT    NOT NULL,
    body        BLOB    NOT NULL,               -- sealed with the key of stream q/{retailer}/{id}
    replayed_at INTEGER,
    PRIMARY KEY (retailer, id)
);
CREATE INDEX quarantine_list ON quarantine (retailer, received_at);

CREATE TABLE grain_state (
    type TEXT    NOT NULL,
    key  TEXT    NOT NULL,
    etag INTEGER NOT NULL,
    data BLOB    NOT NULL,
    PRIMARY KEY (type, key)
) WITHOUT ROWID;

CREATE TABLE reminders (
    grain    TEXT    NOT NULL,
    name     TEXT    NOT NULL,
    start_at INTEGER NOT NULL,
    period   INTEGER NOT NULL,                  -- microseconds
    etag     INTEGER NOT NULL,
    PRIMARY KEY (grain, name)
) WITHOUT ROWID;

-- Positions mean something within one epoch only; a restore draws a new one.
CREATE TABLE database_epoch (
    epoch INTEGER NOT NULL,
    since INTEGER NOT NULL
);
