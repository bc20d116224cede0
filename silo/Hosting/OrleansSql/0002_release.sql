-- Which major version the nodes of a cluster are of. A node of another one is refused while any is alive.
CREATE TABLE IF NOT EXISTS orleans_release (
    cluster_id text NOT NULL PRIMARY KEY,
    major      integer NOT NULL,
    since      timestamptz NOT NULL DEFAULT now()
);
