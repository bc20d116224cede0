using Tracking.LoadTest.Http;
using Tracking.LoadTest.Measure;
using Tracking.LoadTest.Silo;
using Tracking.LoadTest.Throughput;
using Tracking.LoadTest.Workload;

namespace Tracking.LoadTest.Tests.Throughput;

/// <summary>The whole way of a measured scan against a server of our own: sent, acked, read back, compared.</summary>
public sealed class BatchPumpTests
{
    private const int Run = 424242;

    private static async Task<(Pumped Pumped, Verification Verified)> PumpAsync(StubServer server, int scans = 1_000)
    {
        var (ledger, payloads, book) = (new AckLedger(), new Payloads(Run), new ParcelBook(1, Run));
        var parcels = Enumerable.Range(0, 100).Select(i => book.Of(i)).ToArray();
        using var client = new ScanClient(server.Address, "demo", 2, TimeSpan.FromSeconds(20));
        var pumped = await new BatchPump(client, payloads, ledger, serverPid: null).RunAsync(
            2, 50, TimeSpan.FromMinutes(1), BatchPump.Counting(scans), n => ScanFeed.Endless(parcels[n % 100], (int)(n / 100), 1_795_000_000), CancellationToken.None);
        await StoredTruth.ReadLinesAsync(server.Export(), (in scan) =>
        {
            if (payloads.TryReadEvent(scan.EventId, out var @event)) ledger.MarkFound(@event);
        }, CancellationToken.None);
        return (pumped, ledger.Verify());
    }

    [Fact]
    public async Task What_an_honest_server_acked_is_found_once()
    {
        await using var server = await StubServer.StartAsync();
        var (pumped, verified) = await PumpAsync(server);

        pumped.Outcomes.Accepted.ShouldBe(1_000);
        pumped.Ack.Count.ShouldBe(20);
        verified.ShouldBe(new Verification(Acked: 1_000, Stored: 1_000, Lost: 0, Duplicates: 0, Foreign: 0, StoredUnacked: 0));
        verified.Holds.ShouldBeTrue();
    }

    [Fact]
    public async Task A_server_that_acks_before_it_stores_is_caught()
    {
        await using var server = await StubServer.StartAsync();
        server.Loses = eventId => eventId.EndsWith("-77", StringComparison.Ordinal);
        var (_, verified) = await PumpAsync(server);

        verified.Lost.ShouldBe(1);
        verified.Holds.ShouldBeFalse();
    }

    [Fact]
    public async Task A_server_that_stores_a_scan_twice_is_caught()
    {
        await using var server = await StubServer.StartAsync();
        server.Doubles = eventId => eventId.EndsWith("-77", StringComparison.Ordinal);
        var (_, verified) = await PumpAsync(server);

        verified.Duplicates.ShouldBe(1);
        verified.Holds.ShouldBeFalse();
    }

    [Fact]
    public async Task Lines_of_an_answer_that_was_cut_are_acks_and_the_rest_are_not()
    {
        await using var server = await StubServer.StartAsync();
        server.CutsAfter = 20;
        var (pumped, verified) = await PumpAsync(server, scans: 50);

        pumped.Outcomes.None.ShouldBe(50 - pumped.Outcomes.Accepted);
        pumped.Outcomes.Accepted.ShouldBeLessThanOrEqualTo(20);
        pumped.Problem.ShouldNotBeNull();
        verified.Lost.ShouldBe(0);
    }

    [Fact]
    public async Task A_server_that_refuses_is_given_up_with_its_own_words()
    {
        await using var server = await StubServer.StartAsync();
        server.Refuses = 401;
        var (pumped, _) = await PumpAsync(server, scans: 100);

        pumped.Outcomes.Accepted.ShouldBe(0);
        pumped.Problem!.ShouldContain("401");
    }

    [Fact]
    public void An_event_that_was_never_sent_and_is_stored_all_the_same_is_foreign()
    {
        var ledger = new AckLedger();
        ledger.MarkSent(ledger.Take(1));
        ledger.MarkFound(5);
        ledger.MarkFound(AckLedger.MostEvents + 1);

        ledger.Verify().Foreign.ShouldBe(2);
    }
}
