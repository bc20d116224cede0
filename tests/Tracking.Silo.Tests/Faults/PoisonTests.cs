using System.Globalization;
using System.Text;
using System.Text.Json;
using Npgsql;
using Tracking.Testing;

namespace Tracking.Silo.Tests.Faults;

/// <summary>R-15: what nobody can read, on its way in and in the store, stops nobody else, is counted exactly, and is used once it can be read.</summary>
public sealed class PoisonTests
{
    private const int Lines = 2_000, Killers = 2;

    [Fact]
    public async Task R15_One_line_in_a_hundred_malformed_is_quarantined_to_the_last_one_and_all_others_are_taken()
    {
        using var scratch = new Scratch();
        await using var silo = await SiloProcess.StartAsync(scratch.Folder);
        var body = new StringBuilder();
        for (var i = 0; i < Lines; i++)
        {
            var line = Line($"POISON{i % 500:0000}", i);
            body.Append(i % 100 == 37 ? line[..^25] : line).Append('\n');
        }

        using var answer = await silo.Client.PostAsync(new Uri("/v1/feeds/scan", UriKind.Relative), new StringContent(body.ToString(), Encoding.UTF8, "text/plain"));

        var said = await answer.Content.ReadAsStringAsync();
        answer.IsSuccessStatusCode.ShouldBeTrue(said);
        var outcomes = Outcomes(said);
        (outcomes.Count(static o => o == "quarantined"), outcomes.Count(static o => o == "accepted"), outcomes.Count).ShouldBe((Lines / 100, Lines - Lines / 100, Lines));
        await silo.UntilMetricAsync($"outcome=\"quarantined\"");
    }

    [Fact]
    public async Task R15_Parcels_whose_stored_rows_nobody_can_read_hold_up_nobody_and_are_served_once_the_rows_are_mended()
    {
        var server = await PrivatePostgres.OrSkipAsync();
        var database = await server.CreateDatabaseAsync();
        var storage = $"--Storage:Postgres={database}";
        using var scratch = new Scratch();
        var all = Enumerable.Range(0, 500).Select(static i => $"PARCEL{i:0000}").ToList();
        await using (var silo = await SiloProcess.StartAsync(scratch.Folder, storage))
        {
            (await PostAsync(silo, all, minute: 0)).ShouldAllBe(static outcome => outcome == "accepted");
            (await silo.StopAsync()).ShouldBe(0, silo.Output);
        }
        var killers = $"stream IN ({string.Join(", ", all.Take(Killers).Select(static number => $"'s/demo/ups/{number}'"))})";
        // As a release with a bug might have left them: nobody can read these rows any more.
        await SqlAsync(database, $"CREATE TABLE kept AS SELECT stream, version, open FROM journal WHERE {killers}", $"DELETE FROM heads WHERE {killers}", $"UPDATE journal SET open = '\\x7b227363' WHERE {killers}");

        await using (var silo = await SiloProcess.StartAsync(scratch.Folder, storage))
        {
            var outcomes = await PostAsync(silo, all, minute: 1);
            outcomes.Take(Killers).ShouldAllBe(static outcome => outcome == "failed");
            outcomes.Skip(Killers).ShouldAllBe(static outcome => outcome == "accepted");
            (await silo.GetAsync("demo", "/health/ready")).ShouldBe("ready\n");

            await SqlAsync(database, $"UPDATE journal SET open = kept.open FROM kept WHERE journal.stream = kept.stream AND journal.version = kept.version");
            (await PostAsync(silo, all, minute: 1)).Take(Killers).ShouldAllBe(static outcome => outcome == "accepted");
            foreach (var number in all.Take(Killers))
                (await silo.GetAsync("demo", $"/v1/shipments/ups/{number}/history")).ShouldContain("minute 0");
            (await silo.StopAsync()).ShouldBe(0, silo.Output);
        }
        (await Stored.EventsAsync(scratch.Folder, storage)).Count.ShouldBe(2 * all.Count);
    }

    private static string Line(string number, int minute) => string.Create(CultureInfo.InvariantCulture,
        $$"""{"carrier":"ups","trackingNumber":"{{number}}","status":"IN_TRANSIT","occurredAt":"{{new DateTime(2026, 11, 1, 8, 0, 0).AddMinutes(minute):s}}Z","text":"minute {{minute}}","eventId":"{{number}}-{{minute}}"}""");

    private static async Task<List<string?>> PostAsync(SiloProcess silo, List<string> numbers, int minute)
    {
        using var answer = await silo.Client.PostAsync(new Uri("/v1/scans", UriKind.Relative), new StringContent($"[{string.Join(',', numbers.Select(number => Line(number, minute)))}]", Encoding.UTF8, "application/json"));
        var said = await answer.Content.ReadAsStringAsync();
        answer.IsSuccessStatusCode.ShouldBeTrue(said);
        return Outcomes(said);
    }

    private static List<string?> Outcomes(string said)
    {
        using var results = JsonDocument.Parse(said);
        return [.. results.RootElement.GetProperty("results").EnumerateArray().Select(static r => r.GetProperty("outcome").GetString())];
    }

    private static async Task SqlAsync(string database, params string[] statements)
    {
        await using var connection = new NpgsqlConnection(database + ";Pooling=false");
        await connection.OpenAsync();
        foreach (var statement in statements)
        {
            await using var command = new NpgsqlCommand(statement, connection);
            await command.ExecuteNonQueryAsync();
        }
    }
}
