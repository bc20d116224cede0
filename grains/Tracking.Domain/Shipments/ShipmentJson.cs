using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Tracking.Domain.Estimates;
using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Shipments;

/// <summary>
/// How appends are stored: versioned JSON, an open half and a personal half. Every format a release ever wrote stays readable: fields are only added,
/// unknown ones ignored, and <c>tests/Tracking.Domain.Tests/Shipments/Recorded</c> holds samples of each.
/// </summary>
public static class ShipmentJson
{
    /// <summary>Written into every append; raised only when a reader of the older one would misread it.</summary>
    public const int FormatVersion = 1;

    // ---- writing ---------------------------------------------------------------------------------------------------------

    /// <summary>The open half, in an array of its own. <c>{"v":1,"at":…,"scans":[…],"events":[{"e":"milestone",…}]}</c>.</summary>
    public static byte[] OpenOf(ShipmentAppend append)
    {
        var scratch = JsonScratch.Begin();
        WriteOpen(scratch.Json, append);
        return scratch.ToArray();
    }

    /// <summary>Writes the open half.</summary>
    public static void WriteOpen(IBufferWriter<byte> output, ShipmentAppend append)
    {
        using var json = new Utf8JsonWriter(output, new JsonWriterOptions { SkipValidation = true });
        WriteOpen(json, append);
    }

    private static void WriteOpen(Utf8JsonWriter json, ShipmentAppend append)
    {
        json.WriteStartObject();
        json.WriteNumber("v"u8, FormatVersion);
        json.WriteString("at"u8, append.RecordedAt);
        if (!append.Scans.IsEmpty)
        {
            json.WriteStartArray("scans"u8);
            foreach (var (scan, receivedAt) in append.Scans) ScanJson.Write(json, scan, ScanParts.Open, receivedAt);
            json.WriteEndArray();
        }
        if (!append.Events.IsEmpty)
        {
            json.WriteStartArray("events"u8);
            foreach (var happened in append.Events) WriteEvent(json, happened);
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    /// <summary>
    /// Writes the personal half: <c>{"scans":{"0":{…}},"originals":[{"id":…,"format":…,"bytes":base64}]}</c>. False, and nothing written, when there is nothing personal.
    /// </summary>
    public static bool WritePersonal(IBufferWriter<byte> output, ShipmentAppend append, IReadOnlyList<OriginalPart> originals)
    {
        if (originals.Count == 0 && !HasPersonal(append)) return false;

        using var json = new Utf8JsonWriter(output, new JsonWriterOptions { SkipValidation = true });
        json.WriteStartObject();
        json.WriteStartObject("scans"u8);
        for (var i = 0; i < append.Scans.Length; i++)
        {
            if (!ScanJson.HasPersonal(append.Scans[i].Scan)) continue;
            json.WritePropertyName(i.ToString(CultureInfo.InvariantCulture));
            ScanJson.Write(json, append.Scans[i].Scan, ScanParts.Personal);
        }
        json.WriteEndObject();
        if (originals.Count > 0)
        {
            json.WriteStartArray("originals"u8);
            foreach (var original in originals)
            {
                json.WriteStartObject();
                json.WriteString("id"u8, original.PayloadId);
                json.WriteString("format"u8, original.Format);
                json.WriteBase64String("bytes"u8, original.Bytes.Span);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        json.WriteEndObject();
        return true;
    }

    /// <summary>True when a scan of this append has something that must be sealed.</summary>
    public static bool HasPersonal(ShipmentAppend append)
    {
        foreach (var recorded in append.Scans)
            if (ScanJson.HasPersonal(recorded.Scan))
                return true;
        return false;
    }

    public static void WriteEvent(Utf8JsonWriter json, ShipmentEvent happened)
    {
        json.WriteStartObject();
        switch (happened)
        {
            case UseOpened e:
                json.WriteString("e"u8, "use"u8);
                json.WriteNumber("n"u8, e.Ordinal);
                if (e.UniqueId is not null) json.WriteString("uniqueId"u8, e.UniqueId);
                json.WriteString("anchor"u8, e.Anchor.ToString());
                break;
            case MilestoneReached e:
                json.WriteString("e"u8, "milestone"u8);
                json.WriteNumber("use"u8, e.Use);
                json.WriteString("from"u8, e.From.Name());
                json.WriteString("to"u8, e.To.Name());
                if (e.Modifiers != 0)
                {
                    json.WriteStartArray("modifiers"u8);
                    foreach (var name in e.Modifiers.List()) json.WriteStringValue(name);
                    json.WriteEndArray();
                }
                if (e.Reason != Reason.None) json.WriteString("reason"u8, e.Reason.Name());
                json.WriteString("at"u8, e.At);
                json.WriteString("cause"u8, e.Cause.ToString());
                break;
            case EstimateIssued e:
                json.WriteString("e"u8, "estimate"u8);
                json.WriteNumber("use"u8, e.Use);
                WriteEstimate(json, e.Estimate);
                json.WriteNumber("stage"u8, (int)e.Stage);
                json.WriteString("stageAt"u8, e.StageEnteredAt);
                break;
            case WindowShown e:
                json.WriteString("e"u8, "window"u8);
                json.WriteNumber("use"u8, e.Use);
                WriteWindow(json, e.Window);
                break;
            case WentSilent e:
                json.WriteString("e"u8, "silent"u8);
                json.WriteNumber("use"u8, e.Use);
                json.WriteString("last"u8, e.LastScanAt);
                json.WriteString("expectedBy"u8, e.ExpectedBy);
                json.WriteString("silentAfter"u8, e.SilentAfter);
                break;
            case LinkIssued e:
                json.WriteString("e"u8, "link"u8);
                json.WriteNumber("use"u8, e.Use);
                json.WriteString("audience"u8, e.Audience);
                json.WriteNumber("generation"u8, e.Generation);
                break;
            default:
                throw new System.Diagnostics.UnreachableException($"No form for {happened.GetType().Name}.");
        }
        json.WriteEndObject();
    }

    internal static void WriteEstimate(Utf8JsonWriter json, in DeliveryEstimate estimate)
    {
        json.WriteString("p10"u8, estimate.P10);
        json.WriteString("p50"u8, estimate.P50);
        json.WriteString("p90"u8, estimate.P90);
        if (estimate.From is { } from) json.WriteString("from"u8, Day(from));
        if (estimate.To is { } to) json.WriteString("to"u8, Day(to));
        json.WriteNumber("mass"u8, estimate.Confidence);
        json.WriteNumber("snapshot"u8, estimate.SnapshotId);
        if (estimate.IsOverdue) json.WriteBoolean("overdue"u8, true);
        if (estimate.HourFrom is { } hourFrom) json.WriteString("hourFrom"u8, hourFrom.ToString("HH:mm", CultureInfo.InvariantCulture));
        if (estimate.HourTo is { } hourTo) json.WriteString("hourTo"u8, hourTo.ToString("HH:mm", CultureInfo.InvariantCulture));
    }

    internal static void WriteWindow(Utf8JsonWriter json, ShownWindow window)
    {
        if (window.From is { } from) json.WriteString("from"u8, Day(from));
        if (window.To is { } to) json.WriteString("to"u8, Day(to));
        json.WriteNumber("mass"u8, window.Confidence);
        json.WriteString("shownAt"u8, window.PublishedAt);
        json.WriteNumber("snapshot"u8, window.SnapshotId);
        json.WriteNumber("why"u8, (int)window.Reason);
        if (window.Revisions != 0) json.WriteNumber("revisions"u8, window.Revisions);
        if (window.Flips != 0) json.WriteNumber("flips"u8, window.Flips);
        if (window.MovedLater) json.WriteBoolean("later"u8, true);
    }

    private static string Day(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    // ---- reading ---------------------------------------------------------------------------------------------------------

    /// <summary>
    /// Reads a stored append. <paramref name="personal"/> may be empty: not asked for, never there, or erased. Throws <see cref="JsonException"/> for what
    /// no release ever wrote.
    /// </summary>
    public static ShipmentAppend Read(ReadOnlySpan<byte> open, ReadOnlySpan<byte> personal = default)
    {
        var json = new Utf8JsonReader(open);
        var at = default(DateTimeOffset);
        var scans = ImmutableArray.CreateBuilder<RecordedScan>();
        var events = ImmutableArray.CreateBuilder<ShipmentEvent>();
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("v"u8))
            {
                json.Read();
                if (json.GetInt32() > FormatVersion) throw new JsonException($"The append has format {json.GetInt32()}; this release reads up to {FormatVersion}.");
            }
            else if (json.ValueTextEquals("at"u8)) { json.Read(); at = json.GetDateTimeOffset(); }
            else if (json.ValueTextEquals("scans"u8))
            {
                json.Read();
                while (json.Read() && json.TokenType == JsonTokenType.StartObject)
                {
                    var scan = ScanJson.TryRead(ref json, out var problem, out var receivedAt, PersonalOf(personal, scans.Count))
                        ?? throw new JsonException($"A stored scan cannot be read: {problem!.Detail}");
                    scans.Add(new RecordedScan(scan, receivedAt ?? at));
                }
            }
            else if (json.ValueTextEquals("events"u8))
            {
                json.Read();
                while (json.Read() && json.TokenType == JsonTokenType.StartObject)
                    if (ReadEvent(ref json) is { } happened)
                        events.Add(happened);
            }
            else { json.Read(); json.Skip(); }
        }
        return new ShipmentAppend(at, scans.ToImmutable(), events.ToImmutable());
    }

    /// <summary>The originals in a personal half.</summary>
    public static IReadOnlyList<OriginalPart> ReadOriginals(ReadOnlyMemory<byte> personal)
    {
        if (personal.IsEmpty) return [];
        using var document = JsonDocument.Parse(personal);
        if (!document.RootElement.TryGetProperty("originals"u8, out var list)) return [];
        var originals = new List<OriginalPart>();
        foreach (var item in list.EnumerateArray())
            originals.Add(new OriginalPart(item.GetProperty("id"u8).GetString()!, item.GetProperty("format"u8).GetString()!, item.GetProperty("bytes"u8).GetBytesFromBase64()));
        return originals;
    }

    // The personal half of scan number i, as the bytes of its object.
    private static ReadOnlySpan<byte> PersonalOf(ReadOnlySpan<byte> personal, int index)
    {
        if (personal.IsEmpty) return default;
        Span<byte> name = stackalloc byte[11];
        System.Buffers.Text.Utf8Formatter.TryFormat(index, name, out var length);
        var json = new Utf8JsonReader(personal);
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var isScans = json.ValueTextEquals("scans"u8);
            json.Read();
            if (!isScans) { json.Skip(); continue; }
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                var mine = json.ValueTextEquals(name[..length]);
                json.Read();
                var start = (int)json.TokenStartIndex;
                json.Skip();
                if (mine) return personal[start..(int)json.BytesConsumed];
            }
            return default;
        }
        return default;
    }

    // An event of a newer release that this one does not know changes nothing here: it was written beside what we do know.
    internal static ShipmentEvent? ReadEvent(ref Utf8JsonReader json)
    {
        var fields = new EventFields();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("e"u8)) { json.Read(); fields.Name = json.GetString(); }
            else if (json.ValueTextEquals("n"u8) || json.ValueTextEquals("use"u8)) { json.Read(); fields.Use = json.GetInt32(); }
            else if (json.ValueTextEquals("uniqueId"u8)) { json.Read(); fields.UniqueId = json.GetString(); }
            else if (json.ValueTextEquals("anchor"u8) || json.ValueTextEquals("cause"u8)) { json.Read(); fields.Key = ParseKey(json.GetString()!); }
            else if (json.ValueTextEquals("from"u8)) { json.Read(); fields.From = json.GetString(); }
            else if (json.ValueTextEquals("to"u8)) { json.Read(); fields.To = json.GetString(); }
            else if (json.ValueTextEquals("modifiers"u8))
            {
                json.Read();
                while (json.Read() && json.TokenType == JsonTokenType.String)
                    if (ModifierNames.TryParse(json.GetString(), out var modifier)) fields.Modifiers |= modifier;
            }
            else if (json.ValueTextEquals("reason"u8)) { json.Read(); Reasons.TryParse(json.GetString(), out fields.Reason); }
            else if (json.ValueTextEquals("at"u8) || json.ValueTextEquals("stageAt"u8) || json.ValueTextEquals("shownAt"u8) || json.ValueTextEquals("last"u8)) { json.Read(); fields.At = json.GetDateTimeOffset(); }
            else if (json.ValueTextEquals("p10"u8)) { json.Read(); fields.P10 = json.GetDateTimeOffset(); }
            else if (json.ValueTextEquals("p50"u8)) { json.Read(); fields.P50 = json.GetDateTimeOffset(); }
            else if (json.ValueTextEquals("p90"u8)) { json.Read(); fields.P90 = json.GetDateTimeOffset(); }
            else if (json.ValueTextEquals("mass"u8)) { json.Read(); fields.Mass = json.GetDouble(); }
            else if (json.ValueTextEquals("snapshot"u8)) { json.Read(); fields.Snapshot = json.GetInt64(); }
            else if (json.ValueTextEquals("overdue"u8)) { json.Read(); fields.Overdue = json.GetBoolean(); }
            else if (json.ValueTextEquals("hourFrom"u8)) { json.Read(); fields.HourFrom = TimeOnly.ParseExact(json.GetString()!, "HH:mm", CultureInfo.InvariantCulture); }
            else if (json.ValueTextEquals("hourTo"u8)) { json.Read(); fields.HourTo = TimeOnly.ParseExact(json.GetString()!, "HH:mm", CultureInfo.InvariantCulture); }
            else if (json.ValueTextEquals("stage"u8)) { json.Read(); fields.Stage = (JourneyStage)json.GetInt32(); }
            else if (json.ValueTextEquals("why"u8)) { json.Read(); fields.Why = (WindowReason)json.GetInt32(); }
            else if (json.ValueTextEquals("revisions"u8)) { json.Read(); fields.Revisions = json.GetInt32(); }
            else if (json.ValueTextEquals("flips"u8)) { json.Read(); fields.Flips = json.GetInt32(); }
            else if (json.ValueTextEquals("later"u8)) { json.Read(); fields.Later = json.GetBoolean(); }
            else if (json.ValueTextEquals("expectedBy"u8)) { json.Read(); fields.P10 = json.GetDateTimeOffset(); }
            else if (json.ValueTextEquals("silentAfter"u8)) { json.Read(); fields.P50 = json.GetDateTimeOffset(); }
            else if (json.ValueTextEquals("audience"u8)) { json.Read(); fields.UniqueId = json.GetString(); }
            else if (json.ValueTextEquals("generation"u8)) { json.Read(); fields.Revisions = json.GetInt32(); }
            else { json.Read(); json.Skip(); }
        }
        return fields.Make();
    }

    private struct EventFields
    {
        public string? Name, UniqueId, From, To;
        public int Use, Revisions, Flips;
        public DedupKey Key;
        public Modifiers Modifiers;
        public Reason Reason;
        public DateTimeOffset At, P10, P50, P90;
        public double Mass;
        public long Snapshot;
        public bool Overdue, Later;
        public TimeOnly? HourFrom, HourTo;
        public JourneyStage Stage;
        public WindowReason Why;

        public readonly ShipmentEvent? Make()
        {
            switch (Name)
            {
                case "use": return new UseOpened(Use, UniqueId, Key);
                case "milestone":
                    Milestones.TryParse(From, out var from);
                    Milestones.TryParse(To, out var to);
                    return new MilestoneReached(Use, from, to, Modifiers, Reason, At, Key);
                case "estimate": return new EstimateIssued(Use, new DeliveryEstimate(P10, P50, P90, ParseDay(From), ParseDay(To), Mass, Snapshot, Overdue, HourFrom, HourTo), Stage, At);
                case "window": return new WindowShown(Use, new ShownWindow(ParseDay(From), ParseDay(To), Mass, At, Snapshot, Why, Revisions, Flips, Later));
                case "silent": return new WentSilent(Use, At, P10, P50);
                case "link": return new LinkIssued(Use, UniqueId ?? "", Revisions);
                default: return null;
            }
        }

        private static DateOnly? ParseDay(string? text)
            => text is null ? null : ScanJson.TryReadDay(text, out var day) ? day : throw new JsonException($"A stored day is '{text}', which is no yyyy-MM-dd.");
    }

    internal static DedupKey ParseKey(string text)
        => new(ulong.Parse(text.AsSpan(0, 16), NumberStyles.HexNumber, CultureInfo.InvariantCulture), ulong.Parse(text.AsSpan(16, 16), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
}

/// <summary>A part of a sender's message, as stored beside the scans read from it.</summary>
public sealed record OriginalPart(string PayloadId, string Format, ReadOnlyMemory<byte> Bytes);
