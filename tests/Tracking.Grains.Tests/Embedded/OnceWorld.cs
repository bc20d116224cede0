using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;
using Tracking.Contracts.Orders;
using Tracking.Contracts.Ports;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Orders;
using Tracking.Domain.Recovery;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Estimates;
using Tracking.Grains.Live;
using Tracking.Grains.Orders;
using Tracking.Grains.Partitions;
using Tracking.Grains.Recovery;
using Tracking.Grains.Shipments;
using Tracking.Grains.Telemetry;
using Tracking.Grains.Tests.Orders;
using Tracking.Journal;
using Tracking.Journal.Memory;
using Tracking.Runtime;
using Tracking.Testing;

namespace Tracking.Grains.Tests.Embedded;

/// <summary>What goes wrong in one schedule. Nothing, for the schedule that the others are compared with.</summary>
/// <param name="KillAt">Steps of the scheduler after which the process dies; it starts again at once over what is stored.</param>
/// <param name="PerThousand">Refused appends, lost answers of the journal and of grain calls, each.</param>
/// <param name="SecondActivations">Now and then a grain is active twice.</param>
/// <param name="Replay">Everything arrives a second time at the end, and every reaction runs again from the first row on.</param>
internal sealed record Trouble(ulong Seed, long[] KillAt, int PerThousand = 0, bool SecondActivations = false, bool Replay = false)
{
    public static readonly Trouble None = new(1, []);
}

/// <summary>A silo under one seed, its journal and what it sent, over one recorded afternoon.</summary>
internal sealed class OnceWorld : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 16, 14, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Length = TimeSpan.FromHours(4);

    private readonly Trouble _trouble;
    private readonly DeterministicScheduler _scheduler;
    private readonly ManualClock _clock = new();
    private readonly MemoryStore _store = new() { WritesHeadsAtOnce = false };
    private readonly DicedJournal _journal;
    private readonly SentNotices _notices = new();
    private readonly RecoveryPolicy _policy;
    private ServiceProvider _services = null!;
    private EmbeddedSilo _silo = null!;
    private long _steps;

    private OnceWorld(Trouble trouble, RecoveryPolicy policy)
    {
        (_trouble, _policy) = (trouble, policy);
        _scheduler = new DeterministicScheduler(trouble.Seed);
        _journal = new DicedJournal(_store, _scheduler.Next) { PerThousand = trouble.PerThousand };
        _clock.MoveTo(Noon);
        if (trouble.SecondActivations) _scheduler.BeforeStep = Called;
        Start();
    }

    public int Killed { get; private set; }
    public long Steps => _steps;

    /// <summary>Runs the afternoon to its end. The effects, one line each, in an order of their own.</summary>
    public static string Run(Afternoon afternoon, Trouble trouble, RecoveryPolicy policy, out OnceWorld ran)
    {
        using var world = ran = new OnceWorld(trouble, policy);
        world.Play(afternoon);
        return world.Effects(afternoon);
    }

    // ---- the silo, and its end -------------------------------------------------------------------------------------------

    private void Start()
    {
        var services = new ServiceCollection();
        services.AddSingleton<TimeProvider>(_clock);
        services.AddSingleton(typeof(ILogger<>), typeof(Microsoft.Extensions.Logging.Abstractions.NullLogger<>));
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().Build());
        services.AddSingleton<IEventJournal>(_journal);
        services.AddSingleton<IHeadStore>(_store);
        services.AddSingleton(new LinkTokens(new byte[32]));
        services.AddSingleton<TrackingMetrics>();
        services.AddSingleton<EddBook>();
        services.AddSingleton<ShipmentLoader>();
        services.AddSingleton<ShipmentViews>();
        services.AddSingleton<PushRouter>();
        services.AddSingleton<IStreamWaker, ShipmentWaker>();
        services.AddSingleton(new OfferCodes(new byte[32]));
        services.AddSingleton<INotices>(_notices);
        services.AddOrders();
        services.Configure<RecoveryOptions>(o => (o.GraceSeconds, o.BudgetShares) = (120, 2));
        services.Configure<PartitionOptions>(o => (o.BusySeconds, o.QuietSeconds) = (20, 120));
        services.AddEmbeddedActors(options =>
        {
            options.GrainAssemblies.Add(typeof(OrderGrain).Assembly);
            options.Scheduler = _scheduler;
            options.Faults = new Diced(_trouble, _scheduler);
            options.ResponseTimeout = TimeSpan.FromSeconds(3);
            options.CollectionQuantum = TimeSpan.FromDays(1);
            options.CollectionAge = TimeSpan.FromDays(2);
        });
        _services = services.BuildServiceProvider();
        _services.GetRequiredService<PolicyBook>().Publish("demo", _policy);
        _silo = _services.GetRequiredService<EmbeddedSilo>();
        var silo = _silo;
        At(_clock.GetUtcNow() - Noon, async () =>
        {
            if (ReferenceEquals(silo, _silo)) await silo.GetGrain<IPartitionGrain>(Afternoon.OnlyPartition).Keep();
            return true;
        });
    }

    private void Kill()
    {
        Killed++;
        _silo.Kill();
        _services.Dispose();
        _store.LoseOfferedHeads();
        Start();
    }

    private void Play(Afternoon afternoon)
    {
        foreach (var told in afternoon.Orders)
            At(told.After, async () => (await _silo.GetGrain<IOrderGrain>($"demo/{told.Order}").Place(told.Content, An.People, Noon + told.After)).Refusal is OrderRefusal.None);
        Arrive(afternoon, TimeSpan.Zero);
        foreach (var taken in afternoon.Answers) At(taken.After, () => TakeAsync(taken));
        RunFor(Length);
        if (!_trouble.Replay) return;

        Arrive(afternoon, _clock.GetUtcNow() - Noon);
        Outside(async () =>
        {
            var cursor = await _store.LoadCursorAsync(ReactionReader.CursorName, Afternoon.OnlyPartition);
            await _store.SaveCursorAsync(cursor with { Position = JournalPosition.Start, State = default });
        });
        RunFor(TimeSpan.FromHours(3));
    }

    // One recorded arrival order: of one parcel the next message is told when the one before it was answered. What another order changes is the matter of AnyArrivalOrderTests.
    private void Arrive(Afternoon afternoon, TimeSpan later)
    {
        foreach (var parcel in afternoon.Arrivals.SelectMany(static a => a.Again is { } again ? new[] { (Of: a, At: a.After), (Of: a, At: again) } : [(Of: a, At: a.After)]).GroupBy(static told => told.Of.Shipment))
            Outside(async () =>
            {
                // A receipt time was recorded once and is the same however often it is tried.
                foreach (var told in parcel.OrderBy(static told => told.At))
                    await TryAsync(told.At + later, async () => (await _silo.GetGrain<IShipmentGrain>(parcel.Key.ToString())
                        .RecordScans(new ScanBatch([told.Of.Scan], Noon + told.At, []))).Outcomes.All(o => o is ScanOutcome.Accepted or ScanOutcome.Duplicate));
            });
    }

    private async Task<bool> TakeAsync(Taken taken)
    {
        var order = Order.Unseen(new OrderKey("demo", taken.Order));
        await foreach (var row in _store.ReadAsync($"o/demo/{taken.Order}")) order = order.Apply(OrderJson.Read(row.Open.Span));
        var open = order.Offers.FirstOrDefault(o => o.State is OfferState.Open or OfferState.Accepted && o.Decision.Remedies.Any(r => r.Kind == taken.Remedy));
        if (open is null)
        {
            await Task.Delay(TimeSpan.FromMinutes(15), _clock);   // she looks again later
            return _clock.GetUtcNow() > Noon + TimeSpan.FromHours(3);
        }
        var reply = await _silo.GetGrain<IOrderGrain>($"demo/{taken.Order}").Accept(open.Id, taken.Remedy, "shopper");
        return reply.Refusal is OfferRefusal.None or OfferRefusal.AlreadyAccepted;
    }

    // Outside the silo: whoever hears no or nothing tries again.
    private void At(TimeSpan after, Func<Task<bool>> work) => Outside(() => TryAsync(after, work));

    private async Task TryAsync(TimeSpan after, Func<Task<bool>> work)
    {
        if (Noon + after - _clock.GetUtcNow() is { Ticks: > 0 } wait) await Task.Delay(wait, _clock);
        while (true)
        {
            try
            {
                if (await work()) return;
            }
            catch (Exception lost) when (lost is TimeoutException or SiloUnavailableException or ObjectDisposedException or OrleansException or InvalidOperationException) { }
            await Task.Delay(TimeSpan.FromSeconds(5), _clock);
        }
    }

    private readonly List<Task> _outside = [];

    private void Outside(Func<Task> work) => _outside.Add(_scheduler.Start(work));

    private void RunFor(TimeSpan time)
    {
        var until = _clock.GetUtcNow() + time;
        while (true)
        {
            while (_scheduler.RunOne())
            {
                _steps++;
                if (_steps > 2_000_000) throw new InvalidOperationException($"Something runs in a circle (seed {_trouble.Seed}).");
                if (_trouble.KillAt.Contains(_steps)) Kill();
                if (_trouble.SecondActivations && _steps % 97 == 0 && _lastCalled is { } grain) Twice(grain);
            }
            ((IHeadStore)_store).FlushAsync();   // the store's own writer, which a crash may forestall
            if (_clock.NextTimer is not { } next || next > until) break;
            _clock.AdvanceToNextTimer();
        }
        _clock.MoveTo(until);
    }

    private GrainId? _lastCalled;

    private void Twice(GrainId grain)
    {
        _lastCalled = null;
        try { _silo.ActivateAgain(grain); }
        catch (ArgumentException) { }   // a stateless worker has several anyway
    }

    private sealed class Diced(Trouble trouble, DeterministicScheduler scheduler) : SiloFaults
    {
        public override bool DropReply(CallInfo call) => trouble.PerThousand > 0 && scheduler.Next(1_000) < trouble.PerThousand;

        public override int ChooseActivation(GrainId grain, int count) => scheduler.Next(count);
    }

    // ---- what came of it -------------------------------------------------------------------------------------------------

    private string Effects(Afternoon afternoon)
    {
        foreach (var task in _outside) if (task.IsFaulted) throw new InvalidOperationException($"Outside broke (seed {_trouble.Seed}).", task.Exception);
        if (_scheduler.FromOtherThreads > 0) throw new InvalidOperationException("Something ran on another thread; no seed could repeat it.");
        var lines = new List<string>();
        var streams = new Dictionary<string, List<JournalRow>>(StringComparer.Ordinal);
        var reading = _store.ReadAllAsync().GetAsyncEnumerator();
        while (reading.MoveNextAsync().AsTask().GetAwaiter().GetResult())   // in memory: it has ended when it returns
            (streams.TryGetValue(reading.Current.Stream, out var rows) ? rows : streams[reading.Current.Stream] = []).Add(reading.Current);
        foreach (var (stream, rows) in streams)
        {
            if (OrderStreams.KeyOf(stream) is { } key) OffersOf(key, rows, lines);
            else if (stream[0] is 'g') Ledger(stream, rows, lines);
            else if (stream[0] is 'c') Ledger(stream, rows, lines);
        }
        foreach (var notice in _notices.All)
            lines.Add($"notice {notice.Id} {notice.Kind} {notice.Order} {notice.Shipment} {JsonSerializer.Serialize(notice.Facts)} to {notice.To?.Email}");
        lines.Sort(StringComparer.Ordinal);
        return string.Join('\n', lines);
    }

    private static void OffersOf(OrderKey key, List<JournalRow> rows, List<string> lines)
    {
        var order = Order.Unseen(key);
        foreach (var row in rows) order = order.Apply(OrderJson.Read(row.Open.Span));
        foreach (var offer in order.Offers)
            lines.Add($"offer {key} {offer.State} {offer.Remedy} {offer.Code} {offer.Why} {offer.Detail} {JsonSerializer.Serialize(offer.Decision, OrderJson.Options)}");
        foreach (var kept in order.KeptAgain) lines.Add($"kept {key} {kept}");
    }

    // Money as it stands by offer, not how it was drawn: portions may differ, reservations may not.
    private static void Ledger(string stream, List<JournalRow> rows, List<string> lines)
    {
        var of = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var row in rows)
            foreach (var happened in JsonDocument.Parse(row.Open).RootElement.GetProperty("events").EnumerateArray())
                if (happened.TryGetProperty("offer", out var offer)) of[offer.GetString()!] = (of.GetValueOrDefault(offer.GetString()!) ?? "") + happened.GetRawText();
        foreach (var (offer, told) in of) lines.Add($"{stream} {offer} {told}");
    }

    public (long Reserved, long Spent) Money()
    {
        var (reserved, spent) = (0L, 0L);
        foreach (var share in Enumerable.Range(0, 2))
        {
            var offers = new Dictionary<string, (bool Spent, long Amount)>();
            var reading = _store.ReadAsync(string.Create(CultureInfo.InvariantCulture, $"g/demo/USD/day-2026-11-16/{share}")).GetAsyncEnumerator();
            while (reading.MoveNextAsync().AsTask().GetAwaiter().GetResult())
                foreach (var happened in JsonDocument.Parse(reading.Current.Open).RootElement.GetProperty("events").EnumerateArray())
                {
                    if (!happened.TryGetProperty("offer", out var offer)) continue;
                    var amount = happened.TryGetProperty("amount", out var money) ? money.GetInt64() : 0;
                    offers[offer.GetString()!] = (happened.GetProperty("e").GetString() == "spent", amount);
                }
            reserved += offers.Values.Where(o => !o.Spent).Sum(o => o.Amount);
            spent += offers.Values.Where(o => o.Spent).Sum(o => o.Amount);
        }
        return (reserved, spent);
    }

    public void Dispose()
    {
        _silo.Dispose();
        _services.Dispose();
    }

    /// <summary>Remembers who was called, for who is active twice next.</summary>
    private void Called(string activation)
    {
        var slash = activation.IndexOf('/', StringComparison.Ordinal);
        if (slash > 0 && activation[..slash] is "order" or "customer" or "partition" or "budget" or "budget-share" or "shipment") _lastCalled = GrainId.Create(activation[..slash], activation[(slash + 1)..]);
    }
}
