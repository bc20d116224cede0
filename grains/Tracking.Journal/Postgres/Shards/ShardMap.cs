using Npgsql;

namespace Tracking.Journal.Postgres.Shards;

/// <summary>Where each partition lives, as the home database says, and the statements around it.</summary>
internal static class ShardMap
{
    public const string Home = "home";

    /// <summary>Shards by partition; what is not in it lives at home.</summary>
    public static async Task<Dictionary<int, string>> ReadAsync(NpgsqlConnection home, CancellationToken cancel)
    {
        var map = new Dictionary<int, string>();
        await using var command = new NpgsqlCommand("SELECT partition, shard FROM shard_map", home);
        await using var reader = await command.ExecuteReaderAsync(cancel);
        while (await reader.ReadAsync(cancel)) map.Add(reader.GetInt16(0), reader.GetString(1));
        return map;
    }

    /// <summary>Partitions that are being moved.</summary>
    public static async Task<HashSet<int>> MovingAsync(NpgsqlConnection home, CancellationToken cancel)
    {
        var moving = new HashSet<int>();
        await using var command = new NpgsqlCommand("SELECT partition FROM shard_moving", home);
        await using var reader = await command.ExecuteReaderAsync(cancel);
        while (await reader.ReadAsync(cancel)) moving.Add(reader.GetInt16(0));
        return moving;
    }

    public static async Task BeginMovingAsync(NpgsqlConnection home, IEnumerable<int> partitions, CancellationToken cancel)
    {
        await using var command = new NpgsqlCommand("INSERT INTO shard_moving (partition) SELECT p FROM unnest($1) AS p ON CONFLICT DO NOTHING", home) { Parameters = { new NpgsqlParameter { Value = partitions.Select(static p => (short)p).ToArray() } } };
        await command.ExecuteNonQueryAsync(cancel);
    }

    /// <summary>From the first placement on, code that knows no shards must not open the home database: it would miss what lives elsewhere.</summary>
    public static async Task PlaceAsync(NpgsqlConnection home, IEnumerable<int> partitions, string shard, CancellationToken cancel)
    {
        await using var transaction = await home.BeginTransactionAsync(cancel);
        await using var command = shard == Home
            ? new NpgsqlCommand("DELETE FROM shard_map WHERE partition = ANY ($1)", home, transaction)
            : new NpgsqlCommand("INSERT INTO shard_map (partition, shard) SELECT p, $2 FROM unnest($1) AS p ON CONFLICT (partition) DO UPDATE SET shard = excluded.shard, since = now()", home, transaction);
        command.Parameters.Add(new NpgsqlParameter { Value = partitions.Select(static p => (short)p).ToArray() });
        if (shard != Home) command.Parameters.Add(new NpgsqlParameter { Value = shard });
        await command.ExecuteNonQueryAsync(cancel);
        await using var moved = new NpgsqlCommand("DELETE FROM shard_moving WHERE partition = ANY ($1)", home, transaction) { Parameters = { new NpgsqlParameter { Value = partitions.Select(static p => (short)p).ToArray() } } };
        await moved.ExecuteNonQueryAsync(cancel);
        await using var newer = new NpgsqlCommand("UPDATE schema_version SET oldest_compatible_code = greatest(oldest_compatible_code, 2)", home, transaction);
        await newer.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
    }

    /// <summary>Makes sure that a database is the one it is taken for, and of this system; a fresh one becomes it.</summary>
    public static async Task IdentifyAsync(NpgsqlConnection connection, string name, string system, string place, bool readOnly, CancellationToken cancel)
    {
        string? known = null, home = null;
        await using (var command = new NpgsqlCommand("SELECT name, home FROM shard_identity LIMIT 1", connection))
        await using (var reader = await command.ExecuteReaderAsync(cancel))
        {
            if (await reader.ReadAsync(cancel)) (known, home) = (reader.GetString(0), reader.GetString(1));
        }
        var setting = name == Home ? "Storage:Postgres" : $"Storage:Shards:{name}:Postgres";
        if (known is not null && known != name) throw new StorageStartException($"{setting} names {place}, which is {Called(known)}; exchange the connection strings.");
        if (known is not null && name != Home && home != system) throw new StorageStartException($"{setting} names {place}, which is a shard of another system.");
        if (known is not null || readOnly) return;
        if (name != Home)
        {
            await using var rows = new NpgsqlCommand("SELECT EXISTS (SELECT FROM journal)", connection);
            if ((bool)(await rows.ExecuteScalarAsync(cancel))!) throw new StorageStartException($"{setting} names {place}, which holds shipments already and never was a shard; a new shard is an empty database.");
        }
        await using var become = new NpgsqlCommand("INSERT INTO shard_identity (name, home) SELECT $1, $2 WHERE NOT EXISTS (SELECT FROM shard_identity)", connection)
        {
            Parameters = { new NpgsqlParameter { Value = name }, new NpgsqlParameter { Value = system } },
        };
        await become.ExecuteNonQueryAsync(cancel);
    }

    /// <summary>What this system is called by its shards: drawn when the home database is first used as one, and kept whatever becomes of its epoch.</summary>
    public static async Task<string> SystemAsync(NpgsqlConnection home, string place, bool readOnly, CancellationToken cancel)
    {
        await using (var read = new NpgsqlCommand("SELECT home FROM shard_identity WHERE name = 'home'", home))
        {
            if (await read.ExecuteScalarAsync(cancel) is string known) return known;
        }
        await IdentifyAsync(home, Home, Guid.NewGuid().ToString("N"), place, readOnly, cancel);
        await using var again = new NpgsqlCommand("SELECT home FROM shard_identity WHERE name = 'home'", home);
        return (string?)await again.ExecuteScalarAsync(cancel) ?? "";
    }

    /// <summary>A database of a system with shards must not be opened as if it were all there is.</summary>
    public static async Task CheckAloneAsync(NpgsqlConnection connection, string place, CancellationToken cancel)
    {
        await using var command = new NpgsqlCommand("SELECT (SELECT name FROM shard_identity WHERE name <> 'home' LIMIT 1), (SELECT string_agg(DISTINCT shard, ', ') FROM shard_map)", connection);
        await using var reader = await command.ExecuteReaderAsync(cancel);
        await reader.ReadAsync(cancel);
        if (!reader.IsDBNull(0)) throw new StorageStartException($"{place} is {Called(reader.GetString(0))} and not a home database; set Storage:Postgres to that, and Storage:Shards.");
        if (!reader.IsDBNull(1)) throw new StorageStartException($"Partitions of {place} live on other databases ({reader.GetString(1)}), which Storage:Shards does not name.");
    }

    private static string Called(string name) => name == Home ? "the home database" : $"shard '{name}'";
}
