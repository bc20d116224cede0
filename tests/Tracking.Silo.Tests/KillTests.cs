using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Tracking.Testing;

namespace Tracking.Silo.Tests;

/// <summary>Real processes, <c>kill -9</c> in the middle of a stream: every acknowledged scan is there, once.</summary>
public sealed class KillTests
{
    private const int Scans = 10_000;

    [Fact]
    public async Task Every_acked_scan_survives_a_kill_and_a_resend_once_on_sqlite()
    {
        using var scratch = new Scratch();
        await KilledInTheMiddleAsync(scratch, []);
    }

    [Fact]
    public async Task Every_acked_scan_survives_a_kill_and_a_resend_once_on_postgresql()
    {
        var server = await PrivatePostgres.OrSkipAsync();
        using var scratch = new Scratch();
        await KilledInTheMiddleAsync(scratch, [$"--Storage:Postgres={await server.CreateDatabaseAsync()}"]);
    }

    private static async Task KilledInTheMiddleAsync(Scratch scratch, string[] settings)
    {
        var acked = new HashSet<string>();
        await using (var silo = await SiloProcess.StartAsync(scratch.Folder, settings))
        {
            // Killed as soon as a third of the answers has come: some are acked, some on their way, some not sent.
            await SendAsync(silo, acked, stopAfter: Scans / 3);
            await silo.KillAsync();
        }
        acked.Count.ShouldBeGreaterThanOrEqualTo(Scans / 3);
        acked.Count.ShouldBeLessThan(Scans, "the kill came too late to be one");

        await using (var silo = await SiloProcess.StartAsync(scratch.Folder, settings))
        {
            // "failed" says: not known to be stored, send again. A sender does.
            var again = new HashSet<string>();
            for (var tries = 0; again.Count < Scans && tries < 10; tries++) await SendAsync(silo, again, stopAfter: int.MaxValue);
            again.Count.ShouldBe(Scans);
            (await silo.StopAsync()).ShouldBe(0);
        }

        var (code, output) = await SiloProcess.RunAsync(scratch.Folder, ["export", .. settings]);
        code.ShouldBe(0, output);
        var stored = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement.GetProperty("eventId").GetString()!).ToList();
        stored.Count.ShouldBe(Scans);
        stored.Distinct().Count().ShouldBe(Scans);
        acked.Except(stored).ShouldBeEmpty();
    }

    // One NDJSON request; answers are read while it is still being sent.
    private static async Task SendAsync(SiloProcess silo, HashSet<string> acked, int stopAfter)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/scans") { Content = new StringContent(Body(), Encoding.UTF8, new MediaTypeHeaderValue("application/x-ndjson")) };
        using var answer = await silo.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        answer.EnsureSuccessStatusCode();
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        while (acked.Count < stopAfter && await reader.ReadLineAsync() is { } line)
        {
            using var result = JsonDocument.Parse(line);
            var outcome = result.RootElement.GetProperty("outcome").GetString();
            outcome.ShouldBeOneOf("accepted", "duplicate", "failed");
            if (outcome != "failed") acked.Add(EventId(result.RootElement.GetProperty("index").GetInt32()));
        }
    }

    private static string EventId(int index) => $"e-{index:00000}";

    private static string Body()
    {
        var lines = new StringBuilder();
        for (var i = 0; i < Scans; i++)
            lines.Append(CultureInfo.InvariantCulture, $$"""{"carrier":"ups","trackingNumber":"KILL{{i % 2_500:00000}}","status":"{{(i < 2_500 ? "ACCEPTED" : "IN_TRANSIT")}}","occurredAt":"2026-11-{{1 + i / 2_500:00}}T08:{{i % 60:00}}:00Z","eventId":"{{EventId(i)}}","text":"Scanned"}""").Append('\n');
        return lines.ToString();
    }
}
