using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Tracking.Contracts.Orders;
using Tracking.Domain.Orders;
using Tracking.Domain.Recovery;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Estimates;
using Tracking.Grains.Recovery;
using Tracking.Grains.Telemetry;
using Tracking.Journal;

namespace Tracking.Grains.Orders;

/// <inheritdoc cref="IOrderGrain"/>
[GrainType("order")]
public sealed partial class OrderGrain(
    IEventJournal journal, IHeadStore heads, OrderLoader loader, PolicyBook policies, EddBook edd, OfferCodes codes, IOptions<RecoveryOptions> options, TrackingMetrics metrics,
    TimeProvider clock, ILogger<OrderGrain> log) : Grain, IOrderGrain
{
    private readonly Dictionary<ShipmentKey, ShipmentStory> _stories = [];
    /// <summary>Parcels up to which an order reads all of them whenever one moves.</summary>
    private const int ReadWhole = 20;

    private readonly HashSet<ShipmentKey> _ours = [];   // nobody can have decided for these before us
    private Order? _order;
    private DateTimeOffset _askFrom;   // from when stand-ins may be asked for what they decided
    private DateTimeOffset? _due;   // when we are woken, as far as that is stored for sure

    private OrderKey Key => OrderKey.Parse(this.GetPrimaryKeyString());

    // ---- what the shop tells ---------------------------------------------------------------------------------------------

    public Task<OrderReply> Place(OrderContent content, OrderPeople people, DateTimeOffset receivedAt) => AnswerAsync(async () =>
    {
        var (order, known) = await loader.LoadWithPeopleAsync(Key);
        _order = order;
        if (order.Content is { } before)
        {
            var fields = OrderDifference.Of(before, known, content, people);
            return fields.IsEmpty ? new OrderReply(OrderRefusal.None, order.Revision, false)
                : new OrderReply(OrderRefusal.Conflict, order.Revision, false, $"Order {Key.Order} is known with other content: {string.Join(", ", fields)}. Change it with PUT.", fields);
        }
        return await TellAsync(order, content, people, new OrderPlaced(content, receivedAt));
    });

    public Task<OrderReply> Change(OrderContent content, OrderPeople people, DateTimeOffset receivedAt, int? ifVersion) => AnswerAsync(async () =>
    {
        var (order, known) = await loader.LoadWithPeopleAsync(Key);
        _order = order;
        if (Refuse(order, ifVersion) is { } refused) return refused;
        if (OrderDifference.Of(order.Content!, known, content, people).IsEmpty) return new OrderReply(OrderRefusal.None, order.Revision, false);
        return await TellAsync(order, content, people, new OrderChanged(content, receivedAt));
    });

    public Task<OrderReply> Cancel(string? why, int? ifVersion) => AnswerAsync(async () =>
    {
        var order = await GetAsync();
        if (order.Cancelled) return new OrderReply(OrderRefusal.None, order.Revision, false);
        if (Refuse(order, ifVersion) is { } refused) return refused;
        List<OrderEvent> events = [new OrderCancelled(why)];
        events.AddRange(order.Offers.Where(o => o.State == OfferState.Open).Select(o => new OfferExpired(o.Id, "order-cancelled")));
        return await StoreAsync(order, default, [.. events]);
    });

    public Task<OrderReply> LineUnavailable(LineReport report, DateTimeOffset receivedAt, int? ifVersion) => AnswerAsync(async () =>
    {
        var order = await GetAsync();
        if (Refuse(order, ifVersion) is { } refused) return refused;
        var line = order.Content!.Lines.FirstOrDefault(l => l.Id == report.Line);
        if (line is null) return new OrderReply(OrderRefusal.Unknown, order.Revision, false, $"Order {Key.Order} has no line '{report.Line}'.");
        var trouble = report.BackOrdered ? LineTrouble.BackOrdered : LineTrouble.Cancelled;
        var quantity = report.Quantity ?? line.Quantity;
        if (order.Unavailable.Any(u => u.Told.Line == report.Line && u.Told.Trouble == trouble && u.Told.Quantity == quantity && u.Told.RainCheck == report.RainCheck && u.Told.Alternative == report.Alternative))
            return new OrderReply(OrderRefusal.None, order.Revision, false);   // told before
        if (quantity < 1 || quantity > order.Wanted(line))
            return Invalid(order, [new OrderProblem("/quantity", $"Of line '{line.Id}' {order.Wanted(line)} are to come; {quantity} cannot be taken out.")]);
        if (report.RainCheck < 0) return Invalid(order, [new OrderProblem("/rainCheck", "A price is not negative.")]);
        var occurrence = order.Unavailable.Count(u => u.Told.Trouble == trouble) + 1;
        return await StoreAsync(order, default, new LineUnavailable(line.Id, quantity, trouble, report.RainCheck, report.Alternative, occurrence, receivedAt));
    });

    public Task<OrderReply> PutShipment(OrderShipment shipment, DateTimeOffset receivedAt, int? ifVersion) => AnswerAsync(async () =>
    {
        var order = await GetAsync();
        if (Refuse(order, ifVersion) is { } refused) return refused;
        var known = order.Shipments.FirstOrDefault(s => s.Carrier == shipment.Carrier && s.Number == shipment.Number);
        if (known is not null && known.Untracked == shipment.Untracked && known.Lines.SequenceEqual(shipment.Lines)) return new OrderReply(OrderRefusal.None, order.Revision, false);
        if (OrderRules.CheckShipment(order, shipment) is { IsEmpty: false } problems) return Invalid(order, problems);
        if (await BindAsync(order.CustomerId, [shipment]) is { } other) return Taken(order, other);
        return await StoreAsync(order, default, new ShipmentAdded(shipment, receivedAt));
    });

    private async Task<OrderReply> TellAsync(Order order, OrderContent content, OrderPeople people, OrderEvent told)
    {
        if (OrderRules.Check(content, order.Content is null ? null : order, clock.GetUtcNow()) is { IsEmpty: false } problems) return Invalid(order, problems);
        if (await BindAsync(content.Customer ?? order.CustomerId, content.Shipments) is { } other) return Taken(order, other);
        await MarkRetailerAsync();
        return await StoreAsync(order, OrderJson.WritePeople(people), told);
    }

    // Before the order is stored, so that whoever hears of the shipment afterwards finds the order. A binding without an order ends by itself.
    private async Task<(OrderShipment Shipment, string Order)?> BindAsync(string customer, ImmutableArray<OrderShipment> shipments)
    {
        foreach (var shipment in shipments)
            if (await GrainFactory.GetGrain<IShipmentOrdersGrain>(shipment.KeyIn(Key.Retailer).ToString()).Bind(Key.Order, customer) is { } other)
                return (shipment, other);
        return null;
    }

    private async Task MarkRetailerAsync()
    {
        if (await loader.HasOrdersAsync(Key.Retailer)) return;
        try { await journal.AppendAsync(new JournalAppend(OrderStreams.HasOrders(Key.Retailer), 1, clock.GetUtcNow(), "{\"v\":1}"u8.ToArray())); }
        catch (JournalFencedException) { }   // another order was first
    }

    private OrderReply? Refuse(Order order, int? ifVersion)
        => order.Content is null ? new OrderReply(OrderRefusal.Unknown, 0, false, $"No order {Key.Order} is known.")
            : ifVersion is { } version && version != order.Revision ? new OrderReply(OrderRefusal.WrongVersion, order.Revision, false, $"Order {Key.Order} has version {order.Revision}, not {version}. Read it again.")
            : order.Cancelled ? new OrderReply(OrderRefusal.Cancelled, order.Revision, false, $"Order {Key.Order} is cancelled.")
            : null;

    private static OrderReply Invalid(Order order, ImmutableArray<OrderProblem> problems)
        => new(OrderRefusal.Invalid, order.Revision, false, string.Join(" ", problems.Select(p => p.Problem)), [.. problems.Select(p => p.Field)]);

    private static OrderReply Taken(Order order, (OrderShipment Shipment, string Order)? other)
        => new(OrderRefusal.OtherCustomer, order.Revision, false, $"Shipment {other!.Value.Shipment.Carrier} {other.Value.Shipment.Number} belongs to order {other.Value.Order} of another customer; one parcel goes to one customer.", ["/shipments"]);

    private async Task<OrderReply> AnswerAsync(Func<Task<OrderReply>> tell)
    {
        try { return await tell(); }
        catch (Exception refused) when (refused is JournalFencedException or JournalUnavailableException or JournalOutcomeUnknownException or TimeoutException)
        {
            Forget();
            return new OrderReply(OrderRefusal.NotStored, 0, false, "The order is not known to be stored. Send it again.");
        }
        catch (JournalRejectedException refused) { return new OrderReply(OrderRefusal.Invalid, 0, false, refused.Message); }
    }

    private async Task<OrderReply> StoreAsync(Order order, ReadOnlyMemory<byte> personal, params OrderEvent[] events)
    {
        var append = order.Append(clock.GetUtcNow(), events);
        var next = await StoreAsync(order, append, personal);
        return new OrderReply(OrderRefusal.None, next.Revision, true);
    }

    // ---- what scans and time mean ----------------------------------------------------------------------------------------

    public Task Look(ShipmentKey? moved) => TurnAsync(async () =>
    {
        // Read anew: if another activation wrote, doing nothing by an old state would be doing the wrong thing silently.
        var order = _order = await loader.LoadAsync(Key);
        if (order.Content is null && (!Key.IsStandIn || await IsTakenAsync())) return false;
        if (await AdoptAsync(order) is not { } adopted) return await LaterAsync();
        // Of an order of very many parcels only the one that moved is read anew. Where that leads to a decision, everything is read before it is taken.
        if (adopted.Shipments.Length <= ReadWhole) moved = null;
        var look = Decide(adopted, await StoriesAsync(adopted, moved));
        if (moved is not null && look.Append is { } append && append.Events.Any(e => e is not DatesNoted)) look = Decide(adopted, await StoriesAsync(adopted, null));
        await ConcludeAsync(adopted, look);
        return true;
    });

    public Task Wake() => TurnAsync(async () =>
    {
        var order = _order = await loader.LoadAsync(Key);
        if (order.Content is null && !Key.IsStandIn) return false;
        if (Key.IsStandIn && await IsTakenAsync())
        {
            await ConcludeAsync(order, new OrderLook(null, order, null));   // its order asks when it is ready
            return true;
        }
        _due ??= clock.GetUtcNow();   // whoever wakes us found a due time stored, or flushes what we say now
        if (await AdoptAsync(order) is not { } adopted) return await LaterAsync();
        await ConcludeAsync(adopted, Decide(adopted, await StoriesAsync(adopted, null)));
        return true;
    });

    public Task<HandedOver> HandOver(string toOrder, DateTimeOffset toldAt) => TurnAsync(async () =>
    {
        var order = _order = await loader.LoadAsync(Key);
        if (order.TakenOverBy is null)
        {
            var look = OrderClock.Look(order, await StoriesAsync(order, null), policies.Of(Key.Retailer), edd.Current, clock.GetUtcNow(), Grace, clock.GetUtcNow(), toldAt);
            var decided = look.Append?.Events.Where(static e => e is RemedyDecided) ?? [];
            order = await StoreAsync(order, order.Append(clock.GetUtcNow(), [.. decided, new DecisionsAdopted(toOrder, [], [])]), default);
            await ConcludeAsync(order, new OrderLook(null, order, null));
        }
        return new HandedOver([.. order.Offers.Select(o => o.Decision.Cause)], [.. order.Offers.Where(o => o.Decision.Tell).Select(o => o.Decision.Cause)]);
    });

    // From when an order is told on its parcel decides nothing by itself any more, even if the order has not asked it yet.
    private async Task<bool> IsTakenAsync()
    {
        if (Key.StandsFor is not { } shipment) return false;
        foreach (var bound in await loader.OrdersOfAsync(shipment))
            if ((await loader.LoadAsync(bound)).Shipments.Any(s => s.KeyIn(Key.Retailer) == shipment)) return true;
        return false;
    }

    // What was decided for a shipment while nobody had told us its order stays decided. Null: it cannot be asked yet, because what reached us before may still be on its way to the disk.
    private async Task<Order?> AdoptAsync(Order order)
    {
        if (Key.IsStandIn || !policies.MindsStandIns(Key.Retailer)) return order;
        foreach (var shipment in order.Shipments)
        {
            var key = shipment.KeyIn(Key.Retailer);
            var standIn = OrderKey.StandIn(key, 0);
            if (order.AdoptedFrom.Contains(standIn.Order) || _ours.Contains(key)) continue;
            var told = order.ShipmentsSince.GetValueOrDefault($"{shipment.Carrier}/{shipment.Number}").Received;
            if (clock.GetUtcNow() < told + Grace)
            {
                _askFrom = told + Grace;
                return null;
            }
            var story = await StoryAsync(shipment, key, fresh: true);
            if (!story.Scans.Any(s => s.ReceivedAt < told)) { _ours.Add(key); continue; }   // known as ours before it was ever scanned
            var taken = await GrainFactory.GetGrain<IOrderGrain>(standIn.ToString()).HandOver(Key.Order, told);
            order = await StoreAsync(order, order.Append(clock.GetUtcNow(), new DecisionsAdopted(standIn.Order, taken.Settled, taken.Told)), default);
        }
        return order;
    }

    // Nothing is decided yet; only when to look again is made sure of.
    private async Task<bool> LaterAsync()
    {
        var order = _order!;
        // Where a clock has jumped back that is long after now; asking every few seconds until then would change nothing.
        var at = _askFrom + TimeSpan.FromMilliseconds(1);
        var known = KnownDue(order);
        var earlier = known is null || at < known;
        await ConcludeAsync(order, new OrderLook(earlier ? order.Append(clock.GetUtcNow(), (order.Dates ?? new DatesNoted(clock.GetUtcNow(), null, null, null, 0, order.Shipments.Length)) with { LookAt = at }) : null, order, earlier ? at : known));
        return true;
    }

    private TimeSpan Grace => TimeSpan.FromSeconds(options.Value.GraceSeconds);

    private OrderLook Decide(Order order, IReadOnlyList<ShipmentStory> stories)
        => OrderClock.Look(order, stories, policies.Of(Key.Retailer), edd.Current, clock.GetUtcNow(), Grace, KnownDue(order));

    private DateTimeOffset? KnownDue(Order order) => _due ?? (order.Dates?.LookAt is { } noted && noted > clock.GetUtcNow() ? noted : null);

    private async Task ConcludeAsync(Order order, OrderLook look)
    {
        var next = look.Append is { } append ? await StoreAsync(order, append, default) : order;
        _due = look.DueAt;
        if (next.Version > 0) heads.Offer(new StreamHead(OrderStreams.Of(Key), next.Version, next.RecordedAt, 0, 0, look.DueAt, ReadOnlyMemory<byte>.Empty, ReadOnlyMemory<byte>.Empty));
    }

    private async Task<IReadOnlyList<ShipmentStory>> StoriesAsync(Order order, ShipmentKey? moved)
        => await Task.WhenAll(order.Shipments.Select(s => StoryAsync(s, s.KeyIn(Key.Retailer), fresh: moved is null || moved == s.KeyIn(Key.Retailer)).AsTask()));

    private async ValueTask<ShipmentStory> StoryAsync(OrderShipment shipment, ShipmentKey key, bool fresh)
    {
        if (!fresh && _stories.TryGetValue(key, out var known)) return known with { Told = shipment };
        return _stories[key] = await loader.StoryAsync(shipment, key);
    }

    // ---- offers ----------------------------------------------------------------------------------------------------------

    public Task<OfferState> Settle(string offer, Withheld answer, string? detail) => TurnAsync(async () =>
    {
        var order = await GetAsync();
        if (order.FindOffer(offer) is null) order = _order = await loader.LoadAsync(Key);   // another activation decided it
        if (order.FindOffer(offer) is not { } known) throw new InvalidOperationException($"Order {Key} has not decided offer {offer}.");
        if (known.State != OfferState.Decided) return known.State;
        OrderEvent settled = answer == Withheld.Not ? new OfferMade(offer) : new OfferWithheld(offer, answer, detail);
        // Whoever finds an offer by its id finds the order.
        var links = answer == Withheld.Not ? new[] { new LinkRow(OfferId.HashOf(offer), OrderStreams.Of(Key), "offer", 0) } : null;
        var next = await StoreAsync(order, order.Append(clock.GetUtcNow(), settled), default, links);
        metrics.OffersDecided.Add(1, new("outcome", answer == Withheld.Not ? "made" : "withheld"), new("why", answer == Withheld.Not ? "none" : answer.Name()));
        // An open offer has a reminder and an end to be woken for. Nothing is decided here: what was read of the parcels may be old.
        var due = KnownDue(next) ?? clock.GetUtcNow();
        if (next.FindOffer(offer) is { State: OfferState.Open, Decision: var made })
        {
            if (made.RemindAt < due) due = made.RemindAt.Value;
            if (made.ExpiresAt < due) due = made.ExpiresAt.Value;
        }
        await ConcludeAsync(next, new OrderLook(null, next, due));
        return _order!.FindOffer(offer)!.State;
    });

    public Task<OfferReply> Accept(string offer, RemedyKind remedy, string by) => AnswerOfferAsync(offer, async (order, known) =>
    {
        if (known.State == OfferState.Accepted)
            return known.Remedy == remedy ? Reply(order, offer, first: false)
                : No(OfferRefusal.AlreadyAccepted, order, offer, $"The offer was accepted as {known.Remedy!.Value.Name()} and is used up.");
        if (Closed(order, known) is { } closed) return closed;
        if (!known.Decision.Remedies.Any(r => r.Kind == remedy))
            return No(OfferRefusal.NoSuchRemedy, order, offer, $"The offer does not hold {remedy.Name()}; it holds {string.Join(", ", known.Decision.Remedies.Select(r => r.Kind.Name()))}.");
        var (code, from, empty) = remedy.HasCode() ? await CodeAsync(known.Decision, known.Decision.Remedies.First(r => r.Kind == remedy)) : default;
        var next = await StoreAsync(order, order.Append(clock.GetUtcNow(), new OfferAccepted(offer, remedy, code, by, from, empty)), default);
        if (code is not null) metrics.OfferCodes.Add(1, new KeyValuePair<string, object?>("source", from is not null ? "pool" : empty is not null ? "pool-empty" : "generated"));
        metrics.OffersAccepted.Add(1, new KeyValuePair<string, object?>("remedy", remedy.Name()));
        return Reply(next, offer, first: true);
    });

    // Of the shop's own, where the policy names a pool: the book of codes answers the same to the same offer, so an accept that is tried again has the same code.
    private async Task<(string? Code, string? From, string? Empty)> CodeAsync(RecoveryDecision decision, Remedy remedy)
    {
        if (remedy.Pool is { } pool)
        {
            if (await GrainFactory.GetGrain<ICodeBookGrain>(Key.Retailer).Reserve(pool, decision.Offer, remedy.Kind, false) is { } own) return (own, pool, null);
            LogPoolEmpty(log, Key, pool);
        }
        return (codes.Of(decision.Offer, remedy.Kind, decision.CodePrefix), null, remedy.Pool);
    }

    public Task<OfferReply> Decline(string offer, string by) => AnswerOfferAsync(offer, async (order, known) =>
    {
        if (known.State == OfferState.Declined) return Reply(order, offer, first: false);
        if (known.State == OfferState.Accepted) return No(OfferRefusal.AlreadyAccepted, order, offer, "The offer was accepted already.");
        if (Closed(order, known) is { } closed) return closed;
        return Reply(await StoreAsync(order, order.Append(clock.GetUtcNow(), new OfferDeclined(offer, by)), default), offer, first: true);
    });

    private async Task<OfferReply> AnswerOfferAsync(string offer, Func<Order, OfferStanding, Task<OfferReply>> answer)
    {
        try
        {
            var order = await GetAsync();
            if (order.FindOffer(offer) is not { State: not OfferState.Decided }) order = _order = await loader.LoadAsync(Key);   // another activation may know more
            return order.FindOffer(offer) is { State: not OfferState.Decided } known ? await answer(order, known) : new OfferReply(OfferRefusal.Unknown, false, null, "No such offer is known.");
        }
        catch (Exception refused) when (refused is JournalFencedException or JournalUnavailableException or JournalOutcomeUnknownException or TimeoutException)
        {
            return new OfferReply(OfferRefusal.NotStored, false, null, "The answer is not known to be stored. Send it again.");
        }
    }

    private OfferReply? Closed(Order order, OfferStanding known)
        => known.CanBeAnswered(clock.GetUtcNow()) ? null
            : known.State is OfferState.Open or OfferState.Expired ? No(OfferRefusal.Expired, order, known.Id, $"The offer ended at {known.Decision.ExpiresAt?.UtcDateTime:u}.")
            : known.State == OfferState.Declined ? No(OfferRefusal.AlreadyDeclined, order, known.Id, "The offer was declined.")
            : No(OfferRefusal.NotOpen, order, known.Id, "The offer was not made.");

    private static OfferReply Reply(Order order, string offer, bool first) => new(OfferRefusal.None, first, OfferView.Of(order.Key, order.FindOffer(offer)!));

    private static OfferReply No(OfferRefusal why, Order order, string offer, string problem) => new(why, false, OfferView.Of(order.Key, order.FindOffer(offer)!), problem);

    // ---- load, store, believe --------------------------------------------------------------------------------------------

    private async ValueTask<Order> GetAsync() => _order ??= await loader.LoadAsync(Key);

    private async Task<Order> StoreAsync(Order before, OrderAppend append, ReadOnlyMemory<byte> personal, IReadOnlyList<LinkRow>? links = null)
    {
        try
        {
            await journal.AppendAsync(new JournalAppend(OrderStreams.Of(Key), before.Version + 1, append.RecordedAt, OrderJson.WriteOpen(append), personal, append.HasReaction, links));
        }
        catch (Exception refused)
        {
            if (refused is JournalFencedException) metrics.Fenced.Add(1);
            Forget();   // fenced, or outcome unknown: read again
            LogNotStored(log, Key, refused.Message);
            throw;
        }
        _order = before.Apply(append);   // only then believe it
        foreach (var happened in append.Events)
            if (happened is RemedyDecided { Decision: var decision }) LogDecided(log, Key, decision.Cause, decision.IsOffer ? "an offer" : decision.Withheld.ToString());
        return _order;
    }

    // Only framework exceptions cross a call.
    private async Task<T> TurnAsync<T>(Func<Task<T>> turn)
    {
        try { return await turn(); }
        catch (Exception refused) when (refused is JournalFencedException or JournalUnavailableException or JournalOutcomeUnknownException)
        {
            Forget();
            throw new TimeoutException($"Not known to be stored, ask again: {refused.Message}");
        }
    }

    private void Forget()
    {
        _order = null;
        _stories.Clear();
        _due = null;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Order {Order} could not be stored and will be read again: {Problem}")]
    private static partial void LogNotStored(ILogger log, OrderKey order, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Order {Order}: pool {Pool} has no code left, so one was generated.")]
    private static partial void LogPoolEmpty(ILogger log, OrderKey order, string pool);

    [LoggerMessage(Level = LogLevel.Information, Message = "Order {Order}: {Cause} was decided: {Outcome}.")]
    private static partial void LogDecided(ILogger log, OrderKey order, CauseKey cause, string outcome);
}
