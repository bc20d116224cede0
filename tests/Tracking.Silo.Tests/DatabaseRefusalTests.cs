using Npgsql;
using Tracking.Testing;

namespace Tracking.Silo.Tests;

/// <summary>A database that would make the silo do harm is refused in one line that says what to do.</summary>
public sealed class DatabaseRefusalTests
{
    // The server's own look at the time, two minutes on: what a machine sees whose clock stands still.
    private const string TwoMinutesAhead = """
        CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS 'SELECT pg_catalog.clock_timestamp() + interval ''2 minutes''';
        DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database()); END $$
        """;

    [Theory]
    [InlineData(TwoMinutesAhead, "This machine's clock is 1", "behind the database's")]
    [InlineData("CREATE TABLE journal (entry text)", "already exists", "cannot be used")]
    [InlineData("CREATE TABLE schema_version (version integer, oldest_compatible_code integer); INSERT INTO schema_version VALUES (9, 9)", "asks for schema version 9", "Start the newer release")]
    public async Task A_database_that_is_not_ours_or_not_of_our_time_is_refused_in_one_line(string made, string says, string and)
    {
        var database = await (await PrivatePostgres.OrSkipAsync()).CreateDatabaseAsync();
        await RunAsync(database, made);
        using var scratch = new Scratch();

        var (code, output) = await SiloProcess.RunAsync(scratch.Folder, $"--Storage:Postgres={database}", $"--Urls=http://127.0.0.1:{SiloProcess.FreePort()}");

        code.ShouldNotBe(0, output);
        output.Trim().Split('\n').Length.ShouldBe(1, output);
        output.ShouldContain(says);
        output.ShouldContain(and);
    }

    [Fact]
    public async Task Check_finds_a_wrong_clock_a_misspelt_setting_and_a_bad_one_in_one_go_and_changes_nothing()
    {
        var database = await (await PrivatePostgres.OrSkipAsync()).CreateDatabaseAsync();
        await RunAsync(database, TwoMinutesAhead);
        using var scratch = new Scratch();

        var (code, output) = await SiloProcess.RunAsync(scratch.Folder, "check", $"--Storage:Postgres={database}", "--Ingest:MaxArayItems=5", "--Live:Watchers=0", "--Telemetry:ExpectedNodes=0", "--Security:LinkKey=short");

        code.ShouldBe(1, output);
        foreach (var says in (string[])["behind the database's", "did you mean Ingest:MaxArrayItems?", "Live: ", "Telemetry: ", "Security:LinkKey", "its tables will be made at the first start"]) output.ShouldContain(says);
        (await RunAsync(database, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")).ShouldBe(0L);
    }

    [Fact]
    public async Task Health_says_whether_the_silo_here_is_ready()
    {
        using var scratch = new Scratch();
        await using var silo = await SiloProcess.StartAsync(scratch.At("a"));

        (await SiloProcess.RunAsync(scratch.At("b"), "health", $"--Urls=http://0.0.0.0:{silo.Address.Port}")).ShouldBe((0, $"ready{Environment.NewLine}"));
        var (code, output) = await SiloProcess.RunAsync(scratch.At("b"), "health", $"--Urls=http://127.0.0.1:{SiloProcess.FreePort()}");
        (code, output.Contains("does not answer", StringComparison.Ordinal)).ShouldBe((1, true), output);
    }

    private static async Task<object?> RunAsync(string database, string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(database) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}
