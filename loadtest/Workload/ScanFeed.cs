namespace Tracking.LoadTest.Workload;

/// <summary>What a real feed does beside telling the truth in order. Shares are of all scans, 0 to 1.</summary>
public sealed record FeedManners
{
    /// <summary>Parcels on their way at once. Default 20,000.</summary>
    public int ActiveParcels { get; init; } = 20_000;
    /// <summary>Sent again, word for word. Default 0.02.</summary>
    public double Duplicates { get; init; } = 0.02;
    /// <summary>Held back behind up to 200 younger scans. Default 0.02.</summary>
    public double Disorder { get; init; } = 0.02;
    /// <summary>Held back behind 1,000 to 5,000 younger scans. Default 0.002.</summary>
    public double Late { get; init; } = 0.002;
    /// <summary>Never sent at all. Default 0.01.</summary>
    public double Missing { get; init; } = 0.01;
    /// <summary>Taken back a little later and told again two minutes off. Default 0.001.</summary>
    public double Corrected { get; init; } = 0.001;
    /// <summary>Parcels that everybody scans all the time. Default 0.</summary>
    public int HotParcels { get; init; }
    /// <summary>Share of scans that go to the hot parcels. Default 0.</summary>
    public double HotShare { get; init; }
}

/// <summary>
/// The scans of a run in the order they are sent, endless and the same for one seed. Keeps where each active parcel is and what is held back,
/// nothing else. Not for several threads at once.
/// </summary>
public sealed class ScanFeed
{
    private const int Remembered = 4096;
    private static readonly Facility Stormy = Places.Hubs[0];

    private readonly ParcelBook _book;
    private readonly FeedManners _manners;
    private readonly long _startUtcSeconds;
    private readonly (Parcel Parcel, int Step)[] _active;
    private readonly (Parcel Parcel, int Step)[] _hot;
    private readonly PriorityQueue<Statement, (long Due, long Order)> _held = new();
    private readonly Statement[] _recent = new Statement[Remembered];
    private Dice _dice;
    private long _drawn, _events, _parcels, _recentCount, _order;

    /// <param name="startUtcSeconds">The run's "now"; every scan happened before it.</param>
    public ScanFeed(ParcelBook book, FeedManners manners, ulong seed, long startUtcSeconds)
    {
        (_book, _manners, _startUtcSeconds) = (book, manners, startUtcSeconds);
        _dice = Dice.For(seed, 0x66656564);
        _hot = new (Parcel, int)[manners.HotParcels];
        for (var i = 0; i < _hot.Length; i++) _hot[i] = (InOurOwnFormat(), 0);
        _active = new (Parcel, int)[Math.Max(1, manners.ActiveParcels)];
        for (var i = 0; i < _active.Length; i++)
        {
            // At the start the parcels are anywhere on their way, as on any day.
            var parcel = book.Of(_parcels++);
            _active[i] = (parcel, _dice.Below(parcel.Stops.Count));
        }
    }

    /// <summary>Parcels begun so far; their ids are 0 to one less.</summary>
    public long Parcels => _parcels;

    /// <summary>Distinct scans drawn so far; their event numbers are 0 to one less.</summary>
    public long Events => _events;

    /// <summary>
    /// While set, a storm stands over one hub: every hub scan told in our own format is a weather delay there. (Carriers that repeat a parcel's whole
    /// history keep to their story, so that a repeated event stays the same event.)
    /// </summary>
    public bool Storm { get; set; }

    public IReadOnlyList<Parcel> HotParcels => [.. _hot.Select(h => h.Parcel)];

    /// <summary>What a carrier that repeats itself tells of a parcel up to one of its scans, oldest first.</summary>
    public Statement[] HistoryUpTo(in Statement scan)
    {
        var history = new Statement[scan.Step + 1];
        for (var step = 0; step < scan.Step; step++)
        {
            var stop = scan.Parcel.Stops[step];
            history[step] = new Statement(scan.Event, scan.Parcel, step, stop.Happening, stop.Facility, UtcOf(scan.Parcel, stop.MinutesAfterLabel));
        }
        history[scan.Step] = scan;
        return history;
    }

    /// <summary>Parcels on their way now, in no special order: whom watchers watch.</summary>
    public Parcel ActiveParcel(int slot) => _active[slot % _active.Length].Parcel;

    public Statement Next()
    {
        _drawn++;
        if (_held.TryPeek(out _, out var due) && due.Due <= _drawn) return Remember(_held.Dequeue());
        if (_recentCount > 0 && _dice.Chance(_manners.Duplicates))
            return _recent[_dice.Below((int)Math.Min(_recentCount, Remembered))] with { Copy = true };

        while (true)
        {
            var hot = _hot.Length > 0 && _dice.Chance(_manners.HotShare);
            var statement = hot ? NextOfHot() : NextOfActive();
            if (_dice.Chance(_manners.Missing)) continue;
            statement = statement with { Event = _events++ };

            // Only our own format can take a scan back by its event id; and two minutes on, a hot parcel has another scan already.
            if (!hot && statement.Parcel.Format == Format.Scans && _dice.Chance(_manners.Corrected))
            {
                Hold(statement with { Event = _events++, Retracts = statement.Event }, 20 + _dice.Below(100));
                Hold(statement with { Event = _events++, UtcSeconds = statement.UtcSeconds + 120 }, 20 + _dice.Below(100));
            }
            if (_dice.Chance(_manners.Late)) { Hold(statement, 1_000 + _dice.Below(4_000)); continue; }
            if (_dice.Chance(_manners.Disorder)) { Hold(statement, 1 + _dice.Below(200)); continue; }
            return Remember(statement);
        }
    }

    private void Hold(Statement statement, int behind) => _held.Enqueue(statement, (_drawn + behind, _order++));

    private Statement Remember(Statement statement)
    {
        _recent[_recentCount++ % Remembered] = statement;
        return statement;
    }

    private Statement NextOfActive()
    {
        var slot = _dice.Below(_active.Length);
        var (parcel, step) = _active[slot];
        _active[slot] = step + 1 < parcel.Stops.Count ? (parcel, step + 1) : (_book.Of(_parcels++), 0);
        var stop = parcel.Stops[step];
        var at = stop.Facility;
        var happening = stop.Happening;
        if (Storm && parcel.Format == Format.Scans && happening is Happening.Arrived or Happening.Departed && at.Id.StartsWith("HUB", StringComparison.Ordinal))
            (at, happening) = (Stormy, Happening.WeatherDelay);
        return new Statement(0, parcel, step, happening, at, UtcOf(parcel, stop.MinutesAfterLabel));
    }

    // A hot parcel goes round the hubs for ever.
    private Statement NextOfHot()
    {
        var slot = _dice.Below(_hot.Length);
        var (parcel, step) = _hot[slot];
        _hot[slot] = (parcel, step + 1);
        return Endless(parcel, step, _startUtcSeconds);
    }

    /// <summary>The n-th scan of a parcel that travels for ever: hub to hub, one scan a second, all within the thirty days before the start.</summary>
    public static Statement Endless(Parcel parcel, int step, long startUtcSeconds)
    {
        var hub = Places.Hubs[(int)((parcel.Id + step / 2) % Places.Hubs.Count)];
        return new Statement(0, parcel, step, step % 2 == 0 ? Happening.Arrived : Happening.Departed, hub, startUtcSeconds - 30 * 86_400 + step);
    }

    // Labels were made four to five days ago, so that the longest journey ends before now.
    private long UtcOf(Parcel parcel, int minutes) => _startUtcSeconds - 5 * 86_400 + parcel.Id % 1440 * 60 + minutes * 60L;

    private Parcel InOurOwnFormat()
    {
        while (true)
        {
            var parcel = _book.Of(_parcels++);
            if (parcel.Format == Format.Scans) return parcel;
        }
    }
}
