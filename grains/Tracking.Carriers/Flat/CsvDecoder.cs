using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Tracking.Carriers.Zones;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Flat;

/// <summary>
/// Rows that describe themselves: a header of our own field names (<c>carrier,trackingNumber,status,occurredAt,…</c>, in any order, any case, with
/// or without underscores), then one event a row. <c>csv</c> finds its separator in the header, <c>pipe</c> has one, and in <c>fixed</c> a column begins where its name does.
/// </summary>
public sealed class CsvDecoder : RowDecoder
{
    private readonly char _separator;   // 0: by header; '\u0001': fixed width

    private CsvDecoder(string format, string description, char separator)
    {
        Format = format;
        Description = description;
        _separator = separator;
    }

    public static CsvDecoder Csv { get; } = new("csv", "CSV with a header of our field names: trackingNumber, status, occurredAt, carrier, code, city …", '\0');
    public static CsvDecoder Pipe { get; } = new("pipe", "As csv, separated by |", '|');
    public static CsvDecoder Fixed { get; } = new("fixed", "As csv in fixed width: a column begins where its name in the header does", '\u0001');

    public override string Format { get; }
    public override string Description { get; }

    protected override RowSyntax SyntaxOf(ReadOnlySpan<byte> start)
    {
        if (_separator == '\u0001') return new RowSyntax('\0', '\0');
        if (_separator != '\0') return new RowSyntax(_separator);
        var end = start.IndexOfAny((byte)'\n', (byte)'\r');
        var header = end < 0 ? start : start[..end];
        var best = ',';
        var most = 0;
        foreach (var candidate in (ReadOnlySpan<char>)[',', ';', '|', '\t'])
        {
            var count = header.Count((byte)candidate);
            if (count > most) (best, most) = (candidate, count);
        }
        return new RowSyntax(best);
    }

    protected override RowSession Begin(RowSyntax syntax, FeedContext context) => new Session(syntax, context, _separator == '\u0001');

    private enum Field
    {
        Carrier, Number, Status, At, Date, Time, EventId, Type, Code, SubCode, ReasonCode, Text, SubStatus, Reason, Modifiers, Kind, Piece, Unique, Published,
        Line, City, Region, Postcode, Country, Facility, Eta, EtaFrom, EtaTo, SignedBy, LeftAt, Image, Service, Reference, Lat, Lon, DestinationPostcode, DestinationCountry,
    }

    private static readonly FrozenDictionary<string, Field> Names = new Dictionary<string, Field>(StringComparer.OrdinalIgnoreCase)
    {
        ["carrier"] = Field.Carrier, ["trackingNumber"] = Field.Number, ["number"] = Field.Number, ["tracking"] = Field.Number, ["trackingCode"] = Field.Number, ["parcelNumber"] = Field.Number,
        ["status"] = Field.Status, ["occurredAt"] = Field.At, ["occurred"] = Field.At, ["timestamp"] = Field.At, ["dateTime"] = Field.At, ["eventTime"] = Field.At,
        ["date"] = Field.Date, ["eventDate"] = Field.Date, ["time"] = Field.Time,
        ["eventId"] = Field.EventId, ["type"] = Field.Type, ["code"] = Field.Code, ["eventCode"] = Field.Code, ["subCode"] = Field.SubCode, ["reasonCode"] = Field.ReasonCode,
        ["text"] = Field.Text, ["description"] = Field.Text, ["message"] = Field.Text, ["subStatus"] = Field.SubStatus, ["reason"] = Field.Reason, ["modifiers"] = Field.Modifiers, ["kind"] = Field.Kind,
        ["pieceId"] = Field.Piece, ["uniqueId"] = Field.Unique, ["publishedAt"] = Field.Published,
        ["line"] = Field.Line, ["street"] = Field.Line, ["city"] = Field.City, ["region"] = Field.Region, ["state"] = Field.Region, ["postalCode"] = Field.Postcode, ["zip"] = Field.Postcode, ["postcode"] = Field.Postcode,
        ["country"] = Field.Country, ["countryCode"] = Field.Country, ["facilityId"] = Field.Facility, ["facility"] = Field.Facility, ["depot"] = Field.Facility,
        ["lat"] = Field.Lat, ["latitude"] = Field.Lat, ["lon"] = Field.Lon, ["longitude"] = Field.Lon,
        ["eta"] = Field.Eta, ["estimatedDelivery"] = Field.Eta, ["etaFrom"] = Field.EtaFrom, ["etaTo"] = Field.EtaTo,
        ["signedBy"] = Field.SignedBy, ["leftAt"] = Field.LeftAt, ["image"] = Field.Image, ["service"] = Field.Service, ["reference"] = Field.Reference,
        ["destinationPostalCode"] = Field.DestinationPostcode, ["destinationCountry"] = Field.DestinationCountry,
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    private sealed class Session(RowSyntax syntax, FeedContext context, bool isFixed) : RowSession
    {
        private static readonly int FieldCount = Enum.GetValues<Field>().Length;
        private int[]? _columns;           // field -> column, -1 where absent
        private int[] _starts = [];        // fixed width: where each column begins
        private string _headerText = "";
        private ReadOnlyMemory<byte> _header;
        private int _width;

        public override DecodedItem? Read(string row, ReadOnlyMemory<byte> original, string pointer)
        {
            if (_columns is null) { Header(row, original); return null; }
            if (row == _headerText) return null;   // repeated in the middle

            var fields = Fields(row);
            if (fields.Count > _width && fields.Skip(_width).Any(f => !string.IsNullOrWhiteSpace(f)))
                return Bad(new DecodeProblem("row.columns", $"{fields.Count} columns under a header of {_width}."));
            if (fields.Count < _width && !isFixed && fields.Count <= _columns[(int)Field.Number])
                return Bad(new DecodeProblem("row.columns", $"{fields.Count} columns under a header of {_width}."));
            var scan = Scan(fields, pointer, out var problem, out var note);
            if (scan is null) return Bad(problem!);
            return Readable(_header, original, pointer, scan, note);

            DecodedItem Bad(DecodeProblem wrong) => Unreadable(_header, original, pointer, wrong);
        }

        private void Header(string row, ReadOnlyMemory<byte> original)
        {
            var names = isFixed ? FixedColumns(row) : syntax.Split(row);
            var columns = new int[FieldCount];
            columns.AsSpan().Fill(-1);
            for (var i = 0; i < names.Count; i++)
                if (Names.TryGetValue(Folded(names[i]), out var field) && columns[(int)field] < 0)
                    columns[(int)field] = i;
            _width = names.Count;
            if (columns[(int)Field.Number] < 0)
            {
                Refusal = new DecodeProblem("flat.header", "The first line is no header of our field names: it has no column trackingNumber.");
                return;
            }
            if (columns[(int)Field.Status] < 0 && columns[(int)Field.Code] < 0 && columns[(int)Field.Text] < 0 && columns[(int)Field.Eta] < 0 && columns[(int)Field.EtaFrom] < 0)
            {
                Refusal = new DecodeProblem("flat.header", "The header has neither status nor code, text or eta: its rows could say nothing.");
                return;
            }
            _columns = columns;
            _headerText = row;
            _header = original;
        }

        private List<string> Fields(string row)
        {
            if (!isFixed) return syntax.Split(row);
            var fields = new List<string>(_starts.Length);
            for (var i = 0; i < _starts.Length; i++)
            {
                var from = Math.Min(_starts[i], row.Length);
                var to = i + 1 < _starts.Length ? Math.Min(_starts[i + 1], row.Length) : row.Length;
                fields.Add(row[from..to]);
            }
            return fields;
        }

        private List<string> FixedColumns(string header)
        {
            var names = new List<string>();
            var starts = new List<int>();
            for (var i = 0; i < header.Length;)
            {
                if (header[i] == ' ') { i++; continue; }
                var end = header.IndexOf(' ', i);
                if (end < 0) end = header.Length;
                starts.Add(i);
                names.Add(header[i..end]);
                i = end;
            }
            _starts = [.. starts];
            return names;
        }

        private Scan? Scan(List<string> fields, string pointer, out DecodeProblem? problem, out DecodeProblem? note)
        {
            problem = null; note = null;
            string? Value(Field field) => _columns![(int)field] is >= 0 and var column && column < fields.Count ? CarrierText.Value(fields[column]) : null;

            var written = Value(Field.Number);
            if (!TrackingNumber.TryNormalize(written, out var number))
            {
                problem = new DecodeProblem("number.missing", written is null ? "The row has no trackingNumber." : $"'{written}' cannot be a tracking number.");
                return null;
            }
            var named = Value(Field.Carrier) ?? context.Carrier;
            if (!Domain.Vocabulary.Carrier.TryNormalize(named, out var carrier))
            {
                problem = new DecodeProblem("carrier.missing", named is null ? "The row names no carrier, and the feed none either." : $"'{named}' cannot be a carrier.");
                return null;
            }

            var place = PlaceOf(Value(Field.Line), Value(Field.City), Value(Field.Region), Value(Field.Postcode), Countries.Alpha2OrAsTold(Value(Field.Country)), Value(Field.Facility), Value(Field.Lat), Value(Field.Lon));
            var occurred = When(Value(Field.At), Value(Field.Date), Value(Field.Time), place, out problem, out note);
            if (problem is not null) return null;

            string? told = Value(Field.Status), code = Value(Field.Code), text = Value(Field.Text);
            var modifiers = Modifiers.None;
            Milestone? status = null;
            if (told is not null)
            {
                if (Milestones.TryParse(told.Replace(' ', '_').Replace('-', '_'), out var known)) status = known == Milestone.Unknown ? null : known;
                // A word that is none of ours stays as the raw code, and moves nothing.
                else { modifiers |= Modifiers.Unmapped; code ??= told; note = new DecodeProblem("status.unknown", $"'{told}' is none of the thirteen statuses."); }
            }
            foreach (var word in (Value(Field.Modifiers) ?? "").Split(['|', ' ', ','], StringSplitOptions.RemoveEmptyEntries))
            {
                if (ModifierNames.TryParse(word, out var flag)) modifiers |= flag;
                else note = new DecodeProblem("modifier.unknown", $"'{word}' is none of the modifiers.");
            }
            var reason = Reason.None;
            if (Value(Field.Reason) is { } why && !Reasons.TryParse(why, out reason)) { reason = Reason.Unknown; note = new DecodeProblem("reason.unknown", $"'{why}' is none of the reasons."); }
            var eta = Eta(Value(Field.Eta) ?? Value(Field.EtaFrom), Value(Field.Eta) ?? Value(Field.EtaTo), ref note);
            var kind = ScanKind.Scan;
            if (Value(Field.Kind) is { } what)
            {
                if (!(Enum.TryParse(what, ignoreCase: true, out kind) && Enum.IsDefined(kind) && !char.IsAsciiDigit(what[0]) && kind != ScanKind.Retraction))
                {
                    problem = new DecodeProblem("kind.unknown", $"'{what}' is none of scan, estimate, appointment, information, snapshot.");
                    return null;
                }
            }
            else if (told is null && code is null && eta is not null) kind = ScanKind.Estimate;

            var type = Value(Field.Type);
            string? subCode = Value(Field.SubCode), reasonCode = Value(Field.ReasonCode);
            if (status is null && told is null && code is not null && modifiers == Modifiers.None && kind == ScanKind.Scan)
            {
                // A code without a status: the carrier's own table may know it.
                if (CarrierCodes.Find(carrier, code) is { } meaning) { status = meaning.Status; modifiers = meaning.Modifiers; reason = reason == Reason.None ? meaning.Reason : reason; kind = meaning.Kind; }
                else modifiers |= Modifiers.Unmapped;
            }
            string? signedBy = Value(Field.SignedBy), leftAt = Value(Field.LeftAt), image = Value(Field.Image), service = Value(Field.Service), reference = Value(Field.Reference);
            string? toPostcode = Value(Field.DestinationPostcode), toCountry = Countries.Alpha2OrAsTold(Value(Field.DestinationCountry));
            return new Scan
            {
                Carrier = carrier,
                TrackingNumber = number,
                UniqueId = Value(Field.Unique),
                PieceId = Value(Field.Piece),
                Kind = kind,
                Status = status,
                SubStatus = Value(Field.SubStatus),
                Modifiers = modifiers,
                Reason = reason,
                Raw = type is null && code is null && subCode is null && reasonCode is null && text is null ? null : new RawCodes(type, code, subCode, reasonCode, Text: text),
                Occurred = occurred,
                PublishedAt = DateText.TryIso(Value(Field.Published), out var at, out var offset, out _) == DateReading.Told && offset is { } o && o.Duration() <= TimeSpan.FromHours(14) ? new DateTimeOffset(at, o) : null,
                Place = place,
                Eta = eta,
                Delivery = signedBy is null && leftAt is null && image is null ? null : new DeliveryProof(signedBy, leftAt, Images: image is null ? [] : [image]),
                EventId = Value(Field.EventId),
                Evidence = new Evidence(null, pointer),
                Source = context.Source(),
                Journey = service is null && reference is null && toPostcode is null && toCountry is null ? null
                    : new JourneyHints(service, ShipperReference: reference, DestinationPostalCode: toPostcode, DestinationCountry: toCountry),
            };
        }

        private OccurredTime When(string? at, string? date, string? time, Place? place, out DecodeProblem? problem, out DecodeProblem? note)
        {
            if (at is null && date is not null && time is not null)
            {
                // Two columns: any spelling of a clock beside any spelling of a day.
                at = DateText.TryTime(time, out var clock, out var precision, out var nextDay) == DateReading.Told
                    ? $"{date}T{(nextDay ? "24:00:00" : clock.ToString(precision == Precision.Minute ? "HH:mm" : "HH:mm:ss", CultureInfo.InvariantCulture))}"
                    : $"{date}T{time}";
            }
            var occurred = EventTimes.Iso(at ?? date, place, context, out problem, out note);
            if (problem is null && !occurred.IsTold && (at ?? date) is null) note = new DecodeProblem("time.missing", "The row tells no time.");
            return occurred;
        }

        private static EtaStatement? Eta(string? from, string? to, ref DecodeProblem? note)
        {
            if (from is null && to is null) return null;
            DateTime? begins = null, ends = null;
            TimeSpan? offset = null;
            var precision = Precision.Day;
            foreach (var text in (ReadOnlySpan<string?>)[from, to])
            {
                switch (DateText.TryIso(text, out var local, out var shift, out var fineness))
                {
                    case DateReading.Impossible: note = EventTimes.Impossible(text); return null;
                    case DateReading.Told:
                        if (ReferenceEquals(text, from)) begins = local;
                        if (ReferenceEquals(text, to)) ends = local;
                        offset ??= shift;
                        if (fineness != Precision.Day) precision = fineness;
                        break;
                }
            }
            return begins is null && ends is null ? null : new EtaStatement(begins ?? ends, ends ?? begins, offset, precision, EtaKind.Estimated);
        }

        private static Place? PlaceOf(string? line, string? city, string? region, string? postcode, string? country, string? facility, string? lat, string? lon)
        {
            double? y = Number(lat), x = Number(lon);
            if (y is not (>= -90 and <= 90) || x is not (>= -180 and <= 180)) y = x = null;
            return line is null && city is null && region is null && postcode is null && country is null && facility is null && y is null
                ? null : new Place(line, city, region, postcode, country, facility, null, y, x, y is null ? null : "message");
        }

        private static double? Number(string? text)
            => double.TryParse(text?.Replace(',', '.'), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) ? value : null;

        private static string Folded(string name)
        {
            var text = new StringBuilder(name.Length);
            foreach (var c in name)
                if (char.IsAsciiLetterOrDigit(c))
                    text.Append(c);
            return text.ToString();
        }
    }
}
