using System.Collections.Immutable;
using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans;
using Tracking.Contracts.Orders;
using Tracking.Contracts.Ports;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Orders;
using Tracking.Domain.Recovery;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Orders;
using Tracking.Grains.Partitions;
using Tracking.Grains.Recovery;
using Tracking.Grains.Telemetry;
using Tracking.Journal;
using Tracking.Testing;

namespace Tracking.Grains.Tests.Orders;

/// <summary>
/// A shop's day in process: real grains, a journal in memory, a clock that jumps to the next thing to do. Reactions and the sweep are run by the test, so that nothing
/// happens between two lines of it.
/// </summary>
internal sealed class OrderWorld : IAsyncDisposable
{
    public static readonly DateTimeOffset Morning = new(2026, 11, 16, 8, 0, 0, TimeSpan.Zero);   // a Monday

    private readonly ReactionReader[] _readers;

    private OrderWorld(GrainTestSilo silo, Tracking.Journal.Memory.MemoryStore store, SentNotices notices)
    {
        (Grains, Store, Notices) = (silo, store, notices);
        var reactions = silo.Silo.Services.GetServices<IReaction>().ToList();
        _readers = [.. Enumerable.Range(0, Journal.Partitions.Count).Select(p => new ReactionReader(
            p, silo.Journal, reactions, new PartitionOptions(), silo.Silo.Services.GetRequiredService<TrackingMetrics>(), silo.Silo.Clock, NullLogger.Instance))];
    }

    public GrainTestSilo Grains { get; }
    public Tracking.Journal.Memory.MemoryStore Store { get; }
    public SentNotices Notices { get; }
    public ManualClock Clock => Grains.Silo.Clock;
    public IOrderReader Reader => Grains.Silo.Services.GetRequiredService<IOrderReader>();
    public PolicyBook Policies => Grains.Silo.Services.GetRequiredService<PolicyBook>();
    public Purses Purses => Grains.Silo.Services.GetRequiredService<Purses>();

    public static async Task<OrderWorld> StartAsync(string? policy = null, Dictionary<string, string?>? settings = null, Action<IServiceCollection>? more = null)
    {
        var notices = new SentNotices();
        var store = new Tracking.Journal.Memory.MemoryStore();
        var silo = await GrainTestSilo.StartAsync(store, more: services =>
        {
            services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(settings ?? []).Build());
            services.AddSingleton(new OfferCodes(new byte[32]));
            services.AddSingleton<INotices>(notices);
            services.AddOrders();
            more?.Invoke(services);
        });
        var world = new OrderWorld(silo, store, notices);
        world.Clock.MoveTo(Morning);
        if (policy is not null) world.Publish(policy);
        return world;
    }

    public void Publish(string policy)
    {
        var read = PolicyReader.Read(Encoding.UTF8.GetBytes(policy), null, out var problems);
        problems.ShouldBeEmpty();
        Policies.Publish("demo", read!);
    }

    public IOrderGrain Order(string id) => Grains.Silo.Grains.GetGrain<IOrderGrain>($"demo/{id}");

    public async Task<OrderView> ViewAsync(string id) => (await Reader.ReadAsync(new OrderKey("demo", id)))!;

    /// <summary>A scan arrives now, and everything that follows from it happens.</summary>
    public async Task ScanAsync(Scan scan)
    {
        var key = new ShipmentKey("demo", scan.Carrier, scan.TrackingNumber);
        (await Grains.Shipment(key).RecordScans(new ScanBatch([scan], Clock.GetUtcNow(), []))).Problem.ShouldBeNull();
        await SettleAsync();
    }

    /// <summary>Runs reactions until none is left.</summary>
    public async Task SettleAsync()
    {
        for (var round = 0; round < 50; round++)
        {
            var rows = 0;
            foreach (var reader in _readers) rows += await reader.ReadAsync(default);
            if (rows == 0) return;
        }
        throw new InvalidOperationException("Reactions run in a circle.");
    }

    /// <summary>Lets time pass; whatever falls due meanwhile happens at its time.</summary>
    public async Task PassAsync(TimeSpan time)
    {
        var until = Clock.GetUtcNow() + time;
        for (var (round, last) = (0, DateTimeOffset.MinValue); ; round++)
        {
            var due = await NextDueAsync();
            if (due is not { } at || at > until) break;
            if (at > last) (round, last) = (0, at);
            if (round == 50) throw new InvalidOperationException($"Something stays due at {at:O} however often it is woken.");
            Clock.MoveTo(at > Clock.GetUtcNow() ? at : Clock.GetUtcNow());
            for (var partition = 0; partition < Journal.Partitions.Count; partition++)
                foreach (var stream in await Store.DueAsync(partition, Clock.GetUtcNow(), 1_000))
                    foreach (var waker in Grains.Silo.Services.GetServices<IStreamWaker>())
                        if (waker.Kind == stream.Stream[0]) await waker.WakeAsync(stream.Stream);
            await SettleAsync();
        }
        Clock.MoveTo(until);
        await SettleAsync();
    }

    private async Task<DateTimeOffset?> NextDueAsync()
    {
        DateTimeOffset? next = null;
        foreach (var kind in "sokm")
            foreach (var head in await Store.ListAsync(new HeadQuery("demo", kind, [], 0, null, 100_000)))
                if (head.DueAt is { } due && (next is null || due < next)) next = due;
        return next;
    }

    public async ValueTask DisposeAsync() => await Grains.DisposeAsync();
}

/// <summary>Keeps what was sent, once per id, like the mailbox does.</summary>
internal sealed class SentNotices : INotices
{
    private readonly Dictionary<string, Notice> _sent = [];

    public IReadOnlyList<Notice> All => [.. _sent.Values];
    public int Calls { get; private set; }

    public IEnumerable<Notice> Of(NoticeKind kind) => _sent.Values.Where(n => n.Kind == kind);

    public ValueTask SendAsync(Notice notice, CancellationToken cancel = default)
    {
        lock (_sent)
        {
            Calls++;
            if (_sent.TryGetValue(notice.Id, out var before)) before.Facts.ShouldBe(notice.Facts);   // made again, it is equal
            else _sent.Add(notice.Id, notice);
        }
        return default;
    }

    public ValueTask<int> EraseAsync(string retailer, string subject, CancellationToken cancel = default) => new(0);
}

/// <summary>Orders that tests talk about.</summary>
internal static class An
{
    public static OrderContent Order(
        long value = 12_990, string? promise = "2026-11-19", string? customer = "c-1", string[]? shipments = null, string? tier = null, OrderLine[]? lines = null, bool gift = false,
        string? country = "US", bool untracked = false)
        => new()
        {
            Value = new Money(value, "USD"), Customer = customer, Tier = tier, Gift = gift, Country = country, Language = "en",
            Lines = [.. lines ?? [new OrderLine("1", 1, "ring", "Silver ring", value)]],
            Promise = promise is null ? null : new OrderPromise(DateOnly.Parse(promise, System.Globalization.CultureInfo.InvariantCulture), Zone: "America/Chicago"),
            Shipments = [.. (shipments ?? ["1Z7X904E0342100870"]).Select(n => new OrderShipment("ups", n, [], untracked))],
        };

    public static readonly OrderPeople People = new("Canary Name", "canary@example.com");

    public const string Policy = """
        {
          "version": 1, "currency": "USD", "zone": "America/Chicago", "settleMinutes": 10,
          "budget": { "perDay": 100000 },
          "rules": [
            { "id": "late", "causes": ["predicted-promise-miss", "promise-missed", "carrier-delay", "silent"],
              "remedies": [ { "kind": "discount", "cost": 500, "percent": 10 }, { "kind": "free-shipping", "cost": 490 }, { "kind": "wait-and-see", "cost": 0 } ],
              "expiresDays": 14, "remindDays": 7, "whenRestored": "keep" },
            { "id": "gone", "causes": ["line-cancelled", "back-ordered"],
              "remedies": [ { "kind": "rain-check", "cost": 300 }, { "kind": "alternative", "cost": 300 }, { "kind": "discount", "cost": 300, "percent": 5 } ] },
            { "id": "broken", "causes": ["lost", "damaged"], "remedies": [ { "kind": "reship", "cost": 2000 }, { "kind": "retroactive", "cost": 2000 } ] }
          ]
        }
        """;
}
