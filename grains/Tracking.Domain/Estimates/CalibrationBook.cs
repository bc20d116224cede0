namespace Tracking.Domain.Estimates;

/// <summary>One estimate as it was issued when a parcel came into a stage, and what came of it.</summary>
/// <param name="StatedMass">Mass that the first shown window of the stage claimed; 0 when none was shown.</param>
/// <param name="WindowKept">The parcel came within the days of that window.</param>
public readonly record struct ScoredStage(
    JourneyStage Stage, DateTimeOffset IssuedAt, DateTimeOffset P10, DateTimeOffset P50, DateTimeOffset P90, DateTimeOffset Delivered, double StatedMass, bool WindowKept);

/// <summary>A share that was kept, with its 95 % Wilson interval.</summary>
public readonly record struct KeptShare(double Kept, double Low, double High)
{
    public static KeptShare Of(double kept, double of)
    {
        if (of <= 0) return new KeptShare(0, 0, 1);
        const double z = 1.96;
        var share = kept / of;
        var middle = (share + z * z / (2 * of)) / (1 + z * z / of);
        var half = z / (1 + z * z / of) * Math.Sqrt(share * (1 - share) / of + z * z / (4 * of * of));
        return new KeptShare(share, Math.Max(middle - half, 0), Math.Min(middle + half, 1));
    }
}

/// <summary>What was stated and what was kept, for one carrier, lane and stage. Days are of 24 hours.</summary>
public sealed class CalibrationCell
{
    /// <summary>Shown windows are sorted by their stated mass: below 80 %, 80 to 85, 85 to 90, 90 to 95, 95 and more.</summary>
    public const int Masses = 5;
    /// <summary>An alarm needs as many recent outcomes...</summary>
    public const int EnoughForAlarm = 200;
    /// <summary>...and a kept share this far from the stated one.</summary>
    public const double AlarmBeyond = 0.05;
    private const int RecentMost = 400, RetailersTold = 3;

    private readonly HashSet<ulong> _retailers = [];
    private readonly double[] _stated = new double[Masses], _windows = new double[Masses], _kept = new double[Masses];

    /// <summary>Whose parcels; empty: those of all retailers that share.</summary>
    public required string Retailer { get; init; }
    /// <summary>Carrier slug; empty: all.</summary>
    public required string Carrier { get; init; }
    /// <summary><c>US-NJ to US-CA</c>; empty: all.</summary>
    public required string Lane { get; init; }
    public required JourneyStage Stage { get; init; }

    public long Count { get; private set; }
    public long KeptP10 { get; private set; }
    public long KeptP50 { get; private set; }
    public long KeptP90 { get; private set; }
    public long In80 { get; private set; }
    public double AbsoluteDays { get; private set; }
    public double SignedDays { get; private set; }
    public double WidthDays { get; private set; }
    public double PinballDays { get; private set; }
    /// <summary>Parcels whose first estimate was made in this stage; revisions and flips are counted once a parcel, here.</summary>
    public long Parcels { get; private set; }
    public long Revisions { get; private set; }
    public long Flipped { get; private set; }
    public double RecentCount { get; private set; }
    public double RecentIn80 { get; private set; }

    /// <summary>How many retailers are in it, counted up to three.</summary>
    public int Retailers => _retailers.Count;
    public double Mae => Count == 0 ? 0 : AbsoluteDays / Count;
    public double Bias => Count == 0 ? 0 : SignedDays / Count;
    public double Width => Count == 0 ? 0 : WidthDays / Count;
    /// <summary>Mean pinball loss in days over P10, P50 and P90.</summary>
    public double Pinball => Count == 0 ? 0 : PinballDays / Count;
    public double RevisionsPerParcel => Parcels == 0 ? 0 : (double)Revisions / Parcels;
    public double FlipShare => Parcels == 0 ? 0 : (double)Flipped / Parcels;
    public KeptShare Cover80 => KeptShare.Of(In80, Count);
    /// <summary>The last 200 to 400 outcomes.</summary>
    public KeptShare RecentCover80 => KeptShare.Of(RecentIn80, RecentCount);
    /// <summary>The recent share is further than five points from the stated one, over at least 200 outcomes.</summary>
    public bool Drifts => RecentCount >= EnoughForAlarm && Math.Abs(RecentIn80 / RecentCount - 0.8) > AlarmBeyond;

    /// <summary>Arrived by the stated level.</summary>
    public IEnumerable<(double Stated, KeptShare Kept)> Levels => [(0.1, KeptShare.Of(KeptP10, Count)), (0.5, KeptShare.Of(KeptP50, Count)), (0.9, KeptShare.Of(KeptP90, Count))];

    /// <summary>Shown windows: mean stated mass, how many, and how many held.</summary>
    public IEnumerable<(double Stated, long Count, KeptShare Kept)> Windows
    {
        get
        {
            for (var i = 0; i < Masses; i++)
                if (_windows[i] > 0) yield return (_stated[i] / _windows[i], (long)_windows[i], KeptShare.Of(_kept[i], _windows[i]));
        }
    }

    internal void Add(in ScoredStage s, ulong retailer)
    {
        if (_retailers.Count < RetailersTold) _retailers.Add(retailer);
        var inside = s.Delivered >= s.P10 && s.Delivered <= s.P90;
        Count++;
        if (s.Delivered <= s.P10) KeptP10++;
        if (s.Delivered <= s.P50) KeptP50++;
        if (s.Delivered <= s.P90) KeptP90++;
        if (inside) In80++;
        var error = (s.P50 - s.Delivered).TotalDays;
        AbsoluteDays += Math.Abs(error);
        SignedDays += error;
        WidthDays += (s.P90 - s.P10).TotalDays;
        PinballDays += (Loss(s.Delivered, s.P10, 0.1) + Loss(s.Delivered, s.P50, 0.5) + Loss(s.Delivered, s.P90, 0.9)) / 3;
        if (RecentCount >= RecentMost) (RecentCount, RecentIn80) = (RecentCount / 2, RecentIn80 / 2);
        RecentCount++;
        if (inside) RecentIn80++;
        if (s.StatedMass <= 0) return;
        var mass = s.StatedMass switch { < 0.8 => 0, < 0.85 => 1, < 0.9 => 2, < 0.95 => 3, _ => 4 };
        _stated[mass] += s.StatedMass;
        _windows[mass]++;
        if (s.WindowKept) _kept[mass]++;
    }

    internal void AddParcel(int revisions, int flips)
    {
        Parcels++;
        Revisions += revisions;
        if (flips > 0) Flipped++;
    }

    private static double Loss(DateTimeOffset delivered, DateTimeOffset quantile, double level)
    {
        var off = (delivered - quantile).TotalDays;
        return off >= 0 ? off * level : -off * (1 - level);
    }

    internal void Write(BinaryWriter to)
    {
        to.Write(Retailer);
        to.Write(Carrier);
        to.Write(Lane);
        to.Write((byte)Stage);
        foreach (var count in new[] { Count, KeptP10, KeptP50, KeptP90, In80, Parcels, Revisions, Flipped }) to.Write(count);
        foreach (var sum in new[] { AbsoluteDays, SignedDays, WidthDays, PinballDays, RecentCount, RecentIn80 }) to.Write(sum);
        for (var i = 0; i < Masses; i++)
        {
            to.Write(_stated[i]);
            to.Write(_windows[i]);
            to.Write(_kept[i]);
        }
        to.Write((byte)_retailers.Count);
        foreach (var retailer in _retailers) to.Write(retailer);
    }

    internal static CalibrationCell Read(BinaryReader from)
    {
        var cell = new CalibrationCell { Retailer = from.ReadString(), Carrier = from.ReadString(), Lane = from.ReadString(), Stage = (JourneyStage)from.ReadByte() };
        (cell.Count, cell.KeptP10, cell.KeptP50, cell.KeptP90, cell.In80) = (from.ReadInt64(), from.ReadInt64(), from.ReadInt64(), from.ReadInt64(), from.ReadInt64());
        (cell.Parcels, cell.Revisions, cell.Flipped) = (from.ReadInt64(), from.ReadInt64(), from.ReadInt64());
        (cell.AbsoluteDays, cell.SignedDays, cell.WidthDays, cell.PinballDays) = (from.ReadDouble(), from.ReadDouble(), from.ReadDouble(), from.ReadDouble());
        (cell.RecentCount, cell.RecentIn80) = (from.ReadDouble(), from.ReadDouble());
        for (var i = 0; i < Masses; i++) (cell._stated[i], cell._windows[i], cell._kept[i]) = (from.ReadDouble(), from.ReadDouble(), from.ReadDouble());
        for (int left = from.ReadByte(); left > 0; left--) cell._retailers.Add(from.ReadUInt64());
        return cell;
    }
}

/// <summary>
/// Stated against kept, for every carrier, lane and stage, for each retailer by itself and for all that share. The live engine and the backtest keep the same book, so equal events in
/// equal order under equal snapshots give equal numbers. Bounded: beyond <see cref="MostCells"/> new lanes are counted with their carrier only.
/// </summary>
public sealed class CalibrationBook
{
    public const int MostCells = 50_000;
    private const uint Magic = 0x314C4143;   // "CAL1"
    private const int Version = 1;

    private readonly Dictionary<(string Retailer, string Carrier, string Lane, JourneyStage Stage), CalibrationCell> _cells = [];

    public IEnumerable<CalibrationCell> Cells => _cells.Values;

    /// <summary>Parcels whose outcome is in the book.</summary>
    public long Parcels { get; private set; }

    /// <summary>One delivered parcel with all its stages.</summary>
    /// <param name="shares">Its retailer feeds the shared cells too.</param>
    public void Score(string retailer, bool shares, string carrier, string lane, IReadOnlyList<ScoredStage> stages, int revisions, int flips)
    {
        ArgumentNullException.ThrowIfNull(stages);
        if (stages.Count == 0) return;
        Parcels++;
        var id = Hash64.Retailer(retailer);
        for (var i = 0; i < stages.Count; i++)
        {
            Score(retailer, carrier, lane, stages[i], id, i == 0, revisions, flips);
            if (shares) Score("", carrier, lane, stages[i], id, i == 0, revisions, flips);
        }
    }

    private void Score(string retailer, string carrier, string lane, in ScoredStage stage, ulong id, bool first, int revisions, int flips)
    {
        foreach (var (ofCarrier, ofLane) in new[] { ("", ""), (carrier, ""), (carrier, lane) })
        {
            var key = (retailer, ofCarrier, ofLane, stage.Stage);
            if (!_cells.TryGetValue(key, out var cell))
            {
                if (_cells.Count >= MostCells) continue;
                _cells.Add(key, cell = new CalibrationCell { Retailer = retailer, Carrier = ofCarrier, Lane = ofLane, Stage = stage.Stage });
            }
            cell.Add(stage, id);
            if (first) cell.AddParcel(revisions, flips);
        }
    }

    public byte[] Write()
    {
        using var bytes = new MemoryStream();
        using var to = new BinaryWriter(bytes);
        to.Write(Magic);
        to.Write(Version);
        to.Write(Parcels);
        to.Write(_cells.Count);
        foreach (var cell in _cells.Values) cell.Write(to);
        return SnapshotCodec.Sealed(to, bytes);
    }

    /// <exception cref="InvalidDataException">The bytes are damaged, cut off or of another format.</exception>
    public static CalibrationBook Read(ReadOnlyMemory<byte> bytes)
    {
        using var from = SnapshotCodec.Unsealed(bytes, Magic, Version, "calibration book");
        try
        {
            var book = new CalibrationBook { Parcels = from.ReadInt64() };
            for (var left = SnapshotCodec.Count(from); left > 0; left--)
            {
                var cell = CalibrationCell.Read(from);
                book._cells[(cell.Retailer, cell.Carrier, cell.Lane, cell.Stage)] = cell;
            }
            return book;
        }
        catch (EndOfStreamException) { throw new InvalidDataException("The calibration book is cut off."); }
    }
}
