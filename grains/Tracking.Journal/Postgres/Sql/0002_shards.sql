-- Several databases. In the home database: where partitions live that do not live at home. In every database of such a system: which one it is.
CREATE TABLE shard_map (
    partition smallint    NOT NULL PRIMARY KEY CHECK (partition BETWEEN 0 AND 255),
    shard     text        COLLATE "C" NOT NULL,
    since     timestamptz NOT NULL DEFAULT now()
);
-- Partitions under way to another database: nodes take nothing for them.
CREATE TABLE shard_moving (
    partition smallint    NOT NULL PRIMARY KEY CHECK (partition BETWEEN 0 AND 255),
    since     timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE shard_identity (
    name text        COLLATE "C" NOT NULL,
    home text        COLLATE "C" NOT NULL           -- the home database's epoch at the time: two systems must not share a shard
);
