using System.Globalization;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tracking.Domain.Estimates;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Backtest;

/// <summary>
/// Our own journal, as <c>silo -- export</c> prints it: every stored scan is decided again at the moment it was recorded, with the snapshot that was newest then, learned from nothing that came later.
/// Shipments, learner and calibration book are the live engine's own code, so equal events and equal snapshot times give the calibration page's numbers exactly. With <c>--decisions</c>
/// in the export the moments at which silence was looked at are known; without, a shipment is looked at when it asked to be.
/// </summary>
public sealed class JournalReplay
{
    /// <summary>The grid on which the live engine publishes unless told otherwise.</summary>
    public static readonly TimeSpan UsualGrid = TimeSpan.FromSeconds(60);

    private readonly Dictionary<ShipmentKey, Track> _tracks = [];
    private readonly LearningDesk _desk;
    private readonly TimeSpan _grid;
    private EddSnapshot _snapshot = EddSnapshot.ColdStart;
    private DateTimeOffset _tick;

    private sealed class Track(ShipmentKey key)
    {
        public Shipment Shipment = Shipment.Unseen(key);
        public List<ShipmentAppend> Appends = [];
        public DateTimeOffset? Due;
    }

    /// <param name="sharing">Retailers whose deliveries feed the shared books; null: all of them.</param>
    public JournalReplay(TimeSpan grid, IReadOnlyCollection<string>? sharing)
    {
        _grid = grid;
        _desk = new LearningDesk(new EddLearner(sharing is null), new CalibrationBook());
        if (sharing is not null) _desk.Learner.Share(sharing);
    }

    public CalibrationBook Book => _desk.Book;
    public EddLearner Learner => _desk.Learner;
    public int Snapshots { get; private set; }
    public long Estimates { get; private set; }

    /// <summary>Files of a folder, or the one file, that hold exported lines.</summary>
    public static IReadOnlyList<string> Files(string path)
    {
        var files = File.Exists(path) ? [path] : Directory.Exists(path) ? Directory.EnumerateFiles(path).Order(StringComparer.Ordinal) : Enumerable.Empty<string>();
        return [.. files.Where(f => Ends(f, ".ndjson") || Ends(f, ".jsonl") || Ends(f, ".ndjson.gz") || Ends(f, ".jsonl.gz")).Where(IsExport)];

        static bool Ends(string file, string with) => file.EndsWith(with, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Replays the recorded appends in the order in which they became known.</summary>
    /// <param name="progress">Called with the share done.</param>
    public void Run(IReadOnlyList<RecordedAppend> appends, bool wakesAreRecorded, Action<double>? progress = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(appends);
        var due = new PriorityQueue<Track, DateTimeOffset>();
        if (appends.Count > 0) _tick = LearningDesk.NextOnGrid(appends[0].At.AddTicks(-1), _grid);
        for (var i = 0; i < appends.Count; i++)
        {
            if (i % 1_024 == 0)
            {
                cancel.ThrowIfCancellationRequested();
                progress?.Invoke((double)i / appends.Count);
            }
            var recorded = appends[i];
            if (!wakesAreRecorded) WakeUntil(recorded.At, due);
            PublishUntil(recorded.At);
            ref var track = ref CollectionsMarshal.GetValueRefOrAddDefault(_tracks, recorded.Key, out _);
            track ??= new Track(recorded.Key);
            var decided = recorded.Scans.IsEmpty ? track.Shipment.Wake(recorded.At, _snapshot)
                : track.Shipment.Record([.. recorded.Scans.Select(s => s.Scan)], recorded.Scans[0].ReceivedAt, recorded.At, _snapshot);
            Take(track, decided);
            if (!wakesAreRecorded) Plan(track, recorded.At, due);
        }
        if (appends.Count > 0) PublishUntil(appends[^1].At + _grid);
        progress?.Invoke(1);
    }

    private void Take(Track track, ShipmentDecision decided)
    {
        track.Shipment = decided.Next;
        if (decided.Append is not { } append) return;
        track.Appends.Add(append);
        foreach (var happened in append.Events)
            if (happened is EstimateIssued) Estimates++;
        if (LearningDesk.Asks(append)) _desk.Take(track.Shipment, track.Appends);
        if (track.Shipment.Milestone.IsTerminal()) track.Appends.TrimExcess();
    }

    private void WakeUntil(DateTimeOffset now, PriorityQueue<Track, DateTimeOffset> due)
    {
        while (due.TryPeek(out var track, out var at) && at < now)
        {
            due.Dequeue();
            if (track.Due != at) continue;   // asked for another moment since
            PublishUntil(at);
            track.Due = null;
            Take(track, track.Shipment.Wake(at, _snapshot));
            Plan(track, at, due);
        }
    }

    private void Plan(Track track, DateTimeOffset now, PriorityQueue<Track, DateTimeOffset> due)
    {
        if (ShipmentClock.DueAt(track.Shipment, _snapshot, now) is not { } at || at <= now || at == track.Due) return;
        track.Due = at;
        due.Enqueue(track, at);
    }

    // What was recorded at the very moment of a snapshot is not in it.
    private void PublishUntil(DateTimeOffset at)
    {
        for (; _tick < at; _tick += _grid)
        {
            if (!_desk.IsDue(_tick, _grid)) continue;
            _snapshot = _desk.Publish(_tick);
            Snapshots++;
        }
    }

    /// <summary>Reads exported lines, sorted by when they were recorded.</summary>
    public static (List<RecordedAppend> Appends, bool WakesAreRecorded, int LeftOut) Read(IEnumerable<string> files, CancellationToken cancel = default)
    {
        var appends = new Dictionary<(ShipmentKey Key, int Version), (DateTimeOffset At, List<RecordedScan> Scans)>();
        var (wakes, leftOut) = (false, 0);
        foreach (var file in files)
        {
            using var reader = Open(file);
            while (reader.ReadLine() is { } line)
            {
                cancel.ThrowIfCancellationRequested();
                if (line.Length == 0) continue;
                if (!TryLine(line, out var key, out var version, out var at, out var scan, out var isDecision)) { leftOut++; continue; }
                wakes |= isDecision;
                if (!appends.TryGetValue((key, version), out var known)) appends.Add((key, version), known = (at, []));
                if (scan is { } recorded) known.Scans.Add(recorded);
            }
        }
        var sorted = appends.Select(a => new RecordedAppend(a.Key.Key, a.Key.Version, a.Value.At, [.. a.Value.Scans])).ToList();
        sorted.Sort(static (a, b) => a.At != b.At ? a.At.CompareTo(b.At) : string.CompareOrdinal(a.Key.ToString(), b.Key.ToString()) is var order and not 0 ? order : a.Version.CompareTo(b.Version));
        return (sorted, wakes, leftOut);
    }

    private static bool TryLine(string line, out ShipmentKey key, out int version, out DateTimeOffset at, out RecordedScan? scan, out bool isDecision)
    {
        (key, version, at, scan, isDecision) = (default, 0, default, null, false);
        try
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            key = new ShipmentKey(root.GetProperty("retailer").GetString()!, root.GetProperty("carrier").GetString()!, root.GetProperty("trackingNumber").GetString()!);
            version = root.GetProperty("version").GetInt32();
            at = root.GetProperty("recordedAt").GetDateTimeOffset();
            if (root.TryGetProperty("decision", out _)) return isDecision = true;
            var json = new Utf8JsonReader(Encoding.UTF8.GetBytes(root.GetProperty("scan").GetRawText()));
            json.Read();
            if (ScanJson.TryRead(ref json, out _, out var receivedAt) is not { } read) return false;
            scan = new RecordedScan(read, receivedAt ?? at);
            return true;
        }
        catch (Exception unreadable) when (unreadable is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException) { return false; }
    }

    private static bool IsExport(string file)
    {
        try
        {
            using var reader = Open(file);
            return reader.ReadLine() is { } first && TryLine(first, out _, out _, out _, out _, out _);
        }
        catch (Exception unreadable) when (unreadable is IOException or InvalidDataException or UnauthorizedAccessException) { return false; }
    }

    private static StreamReader Open(string file)
    {
        Stream stream = File.OpenRead(file);
        return new StreamReader(file.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(stream, CompressionMode.Decompress) : stream);
    }
}

/// <summary>One append as it was recorded: its scans; none when time alone decided.</summary>
public sealed record RecordedAppend(ShipmentKey Key, int Version, DateTimeOffset At, System.Collections.Immutable.ImmutableArray<RecordedScan> Scans);

/// <summary>What a replay of our own journal says.</summary>
public sealed class JournalReport(JournalReplay replay, int shipments, int appends, int leftOut)
{
    private IEnumerable<CalibrationCell> Cells => replay.Book.Cells.OrderBy(c => c.Retailer, StringComparer.Ordinal).ThenBy(c => c.Lane.Length > 0 ? 2 : c.Carrier.Length > 0 ? 1 : 0)
        .ThenByDescending(c => c.Count).ThenBy(c => c.Carrier, StringComparer.Ordinal).ThenBy(c => c.Lane, StringComparer.Ordinal).ThenBy(c => c.Stage);

    public void WriteText(TextWriter to)
    {
        to.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{appends} appends of {shipments} shipments ({leftOut} lines left out), {replay.Book.Parcels} parcels scored, {replay.Learner.Learned} waits learned, {replay.Learner.Refused} refused, {replay.Snapshots} snapshots, {replay.Estimates} estimates"));
        to.WriteLine();
        to.WriteLine($"{"whose",-16} {"carrier",-16} {"lane",-30} {"stage",-18} {"n",6} {"MAE",6} {"80 % kept",10} {"width",6} {"pinball",8} {"revisions",10} {"flips",7}");
        foreach (var c in Cells.Take(200))
            to.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Or(c.Retailer, "shared"),-16} {Or(c.Carrier, "all"),-16} {Or(c.Lane, "all"),-30} {CalibrationJson.Name(c.Stage),-18} {c.Count,6} {c.Mae,6:F2} {c.Cover80.Kept,10:P1} {c.Width,6:F1} {c.Pinball,8:F2} {c.RevisionsPerParcel,10:F2} {c.FlipShare,7:P1}"));
    }

    /// <summary>The machine's form: the cells as <c>/v1/calibration</c> writes them.</summary>
    public string ToJson()
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("layout", "journal");
            json.WriteNumber("parcels", replay.Book.Parcels);
            json.WriteNumber("waitsLearned", replay.Learner.Learned);
            json.WriteNumber("snapshots", replay.Snapshots);
            json.WriteStartArray("cells");
            foreach (var cell in Cells) CalibrationJson.Write(json, cell);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(bytes.ToArray()) + "\n";
    }

    public string ToHtml()
    {
        var html = new StringBuilder("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Our own journal, replayed</title><style>body{font:16px/1.5 system-ui,sans-serif;margin:2rem}td,th{padding:.25rem .75rem;text-align:right;border-bottom:1px solid #d5dae2}td:first-child{text-align:left}</style><h1>Our own journal, replayed</h1>")
            .Append(CultureInfo.InvariantCulture, $"<p>{appends:N0} appends of {shipments:N0} shipments; {replay.Book.Parcels:N0} parcels scored, {replay.Snapshots:N0} snapshots.</p><table><tr><th>what<th>parcels<th>mean error, days<th>80 % band kept<th>95 % interval<th>width<th>pinball<th>revisions<th>flips</tr>");
        foreach (var c in Cells)
            html.Append(CultureInfo.InvariantCulture, $"<tr><td>{System.Net.WebUtility.HtmlEncode($"{Or(c.Retailer, "shared")}: {Or(c.Carrier, "all carriers")}, {Or(c.Lane, "all lanes")}, {CalibrationJson.Name(c.Stage)}")}<td>{c.Count}<td>{c.Mae:F2}<td>{c.Cover80.Kept:P1}<td>{c.Cover80.Low:P1} to {c.Cover80.High:P1}<td>{c.Width:F1}<td>{c.Pinball:F2}<td>{c.RevisionsPerParcel:F2}<td>{c.FlipShare:P1}</tr>");
        return html.Append("</table></html>\n").ToString();
    }

    private static string Or(string text, string otherwise) => text.Length > 0 ? text : otherwise;
}
