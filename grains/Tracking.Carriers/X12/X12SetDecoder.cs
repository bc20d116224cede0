using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Tracking.Carriers.Edi;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.X12;

/// <summary>
/// Reads 214 transaction sets of one message, one after the other. Holds what may be shared between sets (texts, the source) and scratch lists; not
/// for two threads.
/// </summary>
internal sealed class X12SetDecoder(FeedContext context)
{
    private const int MaxReferences = 64, MaxNotes = 32, MaxPieces = 1000;
    private static readonly CodeTable Statuses = CodeTable.Load("X12/x12-status-codes.csv");
    private static readonly CodeTable Reasons = CodeTable.Load("X12/x12-reason-codes.csv");
    private static readonly Encoding Fallback = CarrierText.Windows1252;

    private readonly TextPool _pool = new();
    private readonly List<Event> _events = [];
    private readonly List<Reference> _header = [];
    private readonly List<Reference> _group = [];
    private readonly List<string> _texts = [];
    private readonly List<string> _headerTexts = [];
    private readonly List<DecodeProblem> _notes = [];
    private readonly ImmutableArray<Scan>.Builder _scans = ImmutableArray.CreateBuilder<Scan>(4);

    /// <summary>Events that could not be read, each an item of its own behind its set's.</summary>
    public Queue<DecodedItem> Apart { get; } = new();

    // The last carrier name seen: files name the same one in every set.
    private string? _scac, _scacSlug;

    // What the set under way has said so far.
    private X12Set _set;
    private ReadOnlyMemory<byte> _original;
    private string? _number, _carrier;
    private bool _numberOfSet;
    private Ends _ends;
    private DateOnly? _shipped;
    private int? _headerGrams, _groupGrams;
    private bool _gross;
    private string? _order;
    private ScanSource? _source;
    private DateTimeOffset? _published;

    private readonly record struct Event(int Start, int Length, int PlaceStart, int PlaceLength, int Segment);
    private readonly record struct Reference(string? Value, string Qualifier, string? Description);

    private struct Ends
    {
        public string? FromRegion, FromPostal, FromCountry, ToCity, ToRegion, ToPostal, ToCountry;
        public readonly bool Any => FromRegion is not null || FromPostal is not null || FromCountry is not null
            || ToCity is not null || ToRegion is not null || ToPostal is not null || ToCountry is not null;
    }

    public DecodedItem Decode(X12Set set)
    {
        Begin(set);
        var span = set.Bytes.Span;
        var separators = set.Separators;
        Span<int> room = stackalloc int[X12Elements.Max];
        string? b10Number = null, b10Shipment = null, scac = null, legScac = null, setControl = null, setType = null;
        var b10 = false;
        var inGroup = false;
        var party = "";
        var segmentIndex = 0;
        var at = 0;

        while (at < span.Length)
        {
            while (at < span.Length && (span[at] <= (byte)' ' || span[at] == separators.Segment) && span[at] != separators.Element) at++;
            if (at >= span.Length) break;
            var length = span[at..].IndexOf(separators.Segment);
            if (length < 0) length = span.Length - at;
            var segment = EdiText.Trim(span.Slice(at, length));
            var start = at;
            at += length + 1;
            segmentIndex++;

            var elements = new X12Elements(segment, separators.Element, room);
            var name = elements[0];
            if (name.SequenceEqual("AT7"u8))
            {
                _events.Add(new Event(start, length, 0, 0, segmentIndex));
                inGroup = true;
            }
            else if (name.SequenceEqual("MS1"u8))
            {
                if (_events.Count > 0) _events[^1] = _events[^1] with { PlaceStart = start, PlaceLength = length };
            }
            else if (name.SequenceEqual("L11"u8))
            {
                var list = inGroup ? _group : _header;
                if (list.Count < MaxReferences && Get(elements[2]) is { } qualifier)
                    list.Add(new Reference(Get(elements[1]), qualifier, Get(elements[3])));
            }
            else if (name.SequenceEqual("LX"u8))
            {
                if (_events.Count > 0 && !Ready(b10Number, b10Shipment, scac, legScac)) break;
                Flush(span, separators);
                inGroup = true;
            }
            else if (name.SequenceEqual("ST"u8))
            {
                setType = Get(elements[1]);
                setControl = Get(elements[2]);
            }
            else if (name.SequenceEqual("SE"u8))
            {
                if (EdiText.Digits(EdiText.Trim(elements[1])) != set.Segments)
                    Note("x12.segment-count", $"SE01 says {Get(elements[1]) ?? "nothing"}; the set has {set.Segments} segments from ST to SE.");
                if (!string.Equals(Get(elements[2])?.TrimStart('0'), setControl?.TrimStart('0'), StringComparison.Ordinal))
                    Note("x12.set-control", $"SE02 {Get(elements[2])} is not ST02 {setControl}.");
            }
            else if (name.SequenceEqual("B10"u8))
            {
                b10 = true;
                b10Number = Get(elements[1]);
                b10Shipment = Get(elements[2]);
                scac = Get(elements[3]);
            }
            else if (name.SequenceEqual("K1"u8))
            {
                var first = EdiText.Trim(elements[1]);
                var second = EdiText.Trim(elements[2]);
                var text = second.IsEmpty ? EdiText.Decode(first, Fallback) : $"{EdiText.Decode(first, Fallback)} {EdiText.Decode(second, Fallback)}";
                var texts = inGroup ? _texts : _headerTexts;
                if (text.Length > 0 && texts.Count < MaxReferences) texts.Add(text);
            }
            else if (name.SequenceEqual("MS3"u8)) legScac ??= Get(elements[1]);
            else if (name.SequenceEqual("N1"u8)) party = Get(elements[1]) ?? "";
            else if (name.SequenceEqual("N4"u8)) Address(party, elements);
            else if (name.SequenceEqual("G62"u8))
            {
                if (EdiText.Trim(elements[1]).SequenceEqual("11"u8) && X12Times.TryRead(elements[2], default, out var shipped) == X12Times.Problem.None)
                    _shipped = DateOnly.FromDateTime(shipped.Local);
            }
            else if (name.SequenceEqual("AT8"u8)) Weight(elements, inGroup);
            else if (name.SequenceEqual("SPO"u8)) _order ??= Get(elements[1]);
        }

        var pointer = X12Reader.Pointer(set.FirstSegment);
        if (setType is not "214")
        {
            Note("x12.set-ignored", $"Transaction set {setType ?? "without a type"} carries no shipment status.");
            return Item(pointer);
        }
        if (!Ready(b10Number, b10Shipment, scac, legScac) && (_events.Count > 0 || !b10))
            return DecodedItem.Unreadable(Original(), pointer, _carrier is null ? "carrier.missing" : "number.missing",
                _carrier is null ? "No carrier: B10-03 and MS3-01 name none, and the feed has none configured."
                : b10 ? "No tracking number: B10-01, L11*2I, L11*CN and B10-02 are empty or unusable."
                : "No tracking number: the set has no B10.");
        if (_number is not null) Flush(span, separators);
        if (_scans.Count == 0 && _notes.Count == 0 && Apart.Count == 0) Note("x12.no-event", "The set holds no AT7, so it says nothing about the shipment.");
        return Item(pointer);

        string? Get(ReadOnlySpan<byte> element) => _pool.Get(element, Fallback);
    }

    private void Begin(X12Set set)
    {
        _set = set;
        _original = default;
        _events.Clear();
        _header.Clear();
        _group.Clear();
        _texts.Clear();
        _headerTexts.Clear();
        _notes.Clear();
        _scans.Clear();
        _number = _carrier = _order = null;
        _numberOfSet = false;
        _ends = default;
        _shipped = null;
        _headerGrams = _groupGrams = null;
        _gross = false;
        _source = null;
        // GS time has no zone; it becomes an instant only where the operator told us the sender's.
        _published = set.PublishedLocal is { } local ? Zones.EventTimes.Local(local, Precision.Minute, null, context).Utc : null;
    }

    private DecodedItem Item(string pointer)
        => new(_scans.DrainToImmutable(), Original(), pointer, null, _notes.Count == 0 ? [] : [.. _notes])
        {
            Root = X12Reader.Pointer(_set.FirstSegment), RootInOriginal = X12Reader.Pointer(_set.HeadSegments + 1),
        };

    // The set in its interchange, once for all its items: the separators, the sender and the sender's clock stand there.
    private ReadOnlyMemory<byte> Original() => _original.IsEmpty ? _original = EdiText.WithHead(_set.Head, _set.Bytes) : _original;

    // Who and which parcel. B10-01 is the carrier's own reference; without one the tracking qualifiers of L11 speak (in the header for the whole set, in a
    // status group for that group), and last the bill of lading.
    private bool Ready(string? b10Number, string? b10Shipment, string? scac, string? legScac)
    {
        if (_carrier is null)
        {
            if (context.Carrier is not null) _carrier = context.Carrier;
            else
            {
                var name = scac ?? legScac ?? _set.Sender;
                if (name is null) return false;
                if (!ReferenceEquals(name, _scac))
                {
                    _scacSlug = Carrier.TryNormalize(name, out var slug) ? slug : null;
                    _scac = name;
                }
                if ((_carrier = _scacSlug) is null) return false;
            }
            if (TrackingNumber.TryNormalize(b10Number, out var own)
                || TrackingNumber.TryNormalize(Find(_header, "2I"), out own)
                || TrackingNumber.TryNormalize(Find(_header, "CN"), out own))
            {
                _number = own;
                _numberOfSet = true;
            }
            if (b10Shipment is not null && !b10Shipment.Equals(b10Number, StringComparison.Ordinal)) _header.Add(new Reference(b10Shipment, "BM", null));
        }
        if (_numberOfSet) return true;
        if (!TrackingNumber.TryNormalize(Find(_group, "2I"), out var number)
            && !TrackingNumber.TryNormalize(Find(_group, "CN"), out number)
            && !TrackingNumber.TryNormalize(b10Shipment, out number))
            return false;
        _number = number;
        return true;

        static string? Find(List<Reference> references, string qualifier)
        {
            foreach (var reference in references)
                if (reference.Qualifier == qualifier && reference.Value is not null)
                    return reference.Value;
            return null;
        }
    }

    // The group's events are complete only when its references, notes and weight have been read too.
    private void Flush(ReadOnlySpan<byte> span, X12Separators separators)
    {
        if (_events.Count > 0)
        {
            var links = Links(out var signedBy, out var shipperReference, out var eventId);
            var journey = Journey(shipperReference);
            var texts = _texts.Count > 0 ? _texts : _headerTexts;
            var text = texts.Count switch { 0 => null, 1 => CarrierText.AsReceived(texts[0]), _ => CarrierText.AsReceived(string.Join('\n', texts)) };
            signedBy ??= SignedBy(texts);
            var pieces = Pieces();
            foreach (var happened in _events)
            {
                if (pieces.Count == 0) Emit(span, separators, happened, links, journey, text, signedBy, eventId, null);
                else foreach (var piece in pieces) Emit(span, separators, happened, links, journey, text, signedBy, eventId, piece);
            }
        }
        else if (_group.Count > 0) _header.AddRange(_group);   // an L11 behind an LX without events still names the shipment
        _texts.Clear();
        _events.Clear();
        _group.Clear();
        _groupGrams = null;
        _gross = false;
    }

    private void Emit(ReadOnlySpan<byte> span, X12Separators separators, Event happened, ImmutableArray<TrackingLink> links, JourneyHints? journey,
        string? text, string? signedBy, string? eventId, string? piece)
    {
        var at7 = new X12Elements(EdiText.Trim(span.Slice(happened.Start, happened.Length)), separators.Element, stackalloc int[X12Elements.Max]);
        var place = happened.PlaceLength == 0 ? null
            : ReadPlace(new X12Elements(EdiText.Trim(span.Slice(happened.PlaceStart, happened.PlaceLength)), separators.Element, stackalloc int[X12Elements.Max]));

        DecodeProblem? timeNote = null;
        var problem = X12Times.TryRead(at7[5], at7[6], out var told);
        var timeCode = X12TimeCodes.Read(EdiText.Trim(at7[7]));
        var occurred = OccurredTime.Untold;
        var segment = _set.FirstSegment + happened.Segment - 1;
        if (problem == X12Times.Problem.Impossible && X12Times.TryRead(at7[5], default, out told) == X12Times.Problem.None)
        {
            // A readable day with an impossible clock is still a day.
            Note("time.impossible", $"AT7 in segment {segment}: '{Text(at7[6])}' is no time of day; the day was kept.");
            problem = X12Times.Problem.None;
        }
        if (problem == X12Times.Problem.None && Zones.EventTimes.Implausible(told.Local, context) is { } implausible) { Bad(segment, implausible); return; }
        if (problem == X12Times.Problem.None) occurred = X12Times.Occurred(told, timeCode, place is { Country: null, Region: not null } ? place with { Country = CountryOfState(place.Region) } : place, context, ref timeNote);
        else if (problem == X12Times.Problem.Impossible)
        {
            Bad(segment, new DecodeProblem("time.impossible", $"AT7 in segment {segment}: '{Text(at7[5])}' '{Text(at7[6])}' is no date and time."));
            return;
        }
        else if (problem == X12Times.Problem.Missing) timeNote = new DecodeProblem("time.missing", $"AT7 in segment {segment} has no date.");
        else timeNote = new DecodeProblem("time.placeholder", $"AT7 in segment {segment}: '{Text(at7[5])}' stands for no date.");
        if (timeNote is not null) Note(timeNote);

        string? code = Text(at7[1]), reason = Text(at7[2]), appointment = Text(at7[3]), appointmentReason = Text(at7[4]);
        if (code is null && appointment is null)
        {
            Note("x12.no-status", $"AT7 in segment {segment} has neither a status nor an appointment code.");
            if (reason is null && appointmentReason is null) return;
        }

        if (code is not null || appointment is null)
        {
            var meaning = Statuses.Of(code);
            var why = reason is null ? null : Reasons.Find(reason);
            if (!meaning.IsMapped && code is not null) Note("code.unmapped", $"AT7-01 '{code}' is not in the status table.");
            if (reason is not null && why is null) Note("code.unmapped", $"AT7-02 '{reason}' is not in the reason table.");
            var status = meaning.Status;
            var subStatus = meaning.SubStatus;
            // AV is "available for delivery" on a dock, unless the consignee is to fetch it.
            if (Is(code, "AV") && Is(reason, "C1")) { status = Milestone.AvailableForPickup; subStatus = null; }
            if (Is(reason, "BF"))
            {
                subStatus = "correction";
                Note("x12.keying-error", $"AT7 in segment {segment} says BF: an earlier event of this shipment was keyed wrongly; it does not say which.");
            }
            var estimate = meaning.Kind == ScanKind.Estimate;
            Add(new Scan
            {
                Carrier = _carrier!,
                TrackingNumber = _number!,
                PieceId = piece,
                Links = links,
                Kind = meaning.Kind,
                Status = status,
                SubStatus = subStatus,
                Modifiers = meaning.Modifiers | (why?.Modifiers ?? Modifiers.None) | DateOnlyFlag(estimate ? OccurredTime.Untold : occurred),
                Reason = why is { Reason: not Reason.None } ? why.Reason : meaning.Reason,
                Raw = new RawCodes(Code: code, ReasonCode: reason, Text: text),
                Occurred = estimate ? OccurredTime.Untold : occurred,
                PublishedAt = _published,
                Place = place,
                Eta = estimate ? Eta(told, timeCode, occurred, EtaKind.Estimated, code!) : null,
                Delivery = signedBy is not null && meaning.Status == Milestone.Delivered ? new DeliveryProof(SignedBy: signedBy) : null,
                EventId = eventId,
                Evidence = new Evidence(null, X12Reader.Pointer(segment)),
                Source = _source ??= Source(),
                Journey = journey,
            });
        }
        if (appointment is not null)
        {
            var why = appointmentReason is null ? null : Reasons.Find(appointmentReason);
            if (appointmentReason is not null && why is null) Note("code.unmapped", $"AT7-04 '{appointmentReason}' is not in the reason table.");
            var known = Is(appointment, "AA") || Is(appointment, "AB");
            if (!known) Note("code.unmapped", $"AT7-03 '{appointment}' is neither a pickup (AA) nor a delivery (AB) appointment.");
            Add(new Scan
            {
                Carrier = _carrier!,
                TrackingNumber = _number!,
                PieceId = piece,
                Links = links,
                Kind = ScanKind.Appointment,
                SubStatus = Is(appointment, "AA") ? "pickup" : Is(appointment, "AB") ? "delivery" : null,
                Modifiers = (why?.Modifiers ?? Modifiers.None) | (known ? Modifiers.None : Modifiers.Unmapped),
                Reason = why?.Reason ?? Reason.None,
                Raw = new RawCodes(Type: "AT7-03", Code: appointment, ReasonCode: appointmentReason, Text: text),
                PublishedAt = _published,
                Place = place,
                Eta = problem == X12Times.Problem.None ? Eta(told, timeCode, occurred, EtaKind.Scheduled, appointment) : null,
                EventId = eventId,
                Evidence = new Evidence(null, X12Reader.Pointer(segment)),
                Source = _source ??= Source(),
                Journey = journey,
            });
        }

        string? Text(ReadOnlySpan<byte> element) => _pool.Get(element, Fallback);
        static bool Is(string? value, string code) => value is not null && value.Equals(code, StringComparison.OrdinalIgnoreCase);
        static Modifiers DateOnlyFlag(OccurredTime time) => time.IsTold && time.Precision == Precision.Day ? Modifiers.DateOnly : Modifiers.None;
    }

    private void Add(Scan scan)
    {
        if (_scans.Count < MaxPieces * 10) _scans.Add(scan);
        else if (_notes.Count < MaxNotes) Note("x12.too-many-events", $"More than {MaxPieces * 10:N0} events in one set; the rest is only in the original.");
    }

    // The AT7 date of an estimate is the estimated moment. An offset belongs to it only when the message named the zone.
    private static EtaStatement? Eta(X12Times.Told told, X12TimeCodes.TimeCode code, OccurredTime occurred, EtaKind kind, string source)
        => !occurred.IsTold ? null
            : new EtaStatement(told.Local, told.Local, code.Meaning is X12TimeCodes.Meaning.Fixed or X12TimeCodes.Meaning.Zone ? occurred.Offset : null,
                told.Precision, kind, source);

    private ScanSource Source()
    {
        var control = _set.Interchange;
        var st = _set.Bytes.Span;
        var end = st.IndexOf(_set.Separators.Segment);
        var elements = new X12Elements(EdiText.Trim(end < 0 ? st : st[..end]), _set.Separators.Element, stackalloc int[X12Elements.Max]);
        return context.Source($"{control}/{_set.Group}/{EdiText.Decode(EdiText.Trim(elements[2]), Fallback)}");
    }

    private ImmutableArray<TrackingLink> Links(out string? signedBy, out string? shipperReference, out string? eventId)
    {
        signedBy = eventId = null;
        string? purchaseOrder = null, customer = null, shipper = null;
        ImmutableArray<TrackingLink>.Builder? links = null;
        void Read(List<Reference> references, string? number, ref string? signed, ref string? id)
        {
            foreach (var reference in references)
            {
                if (reference.Value is not { } value) continue;
                if (reference.Description?.Contains("SIGN", StringComparison.OrdinalIgnoreCase) == true) { signed ??= value; continue; }
                var kind = "reference";
                switch (reference.Qualifier)
                {
                    case "PO": purchaseOrder ??= value; break;
                    case "CR": customer ??= value; break;
                    case "SI": shipper ??= value; break;
                    case "BM": case "LO": break;
                    case "TN": id ??= value; continue;
                    case "CN": case "2I": kind = "alternate"; break;
                    case "97": if (references == _group) continue; break;
                    default: continue;   // stop sequences, operation codes: not numbers of the parcel
                }
                if (kind == "alternate")
                {
                    if (references == _group && _pieceQualifier == reference.Qualifier) continue;   // it names the piece
                    if (!TrackingNumber.TryNormalize(value, out var other) || other.Equals(number, StringComparison.Ordinal)) continue;
                    value = other;
                }
                links ??= ImmutableArray.CreateBuilder<TrackingLink>();
                var link = new TrackingLink(kind, kind == "alternate" ? _carrier : null, value);
                if (!links.Contains(link)) links.Add(link);
            }
        }
        ChoosePieceQualifier();
        Read(_header, _number, ref signedBy, ref eventId);
        Read(_group, _number, ref signedBy, ref eventId);
        if (_order is not null)
        {
            purchaseOrder ??= _order;
            links ??= ImmutableArray.CreateBuilder<TrackingLink>();
            var link = new TrackingLink("reference", null, _order);
            if (!links.Contains(link)) links.Add(link);
        }
        shipperReference = purchaseOrder ?? customer ?? shipper;
        return links?.ToImmutable() ?? [];
    }

    // Numbers of a status group name its pieces: package numbers, else tracking numbers that are not the shipment's own.
    private string? _pieceQualifier;

    private void ChoosePieceQualifier()
    {
        _pieceQualifier = null;
        foreach (var qualifier in (ReadOnlySpan<string>)["97", "2I", "CN"])
            foreach (var reference in _group)
                if (reference.Qualifier == qualifier && reference.Value is not null && !IsNumber(reference.Value)) { _pieceQualifier = qualifier; return; }
    }

    private List<string> Pieces()
    {
        _pieces.Clear();
        if (_pieceQualifier is null) return _pieces;
        foreach (var reference in _group)
            if (reference.Qualifier == _pieceQualifier && reference.Value is { } value && !_pieces.Contains(value)) _pieces.Add(value);
        return _pieces;
    }

    private readonly List<string> _pieces = [];

    private bool IsNumber(string value) => TrackingNumber.TryNormalize(value, out var number) && number.Equals(_number, StringComparison.Ordinal);

    private JourneyHints? Journey(string? shipperReference)
    {
        var grams = _groupGrams ?? _headerGrams;
        if (!_ends.Any && shipperReference is null && grams is null && _shipped is null) return null;
        return new JourneyHints(
            OriginCountry: _ends.FromCountry, OriginRegion: _ends.FromRegion, OriginPostalCode: _ends.FromPostal,
            DestinationCountry: _ends.ToCountry, DestinationRegion: _ends.ToRegion, DestinationPostalCode: _ends.ToPostal, DestinationCity: _ends.ToCity,
            WeightGrams: grams, ShipperReference: shipperReference, PickedUpOn: _shipped);
    }

    private void Address(string party, X12Elements n4)
    {
        string? city = _pool.Get(n4[1], Fallback), region = _pool.Get(n4[2], Fallback), postal = _pool.Get(n4[3], Fallback), country = Country(n4[4]);
        switch (party)
        {
            case "SF" or "SH":
                _ends.FromRegion ??= region;
                _ends.FromPostal ??= postal;
                _ends.FromCountry ??= country;
                break;
            case "ST" or "CN":
                _ends.ToCity ??= city;
                _ends.ToRegion ??= region;
                _ends.ToPostal ??= postal;
                _ends.ToCountry ??= country;
                break;
        }
    }

    private void Weight(X12Elements at8, bool inGroup)
    {
        var gross = EdiText.Trim(at8[1]).SequenceEqual("G"u8);
        if (inGroup && _groupGrams is not null && (!gross || _gross)) return;
        if (!System.Buffers.Text.Utf8Parser.TryParse(EdiText.Trim(at8[3]), out double weight, out _) || !(weight > 0) || weight > 1e6) return;
        var unit = EdiText.Trim(at8[2]);
        var grams = unit.SequenceEqual("L"u8) ? weight * 453.59237 : unit.SequenceEqual("K"u8) ? weight * 1000 : 0;
        if (grams is <= 0 or > int.MaxValue) return;
        if (inGroup) { _groupGrams = (int)Math.Round(grams); _gross = gross; }
        else _headerGrams = (int)Math.Round(grams);
    }

    private Place? ReadPlace(X12Elements ms1)
    {
        string? city = _pool.Get(ms1[1], Fallback), region = _pool.Get(ms1[2], Fallback), country = Country(ms1[3]);
        var lon = Coordinate(ms1[4], ms1[6], (byte)'W', 180);
        var lat = Coordinate(ms1[5], ms1[7], (byte)'S', 90);
        if (lat is null || lon is null) lat = lon = null;
        if (city is null && region is null && country is null && lat is null) return null;
        return new Place(City: city, Region: region, Country: country, Lat: lat, Lon: lon, GeoSource: lat is null ? null : "message");
    }

    // Positive with a hemisphere, sometimes signed already, sometimes DDDMMSS as the standard's own element says.
    private static double? Coordinate(ReadOnlySpan<byte> element, ReadOnlySpan<byte> hemisphere, byte negative, double limit)
    {
        element = EdiText.Trim(element);
        if (element.IsEmpty || !System.Buffers.Text.Utf8Parser.TryParse(element, out double value, out var used) || used != element.Length) return null;
        var size = Math.Abs(value);
        if (size > limit && element.IndexOf((byte)'.') < 0 && size < 10_000_000)
        {
            var whole = (int)size;
            if (whole / 100 % 100 > 59 || whole % 100 > 59) return null;
            size = whole / 10000 + whole / 100 % 100 / 60.0 + whole % 100 / 3600.0;
        }
        if (!(size <= limit)) return null;
        hemisphere = EdiText.Trim(hemisphere);
        return hemisphere.IsEmpty ? (value < 0 ? -size : size) : (hemisphere[0] | 0x20) == (negative | 0x20) ? -size : size;
    }

    // Element 156 is the state or province code of the postal services of the United States and Canada; abroad, the country stands beside it.
    private static string? CountryOfState(string region) => region switch
    {
        { Length: not 2 } => null,
        "AB" or "BC" or "MB" or "NB" or "NL" or "NS" or "NT" or "NU" or "ON" or "PE" or "QC" or "SK" or "YT" => "CA",
        _ => "US",
    };

    private string? Country(ReadOnlySpan<byte> element)
    {
        var country = _pool.Get(element, Fallback);
        return country is null or "US" or "CA" ? country : Zones.Countries.Alpha2OrAsTold(country);
    }

    private static string? SignedBy(List<string> texts)
    {
        foreach (var text in texts)
            foreach (var lead in SignatureLeads)
            {
                var found = text.IndexOf(lead, StringComparison.OrdinalIgnoreCase);
                if (found < 0) continue;
                var name = text[(found + lead.Length)..].Trim(' ', ':', '-', '.', '=');
                if (name.Length is > 0 and <= 80) return name;
            }
        return null;
    }

    private static readonly string[] SignatureLeads = ["SIGNED FOR BY", "SIGNED BY", "SIGNATURE:", "RECEIVED BY", "RECD BY", "SIGNED:"];

    // One bad event does not fail its neighbours: it goes into quarantine with the whole set, so that the set can be read again.
    private void Bad(long segment, DecodeProblem problem) => Apart.Enqueue(new DecodedItem([], Original(), X12Reader.Pointer(segment), problem, []));

    private void Note(string code, string detail) => Note(new DecodeProblem(code, detail));

    private void Note(DecodeProblem note)
    {
        if (_notes.Count < MaxNotes) _notes.Add(note);
    }
}
