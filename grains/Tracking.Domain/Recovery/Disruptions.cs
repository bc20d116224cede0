using Tracking.Domain.Estimates;
using Tracking.Domain.Orders;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Recovery;

/// <summary>Something is wrong with an order, by what was known at one moment.</summary>
public readonly record struct Detected(CauseKey Key, DisruptionFacts Facts);

/// <summary>From when on a probability counts as a disruption.</summary>
/// <param name="Miss">A date will be missed with at least this probability, 0.5 to 0.99.</param>
/// <param name="SilenceRate">Share of healthy parcels that may be called silent, 0.0001 to 0.1.</param>
public readonly record struct Thresholds(double Miss = 0.7, double SilenceRate = 0.005);

/// <summary>A shipment of an order as it was known at one moment.</summary>
public readonly record struct KnownShipment(OrderShipment Told, Shipment Shipment)
{
    public UseStanding? Current => Shipment.Current;
    public Milestone Status => Shipment.Milestone;
    /// <summary>With the buyer, or lying ready for them.</summary>
    public bool HasArrived => Status is Milestone.Delivered or Milestone.AvailableForPickup;
    public DateTimeOffset? ArrivedAt => HasArrived && Current is { SpeakingAt: > 0 } current ? new DateTimeOffset(current.SpeakingAt, TimeSpan.Zero) : null;
    /// <summary>Still on its way to the buyer.</summary>
    public bool IsOpen => !HasArrived && Status is not (Milestone.Returning or Milestone.Returned or Milestone.Cancelled or Milestone.Failed);
    public string Name => $"{Told.Carrier}/{Told.Number}";
}

/// <summary>
/// Finds what is wrong with an order. Pure: the order, its shipments folded from the scans that had reached us, one estimate snapshot and the moment are all it
/// sees. One shipment or five hit by the same thing are one disruption of the order.
/// </summary>
public static class Disruptions
{
    /// <summary>Everything wrong at <paramref name="asOf"/>, gravest first.</summary>
    public static List<Detected> Of(Order order, IReadOnlyList<KnownShipment> shipments, EddSnapshot edd, Thresholds thresholds, DateTimeOffset asOf)
    {
        var found = new Finder(order, shipments, edd, thresholds, asOf);
        found.Look();
        return found.Detected;
    }

    /// <summary>The first instant after the promised days; null without a promise.</summary>
    public static DateTimeOffset? PromiseEnds(Order order, IReadOnlyList<KnownShipment> shipments)
        => order.Promise?.Promise is { } promise ? EndOf(promise.By, Zone(order, shipments)) : null;

    /// <summary>When silence of a shipment becomes improbable; null when there is nothing to wait for.</summary>
    public static DateTimeOffset? SilentAfter(Order order, in KnownShipment shipment, EddSnapshot edd, Thresholds thresholds, DateTimeOffset asOf)
        => shipment.Told.Untracked || !shipment.IsOpen || shipment.Current is null ? null
            : edd.NextScanExpectedBy(Facts(order, shipment, asOf), asOf, thresholds.SilenceRate)?.SilentAfter;

    /// <summary>The first instant after the carrier's date; null without one.</summary>
    public static DateTimeOffset? CarrierDateEnds(Order order, in KnownShipment shipment)
        => shipment.Shipment.CarrierDate is { } date ? EndOf(date.To, ZoneOffsets.Of(order.Promise?.Promise.Zone, Country(order, shipment))) : null;

    /// <summary>True when everything that is still wanted arrived before the promised days were over.</summary>
    public static bool IsKept(Order order, IReadOnlyList<KnownShipment> shipments)
    {
        if (PromiseEnds(order, shipments) is not { } end || shipments.Count == 0) return false;
        foreach (var shipment in shipments)
            if (shipment.Status != Milestone.Delivered || shipment.ArrivedAt is not { } at || at >= end)
                return false;
        return true;
    }

    internal static JourneyFacts Facts(Order order, in KnownShipment shipment, DateTimeOffset asOf)
    {
        if (shipment.Current is { } current)
        {
            var facts = ShipmentClock.Facts(shipment.Shipment, current, asOf);
            return facts with { DestinationCountry = facts.DestinationCountry ?? order.Content?.Country, DestinationZone = order.Promise?.Promise.Zone, OrderedAt = order.PlacedAt ?? facts.OrderedAt };
        }
        return new JourneyFacts
        {
            Carrier = shipment.Told?.Carrier, Retailer = order.Key.Retailer, DestinationCountry = order.Content?.Country, DestinationZone = order.Promise?.Promise.Zone,
            Stage = JourneyStage.Handling, StageEnteredAt = order.PlacedAt ?? asOf, OrderedAt = order.PlacedAt,
        };
    }

    private static string? Country(Order order, in KnownShipment shipment) => shipment.Shipment?.Journey.DestinationCountry ?? order.Content?.Country;

    private static ZoneOffsets Zone(Order order, IReadOnlyList<KnownShipment> shipments)
    {
        var country = order.Content?.Country;
        foreach (var shipment in shipments) country ??= shipment.Shipment.Journey.DestinationCountry;
        return ZoneOffsets.Of(order.Promise?.Promise.Zone, country);
    }

    private static DateTimeOffset EndOf(DateOnly day, ZoneOffsets zone) => new(zone.ToUtc(day.AddDays(1).ToDateTime(TimeOnly.MinValue).Ticks), TimeSpan.Zero);

    private sealed class Finder(Order order, IReadOnlyList<KnownShipment> shipments, EddSnapshot edd, Thresholds thresholds, DateTimeOffset asOf)
    {
        private readonly SortedDictionary<CauseKey, DisruptionFacts> _found = [];
        private readonly int _open = shipments.Count(static s => s.IsOpen);

        public List<Detected> Detected => [.. _found.Select(f => new Detected(f.Key, f.Value))];

        public void Look()
        {
            if (order.Cancelled) return;
            foreach (var line in order.Unavailable)
                Add(line.Told.Trouble == LineTrouble.Cancelled ? Cause.LineCancelled : Cause.BackOrdered, line.Told.Occurrence,
                    Base() with { Party = Party.Retailer, Since = line.At, Line = line.Told.Line });
            foreach (var shipment in shipments)
            {
                if (shipment.Current is not { } current) continue;
                Said(shipment, current);
                if (!shipment.Told.Untracked && shipment.IsOpen) Timed(shipment, current);
            }
            Promise();
        }

        // What the carrier says.
        private void Said(in KnownShipment shipment, UseStanding current)
        {
            var facts = Base(shipment) with { Reason = current.Reason, Party = Causes.PartyOf(current.Reason), Since = At(current) };
            if (current.Status == Milestone.Failed) Add(Cause.Lost, 1, OrElse(facts, Party.Carrier));
            if ((current.Modifiers & Modifiers.Damaged) != 0) Add(Cause.Damaged, 1, OrElse(facts, Party.Carrier));
            if (current.Status is Milestone.Returning or Milestone.Returned) Add(Cause.Returned, 1, facts);
            if (!shipment.IsOpen) return;

            var address = current.Reason is Reason.RecipientAddress or Reason.RecipientMoved or Reason.ShipperData;
            var customs = (current.Modifiers & Modifiers.Customs) != 0 && current.Status == Milestone.Exception || Causes.PartyOf(current.Reason) == Party.Customs;
            if (address && current.Status is Milestone.Exception or Milestone.AttemptFailed) Add(Cause.AddressTrouble, 1, facts);
            else if (current.Status == Milestone.AttemptFailed) Add(Cause.AttemptFailed, Attempts(shipment, current), OrElse(facts, Party.Consignee));
            else if (customs) Add(Cause.Customs, 1, facts with { Party = Party.Customs });
            else if (current.Status == Milestone.Exception || (current.Modifiers & Modifiers.Held) != 0) Add(Cause.Held, 1, facts);
            if ((current.Modifiers & Modifiers.Delayed) != 0) Add(Cause.CarrierDelay, 1, OrElse(facts, Party.Carrier));
            if (WasDelivered(shipment, current)) Add(Cause.Contradiction, 1, facts with { Party = Party.Carrier });
        }

        // What time and the model say.
        private void Timed(in KnownShipment shipment, UseStanding current)
        {
            var facts = Facts(order, shipment, asOf);
            if (edd.NextScanExpectedBy(facts, asOf, thresholds.SilenceRate) is { } expectation && expectation.SilentAfter <= asOf)
                Add(Cause.Silent, 1, Base(shipment) with { Party = Party.Carrier, Since = facts.LastScanAt ?? At(current), Snapshot = edd.Id });
            if (CarrierDateEnds(order, shipment) is not { } end) return;
            var miss = 1 - edd.MassBefore(facts, asOf, end);
            if (miss < thresholds.Miss) return;
            var by = shipment.Shipment.CarrierDate!.Value.To;
            Add(Cause.PredictedCarrierMiss, 1, Predicted(shipment, facts, miss, by) with { CarrierBy = by });
        }

        private void Promise()
        {
            if (order.Promise is not { } promise || PromiseEnds(order, shipments) is not { } end) return;
            if (shipments.Count > 0 && shipments.All(static s => s.Told.Untracked)) return;   // untracked never becomes late
            if (order.Content is { Lines.IsEmpty: false } content && content.Lines.All(l => order.Wanted(l) == 0)) return;   // nothing is to come
            var revision = promise.Revision;

            var late = 0;
            KnownShipment? speaking = null;
            foreach (var shipment in shipments)
            {
                if (shipment.Told.Untracked || shipment.Status == Milestone.Cancelled || shipment.ArrivedAt is { } at && at < end) continue;
                late++;
                speaking ??= shipment;
            }
            if (asOf >= end)
            {
                if (late == 0 && shipments.Count > 0) return;
                var facts = (speaking is { } one ? Base(one) with { Reason = one.Current?.Reason ?? Reason.None, Party = OnTheWay(one) } : Base() with { Party = Party.Retailer });
                _found[new CauseKey(Cause.PromiseMissed, revision, 1)] = facts with
                {
                    Since = end, Shipments = late, Open = Math.Max(_open, late), PromisedBy = promise.Promise.By,
                    SlipDays = Math.Max(0, DayNumber(asOf) - promise.Promise.By.DayNumber), Probability = 1, Snapshot = edd.Id,
                };
                return;
            }
            Predict(promise, end);
        }

        private void Predict(PromiseRevision promise, DateTimeOffset end)
        {
            var missing = 0;
            DisruptionFacts? worst = null;
            foreach (var shipment in shipments.Count > 0 ? shipments.Where(static s => s.IsOpen && !s.Told.Untracked) : [new KnownShipment(new OrderShipment("", "", []), Shipment.Unseen(default))])
            {
                var facts = Facts(order, shipment, asOf);
                if (shipment.Told.Carrier.Length == 0) facts = facts with { Carrier = null };
                var miss = 1 - edd.MassBefore(facts, asOf, end);
                if (miss < thresholds.Miss) continue;
                missing++;
                if (worst is null || miss > worst.Probability)
                    worst = Predicted(shipment, facts, miss, promise.Promise.By) with { PromisedBy = promise.Promise.By, Reason = shipment.Current?.Reason ?? Reason.None, Party = OnTheWay(shipment) };
            }
            if (worst is not null) _found[new CauseKey(Cause.PredictedPromiseMiss, promise.Revision, 1)] = worst with { Shipments = missing, Since = asOf };
        }

        private DisruptionFacts Predicted(in KnownShipment shipment, in JourneyFacts facts, double miss, DateOnly by)
        {
            DateOnly? expected = edd.Quantile(facts, asOf, 0.5) is { } at
                ? DateOnly.FromDateTime(new DateTime(ZoneOffsets.Of(facts.DestinationZone, facts.DestinationCountry).ToLocal(at.UtcTicks))) : null;
            return Base(shipment.Told.Carrier.Length == 0 ? null : shipment) with
            {
                Party = OnTheWay(shipment), Since = asOf, ExpectedOn = expected, SlipDays = expected is { } day ? Math.Max(0, day.DayNumber - by.DayNumber) : 0, Probability = Math.Round(miss, 4), Snapshot = edd.Id,
            };
        }

        // Before the carrier has it the shop has it.
        private static Party OnTheWay(in KnownShipment shipment)
            => shipment.Current is not { } current || current.Status is Milestone.Unknown or Milestone.LabelCreated ? Party.Retailer
                : Causes.PartyOf(current.Reason) is not Party.Unknown and var party ? party : Party.Carrier;

        private int Attempts(in KnownShipment shipment, UseStanding current)
        {
            var attempts = 0;
            foreach (var placed in current.History)
                if (!placed.Retracted && (placed.Flags & Modifiers.Future) == 0 && shipment.Shipment.Marks[placed.Mark].Status == Milestone.AttemptFailed)
                    attempts++;
            return Math.Max(attempts, 1);
        }

        private static bool WasDelivered(in KnownShipment shipment, UseStanding current)
        {
            foreach (var placed in current.History)
                if (!placed.Retracted && (placed.Flags & Modifiers.Future) == 0 && shipment.Shipment.Marks[placed.Mark].Status == Milestone.Delivered)
                    return true;
            return false;
        }

        // Of several shipments the first told of speaks; the others are counted. Of several attempts the highest number counts.
        private void Add(Cause cause, int occurrence, DisruptionFacts facts)
        {
            var key = new CauseKey(cause, 0, occurrence);
            if (cause == Cause.AttemptFailed)
            {
                CauseKey? other = null;
                foreach (var known in _found.Keys)
                    if (known.Cause == cause) other = known;
                if (other is { } before)
                {
                    if (before.Occurrence < occurrence)
                    {
                        _found[key] = facts with { Shipments = _found[before].Shipments + 1 };
                        _found.Remove(before);
                    }
                    else _found[before] = _found[before] with { Shipments = _found[before].Shipments + 1 };
                    return;
                }
            }
            _found[key] = _found.TryGetValue(key, out var known1) ? known1 with { Shipments = known1.Shipments + 1 } : facts;
        }

        private DisruptionFacts Base(KnownShipment? speaking = null) => new() { Shipments = speaking is null ? 0 : 1, Open = _open, Speaking = speaking?.Name, PromisedBy = order.Promise?.Promise.By };

        private static DisruptionFacts OrElse(DisruptionFacts facts, Party party) => facts.Party == Party.Unknown ? facts with { Party = party } : facts;

        private static DateTimeOffset At(UseStanding current) => new(Math.Max(current.SpeakingAt, 0), TimeSpan.Zero);

        private int DayNumber(DateTimeOffset instant) => DateOnly.FromDateTime(new DateTime(Zone(order, shipments).ToLocal(instant.UtcTicks))).DayNumber;
    }
}
