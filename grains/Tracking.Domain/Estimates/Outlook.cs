namespace Tracking.Domain.Estimates;

/// <summary>
/// One parcel's remaining time as a distribution: a shape of ratios times the expected days of the carrier clock, counted from the stage's beginning and
/// cut off at what has already passed. Silence is information: a stored date rots, a band that is conditioned on "not yet" stays honest
/// (measured at hand-over + 14 days: 82 % covered against 70 %).
/// </summary>
internal readonly struct Outlook
{
    private const double OverdueMass = 0.985;

    private readonly CarrierClock _clock;
    private readonly ZoneOffsets _zone;
    private readonly RatioShape _shape;
    private readonly double _expected, _entered, _now, _passed;
    private readonly long _nowTicks, _snapshot;
    private readonly JourneyStage _stage;

    public Outlook(CarrierClock clock, ZoneOffsets zone, RatioShape shape, double expected, in JourneyFacts facts, DateTimeOffset now, long snapshot)
    {
        (_clock, _zone, _shape, _expected, _snapshot, _stage) = (clock, zone, shape, expected, snapshot, facts.Stage);
        _nowTicks = now.UtcTicks;
        var entered = facts.StageEnteredAt == default ? _nowTicks : Math.Min(facts.StageEnteredAt.UtcTicks, _nowTicks);
        _now = CarrierClock.LocalDays(zone.ToLocal(_nowTicks));
        _entered = clock.At(CarrierClock.LocalDays(zone.ToLocal(entered)));
        _passed = shape.Mass((clock.At(_now) - _entered) / expected);
    }

    /// <summary>Expected days of the carrier clock, from the stage's beginning to the door.</summary>
    public double Expected => _expected;

    /// <summary>Speed of this route at present against its usual speed; 1 is usual.</summary>
    public double Pace => 1;

    /// <summary>Today at the door.</summary>
    public DateOnly Today => CarrierClock.Epoch.AddDays((int)Math.Floor(_now));

    /// <summary>The local day of an instant at the door.</summary>
    public DateOnly DayOf(DateTimeOffset instant) => DateOnly.FromDateTime(new DateTime(_zone.ToLocal(instant.UtcTicks)));

    public DeliveryEstimate Estimate()
    {
        var overdue = _passed > OverdueMass;
        var (p10, p50, p90) = (Quantile(0.1), Quantile(0.5), Quantile(0.9));
        DateOnly? from = null, to = null;
        double mass = 0;
        var first = 0;
        if (!overdue && ShortestRun(out first, out var last, out mass))
            (from, to) = (CarrierClock.Epoch.AddDays(first), CarrierClock.Epoch.AddDays(last));
        TimeOnly? hourFrom = null, hourTo = null;
        if (_stage == JourneyStage.OutForDelivery && from is not null && from == to) Hours(first, out hourFrom, out hourTo);
        return new DeliveryEstimate(p10, p50, p90, from, to, mass, _snapshot, from is null, hourFrom, hourTo);
    }

    /// <summary>The instant before which the parcel arrives with that probability, given that it has not arrived yet.</summary>
    public DateTimeOffset Quantile(double probability) => At(_passed + probability * (1 - _passed));

    /// <summary>The same, judged when the stage began.</summary>
    public DateTimeOffset FromStageEntry(double probability) => At(probability);

    private DateTimeOffset At(double mass) => Instant(_clock.When(_entered + _shape.Quantile(mass) * _expected));

    private DateTimeOffset Instant(double localDays)
    {
        var ticks = Math.Max(_zone.ToUtc(CarrierClock.LocalTicks(localDays)), _nowTicks);
        return new DateTimeOffset((ticks + TimeSpan.TicksPerSecond - 1) / TimeSpan.TicksPerSecond * TimeSpan.TicksPerSecond, TimeSpan.Zero);
    }

    public double MassOf(DateOnly from, DateOnly to)
        => to < from ? 0 : Math.Max(Before(to.DayNumber - CarrierClock.Epoch.DayNumber + 1) - Before(from.DayNumber - CarrierClock.Epoch.DayNumber), 0);

    // Mass before the midnight that begins a day, given that the parcel has not arrived yet.
    private double Before(int day)
        => _passed >= 1 ? 0 : Math.Max(_shape.Mass((_clock.AtMidnight(day) - _entered) / _expected) - _passed, 0) / (1 - _passed);

    private bool ShortestRun(out int first, out int last, out double mass)
    {
        const int Most = EddSnapshot.LongestRun + 30;
        Span<double> before = stackalloc double[Most + 1];
        var today = (int)_now;
        var known = 0;
        for (; known <= Most; known++)
        {
            before[known] = known == 0 ? 0 : Before(today + known);
            if (before[known] > 1 - (1 - EddSnapshot.WantedMass) / 8) { known++; break; }
        }
        (first, last, mass) = (0, 0, 0);
        var best = int.MaxValue;
        for (int from = 0, to = 1; to < known; to++)
        {
            while (from + 1 < to && before[to] - before[from + 1] >= EddSnapshot.WantedMass) from++;
            var held = before[to] - before[from];
            var enough = held >= (to - from == 1 ? EddSnapshot.SingleDayMass : EddSnapshot.WantedMass);
            if (!enough || to - from > best || to - from == best && held <= mass) continue;
            (best, first, last, mass) = (to - from, today + from, today + to - 1, held);
        }
        return best <= EddSnapshot.LongestRun;
    }

    private void Hours(int day, out TimeOnly? from, out TimeOnly? to)
    {
        var earliest = CarrierClock.LocalDays(_zone.ToLocal(Quantile(0.1).UtcTicks)) - day;
        var latest = CarrierClock.LocalDays(_zone.ToLocal(Quantile(0.9).UtcTicks)) - day;
        from = TimeOnly.FromTimeSpan(TimeSpan.FromHours(Math.Clamp(Math.Floor(earliest * 24), 0, 23)));
        to = TimeOnly.FromTimeSpan(TimeSpan.FromMinutes(Math.Clamp(Math.Ceiling(latest * 24) * 60, 60, 24 * 60 - 1)));
    }
}
