-- The journal: one row per append. Wide columns last, fixed ones by size, so that a row carries no padding. Names compare as bytes: "C" is a third cheaper than a locale and never changes
-- with the operating system's.
CREATE TABLE journal (
    id          bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    xid         xid8        NOT NULL DEFAULT pg_current_xact_id(),
    recorded_at timestamptz NOT NULL,
    version     integer     NOT NULL CHECK (version > 0),
    partition   smallint    NOT NULL CHECK (partition BETWEEN 0 AND 255),
    marked      boolean     NOT NULL,
    stream      text        COLLATE "C" NOT NULL,
    open        bytea       NOT NULL,
    sealed      bytea,                              -- AES-GCM, see PersonalSeal.cs
    PRIMARY KEY (partition, stream, version)        -- the fence
);
ALTER TABLE journal ALTER COLUMN sealed SET STORAGE EXTERNAL;   -- ciphertext does not compress; do not try
-- Only rows with a reaction pay for their reader's index.
CREATE INDEX journal_marked ON journal (partition, xid, id) WHERE marked;
-- Finds "everything since" for the search for lost heads at the price of nothing per row; a btree over all rows made inserts a quarter dearer (README.md).
CREATE INDEX journal_recent ON journal USING brin (id) WITH (pages_per_range = 32, autosummarize = on);

-- Where the row ids stood when a transaction number was next: rows of that transaction or later have greater ids.
CREATE TABLE journal_marks (
    next_xid xid8        NOT NULL PRIMARY KEY,
    id       bigint      NOT NULL,
    at       timestamptz NOT NULL
);

-- Keys of the sealed parts. Deleting the row is the erasure.
CREATE TABLE stream_keys (
    key_id    bigint   NOT NULL,
    partition smallint NOT NULL,
    stream    text     COLLATE "C" NOT NULL,
    secret    bytea    NOT NULL,
    PRIMARY KEY (partition, stream, key_id)
);

-- What was erased and when: to repeat the erasures after an older backup is restored.
CREATE TABLE erasures (
    stream    text        COLLATE "C" NOT NULL,
    erased_at timestamptz NOT NULL,
    PRIMARY KEY (stream, erased_at)
);

CREATE TABLE heads (
    recorded_at timestamptz NOT NULL,
    due_at      timestamptz,
    version     integer     NOT NULL,
    flags       integer     NOT NULL,
    partition   smallint    NOT NULL,
    status      smallint    NOT NULL,
    kind        text        COLLATE "C" NOT NULL,
    retailer    text        COLLATE "C" NOT NULL,
    stream      text        COLLATE "C" NOT NULL,
    snapshot    bytea       NOT NULL,
    summary     bytea       NOT NULL,
    PRIMARY KEY (partition, stream)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
CREATE INDEX heads_due ON heads (partition, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX heads_list ON heads (kind, retailer, recorded_at);

CREATE TABLE links (
    generation integer NOT NULL,
    token_hash bytea   NOT NULL PRIMARY KEY,
    stream     text    COLLATE "C" NOT NULL,
    audience   text    COLLATE "C" NOT NULL
);

CREATE TABLE cursors (
    reader         text        COLLATE "C" NOT NULL,
    partition      smallint    NOT NULL,
    epoch          bigint      NOT NULL,
    at_transaction bigint      NOT NULL,
    at_row         bigint      NOT NULL,
    recorded_at    timestamptz NOT NULL,
    revision       bigint      NOT NULL,
    state          bytea       NOT NULL,
    PRIMARY KEY (reader, partition)
) WITH (fillfactor = 50);   -- rewritten every few seconds: room for it to stay on its page

CREATE TABLE quarantine (
    received_at timestamptz NOT NULL,
    replayed_at timestamptz,
    retailer    text        COLLATE "C" NOT NULL,
    id          text        COLLATE "C" NOT NULL,
    format      text        NOT NULL,
    feed        text,
    code        text        NOT NULL,
    detail      text        NOT NULL,
    pointer     text        NOT NULL,
    body        bytea       NOT NULL,               -- sealed with the key of stream q/{retailer}/{id}
    PRIMARY KEY (retailer, id)
);
ALTER TABLE quarantine ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE INDEX quarantine_list ON quarantine (retailer, received_at);

CREATE TABLE grain_state (
    type text   COLLATE "C" NOT NULL,
    key  text   COLLATE "C" NOT NULL,
    etag bigint NOT NULL,
    data bytea  NOT NULL,
    PRIMARY KEY (type, key)
);

CREATE TABLE reminders (
    grain    text        COLLATE "C" NOT NULL,
    name     text        COLLATE "C" NOT NULL,
    start_at timestamptz NOT NULL,
    period   interval    NOT NULL,
    etag     bigint      NOT NULL,
    PRIMARY KEY (grain, name)
);

-- Positions mean something within one life of a database only. A server that is not the one of the last start (restore, move, promotion) begins a new one.
CREATE TABLE database_epoch (
    epoch             bigint      NOT NULL,
    since             timestamptz NOT NULL,
    system_identifier bigint      NOT NULL,
    timeline          integer     NOT NULL
);
