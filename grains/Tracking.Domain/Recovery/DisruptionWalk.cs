using Tracking.Domain.Estimates;
using Tracking.Domain.Orders;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Recovery;

/// <summary>All that reached us about one shipment of an order.</summary>
/// <param name="Shown">The last day that pages show, as stored.</param>
public sealed record ShipmentStory(OrderShipment Told, ShipmentKey Key, ImmutableArray<RecordedScan> Scans, DateOnly? Shown = null)
{
    /// <summary>When we first stored anything of it; null before that.</summary>
    public DateTimeOffset? FirstRecordedAt { get; init; }
}

/// <summary>A moment at which disruptions fall due together.</summary>
/// <param name="Causes">True then and not settled before, gravest first.</param>
public sealed record DueMoment(DateTimeOffset At, ImmutableArray<Detected> Causes);

/// <param name="Moments">Fallen due up to the moment of looking, oldest first.</param>
/// <param name="Next">When to look again if nothing is heard before; null: never.</param>
/// <param name="Dates">Where the dates stand at the moment of looking.</param>
/// <param name="Kept">Everything arrived within the promised days.</param>
public sealed record WalkedOrder(ImmutableArray<DueMoment> Moments, DateTimeOffset? Next, DatesNoted Dates, bool Kept);

/// <summary>
/// Walks through an order's time as it reached us, instant by instant, and says what fell due when. A cause is decided a settling time after it first showed,
/// by what is known then and not later; a cause that was disproved in between was none. Only receipt times count, so a walk after a crash, in another order of
/// work or on another node sees the same moments: they depend on what arrived when, and on nothing that we did meanwhile.
/// </summary>
public static class DisruptionWalk
{
    /// <summary>Instants of receipt that are looked at singly; earlier ones of a parcel that is scanned without end count as one.</summary>
    public const int MaxInstants = 200;

    // A prediction grows surer while nothing happens; it is looked at again at these times before the date it is about.
    private static readonly double[] HoursBefore = [72, 48, 36, 24, 18, 12, 6, 3, 0];

    /// <param name="settle">From when a cause first shows to when it is decided.</param>
    /// <param name="since">Nothing that showed before this is decided.</param>
    /// <param name="until">The moment of looking; everything that reached us by then must be in the stories. What came later waits.</param>
    public static WalkedOrder Walk(
        Order order, IReadOnlyList<ShipmentStory> stories, EddSnapshot edd, Thresholds thresholds, TimeSpan settle, DateTimeOffset since, DateTimeOffset until)
    {
        var walker = new Walker(order, stories, edd, thresholds, settle, since, until);
        return walker.Walk();
    }

    private sealed class Walker
    {
        private readonly Order _order;
        private readonly EddSnapshot _edd;
        private readonly Thresholds _thresholds;
        private readonly TimeSpan _settle;
        private readonly DateTimeOffset _since, _until;
        private readonly SortedSet<DateTimeOffset> _ahead = [];
        private readonly HashSet<CauseKey> _settled = [];
        private readonly List<(DateTimeOffset At, int Story, RecordedScan Scan)> _arrivals = [];
        private readonly KnownShipment[] _known;
        private readonly IReadOnlyList<ShipmentStory> _stories;
        private int _arrived;

        public Walker(Order order, IReadOnlyList<ShipmentStory> stories, EddSnapshot edd, Thresholds thresholds, TimeSpan settle, DateTimeOffset since, DateTimeOffset until)
        {
            (_order, _stories, _edd, _thresholds, _settle, _since, _until) = (order, stories, edd, thresholds, settle, since, until);
            _known = [.. stories.Select(s => new KnownShipment(s.Told, Shipment.Unseen(s.Key)))];
            for (var i = 0; i < stories.Count; i++)
            {
                // To an order a scan is known once the parcel is known to be its own; what fell due before is the business of the parcel's stand-in.
                var ours = order.ShipmentsSince.TryGetValue($"{stories[i].Told.Carrier}/{stories[i].Told.Number}", out var told) ? told.Received : DateTimeOffset.MinValue;
                foreach (var scan in stories[i].Scans) _arrivals.Add((scan.ReceivedAt > ours ? scan.ReceivedAt : ours, i, scan));
            }
            _arrivals.Sort((a, b) => a.At != b.At ? a.At.CompareTo(b.At) : a.Story != b.Story ? a.Story.CompareTo(b.Story) : a.Scan.Scan.Key.CompareTo(b.Scan.Scan.Key));
            var instants = _arrivals.Select(a => a.At).Distinct().ToList();
            foreach (var instant in instants.Skip(Math.Max(0, instants.Count - MaxInstants))) Ahead(instant);
            foreach (var line in order.Unavailable) Ahead(line.At);
            if (order.Promise is { } promise) Ahead(promise.Since);
        }

        public WalkedOrder Walk()
        {
            var moments = ImmutableArray.CreateBuilder<DueMoment>();
            DateTimeOffset? due = null;
            while (_ahead.Count > 0 && _ahead.Min <= _until)
            {
                var at = _ahead.Min;
                _ahead.Remove(at);
                Arrive(at);
                LookAhead(at);
                if (at < _since) continue;
                if (due is null)
                {
                    if (!Unsettled(at).Any()) continue;
                    due = at + _settle;
                    if (due > at) { Ahead(due.Value); continue; }
                }
                if (at < due) continue;
                due = null;
                var causes = Unsettled(at).ToImmutableArray();
                if (causes.IsEmpty) continue;   // disproved meanwhile
                foreach (var cause in causes) _settled.Add(cause.Key);
                moments.Add(new DueMoment(at, causes));
            }
            Arrive(_until);
            return new WalkedOrder(moments.ToImmutable(), _ahead.Count > 0 ? _ahead.Min : null, Dates(), Disruptions.IsKept(_order, _known));
        }

        private IEnumerable<Detected> Unsettled(DateTimeOffset at)
            => Disruptions.Of(_order, _known, _edd, _thresholds, at).Where(c => !_settled.Contains(c.Key) && !_order.IsSettled(c.Key));

        private void Arrive(DateTimeOffset at)
        {
            var first = _arrived;
            while (_arrived < _arrivals.Count && _arrivals[_arrived].At <= at) _arrived++;
            for (var i = 0; i < _known.Length; i++)
            {
                var scans = ImmutableArray.CreateBuilder<RecordedScan>();
                for (var a = first; a < _arrived; a++)
                    if (_arrivals[a].Story == i) scans.Add(_arrivals[a].Scan);
                // Without the decisions of that time: only what was told counts.
                var shipment = scans.Count > 0 ? _known[i].Shipment.Apply(new ShipmentAppend(at, scans.ToImmutable(), [])) : _known[i].Shipment;
                _known[i] = _known[i] with { Shipment = shipment.Marks.IsEmpty ? shipment : shipment.AsOf(at) };
            }
        }

        private void LookAhead(DateTimeOffset at)
        {
            if (Disruptions.PromiseEnds(_order, _known) is { } end) Before(end, at);
            foreach (var shipment in _known)
            {
                if (!shipment.IsOpen) continue;
                if (shipment.Current?.NextFuture is { } future && future > at) Ahead(future);
                if (Disruptions.CarrierDateEnds(_order, shipment) is { } carrier) Before(carrier, at);
                if (Disruptions.SilentAfter(_order, shipment, _edd, _thresholds, at) is { } silent && silent > at) Ahead(silent);
            }
        }

        private void Before(DateTimeOffset end, DateTimeOffset at)
        {
            foreach (var hours in HoursBefore)
                if (end.AddHours(-hours) is var look && look > at) Ahead(look);
        }

        private void Ahead(DateTimeOffset instant) => _ahead.Add(instant);

        private DatesNoted Dates()
        {
            DateOnly? carrier = null, ours = null, shown = null;
            var delivered = 0;
            for (var i = 0; i < _known.Length; i++)
            {
                var shipment = _known[i];
                if (shipment.Status == Milestone.Delivered) delivered++;
                if (!shipment.IsOpen) continue;
                carrier = Later(carrier, shipment.Shipment.CarrierDate?.To);
                ours = Later(ours, shipment.Current is null ? null : _edd.Estimate(Disruptions.Facts(_order, shipment, _until), _until)?.To);
                shown = Later(shown, _stories[i].Shown);
            }
            return new DatesNoted(_until, carrier, ours, shown, delivered, _known.Length);
        }

        private static DateOnly? Later(DateOnly? a, DateOnly? b) => a is null || b > a ? b ?? a : a;
    }
}
