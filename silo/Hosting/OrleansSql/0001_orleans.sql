-- What Orleans keeps in PostgreSQL: who is in the cluster, reminders, and the state of rarely written grains. The tables are ours; Orleans finds its statements by name
-- in OrleansQuery and passes parameters by name. Every statement is one round trip and one transaction. Nothing here is ever dropped or narrowed: older nodes go on.

-- ------------------------------------------------------------------ the cluster
-- One row per cluster. Its version orders all changes of membership: whoever changes a node must have seen the newest one.
CREATE TABLE IF NOT EXISTS orleans_cluster (
    cluster_id text NOT NULL PRIMARY KEY,
    version    integer NOT NULL DEFAULT 0,
    changed_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS orleans_node (
    cluster_id   text NOT NULL REFERENCES orleans_cluster,
    address      text NOT NULL,
    port         integer NOT NULL,
    generation   integer NOT NULL,
    name         text NOT NULL,
    host         text NOT NULL,
    status       integer NOT NULL,
    gateway_port integer NOT NULL,
    suspected    text,
    started_at   timestamptz NOT NULL,
    alive_at     timestamptz NOT NULL,
    PRIMARY KEY (cluster_id, address, port, generation)
) WITH (fillfactor = 50);

-- ------------------------------------------------------------------ reminders
CREATE TABLE IF NOT EXISTS orleans_reminder (
    service_id text NOT NULL,
    grain_id   text NOT NULL,
    name       text NOT NULL,
    grain_hash integer NOT NULL,
    start_at   timestamptz NOT NULL,
    period_ms  bigint NOT NULL,
    version    integer NOT NULL DEFAULT 0,
    PRIMARY KEY (service_id, grain_id, name)
);
CREATE INDEX IF NOT EXISTS orleans_reminder_by_hash ON orleans_reminder (service_id, grain_hash);

-- ------------------------------------------------------------------ state of grains
-- A key without a text part is another key than one with an empty text; as two columns both stand in the primary key, so of two first writes one wins.
-- The hashes Orleans offers are not kept: the key is found whole.
CREATE TABLE IF NOT EXISTS orleans_state (
    service_id text NOT NULL,
    grain_type text NOT NULL,
    key_high   bigint NOT NULL,
    key_low    bigint NOT NULL,
    has_text   boolean NOT NULL,
    key_text   text NOT NULL,
    version    integer NOT NULL,
    payload    bytea,
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (service_id, grain_type, key_high, key_low, has_text, key_text)
);

CREATE TABLE IF NOT EXISTS OrleansQuery (
    QueryKey  text NOT NULL PRIMARY KEY,
    QueryText text NOT NULL
);

INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES

-- ------------------------------------------------------------------ the cluster: statements
('InsertMembershipVersionKey', $q$
    WITH made AS (
        INSERT INTO orleans_cluster (cluster_id) VALUES (@DeploymentId)
        ON CONFLICT (cluster_id) DO NOTHING
        RETURNING cluster_id
    )
    SELECT EXISTS (SELECT FROM made)
$q$),

-- The version's row is taken first: of two nodes that saw the same version the second finds it changed and does nothing.
('InsertMembershipKey', $q$
    WITH turn AS (
        UPDATE orleans_cluster SET version = version + 1, changed_at = now()
        WHERE cluster_id = @DeploymentId AND version = @Version
          AND NOT EXISTS (SELECT FROM orleans_node WHERE cluster_id = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation)
        RETURNING cluster_id
    ), joined AS (
        INSERT INTO orleans_node (cluster_id, address, port, generation, name, host, status, gateway_port, started_at, alive_at)
        SELECT cluster_id, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime FROM turn
        RETURNING cluster_id
    )
    SELECT EXISTS (SELECT FROM joined)
$q$),

('UpdateMembershipKey', $q$
    WITH turn AS (
        UPDATE orleans_cluster SET version = version + 1, changed_at = now()
        WHERE cluster_id = @DeploymentId AND version = @Version
          AND EXISTS (SELECT FROM orleans_node WHERE cluster_id = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation)
        RETURNING cluster_id
    ), changed AS (
        UPDATE orleans_node node SET status = @Status, suspected = @SuspectTimes, alive_at = @IAmAliveTime
        FROM turn
        WHERE node.cluster_id = turn.cluster_id AND node.address = @Address AND node.port = @Port AND node.generation = @Generation
        RETURNING node.cluster_id
    )
    SELECT EXISTS (SELECT FROM changed)
$q$),

('UpdateIAmAlivetimeKey', $q$
    UPDATE orleans_node SET alive_at = @IAmAliveTime
    WHERE cluster_id = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation
$q$),

-- The reads answer a row with the version even when there is no node; its StartTime is then null.
('MembershipReadRowKey', $q$
    SELECT node.address AS Address, node.port AS Port, node.generation AS Generation, node.name AS SiloName, node.host AS HostName, node.status AS Status,
           node.gateway_port AS ProxyPort, node.suspected AS SuspectTimes, node.started_at AS StartTime, node.alive_at AS IAmAliveTime, cluster.version AS Version
    FROM orleans_cluster cluster
    LEFT JOIN orleans_node node ON node.cluster_id = cluster.cluster_id AND node.address = @Address AND node.port = @Port AND node.generation = @Generation
    WHERE cluster.cluster_id = @DeploymentId
$q$),

('MembershipReadAllKey', $q$
    SELECT node.address AS Address, node.port AS Port, node.generation AS Generation, node.name AS SiloName, node.host AS HostName, node.status AS Status,
           node.gateway_port AS ProxyPort, node.suspected AS SuspectTimes, node.started_at AS StartTime, node.alive_at AS IAmAliveTime, cluster.version AS Version
    FROM orleans_cluster cluster
    LEFT JOIN orleans_node node ON node.cluster_id = cluster.cluster_id
    WHERE cluster.cluster_id = @DeploymentId
$q$),

('GatewaysQueryKey', $q$
    SELECT address AS Address, gateway_port AS ProxyPort, generation AS Generation
    FROM orleans_node
    WHERE cluster_id = @DeploymentId AND status = @Status AND gateway_port > 0
$q$),

('DeleteMembershipTableEntriesKey', $q$
    WITH gone AS (DELETE FROM orleans_node WHERE cluster_id = @DeploymentId)
    UPDATE orleans_cluster SET version = version + 1, changed_at = now() WHERE cluster_id = @DeploymentId
$q$),

-- 3 is Active: a node that others still count on stays, however long it was silent.
('CleanupDefunctSiloEntriesKey', $q$
    DELETE FROM orleans_node WHERE cluster_id = @DeploymentId AND alive_at < @IAmAliveTime AND status <> 3
$q$),

-- ------------------------------------------------------------------ reminders: statements
('UpsertReminderRowKey', $q$
    INSERT INTO orleans_reminder AS known (service_id, grain_id, name, grain_hash, start_at, period_ms)
    VALUES (@ServiceId, @GrainId, @ReminderName, @GrainHash, @StartTime, @Period)
    ON CONFLICT (service_id, grain_id, name)
    DO UPDATE SET start_at = excluded.start_at, period_ms = excluded.period_ms, grain_hash = excluded.grain_hash, version = known.version + 1
    RETURNING version AS Version
$q$),

('ReadReminderRowsKey', $q$
    SELECT grain_id AS GrainId, name AS ReminderName, start_at AS StartTime, period_ms AS Period, version AS Version
    FROM orleans_reminder
    WHERE service_id = @ServiceId AND grain_id = @GrainId
$q$),

('ReadReminderRowKey', $q$
    SELECT grain_id AS GrainId, name AS ReminderName, start_at AS StartTime, period_ms AS Period, version AS Version
    FROM orleans_reminder
    WHERE service_id = @ServiceId AND grain_id = @GrainId AND name = @ReminderName
$q$),

-- A node's share of the ring of hashes: open at its begin, closed at its end.
('ReadRangeRows1Key', $q$
    SELECT grain_id AS GrainId, name AS ReminderName, start_at AS StartTime, period_ms AS Period, version AS Version
    FROM orleans_reminder
    WHERE service_id = @ServiceId AND grain_hash > @BeginHash AND grain_hash <= @EndHash
$q$),

-- The share that runs over the ring's end; begin and end equal are the whole ring.
('ReadRangeRows2Key', $q$
    SELECT grain_id AS GrainId, name AS ReminderName, start_at AS StartTime, period_ms AS Period, version AS Version
    FROM orleans_reminder
    WHERE service_id = @ServiceId AND (grain_hash > @BeginHash OR grain_hash <= @EndHash)
$q$),

('DeleteReminderRowKey', $q$
    WITH gone AS (
        DELETE FROM orleans_reminder
        WHERE service_id = @ServiceId AND grain_id = @GrainId AND name = @ReminderName AND version = @Version
        RETURNING name
    )
    SELECT EXISTS (SELECT FROM gone)
$q$),

('DeleteReminderRowsKey', $q$
    DELETE FROM orleans_reminder WHERE service_id = @ServiceId
$q$),

-- ------------------------------------------------------------------ state of grains: statements
('ReadFromStorageKey', $q$
    SELECT payload AS PayloadBinary, version AS Version
    FROM orleans_state
    WHERE service_id = @ServiceId AND grain_type = @GrainTypeString AND key_high = @GrainIdN0 AND key_low = @GrainIdN1
      AND has_text = (CAST(@GrainIdExtensionString AS text) IS NOT NULL) AND key_text = coalesce(@GrainIdExtensionString, '')
$q$),

-- Without a version: the first write, which only one may win. With one: only over that version. Whoever loses is answered the version it brought.
('WriteToStorageKey', $q$
    WITH first_write AS (
        INSERT INTO orleans_state (service_id, grain_type, key_high, key_low, has_text, key_text, version, payload)
        SELECT @ServiceId, @GrainTypeString, @GrainIdN0, @GrainIdN1, CAST(@GrainIdExtensionString AS text) IS NOT NULL, coalesce(@GrainIdExtensionString, ''), 1, @PayloadBinary
        WHERE CAST(@GrainStateVersion AS integer) IS NULL
        ON CONFLICT DO NOTHING
        RETURNING version
    ), next_write AS (
        UPDATE orleans_state SET version = version + 1, payload = @PayloadBinary, changed_at = now()
        WHERE service_id = @ServiceId AND grain_type = @GrainTypeString AND key_high = @GrainIdN0 AND key_low = @GrainIdN1
          AND has_text = (CAST(@GrainIdExtensionString AS text) IS NOT NULL) AND key_text = coalesce(@GrainIdExtensionString, '')
          AND version = CAST(@GrainStateVersion AS integer)
        RETURNING version
    )
    SELECT coalesce((SELECT version FROM first_write), (SELECT version FROM next_write), CAST(@GrainStateVersion AS integer)) AS NewGrainStateVersion
$q$),

('ClearStorageKey', $q$
    UPDATE orleans_state SET version = version + 1, payload = NULL, changed_at = now()
    WHERE service_id = @ServiceId AND grain_type = @GrainTypeString AND key_high = @GrainIdN0 AND key_low = @GrainIdN1
      AND has_text = (CAST(@GrainIdExtensionString AS text) IS NOT NULL) AND key_text = coalesce(@GrainIdExtensionString, '')
      AND version = CAST(@GrainStateVersion AS integer)
    RETURNING version AS NewGrainStateVersion
$q$),

('DeleteStorageKey', $q$
    DELETE FROM orleans_state
    WHERE service_id = @ServiceId AND grain_type = @GrainTypeString AND key_high = @GrainIdN0 AND key_low = @GrainIdN1
      AND has_text = (CAST(@GrainIdExtensionString AS text) IS NOT NULL) AND key_text = coalesce(@GrainIdExtensionString, '')
      AND version = CAST(@GrainStateVersion AS integer)
    RETURNING version + 1 AS NewGrainStateVersion
$q$)

ON CONFLICT (QueryKey) DO UPDATE SET QueryText = excluded.QueryText;
