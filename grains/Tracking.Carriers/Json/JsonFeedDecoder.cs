using System.Collections.Immutable;
using Tracking.Carriers.Zones;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Json;

/// <summary>A format whose messages are JSON documents: one, an array of them, or one a line. Each document is right or wrong alone.</summary>
public abstract class JsonFeedDecoder : FeedDecoder
{
    /// <summary>The longest code, city or name the journal holds; the stored original has all of it.</summary>
    private protected const int MaxShort = 200;

    public sealed override IEnumerable<DecodedItem> Decode(ReadOnlyMemory<byte> message, FeedContext context)
    {
        // An empty body whose signature holds is a sender asking whether we are there.
        if (context.Signature == SignatureState.Verified && message.Span.Trim(" \t\r\n\0"u8).IsEmpty)
        {
            yield return DecodedItem.Of([], message, "", new DecodeProblem("message.ping", "An empty message with a valid signature: a ping."));
            yield break;
        }
        foreach (var document in JsonMessage.Read(message))
            using (document)
            {
                if (document.Problem is { } problem) { yield return document.Unreadable(problem.Code, problem.Detail); continue; }
                if (!document.Root.IsArray)
                {
                    foreach (var item in DecodeOne(document, document.Root, document.Pointer, context)) yield return item;
                    continue;
                }
                var index = 0;
                foreach (var part in document.Root.Items())
                    foreach (var item in DecodeOne(document, part, $"{document.Pointer}/{index++}", context))
                        yield return item;
            }
    }

    /// <summary>Reads one document, or one element of an array of documents.</summary>
    private protected abstract IEnumerable<DecodedItem> DecodeOne(JsonMessage message, JsonPart root, string pointer, FeedContext context);

    private protected static string? Short(string? text, int most = MaxShort) => text is null ? null : ScanLimits.Start(text, most);

    private protected static string? Short(JsonPart part, ReadOnlySpan<byte> name) => Short(part.Text(name));

    /// <summary>An instant with its offset, for times that systems write about themselves; null for anything else.</summary>
    private protected static DateTimeOffset? Instant(string? text)
        => DateText.TryIso(text, out var local, out var offset, out var precision) == DateReading.Told && offset is { } told && precision != Precision.Day
            && told.Duration() <= TimeSpan.FromHours(14) && local.Year is > 1 and < 9999
            ? new DateTimeOffset(local, told) : null;

    /// <summary>Seconds since 1970, as a number or in quotes.</summary>
    private protected static DateTimeOffset? Unix(JsonPart part)
        => part.Number() is { } seconds and > 0 and < 10_000_000_000 ? DateTimeOffset.FromUnixTimeMilliseconds((long)(seconds * 1000)) : null;

    /// <summary>A time of an expected delivery: local reading, offset only if it was written and is meant, and whether it is a whole day.</summary>
    private protected static (DateTime Local, TimeSpan? Offset, Precision Precision)? Expected(string? text, bool midnightIsDay, bool trustOffset, FeedContext context)
    {
        if (DateText.TryIso(text, out var local, out var offset, out var precision) != DateReading.Told) return null;
        if (EventTimes.Implausible(local, context) is not null) return null;
        if (midnightIsDay && local.TimeOfDay == TimeSpan.Zero) precision = Precision.Day;
        return (local, trustOffset && precision != Precision.Day ? offset : null, precision);
    }

    /// <summary>A window from its two ends; one end alone is a single date. Null when neither can be read.</summary>
    private protected static EtaStatement? Window(string? from, string? to, EtaKind kind, string? source, FeedContext context, bool midnightIsDay = true, bool trustOffset = true)
    {
        var first = Expected(from, midnightIsDay, trustOffset, context);
        var last = Expected(to, midnightIsDay, trustOffset, context);
        if ((first ?? last) is not { } start) return null;
        var end = last ?? start;
        // A day beside a time would lose the time; a window is as fine as its finer end.
        var precision = (Precision)Math.Min((byte)start.Precision, (byte)end.Precision);
        if (end.Local < start.Local) (start, end) = (end, start);
        var offset = start.Offset == end.Offset ? start.Offset : null;
        return new EtaStatement(start.Local, end.Local, offset, precision, kind, Short(source));
    }

    private protected static Modifiers DateOnlyFlag(OccurredTime time)
        => time.IsTold && time.Precision == Precision.Day ? Modifiers.DateOnly : Modifiers.None;

    /// <summary>A place of parts; null when all are empty.</summary>
    private protected static Place? PlaceOf(string? city, string? region, string? postal, string? country, double? lat = null, double? lon = null, string? line = null)
    {
        if (lat is not (>= -90 and <= 90) || lon is not (>= -180 and <= 180)) lat = lon = null;
        country = Countries.Alpha2OrAsTold(country);
        if (city is null && region is null && postal is null && country is null && lat is null && line is null) return null;
        return new Place(Line: line, City: city, Region: region, PostalCode: Short(postal, 20), Country: country, Lat: lat, Lon: lon, GeoSource: lat is null ? null : "message");
    }

    /// <summary>The item of one tracking and, behind it, one for each of its events that could not be read.</summary>
    /// <param name="root">Where the original begins, if not at the pointer.</param>
    private protected sealed class Draft(ReadOnlyMemory<byte> original, string pointer, string? root = null)
    {
        private const int MaxNotes = 32;
        private readonly List<DecodedItem> _apart = [];
        private readonly List<DecodeProblem> _notes = [];

        public ImmutableArray<Scan>.Builder Scans { get; } = ImmutableArray.CreateBuilder<Scan>();

        public void Note(string code, string detail) => Note(new DecodeProblem(code, detail));

        public void Note(DecodeProblem? note)
        {
            if (note is not null && _notes.Count < MaxNotes && !_notes.Contains(note)) _notes.Add(note);
        }

        /// <summary>One bad event goes into quarantine with its whole tracking, so that it can be read again, and fails none of its neighbours.</summary>
        public void Bad(DecodeProblem problem, string at) => _apart.Add(new DecodedItem([], original, at, problem, []));

        public IEnumerable<DecodedItem> Items()
        {
            if (_notes.Count == 0 && Scans.Count == 0 && _apart.Count > 0) return _apart;
            _apart.Insert(0, new DecodedItem(Scans.ToImmutable(), original, pointer, null, [.. _notes]) { Root = root });
            return _apart;
        }
    }
}
