using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Tracking.Silo.Tests.Faults;

/// <summary>R-17 through the door: a whole feed, told again to the silo that has it.</summary>
[Trait("Length", "long")]
public sealed class FeedAgainTests(ITestOutputHelper output)
{
    private const int Scans = 50_000, Parcels = 5_000;

    [Fact]
    public async Task R17_A_feed_of_fifty_thousand_scans_told_again_is_known_to_the_last_one_and_changes_nothing()
    {
        using var scratch = new Scratch();
        await using var silo = await SiloProcess.StartAsync(scratch.Folder);
        var body = Body();

        var (first, firstTook) = await TellAsync(silo, body);
        var before = await StandAsync(silo);
        var (again, againTook) = await TellAsync(silo, body);

        output.WriteLine($"first {firstTook.TotalSeconds:F1} s, again {againTook.TotalSeconds:F1} s (goal: no longer)");
        first.ShouldBe(new Dictionary<string, int> { ["accepted"] = Scans });
        again.ShouldBe(new Dictionary<string, int> { ["duplicate"] = Scans });
        (await StandAsync(silo)).ShouldBe(before);
        againTook.ShouldBeLessThan(firstTook * 10);
        (await silo.StopAsync()).ShouldBe(0, silo.Output);
        var stored = await Stored.EventsAsync(scratch.Folder);
        (stored.Count, stored.Distinct().Count()).ShouldBe((Scans, Scans));
    }

    private static async Task<(Dictionary<string, int>, TimeSpan)> TellAsync(SiloProcess silo, string body)
    {
        var began = Stopwatch.GetTimestamp();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/scans") { Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/x-ndjson")) };
        using var answer = await silo.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        answer.EnsureSuccessStatusCode();
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync());
        var outcomes = new Dictionary<string, int>();
        while (await lines.ReadLineAsync() is { } line)
        {
            using var result = JsonDocument.Parse(line);
            var outcome = result.RootElement.GetProperty("outcome").GetString()!;
            outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
        }
        return (outcomes, Stopwatch.GetElapsedTime(began));
    }

    // Versions, states and everything else that is told of some of them.
    private static async Task<string> StandAsync(SiloProcess silo)
    {
        var all = new StringBuilder();
        for (var parcel = 0; parcel < Parcels; parcel += 250) all.AppendLine(await silo.GetAsync("demo", string.Create(CultureInfo.InvariantCulture, $"/v1/shipments/ups/AGAIN{parcel:00000}")));
        all.Length.ShouldBeGreaterThan(5_000);
        return all.ToString();
    }

    private static string Body()
    {
        var lines = new StringBuilder();
        for (var i = 0; i < Scans; i++)
            lines.Append(CultureInfo.InvariantCulture, $$"""{"carrier":"ups","trackingNumber":"AGAIN{{i % Parcels:00000}}","status":"{{(i < Parcels ? "ACCEPTED" : "IN_TRANSIT")}}","occurredAt":"2026-11-{{1 + i / Parcels:00}}T08:{{i % 60:00}}:00Z","eventId":"a-{{i}}"}""").Append('\n');
        return lines.ToString();
    }
}
