using System.Buffers;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Text;
using Tracking.Carriers.Zones;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Dhl;

/// <summary>
/// DHL Paket's event report: semicolons, ISO 8859-1, a German or English header, one row per event <em>and account number</em>, so that one event stands twice. Every row is
/// right or wrong alone. <c>STORN</c> takes back the event before it of the same piece.
/// </summary>
public sealed class DhlPaketDecoder : FeedDecoder
{
    private const string Slug = "dhl-paket";
    private const int RememberedRows = 65_536;
    private static readonly CodeTable Events = CodeTable.Load("Dhl/dhl-paket-event-codes.csv");
    private static readonly CodeTable Reasons = CodeTable.Load("Dhl/dhl-paket-reason-codes.csv");
    private static readonly CodeTable StandardEvents = CodeTable.Load("Dhl/dhl-paket-standard-codes.csv");

    public override string Format => "dhl-paket";
    public override string Description => "DHL Paket event report with ICE events and RIC reasons (delimited file)";

    internal static CodeMeaning? Find(string ice, string? standardEvent) => Events.Find(ice, standardEvent ?? "");

    internal static CodeMeaning? Standard(string code) => StandardEvents.Find(code);

    /// <summary>What an ICE event with its RIC reason means: the event says the status, the reason says how and why. Null for an event nobody mapped.</summary>
    internal static CodeMeaning? Meaning(string ice, string? ric, string? standardEvent)
    {
        if (Events.Find(ice, standardEvent ?? "") is not { } meaning) return null;
        if (string.IsNullOrEmpty(ric) || meaning.Kind == ScanKind.Retraction) return meaning;
        if (Reasons.Find(ric) is not { } reason)
            return meaning.Reason == Reason.None && meaning.Status is Milestone.AttemptFailed or Milestone.Exception ? meaning with { Reason = Reason.Unknown } : meaning;
        return meaning with
        {
            SubStatus = reason.SubStatus ?? meaning.SubStatus,
            Modifiers = meaning.Modifiers | reason.Modifiers,
            Reason = reason.Reason != Reason.None ? reason.Reason : meaning.Reason,
        };
    }

    public override IEnumerable<DecodedItem> Decode(ReadOnlyMemory<byte> message, FeedContext context)
    {
        if (Refusal(message.Span) is { } refused) return [DecodedItem.Unreadable(message, "", refused.Code, refused.Detail)];
        return new Report(context, EventsBefore(message, context)).Read(message, last: true);
    }

    /// <summary>
    /// Up to 32 MB (or <see cref="FeedContext.MaxMessageBytes"/>, if that is less) are read as one message; a longer file goes row by row, and then a <c>STORN</c> finds only what stands
    /// above it.
    /// </summary>
    public override async IAsyncEnumerable<DecodedItem> DecodeAsync(Stream stream, FeedContext context, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        var buffer = new ArrayBufferWriter<byte>(64 * 1024);
        Report? report = null;
        var ended = false;
        while (!ended)
        {
            var read = await stream.ReadAsync(buffer.GetMemory(64 * 1024), cancel);
            buffer.Advance(read);
            ended = read == 0;
            if (report is null)
            {
                if (ended) { foreach (var item in Decode(buffer.WrittenMemory, context)) yield return item; yield break; }
                if (buffer.WrittenCount < Math.Min(context.MaxMessageBytes, FeedContext.DefaultMaxMessageBytes)) continue;
                if (Refusal(buffer.WrittenSpan) is { } refused)
                {
                    yield return DecodedItem.Unreadable(buffer.WrittenMemory[..4096], "", refused.Code, refused.Detail);
                    yield break;
                }
                report = new Report(context, []);
            }
            // Rows keep slices of what they were read from, so every round works on its own copy.
            var written = buffer.WrittenMemory;
            var whole = ended ? written.Length : written.Span.LastIndexOf((byte)'\n') + 1;
            if (whole == 0 && written.Length >= Report.MaxRow) whole = written.Length;
            var rows = written[..whole].ToArray();
            var rest = written[whole..].ToArray();
            buffer.ResetWrittenCount();
            buffer.Write(rest);
            foreach (var item in report.Read(rows, last: ended)) yield return item;
        }
    }

    private static DecodeProblem? Refusal(ReadOnlySpan<byte> bytes)
    {
        var start = bytes[..Math.Min(bytes.Length, 4096)];
        if (start.Trim(" \t\r\n\0"u8).IsEmpty && bytes.Trim(" \t\r\n\0"u8).IsEmpty) return new DecodeProblem("message.empty", "The message is empty.");
        if (start.StartsWith("PK\u0003\u0004"u8)) return new DecodeProblem("message.not-text", "The file is a ZIP archive and no event report.");
        if (start.StartsWith("%PDF"u8)) return new DecodeProblem("message.not-text", "The file is a PDF and no event report.");
        if (start.StartsWith((ReadOnlySpan<byte>)[0x89, 0x50, 0x4E, 0x47]) || start.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF])) return new DecodeProblem("message.not-text", "The file is an image and no event report.");
        var firstLine = start.IndexOf((byte)'\n') is var end and >= 0 ? start[..end] : start;
        if (firstLine.TrimEnd("\0\r\n"u8).Contains((byte)0)) return new DecodeProblem("message.not-text", "The file holds binary data and no event report.");
        return start.Contains((byte)';') ? null : new DecodeProblem("paket.no-report", "The file has no semicolon in its first 4,096 bytes: it is no DHL Paket event report.");
    }

    // For every piece that has a STORN: its other events, so that the order of the rows does not matter.
    private static Dictionary<string, List<Before>> EventsBefore(ReadOnlyMemory<byte> message, FeedContext context)
    {
        var known = new Dictionary<string, List<Before>>(StringComparer.Ordinal);
        if (message.Span.IndexOf("STORN"u8) < 0) return known;
        foreach (var item in new Report(context, []).Read(message, last: true))
            foreach (var scan in item.Scans)
                if (scan.Kind == ScanKind.Retraction)
                    known.TryAdd(scan.TrackingNumber, []);
        foreach (var item in new Report(context, []).Read(message, last: true))
            foreach (var scan in item.Scans)
                if (scan.Kind != ScanKind.Retraction && scan.Occurred.Local is { } local && known.TryGetValue(scan.TrackingNumber, out var events) && events.Count < 1000)
                    events.Add(new Before(scan.Raw!.Type, scan.Raw.Code, local, item.Original));
        return known;
    }

    /// <param name="Row">As it is kept, under its header.</param>
    private readonly record struct Before(string? Type, string? Code, DateTime Local, ReadOnlyMemory<byte> Row);

    /// <summary>One report while it is read.</summary>
    private sealed class Report(FeedContext context, Dictionary<string, List<Before>> known)
    {
        public const int MaxRow = 64 * 1024;
        private PaketColumns? _columns;
        private byte[]? _header;
        private int _line;
        private readonly HashSet<DedupKey> _seen = [];
        private readonly Queue<DedupKey> _order = new();
        private readonly Dictionary<string, Before> _last = new(StringComparer.Ordinal);

        public IEnumerable<DecodedItem> Read(ReadOnlyMemory<byte> rows, bool last)
        {
            if (_line == 0 && rows.Span.StartsWith("\ufeff"u8)) rows = rows[3..];
            while (!rows.IsEmpty)
            {
                var end = rows.Span.IndexOfAny((byte)'\n', (byte)'\r');
                var row = end < 0 ? rows : rows[..end];
                var step = end < 0 ? rows.Length : end + 1;
                if (end >= 0 && rows.Span[end] == '\r' && end + 1 < rows.Length && rows.Span[end + 1] == '\n') step++;
                rows = rows[step..];
                _line++;
                while (!row.IsEmpty && row.Span[^1] == 0) row = row[..^1];
                if (row.Span.Trim(" \t;"u8).IsEmpty) continue;
                if (Row(row) is { } item) yield return item;
            }
        }

        private string Pointer => string.IsNullOrEmpty(context.FileName) ? $"line {_line}" : $"{context.FileName}, line {_line}";

        private DecodedItem? Row(ReadOnlyMemory<byte> row)
        {
            if (row.Length > MaxRow) return DecodedItem.Unreadable(row[..4096], Pointer, "row.too-long", $"The row is longer than {MaxRow:N0} bytes.");
            if (_header is not null && row.Span.SequenceEqual(_header)) return null;   // the header again, in the middle
            var cells = Split(CarrierText.Decode(row.Span));
            if (PaketColumns.OfHeader(cells) is { } header)
            {
                (_columns, _header) = (header, row.ToArray());
                return null;
            }
            var columns = _columns ??= PaketColumns.ByPosition;
            return Event(row, cells, columns);
        }

        private DecodedItem Event(ReadOnlyMemory<byte> row, List<string> cells, PaketColumns columns)
        {
            string? Cell(int column) => column >= 0 && column < cells.Count ? CarrierText.Value(cells[column]) : null;
            DecodedItem Bad(string code, string detail) => DecodedItem.Unreadable(Kept(row), Pointer, code, detail);

            var (ice, ric, standard) = (Cell(columns.Ice), Cell(columns.Ric), Cell(columns.StandardEvent));
            var written = Cell(columns.Piece);
            if (cells.Count <= columns.Ice) return Bad("row.too-short", $"The row has {cells.Count} columns; the status event stands in column {columns.Ice + 1}.");
            if (written is null) return Bad("number.missing", "The row has no piece code.");
            if (!TrackingNumber.TryNormalize(written, out var number)) return Bad("number.invalid", "The piece code holds letters no tracking number has, or too many.");
            if ((ice ?? standard) is null) return Bad("row.no-event", "The row has neither a status event nor a standard event.");

            var country = Countries.Alpha2OrAsTold(Cell(columns.Country));
            var (placeId, facility) = (Cell(columns.PlaceId), Cell(columns.Facility));
            var place = (country ?? placeId ?? facility) is null ? null : new Place(Country: country, FacilityId: placeId ?? facility);
            var occurred = When(Cell(columns.When), place, out var problem, out var note);
            if (problem is not null) return Bad(problem.Code, problem.Detail);

            var meaning = ice is null ? StandardEvents.Of(standard) : Meaning(ice.ToUpperInvariant(), ric?.ToUpperInvariant(), standard?.ToUpperInvariant()) ?? CodeMeaning.Unmapped;
            var receiver = Cell(columns.ReceiverActual);
            var scan = new Scan
            {
                Carrier = context.Carrier ?? Slug,
                TrackingNumber = number,
                Kind = meaning.Kind,
                Status = meaning.Status,
                SubStatus = meaning.SubStatus,
                Modifiers = meaning.Modifiers | (occurred is { IsTold: true, Precision: Precision.Day } ? Modifiers.DateOnly : 0),
                Reason = meaning.Reason,
                Raw = new RawCodes(Type: standard, Code: ice, ReasonCode: ric, LocationText: facility),
                Occurred = occurred,
                Place = place,
                Delivery = meaning.Status == Milestone.Delivered ? DhlDeliveries.Of(meaning.SubStatus, receiver) : null,
                Journey = Journey(Cell),
                Evidence = new Evidence(null, Pointer),
                Source = context.Source(),
            };
            var original = Kept(row);
            var line = _header is null ? "line 1" : "line 2";
            if (scan.Kind == ScanKind.Retraction)
            {
                var target = Target(scan);
                scan = scan with { Retracts = target is { } found ? new RetractionTarget(Type: found.Type, Code: found.Code, Local: found.Local) : new RetractionTarget() };
                // Alone it would take back nobody knows what: the row that it takes back is kept above it.
                if (target is { Row.IsEmpty: false } before) (original, line) = (Lines(before.Row, row), _header is null ? "line 2" : "line 3");
            }
            else if (occurred.Local is { } local) Remember(number, new Before(standard, ice, local, original));

            // The same event once more, for another account number.
            if (!IsNew(scan.Key)) return DecodedItem.Of([], original, Pointer, new DecodeProblem("row.repeated", "The row repeats an event of this file."));
            return new DecodedItem([scan], original, Pointer, null, note is null ? [] : [note]) { RootInOriginal = line };

            JourneyHints? Journey(Func<int, string?> cell)
            {
                var posted = cell(columns.PickupDate) ?? cell(columns.PostingDate);
                DateOnly? pickedUp = DateText.TryIso(posted, out var at, out _, out _) == DateReading.Told && at.Year >= 2000 ? DateOnly.FromDateTime(at)
                    : DateText.TryExact(posted, "dd.MM.yyyy", out at) == DateReading.Told && at.Year >= 2000 ? DateOnly.FromDateTime(at) : null;
                var hints = new JourneyHints(cell(columns.Product) ?? cell(columns.ProductionLine), ShipperReference: cell(columns.Reference), PickedUpOn: pickedUp);
                return hints == new JourneyHints() ? null : hints;
            }
        }

        private OccurredTime When(string? text, Place? place, out DecodeProblem? problem, out DecodeProblem? note)
        {
            problem = note = null;
            var reading = DateText.TryIso(text, out var local, out var offset, out var precision);
            if (reading == DateReading.Impossible)
                foreach (var pattern in (ReadOnlySpan<string>)["dd.MM.yyyy HH:mm:ss", "dd.MM.yyyy HH:mm", "dd.MM.yyyy"])
                    if (DateText.TryExact(text, pattern, out local) == DateReading.Told)
                    {
                        (reading, offset) = (DateReading.Told, null);
                        precision = pattern.Length > 16 ? Precision.Second : pattern.Length > 10 ? Precision.Minute : Precision.Day;
                        break;
                    }
            if (reading is DateReading.Missing or DateReading.Placeholder) return OccurredTime.Untold;
            if (reading == DateReading.Impossible) { problem = EventTimes.Impossible(text); return OccurredTime.Untold; }
            problem = EventTimes.Implausible(local, context);
            if (problem is not null) return OccurredTime.Untold;
            if (offset is { } told) return EventTimes.FromOffset(local, told, precision);
            return precision == Precision.Day || local.TimeOfDay == TimeSpan.Zero
                ? EventTimes.Date(DateOnly.FromDateTime(local), place, context)
                : EventTimes.Local(local, precision, place, context, out note);
        }

        // The youngest event of the piece that is not younger than the STORN. What this message does not hold, the shipment may: then the target stays open.
        private Before? Target(Scan storn)
        {
            Before? found = null;
            if (known.TryGetValue(storn.TrackingNumber, out var events))
            {
                foreach (var candidate in events)
                    if (!(candidate.Local > storn.Occurred.Local) && (found is null || candidate.Local >= found.Value.Local))
                        found = candidate;
            }
            else if (_last.TryGetValue(storn.TrackingNumber, out var last) && !(last.Local > storn.Occurred.Local)) found = last;
            return found;
        }

        // A row that stands alone is read by position: where the file named its columns, it keeps their names.
        private ReadOnlyMemory<byte> Kept(ReadOnlyMemory<byte> row) => _header is null ? row : Lines(_header, row);

        private static byte[] Lines(ReadOnlyMemory<byte> first, ReadOnlyMemory<byte> second) => [.. first.Span, (byte)'\n', .. second.Span];

        private void Remember(string number, Before happened)
        {
            if (_last.Count >= RememberedRows) _last.Clear();
            if (!_last.TryGetValue(number, out var known) || happened.Local >= known.Local) _last[number] = happened;
        }

        private bool IsNew(DedupKey key)
        {
            if (!_seen.Add(key)) return false;
            _order.Enqueue(key);
            if (_order.Count > RememberedRows) _seen.Remove(_order.Dequeue());
            return true;
        }

        // Semicolons, fields in quotes where they hold one; a quote inside a bare field is a letter.
        private static List<string> Split(string row)
        {
            var cells = new List<string>(32);
            var cell = new StringBuilder();
            for (var i = 0; i <= row.Length;)
            {
                cell.Clear();
                if (i < row.Length && row[i] == '"')
                {
                    for (i++; i < row.Length; i++)
                    {
                        if (row[i] != '"') cell.Append(row[i]);
                        else if (i + 1 < row.Length && row[i + 1] == '"') cell.Append(row[i++]);
                        else { i++; break; }
                    }
                    while (i < row.Length && row[i] != ';') cell.Append(row[i++]);
                }
                else while (i < row.Length && row[i] != ';') cell.Append(row[i++]);
                cells.Add(cell.ToString());
                i++;
            }
            return cells;
        }
    }
}
