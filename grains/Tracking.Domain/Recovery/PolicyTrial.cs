using System.Globalization;
using Tracking.Domain.Estimates;
using Tracking.Domain.Orders;
using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Recovery;

/// <summary>One line of what a policy would have done: offers for a cause, or offers that hold a remedy.</summary>
/// <param name="Cost">Minor units. By cause: what would have been reserved. By remedy: what it comes to if everybody takes this one.</param>
public sealed record TrialLine(string Name, int Offers, long Cost);

/// <summary>What a policy would have done with the orders that were told and the scans that came.</summary>
public sealed record TrialReport(string Currency, int Orders, int Disruptions, int Offers, long Cost, ImmutableArray<TrialLine> ByCause, ImmutableArray<TrialLine> ByRemedy, ImmutableArray<(string Why, int Count)> Withheld, ImmutableArray<(string Purse, long Used, long Limit)> Purses)
{
    /// <summary>"would have offered 312 times, 4,980.00 EUR".</summary>
    public string Sentence => string.Create(CultureInfo.InvariantCulture, $"would have offered {Offers:N0} {(Offers == 1 ? "time" : "times")}, {new Money(Cost, Currency)}");
}

/// <summary>
/// A policy tried on what is recorded: the same walk and the same desk that decide for real, over what the shop told and what reached us at the time, and nothing else. What was decided then is left
/// out. Purses and the spacing between a customer's offers are kept as the ledgers would, in the order of time; what an unanswered offer gave back is not counted, so cost is an upper bound.
/// </summary>
public sealed class PolicyTrial(RecoveryPolicy policy, EddSnapshot edd, DateTimeOffset from, DateTimeOffset to)
{
    private readonly List<Moment> _moments = [];
    private readonly List<Order> _orders = [];
    private readonly Dictionary<string, List<(DateTimeOffset At, bool Offers)>> _wishes = new(StringComparer.Ordinal);

    private readonly record struct Moment(DateTimeOffset At, int Order, Order Known, DueMoment Due);

    /// <summary>Orders that were looked at.</summary>
    public int Orders { get; private set; }

    /// <summary>Takes what a customer said about offers, oldest first.</summary>
    public void Take(string customer, DateTimeOffset at, bool wantsOffers)
    {
        if (!_wishes.TryGetValue(customer, out var wishes)) _wishes[customer] = wishes = [];
        wishes.Add((at, wantsOffers));
    }

    /// <summary>Takes one order: its appends oldest first (decisions among them are ignored) and all that reached us of its parcels.</summary>
    /// <param name="key">Its key; for a parcel without an order its stand-in.</param>
    public void Take(OrderKey key, IEnumerable<OrderAppend> appends, IReadOnlyDictionary<string, ShipmentStory> stories)
    {
        Orders++;
        var index = -1;
        var seen = new HashSet<CauseKey>();
        var order = Order.Unseen(key);
        var told = appends.Select(static a => a with { Events = [.. a.Events.Where(static e => e is OrderPlaced or OrderChanged or OrderCancelled or LineUnavailable or ShipmentAdded)] }).Where(static a => !a.Events.IsEmpty).ToList();
        if (told.Count == 0) Walk(DateTimeOffset.MinValue, to);   // a parcel that stands for its order
        for (var i = 0; i < told.Count; i++)
        {
            // What was told next is not known yet.
            order = order.Apply(told[i]);
            Walk(i == 0 ? DateTimeOffset.MinValue : told[i].RecordedAt, i + 1 < told.Count ? told[i + 1].RecordedAt : to);
        }

        void Walk(DateTimeOffset since, DateTimeOffset until)
        {
            if (until > to) until = to;
            var parcels = order.Shipments.Select(s => stories.TryGetValue($"{s.Carrier}/{s.Number}", out var story) ? story with { Told = s } : new ShipmentStory(s, s.KeyIn(key.Retailer), [])).ToList();
            foreach (var due in DisruptionWalk.Walk(order, parcels, edd, policy.Thresholds, policy.Settle, policy.Since, until).Moments)
            {
                var causes = due.Causes.Where(c => !seen.Contains(c.Key)).ToImmutableArray();
                if (causes.IsEmpty || due.At < since) continue;
                foreach (var cause in causes) seen.Add(cause.Key);
                if (due.At < from || due.At > to) continue;   // settled before the time that is asked about
                if (index < 0)
                {
                    index = _orders.Count;
                    _orders.Add(order);
                }
                _moments.Add(new Moment(due.At, index, order, new DueMoment(due.At, causes)));
            }
        }
    }

    /// <summary>Decides everything in the order of time.</summary>
    /// <param name="progress">Called with the share done.</param>
    public TrialReport Run(Action<double>? progress = null, CancellationToken cancel = default)
    {
        _moments.Sort((a, b) => a.At != b.At ? a.At.CompareTo(b.At) : string.CompareOrdinal(a.Known.Key.ToString(), b.Known.Key.ToString()));
        var offers = new ImmutableArray<OfferStanding>[_orders.Count];
        Array.Fill(offers, []);
        var (causes, remedies, withheld) = (new SortedDictionary<string, (int, long)>(StringComparer.Ordinal), new SortedDictionary<string, (int, long)>(StringComparer.Ordinal), new SortedDictionary<string, int>(StringComparer.Ordinal));
        var purses = new SortedDictionary<string, (long Used, long Limit)>(StringComparer.Ordinal);
        var ledgers = new Dictionary<string, List<(DateTimeOffset At, string Order)>>(StringComparer.Ordinal);
        var (disruptions, made, cost) = (0, 0, 0L);
        for (var i = 0; i < _moments.Count; i++)
        {
            if (i % 1_024 == 0)
            {
                cancel.ThrowIfCancellationRequested();
                progress?.Invoke((double)i / _moments.Count);
            }
            var moment = _moments[i];
            var order = moment.Known with { Offers = offers[moment.Order] };
            foreach (var decision in RecoveryDesk.Decide(order, policy, moment.Due, moment.At))
            {
                disruptions++;
                var why = decision.IsOffer ? Settle(decision, order) : decision.Withheld;
                offers[moment.Order] = offers[moment.Order].Add(new OfferStanding(decision, why == Withheld.Not ? OfferState.Open : OfferState.Withheld, moment.At, moment.At, Why: why));
                if (why != Withheld.Not)
                {
                    var name = why.Name();
                    withheld[name] = withheld.GetValueOrDefault(name) + 1;
                    continue;
                }
                (made, cost) = (made + 1, cost + decision.Reserve);
                Add(causes, decision.Cause.Cause.Name(), decision.Reserve);
                foreach (var remedy in decision.Remedies) Add(remedies, remedy.Kind.Name(), remedy.Cost);
            }
        }
        progress?.Invoke(1);
        return new TrialReport(policy.Currency, Orders, disruptions, made, cost, Lines(causes), Lines(remedies), [.. withheld.Select(static w => (w.Key, w.Value))], [.. purses.Select(static p => (p.Key, p.Value.Used, p.Value.Limit))]);

        // As purse and ledger answer: all purses or none, then the customer's spacing, which gives the money back.
        Withheld Settle(RecoveryDecision decision, Order order)
        {
            foreach (var purse in decision.Purses)
                if (purses.GetValueOrDefault(purse.Id).Used + decision.Reserve > purse.Limit) return Withheld.Budget;
            if (_wishes.TryGetValue(order.CustomerId, out var wishes) && wishes.LastOrDefault(w => w.At <= decision.At, (default, true)) is { Offers: false }) return Withheld.NotWanted;
            if (!ledgers.TryGetValue(order.CustomerId, out var ledger)) ledgers[order.CustomerId] = ledger = [];
            if (decision.SpacingDays > 0 && ledger.Any(l => l.Order != order.Key.Order && (decision.At - l.At).Duration() < TimeSpan.FromDays(decision.SpacingDays))) return Withheld.Spacing;
            ledger.Add((decision.At, order.Key.Order));
            foreach (var purse in decision.Purses) purses[purse.Id] = (purses.GetValueOrDefault(purse.Id).Used + decision.Reserve, purse.Limit);
            return Withheld.Not;
        }

        static void Add(SortedDictionary<string, (int, long)> to, string name, long cost)
        {
            var (count, sum) = to.GetValueOrDefault(name);
            to[name] = (count + 1, sum + cost);
        }

        static ImmutableArray<TrialLine> Lines(SortedDictionary<string, (int Offers, long Cost)> from) => [.. from.Select(static l => new TrialLine(l.Key, l.Value.Offers, l.Value.Cost))];
    }
}
