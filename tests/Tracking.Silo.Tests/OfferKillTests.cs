using System.Net;
using System.Text.Json;
using Tracking.Testing;

namespace Tracking.Silo.Tests;

/// <summary>One offer, fifty people at the button at once, and a <c>kill -9</c> in the middle: one acceptance, one code, spent once.</summary>
public sealed class OfferKillTests
{
    private const int AtOnce = 50;

    [Fact]
    public async Task Fifty_accepts_at_once_and_a_kill_leave_one_acceptance_and_one_code_on_sqlite()
    {
        using var scratch = new Scratch();
        await AcceptedOnceAsync(scratch, [], killAfter: [1]);
    }

    [Fact]
    public async Task Fifty_accepts_at_once_and_a_kill_leave_one_acceptance_and_one_code_on_postgresql()
    {
        var server = await PrivatePostgres.OrSkipAsync();
        using var scratch = new Scratch();
        await AcceptedOnceAsync(scratch, [$"--Storage:Postgres={await server.CreateDatabaseAsync()}"], killAfter: [0]);
    }

    private static async Task AcceptedOnceAsync(Scratch scratch, string[] settings, int[] killAfter)
    {
        Shop.Publish(scratch);
        settings = [.. settings, .. Shop.Quick];
        for (var round = 0; round < killAfter.Length; round++)
        {
            var (order, number) = ($"K-{round}", $"1ZKILL{round:0000}");
            string offer;
            List<(bool First, string Code)> answers;
            await using (var silo = await SiloProcess.StartAsync(scratch.Folder, settings))
            {
                offer = await Shop.DelayedAsync(silo, order, number);
                // Killed while they are on their way, or as soon as the first was answered.
                var asked = Enumerable.Range(0, AtOnce).Select(_ => AcceptAsync(silo, offer)).ToList();
                while (asked.Count(static a => a.IsCompleted) < killAfter[round]) await Task.WhenAny(asked.Where(static a => !a.IsCompleted));
                await silo.KillAsync();
                answers = Answered(await Task.WhenAll(asked));
            }
            await using (var silo = await SiloProcess.StartAsync(scratch.Folder, settings))
            {
                var again = Answered(await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => AcceptAsync(silo, offer))));
                again.Count.ShouldBe(AtOnce, silo.Output);
                answers.AddRange(again);
                answers.Select(static a => a.Code).Distinct().ShouldHaveSingleItem().ShouldStartWith("SORRY-");
                answers.Count(static a => a.First).ShouldBeLessThanOrEqualTo(1);   // none, if the one that was first never heard of it
                (await Shop.CountAsync(silo, order, "offer-accepted")).ShouldBe(1);
                using (var other = await Shop.PostAsync(silo.Client, $"/v1/offers/{offer}/accept", """{"remedy":"free-shipping"}""")) other.StatusCode.ShouldBe(HttpStatusCode.Conflict);

                // What follows from it happened once too: one letter with the code, and one line in the report of what recoveries cost.
                await silo.UntilAsync("demo", "/v1/reports/recovery", body => Accepted(body) > round && Letters(scratch, "offer-accepted") > round);
                (Accepted(await silo.GetAsync("demo", "/v1/reports/recovery")), Letters(scratch, "offer-accepted")).ShouldBe((round + 1, round + 1));
                Letters(scratch, "offer").ShouldBe(round + 1);
            }
        }
    }

    private static async Task<(HttpStatusCode Status, bool First, string Code)?> AcceptAsync(SiloProcess silo, string offer)
    {
        try
        {
            using var answer = await Shop.PostAsync(silo.Client, $"/v1/offers/{offer}/accept", """{"remedy":"discount"}""");
            if (answer.StatusCode != HttpStatusCode.OK) return (answer.StatusCode, false, "");
            using var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
            return (answer.StatusCode, body.RootElement.GetProperty("first").GetBoolean(), body.RootElement.GetProperty("offer").GetProperty("code").GetString()!);
        }
        catch (Exception cut) when (cut is HttpRequestException or IOException) { return null; }   // the process died under it
    }

    private static List<(bool First, string Code)> Answered((HttpStatusCode Status, bool First, string Code)?[] answers)
    {
        foreach (var answer in answers) answer?.Status.ShouldBe(HttpStatusCode.OK);
        return [.. answers.Where(static a => a is not null).Select(static a => (a!.Value.First, a.Value.Code))];
    }

    private static int Accepted(string report)
    {
        using var body = JsonDocument.Parse(report);
        return body.RootElement.GetProperty("lines").EnumerateArray().Sum(static l => l.GetProperty("accepted").GetInt32());
    }

    private static int Letters(Scratch scratch, string kind)
        => Directory.EnumerateFiles(scratch.At("data/outbox"), "*.json", SearchOption.AllDirectories).Count(f => File.ReadAllText(f).Contains($"\"kind\": \"{kind}\"", StringComparison.Ordinal));
}
