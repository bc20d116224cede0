using System.Globalization;
using System.Runtime.CompilerServices;
using Npgsql;
using Tracking.Testing;

namespace Tracking.Journal.Tests.Contract;

/// <summary>
/// One database of the shared server, a schema for each test (a database each takes a second on a busy machine). Tests of this collection run one after the other: an open transaction anywhere on a server
/// holds every reader's horizon back.
/// </summary>
public static class SharedPostgres
{
    public const string Name = "The shared PostgreSQL";

    private static Lazy<Task<string>>? _database;
    private static int _schemas;

    public static async Task<string> NewSchemaAsync(string test, [CallerFilePath] string file = "")
    {
        var server = await PrivatePostgres.OrSkipAsync(test, file);
        var database = await LazyInitializer.EnsureInitialized(ref _database, () => new(server.CreateDatabaseAsync)).Value;
        var schema = string.Create(CultureInfo.InvariantCulture, $"test_{Interlocked.Increment(ref _schemas)}");
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"CREATE SCHEMA {schema}", connection);
        await command.ExecuteNonQueryAsync();
        return $"{database};Search Path={schema}";
    }
}
