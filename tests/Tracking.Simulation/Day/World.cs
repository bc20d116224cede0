using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Orleans;
using Orleans.Runtime;
using Tracking.Contracts.Orders;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Shipments;
using Tracking.Grains.Orders;
using Tracking.Grains.Shipments;
using Tracking.Journal;
using Tracking.Runtime;
using Tracking.Simulation.Checks;
using Tracking.Simulation.Model;
using Tracking.Testing;

namespace Tracking.Simulation.Day;

/// <summary>How a run ended.</summary>
/// <param name="Broken">The first promise that was broken, or null.</param>
/// <param name="Digest">Equal for equal runs: steps, rows, acks and pushes.</param>
internal sealed record Outcome(string? Broken, string Digest, long Steps, int Appends, int Acks, int Pushes, int Offers, TimeSpan Lived);

/// <summary>
/// One seed's day on one thread: operations of the plan, the grains' turns in the seed's order, a clock that moves only when the run moves it. First trouble, with
/// safety checked at every step; then everything heals, and what was promised must come true without a human.
/// </summary>
internal sealed class World
{
    private readonly IReadOnlyList<Op> _ops;
    private readonly List<Task> _senders = [];
    private readonly List<Page> _open = [];
    private int _unacked;
    private bool _clockWentBack, _ending;

    private World(Plan plan, IReadOnlyList<Op> ops, PlantedFault planted)
    {
        Plan = plan;
        _ops = ops;
        Dice = new Dice(Dice.Mix(plan.Seed, 2));
        Scheduler = new DeterministicScheduler(Dice.Mix(plan.Seed, 3));
        Verifier = new Verifier(this);
        Database = new ModelDatabase { Planted = planted, Committed = row => Verifier.Committed(row), HeadWritten = (before, head) => Verifier.HeadWritten(before, head) };
    }

    public Plan Plan { get; }
    public Dice Dice { get; }
    public ManualClock Clock { get; } = new(Plan.Start);
    public DeterministicScheduler Scheduler { get; }
    public ModelDatabase Database { get; }
    public Trouble Trouble { get; } = new();
    public Verifier Verifier { get; }
    public HashSet<string> Poisoned { get; } = new(StringComparer.Ordinal);
    public Node Node { get; private set; } = null!;
    public Action<string>? Tell { get; init; }

    /// <summary>True for a parcel that nobody can read, and for an order that has one; and for what lies in partitions that nobody reads here (parcels standing for orders).</summary>
    public bool IsPoisoned(string stream) => Partitions.Of(stream) >= 4 || Poisoned.Contains(stream) || (Poisoned.Count > 0 && Mates(stream).Any(parcel => Poisoned.Contains(ShipmentStream.Of(Plan.Key(parcel)))));

    private IEnumerable<int> Mates(string stream)
    {
        if (!Plan.HasShop) return [];
        if (OrderStreams.KeyOf(stream) is { } order) return Shop.OrderNumber(order) is >= 0 and var n ? Shop.ParcelsOf(n) : [];
        return ShipmentStream.KeyOf(stream) is { } shipment ? Shop.ParcelsOf(Plan.ParcelOf(shipment) / 2) : [];
    }

    /// <summary>Runs a plan, or the given part of it.</summary>
    public static Outcome Run(Plan plan, IReadOnlyList<Op>? ops = null, PlantedFault planted = PlantedFault.None, Action<string>? tell = null)
    {
        var world = new World(plan, ops ?? plan.Ops, planted) { Tell = tell };
        try
        {
            world.Node = new Node(world, TimeSpan.Zero);
            return world.Live();
        }
        finally
        {
            world.Node?.Dispose();
        }
    }

    /// <summary>What a caller meets when something is broken on purpose; anything else is a bug.</summary>
    public static bool IsTrouble(Exception failure)
        => failure is TimeoutException or SiloUnavailableException or LimitExceededException or JournalUnavailableException or JournalOutcomeUnknownException or JsonException or OperationCanceledException;

    private Outcome Live()
    {
        try
        {
            foreach (var op in _ops)
            {
                Tell?.Invoke(string.Create(CultureInfo.InvariantCulture, $"{Clock.GetUtcNow():MM-dd HH:mm:ss.fff} {op}"));
                Do(op, new Dice(op.Dice));
                for (var steps = Dice.Next(24); steps > 0 && Scheduler.RunOne(); steps--) { }
                switch (Dice.Next(12))
                {
                    case 0: Scheduler.RunUntilIdle(1_000_000); break;
                    case < 5: Elapse(Dice.Milliseconds(0, 6)); break;
                }
                if (op.What == What.Burst && Node.Silo.GetStatistics().LongestQueue is var waiting && waiting > Node.MaxWaitingCalls)
                    Verifier.Break($"I9: {waiting} calls wait for one grain; {Node.MaxWaitingCalls} may");
                if (Verifier.Broken is not null) break;
            }
            if (Verifier.Broken is null) Heal();
        }
        catch (Exception bug) when (Verifier.Broken is null && bug is not OutOfMemoryException)
        {
            Verifier.Break($"{bug.GetType().Name}: {bug.Message} at {bug.StackTrace?.Split('\n').FirstOrDefault(static line => line.Contains("Tracking.", StringComparison.Ordinal))?.Trim()}");
        }
        if (Scheduler.FromOtherThreads > 0) Verifier.Break($"{Scheduler.FromOtherThreads} steps came from other threads: no seed can repeat this run");
        var digest = string.Create(CultureInfo.InvariantCulture, $"{Scheduler.Steps}-{Verifier.Appends}-{Verifier.Acks}-{Verifier.Duplicates}-{Verifier.PushesSeen}-{Verifier.Shop.Made.Count}-{Verifier.Shop.Announcements}-{Clock.GetUtcNow().UtcTicks}-{Dice.Draw():x}");
        return new Outcome(Verifier.Broken, digest, Scheduler.Steps, Verifier.Appends, Verifier.Acks, Verifier.PushesSeen, Verifier.Shop.Made.Count, Clock.GetUtcNow() - Plan.Start);
    }

    // ---- what happens ----------------------------------------------------------------------------------------------------

    private void Do(Op op, Dice dice)
    {
        switch (op.What)
        {
            case What.Post: Post(op.Parcel, dice); break;
            case What.Burst: for (var i = 0; i < 80; i++) Post(op.Parcel, dice); break;
            case What.Order: Start(() => OrderAsync(op.Parcel / 2)); break;
            case What.Accept: Start(() => AcceptAsync(dice)); break;
            case What.Open:
                if (_open.Count >= 30) break;
                var page = new Page(op.Parcel);
                _open.Add(page);
                Start(() => Node.Pages.OpenAsync(page));
                break;
            case What.Close:
                if (_open.Count == 0) break;
                var closing = _open[dice.Next(_open.Count)];
                _open.Remove(closing);
                Node.Pages.Close(closing);
                break;
            case What.Read: Start(() => ReadAsync(op.Parcel, dice)); break;
            case What.Pass:
                switch (dice.Next(100))
                {
                    case < 70: Elapse(dice.Milliseconds(1, 800)); break;
                    case < 92: Elapse(dice.Milliseconds(800, 20_000)); break;
                    default: Night(TimeSpan.FromMinutes(dice.Next(10, 240))); break;
                }
                break;
            case What.Kill: Restart(dice); break;
            case What.Twin:
                Trouble.Split = true;
                Node.Silo.ActivateAgain(dice.Chance(25)
                    ? Node.Silo.GetGrain<IPartitionGrain>(dice.Next(4)).GetGrainId()
                    : Node.Silo.GetGrain<IShipmentGrain>(Plan.Key(op.Parcel).ToString()).GetGrainId());
                break;
            case What.Settle:
                Trouble.Split = false;
                Trouble.OldestActivationWins = dice.Chance(50);
                break;
            case What.DatabaseDown: Trouble.DownUntil = Clock.GetUtcNow() + dice.Milliseconds(10, 8_000); break;
            case What.DiskFull: Trouble.FullUntil = Clock.GetUtcNow() + dice.Milliseconds(10, 30_000); break;
            case What.LoseReplies: Trouble.LostReplies += dice.Next(1, 6); break;
            case What.LandLate: Trouble.LateLandings += dice.Next(1, 6); break;
            case What.Refuse: Trouble.Refusals += dice.Next(1, 6); break;
            case What.LoseCalls: Trouble.LostCalls += dice.Next(1, 4); break;
            case What.FailReactions: Trouble.FailingReactions += dice.Next(1, 8); break;
            case What.LosePushes: Trouble.LostPushes += dice.Next(1, 6); break;
            case What.SlowPages: Trouble.SlowPagesUntil = Clock.GetUtcNow() + dice.Milliseconds(100, 60_000); break;
            case What.SetClock:
                var off = dice.Next(4) switch { 0 => TimeSpan.FromHours(-1), 1 => TimeSpan.FromMinutes(5), 2 => TimeSpan.FromMinutes(-5), _ => TimeSpan.Zero };
                _clockWentBack |= off < Node.Clock.Off;
                Node.Clock.Off = off;
                break;
            case What.Collect: Node.Silo.CollectNow(); break;
            case What.Poison:
                // The parcel stays unreadable in memory as well: whoever has it there leaves.
                Poisoned.Add(ShipmentStream.Of(Plan.Key(op.Parcel)));
                break;
        }
    }

    private void Post(int parcel, Dice dice)
    {
        var count = dice.Next(1, 4);
        var scans = ImmutableArray.CreateBuilder<Scan>(count);
        for (var i = 0; i < count; i++) scans.Add(Plan.Statement(parcel, dice.Next(24)));
        var message = scans.MoveToImmutable();
        var copies = dice.Chance(8) ? 2 : 1;   // networks and senders repeat themselves
        for (var copy = 0; copy < copies; copy++) Send(parcel, message, dice.Chance(30) ? dice.Milliseconds(0, 300) : TimeSpan.Zero);
    }

    private void Send(int parcel, ImmutableArray<Scan> message, TimeSpan delay)
    {
        _unacked++;
        foreach (var scan in message) Verifier.Sent(Plan.Key(parcel), scan);
        _senders.Add(Scheduler.Start(() => SendUntilAckedAsync(parcel, message, delay)));
    }

    // A sender: what is not known to be stored is sent again, a little later each time.
    private async Task SendUntilAckedAsync(int parcel, ImmutableArray<Scan> message, TimeSpan delay)
    {
        var key = Plan.Key(parcel);
        var stream = ShipmentStream.Of(key);
        if (delay > TimeSpan.Zero) await Task.Delay(delay, Clock);
        for (var tries = 0; ; tries++)
        {
            try
            {
                var receipt = await Node.Shipment(parcel).RecordScans(new ScanBatch(message, Clock.GetUtcNow(), []));
                var failed = 0;
                for (var i = 0; i < message.Length; i++)
                {
                    if (receipt.Outcomes[i] is ScanOutcome.Accepted or ScanOutcome.Duplicate) Verifier.Acked(key, message[i], receipt.Outcomes[i], receipt.Version);
                    else if (receipt.Outcomes[i] == ScanOutcome.Failed) failed++;
                    else Verifier.Break($"scan {message[i].EventId} of {key} was answered {receipt.Outcomes[i]}: {receipt.Problem}");
                }
                if (failed == 0) break;
                Tell?.Invoke($"{key} {receipt.Problem}");
            }
            catch (Exception trouble) when (IsTrouble(trouble)) { Tell?.Invoke($"{key} {trouble.Message}"); }
            if (Poisoned.Contains(stream) && (tries > 3 || _ending)) break;
            if (Database.Planted == PlantedFault.RetryWithoutId)
            {
                message = [.. message.Select(scan => scan with { UniqueId = Dice.Draw().ToString("x", CultureInfo.InvariantCulture) })];
            }
            await Task.Delay(Dice.Milliseconds(200, 800 * Math.Min(tries + 1, 6)), Clock);
        }
        _unacked--;
    }

    private async Task OrderAsync(int order)
    {
        _unacked++;
        while (true)
        {
            try
            {
                var reply = await Node.Silo.GetGrain<IOrderGrain>(Shop.Key(order).ToString()).Place(Shop.Content(order), Shop.People, Clock.GetUtcNow());
                if (reply.Refusal == OrderRefusal.None)
                {
                    if (!Verifier.Shop.Placed.Contains(order)) Verifier.Break($"I1: order {Shop.Key(order)} was taken and no committed row has it");
                    break;
                }
                if (reply.Refusal != OrderRefusal.NotStored) Verifier.Break($"order {Shop.Key(order)} was refused: {reply.Refusal} {reply.Problem}");
            }
            catch (Exception trouble) when (IsTrouble(trouble)) { Tell?.Invoke($"{Shop.Key(order)} {trouble.Message}"); }
            if (_ending && IsPoisoned(OrderStreams.Of(Shop.Key(order)))) break;
            await Task.Delay(Dice.Milliseconds(300, 3_000), Clock);
        }
        _unacked--;
    }

    private async Task AcceptAsync(Dice dice)
    {
        if (Verifier.Shop.Made.Count == 0) return;
        var offer = Verifier.Shop.Made.ElementAt(dice.Next(Verifier.Shop.Made.Count));
        var remedies = Verifier.Shop.DecisionOf(offer).Remedies;
        var remedy = remedies[dice.Next(remedies.Length)].Kind;
        var order = OrderStreams.KeyOf(Verifier.Shop.StreamOf(offer))!.Value;
        for (var tries = 0; tries < 20; tries++)
        {
            try
            {
                var reply = await Node.Silo.GetGrain<IOrderGrain>(order.ToString()).Accept(offer, remedy, "shopper");
                if (reply.Refusal == OfferRefusal.None) Verifier.Shop.Answered(offer, remedy);
                if (reply.Refusal != OfferRefusal.NotStored) return;
            }
            catch (Exception trouble) when (IsTrouble(trouble)) { }
            await Task.Delay(Dice.Milliseconds(200, 2_000), Clock);
        }
    }

    private async Task ReadAsync(int parcel, Dice dice)
    {
        var key = Plan.Key(parcel);
        try
        {
            if (dice.Chance(40) && !_clockWentBack)
            {
                var at = Clock.GetUtcNow() - dice.Span(TimeSpan.FromMinutes(20), TimeSpan.FromDays(1));
                var past = await Node.Reader.ReadAsync(key, at);
                if (!_clockWentBack) Verifier.Travelled(key, at, past);
                return;
            }
            var acked = Verifier.AckedVersion(key);
            var view = await Node.Reader.ReadAsync(key);
            if (!Poisoned.Contains(ShipmentStream.Of(key))) Verifier.Read(key, view, acked);
        }
        catch (Exception trouble) when (IsTrouble(trouble)) { }
    }

    private void Restart(Dice dice)
    {
        var pages = _open.ToList();
        Node.Kill();
        Node.Dispose();
        Node = new Node(this, Node.Clock.Off);
        Trouble.Split = false;
        // Browsers come back by themselves, each at its own moment.
        foreach (var page in pages)
        {
            var pause = dice.Milliseconds(0, 2_000);
            Start(async () =>
            {
                await Task.Delay(pause, Clock);
                if (!page.Closed) await Node.Pages.OpenAsync(page);
            });
        }
    }

    private void Start(Func<Task> outside) => _senders.Add(Scheduler.Start(outside));

    // ---- time ------------------------------------------------------------------------------------------------------------

    private void Elapse(TimeSpan time)
    {
        var target = Clock.GetUtcNow() + time;
        while (true)
        {
            Scheduler.RunUntilIdle(2_000_000);
            if (Verifier.Broken is not null || Clock.NextTimer is not { } next || next > target) break;
            Clock.AdvanceToNextTimer();
        }
        Clock.MoveTo(target);
    }

    // Hours in which nobody watches: pages are closed, sweepers go on.
    private void Night(TimeSpan time)
    {
        ClosePages();
        Elapse(time);
    }

    private void ClosePages()
    {
        foreach (var page in _open) Node.Pages.Close(page);
        _open.Clear();
    }

    // ---- after the last fault --------------------------------------------------------------------------------------------

    private void Heal()
    {
        Trouble.Heal();
        // Everything that was acked or is still being sent must be stored within a minute, without a human.
        for (var seconds = 0; seconds < 60 && _unacked > 0 && Verifier.Broken is null; seconds++) Elapse(TimeSpan.FromSeconds(1));
        _ending = true;
        Faults();
        if (_unacked > 0) Elapse(TimeSpan.FromSeconds(40));
        if (_unacked > 0) Verifier.Break($"I10: a minute after the last fault {_unacked} messages were still not stored");
        Trouble.SlowPagesUntil = default;
        Elapse(TimeSpan.FromSeconds(40));   // pushes that a slow page still read are through
        Elapse(TimeSpan.FromSeconds(2));
        Elapse(TimeSpan.FromSeconds(10));
        Verifier.PagesConverged(_open);
        if (Node.Silo.GetStatistics().AnswersAwaited > 4) Verifier.Break($"I10: {Node.Silo.GetStatistics().AnswersAwaited} calls still wait for answers in a quiet system");

        ClosePages();
        Node.Clock.Off = TimeSpan.Zero;
        Elapse(TimeSpan.FromHours(20));
        Verifier.Settled(Clock.GetUtcNow());
        if (!_clockWentBack) Finish(Scheduler.Start(() => Verifier.TravelAgainAsync(Node.Reader)));
        Faults();
    }

    // Somebody met an exception that is no trouble.
    private void Faults()
    {
        foreach (var sender in _senders)
            if (sender.IsFaulted) Verifier.Break($"{sender.Exception!.InnerException!.GetType().Name}: {sender.Exception.InnerException.Message} at {sender.Exception.InnerException.StackTrace?.Split('\n').FirstOrDefault(static line => line.Contains("Tracking.", StringComparison.Ordinal))?.Trim()}");
    }

    private void Finish(Task outside)
    {
        var rounds = 0;
        while (!outside.IsCompleted && rounds++ < 100_000) Elapse(TimeSpan.FromMilliseconds(20));
        if (outside.IsFaulted) Verifier.Break(outside.Exception!.InnerException!.ToString());
    }
}
