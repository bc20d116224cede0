using System.Collections.Immutable;
using System.Reflection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Runtime;
using Tracking.Contracts.Live;
using Tracking.Contracts.Ports;
using Tracking.Contracts.Shipments;
using Tracking.Grains.Estimates;
using Tracking.Grains.Live;
using Tracking.Grains.Orders;
using Tracking.Grains.Partitions;
using Tracking.Grains.Recovery;
using Tracking.Grains.Shipments;
using Tracking.Grains.Telemetry;
using Tracking.Journal;
using Tracking.Runtime;
using Tracking.Simulation.Model;
using Tracking.Simulation.Planted;

namespace Tracking.Simulation.Day;

/// <summary>One process: the real grains, router and sweepers on the seeded scheduler, over the model database.</summary>
internal sealed class Node : IDisposable
{
    /// <summary>Calls that may wait for one grain; far below what a burst brings.</summary>
    public const int MaxWaitingCalls = 64;

    private readonly ServiceProvider _services;
    private readonly CancellationTokenSource _router = new();
    private readonly NodeJournal _journal;
    private readonly World _world;

    public Node(World world, TimeSpan clockOff)
    {
        _world = world;
        Clock = new NodeClock(world.Clock) { Off = clockOff };
        _journal = new NodeJournal(world.Database, world.Trouble, world.Dice, world.Clock, world.Scheduler) { Poisoned = world.Poisoned };
        var services = new ServiceCollection();
        services.AddSingleton<TimeProvider>(Clock);
        services.AddSingleton<IEventJournal>(_journal);
        services.AddSingleton<IHeadStore>(_journal);
        services.AddSingleton(world);
        services.AddSingleton(typeof(ILogger<>), typeof(TellingLogger<>));
        services.AddSingleton(new LinkTokens(new byte[32]));
        services.AddSingleton<TrackingMetrics>();
        services.AddSingleton<EddBook>();
        services.AddSingleton<ShipmentLoader>();
        services.AddSingleton<ShipmentViews>();
        services.AddSingleton<IShipmentReader, ShipmentReader>();
        services.AddSingleton<PushRouter>();
        services.AddSingleton<IStreamWaker, ShipmentWaker>();
        if (world.Plan.HasShop)
        {
            services.AddSingleton<IConfiguration>(new ConfigurationBuilder().Build());
            services.AddSingleton(new OfferCodes(new byte[32]));
            services.AddSingleton<INotices>(new ModelNotices(world));
            services.AddOrders();
            if (world.Database.Planted == PlantedFault.BudgetOutsideTheTurn)
                services.AddSingleton(provider => new Purses(new LeakyBudget(provider.GetRequiredService<IGrainFactory>(), () => new Purses(provider.GetRequiredService<IGrainFactory>(), provider.GetRequiredService<IOptions<RecoveryOptions>>())),
                    provider.GetRequiredService<IOptions<RecoveryOptions>>()));
        }
        services.AddSingleton<IReaction>(new Hearing(world));   // last: it hears of what all others have done their part for
        services.AddOptions<PartitionOptions>().Configure(static options =>
        {
            options.BusySeconds = 1;
            options.QuietSeconds = 600;   // days pass in a run; looking every five seconds would be all it does
        });
        services.AddEmbeddedActors(options =>
        {
            options.GrainAssemblies.Add(typeof(ShipmentGrain).Assembly);
            options.Scheduler = world.Scheduler;
            options.Faults = new CallFaults(world);
            options.CollectionQuantum = TimeSpan.FromMinutes(10);
            options.MaxWaitingCalls = world.Database.Planted == PlantedFault.UnboundedQueue ? int.MaxValue : MaxWaitingCalls;
            options.CheckArguments = world.Plan.Seed % 10 == 0;
        });
        _services = services.BuildServiceProvider();
        Silo = _services.GetRequiredService<EmbeddedSilo>();
        if (world.Plan.HasShop) _services.GetRequiredService<PolicyBook>().Publish("demo", Shop.Policy);
        Reader = _services.GetRequiredService<IShipmentReader>();
        Pages = new PageNode(world, this);
        world.Scheduler.Start(() => ExecuteAsync(_services.GetRequiredService<PushRouter>()));
        world.Scheduler.Start(KeepAsync);
    }

    public NodeClock Clock { get; }
    public EmbeddedSilo Silo { get; }
    public IShipmentReader Reader { get; }
    public PageNode Pages { get; }
    public bool Dead { get; private set; }

    public IShipmentGrain Shipment(int parcel) => Silo.GetGrain<IShipmentGrain>(Plan.Key(parcel).ToString());

    /// <summary><c>kill -9</c>.</summary>
    public void Kill()
    {
        Dead = true;
        _journal.Die();
        Silo.Kill();
        _router.Cancel();
    }

    public void Dispose()
    {
        if (!Dead) Kill();
        _services.Dispose();
        _router.Dispose();
    }

    // Hosts start background services on the thread pool, which no seed can repeat.
    private Task ExecuteAsync(BackgroundService service)
        => (Task)typeof(BackgroundService).GetMethod("ExecuteAsync", BindingFlags.NonPublic | BindingFlags.Instance)!.Invoke(service, [_router.Token])!;

    // As PartitionKeeper, for the four partitions that have parcels.
    private async Task KeepAsync()
    {
        while (!Dead)
        {
            for (var p = 0; p < 4; p++)
            {
                try { await Silo.GetGrain<IPartitionGrain>(p).Keep(); }
                catch (Exception refused) when (refused is TimeoutException or SiloUnavailableException or LimitExceededException) { }   // the next round
            }
            await Task.Delay(TimeSpan.FromMinutes(10), _world.Clock);
        }
    }

    /// <summary>Stands for whatever must happen because something was stored. Fails now and then, and has then done it or not.</summary>
    private sealed class Hearing(World world) : IReaction
    {
        public string Name => "hearing";
        public string Kinds => "s";

        public async ValueTask ReactAsync(JournalRow row, CancellationToken cancel)
        {
            if (world.Dice.Chance(20)) await Task.Delay(world.Dice.Milliseconds(0, 200), world.Clock, cancel);
            if (world.Trouble.FailingReactions > 0 && world.Dice.Chance(50))
            {
                world.Trouble.FailingReactions--;
                if (world.Dice.Chance(50)) world.Verifier.Heard(row);
                throw new InvalidOperationException("Whoever was to hear of it did not answer.");
            }
            world.Verifier.Heard(row);
        }
    }

    private sealed class CallFaults(World world) : SiloFaults
    {
        public override bool DropReply(CallInfo call)
        {
            if (world.Trouble.LostCalls == 0 || !world.Dice.Chance(50)) return false;
            world.Trouble.LostCalls--;
            return true;
        }

        public override int ChooseActivation(GrainId grain, int count)
            => world.Trouble.Split ? world.Dice.Next(count) : world.Trouble.OldestActivationWins ? 0 : count - 1;
    }
}

/// <summary>A browser with a parcel's page open. Its version is what the shopper sees.</summary>
internal sealed class Page(int parcel)
{
    public int Parcel => parcel;
    public int Version { get; set; }
    public bool Closed { get; set; }
}

/// <summary>A node's open pages: takes pushes, renews leases every five seconds, as the web's does.</summary>
internal sealed class PageNode(World world, Node node) : IWatchNode
{
    public static readonly TimeSpan Renewal = TimeSpan.FromSeconds(5);
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(15);

    private readonly List<Page> _pages = [];
    private readonly Dictionary<int, int> _known = [];
    private IWatchNode? _reference;
    private bool _renewing;

    public IReadOnlyList<Page> Pages => _pages;

    public async Task Push(ImmutableArray<ShipmentView> views)
    {
        if (world.Trouble.LostPushes > 0)
        {
            world.Trouble.LostPushes--;
            throw new InvalidOperationException("The connection to the node broke.");
        }
        foreach (var view in views) world.Verifier.Pushed(view);
        if (world.Clock.GetUtcNow() < world.Trouble.SlowPagesUntil) await Task.Delay(world.Dice.Milliseconds(100, 40_000), world.Clock);
        foreach (var view in views) Take(view);
    }

    /// <summary>Opens a page: it is rendered from what is stored, then watches.</summary>
    public async Task OpenAsync(Page page)
    {
        try
        {
            if (await node.Reader.ReadAsync(Plan.Key(page.Parcel)) is { } rendered)
            {
                world.Verifier.Pushed(rendered, live: false);
                if (rendered.Version > page.Version) page.Version = rendered.Version;
            }
        }
        catch (Exception trouble) when (World.IsTrouble(trouble)) { }   // the browser shows what it had, and comes back
        if (node.Dead || page.Closed || _pages.Contains(page)) return;   // a browser that comes back twice, because two processes died in a row, is one page
        _pages.Add(page);
        if (_known.GetValueOrDefault(page.Parcel) is var known && known > page.Version) Show(page, known);
        await WatchAsync(page.Parcel);
        if (_renewing) return;
        _renewing = true;
        _ = world.Scheduler.Start(RenewAsync);
    }

    public void Close(Page page)
    {
        page.Closed = true;
        _pages.Remove(page);
        if (!_pages.Exists(other => other.Parcel == page.Parcel)) _known.Remove(page.Parcel);
    }

    private async Task RenewAsync()
    {
        while (!node.Dead && _pages.Count > 0)
        {
            await Task.Delay(Renewal, world.Clock);
            var parcels = _pages.ConvertAll(static page => page.Parcel);
            foreach (var parcel in parcels.Distinct())
                if (!node.Dead) await WatchAsync(parcel);
        }
        _renewing = false;
    }

    private async Task WatchAsync(int parcel)
    {
        try
        {
            _reference ??= node.Silo.CreateObjectReference<IWatchNode>(this);
            // The web gives up after five seconds; the next renewal asks again.
            if (await node.Shipment(parcel).Watch(_reference, Lease, _known.GetValueOrDefault(parcel)).WaitAsync(TimeSpan.FromSeconds(5), world.Clock) is not { } view) return;
            world.Verifier.Pushed(view);
            Take(view);
        }
        catch (Exception trouble) when (World.IsTrouble(trouble)) { }
    }

    private void Take(ShipmentView view)
    {
        var parcel = Plan.ParcelOf(view.Key);
        if (world.Database.Planted != PlantedFault.PushWithoutVersion && _known.GetValueOrDefault(parcel) >= view.Version) return;
        _known[parcel] = view.Version;
        foreach (var page in _pages)
        {
            if (page.Parcel != parcel || (page.Version >= view.Version && world.Database.Planted != PlantedFault.PushWithoutVersion)) continue;
            Show(page, view.Version);
        }
    }

    private void Show(Page page, int version)
    {
        world.Verifier.Shown(page, version);
        page.Version = version;
    }
}
