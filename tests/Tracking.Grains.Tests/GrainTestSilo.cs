using Microsoft.Extensions.DependencyInjection;
using Tracking.Contracts.Estimates;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Estimates;
using Tracking.Grains.Live;
using Tracking.Grains.Partitions;
using Tracking.Grains.Shipments;
using Tracking.Grains.Telemetry;
using Tracking.Journal;
using Tracking.Testing;

namespace Tracking.Grains.Tests;

/// <summary>Real grains in process over a journal in memory, which can be told to fail. Arguments pass through the codec that only knows what Orleans' serializer knows.</summary>
internal sealed class GrainTestSilo : IAsyncDisposable
{
    /// <summary>The first instant on either runtime: before every day that these tests tell of.</summary>
    private static readonly DateTimeOffset Start = new(2026, 3, 2, 9, 0, 0, TimeSpan.Zero);

    private GrainTestSilo(TestSilo silo, FaultyJournal journal) => (Silo, Journal) = (silo, journal);

    public TestSilo Silo { get; }
    public FaultyJournal Journal { get; }
    public IShipmentReader Reader => Silo.Services.GetRequiredService<IShipmentReader>();

    public static async Task<GrainTestSilo> StartAsync(Tracking.Journal.Memory.MemoryStore? stored = null, IDeliverySharing? sharing = null, Action<IServiceCollection>? more = null)
    {
        var store = stored ?? new Tracking.Journal.Memory.MemoryStore();
        var journal = new FaultyJournal(store.Journal);
        var silo = await TestSilo.StartAsync(options =>
        {
            options.GrainAssemblies.Add(typeof(ShipmentGrain).Assembly);
            options.Start = Start;
            options.Services = services =>
            {
                services.AddSingleton<IEventJournal>(journal);
                services.AddSingleton(store.Heads);
                services.AddSingleton(new LinkTokens(new byte[32]));
                services.AddSingleton<TrackingMetrics>();
                services.AddSingleton<EddBook>();
                services.AddSingleton<ShipmentLoader>();
                services.AddSingleton<ShipmentViews>();
                services.AddSingleton<IShipmentReader, ShipmentReader>();
                services.AddSingleton<PushRouter>();
                services.AddSingleton<IStreamWaker, ShipmentWaker>();
                services.AddOptions<PartitionOptions>();
                services.AddSingleton<LearningMetrics>();
                services.AddOptions<LearningOptions>().Configure(o => o.PublishSeconds = 600);
                services.AddSingleton<IDeliverySharing>(sharing ?? new Sharing());
                more?.Invoke(services);
            };
        });
        return new GrainTestSilo(silo, journal);
    }

    public IShipmentGrain Shipment(ShipmentKey? key = null) => Silo.Grains.GetGrain<IShipmentGrain>((key ?? A.Key).ToString());

    public async ValueTask DisposeAsync() => await Silo.DisposeAsync();
}

/// <summary>Which retailers share their deliveries; tests say.</summary>
internal sealed class Sharing(params string[] retailers) : IDeliverySharing
{
    IReadOnlyCollection<string> IDeliverySharing.Sharing => retailers;
}

/// <summary>A journal that refuses, or stores and loses the answer, exactly when a test says so.</summary>
internal sealed class FaultyJournal(IEventJournal inner) : IEventJournal
{
    /// <summary>Asked before each append; an exception it gives is thrown instead of storing.</summary>
    public Func<JournalAppend, Exception?> Refuse { get; set; } = _ => null;
    /// <summary>Asked after each append was stored; an exception it gives replaces the answer.</summary>
    public Func<JournalAppend, Exception?> LoseReply { get; set; } = _ => null;
    public int Loads { get; private set; }
    public int Appends { get; private set; }

    public async ValueTask AppendAsync(JournalAppend append, CancellationToken cancel = default)
    {
        if (Refuse(append) is { } refused) throw refused;
        await inner.AppendAsync(append, cancel);
        Appends++;
        if (LoseReply(append) is { } lost) throw lost;
    }

    public ValueTask<StreamState> LoadAsync(string stream, CancellationToken cancel = default)
    {
        Loads++;
        return inner.LoadAsync(stream, cancel);
    }

    public IAsyncEnumerable<JournalRow> ReadAsync(string stream, CancellationToken cancel = default) => inner.ReadAsync(stream, cancel);
    public IAsyncEnumerable<JournalRow> ReadAllAsync(CancellationToken cancel = default) => inner.ReadAllAsync(cancel);
    public ValueTask<PartitionPage> ReadMarkedAsync(int partition, JournalPosition after, int limit, CancellationToken cancel = default) => inner.ReadMarkedAsync(partition, after, limit, cancel);
    public ValueTask<ReaderCursor> LoadCursorAsync(string reader, int partition, CancellationToken cancel = default) => inner.LoadCursorAsync(reader, partition, cancel);
    /// <summary>True: positions cannot be saved.</summary>
    public bool RefuseCursor { get; set; }
    public ValueTask<bool> SaveCursorAsync(ReaderCursor cursor, CancellationToken cancel = default) => RefuseCursor ? throw new JournalUnavailableException("The database is away.") : inner.SaveCursorAsync(cursor, cancel);
    public ValueTask EraseAsync(string stream, CancellationToken cancel = default) => inner.EraseAsync(stream, cancel);
}
