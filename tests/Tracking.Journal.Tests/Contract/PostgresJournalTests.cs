using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Tracking.Testing;

namespace Tracking.Journal.Tests.Contract;

public sealed class PostgresJournalTests : JournalContract
{
    private string _database = "";

    public override async ValueTask InitializeAsync()
    {
        _database = await (await PrivatePostgres.OrSkipAsync(nameof(PostgresJournalTests))).CreateDatabaseAsync();
        await base.InitializeAsync();
    }

    protected override async ValueTask<JournalStore> OpenAsync(Action<StorageOptions> change) => await OpenDatabaseAsync(_database, change);

    private static Task<JournalStore> OpenDatabaseAsync(string database, Action<StorageOptions>? change = null)
    {
        var options = new StorageOptions { Postgres = database };
        change?.Invoke(options);
        return JournalFactory.OpenAsync(options, TimeProvider.System, NullLogger.Instance);
    }

    private async Task SqlAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(_database + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
