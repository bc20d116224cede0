using Tracking.Carriers;
using Tracking.Carriers.Polling;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Journal;
using Tracking.Web.Retailers;
using Tracking.Web.Scans;

namespace Tracking.Silo.Polling;

/// <summary>
/// Asks the carriers that only answer questions (<c>Retailers:{id}:Polls</c>) for every live shipment of theirs, and records the answers the way a feed's message is recorded. With several nodes one
/// of them asks with each account. Accounts may come, change and go while it runs.
/// </summary>
internal sealed partial class PollService(
    RetailerDirectory retailers, FeedIntake intake, IngestGate gate, IShipmentReader shipments, IHeadStore heads, IEventJournal journal, PollMetrics metrics, TimeProvider clock,
    ILogger<PollService> log) : BackgroundService, IPollHost
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan SaveEvery = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan TellEvery = TimeSpan.FromMinutes(1);

    private readonly Lock _telling = new();
    private readonly Dictionary<(string Retailer, string Carrier), PollRound> _untold = [];
    private CarrierPoller? _poller;

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        using var http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,   // credentials go where the operator said
            AutomaticDecompression = System.Net.DecompressionMethods.All,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        });
        try
        {
            while (true)
            {
                var setup = Setup();
                if (setup.Accounts.Count == 0) await Task.Delay(LookEvery, clock, stopping);
                else await AskAsync(http, setup, stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested) { }
    }

    // Until the accounts change.
    private async Task AskAsync(HttpMessageInvoker http, PollSetup setup, CancellationToken stopping)
    {
        var poller = _poller = new CarrierPoller(setup.Accounts, setup.Pushed, http, this, clock, Random.Shared.NextDouble);
        var memory = new PollMemory(journal, clock, $"{Environment.MachineName}:{Environment.ProcessId}");
        var shared = Hosting.ActorHost.Access == StorageAccess.Shared;
        foreach (var account in setup.Accounts) poller.Own(account.Retailer, account.Carrier, false);   // until its schedule is known
        foreach (var (retailer, feedId, carrier) in setup.Unused) LogPushed(log, carrier, retailer, feedId);
        LogAsks(log, string.Join(", ", setup.Accounts.Select(a => $"{a.Carrier} for {a.Retailer}")));
        metrics.Read(poller);

        using var changed = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var asking = poller.RunAsync(Heard, changed.Token);
        var owned = new Dictionary<(string Retailer, string Carrier), Dictionary<ulong, PollDue>>();
        var live = setup.Accounts.Select(a => a.Retailer).Distinct().ToDictionary(r => r, r => new LiveShipments(heads, r), StringComparer.Ordinal);
        try
        {
            DateTimeOffset ownedAt = default, savedAt = clock.GetUtcNow(), toldAt = clock.GetUtcNow();
            while (Setup().Fingerprint == setup.Fingerprint)
            {
                try
                {
                    var now = clock.GetUtcNow();
                    if (ownedAt == default || (shared && now - ownedAt > PollMemory.Lease / 3))
                    {
                        foreach (var account in setup.Accounts) await OwnAsync(poller, memory, owned, account, shared, stopping);
                        ownedAt = now;
                    }
                    foreach (var (retailer, found) in live)
                    {
                        foreach (var target in await found.LookAsync(now, stopping))
                            if (CarrierApi.AccountOf(target.Key.Carrier) is { } carrier)
                                poller.Watch(target, owned.GetValueOrDefault((retailer, carrier))?.TryGetValue(PollMemory.HashOf(target.Key), out var due) == true ? due : null);
                        if (!found.Complete) continue;
                        // What was stored served its purpose: every shipment of before is watched again.
                        foreach (var (_, stored) in owned.Where(o => o.Key.Retailer == retailer)) stored.Clear();
                    }
                    if (now - savedAt >= SaveEvery)
                    {
                        await SaveAsync(poller, memory, owned, live, stopping);
                        savedAt = now;
                    }
                    if (now - toldAt >= TellEvery)
                    {
                        Tell(poller);
                        toldAt = now;
                    }
                }
                catch (Exception later) when (later is JournalUnavailableException or JournalOutcomeUnknownException or TimeoutException)
                {
                    LogLater(log, later.Message);
                }
                await Task.Delay(LookEvery, clock, stopping);
            }
        }
        finally
        {
            metrics.Read(null);
            await changed.CancelAsync();
            await asking;
            try { await SaveAsync(poller, memory, owned, live, CancellationToken.None); }
            catch (Exception lost) when (lost is JournalUnavailableException or JournalOutcomeUnknownException or TimeoutException) { LogLater(log, lost.Message); }
        }
    }

    private static async Task OwnAsync(
        CarrierPoller poller, PollMemory memory, Dictionary<(string, string), Dictionary<ulong, PollDue>> owned, PollAccount account, bool shared, CancellationToken cancel)
    {
        var name = (account.Retailer, account.Carrier);
        var mine = !shared || await memory.OwnAsync(account.Retailer, account.Carrier, cancel);
        if (mine && !owned.ContainsKey(name))
        {
            var stored = owned[name] = await memory.LoadAsync(account.Retailer, account.Carrier, cancel);
            poller.Restore(account.Retailer, account.Carrier, key => stored.TryGetValue(PollMemory.HashOf(key), out var due) ? due : null);   // another node asked until now
        }
        else if (!mine) owned.Remove(name);
        poller.Own(account.Retailer, account.Carrier, mine);
    }

    private static async Task SaveAsync(
        CarrierPoller poller, PollMemory memory, Dictionary<(string Retailer, string Carrier), Dictionary<ulong, PollDue>> owned, Dictionary<string, LiveShipments> live, CancellationToken cancel)
    {
        // A schedule that is not whole yet would make the stored one forget.
        foreach (var (retailer, carrier) in owned.Keys)
            if (live[retailer].Complete)
                await memory.SaveAsync(retailer, carrier, poller.Schedule(retailer, carrier), cancel);
    }

    // ---- what the poller asks us -----------------------------------------------------------------------------------------

    public async ValueTask<PollTarget?> LookAsync(PollTarget known, CancellationToken cancel)
        => await shipments.ReadFullAsync(known.Key, cancel: cancel) is { } view ? Of(known, view) : null;

    public async ValueTask<bool> TakeAsync(PollAnswer answer, CancellationToken cancel)
    {
        if (retailers.Find(answer.Retailer) is not { } retailer || intake.Find(answer.Format) is not { } decoder) return false;
        while (gate.RetryAfter(retailer) is { } seconds) await Task.Delay(TimeSpan.FromSeconds(seconds), clock, cancel);
        var context = new FeedContext { Feed = "poll", Channel = "poll", ReceivedAt = answer.ReceivedAt, MaxMessageBytes = intake.MaxBytes };
        var told = false;
        await foreach (var part in intake.TakeAsync(retailer, decoder.Format, decoder.Decode(answer.Body, context).Select(part => AsAsked(part, answer.Asked)), context, null, cancel))
        {
            if (part.Any(a => a.Outcome == ScanOutcome.Failed)) throw new IOException("A scan of the answer is not known to be stored.");
            told |= part.Count > 0;
        }
        foreach (var asked in answer.Asked)
            if (await LookAsync(asked, cancel) is { } newest)
                _poller?.Watch(newest);
        return told;
    }

    // The answer is about what was asked: whoever tracks a parcel as "dhl" hears of it there, although the answer knows the division.
    private static DecodedItem AsAsked(DecodedItem part, IReadOnlyList<PollTarget> asked)
    {
        if (part.Scans.IsEmpty) return part;
        return part with
        {
            Scans = [.. part.Scans.Select(scan => asked.FirstOrDefault(a => a.Key.Number == scan.TrackingNumber && CarrierApi.AccountOf(a.Key.Carrier) == CarrierApi.AccountOf(scan.Carrier)) is { } target
                && target.Key.Carrier != scan.Carrier ? scan with { Carrier = target.Key.Carrier } : scan)],
        };
    }

    private static PollTarget Of(PollTarget known, ShipmentView view) => known with
    {
        Status = view.Status,
        LastHeardAt = view.LastHeardAt ?? known.LastHeardAt,
        OpenedAt = view.Events.Select(e => e.ReceivedAt).Where(at => at != default).DefaultIfEmpty(known.OpenedAt).Min(),
        Pushed = known.Pushed || view.Events.Any(e => e.Source?.Channel == "webhook"),
    };

    // ---- what people hear of it ------------------------------------------------------------------------------------------

    private void Heard(string retailer, string carrier, PollRound round)
    {
        metrics.Count(carrier, round);
        foreach (var problem in round.Problems) LogProblem(log, problem);
        lock (_telling)
        {
            var sum = _untold.GetValueOrDefault((retailer, carrier), PollRound.Nothing);
            _untold[(retailer, carrier)] = new PollRound(sum.Asked + round.Asked, sum.Answered + round.Answered, sum.NotFound + round.NotFound, sum.Refused + round.Refused, sum.Failed + round.Failed, []);
        }
    }

    private void Tell(CarrierPoller poller)
    {
        KeyValuePair<(string Retailer, string Carrier), PollRound>[] untold;
        lock (_telling)
        {
            untold = [.. _untold];
            _untold.Clear();
        }
        var backlog = poller.Backlog();
        foreach (var ((retailer, carrier), round) in untold)
        {
            var behind = backlog.FirstOrDefault(b => b.Retailer == retailer && b.Carrier == carrier);
            LogMinute(log, carrier, round.Asked, retailer, round.Answered, round.NotFound, round.Refused, round.Failed, behind.Watched, behind.Due);
        }
    }

    // ---- who is asked with what ------------------------------------------------------------------------------------------

    private sealed record PollSetup(
        IReadOnlyList<PollAccount> Accounts, IReadOnlyList<(string Retailer, string Carrier)> Pushed, IReadOnlyList<(string Retailer, string FeedId, string Carrier)> Unused, string Fingerprint);

    private PollSetup Setup()
    {
        var accounts = new List<PollAccount>();
        var pushed = new List<(string, string)>();
        var unused = new List<(string, string, string)>();
        var fingerprint = new System.Text.StringBuilder();
        foreach (var retailer in retailers.All.OrderBy(r => r.Id, StringComparer.Ordinal))
        {
            if (retailer.Options.Polls.Count == 0) continue;
            foreach (var (name, poll) in retailer.Options.Polls.OrderBy(p => p.Key, StringComparer.Ordinal))
            {
                if (CarrierApi.Find(poll.Carrier)?.Format is not { } carrier) continue;
                var account = new PollAccount
                {
                    Carrier = carrier, ClientId = poll.ClientId, ClientSecret = poll.ClientSecret, BaseAddress = poll.BaseAddress,
                    RequestsPerMinute = poll.RequestsPerMinute, RequestsPerDay = poll.RequestsPerDay, Timeout = poll.Timeout,
                }.Of(retailer.Id);
                accounts.Add(account);
                fingerprint.Append(string.Join('\u001f', retailer.Id, name, carrier, poll.ClientId, poll.ClientSecret, poll.BaseAddress, poll.RequestsPerMinute, poll.RequestsPerDay, poll.Timeout)).Append('\n');
            }
            foreach (var (feedId, carrier) in retailer.Options.PushedCarriers())
            {
                pushed.Add((retailer.Id, carrier));
                fingerprint.Append(retailer.Id).Append('\u001f').Append(carrier).Append('\n');
                if (accounts.Any(a => a.Retailer == retailer.Id && a.Carrier == carrier)) unused.Add((retailer.Id, feedId, carrier));
            }
        }
        return new PollSetup(accounts, pushed, unused, fingerprint.ToString());
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Carriers are asked for live shipments: {Accounts}.")]
    private static partial void LogAsks(ILogger log, string accounts);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Carrier} is not asked for {Retailer}: its feed {Feed} pushes, and a carrier that pushes is never asked.")]
    private static partial void LogPushed(ILogger log, string carrier, string retailer, string feed);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Carrier} was asked for {Asked} shipments of {Retailer}: {Answered} answered, {NotFound} not found, {Refused} refused, {Failed} failed; {Watched} are watched, {Due} are due.")]
    private static partial void LogMinute(ILogger log, string carrier, int asked, string retailer, int answered, int notFound, int refused, int failed, int watched, int due);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Problem}")]
    private static partial void LogProblem(ILogger log, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Live shipments could not be looked up and will be again: {Problem}")]
    private static partial void LogLater(ILogger log, string problem);
}
