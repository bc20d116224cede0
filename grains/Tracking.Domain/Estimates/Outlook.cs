namespace Tracking.Domain.Estimates;

/// <summary>
/// One parcel's remaining time as a distribution: a shape of ratios times the expected days, counted from the stage's beginning and cut off at what has
/// already passed. Silence is information: a stored date rots, a band that is conditioned on "not yet" stays honest
/// (shared figures, hand-over + 14 days: 82 % covered against 70 %).
/// While a zone runs unlike its usual pace the bounds, never the median, allow for both endings: the lower bound takes the disruption for nearly over,
/// and both widen with its size. Measured on the strike of May 2018, hand-overs of its last week: 68 to 78 % covered.
/// </summary>
internal readonly struct Outlook
{
    private const double OverdueMass = 0.985;
    private const double Recovered = 0.8, Widening = 0.8, Unremarkable = 0.1;

    private readonly Expectation _of;
    private readonly PaceAhead _ahead, _recovered;
    private readonly double _nowClock, _passed, _median, _logMedian, _stretch;
    private readonly long _nowTicks;

    public Outlook(in Expectation expectation, long nowTicks)
    {
        (_of, _nowTicks) = (expectation, nowTicks);
        _nowClock = expectation.Clock.At(expectation.Now);
        _passed = expectation.Shape.Mass(expectation.Elapsed / expectation.Days);
        var deviation = expectation.Track.LogPace - expectation.Track.LogLevel;
        _ahead = expectation.Ahead(0);
        _recovered = deviation < 0 ? expectation.Ahead(Recovered) : _ahead;
        _stretch = 1 + Widening * Math.Clamp(Math.Max(-deviation, expectation.Track.Doubt) - Unremarkable, 0, 1.2);
        _median = expectation.Shape.Quantile(_passed + 0.5 * (1 - _passed));
        _logMedian = Math.Log(_median);
    }

    /// <summary>Today's speed against the level of the last weeks; 1 is usual.</summary>
    public double Pace => Math.Exp(_of.Track.LogPace - _of.Track.LogLevel);

    /// <summary>What was announced for the destination and holds now.</summary>
    public NoticeKind Notice => _of.Notice;

    /// <summary>Today at the door.</summary>
    public DateOnly Today => CarrierClock.Epoch.AddDays((int)Math.Floor(_of.Now));

    /// <summary>The local day of an instant at the door.</summary>
    public DateOnly DayOf(DateTimeOffset instant) => DateOnly.FromDateTime(new DateTime(_of.Zone.ToLocal(instant.UtcTicks)));

    public DeliveryEstimate Estimate(long snapshot)
    {
        var (p10, p50, p90) = (Quantile(0.1), Quantile(0.5), Quantile(0.9));
        DateOnly? from = null, to = null;
        double mass = 0;
        var first = 0;
        if (_passed <= OverdueMass && ShortestRun(p90, EddSnapshot.WantedMass, out first, out var last, out mass))
            (from, to) = (CarrierClock.Epoch.AddDays(first), CarrierClock.Epoch.AddDays(last));
        TimeOnly? hourFrom = null, hourTo = null;
        if (_of.Stage == JourneyStage.OutForDelivery && from is not null && from == to) Hours(first, p10, p90, out hourFrom, out hourTo);
        return new DeliveryEstimate(p10, p50, p90, from, to, mass, snapshot, from is null, hourFrom, hourTo);
    }

    /// <summary>The instant before which the parcel arrives with that probability, given that it has not arrived yet.</summary>
    public DateTimeOffset Quantile(double probability)
    {
        var ratio = _median;
        if (probability != 0.5)
        {
            ratio = _of.Shape.Quantile(_passed + _of.Levels.Of(probability) * (1 - _passed));
            if (_stretch > 1) ratio = Math.Exp(_logMedian + (Math.Log(ratio) - _logMedian) * _stretch);
        }
        var gained = ratio * _of.Days - _of.Elapsed;
        return Instant(_of.Clock.When(_nowClock + (probability < 0.5 ? _recovered : _ahead).Until(gained)));
    }

    private DateTimeOffset Instant(double localDays)
    {
        var ticks = Math.Max(_of.Zone.ToUtc(CarrierClock.LocalTicks(localDays)), _nowTicks);
        return new DateTimeOffset((ticks + TimeSpan.TicksPerSecond - 1) / TimeSpan.TicksPerSecond * TimeSpan.TicksPerSecond, TimeSpan.Zero);
    }

    public double MassOf(DateOnly from, DateOnly to)
        => to < from ? 0 : Math.Max(BeforeDay(to.DayNumber - CarrierClock.Epoch.DayNumber + 1) - BeforeDay(from.DayNumber - CarrierClock.Epoch.DayNumber), 0);

    public double MassBefore(DateTimeOffset instant) => Before(_of.Clock.At(CarrierClock.LocalDays(_of.Zone.ToLocal(instant.UtcTicks))));

    // Mass before the midnight that begins a day.
    private double BeforeDay(int day) => Before(_of.Clock.AtMidnight(day));

    private double Before(double clock)
    {
        var ahead = clock - _nowClock;
        if (ahead <= 0 || _passed >= 1) return 0;
        var ratio = (_of.Elapsed + _ahead.Gained(ahead)) / _of.Days;
        if (ratio < _median) ratio = Math.Min((_of.Elapsed + _recovered.Gained(ahead)) / _of.Days, _median);
        if (_stretch > 1) ratio = Math.Exp(_logMedian + (Math.Log(ratio) - _logMedian) / _stretch);
        return _of.Levels.Stated(Math.Max(_of.Shape.Mass(ratio) - _passed, 0) / (1 - _passed));
    }

    /// <summary>The shortest run of whole days that holds the wanted mass; false when there is none short enough to be called a date.</summary>
    public bool Run(double wanted, out DateOnly from, out DateOnly to, out double mass)
    {
        (from, to, mass) = (default, default, 0);
        if (_passed > OverdueMass || !ShortestRun(Quantile(Math.Clamp((1 + wanted) / 2, 0.9, 0.99)), wanted, out var first, out var last, out mass)) return false;
        (from, to) = (CarrierClock.Epoch.AddDays(first), CarrierClock.Epoch.AddDays(last));
        return true;
    }

    private bool ShortestRun(DateTimeOffset p90, double wanted, out int first, out int last, out double mass)
    {
        const int Most = EddSnapshot.LongestRun + 40;
        (first, last, mass) = (0, 0, 0);
        Span<double> before = stackalloc double[Most + 1];
        var today = (int)_of.Now;
        // A run that holds the wanted mass ends before P95 or so: look one day in ten further than P90.
        var end = (int)CarrierClock.LocalDays(_of.Zone.ToLocal(p90.UtcTicks)) - today;
        end += end / 4 + 2;
        if (end > Most) return false;
        before[0] = 0;
        var best = int.MaxValue;
        for (int from = 0, to = 1; to <= end; to++)
        {
            // No run as short as the best one begins this late and still holds enough: what lies further out need not be asked for.
            if (best != int.MaxValue && to >= best && 1 - before[to - best] < Math.Min(wanted, EddSnapshot.SingleDayMass)) break;
            before[to] = BeforeDay(today + to);
            while (from + 1 < to && before[to] - before[from + 1] >= wanted) from++;
            var held = before[to] - before[from];
            var enough = held >= (to - from == 1 && wanted <= EddSnapshot.WantedMass ? EddSnapshot.SingleDayMass : wanted);
            if (!enough || to - from > best || to - from == best && held <= mass) continue;
            (best, first, last, mass) = (to - from, today + from, today + to - 1, held);
        }
        return best <= EddSnapshot.LongestRun;
    }

    private void Hours(int day, DateTimeOffset p10, DateTimeOffset p90, out TimeOnly? from, out TimeOnly? to)
    {
        var earliest = CarrierClock.LocalDays(_of.Zone.ToLocal(p10.UtcTicks)) - day;
        var latest = CarrierClock.LocalDays(_of.Zone.ToLocal(p90.UtcTicks)) - day;
        from = TimeOnly.FromTimeSpan(TimeSpan.FromHours(Math.Clamp(Math.Floor(earliest * 24), 0, 23)));
        to = TimeOnly.FromTimeSpan(TimeSpan.FromMinutes(Math.Clamp(Math.Ceiling(latest * 24) * 60, 60, 24 * 60 - 1)));
    }
}
