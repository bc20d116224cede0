using System.Net.Sockets;
using Npgsql;

namespace Tracking.Journal.Postgres;

/// <summary>The server as we connect to it: one pool for short calls, and connections of their own for loops.</summary>
internal sealed class PostgresServer : IAsyncDisposable
{
    private readonly NpgsqlDataSource _own;

    private PostgresServer(NpgsqlDataSource pool, NpgsqlDataSource own, string place)
    {
        Pool = pool;
        _own = own;
        Place = place;
    }

    /// <summary>For calls that come and go.</summary>
    public NpgsqlDataSource Pool { get; }

    /// <summary>Host and database, without credentials.</summary>
    public string Place { get; }

    /// <param name="settings">Session settings, as SQL, for every connection; null while the server is still being looked at.</param>
    public static PostgresServer At(string connectionString, string? settings)
    {
        NpgsqlConnectionStringBuilder asked;
        try
        {
            asked = new NpgsqlConnectionStringBuilder(connectionString);
        }
        catch (Exception wrong) when (wrong is ArgumentException or FormatException or KeyNotFoundException)
        {
            throw new StorageStartException($"Storage:Postgres is not a connection string: {wrong.Message}", wrong);
        }
        if (string.IsNullOrWhiteSpace(asked.Host)) throw new StorageStartException("Storage:Postgres names no Host.");

        asked.ApplicationName ??= "tracking";
        asked.NoResetOnClose = true;        // our session settings must survive the pool
        asked.Enlist = false;
        asked.CancellationTimeout = -1;     // a server that does not answer will not answer a cancel either
        asked.IncludeErrorDetail = false;   // details quote rows
        asked.KeepAlive = 0;
        asked.TcpKeepAlive = true;
        if (!connectionString.Contains("Timeout", StringComparison.OrdinalIgnoreCase)) asked.Timeout = 5;

        var pooled = new NpgsqlConnectionStringBuilder(asked.ConnectionString) { MaxAutoPrepare = 60, AutoPrepareMinUsages = 2 };
        if (!connectionString.Contains("Max", StringComparison.OrdinalIgnoreCase)) pooled.MaxPoolSize = 16;
        var own = new NpgsqlConnectionStringBuilder(asked.ConnectionString) { Pooling = false, CommandTimeout = 60 };
        return new(Source(pooled), Source(own), $"{asked.Host}{(asked.Port == 5432 ? "" : $":{asked.Port}")}/{asked.Database ?? asked.Username}");

        NpgsqlDataSource Source(NpgsqlConnectionStringBuilder connection)
        {
            var builder = new NpgsqlDataSourceBuilder(connection.ConnectionString);
            if (settings is not null)
            {
                builder.UsePhysicalConnectionInitializer(
                    opened =>
                    {
                        using var command = new NpgsqlCommand(settings, opened);
                        command.ExecuteNonQuery();
                    },
                    async opened =>
                    {
                        await using var command = new NpgsqlCommand(settings, opened);
                        await command.ExecuteNonQueryAsync();
                    });
            }
            return builder.Build();
        }
    }

    /// <summary>A connection that no pool knows, for a loop that keeps it.</summary>
    public async Task<NpgsqlConnection> OpenOwnAsync(CancellationToken cancel = default) => await _own.OpenConnectionAsync(cancel);

    public async ValueTask DisposeAsync()
    {
        await Pool.DisposeAsync();
        await _own.DisposeAsync();
    }
}
